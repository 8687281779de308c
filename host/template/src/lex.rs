//! What stands inside a tag, character by character: the one grammar of values.
//!
//! Owns the grammar of paths and literals (quoted strings are in `quoted`). It never recurses, so no nesting can hurt it; it counts tokens against
//! [`bounds::TOKENS`]; every span it reports lies in the author's text.

use std::ops::Range;

use serde_json::{Number, Value};

use crate::path::Step;
use crate::{Problem, bounds};

/// What a tag may speak of: a value written out, or a path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    Literal(Value),
    Path(RawPath),
}

/// A path before it is known what `this` and `../` mean at its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RawPath {
    /// How many `../` it begins with.
    pub(crate) up: usize,
    pub(crate) base: Base,
    pub(crate) steps: Vec<Step>,
}

/// What a path begins with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Base {
    Name(String),
    This,
    /// `@root`: the first step is a name of the scope.
    Root,
    Index,
    Key,
    First,
    Last,
}

/// Words that mean something else at the start of a path; as names they need brackets.
const RESERVED: [&str; 5] = ["this", "true", "false", "null", "else"];

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '$')
}

/// Whether a key can be written `.key` and is read back as that key.
pub(crate) fn is_plain_key(key: &str) -> bool {
    !key.is_empty() && key.chars().all(is_name_char) && as_index(key).is_none()
}

/// Whether a name can begin a path without brackets.
pub(crate) fn is_plain_root(name: &str) -> bool {
    let starts_well = name.chars().next().is_some_and(|c| !c.is_ascii_digit() && c != '-');
    starts_well && name.chars().all(is_name_char) && !RESERVED.contains(&name)
}

/// Digits without a leading zero that fit a `usize`.
fn as_index(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (digits && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok()).flatten()
}

/// Reads a text that is one path and nothing else.
pub(crate) fn whole_path(text: &str) -> Result<RawPath, Problem> {
    if text.len() > bounds::SOURCE {
        return Err(Problem::new(format!("this path is longer than {} bytes", bounds::SOURCE), 0..0));
    }
    let mut lex = Lexer::new(text, 0);
    let operand = lex.operand()?;
    if lex.pos != text.len() {
        let at = lex.pos..text.len();
        return Err(Problem::new(format!("{:?} does not belong in a path", &text[at.clone()]), at)
            .with_hint("a path looks like response.users[0][\"test-field\"]"));
    }
    match operand {
        Operand::Path(path) => Ok(path),
        Operand::Literal(_) => Err(Problem::new(format!("{text} is a value, not the name of one"), 0..text.len())
            .with_hint("begin with a name, as in response.users[0].email")),
    }
}

/// A place in the author's text, and how many tokens were read to get there.
pub(crate) struct Lexer<'s> {
    source: &'s str,
    /// The byte that is read next.
    pub(crate) pos: usize,
    start: usize,
    tokens: usize,
}

impl<'s> Lexer<'s> {
    pub(crate) fn new(source: &'s str, pos: usize) -> Self {
        Self { source, pos, start: pos, tokens: 0 }
    }

    pub(crate) fn rest(&self) -> &'s str {
        &self.source[self.pos..]
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Steps over `text` if it stands here.
    pub(crate) fn eat(&mut self, text: &str) -> bool {
        let here = self.rest().starts_with(text);
        self.pos += if here { text.len() } else { 0 };
        here
    }

    pub(crate) fn skip_space(&mut self) {
        self.pos += self.rest().len() - self.rest().trim_start().len();
    }

