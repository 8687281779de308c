//! A JSON template as a tree: objects, arrays, strings with holes, numbers as their author wrote them.
//!
//! Owns the grammar of JSON in which holes and blocks are whole things. A value's place is decided here, once, at
//! compile time; since the tree holds no text outside of strings, no value can change the structure around it.
//!
//! Invariants: every branch of a block is complete in the place where its block begins; nesting is at most
//! [`bounds::JSON_NESTING`], so recursion is bounded; numbers and strings of the author are valid JSON.

use std::ops::Range;

use crate::cursor::{Cursor, Peek};
use crate::tag::BlockKind;
use crate::tree::{Block, Hole, Node};
use crate::{Problem, bounds, json_keys, json_text};

/// A value in the template.
#[derive(Debug, Clone)]
pub(crate) enum Json {
    /// A number, `true`, `false` or `null`, as written.
    Literal(String),
    String(Vec<Part>),
    Object(Vec<Member>),
    Array(Vec<Element>),
    Hole(Hole),
    /// A branch without a value drops the property or element, as `{{optional x}}` does.
    Block(Box<Block<Option<Json>>>),
}

/// What an object holds.
#[derive(Debug, Clone)]
pub(crate) enum Member {
    Pair { key: Vec<Part>, span: Range<usize>, value: Json },
    Block(Box<Block<Vec<Member>>>),
}

/// What an array holds.
#[derive(Debug, Clone)]
pub(crate) enum Element {
    Item(Json),
    Block(Box<Block<Vec<Element>>>),
}

/// What a text holds: a JSON string (escaped) or, in other contexts, plain text.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    Text(String),
    Hole(Hole),
    Block(Box<Block<Vec<Part>>>),
}

type Parsed<T> = Result<T, Problem>;

/// Reads the whole template as one value.
pub(crate) fn parse(source: &str, nodes: &[Node]) -> Parsed<Json> {
    let mut cursor = Cursor::new(source, nodes, None);
    let mut parser = Parser { source, depth: 0 };
    cursor.skip_space();
    if let Peek::End = cursor.peek() {
        return Err(Problem::new("this JSON template is empty", 0..0).with_hint("write {} for an empty object"));
    }
    let value = parser.value(&mut cursor)?;
    cursor.skip_space();
    if let Peek::End = cursor.peek() {
        json_keys::check(&value)?;
        return Ok(value);
    }
    let problem = Problem::new("the JSON ends before this", cursor.here());
    Err(problem.with_hint("a template is one value; several values need [ ] around them"))
}

pub(crate) struct Parser<'s> {
    pub(crate) source: &'s str,
    depth: usize,
}

/// What came last in a list of members or elements.
enum Last {
    Nothing,
    Plain,
    Block,
    /// A comma, its place, and whether it may be missing or left over since it touches a block or its end.
    Comma(Range<usize>, bool),
}

