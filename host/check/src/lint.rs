//! The table of all lints: each has a name, what it means and why it is told.
//!
//! Owns the table, and the page of documentation that is made from it. A rule itself stands in a module of its own.

use presetter_manifest::Preset;

use crate::finding::{Level, Tell};
use crate::subject::{Manifest, Subject};
use crate::{allow, rules};

/// One lint.
#[derive(Debug)]
pub struct Lint {
    /// Its name, as it stands in brackets behind a message and in `allow`.
    pub name: &'static str,
    /// How much it weighs. An error cannot be allowed.
    pub level: Level,
    /// What it tells of, in a sentence.
    pub means: &'static str,
    /// Why it is told.
    pub why: &'static str,
    /// What `--fix` does about it; empty if that is for the author to decide.
    pub mended: &'static str,
    pub(crate) look: Look,
}

/// What a rule looks at.
#[derive(Debug)]
pub(crate) enum Look {
    /// The whole bundle: asked once, if all of it is right.
    Bundle(fn(&Subject, &mut Tell<'_>)),
    /// One preset after the other.
    Preset(fn(&Subject, &Manifest<Preset>, &mut Tell<'_>)),
    /// The whole bundle, then one preset after the other.
    Both(fn(&Subject, &mut Tell<'_>), fn(&Subject, &Manifest<Preset>, &mut Tell<'_>)),
    /// What others have told: see `allow`.
    Allow,
}

/// All lints, errors first, by name.
pub const LINTS: [Lint; 31] = [
    rules::missing_component::LINT,
    rules::missing_grant::LINT,
    allow::UNKNOWN,
    rules::wrong_pattern::LINT,
    rules::cel_types::LINT,
    rules::lookup_mismatch::LINT,
    rules::missing_help::LINT,
    rules::missing_not_found::LINT,
    rules::missing_readme::LINT,
    rules::missing_schema::LINT,
    rules::missing_summary::LINT,
    rules::missing_tests::LINT,
    rules::needless_choice::LINT,
    rules::needless_optional::LINT,
    rules::no_connection::LINT,
    rules::optional_input_required::LINT,
    rules::required_with_default::LINT,
    rules::secret_in_text::LINT,
    rules::single_page::LINT,
    rules::unreachable_rule::LINT,
    rules::unsure_repeat::LINT,
    rules::unusable_base_url::LINT,
    allow::UNUSED,
    rules::unused_connection::LINT,
    rules::unused_field::LINT,
    rules::unused_input::LINT,
    rules::unused_secret::LINT,
    rules::unused_setting::LINT,
    rules::unused_variant::LINT,
    rules::wide_grant::LINT,
    rules::wrong_value::LINT,
];

/// The page of documentation about all lints, in Markdown.
#[must_use]
pub fn page() -> String {
    let mut page = String::from(PREFACE);
    for level in [Level::Error, Level::Warning] {
        page += match level {
            Level::Error => {
                "\n## Errors\n\nBeside what is wrong with a manifest in itself, these keep a preset from doing what it is for. They cannot be allowed.\n"
            }
            Level::Warning => "\n## Warnings\n",
        };
        for lint in LINTS.iter().filter(|lint| lint.level == level) {
            page += &format!("\n### {}\n\n{} {}\n", lint.name, lint.means, lint.why);
            if !lint.mended.is_empty() {
                page += &format!("\n`--fix` {}.\n", lint.mended);
            }
        }
    }
    page
}

const PREFACE: &str = "\
# What `presetter check` tells

`presetter check` tells what can be known about a bundle without running it: all errors of its manifests, and *lints*. A lint has a name,
which stands in brackets behind its message. `--fix` mends what takes no decision, `--deny-warnings` ends with exit code 3 also for
warnings, `--format json` and `--format github` are for programs.

Where a warning is meant so, name it, in `preset.toml` for one preset or in `bundle.toml` for all, and say why:

    # The vendor answers 200 for what is not there.
    allow = [\"missing-not-found\"]

This page is made from the table in `host/check/src/lint.rs`; `cargo xtask schemas` writes it anew.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_says_something() {
        let names: Vec<_> = LINTS.iter().map(|lint| (lint.level, lint.name)).collect();
        assert!(names.is_sorted(), "{names:?}");
        for lint in &LINTS {
            assert!(lint.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", lint.name);
            assert!(lint.means.ends_with('.') && lint.why.ends_with('.'), "{}", lint.name);
        }
    }
}
