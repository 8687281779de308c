//! Good and hostile runs, many at once, on and on, in one process: `cargo xtask bench soak`, and a short smoke of it as a test.
//!
//! Owns: the mix, and what each of it must come to. Keeps: every run that was begun is counted, and is lost if it does not
//! come to the end that it must.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use presetter_runtime::Limit;
use tokio::task::JoinSet;

use crate::arena::{Arena, Play};
use crate::guest;
use crate::server::Server;

/// How many runs are under way at once.
const AT_ONCE: usize = 32;
/// A run that has not ended after this long is lost. The longest in the mix has a second.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was counted.
#[derive(Debug, Default)]
pub struct Counted {
    /// Kind of run and how it ended, with how often.
    pub ended: BTreeMap<(String, String), u64>,
    /// Runs that ended in another way than they must, or not at all.
    pub lost: Vec<String>,
    /// Resident memory in bytes, once the mix was warm, in the middle and at the end.
    pub memory: [u64; 3],
    /// Open descriptors at the same times.
    pub descriptors: [usize; 3],
    /// Open descriptors before the engine was there, and after it was gone again.
    pub around: [usize; 2],
}

/// One kind of run.
struct Kind {
    name: String,
    play: Play,
    ends: &'static str,
}

/// Plays the mix until `done` says so; it is asked with the number of runs so far.
pub async fn soak(done: impl Fn(u64) -> bool + Send + Sync + 'static, half: impl Fn(u64) -> bool) -> Counted {
    // The first engine of a process opens the process's own page map, for as long as the process lives.
    drop(presetter_runtime::Engine::new(presetter_runtime::EngineOptions::default()).unwrap());
    let before = descriptors();
    let (mut counted, done) = (Counted::default(), Arc::new(done));
    {
        let server = Server::start();
        server.keep_nothing();
        let arena = Arc::new(Arena::hostile(&server));
        let mix = Arc::new(mix(&arena));
        // Each kind a few times: code is compiled, connections are open, slots are warm.
        let warm = AT_ONCE as u64 * 4;
        rounds(&arena, &mix, &Arc::new(move |runs| runs >= warm), |_| (), &mut counted).await;
        let now = || (memory(), descriptors());
        let (start, middle) = (now(), Mutex::new(None));
        let watch = |runs| {
            let mut middle = middle.lock().unwrap();
            if middle.is_none() && half(runs) {
                *middle = Some(now());
            }
        };
        rounds(&arena, &mix, &done, watch, &mut counted).await;
        let end = now();
        let middle = middle.into_inner().unwrap().unwrap_or(start);
        counted.memory = [start.0, middle.0, end.0];
        counted.descriptors = [start.1, middle.1, end.1];
    }
    counted.around = [before, settled(before).await];
    counted
}

/// The number of open descriptors once those that are being closed are closed, or at last.
async fn settled(before: usize) -> usize {
    let since = Instant::now();
    while descriptors() > before && since.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    descriptors()
}

async fn rounds(
    arena: &Arc<Arena>,
    mix: &Arc<Vec<Kind>>,
    done: &Arc<impl Fn(u64) -> bool + Send + Sync + 'static>,
    watch: impl Fn(u64),
    counted: &mut Counted,
) {
    let next = Arc::new(AtomicU64::new(0));
    let mut runs = JoinSet::new();
    let begin = |runs: &mut JoinSet<_>| {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let (arena, mix) = (arena.clone(), mix.clone());
        let at = usize::try_from(number).unwrap() % mix.len();
        runs.spawn(async move {
            let played = tokio::time::timeout(PATIENCE, arena.play(&mix[at].play)).await;
            (at, played.map(|played| (played.ended(), played.report.outcome.message)))
        });
    };
    (0..AT_ONCE).for_each(|_| begin(&mut runs));
    while let Some(ended) = runs.join_next().await {
        match ended {
            Ok((at, Ok((ended, message)))) => {
                let Kind { name, ends, .. } = &mix[at];
                if ended != *ends {
                    counted.lost.push(format!("{name}: {ended}, not {ends}: {message}"));
                }
                *counted.ended.entry((name.clone(), ended)).or_default() += 1;
            }
            Ok((at, Err(_))) => counted.lost.push(format!("{}: no end", mix[at].name)),
            Err(panic) => counted.lost.push(panic.to_string()),
        }
        let begun = next.load(Ordering::Relaxed);
        watch(begun);
        if !done(begun) {
            begin(&mut runs);
        }
    }
}

/// The mix: as many good runs as hostile ones.
fn mix(arena: &Arena) -> Vec<Kind> {
    let tight = |name: &str| {
        let play = Play::of(name).limit(Limit::GuestTime, 1000).limit(Limit::WallTime, 60_000);
        play.limit(Limit::Requests, 30).limit(Limit::LogLines, 100)
    };
    let hostile = [
        ("endless-loop", tight("endless-loop").limit(Limit::GuestTime, 20), "failed/limit"),
        ("endless-recursion", tight("endless-recursion"), "failed/limit"),
        ("memory-hog", tight("memory-hog").limit(Limit::Memory, 16 << 20), "failed/limit"),
        ("request-storm", tight("request-storm"), "failed/limit"),
        ("log-flood", tight("log-flood"), "failed/limit"),
        ("row-flood", tight("row-flood").limit(Limit::GuestTime, 20), "failed/limit"),
        ("wait-for-ever", tight("wait-for-ever").limit(Limit::WallTime, 1000), "failed/limit"),
        ("huge-output", tight("huge-output").limit(Limit::OutputSize, 1 << 20), "failed/limit"),
        ("deep-json", tight("deep-json").given("place", "outputs"), "failed/limit"),
        ("not-json", tight("not-json").given("place", "outputs"), "failed/preset"),
        ("steering", tight("steering"), "failed/refused"),
        ("odd-headers", tight("odd-headers").limit(Limit::Requests, 100).with("session"), "failed/denied"),
        ("odd-bodies", tight("odd-bodies").with("session"), "ok"),
        (
            "write-then-spin",
            tight("write-then-spin").given("first", "write-lost").limit(Limit::GuestTime, 20),
            "unknown/unanswered",
        ),
        (
            "write-twice",
            tight("write-twice").given("first", "write-lost").given("second", "write"),
            "unknown/unanswered",
        ),
        ("piecemeal", tight("piecemeal").with("session"), "ok"),
    ];
    let many = ["(memory 1)(table 1 funcref)"; 15];
    let parts = [
        ("many parts", guest::composed("", &many), "ok"),
        ("many parts, endless", guest::composed("(loop (br 0))", &many), "failed/limit"),
        ("a trap", guest::small("", guest::REALLOC, "(unreachable)"), "failed/preset"),
    ];
    let parts = parts.map(|(name, bytes, ends)| {
        let play = Play::component(&arena.load(&bytes)).limit(Limit::GuestTime, 20);
        Kind { name: name.into(), play, ends }
    });
    let hostile = hostile.map(|(name, play, ends)| Kind { name: name.into(), play, ends });
    let good = |at: usize| {
        let kind = ["open", "session", "basic"][at % 3];
        Kind { name: format!("well-behaved, {kind}"), play: Play::of("well-behaved").with(kind), ends: "ok" }
    };
    hostile.into_iter().chain(parts).enumerate().flat_map(|(at, kind)| [good(at), kind]).collect()
}

/// Resident memory of this process, in bytes; 0 where the system does not say.
fn memory() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4096
}

/// Open descriptors of this process; 0 where the system does not say.
fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}
