//! The rules of the house: who may depend on whom, and who owns what.
//!
//! A rule that is broken here is a wall that moved. Move it on purpose, in docs/architecture.md and in this file.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The host's crates, ground floor first: a crate depends only on crates before it.
const FLOORS: [&str; 10] = [
    "presetter-secret",
    "presetter-template",
    "presetter-expr",
    "presetter-manifest",
    "presetter-egress",
    "presetter-connection",
    "presetter-bundle",
    "presetter-runtime",
    "presetter-pack",
    "presetter",
];

/// Foreign crates that have one home in the host (normal dependencies; tests may use more).
const HOMES: [(&str, &[&str]); 12] = [
    ("reqwest", &["presetter-egress"]),
    ("rustls", &["presetter-egress"]),
    ("tokio-rustls", &["presetter-egress"]),
    ("hyper", &["presetter-egress"]),
    ("hyper-util", &["presetter-egress"]),
    ("h2", &["presetter-egress"]),
    ("wasmtime", &["presetter-runtime"]),
    ("clap", &["presetter"]),
    ("handlebars", &["presetter-template"]),
    ("cel", &["presetter-expr"]),
    ("chacha20poly1305", &["presetter-connection"]),
    ("axum", &[]),
];

/// Words in source code that have one home: (word, files or folders below host/, why).
const WORDS: [(&str, &[&str], &str); 8] = [
    ("env::var", &["cli/src/"], "the environment is read in cli alone"),
    ("env::args", &["cli/src/"], "arguments are read in cli alone"),
    ("unsafe {", &["runtime/src/cache.rs"], "unsafe code maps compiled code, and nothing else"),
    ("Command::new", &["connection/src/", "cli/src/"], "programs are started for cmd: references and for the editor"),
    ("TcpStream", &["egress/src/"], "egress is the only door to the network"),
    ("UdpSocket", &["egress/src/"], "egress is the only door to the network"),
    ("lookup_host", &["egress/src/"], "names are resolved in egress alone"),
    ("println!", &["cli/src/"], "only the program prints"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn dependencies(package: &Value) -> Vec<String> {
    let all = package["dependencies"].as_array().unwrap().iter();
    all.filter(|d| d["kind"].is_null()).map(|d| d["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_crate_depends_only_on_crates_below_it() {
    let packages = packages();
    for (floor, name) in FLOORS.iter().enumerate() {
        let package = packages.iter().find(|p| p["name"] == *name).unwrap_or_else(|| panic!("{name} is gone"));
        for dependency in dependencies(package) {
            if let Some(other) = FLOORS.iter().position(|f| *f == dependency) {
                assert!(other < floor, "{name} may not depend on {dependency}, which is above it");
            }
        }
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
fn foreign_crates_have_one_home() {
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        if !FLOORS.contains(&name) {
            continue;
        }
        for dependency in dependencies(&package) {
            if let Some((_, homes)) = HOMES.iter().find(|(foreign, _)| *foreign == dependency) {
                assert!(homes.contains(&name), "{name} may not depend on {dependency}; its home is {homes:?}");
            }
        }
    }
}

#[test]
fn words_have_one_home() {
    let host = root().join("host");
    let mut files = Vec::new();
    collect(&host, &mut files);
    assert!(files.len() > 40, "the sources were not found");
    // Modules of tests may do what the others may not.
    let tests: Vec<PathBuf> = files.iter().flat_map(|file| test_modules(file)).collect();
    files.retain(|file| !tests.contains(file));
    let mut broken = Vec::new();
    for file in files {
        let name = file.strip_prefix(&host).unwrap().to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            // A module of tests inside a file is the last thing in it.
            if line.starts_with("mod tests {") || line.starts_with("pub(crate) mod tests {") {
                break;
            }
            let line = line.trim_start();
            if line.starts_with("//") {
                continue;
            }
            for (word, homes, why) in WORDS {
                if line.contains(word) && !homes.iter().any(|home| name.starts_with(home)) {
                    broken.push(format!("host/{name}:{}: {word}: {why}", number + 1));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn crates_without_unsafe_forbid_it() {
    for name in ["secret", "template", "expr", "manifest", "egress", "connection", "bundle", "pack", "cli"] {
        let folder = root().join("host").join(name).join("src");
        let text = ["lib.rs", "main.rs"].iter().find_map(|f| fs::read_to_string(folder.join(f)).ok()).unwrap();
        assert!(text.contains("#![forbid(unsafe_code)]"), "host/{name} does not forbid unsafe code");
    }
}

/// The files of modules that a source declares for tests alone.
fn test_modules(source: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(source).unwrap();
    let stem = source.file_stem().unwrap().to_str().unwrap();
    let folder = source.parent().unwrap();
    let folder = if ["lib", "main", "mod"].contains(&stem) { folder.to_owned() } else { folder.join(stem) };
    let parts = text.split("#[cfg(test)]\nmod ").skip(1);
    let names = parts.filter_map(|rest| rest.lines().next()?.strip_suffix(';'));
    names.map(|name| folder.join(format!("{name}.rs"))).collect()
}

/// The sources that are compiled into the crates: not their tests, benches and build scripts.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            if !["tests", "benches", "fuzz", "target"].contains(&path.file_name().unwrap().to_str().unwrap()) {
                collect(&path, files);
            }
        } else if path.extension().is_some_and(|e| e == "rs") && path.file_name().unwrap() != "build.rs" {
            files.push(path);
        }
    }
}
