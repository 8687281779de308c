//! The tokens of an expression, and the bounds on them.
//!
//! Owns the bounds on source text and the messages for what the parser need not see: open brackets and strings, stray
//! characters, `=` for `==`. It must never accept a text that could overflow the parser's stack, or that of any later
//! walk over the tree: brackets, `?`, and each further link of a chain such as `a.b.c` or `1 + 1 + 1` deepen both, so
//! all are counted here, in one pass without recursion. (`&&` and `||` do not: however many there are, they are one node.)

use std::ops::Range;

use presetter_template::Problem;

/// The longest source in bytes: an expression is a line or two, and 4 KiB is fifty.
pub const MAX_SOURCE: usize = 4 * 1024;
/// The deepest that an expression may go: brackets within each other, plus the links of the chains that lead there, plus
/// every `?`. Each level costs the parser up to 12 KiB of stack where it is not optimised, and a guest has half a megabyte in all.
pub const MAX_NESTING: usize = 32;
/// The most tokens: room for thirty comparisons.
pub const MAX_TOKENS: usize = 256;
/// How many macros may stand within each other: `a.all(x, b.exists(y, ..))` is two.
pub const MAX_MACRO_DEPTH: usize = 2;

/// What the scanner found, in order, with comments and white space left out.
pub(crate) type Token = Range<usize>;

/// Splits a source into tokens, or says why it is out of bounds or no expression.
pub(crate) fn scan(source: &str) -> Result<Vec<Token>, Problem> {
    if source.len() > MAX_SOURCE {
        let start = source.floor_char_boundary(MAX_SOURCE);
        let message = format!("this expression is too long: {} bytes, at most {MAX_SOURCE} are allowed", source.len());
        return Err(Problem::new(message, start..source.len()));
    }
    let mut scanner = Scanner { source, at: 0, tokens: Vec::new(), open: Vec::new(), depth: 0, choices: 0 };
    while scanner.token()? {}
    if let Some((open, _)) = scanner.open.pop() {
        return Err(Problem::new(format!("this `{}` is never closed", &source[open..=open]), open..open + 1));
    }
    if scanner.tokens.is_empty() {
        let hint = "write a condition such as response.status == \"OK\"";
        return Err(Problem::new("the expression is empty", 0..source.len()).with_hint(hint));
    }
    Ok(scanner.tokens)
}

struct Scanner<'a> {
    source: &'a str,
    at: usize,
    tokens: Vec<Token>,
    /// The brackets that are still open: where each stands, and the depth before it.
    open: Vec<(usize, usize)>,
    /// How deep the current place is in brackets and chains.
    depth: usize,
    /// How many `?` there were.
    choices: usize,
}