    /// The run of name characters that stands here, possibly empty.
    pub(crate) fn word(&mut self) -> &'s str {
        let rest = self.rest();
        let end = rest.find(|c| !is_name_char(c)).unwrap_or(rest.len());
        self.pos += end;
        &rest[..end]
    }

    /// The span of the one character here (empty at the end of the text).
    pub(crate) fn here(&self) -> Range<usize> {
        self.pos..self.pos + self.peek().map_or(0, char::len_utf8)
    }

    fn count(&mut self) -> Result<(), Problem> {
        self.tokens += 1;
        if self.tokens > bounds::TOKENS {
            let message = format!("this is too long: more than {} names, brackets and values", bounds::TOKENS);
            return Err(Problem::new(message, self.start..self.pos));
        }
        Ok(())
    }

    /// A literal or a path.
    pub(crate) fn operand(&mut self) -> Result<Operand, Problem> {
        self.count()?;
        match self.peek() {
            Some('"' | '\'') => return self.quoted().map(|s| Operand::Literal(s.into())),
            Some('(') => {
                return Err(Problem::new("an expression in ( ) is not possible here", self.here())
                    .with_hint("a template only names values; decisions belong in *_when keys"));
            }
            _ => {}
        }
        if let Some(number) = self.number() {
            return Ok(Operand::Literal(Value::Number(number)));
        }
        let mut up = 0;
        while self.eat("../") {
            self.count()?;
            up += 1;
        }
        if self.rest().starts_with("..") && !self.rest()[2..].starts_with(['.', '[']) {
            self.pos += 2;
            return Ok(Operand::Path(RawPath { up: up + 1, base: Base::This, steps: Vec::new() }));
        }
        let dotted = up == 0 && self.eat("./");
        let mut base = match self.base()? {
            Ok(base) => base,
            Err(literal) if up == 0 && !dotted && !self.rest().starts_with(['.', '[']) => {
                return Ok(Operand::Literal(literal));
            }
            Err(literal) => Base::Name(literal.to_string()),
        };
        let mut steps = Vec::new();
        if let Base::Name(name) = &mut base
            && dotted
        {
            steps.push(Step::Key(std::mem::take(name)));
            base = Base::This;
        }
        while let Some(step) = self.step()? {
            self.count()?;
            steps.push(step);
        }
        Ok(Operand::Path(RawPath { up, base, steps }))
    }

    /// A JSON number that is not the beginning of a name.
    fn number(&mut self) -> Option<Number> {
        let rest = self.rest();
        let end = rest.find(|c| !(is_name_char(c) || matches!(c, '.' | '+'))).unwrap_or(rest.len());
        if rest[end..].starts_with('[') || !rest.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            return None;
        }
        let number = serde_json::from_str(&rest[..end]).ok()?;
        self.pos += end;
        Some(number)
    }

    /// The beginning of a path; `Err` inside is a word that is a literal on its own.
    fn base(&mut self) -> Result<Result<Base, Value>, Problem> {
        let start = self.pos;
        if self.rest().starts_with('[') {
            return self.bracket(true).map(|step| {
                Ok(Base::Name(match step {
                    Step::Key(name) => name,
                    Step::Index(at) => at.to_string(),
                }))
            });
        }
        let at = self.eat("@");
        let word = self.word();
        Ok(Ok(match (at, word) {
            (true, "root") => Base::Root,
            (true, "index") => Base::Index,
            (true, "key") => Base::Key,
            (true, "first") => Base::First,
            (true, "last") => Base::Last,
            (true, _) => {
                return Err(Problem::new(format!("there is no @{word}"), start..self.pos)
                    .with_hint("there are @index, @key, @first, @last (inside {{#each}}) and @root"));
            }
            (false, "") => return Err(self.no_name()),
            (false, "this") => Base::This,
            (false, "null") => return Ok(Err(Value::Null)),
            (false, "true") => return Ok(Err(Value::Bool(true))),
            (false, "false") => return Ok(Err(Value::Bool(false))),
            (false, name) => Base::Name(name.to_owned()),
        }))
    }

    pub(crate) fn no_name(&self) -> Problem {
        let problem = match self.peek() {
            None => Problem::new("a name is missing here", self.here()),
            Some(c) => Problem::new(format!("a name cannot begin with {c:?}"), self.here()),
        };
        match self.peek() {
            Some('.') => problem.with_hint("inside a loop the element itself is written this"),
            _ => problem.with_hint("a value is named like email, user.name, users[0].email or response[\"a b\"]"),
        }
    }

    /// The next step of a path, if one begins here.
    fn step(&mut self) -> Result<Option<Step>, Problem> {
        if self.rest().starts_with('[') {
            return self.bracket(false).map(Some);
        }
        if self.rest().starts_with('/') {
            return Err(Problem::new("a path is divided by dots, not by /", self.here()).with_hint("write a.b"));
        }
        if !self.eat(".") {
            return Ok(None);
        }
        if self.rest().starts_with('[') {
            return self.bracket(true).map(Some);
        }
        let word = self.word();
        if word.is_empty() {
            return Err(Problem::new("a name is missing after the dot", self.pos - 1..self.pos)
                .with_hint("names with other characters are written [\"a b\"]"));
        }
        Ok(Some(as_index(word).map_or_else(|| Step::Key(word.to_owned()), Step::Index)))
    }

    /// `[0]`, `["a b"]`, `['a b']`, and where `bare` is allowed (after a dot) `[a b]`.
    fn bracket(&mut self, bare: bool) -> Result<Step, Problem> {
        let open = self.here();
        self.pos += 1;
        let step = if self.rest().starts_with(['"', '\'']) {
            Step::Key(self.quoted()?)
        } else {
            let rest = self.rest();
            let end = rest.find(']').ok_or_else(|| unclosed(open.clone()))?;
            let (text, at) = (&rest[..end], self.pos..self.pos + end);
            self.pos += end;
            match as_index(text) {
                Some(index) => Step::Index(index),
                None if bare && !text.is_empty() => Step::Key(text.to_owned()),
                None if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() => {
                    return Err(Problem::new(format!("{text} is not a place in a list"), at)
                        .with_hint("places count from 0, without leading zeros"));
                }
                None => {
                    return Err(Problem::new("brackets hold a number or a name in quotes", open.start..at.end + 1)
                        .with_hint(format!("write [0], or [{}]", Value::from(text.trim()))));
                }
            }
        };
        if self.eat("]") { Ok(step) } else { Err(unclosed(open)) }
    }
}

fn unclosed(open: Range<usize>) -> Problem {
    Problem::new("this [ is not closed", open).with_hint("write [0] or [\"a b\"]")
}
