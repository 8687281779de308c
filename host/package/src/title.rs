//! Paths of files inside a bundle: those that mean one and the same file on every system, and nothing else.
//!
//! Stricter than any system: letters, digits, `.`, `_`, `-` of ASCII. So there is no other spelling of a letter (Unicode
//! forms, right-to-left marks), no drive, no stream, no device, and collisions are those of capitals alone.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::refused::shown;
use crate::{Reason, Refused};

/// The longest path, in bytes.
const LONGEST: usize = 255;

/// Names that are devices on Windows, whatever follows a dot.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Refuses a path that is not one.
pub(crate) fn check(title: &str) -> Result<(), Refused> {
    match fault(title) {
        None => Ok(()),
        Some(why) => Err(Refused::new(Reason::Title, format!("the path \"{}\" of a file {why}", shown(title)))),
    }
}

/// What is wrong with a path.
fn fault(title: &str) -> Option<&'static str> {
    if title.is_empty() {
        return Some("is empty");
    }
    if title.len() > LONGEST {
        return Some("is longer than 255 bytes");
    }
    title.split('/').find_map(part_fault)
}

fn part_fault(part: &str) -> Option<&'static str> {
    if part.is_empty() {
        return Some("is not relative, or has an empty part");
    }
    if !part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
        return Some("has other characters than ASCII letters, digits, `.`, `_`, `-` and `/`");
    }
    // Hidden files change what tools do in a folder that they lie in; `.` and `..` are caught here too.
    if part.starts_with('.') {
        return Some("has a part that begins with a dot");
    }
    if part.ends_with('.') {
        return Some("has a part that ends with a dot");
    }
    let stem = part.split('.').next().unwrap_or(part).to_ascii_lowercase();
    let port = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    if DEVICES.contains(&stem.as_str()) || port("com") || port("lpt") {
        return Some("has a part that is a device on Windows");
    }
    None
}

/// The paths of one bundle, so far: notices what would be one file on some system, or a file in a file's place.
#[derive(Default)]
pub(crate) struct Titles {
    /// By lower-case spelling: the spelling, and whether it is a folder.
    seen: BTreeMap<String, (String, bool)>,
}

impl Titles {
    /// Adds a path that was checked.
    pub(crate) fn add(&mut self, title: &str) -> Result<(), Refused> {
        let ends = title.match_indices('/').map(|(at, _)| (at, true)).chain([(title.len(), false)]);
        for (end, folder) in ends {
            let path = &title[..end];
            match self.seen.entry(path.to_ascii_lowercase()) {
                Entry::Vacant(free) => {
                    free.insert((path.to_owned(), folder));
                }
                // A folder is met often, by one spelling; a file once.
                Entry::Occupied(seen) if folder && *seen.get() == (path.to_owned(), true) => {}
                Entry::Occupied(seen) => {
                    let message = format!("the paths \"{}\" and \"{title}\" collide on some system", seen.get().0);
                    return Err(Refused::new(Reason::TitleCollision, message));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_that_mean_one_file_everywhere_are_taken() {
        let longest = "a".repeat(LONGEST);
        for title in
            ["bundle.toml", "users/tests/all.har", "a", "A-b_c.1/x", "common", "com", "com10", "console.js", &longest]
        {
            assert_eq!(check(title), Ok(()), "{title}");
        }
        let too_long = "a".repeat(LONGEST + 1);
        let bad = [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/..",
            "./a",
            "a/./b",
            "a\\b",
            "\\\\x\\y",
            "c:",
            "c:/a",
            "a:b",
            "a\0",
            "a\n",
            "a\u{1b}[31m",
            "a b",
            " a",
            "a ",
            "a.",
            "a./b",
            "con",
            "CON",
            "nul.txt",
            "x/Aux.js/y",
            "com1",
            "LPT9.toml",
            "com0",
            ".git/config",
            "x/.env",
            "\u{e9}",
            "e\u{301}",
            "\u{202e}x",
            "\u{212a}",
            "a%2f..",
            "~/a",
            "a*",
            "$x",
            &too_long,
        ];
        for title in bad {
            let refused = check(title).unwrap_err();
            assert_eq!(refused.reason, Reason::Title, "{title:?}");
            assert!(refused.message.chars().all(|c| (' '..='~').contains(&c)), "{}", refused.message);
        }
    }

    #[test]
    fn what_is_one_file_on_some_system_collides() {
        let collides = |titles: &[&str]| {
            let mut all = Titles::default();
            titles.iter().any(|title| all.add(title).is_err_and(|refused| refused.reason == Reason::TitleCollision))
        };
        assert!(!collides(&["a", "b/a", "b/c", "b/d/a", "bb"]));
        for titles in
            [["a", "a"], ["a", "A"], ["a/b", "A/c"], ["a", "a/b"], ["a/b", "a"], ["x/README.md", "x/readme.md"]]
        {
            assert!(collides(&titles), "{titles:?}");
        }
    }
}