impl Scanner<'_> {
    /// Takes one token or a stretch of white space or comment; false at the end.
    fn token(&mut self) -> Result<bool, Problem> {
        let rest = &self.source[self.at..];
        let Some(first) = rest.chars().next() else { return Ok(false) };
        let length = match first {
            ' ' | '\t' | '\r' | '\n' | '\x0c' => {
                self.at += 1;
                return Ok(true);
            }
            '/' if rest.starts_with("//") => {
                self.at += rest.find('\n').unwrap_or(rest.len());
                return Ok(true);
            }
            '"' | '\'' => self.text(0, false)?,
            'r' | 'R' if rest[1..].starts_with(['"', '\'']) => self.text(1, true)?,
            'b' | 'B' if rest[1..].starts_with(['"', '\'']) => return Err(self.no_bytes(2)),
            'b' | 'B' if rest[1..].starts_with(['r', 'R']) && rest[2..].starts_with(['"', '\'']) => {
                return Err(self.no_bytes(3));
            }
            'a'..='z' | 'A'..='Z' | '_' => self.word(rest)?,
            '0'..='9' => number(rest),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => number(rest),
            '(' | '[' | '{' => self.opened(rest)?,
            ')' | ']' | '}' => self.closed(first)?,
            _ => self.operator(rest, first)?,
        };
        if self.tokens.len() == MAX_TOKENS {
            let message = format!("this expression has too many parts: at most {MAX_TOKENS} are allowed");
            return Err(Problem::new(message, self.at..self.at + length).with_hint("split it, or write it shorter"));
        }
        self.tokens.push(self.at..self.at + length);
        self.at += length;
        Ok(true)
    }

    fn word(&mut self, rest: &str) -> Result<usize, Problem> {
        let length = count(rest, |c| c.is_ascii_alphanumeric() || c == '_');
        if &rest[..length] == "in" {
            self.deeper()?;
        }
        Ok(length)
    }

    fn opened(&mut self, rest: &str) -> Result<usize, Problem> {
        if rest.starts_with("{{") {
            let hint = "names stand bare in a condition: response.status, not {{response.status}}";
            return Err(Problem::new("`{{` has no place in a condition", self.at..self.at + 2).with_hint(hint));
        }
        self.open.push((self.at, self.depth));
        self.deeper()?;
        Ok(1)
    }

    fn closed(&mut self, bracket: char) -> Result<usize, Problem> {
        let here = self.at..self.at + 1;
        let Some((open, before)) = self.open.pop() else {
            return Err(Problem::new(format!("this `{bracket}` was never opened"), here));
        };
        let wanted = match self.source.as_bytes()[open] {
            b'(' => ')',
            b'[' => ']',
            _ => '}',
        };
        if bracket != wanted {
            let opener = &self.source[open..=open];
            let message = format!("`{opener}` is closed by `{bracket}`, but needs `{wanted}`");
            return Err(Problem::new(message, here));
        }
        // The call or index that may end here is a link of the chain around it.
        self.depth = before;
        self.deeper()?;
        Ok(1)
    }

    fn deeper(&mut self) -> Result<(), Problem> {
        if self.depth + self.choices == MAX_NESTING {
            let message = format!("this expression goes too deep: at most {MAX_NESTING} levels are allowed");
            let hint = "take out brackets, or parts of the longest chain of + or . before this place";
            return Err(Problem::new(message, self.at..self.at + 1).with_hint(hint));
        }
        self.depth += 1;
        Ok(())
    }

    /// A new part begins, as deep as its brackets only.
    fn restart(&mut self) {
        self.depth = self.open.last().map_or(0, |(_, before)| before + 1);
    }

    fn operator(&mut self, rest: &str, first: char) -> Result<usize, Problem> {
        if rest.starts_with("&&") || rest.starts_with("||") {
            self.restart();
            return Ok(2);
        }
        if ["==", "!=", "<=", ">="].iter().any(|long| rest.starts_with(long)) {
            self.deeper()?;
            return Ok(2);
        }
        match first {
            '?' => {
                self.restart();
                self.deeper()?;
                self.depth -= 1;
                self.choices += 1;
                return Ok(1);
            }
            ',' | ':' => {
                self.restart();
                return Ok(1);
            }
            '<' | '>' | '+' | '-' | '*' | '/' | '%' | '.' => {
                self.deeper()?;
                return Ok(1);
            }
            '!' => return Ok(1),
            _ => {}
        }
        let problem = Problem::new(
            format!("`{}` has no meaning in a condition", first.escape_debug()),
            self.at..self.at + first.len_utf8(),
        );
        Err(match first {
            '=' => problem.with_hint("two equals signs compare: response.status == \"OK\""),
            '&' => problem.with_hint("write && for \"and\""),
            '|' => problem.with_hint("write || for \"or\""),
            '`' => problem.with_hint("write response[\"a b\"] for a key that is no plain name"),
            '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}' => problem.with_hint("use straight quotes: \" or '"),
            _ => problem,
        })
    }

    /// The length of a text literal whose quote stands `prefix` bytes on.
    fn text(&self, prefix: usize, raw: bool) -> Result<usize, Problem> {
        let rest = &self.source[self.at..];
        let quote = &rest[prefix..=prefix];
        let triple = quote.repeat(3);
        let long = rest[prefix..].starts_with(&triple);
        let close = if long { triple.as_str() } else { quote };
        let mut at = prefix + close.len();
        while let Some(next) = rest[at..].chars().next() {
            if rest[at..].starts_with(close) {
                return Ok(at + close.len());
            }
            match next {
                '\n' | '\r' if !long => break,
                '\\' if !raw => at += self.escape(at)?,
                _ => at += next.len_utf8(),
            }
        }
        let message = "this text is never closed";
        Err(Problem::new(message, self.at..self.at + prefix + 1).with_hint(format!("close it with {close}")))
    }

    /// The length of the escape that begins at `at` from here.
    fn escape(&self, at: usize) -> Result<usize, Problem> {
        let rest = &self.source[self.at + at..];
        let octal = |text: &str| text.bytes().take(2).filter(|b| matches!(b, b'0'..=b'7')).count() == 2;
        let hex = |digits: usize| {
            let text = rest.get(2..2 + digits)?;
            let code = text.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(text, 16).ok())?;
            code.and_then(char::from_u32).map(|_| 2 + digits)
        };
        let length = match rest[1..].chars().next() {
            Some('a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '"' | '\'' | '\\' | '?' | '`') => Some(2),
            Some('x' | 'X') => hex(2),
            Some('u') => hex(4),
            Some('U') => hex(8),
            Some('0'..='3') if octal(&rest[2..]) => Some(4),
            _ => None,
        };
        length.ok_or_else(|| {
            let start = self.at + at;
            let hint = "write \\\\ for a backslash itself, or r\"..\" for text without escapes";
            Problem::new("this escape means nothing in a text", start..start + 1).with_hint(hint)
        })
    }

    fn no_bytes(&self, length: usize) -> Problem {
        let hint = "leave out the b: answers hold text, never bytes";
        Problem::new("bytes have no place in a condition", self.at..self.at + length).with_hint(hint)
    }
}

