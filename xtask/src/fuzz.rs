//! `cargo xtask fuzz`, and the short run of `cargo xtask test` (docs/fuzzing.md).
//!
//! Owns how the targets in `fuzz/` are built and run: by plain cargo, whose compiler counts coverage also where it is a
//! stable one, with libFuzzer, which needs a C++ compiler. cargo-fuzz is not needed; it asks for a nightly compiler.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use crate::properties;
use crate::step::{Steps, cargo, say};

/// Their workspace.
pub(crate) const MANIFEST: &str = "fuzz/Cargo.toml";

/// All targets; each is a binary and a folder of seeds.
const TARGETS: [&str; 8] = ["template", "manifest", "mapping", "cel", "redaction", "response", "package", "trust"];

/// What makes the compiler count: edges by 8-bit counters, and what is compared with what, as cargo-fuzz does it.
const COUNTING: [&str; 7] = [
    "--cfg",
    "fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Bounds that every input must keep: seconds and MiB. The checks' own bounds are far below.
const BOUNDS: [&str; 2] = ["-timeout=10", "-rss_limit_mb=2048"];

/// A target's short run: so many inputs or seconds, whichever comes first, always from the same start.
const SHORT: [&str; 3] = ["-seed=1", "-runs=20000", "-max_total_time=5"];

/// The short run of all targets. Without a C++ compiler it is left out, but not in CI.
pub(crate) fn short(root: &Path, steps: &mut Steps) -> Result<()> {
    if let Err(lack) = able() {
        if env::var_os("CI").is_none() {
            say(&format!("\n=== fuzzing: not done, since {lack}"));
            return Ok(());
        }
        return steps.work("fuzzing", "cargo xtask fuzz", |_| Err(lack));
    }
    build(root, steps)?;
    TARGETS.iter().try_for_each(|target| {
        steps.work(&format!("fuzz {target}"), &format!("cargo xtask fuzz {target}"), |say| {
            // Nothing is kept, so that every run is the first.
            let corpus = root.join("fuzz/target/short").join(target);
            if corpus.exists() {
                fs::remove_dir_all(&corpus)?;
            }
            let mut run = runner(root, target, &corpus)?;
            say(&outcome(run.args(SHORT), &corpus.with_extension("log"))?);
            Ok(())
        })
    })
}

/// Runs the tests of properties, which need no C++ compiler, and then all targets.
pub(crate) fn all(root: &Path, steps: &mut Steps, seconds: u32) -> Result<()> {
    properties::long(root, steps, seconds)?;
    long(root, steps, &TARGETS, seconds)
}

/// Runs targets, so many seconds each. What is found on the way is kept, and is where the next run begins.
pub(crate) fn long(root: &Path, steps: &mut Steps, targets: &[&str], seconds: u32) -> Result<()> {
    let targets = targets.iter().map(|target| known(target)).collect::<Result<Vec<_>>>()?;
    able()?;
    build(root, steps)?;
    targets.into_iter().try_for_each(|target| {
        let corpus = root.join("fuzz/corpus").join(target);
        let mut run = runner(root, target, &corpus)?;
        run.arg(format!("-max_total_time={seconds}"));
        steps.run(&format!("fuzz {target}"), run)
    })
}

/// Runs one input: what a finding left behind, or a seed.
pub(crate) fn repeat(root: &Path, steps: &mut Steps, target: &str, input: &Path) -> Result<()> {
    let target = known(target)?;
    able()?;
    build(root, steps)?;
    let mut run = Command::new(program(root, target)?);
    run.args(BOUNDS).arg(input).env("RUST_BACKTRACE", "1");
    steps.run(&format!("fuzz {target}"), run)
}

fn known(target: &str) -> Result<&'static str> {
    let found = TARGETS.into_iter().find(|known| *known == target);
    let also = format!("{}, which take no --input", properties::NAME);
    found.with_context(|| format!("there is no target {target}; there are {}, and {also}", TARGETS.join(", ")))
}

/// Whether fuzzing is possible here, or why not.
fn able() -> Result<()> {
    ensure!(cfg!(unix), "the targets are built for Linux and macOS only");
    let compiler = env::var_os("CXX").unwrap_or_else(|| "c++".into());
    let mut version = Command::new(&compiler);
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    let works = version.status().is_ok_and(|status| status.success());
    ensure!(works, "there is no C++ compiler (c++, or what CXX names), which libFuzzer is built with");
    Ok(())
}

fn build(root: &Path, steps: &mut Steps) -> Result<()> {
    let target = host(root)?;
    // For a named target, so that build scripts and macros are built without counting.
    let mut build = cargo(root, &["build", "--release", "--bins", "--manifest-path", MANIFEST, "--target", &target]);
    build.env("CARGO_ENCODED_RUSTFLAGS", COUNTING.join("\u{1f}"));
    // Where `runner` looks for it, whatever a developer has set for the other workspaces.
    build.arg("--target-dir").arg("fuzz/target");
    steps.run("build the fuzz targets", build)
}

