//! Sources that an interpreter does not accept: what its `load` says of them, for the author.
//!
//! Owns: reading the list of the contract (`load` in `wit/preset.wit`) into [`Diagnostics`] that point into the author's files.
//! Keeps true: whatever a component says is read within bounds, and only points into files that it was given.

use presetter_manifest::{Diagnostic, Diagnostics, Limits};
use presetter_template::Problem;
use serde::Deserialize;
use serde_json::Value;

use crate::invocation::Invocation;
use crate::json;

/// Mistakes that are told.
const MOST: usize = 20;
/// The longest message and hint, in characters.
const CHARS: usize = 1000;

/// What `load` answered, as an error on the way out of an instance.
#[derive(Debug, thiserror::Error)]
#[error("it does not accept the preset: {0}")]
pub(crate) struct Refused(pub(crate) String);

/// One mistake, with its place.
#[derive(Deserialize)]
struct Complaint {
    file: String,
    message: String,
    #[serde(default)]
    start: usize,
    #[serde(default)]
    end: usize,
    #[serde(default)]
    hint: Option<String>,
}

impl Refused {
    /// The mistakes, each in its file; nothing if the answer is no such list, or names no file that was given.
    pub(crate) fn diagnostics(&self, invocation: &Invocation) -> Option<Diagnostics> {
        let document = invocation.source_document.as_deref()?;
        let document: Value = serde_json::from_str(document).ok()?;
        let bundle = invocation.bundle.file();
        let folder = bundle.strip_suffix("bundle.toml").unwrap_or_default();
        read(&self.0, &document["files"], folder, &invocation.limits)
    }
}

fn read(text: &str, files: &Value, folder: &str, limits: &Limits) -> Option<Diagnostics> {
    let list: Vec<Complaint> = json::read(text.as_bytes(), limits).ok()?;
    let short = |text: String| text.chars().take(CHARS).collect::<String>();
    let told = |complaint: Complaint| -> Option<Diagnostic> {
        let source = files[&complaint.file].as_str()?.into();
        let mut problem = Problem::new(short(complaint.message), complaint.start..complaint.end);
        problem.hint = complaint.hint.map(short);
        Some(Diagnostic { file: format!("{folder}{}", complaint.file), source, problem })
    };
    let told: Vec<Diagnostic> = list.into_iter().take(MOST).filter_map(told).collect();
    (!told.is_empty()).then_some(Diagnostics(told))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(text: &str) -> Option<String> {
        let files = json!({ "thing/run.js": "let ä = ;\n" });
        read(text, &files, "./acme/", &Limits::default()).map(|told| told.to_string())
    }

    #[test]
    fn a_mistake_points_into_the_authors_file() {
        let list = r#"[{"file":"thing/run.js","message":"no value","start":9,"end":10,"hint":"write one"}]"#;
        let shown = shown(list).unwrap();
        for part in ["error: no value", "./acme/thing/run.js:1:9", "let ä = ;", "help: write one"] {
            assert!(shown.contains(part), "{shown}");
        }
    }

    #[test]
    fn what_is_no_list_or_points_elsewhere_is_not_shown() {
        for text in ["", "sorry", "[]", "{}", r#"[{"file":"/etc/passwd","message":"x","start":0,"end":0}]"#] {
            assert_eq!(shown(text), None, "{text}");
        }
        // Places outside of the file are brought inside.
        assert!(shown(r#"[{"file":"thing/run.js","message":"x","start":900,"end":4}]"#).is_some());
    }
}
