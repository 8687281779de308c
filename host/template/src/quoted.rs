//! Strings in quotes, inside tags: `"a b"`, `'a b'`, with JSON's escapes.

use crate::Problem;
use crate::lex::Lexer;

impl Lexer<'_> {
    /// A string in either kind of quotes, with JSON's escapes.
    pub(crate) fn quoted(&mut self) -> Result<String, Problem> {
        let open = self.here();
        let Some(quote) = self.peek() else {
            return Err(self.no_name());
        };
        let unclosed = || Problem::new(format!("this {quote} is not closed"), open.clone());
        self.pos += 1;
        let mut text = String::new();
        loop {
            let at = self.pos;
            let c = self.peek().ok_or_else(unclosed)?;
            self.pos += c.len_utf8();
            if c == quote {
                return Ok(text);
            }
            if c != '\\' {
                text.push(c);
                continue;
            }
            let escaped = self.peek().ok_or_else(unclosed)?;
            self.pos += escaped.len_utf8();
            text.push(match escaped {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\u{8}',
                'f' => '\u{c}',
                '"' | '\'' | '\\' | '/' => escaped,
                'u' => self.unicode().ok_or_else(|| {
                    Problem::new("\\u needs the four hex digits of a character", at..self.pos)
                        .with_hint("write the character itself")
                })?,
                other => {
                    return Err(Problem::new(format!("\\{other} is not an escape"), at..self.pos)
                        .with_hint("a backslash itself is written \\\\"));
                }
            });
        }
    }

    /// Four hex digits after `\u`, or two such for a character beyond the sixteen-bit ones.
    fn unicode(&mut self) -> Option<char> {
        let mut unit = || {
            let digits = self.rest().get(..4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
            self.pos += 4;
            u32::from_str_radix(digits, 16).ok()
        };
        let high = unit()?;
        if !(0xD800..0xDC00).contains(&high) {
            return char::from_u32(high);
        }
        if !self.eat("\\u") {
            return None;
        }
        let low = self.rest().get(..4).and_then(|d| u32::from_str_radix(d, 16).ok())?;
        self.pos += 4;
        (0xDC00..0xE000).contains(&low).then(|| char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)))?
    }
}
