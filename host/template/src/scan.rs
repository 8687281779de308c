//! The first walk over a template: finds its tags, reads them, and checks every bound before any other parser runs.
//!
//! Owns what a tag is: `{{..}}` and `<<..>>` (equal in every way, each closed by its own kind), comments, the
//! escapes `\{{` and `\<<`, whitespace control by `~` and lines that hold only a block tag. Gives pieces with their
//! places in the author's text, and a *normalised text* in which each piece is a number (`{{i4}}`, `{{#if i5}}`):
//! short, ASCII, within all bounds, and the only thing that the `handlebars` crate ever sees.
//!
//! Invariants: every byte of the source is read a bounded number of times; every span is on character boundaries;
//! a text piece's ranges are in order and each is a part of the source.

use std::ops::Range;

use crate::tag::{BlockKind, OpenTag, Tag, TagKind, ValueTag};
use crate::tag_reader;
use crate::{Context, Options, Problem, bounds};

/// One piece of a template, by the number that stands for it in the normalised text.
#[derive(Debug)]
pub(crate) enum Piece {
    /// Literal text: parts of the source to be read one after the other.
    Text(Vec<Range<usize>>),
    Value(ValueTag),
    Open(OpenTag),
}

/// What the walk found.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) normalised: String,
    /// For each tag in the normalised text, where it begins there and where it stands in the source.
    pub(crate) places: Vec<(usize, Range<usize>)>,
}

/// A block that is open while the walk goes on.
struct Open {
    kind: BlockKind,
    tag: Range<usize>,
    /// The block itself and one for each `{{else if}}`.
    levels: usize,
    has_else: bool,
}

struct Scanner<'s> {
    source: &'s str,
    context: Context,
    options: Options,
    out: Scanned,
    open: Vec<Open>,
    problems: Vec<Problem>,
    /// A tag that could not be read may have opened or closed a block: no complaint about blocks then.
    unsure: bool,
    trim_next: bool,
    /// The last thing in the normalised text is a text piece; a comment leaves no trace there.
    after_text: bool,
}

/// Walks over the source.
pub(crate) fn scan(source: &str, context: Context, options: Options) -> Result<Scanned, Vec<Problem>> {
    if source.len() > bounds::SOURCE {
        let message = format!("this template is {} bytes long; {} are allowed", source.len(), bounds::SOURCE);
        return Err(vec![Problem::new(message, 0..0)]);
    }
    let mut scanner = Scanner {
        source,
        context,
        options,
        out: Scanned::default(),
        open: Vec::new(),
        problems: Vec::new(),
        unsure: false,
        trim_next: false,
        after_text: false,
    };
    scanner.run();
    if scanner.problems.is_empty() { Ok(scanner.out) } else { Err(scanner.problems) }
}