/// The length of a number: digits, a fraction, an exponent; or digits, also hexadecimal ones, and a final `u`.
fn number(text: &str) -> usize {
    let digits = |at: usize| count(&text[at..], |c| c.is_ascii_digit());
    if let Some(rest) = text.strip_prefix("0x") {
        let hex = count(rest, |c| c.is_ascii_hexdigit());
        // Without a digit it is a zero, and a name that has no place behind it.
        return if hex == 0 { 1 } else { 2 + hex + usize::from(rest[hex..].starts_with(['u', 'U'])) };
    }
    let whole = digits(0);
    let mut end = whole;
    if text[end..].starts_with('.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        let power = digits(end + 1 + sign);
        if power > 0 {
            end += 1 + sign + power;
        }
    }
    // Only a whole number may say that it has no sign.
    end + usize::from(end == whole && text[end..].starts_with(['u', 'U']))
}

/// How many ASCII characters at the start fit.
fn count(text: &str, fits: impl Fn(char) -> bool) -> usize {
    text.chars().take_while(|c| c.is_ascii() && fits(*c)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(source: &str) -> Vec<&str> {
        scan(source).unwrap().into_iter().map(|token| &source[token]).collect()
    }

    fn refusal(source: &str) -> (String, Range<usize>) {
        let problem = scan(source).unwrap_err();
        (problem.message, problem.span)
    }

    #[test]
    fn tokens_are_those_of_the_grammar() {
        let source = "a.b[0] >= 1.5e-3 && r'x\\' != \"\\u00e9'\" // é\n || .5 ? 0x1Fu : '''a\n''b'''";
        let wanted = [
            "a",
            ".",
            "b",
            "[",
            "0",
            "]",
            ">=",
            "1.5e-3",
            "&&",
            "r'x\\'",
            "!=",
            "\"\\u00e9'\"",
            "||",
            ".5",
            "?",
            "0x1Fu",
            ":",
            "'''a\n''b'''",
        ];
        assert_eq!(pieces(source), wanted);
        assert_eq!(pieces("1.foo 1e 2e+"), ["1", ".", "foo", "1", "e", "2", "e", "+"]);
    }

    #[test]
    fn bounds_hold() {
        assert!(refusal(&format!("\"{}\"", "é".repeat(MAX_SOURCE))).0.contains("too long"));
        assert!(refusal(&"a || ".repeat(MAX_TOKENS)).0.contains("too many parts"));
        for link in ["(a ", "a ? b : ", "1 + ", "a.", "a == ", "a in ", "a[0]", "f(x)", "-(", "a.b(c, [d, {e: "] {
            assert!(refusal(&link.repeat(MAX_NESTING + 1)).0.contains("too deep"), "{link}");
        }
        assert!(scan(&format!("{}1{}", "(".repeat(MAX_NESTING), ")".repeat(MAX_NESTING))).is_ok());
        assert!(scan(&format!("1{}", " + 1".repeat(MAX_NESTING))).is_ok());
    }

    #[test]
    fn separate_parts_are_as_deep_as_their_own_chains() {
        assert!(scan(&format!("true{}", " && a.b.c == [d.e, f(g.h)]".repeat(12))).is_ok());
        assert!(scan(&format!("[1{}]", ", a.b.c + 1".repeat(30))).is_ok());
        assert!(refusal(&format!("a{} && ({}", ".b".repeat(20), "(".repeat(32))).0.contains("too deep"));
    }

    #[test]
    fn refusals_point_at_the_place() {
        for (source, part, span) in [
            ("(a == [1)", "closed by", 8..9),
            ("(a", "never closed", 0..1),
            ("a)", "never opened", 1..2),
            ("é = 1", "no meaning", 0..2),
            ("a = 1", "no meaning", 2..3),
            ("a == 'x", "never closed", 5..6),
            ("a == r\"x\n\"", "never closed", 5..7),
            ("a == 'x\\d'", "escape", 7..8),
            ("a == '\\ud800'", "escape", 6..7),
            ("a == '\\", "escape", 6..7),
            ("a == b'x'", "bytes", 5..7),
            ("{{a}} == 1", "no place", 0..2),
            (" // nothing", "empty", 0..11),
        ] {
            let (message, at) = refusal(source);
            assert!(message.contains(part), "{source}: {message}");
            assert_eq!(at, span, "{source}");
        }
    }
}
