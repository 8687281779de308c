//! A command line taken apart as the shell that it was copied for would do it: bash and zsh, or Windows' cmd.
//!
//! Owns quotes, escapes and line ends. Must never: run, expand or repeat anything: the line may hold secrets, so an error
//! says what is wrong and not with what. A variable stays as it is written.

/// The longest command line that is read, in bytes.
pub(crate) const LONGEST: usize = 64 * 1024;

/// Words, and whether more commands came after them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) words: Vec<String>,
    /// `| jq .`, `> file`, `&& next`: left out.
    pub(crate) cut: bool,
}

/// Takes a line apart.
///
/// # Errors
/// What is wrong, in one sentence that repeats nothing of it.
pub(crate) fn split(line: &str) -> Result<Split, &'static str> {
    if line.len() > LONGEST {
        return Err("the command is longer than 64 KiB");
    }
    if line.contains('\0') {
        return Err("the command has a NUL character in it");
    }
    let carets = line.contains("^\"") || line.lines().any(|line| line.trim_end().ends_with('^'));
    if carets { cmd(line) } else { bash(line) }
}

/// The state of a word that is being read.
#[derive(Default)]
struct Words {
    done: Vec<String>,
    word: Option<String>,
}

impl Words {
    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    /// A word begins here, even if nothing more is in it: `''`.
    fn begin(&mut self) {
        self.word.get_or_insert_default();
    }

    fn end(&mut self) {
        self.done.extend(self.word.take());
    }
}

const OPEN: &str = "a quote of the command is not closed";

