//! JUnit XML, as CI systems read it.
//!
//! Owns: how a suite and a test case are written. Keeps: the document is well-formed, whatever stands in a name or a message.

use std::time::Duration;

use crate::markup::escaped;

/// How a document begins.
pub(crate) const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// A test case.
pub(crate) struct Test<'t> {
    pub(crate) name: &'t str,
    /// The suite that it is in.
    pub(crate) suite: &'t str,
    /// The file in which it stands.
    pub(crate) file: &'t str,
    /// The line, if it is known.
    pub(crate) line: Option<u64>,
    pub(crate) took: Duration,
    pub(crate) verdict: Verdict<'t>,
}

/// What came of a test case.
pub(crate) enum Verdict<'t> {
    Passed,
    /// Nothing was to be done.
    Skipped(&'t str),
    /// It is not as it should be: of which type, one sentence, and all of it.
    Failure(&'t str, &'t str, &'t str),
    /// Nobody can say: of which type, one sentence, and all of it.
    Error(&'t str, &'t str, &'t str),
}

/// The numbers of a document or a suite.
#[derive(Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) tests: u64,
    pub(crate) failures: u64,
    pub(crate) errors: u64,
    pub(crate) took: Duration,
}

impl Test<'_> {
    /// The element, with its line break.
    pub(crate) fn element(&self) -> String {
        let line = self.line.map(|line| format!(" line=\"{line}\"")).unwrap_or_default();
        let begin = format!(
            "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\"{line} time=\"{}\"",
            escaped(self.name),
            escaped(self.suite),
            escaped(self.file),
            seconds(self.took),
        );
        let (element, kind, message, details) = match self.verdict {
            Verdict::Passed => return format!("{begin}/>\n"),
            Verdict::Skipped(message) => {
                return format!("{begin}>\n      <skipped message=\"{}\"/>\n    </testcase>\n", escaped(message));
            }
            Verdict::Failure(kind, message, details) => ("failure", kind, message, details),
            Verdict::Error(kind, message, details) => ("error", kind, message, details),
        };
        format!(
            "{begin}>\n      <{element} message=\"{}\" type=\"{}\">{}</{element}>\n    </testcase>\n",
            escaped(message),
            escaped(kind),
            escaped(details),
        )
    }
}

impl Counts {
    /// The attributes that a document and its suites share.
    pub(crate) fn attributes(&self, name: &str) -> String {
        let Self { tests, failures, errors, took } = self;
        let (name, time) = (escaped(name), seconds(*took));
        format!(" name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{time}\"")
    }
}

fn seconds(took: Duration) -> String {
    format!("{:.3}", took.as_secs_f64())
}
