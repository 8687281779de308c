//! Templates as text: literals that stay literals, and holes.
//!
//! Owns the escapes of `presetter-template`. Invariant: a literal means itself wherever it is written, whatever is in it.

use serde_json::Value;

/// A part of a text that is sent: written by the author, or the value of an input.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Literal(String),
    /// The input, by its name.
    Input(String),
}

/// A text that is sent: a part of a path, the value of a parameter or header.
pub(crate) type Line = Vec<Piece>;

/// A line that is one literal.
pub(crate) fn literal(text: &str) -> Line {
    vec![Piece::Literal(text.to_owned())]
}

/// A line that is one input.
pub(crate) fn input(name: &str) -> Line {
    vec![Piece::Input(name.to_owned())]
}

/// The literal that a line is, if it has no input.
pub(crate) fn fixed(line: &Line) -> Option<String> {
    line.iter()
        .map(|piece| match piece {
            Piece::Literal(text) => Some(text.as_str()),
            Piece::Input(_) => None,
        })
        .collect()
}

/// A line as a template. `hole` gives the tag's inside for an input: `x` or `optional x`.
pub(crate) fn written(line: &Line, hole: impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    for (at, piece) in line.iter().enumerate() {
        match piece {
            Piece::Literal(literal) => {
                let before_hole = matches!(line.get(at + 1), Some(Piece::Input(_)));
                text.push_str(&escaped(literal, before_hole));
            }
            // A brace right before a hole would make another tag of it.
            Piece::Input(name) if text.ends_with('{') => text.push_str(&format!("<<{}>>", hole(name))),
            Piece::Input(name) => text.push_str(&format!("{{{{{}}}}}", hole(name))),
        }
    }
    text
}

/// A literal outside of JSON: what would open a tag has a backslash before it, and backslashes there are doubled.
fn escaped(literal: &str, before_hole: bool) -> String {
    let mut text = String::new();
    let mut rest = literal;
    while let Some(at) = opening(rest) {
        let run = rest[at..].len() - rest[at..].trim_start_matches(&rest[at..=at]).len();
        text.push_str(&rest[..at]);
        text.push_str(&backslashes(&rest[..at]));
        text.push('\\');
        text.push_str(&rest[at..at + run]);
        rest = &rest[at + run..];
    }
    text.push_str(rest);
    if before_hole {
        text.push_str(&backslashes(rest));
    }
    text
}

/// As many backslashes as a text ends with.
fn backslashes(text: &str) -> String {
    "\\".repeat(text.len() - text.trim_end_matches('\\').len())
}

/// The next place that would be read as the opening of a tag.
fn opening(text: &str) -> Option<usize> {
    text.as_bytes().windows(2).position(|pair| pair == b"{{" || pair == b"<<")
}

/// A JSON string as part of a JSON template, with its quotes.
pub(crate) fn json_string(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    // In JSON text backslashes come in pairs there, so that one more makes the opening a literal.
    let mut out = String::new();
    let mut rest = quoted.as_str();
    while let Some(at) = opening(rest) {
        let run = rest[at..].len() - rest[at..].trim_start_matches(&rest[at..=at]).len();
        out.push_str(&rest[..at]);
        out.push('\\');
        out.push_str(&rest[at..at + run]);
        rest = &rest[at + run..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use presetter_template::{Context, Names, Template};

    use super::*;

    const HOSTILE: [&str; 9] = ["{{x}}", "a\\{{x", "a\\\\<<x>>", "{{{{", "<<<{{{<<", "plain", "{", "a\\", "\\{"];

    #[test]
    fn a_literal_means_itself() {
        for text in HOSTILE {
            let template = Template::compile(&written(&literal(text), str::to_owned), Context::Text).unwrap();
            assert_eq!(template.render(&Names::new()).unwrap(), text);
            assert!(template.variables().is_empty(), "{text}");
            let json = Template::compile(&json_string(text), Context::Json).unwrap();
            let read: Value = serde_json::from_str(&json.render(&Names::new()).unwrap()).unwrap();
            assert_eq!(read, text);
        }
    }

    #[test]
    fn a_hole_stays_one_beside_any_literal() {
        let value = Value::from("V");
        let names = Names::new().with("x", &value);
        for text in HOSTILE {
            let line = vec![Piece::Literal(text.into()), Piece::Input("x".into()), Piece::Literal(text.into())];
            let template = written(&line, str::to_owned);
            let compiled = Template::compile(&template, Context::Text).unwrap_or_else(|e| panic!("{template}: {e:?}"));
            assert_eq!(compiled.render(&names).unwrap(), format!("{text}V{text}"), "{template}");
        }
    }
}