impl Parser<'_> {
    fn value(&mut self, cursor: &mut Cursor<'_, '_>) -> Parsed<Json> {
        cursor.skip_space();
        match cursor.peek() {
            Peek::Tag(Node::Hole(hole)) => {
                cursor.bump();
                Ok(Json::Hole(hole.clone()))
            }
            Peek::Tag(Node::Block(block)) => {
                cursor.bump();
                self.value_block(block)
            }
            Peek::Tag(Node::Text(_)) | Peek::End => Err(incomplete(cursor, "a value is missing here", None)),
            Peek::Char('"') => json_text::string(self, cursor).map(Json::String),
            Peek::Char('{') => self.deeper(cursor, |parser, cursor, open| {
                parser.list(cursor, Some(('}', open)), Parser::member, Member::Block).map(Json::Object)
            }),
            Peek::Char('[') => self.deeper(cursor, |parser, cursor, open| {
                parser.list(cursor, Some((']', open)), Parser::element, Element::Block).map(Json::Array)
            }),
            Peek::Char('}' | ']' | ',' | ':') => Err(incomplete(cursor, "a value is missing here", None)),
            Peek::Char(_) => json_text::literal(cursor).map(Json::Literal),
        }
    }

    fn deeper<'n, 's>(
        &mut self,
        cursor: &mut Cursor<'n, 's>,
        read: impl FnOnce(&mut Self, &mut Cursor<'n, 's>, Range<usize>) -> Parsed<Json>,
    ) -> Parsed<Json> {
        let open = cursor.here();
        if self.depth == bounds::JSON_NESTING {
            let message = format!("objects and lists are nested deeper than {}", bounds::JSON_NESTING);
            return Err(Problem::new(message, open));
        }
        cursor.bump();
        self.depth += 1;
        let value = read(self, cursor, open)?;
        self.depth -= 1;
        Ok(value)
    }

    /// A block where one value is expected: each branch is one value, or empty.
    fn value_block(&mut self, block: &Block<Vec<Node>>) -> Parsed<Json> {
        if block.kind == BlockKind::Each {
            return Err(Problem::new("each gives many values where one is expected", block.span.clone())
                .with_hint("put it inside a list: [ {{#each x}} .. {{/each}} ]"));
        }
        let block = self.block(block, |parser, cursor| {
            cursor.skip_space();
            if let Peek::End = cursor.peek() {
                return Ok(None);
            }
            let value = parser.value(cursor)?;
            cursor.skip_space();
            match cursor.peek() {
                Peek::End => Ok(Some(value)),
                _ => Err(incomplete(cursor, "only one value can stand here", None)),
            }
        })?;
        Ok(Json::Block(Box::new(block)))
    }

    /// A block whose branches are read by `read`, each with a cursor of its own.
    pub(crate) fn block<T>(
        &mut self,
        block: &Block<Vec<Node>>,
        mut read: impl FnMut(&mut Self, &mut Cursor<'_, '_>) -> Parsed<T>,
    ) -> Parsed<Block<T>> {
        let source = self.source;
        let mut branch = |nodes| read(self, &mut Cursor::new(source, nodes, Some(block.span.clone())));
        let (then, otherwise) = (branch(&block.then)?, branch(&block.otherwise)?);
        Ok(Block {
            kind: block.kind,
            source: block.source.clone(),
            shown: block.shown.clone(),
            span: block.span.clone(),
            then,
            otherwise,
        })
    }

    /// The inside of an object or array up to its closing character, or a branch up to its end.
    ///
    /// Between two plain items there is exactly one comma; next to a block commas are ours to place.
    fn list<T>(
        &mut self,
        cursor: &mut Cursor<'_, '_>,
        close: Option<(char, Range<usize>)>,
        item: fn(&mut Self, &mut Cursor<'_, '_>) -> Parsed<T>,
        wrap: fn(Box<Block<Vec<T>>>) -> T,
    ) -> Parsed<Vec<T>> {
        let mut items = Vec::new();
        let mut last = Last::Nothing;
        loop {
            cursor.skip_space();
            match (cursor.peek(), &close) {
                (Peek::Char(c), Some((end, _))) if c == *end => {
                    if let Last::Comma(at, false) = last {
                        let message = format!("there is nothing between this comma and the {c}");
                        return Err(Problem::new(message, at).with_hint("remove the comma"));
                    }
                    cursor.bump();
                    return Ok(items);
                }
                (Peek::End, None) => return Ok(items),
                (Peek::End, Some((end, open))) => {
                    let opening = if *end == '}' { '{' } else { '[' };
                    let message = format!("this {opening} is not closed");
                    return Err(incomplete(cursor, &message, Some(open.clone())));
                }
                (Peek::Char(','), _) => {
                    let at = cursor.here();
                    let free = match last {
                        Last::Comma(..) => {
                            return Err(Problem::new("one comma too many", at).with_hint("remove it"));
                        }
                        Last::Plain => close.is_none(),
                        Last::Block => true,
                        Last::Nothing if close.is_none() => true,
                        Last::Nothing => {
                            return Err(Problem::new("there is nothing before this comma", at).with_hint("remove it"));
                        }
                    };
                    cursor.bump();
                    last = Last::Comma(at, free);
                }
                (Peek::Tag(Node::Block(block)), _) => {
                    cursor.bump();
                    let block = self.block(block, |parser, cursor| parser.list(cursor, None, item, wrap))?;
                    items.push(wrap(Box::new(block)));
                    last = Last::Block;
                }
                _ => {
                    if let Last::Plain = last {
                        return Err(after_item(cursor));
                    }
                    items.push(item(self, cursor)?);
                    last = Last::Plain;
                }
            }
        }
    }

    fn element(&mut self, cursor: &mut Cursor<'_, '_>) -> Parsed<Element> {
        self.value(cursor).map(Element::Item)
    }

    fn member(&mut self, cursor: &mut Cursor<'_, '_>) -> Parsed<Member> {
        let start = cursor.here().start;
        match cursor.peek() {
            Peek::Char('"') => {}
            Peek::Tag(Node::Hole(hole)) => {
                return Err(Problem::new("the name of a property must stand here, in quotes", hole.span.clone())
                    .with_hint(format!(
                        "write \"{{{{{0}}}}}\": .. if {0} is the name, or \"name\": {{{{{0}}}}}",
                        hole.shown
                    )));
            }
            _ => {
                return Err(incomplete(cursor, "the name of a property must stand here, in quotes", None));
            }
        }
        let key = json_text::string(self, cursor)?;
        let span = start..cursor.after();
        cursor.skip_space();
        if !cursor.eat(':') {
            return Err(incomplete(cursor, "a colon is missing between the name and its value", None));
        }
        let value = self.value(cursor)?;
        Ok(Member::Pair { key, span, value })
    }
}

/// After an item something follows that is neither a comma nor the end.
fn after_item(cursor: &mut Cursor<'_, '_>) -> Problem {
    match cursor.peek() {
        Peek::Char('}' | ']' | ':') => incomplete(cursor, "this does not fit here", None),
        _ => Problem::new("a comma is missing before this", cursor.here()),
    }
}

/// A problem with what stands at the cursor. Where a branch of a block ends too early, or closes what it did not
/// open, the block's own tag is at fault.
pub(crate) fn incomplete(cursor: &mut Cursor<'_, '_>, message: &str, at: Option<Range<usize>>) -> Problem {
    let what = match cursor.peek() {
        Peek::End => "leaves something unfinished".to_owned(),
        Peek::Char(c @ ('}' | ']' | '"')) => {
            format!("holds a {c} that ends what began outside of it")
        }
        Peek::Char(c @ (',' | ':')) => {
            format!("holds a {c} that does not fit where the block stands")
        }
        _ => return Problem::new(message, at.unwrap_or_else(|| cursor.here())),
    };
    let here = cursor.here();
    match &cursor.block {
        Some(tag) => Problem::new(format!("this block {what}"), tag.clone())
            .with_hint("each branch opens and closes its own { }, [ ] and quotes"),
        None => Problem::new(message, at.unwrap_or(here)),
    }
}
