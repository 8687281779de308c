//! Tests of properties, over random cases: always the same ones in `cargo xtask test`, others in each `cargo xtask fuzz`
//! (docs/fuzzing.md).
//!
//! Owns the seed that proptest begins with, and which tests are meant. Invariants: a seed is told wherever one is used, since
//! it repeats the cases; which tests there are is read in the sources, so that none is forgotten.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;

use anyhow::{Result, ensure};

use crate::step::{Steps, say};
use crate::{ALL_GUESTS, checks, guests};

/// What `cargo xtask fuzz` calls them.
pub(crate) const NAME: &str = "properties";

/// How proptest takes a seed: a whole number of 64 bits.
const SEED: &str = "PROPTEST_RNG_SEED";
/// How many cases each test tries, whatever its source says.
const CASES: &str = "PROPTEST_CASES";
/// No file of seeds beside the sources: a seed is printed, and what it finds becomes a test of its own.
const NO_FILES: &str = "PROPTEST_DISABLE_FAILURE_PERSISTENCE";

/// So many cases for a second of fuzzing: about what the slowest test does in one.
const CASES_A_SECOND: u32 = 30;
/// As many as any test tries by itself.
const FEWEST: u32 = 2_000;

/// Where sources with such tests are.
const SOURCES: [&str; 2] = ["host", "tests"];

/// What checks set for proptest: the same seed in each run, so that a failure tells of a change and not of luck. A seed that
/// a developer has set goes first.
pub(crate) fn same_cases() -> impl Iterator<Item = (&'static str, OsString)> {
    settings(seed(env::var_os(SEED), || 1))
}

/// Runs them all with a new seed, or with the one that is set, and with cases for so many seconds.
pub(crate) fn long(root: &Path, steps: &mut Steps, seconds: u32) -> Result<()> {
    guests(root, steps, &ALL_GUESTS)?;
    let names = names(root)?;
    ensure!(!names.is_empty(), "no source has a test of properties");
    let seed = seed(env::var_os(SEED), || RandomState::new().hash_one(SEED));
    let cases = env::var_os(CASES).unwrap_or_else(|| cases(seconds).to_string().into());
    say(&format!("\n{SEED}={} {CASES}={}", seed.display(), cases.display()));
    let mut what = vec!["--workspace", "--tests", "--"];
    what.extend(names.iter().map(String::as_str));
    checks::run_tests(root, steps, NAME, &what, settings(seed).chain([(CASES, cases)]))
}

fn seed(given: Option<OsString>, otherwise: impl FnOnce() -> u64) -> OsString {
    given.unwrap_or_else(|| otherwise().to_string().into())
}

fn settings(seed: OsString) -> impl Iterator<Item = (&'static str, OsString)> {
    [(SEED, seed), (NO_FILES, "1".into())].into_iter()
}

fn cases(seconds: u32) -> u32 {
    seconds.saturating_mul(CASES_A_SECOND).max(FEWEST)
}

/// The names of all such tests, sorted.
fn names(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut folders: Vec<_> = SOURCES.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                if entry.file_name() != "target" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                names.extend(of(&fs::read_to_string(path)?).map(str::to_owned));
            }
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// The tests of a source: the functions between `proptest! {` and the `}` below it.
fn of(source: &str) -> impl Iterator<Item = &str> {
    let mut end = None;
    source.lines().filter_map(move |line| {
        let indent = line.len() - line.trim_start().len();
        match end {
            None if line.trim() == "proptest! {" => end = Some(indent),
            Some(open) if line.trim() == "}" && indent == open => end = None,
            Some(open) if indent == open + 4 => {
                let (name, _) = line.trim_start().strip_prefix("fn ")?.split_once('(')?;
                return Some(name);
            }
            _ => {}
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tests_of_a_source_are_known() {
        let source = "fn a() {}\nmod tests {\n    proptest! {\n        #![proptest_config(X)]\n\n        #[test]\n        fn b(x in y()) {\n            fn inner() {}\n        }\n\n        #[test]\n        fn c(\n            x in y(),\n        ) {\n        }\n    }\n\n    fn d(x: u8) {}\n}\n";
        assert_eq!(of(source).collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(of("fn a(x: u8) {}").count(), 0);
    }

    #[test]
    fn all_of_the_project_are_found() {
        let root = crate::project().unwrap();
        let names = names(&root).unwrap();
        for known in ["any_operation_becomes_a_preset_that_works", "any_text_can_be_taken_apart", "a_changed_byte"] {
            assert!(names.iter().any(|name| name == known), "{known} is not among {names:?}");
        }
    }

    #[test]
    fn a_seed_that_is_set_goes_before_ours() {
        assert_eq!(seed(Some("7".into()), || 1), "7");
        let own = seed(None, || u64::MAX);
        assert_eq!(own.to_str().unwrap().parse::<u64>().unwrap(), u64::MAX, "as proptest takes it");
    }

    #[test]
    fn more_time_is_more_cases_and_never_fewer_than_a_test_has() {
        assert_eq!((cases(0), cases(600), cases(u32::MAX)), (FEWEST, 18_000, u32::MAX));
    }
}
