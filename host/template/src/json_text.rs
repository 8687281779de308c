//! The leaves of a JSON template: strings with holes in them, and numbers and words.
//!
//! Owns how the author's own characters are checked. They are kept as written (escapes, digits), so every piece must
//! be valid JSON by itself: no escape may be cut by a tag.

use crate::Problem;
use crate::cursor::{Cursor, Peek};
use crate::json::{Parser, Part, incomplete};
use crate::tree::Node;

/// A string, from its opening quote to its closing one.
pub(crate) fn string(parser: &mut Parser<'_>, cursor: &mut Cursor<'_, '_>) -> Result<Vec<Part>, Problem> {
    let open = cursor.here();
    cursor.bump();
    let parts = parts(parser, cursor)?;
    if cursor.eat('"') {
        return Ok(parts);
    }
    Err(incomplete(cursor, "this quote is not closed", Some(open)))
}

/// What is inside a string, up to a quote or the end of the branch.
fn parts(parser: &mut Parser<'_>, cursor: &mut Cursor<'_, '_>) -> Result<Vec<Part>, Problem> {
    let mut parts = Vec::new();
    loop {
        match cursor.peek() {
            Peek::Char('"') | Peek::End => return Ok(parts),
            Peek::Char(_) => parts.push(Part::Text(text(cursor)?)),
            Peek::Tag(Node::Hole(hole)) => {
                cursor.bump();
                parts.push(Part::Hole(hole.clone()));
            }
            Peek::Tag(Node::Block(block)) => {
                cursor.bump();
                let block = parser.block(block, |parser, cursor| {
                    let parts = self::parts(parser, cursor)?;
                    match cursor.peek() {
                        Peek::End => Ok(parts),
                        _ => Err(incomplete(cursor, "", None)),
                    }
                })?;
                parts.push(Part::Block(Box::new(block)));
            }
            Peek::Tag(Node::Text(_)) => cursor.bump(),
        }
    }
}

/// The author's characters up to a quote, a tag or the end; checked, and kept as written.
fn text(cursor: &mut Cursor<'_, '_>) -> Result<String, Problem> {
    let start = cursor.here().start;
    let mut text = String::new();
    while let Peek::Char(c) = cursor.peek() {
        let at = cursor.here();
        match c {
            '"' => break,
            c if c < ' ' => {
                let name = if c == '\n' { "a line break" } else { "a control character" };
                return Err(Problem::new(format!("{name} cannot stand inside a JSON string"), at)
                    .with_hint("write \\n for a line break, \\t for a tab, or close the quote before it"));
            }
            '\\' => escape(cursor, &mut text)?,
            c => {
                text.push(c);
                cursor.bump();
            }
        }
    }
    // What is left to go wrong are halves of surrogate pairs.
    match serde_json::from_str::<String>(&format!("\"{text}\"")) {
        Ok(_) => Ok(text),
        Err(_) => {
            Err(Problem::new("half of a character (a lone \\ud800 to \\udfff) in this text", start..cursor.after())
                .with_hint("write the character itself"))
        }
    }
}

fn escape(cursor: &mut Cursor<'_, '_>, text: &mut String) -> Result<(), Problem> {
    let start = cursor.here().start;
    let bad = |cursor: &Cursor<'_, '_>| {
        Problem::new("this is not an escape of JSON", start..cursor.after())
            .with_hint("there are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u with four hex digits")
    };
    text.push('\\');
    cursor.bump();
    let digits = match cursor.peek() {
        Peek::Char(c @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => {
            text.push(c);
            0
        }
        Peek::Char('u') => {
            text.push('u');
            4
        }
        _ => return Err(bad(cursor)),
    };
    cursor.bump();
    for _ in 0..digits {
        match cursor.peek() {
            Peek::Char(c) if c.is_ascii_hexdigit() => text.push(c),
            _ => return Err(bad(cursor)),
        }
        cursor.bump();
    }
    Ok(())
}

/// A number, `true`, `false` or `null`, as written.
pub(crate) fn literal(cursor: &mut Cursor<'_, '_>) -> Result<String, Problem> {
    let mut at = cursor.here();
    let mut text = String::new();
    while let Peek::Char(c) = cursor.peek() {
        if !(c.is_alphanumeric() || matches!(c, '+' | '-' | '.' | '_')) {
            break;
        }
        text.push(c);
        cursor.bump();
    }
    if text.is_empty() {
        let found = match cursor.peek() {
            Peek::Char(c) => format!("{c:?} does not belong in JSON"),
            _ => "a value is missing here".to_owned(),
        };
        return Err(Problem::new(found, at).with_hint("texts and names stand in double quotes"));
    }
    at.end = cursor.after();
    let is_word = matches!(text.as_str(), "true" | "false" | "null");
    if is_word || serde_json::from_str::<serde_json::Number>(&text).is_ok() {
        return Ok(text);
    }
    let problem = Problem::new(format!("{text} is not a value of JSON"), at);
    Err(if text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+' || c == '.') {
        problem.with_hint("a number looks like 12, -3 or 1.5; anything else stands in double quotes")
    } else {
        problem.with_hint(format!("write \"{text}\" for a text, or {{{{{text}}}}} for a value of that name"))
    })
}
