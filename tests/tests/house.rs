//! The rules of the house: who may depend on whom, and who owns what. Here are the crates' own dependencies; `reach` looks
//! at what these bring along, `words` at the code.
//!
//! A rule that is broken here is a wall that moved. Move it on purpose, in docs/architecture.md and in this file.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

#[path = "house/reach.rs"]
mod reach;
#[path = "house/sources.rs"]
mod sources;
#[path = "house/words.rs"]
mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The host's crates, ground floor first: a crate depends only on crates before it.
const FLOORS: [&str; 25] = [
    "presetter-secret",
    "presetter-template",
    "presetter-expr",
    "presetter-manifest",
    "presetter-disk",
    "presetter-database",
    "presetter-rows",
    "presetter-records",
    "presetter-package",
    "presetter-trust",
    "presetter-egress",
    "presetter-registry",
    "presetter-connection",
    "presetter-bundle",
    "presetter-store",
    "presetter-receipt",
    "presetter-journal",
    "presetter-bulk",
    "presetter-workflow",
    "presetter-runtime",
    "presetter-pack",
    "presetter-check",
    "presetter-trial",
    "presetter-author",
    "presetter",
];

/// Foreign crates that have one home in the host (normal dependencies; tests may use more).
const HOMES: [(&str, &[&str]); 18] = [
    ("reqwest", &["presetter-egress"]),
    ("rustls", &["presetter-egress"]),
    ("tokio-rustls", &["presetter-egress"]),
    ("hyper", &["presetter-egress"]),
    ("hyper-util", &["presetter-egress"]),
    ("csv-core", &["presetter-rows"]),
    ("hdrhistogram", &["presetter-bulk"]),
    ("h2", &["presetter-egress"]),
    ("wasmtime", &["presetter-runtime", "presetter-pack"]),
    ("wasmtime-wizer", &["presetter-pack"]),
    ("clap", &["presetter"]),
    ("handlebars", &["presetter-template"]),
    // What expressions are compared with in tests; it takes a millisecond to set up.
    ("cel", &[]),
    ("chacha20poly1305", &["presetter-connection"]),
    ("p256", &["presetter-package"]),
    ("pkcs8", &["presetter-package"]),
    ("rusqlite", &["presetter-database", "presetter-records", "presetter-journal", "presetter-workflow"]),
    ("axum", &["presetter"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn metadata(arguments: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--format-version", "1", "--offline"]).args(arguments).current_dir(root());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn packages() -> Vec<Value> {
    metadata(&["--no-deps"])["packages"].as_array().unwrap().clone()
}

fn dependencies(package: &Value) -> Vec<String> {
    let all = package["dependencies"].as_array().unwrap().iter();
    all.filter(|d| d["kind"].is_null()).map(|d| d["name"].as_str().unwrap().to_owned()).collect()
}

/// What is wrong with a host crate's own dependencies: on a crate above it, or on one that has its home elsewhere.
fn misplaced(name: &str, dependencies: &[String]) -> Vec<String> {
    let floor = |name: &str| FLOORS.iter().position(|floor| *floor == name);
    let above = dependencies.iter().filter(|other| floor(other) >= floor(name));
    let above = above.map(|other| format!("{name} may not depend on {other}, which is not below it"));
    let foreign = dependencies.iter().filter_map(|other| HOMES.iter().find(|(foreign, _)| foreign == other));
    let foreign = foreign.filter(|(_, homes)| !homes.contains(&name));
    above
        .chain(foreign.map(|(other, homes)| format!("{name} may not depend on {other}; its home is {homes:?}")))
        .collect()
}

#[test]
fn a_crate_depends_only_on_crates_below_it_and_on_foreign_ones_that_are_at_home_there() {
    let packages = packages();
    for name in FLOORS {
        let package = packages.iter().find(|p| p["name"] == name).unwrap_or_else(|| panic!("{name} is gone"));
        assert_eq!(misplaced(name, &dependencies(package)), [""; 0]);
    }
}

#[test]
fn a_misplaced_dependency_is_noticed() {
    let of = |name: &str, other: &str| misplaced(name, &[other.to_owned()]).len();
    assert_eq!(
        of("presetter-expr", "presetter-template") + of("presetter-egress", "rustls") + of("presetter", "serde"),
        0
    );
    for (name, other) in [
        ("presetter-template", "presetter-expr"),
        ("presetter-template", "presetter-template"),
        ("presetter-connection", "reqwest"),
        ("presetter-check", "wasmtime"),
        ("presetter-runtime", "wasmtime-wizer"),
        ("presetter-bundle", "clap"),
        ("presetter-workflow", "axum"),
    ] {
        assert_eq!(of(name, other), 1, "{name} on {other}");
    }
}

#[test]
fn every_host_crate_has_its_floor() {
    for package in packages() {
        let manifest = package["manifest_path"].as_str().unwrap();
        if manifest.starts_with(root().join("host").to_str().unwrap()) {
            let name = package["name"].as_str().unwrap();
            assert!(FLOORS.contains(&name), "{name} has no place in FLOORS");
        }
    }
}

#[test]
fn crates_without_unsafe_forbid_it() {
    for name in [
        "secret",
        "template",
        "expr",
        "manifest",
        "disk",
        "database",
        "rows",
        "records",
        "package",
        "trust",
        "egress",
        "registry",
        "connection",
        "bundle",
        "store",
        "receipt",
        "journal",
        "workflow",
        "bulk",
        "pack",
        "check",
        "trial",
        "author",
        "cli",
    ] {
        let folder = root().join("host").join(name).join("src");
        let text = ["lib.rs", "main.rs"].iter().find_map(|f| fs::read_to_string(folder.join(f)).ok()).unwrap();
        assert!(text.contains("#![forbid(unsafe_code)]"), "host/{name} does not forbid unsafe code");
    }
}
