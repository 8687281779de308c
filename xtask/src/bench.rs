//! `cargo xtask bench`: gets what the program is compared with, and lets `tests/bench` compare. With a word, one measurement of the
//! program alone (`tests/src/bin/bench.rs`).
//!
//! Owns: how each of the others is got, all below `target/bench`. Who cannot be had is left out of the table, with the reason.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use presetter_guests::{INTERPRETERS, TARGET, Toolchain, command, install_packages};
use serde_json::{Map, Value, json};

use crate::step::{Steps, cargo};
use crate::{ALL_GUESTS, guests};

/// What is asked for.
#[derive(Args)]
pub(crate) struct Wanted {
    /// One measurement of the program alone, instead of everything side by side
    what: Option<Measured>,
    /// How long the soak goes on
    #[arg(long, default_value_t = 4.0)]
    minutes: f64,
    /// Side by side, but only these parts: machine, cold, hot, bulk, many, reports, packages, templates, crowd
    #[arg(long, value_name = "PART,PART", conflicts_with = "what")]
    only: Option<String>,
    /// Side by side with small numbers, to see whether it works
    #[arg(long, conflicts_with = "what")]
    quick: bool,
    /// Puts the table into docs/performance.md
    #[arg(long, conflicts_with = "what")]
    write: bool,
}

/// What of the program alone is measured.
#[derive(Clone, Copy, ValueEnum)]
enum Measured {
    /// Good and hostile runs at once, for minutes: are any lost, does memory stay flat, does a descriptor stay open
    Soak,
    /// How far an endless component gets beyond its deadline, alone and beside a hundred others
    Deadline,
    /// How long `presetter test` takes for each bundle of the project, with nothing compiled yet and after that
    Tests,
    /// How long the program takes to verify a package of 20 MB, and how much memory
    Verify,
    /// How many runs of a workflow go through in a second, and how much memory, over 100,000 records
    Workflows,
}

/// What is compared with, and measured by, each in a workspace of its own. They are built for measuring alone: nothing of them is in
/// the program, and what they depend on is theirs.
pub(crate) const WORKSPACES: [&str; 3] = [
    "tests/bench/rivals/timer/Cargo.toml",
    "tests/bench/rivals/extism-host/Cargo.toml",
    "tests/bench/rivals/extism-plugin/Cargo.toml",
];

/// The newest that Rust 1.95 builds.
const HURL: &str = "8.0.1";
/// What it is built with, on Debian.
const FOR_HURL: [&str; 5] = ["pkg-config", "libxml2-dev", "libcurl4-openssl-dev", "libssl-dev", "libclang-dev"];

pub(crate) fn bench(root: &Path, steps: &mut Steps, wanted: &Wanted) -> Result<()> {
    match wanted.what {
        Some(what) => alone(root, steps, what, wanted.minutes),
        None => compare(root, steps, wanted),
    }
}

/// In the dev profile unless it says otherwise: what is measured is wasmtime and other dependencies, which are optimised there too.
fn alone(root: &Path, steps: &mut Steps, what: Measured, minutes: f64) -> Result<()> {
    guests(root, steps, &ALL_GUESTS)?;
    let mut bench = cargo(root, &["run", "--quiet", "--package", "presetter-tests", "--bin", "bench", "--"]);
    match what {
        Measured::Soak => bench.args(["soak", &minutes.to_string()]),
        Measured::Deadline => bench.arg("deadline"),
        // The program as its users have it.
        Measured::Tests | Measured::Verify | Measured::Workflows => {
            steps.run("program", cargo(root, &["build", "--release", "--bin", "presetter"]))?;
            let program = format!("target/release/presetter{EXE_SUFFIX}");
            let what = match what {
                Measured::Tests => "tests",
                Measured::Verify => "verify",
                _ => "workflows",
            };
            bench.arg(what).env("PRESETTER_PROGRAM", root.join(program))
        }
    };
    steps.run("bench", bench)
}

