//! A test run as JUnit XML, for CI systems: for each preset a suite with its cases, and one with its faults.
//!
//! Owns: the XML. Keeps: whatever stands in a name or a message, the document is well-formed: what XML 1.0 has no way to
//! write is replaced.

use std::fmt::Write as _;
use std::time::Duration;

use presetter_trial::FaultTrial;

use super::report::{Report, Tried, fault_sentence, sentence};

/// A suite of the document.
struct Suite {
    name: String,
    tests: Vec<Test>,
}

/// A test case of the document.
struct Test {
    name: String,
    file: String,
    took: Duration,
    /// One sentence, and all of it.
    failure: Option<(String, String)>,
}

/// The document, without a line break at its end.
pub(crate) fn shown(report: &Report) -> String {
    let mut suites: Vec<Suite> = Vec::new();
    let mut add = |name: String, test: Test| match suites.iter_mut().find(|suite| suite.name == name) {
        Some(suite) => suite.tests.push(test),
        None => suites.push(Suite { name, tests: vec![test] }),
    };
    for tried in &report.cases {
        add(format!("{}/{}", report.bundle, tried.case.preset), case(tried));
    }
    for trial in &report.faults {
        add(format!("{}/{} faults", report.bundle, trial.preset), fault(trial));
    }
    let all = suites.iter().flat_map(|suite| &suite.tests);
    let name = format!("presetter test {}", report.bundle);
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.push_str(&format!("<testsuites{}>\n", counts(&name, all, report.took)));
    suites.iter().for_each(|suite| suite.write(&mut xml));
    xml.push_str("</testsuites>");
    xml
}

fn case(tried: &Tried) -> Test {
    let mut details = Vec::new();
    for mismatch in &tried.trial.mismatches {
        details.push(format!("{}: {}", tried.place(mismatch), sentence(mismatch)));
        details.extend(mismatch.notes.iter().map(|note| format!("    {note}")));
    }
    let failure = tried.trial.mismatches.first().map(|first| (sentence(first), details.join("\n")));
    Test { name: tried.case.name.clone(), file: tried.case.file.clone(), took: tried.trial.played.took, failure }
}

fn fault(trial: &FaultTrial) -> Test {
    let failure = fault_sentence(trial).map(|sentence| (sentence.clone(), sentence));
    let name = format!("{} at request {}", trial.fault, trial.request);
    Test { name, file: trial.file.clone(), took: trial.took, failure }
}

impl Suite {
    fn write(&self, xml: &mut String) {
        let took = self.tests.iter().map(|test| test.took).sum();
        xml.push_str(&format!("  <testsuite{} skipped=\"0\">\n", counts(&self.name, self.tests.iter(), took)));
        for test in &self.tests {
            // Writing to a String cannot fail.
            let _ = write!(
                xml,
                "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" time=\"{}\"",
                escaped(&test.name),
                escaped(&self.name),
                escaped(&test.file),
                seconds(test.took),
            );
            let _ = match &test.failure {
                None => writeln!(xml, "/>"),
                Some((message, details)) => writeln!(
                    xml,
                    ">\n      <failure message=\"{}\" type=\"mismatch\">{}</failure>\n    </testcase>",
                    escaped(message),
                    escaped(details),
                ),
            };
        }
        xml.push_str("  </testsuite>\n");
    }
}

/// The attributes that the document and its suites share.
fn counts<'a>(name: &str, tests: impl Iterator<Item = &'a Test> + Clone, took: Duration) -> String {
    let failed = tests.clone().filter(|test| test.failure.is_some()).count();
    format!(
        " name=\"{}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" time=\"{}\"",
        escaped(name),
        tests.count(),
        seconds(took)
    )
}

fn seconds(took: Duration) -> String {
    format!("{:.3}", took.as_secs_f64())
}

/// A text for an attribute or an element.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            // XML 1.0 has no way to write the other control characters and these two.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('?'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_breaks_out() {
        assert_eq!(escaped("a\"b'<c>&\n\t\u{1b}\u{0}\u{85}\u{ffff}é"), "a&quot;b&apos;&lt;c&gt;&amp;&#10;&#9;????é");
    }
}
