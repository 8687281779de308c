//! `cargo xtask test`: every check there is, quick ones first.
//!
//! The host's steps use the dev profile and the whole workspace, so that a dependency is built once: for clippy as metadata,
//! for everything else as code.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;

use anyhow::Result;

use crate::step::{Counts, Steps, cargo};
use crate::{ALL_GUESTS, bench, deny, fuzz, guests, languages, program, properties};

/// The guests' workspaces, with what is built for guests.
const GUESTS: [&str; 4] = ["plugins/Cargo.toml", SDK, "plugins/examples/rust/Cargo.toml", "tests/guests/Cargo.toml"];
/// For authors who write in Rust.
const SDK: &str = "plugins/sdk/Cargo.toml";

/// Runs the checks until one fails.
pub(crate) fn test(root: &Path, steps: &mut Steps) -> Result<()> {
    steps.run("format", cargo(root, &["fmt", "--all", "--check"]))?;
    for workspace in GUESTS {
        let format = cargo(root, &["fmt", "--all", "--manifest-path", workspace, "--check"]);
        steps.run(&format!("format of {workspace}"), format)?;
    }
    steps.run("format of the fuzz targets", cargo(root, &["fmt", "--manifest-path", fuzz::MANIFEST, "--check"]))?;
    for workspace in bench::WORKSPACES {
        let format = cargo(root, &["fmt", "--manifest-path", workspace, "--check"]);
        steps.run(&format!("format of {workspace}"), format)?;
    }
    guests(root, steps, &ALL_GUESTS)?;
    languages::provision(root, steps)?;
    deny::check(root, steps)?;
    steps.run("lints", cargo(root, &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    // The end-to-end tests start the program; building all targets at once keeps one set of features for all.
    steps.run("build", cargo(root, &["build", "--workspace", "--all-targets"]))?;
    // The program as just built, so that no test asks cargo for it again.
    let program = ("PRESETTER_PROGRAM", program()?.into());
    run_tests(root, steps, "tests", &["--workspace", "--tests"], properties::same_cases().chain([program]))?;
    let doc_tests = cargo(root, &["test", "--workspace", "--doc"]);
    steps.tests("examples in the docs", doc_tests, Counts::StandardOutput)?;
    guests_as_programs(root, steps)?;
    fuzz::short(root, steps)
}

/// Lints and unit tests of the guests, built for this machine: clippy cannot lint for Wasm with a packaged compiler,
/// and what a guest computes is the same here.
fn guests_as_programs(root: &Path, steps: &mut Steps) -> Result<()> {
    for workspace in GUESTS {
        // In release, where the build of the components has left the macros that they share.
        let lints = ["clippy", "--release", "--workspace", "--all-targets", "--manifest-path", workspace, "--"];
        let mut lints = cargo(root, &lints);
        lints.args(["-D", "warnings"]);
        steps.run(&format!("lints of {workspace}"), lints)?;
    }
    // Their libraries only: a component's exports have names that linkers for this machine refuse. Those of the tests have
    // none of their own.
    for workspace in [GUESTS[0], SDK] {
        let what = ["--workspace", "--lib", "--manifest-path", workspace];
        run_tests(root, steps, &format!("tests of {workspace}"), &what, properties::same_cases())?;
    }
    let doc_tests = cargo(root, &["test", "--doc", "--manifest-path", SDK]);
    steps.tests(&format!("examples in the docs of {SDK}"), doc_tests, Counts::StandardOutput)
}

/// Runs the tests of a workspace, all of them even if one fails: by nextest if it is installed, else by cargo itself.
/// `settings`: variables for the tests.
pub(crate) fn run_tests(
    root: &Path,
    steps: &mut Steps,
    name: &str,
    what: &[&str],
    settings: impl IntoIterator<Item = (&'static str, OsString)>,
) -> Result<()> {
    let (verb, counts) = if has_nextest(root) {
        (["nextest", "run", "--no-tests=pass"].as_slice(), Counts::StandardError)
    } else {
        (["test"].as_slice(), Counts::StandardOutput)
    };
    let mut command = cargo(root, verb);
    command.arg("--no-fail-fast").args(what).envs(settings);
    steps.tests(name, command, counts)
}

fn has_nextest(root: &Path) -> bool {
    let mut version = cargo(root, &["nextest", "--version"]);
    version.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
