//! What developers run: `cargo xtask demo`, `cargo xtask test`, `cargo xtask fuzz`, `cargo xtask guests`, `cargo xtask bench`.
//!
//! Owns: the order of steps. Everything works on a fresh clone, from nothing. Never: a step that leaves the project's
//! sources changed (lock files that are behind aside, as everywhere with cargo).

#![forbid(unsafe_code)]

mod bench;
mod checks;
mod deny;
mod dist;
mod fuzz;
mod languages;
mod properties;
mod step;

use std::env::{self, consts::EXE_SUFFIX};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use presetter_guests::{EXAMPLE, HOSTILE, INTERPRETERS, Workspace};

use crate::step::{Steps, cargo};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "What developers of Presetter run")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Build the program and show what it does, against a stand-in server
    Demo,
    /// Check everything: format, lints, licences, tests, the guests, a little fuzzing
    Test,
    /// Look for inputs that break a promise (docs/fuzzing.md)
    Fuzz {
        /// One target, or `properties`, instead of all one after the other
        target: Option<String>,
        /// How long each runs
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Run this one input instead: a finding, or a seed
        #[arg(long, value_name = "FILE", requires = "target")]
        input: Option<PathBuf>,
    },
    /// Write anew what is made from the code: the JSON Schemas of the manifests (docs/schemas), the page of lints (docs/authors)
    Schemas,
    /// Get a toolchain for the guests if there is none, and build them
    Guests,
    /// Make what is released: the signed bundle of Mosyle, and an archive of the program, with bills of materials
    Dist(dist::Wanted),
    /// Measure: the program beside others that do the same (docs/performance.md); or, with a word, one thing of it alone
    Bench(bench::Wanted),
}

fn main() -> ExitCode {
    let mut steps = Steps::default();
    let done = project().and_then(|root| match Arguments::parse().verb {
        Verb::Demo => demo(&root, &mut steps),
        Verb::Test => checks::test(&root, &mut steps),
        Verb::Fuzz { target: Some(target), input: Some(input), .. } => fuzz::repeat(&root, &mut steps, &target, &input),
        Verb::Fuzz { target: Some(target), seconds, .. } if target == properties::NAME => {
            properties::long(&root, &mut steps, seconds)
        }
        Verb::Fuzz { target: Some(target), seconds, .. } => fuzz::long(&root, &mut steps, &[&target], seconds),
        Verb::Fuzz { seconds, .. } => fuzz::all(&root, &mut steps, seconds),
        Verb::Schemas => schemas(&root, &mut steps),
        Verb::Guests => guests(&root, &mut steps, &ALL_GUESTS),
        Verb::Dist(wanted) => dist::dist(&root, &mut steps, &wanted),
        Verb::Bench(wanted) => bench::bench(&root, &mut steps, &wanted),
    });
    steps.close(done)
}

/// The project's root: xtask always runs from its sources.
fn project() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here.parent().context("xtask has no parent folder")?.to_owned())
}

/// The guests of the program, those of its tests, and the example for authors.
const ALL_GUESTS: [Workspace; 3] = [INTERPRETERS, HOSTILE, EXAMPLE];

/// Provisions and builds guests.
fn guests(root: &Path, steps: &mut Steps, workspaces: &[Workspace]) -> Result<()> {
    steps
        .work("guests: toolchain", "cargo xtask guests", |say| {
            let toolchain = presetter_guests::provision(root, say)?;
            say(&toolchain.describe());
            Ok(toolchain)
        })
        .and_then(|toolchain| {
            steps.work("guests: components", "cargo xtask guests", |say| {
                for workspace in workspaces {
                    for built in workspace.build(root, &toolchain)? {
                        say(&format!("{} sha256:{}", built.name, built.sha256));
                    }
                }
                Ok(())
            })
        })
}

/// Writes what is made from types and tables; a test of each crate holds it to them.
fn schemas(root: &Path, steps: &mut Steps) -> Result<()> {
    let mut write = cargo(root, &["test", "--package", "presetter-manifest", "--lib", "schema"]);
    write.env("PRESETTER_SCHEMAS", "update");
    steps.run("schemas", write)?;
    let mut write = cargo(root, &["test", "--package", "presetter-check", "--test", "lints"]);
    write.env("PRESETTER_LINTS", "update");
    steps.run("lints", write)
}

/// Builds the program in the dev profile and lets it show itself.
///
/// Not in release: dependencies are optimised in dev as well, so the program is about as quick, and on a fresh machine
/// everything but our own crates is built once for demo and tests instead of a second time with link-time optimisation.
fn demo(root: &Path, steps: &mut Steps) -> Result<()> {
    guests(root, steps, &[INTERPRETERS])?;
    // There are no examples. Asking for them makes cargo choose the features of dependencies as for the tests, and
    // without that some thirty of them, wasmtime too, would be built once for the demo and once more for the tests.
    let arguments = ["build", "--workspace", "--bin", "presetter", "--examples"];
    steps.run("build the program", cargo(root, &arguments))?;
    let mut demo = Command::new(program()?);
    demo.arg("demo").current_dir(root);
    steps.run("demo", demo)
}

/// The program as just built: in the target folder that xtask itself lies in.
fn program() -> Result<PathBuf> {
    let this = env::current_exe().context("xtask cannot tell where it lies")?;
    let target = this.ancestors().nth(2).context("xtask lies in no target folder")?;
    Ok(target.join("debug").join(format!("presetter{EXE_SUFFIX}")))
}
