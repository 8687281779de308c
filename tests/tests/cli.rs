//! The goldens of the command line, under `tests/cli/`: a folder a case.
//!
//! `case.toml` says what is run and in what surroundings; `out`, `err` and `exit` are what the program said, `sent` is what
//! reached the server. `PRESETTER_GOLDENS=update cargo test -p presetter-tests --test cli` writes them anew, and
//! `PRESETTER_CASES=WORD` plays only cases with that word in their name.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::env;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use presetter_tests::{Case, cases, compare};

#[test]
fn every_case_shows_what_its_goldens_say() {
    let update = env::var("PRESETTER_GOLDENS").is_ok_and(|value| value == "update");
    let word = env::var("PRESETTER_CASES").unwrap_or_default();
    let mut waiting = cases();
    waiting.retain(|folder| name(folder).contains(&word));
    let total = waiting.len();
    let (waiting, failed) = (Mutex::new(waiting), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from).min(8) {
            scope.spawn(|| {
                loop {
                    let Some(folder) = waiting.lock().unwrap().pop() else { break };
                    if let Some(why) = play(&folder, update) {
                        failed.lock().unwrap().push(format!("{}\n{why}", name(&folder)));
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort();
    assert!(failed.is_empty(), "{} of {total} cases differ (- golden, + now):\n\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn every_case_is_complete() {
    let all = cases();
    assert!(all.len() > 60, "the cases were not found");
    let mut missing = Vec::new();
    for folder in &all {
        for file in ["case.toml", "out", "err", "exit", "sent"] {
            if !folder.join(file).is_file() {
                missing.push(format!("{}/{file}", name(folder)));
            }
        }
    }
    assert!(missing.is_empty(), "missing: {}", missing.join(", "));
}

#[test]
fn every_exit_code_has_a_case() {
    let mut seen: Vec<String> = cases().iter().filter_map(|c| std::fs::read_to_string(c.join("exit")).ok()).collect();
    seen.sort();
    seen.dedup();
    for code in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 70] {
        assert!(seen.contains(&format!("{code}\n")), "no case ends with exit code {code}");
    }
}

/// Plays a case. A case that cannot be played is one that failed, and the others go on.
fn play(folder: &Path, update: bool) -> Option<String> {
    match panic::catch_unwind(|| Case::read(folder).play()) {
        Ok(shown) => compare(folder, &shown, update),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Some(format!("  it could not be played: {}\n", text.unwrap_or_default()))
        }
    }
}

fn name(folder: &Path) -> String {
    PathBuf::from(folder.file_name().unwrap()).display().to_string()
}
