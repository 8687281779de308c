//! What the fuzz targets assert.
//!
//! Owns the checks themselves, one module a target of `fuzz/`, as ordinary functions, so that each runs over its seeds as
//! a test, and is shown by a test to notice what it looks for. A check panics where a promise is broken; what runs too
//! long or takes too much memory is noticed by the fuzzer.
//!
//! An input is a text in parts, divided by lines of `---`, so that seeds can be read and written by hand.
#![forbid(unsafe_code)]

pub mod cel;
pub mod encodings;
pub mod manifest;
pub mod mapping;
pub mod package;
pub mod redaction;
pub mod response;
pub mod template;
pub mod trust;

use presetter_template::Problem;
use serde_json::{Map, Value};

/// The line between two parts of an input.
const DIVIDER: &str = "\n---\n";

/// The parts of an input; missing ones are empty, and the last takes what is left over.
#[must_use]
pub fn parts<const N: usize>(data: &[u8]) -> [String; N] {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.splitn(N, DIVIDER);
    std::array::from_fn(|_| parts.next().unwrap_or_default().to_owned())
}

/// The values that a part gives: a JSON object, or for any other text values that are made of it.
#[must_use]
pub fn values(text: &str) -> Map<String, Value> {
    if let Ok(Value::Object(values)) = serde_json::from_str(text) {
        return values;
    }
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    let list = Value::from(vec![value.clone(), Value::from(text), Value::Null]);
    let object: Map<String, Value> =
        [("x".to_owned(), value.clone()), (text.to_owned(), list.clone())].into_iter().collect();
    let named = [("x", value), ("text", text.into()), ("list", list), ("object", object.into())];
    named.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Problems are told in whole sentences about places that are there.
///
/// # Panics
/// If one is not.
pub fn check_problems(source: &str, problems: &[Problem]) {
    assert!(!problems.is_empty(), "refused without a reason");
    for problem in problems {
        assert!(source.get(problem.span.clone()).is_some(), "{problem:?} lies outside of {source:?}");
        assert!(!problem.message.is_empty(), "{problem:?}");
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    type Check = fn(&[u8]);

    /// Every target's seeds, by its check: they are worth nothing if they do not pass.
    #[test]
    fn seeds_pass() {
        let targets: [(&str, Check); 8] = [
            ("template", template::check),
            ("manifest", manifest::check),
            ("mapping", mapping::check),
            ("cel", cel::check),
            ("redaction", redaction::check),
            ("response", response::check),
            ("package", package::check),
            ("trust", trust::check),
        ];
        let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
        for (name, check) in targets {
            let mut seeds = 0;
            for seed in fs::read_dir(all.join(name)).expect("a folder of seeds").flatten() {
                check(&fs::read(seed.path()).expect("a seed"));
                seeds += 1;
            }
            assert!(seeds > 2, "{name} has too few seeds");
        }
    }

    #[test]
    fn inputs_come_in_parts() {
        assert_eq!(parts::<2>(b"a\n---\nb\n---\nc"), ["a", "b\n---\nc"]);
        assert_eq!(parts::<2>(b"a---b"), ["a---b", ""]);
        assert_eq!(values(r#"{"a": 1}"#).len(), 1);
        assert_eq!(values("a\"b")["text"], "a\"b");
    }
}
