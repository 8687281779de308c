//! What a check found: errors and warnings, each with its place, and what would mend it.
//!
//! Owns the values. They hold the text that was checked, so that a place stays true whatever becomes of the file.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use presetter_manifest::{Diagnostic, Diagnostics};
use presetter_template::Problem;

use crate::lint::Lint;
use crate::subject::Source;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It keeps a preset from running, or from ever doing what it is for.
    Error,
    /// It runs, and something about it is probably not as its author meant it.
    Warning,
}

impl Level {
    /// The word: `error`, `warning`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One thing that was found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// How much it weighs.
    pub level: Level,
    /// The lint that told it: a name of [`crate::LINTS`]. An error of the manifest itself has none.
    pub lint: Option<&'static str>,
    /// What is wrong, where, and what to do.
    pub diagnostic: Diagnostic,
    /// What would mend it, if that takes no decision.
    pub mend: Option<Mend>,
}

/// A change to one file that takes no decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mend {
    /// What is done, for people: `took out the unused allow "x"`.
    pub what: String,
    /// The changes, in any order.
    pub edits: Vec<Edit>,
}

/// A part of a text, and what is to stand in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Bytes of the text that was checked.
    pub span: Range<usize>,
    /// The new text.
    pub text: String,
}

/// All that was found, in the order of files and places; errors and warnings side by side.
#[derive(Debug, Clone)]
pub struct Report {
    /// What was found.
    pub findings: Vec<Finding>,
    /// How many presets were looked at.
    pub presets: usize,
}

impl Report {
    /// How many findings there are of a level.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }

    /// Adds what somebody else found, such as an interpreter in scripts.
    pub fn add(&mut self, errors: Diagnostics) {
        self.findings.splice(0..0, Finding::errors(errors));
    }

    /// One line: `2 errors, 3 warnings in 9 presets`.
    #[must_use]
    pub fn summary(&self) -> String {
        let some = |count: usize, what: &str| match count {
            0 => format!("no {what}s"),
            1 => format!("1 {what}"),
            count => format!("{count} {what}s"),
        };
        let found = match (self.count(Level::Error), self.count(Level::Warning)) {
            (0, 0) => "nothing to complain about".to_owned(),
            (errors, warnings) => format!("{}, {}", some(errors, "error"), some(warnings, "warning")),
        };
        format!("{found} in {}", some(self.presets, "preset"))
    }
}

impl Finding {
    /// An error of a manifest, or of something else that is no lint.
    pub(crate) fn error(diagnostic: Diagnostic) -> Self {
        Self { level: Level::Error, lint: None, diagnostic, mend: None }
    }

    /// Errors of one manifest.
    pub(crate) fn errors(diagnostics: Diagnostics) -> impl Iterator<Item = Self> {
        diagnostics.0.into_iter().map(Self::error)
    }

    /// What makes two findings the same.
    fn key(&self) -> (String, usize, Level, String) {
        let diagnostic = &self.diagnostic;
        (diagnostic.file.clone(), diagnostic.problem.span.start, self.level, diagnostic.problem.message.clone())
    }
}

/// Findings by file, in the order in which files were first met, then by place; none twice.
pub(crate) fn in_order(mut findings: Vec<Finding>, files: &[String]) -> Vec<Finding> {
    let rank = |file: &str| files.iter().position(|known| known == file).unwrap_or(files.len());
    findings.sort_by_key(|f| (rank(&f.diagnostic.file), f.key()));
    let mut seen = BTreeSet::new();
    findings.retain(|finding| seen.insert(finding.key()));
    findings
}

/// Where a rule tells what it found.
pub(crate) struct Tell<'a> {
    lint: &'static Lint,
    found: &'a mut Vec<Finding>,
}

impl<'a> Tell<'a> {
    pub(crate) fn new(lint: &'static Lint, found: &'a mut Vec<Finding>) -> Self {
        Self { lint, found }
    }

    /// Tells of a place in a file.
    pub(crate) fn at(&mut self, source: &Source, problem: Problem) {
        self.found.push(Finding {
            level: self.lint.level,
            lint: Some(self.lint.name),
            diagnostic: source.diagnostic(problem),
            mend: None,
        });
    }

    /// The same, with what would mend it.
    pub(crate) fn mendable(&mut self, source: &Source, problem: Problem, what: impl Into<String>, edits: Vec<Edit>) {
        self.at(source, problem);
        if let Some(finding) = self.found.last_mut() {
            finding.mend = Some(Mend { what: what.into(), edits });
        }
    }
}

impl Source {
    /// A problem of this text.
    pub(crate) fn diagnostic(&self, problem: Problem) -> Diagnostic {
        Diagnostic { file: self.file.clone(), source: Arc::clone(&self.text), problem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(file: &str, at: usize, level: Level, message: &str) -> Finding {
        let problem = Problem::new(message, at..at);
        Finding {
            level,
            lint: None,
            diagnostic: Diagnostic { file: file.into(), source: "".into(), problem },
            mend: None,
        }
    }

    #[test]
    fn findings_come_by_file_and_place_and_none_twice() {
        let all = vec![
            finding("b", 1, Level::Error, "m"),
            finding("a", 2, Level::Warning, "m"),
            finding("a", 1, Level::Warning, "m"),
            finding("b", 1, Level::Error, "m"),
        ];
        let sorted = in_order(all, &["b".into(), "a".into()]);
        let places: Vec<_> =
            sorted.iter().map(|f| (f.diagnostic.file.as_str(), f.diagnostic.problem.span.start)).collect();
        assert_eq!(places, [("b", 1), ("a", 1), ("a", 2)]);
    }

    #[test]
    fn the_summary_counts() {
        let report = |findings, presets| Report { findings, presets }.summary();
        assert_eq!(report(vec![], 9), "nothing to complain about in 9 presets");
        let some = vec![finding("a", 1, Level::Error, "m"), finding("a", 1, Level::Error, "n")];
        assert_eq!(report(some, 1), "2 errors, no warnings in 1 preset");
        assert_eq!(report(vec![finding("a", 1, Level::Warning, "m")], 0), "no errors, 1 warning in no presets");
    }
}
