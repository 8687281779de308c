//! Reading one tag.
//!
//! Everything that is not in `tag`'s list is refused by name: partials, decorators, raw blocks, unknown helpers.
//! Reads from the source only; knows nothing of the blocks around it.

use std::ops::Range;

use crate::lex::{Base, Lexer, Operand};
use crate::tag::{BlockKind, HELPERS, OpenTag, Tag, TagKind, ValueTag};
use crate::{Options, Problem};

pub(crate) struct Reader<'s> {
    pub(crate) source: &'s str,
    pub(crate) lex: Lexer<'s>,
    pub(crate) start: usize,
    open: &'static str,
    close: &'static str,
}

/// Reads the tag that begins at `start`, where `{{` or `<<` stands.
///
/// An error comes with the place to go on from: after the tag's end, as well as it can be guessed.
pub(crate) fn read(source: &str, start: usize, options: Options) -> Result<Tag, (Problem, usize)> {
    let (open, close) = if source[start..].starts_with("{{") { ("{{", "}}") } else { ("<<", ">>") };
    let lex = Lexer::new(source, start + 2);
    let mut reader = Reader { source, lex, start, open, close };
    reader.tag(options).map_err(|problem| {
        let from = reader.lex.pos.max(start + 2);
        let rest = &source[from..];
        // The end of the tag, but not one beyond the beginning of the next tag.
        let end = rest.find(close).filter(|end| !rest[..*end].contains(open));
        (problem, end.map_or(from, |end| from + end + 2))
    })
}

