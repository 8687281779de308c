//! The words of a CEL expression with the brackets around them: enough to take apart one that is known to compile.

use std::ops::Range;

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) span: Range<usize>,
    /// How many brackets are open around it; a bracket itself stands outside.
    pub(crate) depth: usize,
    pub(crate) what: What,
}

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A text, a number, or a plain word.
    Operand,
    /// An operator, a dot, a comma.
    Mark,
    Open,
    Close,
}

/// Operators of more than one character.
const LONG: [&str; 6] = ["==", "!=", "<=", ">=", "&&", "||"];

/// The words of an expression that compiles; of another text the result means nothing.
pub(crate) fn words(source: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(c) = source[at..].chars().next() {
        let rest = &source[at..];
        let (length, what) = match c {
            c if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            '/' if rest.starts_with("//") => {
                at += rest.find('\n').unwrap_or(rest.len());
                continue;
            }
            '"' | '\'' => (text(rest, false), What::Operand),
            'r' | 'R' if rest[1..].starts_with(['"', '\'']) => (1 + text(&rest[1..], true), What::Operand),
            c if c.is_ascii_digit() => (number(rest), What::Operand),
            c if c.is_alphanumeric() || c == '_' => {
                (rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len()), What::Operand)
            }
            '(' | '[' | '{' => (1, What::Open),
            ')' | ']' | '}' => (1, What::Close),
            c => (if LONG.iter().any(|long| rest.starts_with(long)) { 2 } else { c.len_utf8() }, What::Mark),
        };
        depth = depth.saturating_sub(usize::from(what == What::Close));
        words.push(Word { span: at..at + length, depth, what });
        depth += usize::from(what == What::Open);
        at += length;
    }
    words
}

/// The length of a text with its quotes.
fn text(rest: &str, raw: bool) -> usize {
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| rest.starts_with(quote)).unwrap_or("\"");
    let mut at = quote.len();
    while at < rest.len() {
        if rest[at..].starts_with(quote) {
            return at + quote.len();
        }
        let mut chars = rest[at..].chars();
        let escaped = chars.next().filter(|c| *c == '\\' && !raw).is_some();
        at += rest[at..].chars().take(1 + usize::from(escaped)).map(char::len_utf8).sum::<usize>();
    }
    rest.len()
}

/// The length of a number: `1`, `0x1F`, `1.5e-3`. A dot before a word is no part of it.
fn number(rest: &str) -> usize {
    let mut before = ' ';
    let hex = rest.starts_with("0x");
    let end = rest.char_indices().find(|(at, c)| {
        let next = rest[at + c.len_utf8()..].chars().next().unwrap_or(' ');
        let part = c.is_ascii_alphanumeric()
            || *c == '.' && next.is_ascii_digit()
            || matches!(c, '+' | '-') && matches!(before, 'e' | 'E') && !hex;
        before = *c;
        !part
    });
    end.map_or(rest.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str) -> Vec<&str> {
        words(source).into_iter().map(|word| &source[word.span]).collect()
    }

    #[test]
    fn words_are_told_apart() {
        assert_eq!(
            shown(r#"a.b[0]!=1.5e-3&&x in ["y\" ]",'''z'w'''] // c"#),
            ["a", ".", "b", "[", "0", "]", "!=", "1.5e-3", "&&", "x", "in", "[", r#""y\" ]""#, ",", "'''z'w'''", "]"]
        );
        assert_eq!(shown(r#"r"a\" == -1.x"#), [r#"r"a\""#, "==", "-", "1", ".", "x"]);
        assert_eq!(shown("é == 'ü'"), ["é", "==", "'ü'"]);
    }

    #[test]
    fn brackets_are_counted() {
        let depths: Vec<_> = words("a(b[c])").into_iter().map(|word| word.depth).collect();
        assert_eq!(depths, [0, 0, 1, 1, 2, 1, 0]);
    }
}
