//! The threat model names the tests that show what it says. Here they are looked up: a test that was renamed or removed
//! leaves no claim behind.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;
use std::path::Path;

use presetter_tests::root;
use regex_lite::Regex;

/// The texts of all Rust sources of the project.
fn sources() -> String {
    let mut texts = String::new();
    for folder in ["host", "tests", "plugins", "xtask"] {
        collect(&root().join(folder), &mut texts);
    }
    texts
}

fn collect(folder: &Path, texts: &mut String) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && path.file_name().unwrap() != "target" {
            collect(&path, texts);
        } else if path.extension().is_some_and(|e| e == "rs") {
            texts.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

/// What a page names: tests by their functions, files by their paths, goldens by the beginning of their names.
fn missing(page: &str, sources: &str) -> Vec<String> {
    let named = |pattern: &str| -> Vec<String> {
        Regex::new(pattern).unwrap().captures_iter(page).map(|found| found[1].to_owned()).collect()
    };
    let tests = named(r"`([a-z0-9]+(?:_[a-z0-9]+){3,})`");
    let mut missing: Vec<String> = tests.into_iter().filter(|name| !sources.contains(&format!("fn {name}("))).collect();
    missing.extend(named(r"`((?:host|tests|docs)/[a-z_/.-]+)`").into_iter().filter(|path| !root().join(path).exists()));
    for golden in named(r"`([a-z-]+-)\*`") {
        let cases = fs::read_dir(root().join("tests/cli")).unwrap().flatten();
        if !cases.into_iter().any(|case| case.file_name().to_string_lossy().starts_with(&golden)) {
            missing.push(format!("{golden}*"));
        }
    }
    missing
}

#[test]
fn every_test_that_the_threat_model_names_is_there() {
    let page = fs::read_to_string(root().join("docs/threat-model.md")).unwrap();
    assert_eq!(missing(&page, &sources()), Vec::<String>::new());
}

#[test]
fn a_test_that_is_gone_is_noticed() {
    let page =
        "see `a_test_that_never_was_there`, `host/egress/tests/gone.rs`, goldens `never-*`, and `cargo xtask test`";
    let names = ["a_test_that_never_was_there", "host/egress/tests/gone.rs", "never-*"];
    assert_eq!(missing(page, "fn another_test_of_this_kind() {}"), names);
}
