//! `cargo xtask bench WORD`: the program alone, and how the sandbox holds up over time. What it prints are figures of this machine; nothing of it is asserted
//! but that no run is lost and no descriptor stays open.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "it is run by developers, and prints what it measures")]

#[path = "bench/workflows.rs"]
mod workflows;

use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs};

use presetter_package::{Artifact, PrivateKey, sign};
use presetter_runtime::Limit;
use presetter_tests::{Arena, Play, Server, program, root, soak};
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["soak"] => soaked(4.0).await,
        ["soak", minutes] => soaked(minutes.parse().unwrap()).await,
        ["deadline"] => deadline().await,
        ["tests"] => tests(),
        ["verify"] => verify(),
        // A stage has a runtime of its own.
        ["workflows"] => std::thread::spawn(workflows::workflows).join().unwrap(),
        _ => {
            println!("bench soak [MINUTES] | bench deadline | bench tests | bench verify | bench workflows");
            ExitCode::from(2)
        }
    }
}

/// Good and hostile runs for so many minutes.
async fn soaked(minutes: f64) -> ExitCode {
    let (start, long) = (Instant::now(), Duration::from_secs_f64(minutes * 60.0));
    let counted = soak(move |_| start.elapsed() >= long, |_| start.elapsed() >= long / 2).await;
    let runs: u64 = counted.ended.values().sum();
    for ((name, ended), times) in &counted.ended {
        println!("{name:<24} {ended:<20} {times:>8}");
    }
    let lost = counted.lost.len();
    println!("{runs} runs in {:.0} s, {lost} lost", start.elapsed().as_secs_f64());
    counted.lost.iter().take(20).for_each(|what| println!("  lost: {what}"));
    let mib = counted.memory.map(|bytes| bytes as f64 / 1024.0 / 1024.0);
    println!(
        "memory: {:.1} MiB warm, {:.1} in the middle, {:.1} at the end; end/middle {:.3}",
        mib[0],
        mib[1],
        mib[2],
        mib[2] / mib[1]
    );
    let [warm, middle, end] = counted.descriptors;
    println!("descriptors: {warm} warm, {middle} in the middle, {end} at the end");
    let [before, after] = counted.around;
    println!("descriptors: {before} before the engine was there, {after} after it was gone");
    // Connections are kept alive, a few more or less at any time.
    if lost == 0 && end <= middle + 64 && after <= before { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How long `presetter test` takes for each bundle, from the start of the process to its end: with nothing compiled yet, and again.
fn tests() -> ExitCode {
    const AGAIN: usize = 11;
    let bundles = fs::read_dir(root().join("presets")).unwrap().map(|entry| entry.unwrap().path());
    for bundle in bundles {
        let home = tempfile::TempDir::new().unwrap();
        let once = || {
            let started = Instant::now();
            let mut test = Command::new(program());
            let ended = test.arg("test").arg(&bundle).env("PRESETTER_HOME", home.path()).output().unwrap();
            assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
            let shown = String::from_utf8_lossy(&ended.stdout).lines().rev().nth(1).unwrap_or_default().to_owned();
            (started.elapsed().as_secs_f64() * 1000.0, shown)
        };
        let (first, shown) = once();
        let mut again: Vec<f64> = (0..AGAIN).map(|_| once().0).collect();
        again.sort_by(f64::total_cmp);
        println!("{}: {shown}", bundle.file_name().unwrap_or_default().display());
        println!(
            "  first {first:.0} ms; again, median of {AGAIN}: {:.0} ms ({:.0} to {:.0}), {:.2} of the first",
            again[AGAIN / 2],
            again[0],
            again[AGAIN - 1],
            again[AGAIN / 2] / first
        );
    }
    ExitCode::SUCCESS
}

/// How long the program takes to verify a package of 20 MB, and how much memory at most; beside it, one that only starts, and what
/// the system needs to hash the same file.
fn verify() -> ExitCode {
    const RUNS: usize = 21;
    let folder = tempfile::TempDir::new().unwrap();
    let file = |name: &str| folder.path().join(name);
    let mut state = 1_u64;
    // Nothing that repeats: as a component is, for whoever reads it.
    let mut noise = |bytes: usize| -> Vec<u8> {
        let next = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u8
        });
        next.take(bytes).collect()
    };
    let files = vec![
        ("bundle.toml".to_owned(), b"name = 'acme'\n".to_vec()),
        ("component.wasm".to_owned(), noise(16_000_000)),
        ("docs/more.md".to_owned(), noise(4_000_000)),
    ];
    let key = PrivateKey::generate().unwrap();
    let mut artifact = Artifact::build("acme", "1.0.0", &files).unwrap();
    artifact.add_signature(sign(artifact.digest(), &key)).unwrap();
    fs::write(file("acme.preset"), artifact.to_bytes()).unwrap();
    fs::write(file("acme.pub"), key.public().to_pem()).unwrap();
    let program = program().display().to_string();
    let (package, public) = (file("acme.preset").display().to_string(), file("acme.pub").display().to_string());
    println!("a package of {} bytes", fs::metadata(file("acme.preset")).unwrap().len());
    let start = measured("presetter --version", &[&program, "--version"], RUNS);
    let whole = measured("presetter verify", &[&program, "verify", &package, "--key", &public], RUNS);
    let hash = measured("sha256sum", &["sha256sum", &package], RUNS);
    println!("verify/sha256sum {:.2}, verify/--version {:.2}", whole / hash, whole / start);
    ExitCode::SUCCESS
}

