//! Places in an author's files.
//!
//! The engine counts lines and columns, both from 1, a column a character; the contract counts bytes.

use std::fmt;
use std::ops::Range;

use boa_engine::Context;
use boa_engine::vm::SourcePath;

/// A place in an author's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file, relative to the bundle's folder.
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl Place {
    /// Reads the place at the end of a line of a backtrace: `at run (thing/run.js:3:9)`.
    pub(crate) fn of_frame(line: &str) -> Option<Self> {
        // A function's name has no such mark in it, unless its author is out for mischief; a file's name may.
        let (_, place) = line.trim_end().strip_suffix(')')?.split_once(" (")?;
        let (rest, column) = place.rsplit_once(':')?;
        let (file, line) = rest.rsplit_once(':')?;
        Some(Self { file: file.to_owned(), line: line.parse().ok()?, column: column.parse().ok()? })
    }

    /// Where the script is right now.
    pub(crate) fn now(context: &Context) -> Option<Self> {
        context.stack_trace().find_map(|frame| {
            let at = frame.position();
            let (SourcePath::Path(file), Some(position)) = (at.path, at.position) else { return None };
            let file = file.to_str()?.to_owned();
            Some(Self { file, line: position.line_number(), column: position.column_number() })
        })
    }

    /// The place of a byte in a file.
    pub(crate) fn at(file: &str, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or_default();
        let (mut line, mut column, mut last) = (1, 1, ' ');
        for c in before.chars() {
            match c {
                '\n' if last == '\r' => {}
                '\n' | '\r' | '\u{2028}' | '\u{2029}' => (line, column) = (line + 1, 1),
                _ => column += 1,
            }
            last = c;
        }
        Self { file: file.to_owned(), line, column }
    }

    /// Where the place is, in bytes; the end of the text if it is behind it.
    pub(crate) fn offset(&self, text: &str) -> usize {
        offset(text, self.line, self.column)
    }

    /// The word at the place, in bytes.
    pub(crate) fn span(&self, text: &str) -> Range<usize> {
        let start = self.offset(text);
        start..start + word(&text[start..])
    }
}

/// Where a line and a column are, in bytes; the end of the text if they are behind it.
fn offset(text: &str, line: u32, column: u32) -> usize {
    let (mut at_line, mut at_column) = (1, 1);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if (at_line, at_column) >= (line, column) {
            return at;
        }
        // The line terminators of JavaScript.
        let ends = match c {
            '\r' => chars.peek().is_none_or(|(_, next)| *next != '\n'),
            '\n' | '\u{2028}' | '\u{2029}' => true,
            _ => false,
        };
        (at_line, at_column) = if ends { (at_line + 1, 1) } else { (at_line, at_column + 1) };
    }
    text.len()
}

/// The bytes of the word that a text begins with, or of the one character that is no word.
fn word(text: &str) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    match text.chars().next() {
        Some(first) if !is_word(first) && first != '\n' && first != '\r' => first.len_utf8(),
        _ => text.find(|c| !is_word(c)).unwrap_or(text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, line: u32, column: u32) -> &str {
        &text[Place { file: String::new(), line, column }.span(text)]
    }

    #[test]
    fn lines_and_columns_become_bytes() {
        let text = "let ä = 1;\r\nlet 😀b = c;\u{2028}d\n\ne()";
        assert_eq!(at(text, 1, 5), "ä");
        assert_eq!(at(text, 2, 5), "😀");
        assert_eq!(at(text, 2, 6), "b");
        assert_eq!(at(text, 2, 10), "c");
        assert_eq!(at(text, 3, 1), "d");
        assert_eq!(at(text, 4, 1), "");
        assert_eq!(at(text, 5, 2), "(");
        assert_eq!(at(text, 9, 9), "");
        for (offset, c) in text.char_indices().filter(|(_, c)| !c.is_whitespace()) {
            assert_eq!(Place::at("", text, offset).offset(text), offset, "{c}");
        }
    }

    #[test]
    fn a_line_of_a_backtrace_has_its_place() {
        let place = Place::of_frame("    at run (a (b)/run.js:3:19)").unwrap();
        assert_eq!(place.to_string(), "a (b)/run.js:3:19");
        for line in ["    at run (a/run.js:?:?)", "    at map (native)", "at x", ""] {
            assert_eq!(Place::of_frame(line), None, "{line}");
        }
    }
}