/// A target as built.
fn program(root: &Path, target: &str) -> Result<PathBuf> {
    Ok(root.join("fuzz/target").join(host(root)?).join("release").join(target))
}

/// This machine, as the compiler names it.
fn host(root: &Path) -> Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").current_dir(root).output().context("rustc cannot be run")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not tell its host")?.to_owned())
}

/// A target with its seeds. New inputs go to `corpus`, and findings to `fuzz/artifacts`.
fn runner(root: &Path, target: &str, corpus: &Path) -> Result<Command> {
    let artifacts = root.join("fuzz/artifacts").join(target);
    let seeds = root.join("fuzz/seeds").join(target);
    for folder in [corpus, &artifacts] {
        fs::create_dir_all(folder)?;
    }
    let mut run = Command::new(program(root, target)?);
    run.args(BOUNDS).arg(format!("-artifact_prefix={}/", artifacts.display()));
    let dictionary = root.join("fuzz/dictionaries").join(target);
    if dictionary.exists() {
        run.arg(format!("-dict={}", dictionary.display()));
    }
    run.arg(corpus).arg(seeds);
    if target == "manifest" {
        run.arg(own_manifests(root)?);
    }
    run.current_dir(root);
    Ok(run)
}

/// Our own presets as seeds, each with its bundle in front as the target wants them.
fn own_manifests(root: &Path) -> Result<PathBuf> {
    let folder = root.join("fuzz/target/own-manifests");
    fs::create_dir_all(&folder)?;
    for bundle in fs::read_dir(root.join("presets"))? {
        let bundle = bundle?.path();
        let manifest = fs::read_to_string(bundle.join("bundle.toml"))?;
        for preset in fs::read_dir(&bundle)? {
            let Ok(text) = fs::read_to_string(preset?.path().join("preset.toml")) else { continue };
            let name = text.lines().next().unwrap_or_default().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
            fs::write(folder.join(name), format!("{manifest}\n---\n{text}\n---\n1"))?;
        }
    }
    Ok(folder)
}

/// Runs a target quietly, its output in a file: one line if all is well, else all but its progress.
fn outcome(run: &mut Command, log: &Path) -> Result<String> {
    let status = run.stderr(File::create(log)?).status().context("it cannot be run")?;
    let text = fs::read(log)?;
    let text = String::from_utf8_lossy(&text);
    if status.success() {
        return summary(&text).context("the fuzzer told nothing");
    }
    let progress = |line: &&str| ["#", "INFO:", "WARNING:"].iter().any(|start| line.starts_with(start));
    text.lines().filter(|line| !progress(line)).for_each(|line| say(&format!("    {line}")));
    bail!("it found something, see above ({status})")
}

/// How many inputs there were, and how much of the code they reached: from
/// `#20000  DONE  cov: 5023 ft: 17410 corp: 1300/255Kb lim: 372 exec/s: 5000 rss: 36Mb`.
fn summary(text: &str) -> Option<String> {
    let done = text.lines().find(|line| line.starts_with('#') && line.contains("DONE"))?;
    let mut words = done.split_whitespace();
    let inputs = words.next()?.strip_prefix('#')?;
    let edges = words.skip_while(|word| *word != "cov:").nth(1)?;
    Some(format!("{inputs} inputs, {edges} edges of the code"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> PathBuf {
        crate::project().unwrap()
    }

    #[test]
    fn every_target_is_in_its_place() {
        let manifest = fs::read_to_string(root().join(MANIFEST)).unwrap();
        for target in TARGETS {
            assert!(manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "{target}");
            assert!(root().join("fuzz/fuzz_targets").join(target).with_extension("rs").exists(), "{target}");
            assert!(root().join("fuzz/seeds").join(target).is_dir(), "{target}");
        }
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
        assert!(known("template").is_ok() && known("x").unwrap_err().to_string().contains("template, manifest"));
    }

    #[test]
    fn the_last_line_is_told() {
        let text = "#2\tINITED cov: 7\n#300\tDONE   cov: 42 ft: 8 corp: 2/5b\nDone 300 runs";
        assert_eq!(summary(text).unwrap(), "300 inputs, 42 edges of the code");
        assert_eq!(summary("#2\tINITED cov: 7"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_finding_fails() {
        let folder = env::temp_dir().join(format!("xtask-fuzz-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let run = |script: &str| outcome(Command::new("sh").args(["-c", script]), &folder.join("log"));
        assert!(run("echo '#7 DONE cov: 3' >&2").is_ok());
        assert!(run("echo 'panicked' >&2; exit 77").unwrap_err().to_string().contains("77"));
        assert!(run("true").is_err(), "a run that tells nothing is no run");
        fs::remove_dir_all(&folder).unwrap();
    }
}
