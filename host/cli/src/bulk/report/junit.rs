//! JUnit XML, for CI systems: a suite with a test case for each row.
//!
//! What ended well has passed, what was there already was skipped; what is unknown is an error, and everything else a failure.

use std::time::Duration;

use presetter_bulk::Kind;

use super::super::show::told;
use super::{About, Form, Told, Totals, padded};
use crate::junit::{Counts, HEAD, Test, Verdict};
use crate::markup::escaped;

pub(super) struct Junit {
    about: About,
}

impl Junit {
    pub(super) fn new(about: &About) -> Self {
        Self { about: about.clone() }
    }

    fn begins(&self, counts: &Counts, skipped: u64) -> String {
        let all = counts.attributes("presetter run --each");
        let suite = counts.attributes(&self.about.preset);
        let begun = escaped(&self.about.begun);
        format!("{HEAD}<testsuites{all}>\n  <testsuite{suite} skipped=\"{skipped}\" timestamp=\"{begun}\"")
    }
}

impl Form for Junit {
    /// Programs that read it know the numbers from the rows or from here; so they stand here too.
    fn head(&self, totals: &Totals) -> String {
        let failures = totals.of(Kind::Failed) + totals.of(Kind::NotFound) + totals.of(Kind::Invalid);
        let errors = totals.of(Kind::Unknown);
        let counts = Counts { tests: totals.rows(), failures, errors, took: totals.took };
        let widest = Counts { tests: u64::MAX, failures: u64::MAX, errors: u64::MAX, took: Duration::MAX };
        // Within a tag there may be any number of spaces.
        let begins = self.begins(&counts, totals.of(Kind::Skipped));
        padded(begins, self.begins(&widest, u64::MAX).len()) + ">\n"
    }

    fn row(&mut self, row: &Told<'_>) -> String {
        let (message, kind) = (row.text("message"), row.kind);
        let sentence = if message.is_empty() { told(kind) } else { message };
        let class = Some(row.text("class")).filter(|class| !class.is_empty()).unwrap_or(kind.name());
        let more = [("hint", row.text("hint")), ("evidence", row.text("evidence"))];
        let more = more.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("\n{name}: {text}"));
        let details = format!("{}: {sentence}{}", told(kind), more.collect::<String>());
        let verdict = match kind {
            Kind::Ok => Verdict::Passed,
            Kind::Skipped => Verdict::Skipped(sentence),
            Kind::Unknown => Verdict::Error(class, sentence, &details),
            Kind::NotFound | Kind::Invalid | Kind::Failed => Verdict::Failure(class, sentence, &details),
        };
        let name = row.row.name.clone().unwrap_or_else(|| format!("row {}", row.row.number));
        let line = row.row.name.is_none().then_some(row.row.line);
        let (suite, file) = (&self.about.preset, &self.about.rows);
        Test { name: &name, suite, file, line, took: row.took(), verdict }.element()
    }

    fn foot(&self, totals: &Totals) -> String {
        let stopped = totals
            .stopped
            .as_ref()
            .map(|why| format!("    <system-err>the run ended before its last row: {}</system-err>\n", escaped(why)));
        format!("{}  </testsuite>\n</testsuites>\n", stopped.unwrap_or_default())
    }
}
