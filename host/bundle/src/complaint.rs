//! What an interpreter's `load` says of sources that it does not accept: the JSON list of the contract (`load` in
//! `wit/preset.wit`).
//!
//! Owns: reading that list into [`Diagnostics`] that point into the author's files. Keeps true: whatever a component says is
//! told within bounds, and only of files that it was given.

use presetter_manifest::{Diagnostic, Diagnostics};
use presetter_template::Problem;
use serde::Deserialize;

/// Mistakes that are told.
const MOST: usize = 20;
/// The longest message and hint, in characters.
const CHARS: usize = 1000;

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

/// The mistakes that `list` tells of these sources (path and text); `shown` says how a path is named to a person.
///
/// # Errors
/// It is no such list, or tells of no file that was given: the list as it came, cut where it is long.
pub fn complaints(
    list: &str,
    sources: &[(String, String)],
    shown: impl Fn(&str) -> String,
) -> Result<Diagnostics, String> {
    let short = |text: &str| text.chars().take(CHARS).collect::<String>();
    let told = |complaint: Complaint| -> Option<Diagnostic> {
        let (file, text) = sources.iter().find(|(file, _)| *file == complaint.file)?;
        let mut problem = Problem::new(short(&complaint.message), complaint.start..complaint.end);
        problem.hint = complaint.hint.as_deref().map(short);
        Some(Diagnostic { file: shown(file), source: text.as_str().into(), problem })
    };
    let read: Vec<Complaint> = serde_json::from_str(list).map_err(|_| short(list))?;
    let told: Vec<Diagnostic> = read.into_iter().filter_map(told).take(MOST).collect();
    if told.is_empty() { Err(short(list)) } else { Ok(Diagnostics(told)) }
}

#[cfg(test)]
mod tests {
    use super::complaints;

    fn told(list: &str) -> Result<String, String> {
        let sources = [("thing/run.js".to_owned(), "let ä = ;\n".to_owned())];
        complaints(list, &sources, |file| format!("./acme/{file}")).map(|told| told.to_string())
    }

    #[test]
    fn a_mistake_points_into_the_authors_file() {
        let list = r#"[{"file":"thing/run.js","message":"no value","start":9,"end":10,"hint":"write one"}]"#;
        let told = told(list).unwrap();
        for part in ["error: no value", "./acme/thing/run.js:1:9", "let ä = ;", "help: write one"] {
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn what_is_no_list_or_points_elsewhere_has_no_place() {
        for list in ["", "sorry", "[]", "{}", r#"[{"file":"/etc/passwd","message":"x","start":0,"end":0}]"#] {
            assert_eq!(told(list), Err(list.to_owned()));
        }
        assert_eq!(told(&"x".repeat(5000)).unwrap_err().len(), 1000);
        // Places outside of the file are brought inside.
        assert!(told(r#"[{"file":"thing/run.js","message":"x","start":900,"end":4}]"#).is_ok());
    }
}
