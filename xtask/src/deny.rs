//! Licences, sources and known faults of dependencies, by `cargo deny`.
//!
//! Owns: where `cargo-deny` comes from. In CI it is installed once with cargo, where the next run finds it. On a
//! developer's machine that would be minutes for a check that CI does anyway, so there it runs only if it is installed.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::fuzz;
use crate::step::{Steps, cargo, say};

/// All workspaces go by the same rules.
const MANIFESTS: [&str; 6] = [
    "Cargo.toml",
    "plugins/Cargo.toml",
    "plugins/sdk/Cargo.toml",
    "plugins/examples/rust/Cargo.toml",
    "tests/guests/Cargo.toml",
    fuzz::MANIFEST,
];

/// Checks the dependencies of all workspaces.
pub(crate) fn check(root: &Path, steps: &mut Steps) -> Result<()> {
    if !works(&mut cargo(root, &["deny", "--version"])) {
        if env::var_os("CI").is_none() {
            say("\n=== dependencies: not checked, since cargo-deny is not installed");
            say("    to have it here as well: cargo install --locked cargo-deny");
            return Ok(());
        }
        steps.run("install cargo-deny", cargo(root, &["install", "--locked", "--quiet", "cargo-deny"]))?;
    }
    let deny = |manifest: &str, arguments: &[&str]| {
        let mut command =
            cargo(root, &["deny", "--all-features", "--config", "deny.toml", "--manifest-path", manifest]);
        command.args(arguments);
        command
    };
    // The list of known faults comes from elsewhere, and not every machine can reach it.
    let fetched = works(&mut deny(MANIFESTS[0], &["fetch", "db"]));
    if !fetched {
        say("\n=== dependencies: known faults not checked, since their list (RustSec) cannot be fetched here");
    }
    for manifest in MANIFESTS {
        // Errors only: what it merely warns of, such as two versions of one crate, `cargo deny check` shows.
        let arguments = ["--log-level", "error", "check", "bans", "licenses", "sources"];
        steps.run(&format!("dependencies of {manifest}"), deny(manifest, &arguments))?;
        if fetched {
            let arguments = ["--offline", "--log-level", "error", "check", "advisories"];
            steps.run(&format!("known faults in dependencies of {manifest}"), deny(manifest, &arguments))?;
        }
    }
    Ok(())
}

fn works(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