/// Runs a command so often; prints the median of how long it took, its spread, and the most memory that it had.
fn measured(what: &str, command: &[&str], runs: usize) -> f64 {
    // The peak of a process that has ended is known to whoever waited for it.
    const WAITED: &str = "import resource, subprocess, sys\nsubprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, \
                          stderr=subprocess.DEVNULL)\nprint(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            let started = Instant::now();
            let ended = Command::new(command[0]).args(&command[1..]).output().unwrap();
            assert!(ended.status.success(), "{what}: {}", String::from_utf8_lossy(&ended.stderr));
            started.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let median = times[runs / 2];
    let peak = Command::new("python3").args(["-c", WAITED]).args(command).output();
    let peak = peak.ok().and_then(|peak| String::from_utf8_lossy(&peak.stdout).trim().parse::<f64>().ok());
    let peak = peak.map_or_else(|| "not measured".to_owned(), |kib| format!("{:.1} MiB", kib / 1024.0));
    println!("{what:<20} median of {runs}: {median:.1} ms ({:.1} to {:.1}), at most {peak}", times[0], times[runs - 1]);
    median
}

/// How far an endless component gets beyond its deadline, alone and while a hundred other runs are under way at any time.
async fn deadline() -> ExitCode {
    const ALLOWED: Duration = Duration::from_secs(1);
    let server = Server::start();
    server.keep_nothing();
    let arena = Arc::new(Arena::hostile(&server));
    let endless = Play::of("endless-loop").limit(Limit::GuestTime, 1000);
    let over = async |what: &str| {
        for _ in 0..5 {
            let report = arena.play(&endless).await.report;
            let over = report.duration.saturating_sub(ALLOWED);
            println!(
                "{what}: {} after {:.0} ms, {:.1} ms beyond its {} ms (ratio {:.3})",
                report.outcome.class,
                report.duration.as_secs_f64() * 1000.0,
                over.as_secs_f64() * 1000.0,
                ALLOWED.as_millis(),
                report.duration.as_secs_f64() / ALLOWED.as_secs_f64(),
            );
        }
    };
    over("alone").await;
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut others = JoinSet::new();
    for _ in 0..100 {
        let (arena, stop, done) = (arena.clone(), stop.clone(), done.clone());
        others.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let ended = arena.play(&Play::of("well-behaved")).await.ended();
                assert_eq!(ended, "ok");
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let start = Instant::now();
    over("beside 100 others").await;
    stop.store(true, Ordering::Relaxed);
    let took = start.elapsed();
    others.join_all().await;
    let done = done.load(Ordering::Relaxed);
    println!("meanwhile {done} other runs, all ok ({:.0} a second)", done as f64 / took.as_secs_f64());
    ExitCode::SUCCESS
}