/// Everything side by side.
fn compare(root: &Path, steps: &mut Steps, wanted: &Wanted) -> Result<()> {
    guests(root, steps, &[INTERPRETERS])?;
    // Without the package of tests, whose runtime has a window for them: the program is measured as its users have it.
    let packages = ["build", "--release", "--package", "presetter", "--package", "presetter-bench", "--bins"];
    steps.run("program", cargo(root, &packages))?;
    let folder = root.join("target/bench");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let timer = built(root, steps, "timer", &mut |_| ())?;
    let ours = |name: &str| root.join("target/release").join(format!("{name}{EXE_SUFFIX}"));
    let others = [
        ("hurl", hurl(root, steps, &folder)),
        ("curl", on_path(root, steps, "curl")),
        ("python", python(root, steps, &folder)),
        ("extism-host", built(root, steps, "extism-host", &mut |_| ())),
        ("extism-plugin", plugin(root, steps)),
    ];
    let mut tools = Map::new();
    for (name, at) in
        ["presetter", "loopback", "machine", "raw"].map(|name| (name, ours(name))).into_iter().chain([("timer", timer)])
    {
        tools.insert(name.into(), json!({ "at": at }));
    }
    for (name, got) in others {
        let got = got.map_or_else(|why| json!({ "why": format!("{why:#}") }), |at| json!({ "at": at }));
        tools.insert(name.into(), got);
    }
    let list = folder.join("tools.json");
    fs::write(&list, Value::Object(tools).to_string()).with_context(|| list.display().to_string())?;
    let mut compare = on_two_cores(root, &ours("compare"));
    compare.arg("--tools").arg(list).current_dir(root);
    compare.args(wanted.quick.then_some("--quick"));
    compare.args(wanted.only.iter().flat_map(|only| ["--only", only]));
    if wanted.write {
        compare.arg("--write").arg(root.join("docs/performance.md"));
    }
    steps.run("compare", compare)
}

/// Client and server share two cores, however many there are: on more, whoever can use them would seem cheaper than he is.
fn on_two_cores(root: &Path, program: &Path) -> Command {
    let bound = thread::available_parallelism().is_ok_and(|cores| cores.get() > 2)
        && works(command("taskset").args(["-c", "0,1", "true"]).current_dir(root));
    if !bound {
        return command(program);
    }
    let mut bound = command("taskset");
    bound.args(["-c", "0,1"]).arg(program);
    bound
}

/// Builds what lies in a workspace of its own; a program has its name.
fn built(root: &Path, steps: &mut Steps, name: &str, more: &mut dyn FnMut(&mut Command)) -> Result<PathBuf> {
    let target = root.join("target/bench").join(name);
    let manifest = format!("tests/bench/rivals/{name}/Cargo.toml");
    let mut build = cargo(root, &["build", "--release", "--locked", "--manifest-path", &manifest, "--target-dir"]);
    more(build.arg(&target));
    steps.run(name, build)?;
    Ok(target.join("release").join(format!("{name}{EXE_SUFFIX}")))
}

/// Extism's plugin, built as our guests are.
fn plugin(root: &Path, steps: &mut Steps) -> Result<PathBuf> {
    const NAME: &str = "extism-plugin";
    let toolchain = presetter_guests::detect(root)?;
    built(root, steps, NAME, &mut |build| {
        build.args(["--target", TARGET]);
        if let Some(Toolchain::DebianBuildStd { compiler, linker, .. }) = &toolchain {
            build.arg("-Zbuild-std=std,panic_abort").env("RUSTC_BOOTSTRAP", "1");
            build.env("RUSTC", compiler).env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
    })?;
    Ok(root.join("target/bench").join(NAME).join(TARGET).join("release/extism_plugin.wasm"))
}

fn hurl(root: &Path, steps: &mut Steps, folder: &Path) -> Result<PathBuf> {
    let (place, program) = (folder.join("hurl"), folder.join("hurl/bin").join(format!("hurl{EXE_SUFFIX}")));
    let version = command(&program).arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    if String::from_utf8_lossy(&version).starts_with(&format!("hurl {HURL} ")) {
        return Ok(program);
    }
    // Where this is not Debian, or nobody is root, what it is built with may be there all the same.
    steps.work("what Hurl is built with", "cargo xtask bench", |say| {
        install_packages(root, &FOR_HURL, say).unwrap_or_else(|why| say(&format!("not installed: {why}")));
        Ok(())
    })?;
    let mut install = cargo(root, &["install", "hurl", "--version", HURL, "--locked", "--force", "--root"]);
    install.arg(&place).arg("--target-dir").arg(folder.join("hurl-build"));
    steps.run("hurl", install)?;
    Ok(program)
}

/// A program that Debian has in a package of its name.
fn on_path(root: &Path, steps: &mut Steps, name: &str) -> Result<PathBuf> {
    let there = || works(command(name).arg("--version").current_dir(root));
    if !there() {
        steps.work(name, "cargo xtask bench", |say| match install_packages(root, &[name], say) {
            Ok(()) => Ok(()),
            Err(why) => bail!("it is not here ({why})"),
        })?;
    }
    Ok(name.into())
}

/// Python in a place of its own, with the library `requests`.
fn python(root: &Path, steps: &mut Steps, folder: &Path) -> Result<PathBuf> {
    let place = folder.join("venv");
    let python = place.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if works(command(&python).args(["-c", "import requests"])) {
        return Ok(python);
    }
    let mut make = command("python3");
    make.args(["-m", "venv"]).arg(&place).current_dir(root);
    steps.run("Python", make)?;
    let mut install = command(&python);
    let list = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    install.args(list).arg("tests/bench/inputs/requirements.txt").current_dir(root);
    steps.run("Python's requests", install)?;
    Ok(python)
}

fn works(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