impl Scanner<'_> {
    fn run(&mut self) {
        let mut pos = 0;
        while let Some(found) = next_opening(self.source, pos) {
            if self.problems.len() >= bounds::PROBLEMS || self.too_many_pieces(found) {
                return;
            }
            pos = self.backslashes(pos, found).unwrap_or_else(|| self.tag(found));
        }
        self.text(pos..self.source.len());
        if !self.unsure {
            for open in std::mem::take(&mut self.open) {
                let name = open.kind.name();
                let hint = format!("it ends with {{{{/{name}}}}}");
                self.problems.push(Problem::new(format!("this {name} block is not closed"), open.tag).with_hint(hint));
            }
        }
    }

    fn too_many_pieces(&mut self, at: usize) -> bool {
        let too_many = self.out.pieces.len() >= bounds::PIECES || self.out.places.len() >= bounds::PIECES;
        if too_many {
            let message = format!("this template has more than {} tags and pieces of text", bounds::PIECES);
            self.problems.push(Problem::new(message, at..at));
        }
        too_many
    }

    /// Backslashes before an opening: an odd one makes it literal. In JSON a pair stays as written (it is JSON's
    /// escape); elsewhere it stands for one backslash. Gives the place to go on if the opening was literal.
    fn backslashes(&mut self, from: usize, opening: usize) -> Option<usize> {
        let before = &self.source[from..opening];
        let count = before.len() - before.trim_end_matches('\\').len();
        let kept = if self.context == Context::Json { count / 2 * 2 } else { count / 2 };
        self.text(from..opening - count + kept);
        if count.is_multiple_of(2) {
            return None;
        }
        let brace = &self.source[opening..opening + 1];
        let rest = &self.source[opening..];
        let end = opening + rest.len() - rest.trim_start_matches(brace).len();
        self.text(opening..end);
        Some(end)
    }

    /// Adds literal text; text next to text becomes one piece.
    fn text(&mut self, mut range: Range<usize>) {
        if self.trim_next {
            let text = &self.source[range.clone()];
            range.start += text.len() - text.trim_start().len();
        }
        if range.is_empty() {
            return;
        }
        self.trim_next = false;
        match self.out.pieces.last_mut() {
            Some(Piece::Text(ranges)) if self.after_text => ranges.push(range),
            _ => {
                let span = range.clone();
                self.piece("{{", Piece::Text(vec![range]), span);
                self.after_text = true;
            }
        }
    }

    fn piece(&mut self, before: &str, piece: Piece, span: Range<usize>) {
        let number = self.out.pieces.len();
        self.normalised(&format!("{before}i{number}}}}}"), span);
        self.out.pieces.push(piece);
    }

    fn normalised(&mut self, tag: &str, span: Range<usize>) {
        self.out.places.push((self.out.normalised.len(), span));
        self.out.normalised.push_str(tag);
        self.after_text = false;
    }

    /// Cuts the end of the text before a tag: all its white space, or only what lies after `from`.
    fn trim_before(&mut self, from: Option<usize>) {
        let source = self.source;
        let Some(Piece::Text(ranges)) = self.out.pieces.last_mut().filter(|_| self.after_text) else {
            return;
        };
        while let Some(range) = ranges.last_mut() {
            let trimmed = range.start + source[range.clone()].trim_end().len();
            range.end = from.map_or(trimmed, |from| trimmed.max(from.min(range.end)));
            if range.start < range.end {
                return;
            }
            ranges.pop();
        }
    }

    /// Reads the tag that begins at `start`; gives the place after it.
    fn tag(&mut self, start: usize) -> usize {
        let tag = match tag_reader::read(self.source, start, self.options) {
            Ok(tag) => tag,
            Err((problem, after)) => {
                self.unsure = true;
                self.trim_next = false;
                self.problems.push(problem);
                return after;
            }
        };
        if tag.trim_before {
            self.trim_before(None);
        }
        self.trim_next = tag.trim_after;
        let line = self.whole_line(&tag);
        if let Some(line) = &line {
            self.trim_before(Some(line.start));
        }
        let after = tag.span.end;
        self.take(tag);
        line.map_or(after, |line| line.end)
    }

    /// The line of a tag that is alone on it and writes nothing: block tags and comments, outside of JSON.
    fn whole_line(&self, tag: &Tag) -> Option<Range<usize>> {
        if self.context == Context::Json || matches!(tag.kind, TagKind::Value(_)) {
            return None;
        }
        let blank = |c: char| c == ' ' || c == '\t';
        let before = self.source[..tag.span.start].trim_end_matches(blank);
        let after = self.source[tag.span.end..].trim_start_matches(blank);
        let next = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n'));
        let alone = (before.is_empty() || before.ends_with('\n')) && (next.is_some() || after.is_empty());
        alone.then(|| before.len()..self.source.len() - next.unwrap_or_default().len())
    }

    /// Adds a tag to the pieces and checks how it fits into the open blocks.
    fn take(&mut self, tag: Tag) {
        let span = tag.span;
        match tag.kind {
            TagKind::Comment => {}
            TagKind::Value(value) => self.piece("{{", Piece::Value(value), span),
            TagKind::Open(open) => {
                let kind = open.kind;
                self.open.push(Open { kind, tag: span.clone(), levels: 1, has_else: false });
                self.check_nesting(&span);
                let before = format!("{{{{#{} ", kind.name());
                self.piece(&before, Piece::Open(open), span);
            }
            TagKind::Else(chained) => self.take_else(chained, span),
            TagKind::Close(name) => self.take_close(&name, span),
        }
    }

    fn check_nesting(&mut self, span: &Range<usize>) {
        if self.open.iter().map(|o| o.levels).sum::<usize>() > bounds::NESTING && !self.unsure {
            let message = format!("blocks are nested deeper than {}", bounds::NESTING);
            let problem = Problem::new(message, span.clone()).with_hint("each {{else if}} counts as one more level");
            self.problems.push(problem);
            self.unsure = true;
        }
    }

    fn take_else(&mut self, chained: Option<OpenTag>, span: Range<usize>) {
        let Some(open) = self.open.last_mut() else {
            return self.complain("this else belongs to no block", span, "it stands between {{#if x}} and {{/if}}");
        };
        if open.has_else {
            return self.complain("this block has an else already", span, "an else without a condition comes last");
        }
        match chained {
            None => {
                open.has_else = true;
                self.normalised("{{else}}", span);
            }
            Some(next) => {
                open.levels += 1;
                self.check_nesting(&span);
                let before = format!("{{{{else {} ", next.kind.name());
                self.piece(&before, Piece::Open(next), span);
            }
        }
    }

    fn take_close(&mut self, name: &str, span: Range<usize>) {
        let Some(open) = self.open.pop() else {
            return self.complain(&format!("/{name} closes no block"), span, "remove it, or open the block before it");
        };
        let opened = open.kind.name();
        if opened != name {
            let hint = format!("close the inner block first, with {{{{/{opened}}}}}");
            return self.complain(&format!("/{name} stands where the {opened} block must be closed"), span, &hint);
        }
        self.normalised(&format!("{{{{/{opened}}}}}"), span);
    }

    fn complain(&mut self, message: &str, span: Range<usize>, hint: &str) {
        if !self.unsure {
            self.problems.push(Problem::new(message, span).with_hint(hint));
        }
        self.unsure = true;
    }
}

/// The next `{{` or `<<` from `pos` on.
fn next_opening(source: &str, pos: usize) -> Option<usize> {
    source.as_bytes()[pos..].windows(2).position(|w| w == b"{{" || w == b"<<").map(|at| pos + at)
}