fn bash(line: &str) -> Result<Split, &'static str> {
    let mut words = Words::default();
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                // A line that goes on; Windows ends lines with two characters.
                Some('\n') | None => {}
                Some('\r') if rest.peek() == Some(&'\n') => drop(rest.next()),
                Some(c) => words.push(c),
            },
            '\'' => {
                words.begin();
                loop {
                    match rest.next().ok_or(OPEN)? {
                        '\'' => break,
                        c => words.push(c),
                    }
                }
            }
            '"' => double(&mut words, &mut rest)?,
            '$' if rest.peek() == Some(&'\'') => {
                rest.next();
                words.begin();
                ansi(&mut words, &mut rest)?;
            }
            '$' if rest.peek() == Some(&'"') => {
                rest.next();
                double(&mut words, &mut rest)?;
            }
            '\n' if words.done.is_empty() && words.word.is_none() => {}
            '|' | ';' | '>' | '<' | '\n' => {
                let more = rest.any(|c| !c.is_whitespace());
                words.end();
                return Ok(Split { words: words.done, cut: more });
            }
            // In an address that was pasted without quotes it divides parameters.
            '&' if words.word.is_some() && rest.peek().is_some_and(|c| !c.is_whitespace() && *c != '&') => {
                words.push('&')
            }
            '&' => {
                let more = rest.any(|c| !c.is_whitespace());
                words.end();
                return Ok(Split { words: words.done, cut: more });
            }
            c if c.is_whitespace() => words.end(),
            c => words.push(c),
        }
    }
    words.end();
    Ok(Split { words: words.done, cut: false })
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Inside of `"`.
fn double(words: &mut Words, rest: &mut Chars<'_>) -> Result<(), &'static str> {
    words.begin();
    loop {
        match rest.next().ok_or(OPEN)? {
            '"' => return Ok(()),
            '\\' => match rest.next().ok_or(OPEN)? {
                '\n' => {}
                c @ ('"' | '\\' | '$' | '`') => words.push(c),
                c => {
                    words.push('\\');
                    words.push(c);
                }
            },
            c => words.push(c),
        }
    }
}

/// Inside of `$'`, as browsers quote what has line breaks or `!` in it.
fn ansi(words: &mut Words, rest: &mut Chars<'_>) -> Result<(), &'static str> {
    loop {
        match rest.next().ok_or(OPEN)? {
            '\'' => return Ok(()),
            '\\' => {
                let c = rest.next().ok_or(OPEN)?;
                let known = match c {
                    'n' => Some('\n'),
                    't' => Some('\t'),
                    'r' => Some('\r'),
                    'a' => Some('\u{7}'),
                    'b' => Some('\u{8}'),
                    'e' | 'E' => Some('\u{1b}'),
                    'f' => Some('\u{c}'),
                    'v' => Some('\u{b}'),
                    'x' => number(rest, 2, 16),
                    'u' => utf16(rest),
                    'U' => number(rest, 8, 16),
                    '0'..='7' => octal(c, rest),
                    other => Some(other),
                };
                words.push(known.ok_or("an escape of the command means no character")?);
            }
            c => words.push(c),
        }
    }
}

/// At most so many digits that come next, as a character.
fn number(rest: &mut Chars<'_>, most: usize, radix: u32) -> Option<char> {
    let mut number = None;
    for _ in 0..most {
        let Some(digit) = rest.peek().and_then(|c| c.to_digit(radix)) else { break };
        rest.next();
        number = Some(number.unwrap_or(0) * radix + digit);
    }
    char::from_u32(number?)
}

/// `\uXXXX`; browsers write two of them for a character beyond the sixteen-bit ones.
fn utf16(rest: &mut Chars<'_>) -> Option<char> {
    let mut unit = || -> Option<u32> {
        let digits: String = std::iter::from_fn(|| rest.next_if(char::is_ascii_hexdigit)).take(4).collect();
        u32::from_str_radix(&digits, 16).ok()
    };
    let high = unit()?;
    if !(0xD800..0xDC00).contains(&high) {
        return char::from_u32(high);
    }
    (rest.next()? == '\\' && rest.next()? == 'u').then_some(())?;
    let digits: String = std::iter::from_fn(|| rest.next_if(char::is_ascii_hexdigit)).take(4).collect();
    let low = u32::from_str_radix(&digits, 16).ok().filter(|low| (0xDC00..0xE000).contains(low))?;
    char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
}

fn octal(first: char, rest: &mut Chars<'_>) -> Option<char> {
    let mut number = first.to_digit(8)?;
    for _ in 0..2 {
        let Some(digit) = rest.peek().and_then(|c| c.to_digit(8)) else { break };
        rest.next();
        number = number * 8 + digit;
    }
    char::from_u32(number)
}

/// cmd: `^` takes the meaning of what follows, then a program splits its own line by `"`, in which `\"` is a quote.
fn cmd(line: &str) -> Result<Split, &'static str> {
    let mut plain = String::new();
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('^', Some('\r')) => {
                rest.next();
                rest.next_if_eq(&'\n');
            }
            ('^', Some('\n')) => drop(rest.next()),
            ('^', _) => plain.extend(rest.next()),
            (c, _) => plain.push(c),
        }
    }
    let mut words = Words::default();
    let mut rest = plain.chars().peekable();
    let mut quoted = false;
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.peek() == Some(&'"') => words.push(rest.next().unwrap_or('"')),
            '\\' if rest.peek() == Some(&'\\') && quoted => words.push(rest.next().unwrap_or('\\')),
            '"' if quoted && rest.peek() == Some(&'"') => words.push(rest.next().unwrap_or('"')),
            '"' => {
                quoted = !quoted;
                words.begin();
            }
            c if c.is_whitespace() && !quoted => words.end(),
            c => words.push(c),
        }
    }
    if quoted {
        return Err(OPEN);
    }
    words.end();
    Ok(Split { words: words.done, cut: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        split(line).unwrap().words
    }

    #[test]
    fn bash_lines_are_split_as_bash_does() {
        for (line, wanted) in [
            ("curl  'a b' \"c \\\" d\\x\" e\\ f ''", &["curl", "a b", "c \" d\\x", "e f", ""][..]),
            ("curl \\\n  x \\\r\n y", &["curl", "x", "y"]),
            (r"curl $'it\'s\n\x41\u00e9\ud83d\ude00\101'", &["curl", "it's\nAé😀A"]),
            ("curl https://h/?a=1&b=2 -s", &["curl", "https://h/?a=1&b=2", "-s"]),
            ("curl $X ${Y} \"$Z\"", &["curl", "$X", "${Y}", "$Z"]),
            ("\n\ncurl a", &["curl", "a"]),
            ("curl a'b'\"c\"d", &["curl", "abcd"]),
        ] {
            assert_eq!(words(line), wanted, "{line}");
        }
    }

    #[test]
    fn what_follows_a_command_is_left_out() {
        for line in ["curl a | jq .", "curl a > f", "curl a; b", "curl a && b", "curl a & b", "curl a\nb"] {
            assert_eq!(split(line).unwrap(), Split { words: vec!["curl".into(), "a".into()], cut: true }, "{line}");
        }
        assert!(!split("curl a;\n").unwrap().cut);
    }

    #[test]
    fn lines_for_windows_are_split_as_there() {
        let line =
            "curl ^\"https://h/?a=1^&b=2^\" ^\n  -H ^\"accept: a/b^\" ^\r\n  --data-raw ^\"^{^\\^\"a^\\^\":1^}^\"";
        assert_eq!(words(line), ["curl", "https://h/?a=1&b=2", "-H", "accept: a/b", "--data-raw", "{\"a\":1}"]);
        assert_eq!(words("curl \"a b\" ^\n -d \"{\\\"x\\\":\\\"y\\\"}\""), ["curl", "a b", "-d", "{\"x\":\"y\"}"]);
    }

    #[test]
    fn what_is_wrong_is_said_without_the_line() {
        for line in [
            "curl 'SECRET",
            "curl \"SECRET",
            "curl $'SECRET",
            "curl ^\"SECRET",
            "curl $'SECRET\\ud800'",
            "curl SECRET\0",
        ] {
            let why = split(line).unwrap_err();
            assert!(!why.contains("SECRET"), "{why}");
        }
        assert!(split(&"a".repeat(LONGEST + 1)).is_err());
    }
}