impl Reader<'_> {
    fn opening(&self) -> Range<usize> {
        self.start..self.start + 2
    }

    pub(crate) fn so_far(&self) -> Range<usize> {
        self.start..self.lex.pos
    }

    fn tag(&mut self, options: Options) -> Result<Tag, Problem> {
        let triple = self.triple(options)?;
        let trim_before = self.lex.eat("~");
        if !triple && self.lex.eat("!") {
            return self.comment(trim_before);
        }
        self.refuse_foreign()?;
        self.lex.skip_space();
        let kind = if triple {
            self.value(true)?
        } else if self.lex.eat("#") {
            self.block_start()?
        } else if self.lex.eat("/") {
            self.lex.skip_space();
            TagKind::Close(self.lex.word().to_owned())
        } else if self.lex.eat("^") {
            self.lex.skip_space();
            self.only_end("{{^}} means {{else}}; for \"if not\" write {{#unless x}}")?;
            TagKind::Else(None)
        } else if self.lex.eat("&") {
            if !options.unsafe_raw {
                return Err(raw_refused(self.start..self.start + 3));
            }
            self.lex.skip_space();
            self.value(true)?
        } else {
            self.expression()?
        };
        self.lex.skip_space();
        if triple && !self.lex.eat("}") {
            return Err(Problem::new("this {{{ is not closed by }}}", self.opening()));
        }
        let trim_after = self.lex.eat("~");
        self.end()?;
        let span = self.so_far();
        let kind = match kind {
            TagKind::Value(value) => TagKind::Value(ValueTag { span: span.clone(), ..value }),
            TagKind::Open(open) => TagKind::Open(OpenTag { span: span.clone(), ..open }),
            TagKind::Else(Some(open)) => TagKind::Else(Some(OpenTag { span: span.clone(), ..open })),
            kind => kind,
        };
        Ok(Tag { kind, span, trim_before, trim_after })
    }

    /// `{{{`, `{{{{` and `<<<`.
    fn triple(&mut self, options: Options) -> Result<bool, Problem> {
        let three = self.start..self.start + 3;
        if self.open == "<<" && self.lex.eat("<") {
            return Err(Problem::new("<<< is not a tag", three)
                .with_hint("a tag is << >>; put a space after the first <, or write \\<< for << as text"));
        }
        if self.open == "{{" && self.lex.eat("{") {
            if self.lex.eat("{") {
                return Err(Problem::new("raw blocks {{{{ }}}} are not supported", self.so_far())
                    .with_hint("write \\{{ for {{ as text; put spaces between braces that belong to the JSON"));
            }
            return if options.unsafe_raw { Ok(true) } else { Err(raw_refused(three)) };
        }
        Ok(false)
    }

    fn comment(&mut self, trim_before: bool) -> Result<Tag, Problem> {
        let rest = self.lex.rest();
        let dashed = rest.starts_with("--");
        // The first closing that ends the comment: any, or in `{{!-- --}}` one after two dashes.
        let found = rest.match_indices(self.close).find_map(|(at, _)| {
            let text = &rest[..at];
            let plain = text.strip_suffix('~').unwrap_or(text);
            let ends = !dashed || (plain.len() >= 4 && plain.ends_with("--"));
            ends.then_some((at + self.close.len(), plain.len() < text.len()))
        });
        let Some((end, trim_after)) = found else {
            let end = if dashed { format!("--{}", self.close) } else { self.close.to_owned() };
            return Err(
                Problem::new("this comment is not closed", self.opening()).with_hint(format!("it ends with {end}"))
            );
        };
        self.lex.pos += end;
        Ok(Tag { kind: TagKind::Comment, span: self.so_far(), trim_before, trim_after })
    }

    fn refuse_foreign(&mut self) -> Result<(), Problem> {
        let block = usize::from(self.lex.rest().starts_with('#'));
        let rest = &self.lex.rest()[block..];
        let what = match rest.chars().next() {
            Some('>') if !rest.starts_with(self.close) => "partials {{> }} are not supported",
            Some('*') => "decorators {{* }} are not supported",
            _ => return Ok(()),
        };
        self.lex.pos += block + 1;
        Err(Problem::new(what, self.so_far()).with_hint("write the text itself here"))
    }

    /// The end of the tag, or why it is not here.
    fn end(&mut self) -> Result<(), Problem> {
        if self.lex.eat(self.close) {
            return Ok(());
        }
        let other = if self.close == "}}" { ">>" } else { "}}" };
        if self.lex.rest().starts_with(other) {
            let at = self.lex.pos..self.lex.pos + 2;
            return Err(Problem::new(format!("a tag opened by {} is closed by {other}", self.open), at)
                .with_hint(format!("close it with {}", self.close)));
        }
        match self.lex.peek() {
            None => Err(self.unclosed()),
            Some(c) => Err(Problem::new(format!("{c:?} does not belong in a tag"), self.lex.here()).with_hint(
                format!("a tag is {0}name{1}; text that begins with {0} is written \\{0}", self.open, self.close),
            )),
        }
    }

    fn unclosed(&self) -> Problem {
        Problem::new("this tag is not closed", self.opening())
            .with_hint(format!("close it with {}, or write \\{} for {1} as text", self.close, self.open))
    }

    pub(crate) fn at_end(&self) -> bool {
        let rest = self.lex.rest().trim_start();
        let rest = rest.strip_prefix('~').unwrap_or(rest);
        rest.is_empty() || rest.starts_with("}}") || rest.starts_with(">>")
    }

    fn only_end(&self, hint: &str) -> Result<(), Problem> {
        if self.at_end() {
            return Ok(());
        }
        Err(Problem::new("this tag is not known", self.so_far()).with_hint(hint))
    }

    pub(crate) fn operand(&mut self) -> Result<(Operand, String), Problem> {
        if self.lex.rest().is_empty() {
            return Err(self.unclosed());
        }
        let start = self.lex.pos;
        let operand = self.lex.operand()?;
        Ok((operand, self.source[start..self.lex.pos].to_owned()))
    }

    fn value(&mut self, raw: bool) -> Result<TagKind, Problem> {
        self.lex.skip_space();
        let (operand, shown) = self.operand()?;
        Ok(TagKind::Value(ValueTag { operand, shown, optional: false, raw, span: self.so_far() }))
    }

    /// `{{x}}`, `{{optional x}}`, `{{else}}`, `{{else if x}}`.
    fn expression(&mut self) -> Result<TagKind, Problem> {
        if self.at_end() && !self.lex.rest().is_empty() {
            let end = self.lex.pos + self.lex.rest().find(self.close).map_or(0, |at| at + 2);
            return Err(Problem::new("this tag is empty", self.start..end).with_hint("name a value, as in {{email}}"));
        }
        let start = self.lex.pos;
        let word = self.lex.word();
        let is_word = !self.lex.rest().starts_with(['.', '[', '/']);
        self.lex.skip_space();
        if word == "else" && is_word {
            if self.at_end() {
                return Ok(TagKind::Else(None));
            }
            return self.block_start().map(|kind| match kind {
                TagKind::Open(open) => TagKind::Else(Some(open)),
                other => other,
            });
        }
        if word == "optional" && is_word && !self.at_end() {
            let (operand, shown) = self.operand()?;
            self.refuse_more("optional")?;
            return Ok(TagKind::Value(ValueTag { operand, shown, optional: true, raw: false, span: self.so_far() }));
        }
        self.lex.pos = start;
        let (operand, shown) = self.operand()?;
        self.lex.skip_space();
        if !self.at_end() && self.begins_operand() {
            return Err(self.unknown_helper(&operand, &shown, start));
        }
        Ok(TagKind::Value(ValueTag { operand, shown, optional: false, raw: false, span: self.so_far() }))
    }

    fn begins_operand(&self) -> bool {
        self.lex.peek().is_some_and(|c| c.is_alphanumeric() || "_$@\"'.([-".contains(c))
    }

    fn unknown_helper(&self, operand: &Operand, shown: &str, start: usize) -> Problem {
        let at = start..start + shown.len();
        if BlockKind::named(shown).is_some() {
            return Problem::new(format!("{shown} begins a block and needs a #"), at)
                .with_hint(format!("write {{{{#{shown} x}}}} .. {{{{/{shown}}}}}"));
        }
        match operand {
            Operand::Path(path) if path.steps.is_empty() && matches!(path.base, Base::Name(_)) => {
                Problem::new(format!("there is no helper \"{shown}\""), at).with_hint(HELPERS)
            }
            _ => Problem::new(format!("after {shown} the tag must end"), self.lex.here()).with_hint(HELPERS),
        }
    }

    pub(crate) fn refuse_more(&mut self, after: &str) -> Result<(), Problem> {
        self.lex.skip_space();
        if self.at_end() || !self.begins_operand() {
            return Ok(());
        }
        Err(Problem::new(format!("{after} takes one value"), self.lex.here()).with_hint(HELPERS))
    }
}

fn raw_refused(at: Range<usize>) -> Problem {
    Problem::new("a value that is not encoded ({{{ }}} or {{& }}) is not allowed here", at).with_hint(
        "write {{x}}; put a space between { and {{ if the first brace belongs to the JSON; \
         or set unsafe_raw for this template",
    )
}
