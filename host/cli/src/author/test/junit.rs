//! A test run as JUnit XML, for CI systems: for each preset a suite with its cases, and one with its faults.

use std::time::Duration;

use presetter_trial::FaultTrial;

use super::report::{Report, Tried, fault_sentence, sentence};
use crate::junit::{Counts, HEAD, Test, Verdict};

/// A suite of the document.
struct Suite {
    name: String,
    tests: Vec<Tested>,
}

/// A test case of the document.
struct Tested {
    name: String,
    file: String,
    took: Duration,
    /// One sentence, and all of it.
    failure: Option<(String, String)>,
}

/// The document, without a line break at its end.
pub(crate) fn shown(report: &Report) -> String {
    let mut suites: Vec<Suite> = Vec::new();
    let mut add = |name: String, test: Tested| match suites.iter_mut().find(|suite| suite.name == name) {
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
    let mut xml = String::from(HEAD);
    xml.push_str(&format!("<testsuites{}>\n", counts(all, report.took).attributes(&name)));
    suites.iter().for_each(|suite| suite.write(&mut xml));
    xml.push_str("</testsuites>");
    xml
}

fn case(tried: &Tried) -> Tested {
    let mut details = Vec::new();
    for mismatch in &tried.trial.mismatches {
        details.push(format!("{}: {}", tried.place(mismatch), sentence(mismatch)));
        details.extend(mismatch.notes.iter().map(|note| format!("    {note}")));
    }
    let failure = tried.trial.mismatches.first().map(|first| (sentence(first), details.join("\n")));
    Tested { name: tried.case.name.clone(), file: tried.case.file.clone(), took: tried.trial.played.took, failure }
}

fn fault(trial: &FaultTrial) -> Tested {
    let failure = fault_sentence(trial).map(|sentence| (sentence.clone(), sentence));
    let name = format!("{} at request {}", trial.fault, trial.request);
    Tested { name, file: trial.file.clone(), took: trial.took, failure }
}

impl Suite {
    fn write(&self, xml: &mut String) {
        let took = self.tests.iter().map(|test| test.took).sum();
        let counts = counts(self.tests.iter(), took).attributes(&self.name);
        xml.push_str(&format!("  <testsuite{counts} skipped=\"0\">\n"));
        for Tested { name, file, took, failure } in &self.tests {
            let verdict = match failure {
                None => Verdict::Passed,
                Some((message, details)) => Verdict::Failure("mismatch", message, details),
            };
            let test = Test { name, suite: &self.name, file, line: None, took: *took, verdict };
            xml.push_str(&test.element());
        }
        xml.push_str("  </testsuite>\n");
    }
}

fn counts<'a>(tests: impl Iterator<Item = &'a Tested> + Clone, took: Duration) -> Counts {
    let failures = tests.clone().filter(|test| test.failure.is_some()).count() as u64;
    Counts { tests: tests.count() as u64, failures, errors: 0, took }
}
