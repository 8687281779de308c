//! Takes out of a text what differs from run to run: ports, folders, names of runs, durations, dates, digests.

use regex_lite::Regex;

use crate::stage::Stage;

/// The rules for the texts of one stage.
#[derive(Debug)]
pub struct Normal {
    plain: Vec<(String, &'static str)>,
    patterns: Vec<(Regex, &'static str)>,
}

impl Normal {
    /// The rules for a stage.
    pub fn of(stage: &Stage) -> Self {
        let folder = stage.folder();
        let mut plain = vec![(folder.display().to_string(), "DIR"), (stage.address().to_string(), "127.0.0.1:PORT")];
        // The folder of temporary files may be a link.
        if let Ok(real) = folder.canonicalize() {
            plain.insert(0, (real.display().to_string(), "DIR"));
        }
        let patterns = [
            (r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "RUN"),
            (r"\b[0-9a-f]{64}\b", "DIGEST"),
            (r"\b[0-9]+(\.[0-9]+)? (ms|s)\b", "TIME"),
            (r#""duration_ms":[0-9.]+"#, r#""duration_ms":TIME"#),
            (r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} 20[0-9]{2} [0-9:]{8} GMT", "DATE"),
            (r"PHPSESSID=[^;\x22]*", "PHPSESSID=ID"),
        ];
        let patterns = patterns.map(|(pattern, with)| (Regex::new(pattern).unwrap(), with)).to_vec();
        Self { plain, patterns }
    }

    /// A text that is the same in every run.
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (from, to) in &self.plain {
            text = text.replace(from, to);
        }
        for (pattern, with) in &self.patterns {
            text = pattern.replace_all(&text, *with).into_owned();
        }
        text
    }
}
