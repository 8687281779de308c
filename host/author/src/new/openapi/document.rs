//! An OpenAPI document: its text as a value, and references inside of it.
//!
//! Owns reading within bounds, and `$ref`. Must never: follow a reference out of the document, to a file or the network.

use std::borrow::Cow;
use std::cell::Cell;

use presetter_manifest::Diagnostics;
use presetter_template::Problem;
use serde_json::Value;

use super::yaml;
use crate::new::Error;

/// The largest document that is read, in bytes. The largest public ones have some twelve million.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// The longest line that is shown around a mistake, in bytes.
const SHOWN: usize = 400;
/// References in a row.
const CHAIN: usize = 16;
/// How many parts of a document are looked at for one operation.
const LOOKS: usize = 20_000;

/// A document.
pub(crate) struct Document {
    pub(crate) root: Value,
    looks: Cell<usize>,
}

impl Document {
    /// Reads a document, JSON or YAML, and looks whether it is OpenAPI 3.
    pub(crate) fn read(file: &str, text: &str) -> Result<Self, Error> {
        if text.len() > MOST_BYTES {
            let message = format!("{file} has {} bytes; a document may have {MOST_BYTES}", text.len());
            return Err(Error::usage(message, "take the part with the operation out of it"));
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let wrong = |message: String, at: usize, hint: &str| misplaced(file, text, message, at, hint);
        let root: Value = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| {
                let start: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
                let message = error.to_string();
                let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
                wrong(
                    format!("this is not JSON: {message}"),
                    start + error.column().saturating_sub(1),
                    "is it the whole document?",
                )
            })?
        } else {
            yaml::read(text).map_err(|bad| {
                let at = text.char_indices().nth(bad.at).map_or(text.len(), |(at, _)| at);
                wrong(format!("this is not YAML: {}", bad.message), at, "is it the whole document?")
            })?
        };
        let version = root.get("openapi").and_then(Value::as_str).unwrap_or_default();
        if !version.starts_with("3.") {
            let (message, help) = match root.get("swagger").is_some() {
                true => (
                    "this is Swagger 2.0",
                    "convert it to OpenAPI 3 first: editor.swagger.io does, and the program swagger2openapi",
                ),
                false => ("this is not OpenAPI 3", "it has a line like openapi: 3.1.0"),
            };
            return Err(wrong(message.to_owned(), text.find("swagger").unwrap_or_default(), help));
        }
        Ok(Self { root, looks: Cell::new(0) })
    }

    /// What a value is, its references followed. Nothing if one leads nowhere, out of the document, or in a circle.
    pub(crate) fn look<'a>(&'a self, value: &'a Value) -> Option<&'a Value> {
        self.looks.set(self.looks.get() + 1);
        if self.looks.get() > LOOKS {
            return None;
        }
        let mut value = value;
        for _ in 0..CHAIN {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return Some(value) };
            let pointer = reference.strip_prefix('#')?;
            let pointer = percent_encoding::percent_decode_str(pointer).decode_utf8().unwrap_or(Cow::Borrowed(pointer));
            value = self.root.pointer(&pointer)?;
        }
        None
    }

    /// A member, its references followed.
    pub(crate) fn get<'a>(&'a self, value: &'a Value, name: &str) -> Option<&'a Value> {
        value.get(name).and_then(|value| self.look(value))
    }
}

/// A mistake with its place. A line of a document may be the whole of it; such a one is not shown.
fn misplaced(file: &str, text: &str, message: String, at: usize, hint: &str) -> Error {
    let at = text.floor_char_boundary(at.min(text.len()));
    let begin = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    let problem = Problem::new(message, at..at).with_hint(hint);
    let diagnostics = Diagnostics::of(file, text, vec![problem]);
    if end - begin <= SHOWN {
        return Error::Invalid(diagnostics);
    }
    let (line, column) = diagnostics.0.first().map_or((1, 1), presetter_manifest::Diagnostic::position);
    let message = diagnostics.0.first().map_or("", |diagnostic| diagnostic.problem.message.as_str());
    Error::Unreadable { message: format!("{file}:{line}:{column}: {message}"), help: hint.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_stay_inside_and_end() {
        let text = r##"{"openapi":"3.0.0","a":{"$ref":"#/b~1c"},"b/c":{"x":1},"loop":{"$ref":"#/loop"},
            "out":{"$ref":"https://example.com/x"},"file":{"$ref":"other.json#/a"},"none":{"$ref":"#/none/at/all"},
            "sp":{"$ref":"#/d%20e"},"d e":2}"##;
        let document = Document::read("a.json", text).unwrap();
        let get = |name: &str| document.get(&document.root, name).cloned();
        assert_eq!(get("a"), Some(serde_json::json!({ "x": 1 })));
        assert_eq!(get("sp"), Some(2.into()));
        for name in ["loop", "out", "file", "none", "absent"] {
            assert_eq!(get(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_no_openapi_is_told() {
        for (text, said) in [
            ("{\"swagger\":\"2.0\"}", "Swagger 2.0"),
            ("{}", "not OpenAPI 3"),
            ("openapi: 2", "not OpenAPI 3"),
            ("{\n \"a\": }", "a.json:2:7"),
            ("a: [", "not YAML"),
            ("", "not OpenAPI 3"),
            (&format!("{{\"a\": {} }}", "x".repeat(500)), "a.json:1:7: this is not JSON"),
        ] {
            let told = Document::read("a.json", text).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(told.contains(said), "{text}: {told}");
        }
    }
}
