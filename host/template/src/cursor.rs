//! Reading a list of nodes as one stream of characters and tags.
//!
//! Owns the position only. A cursor walks one list: the whole template, or one branch of a block; it never leaves it.

use std::ops::Range;

use crate::tree::Node;

/// What stands at the cursor.
#[derive(Clone, Copy)]
pub(crate) enum Peek<'n> {
    Char(char),
    Tag(&'n Node),
    End,
}

/// A place in a list of nodes.
pub(crate) struct Cursor<'n, 's> {
    source: &'s str,
    nodes: &'n [Node],
    node: usize,
    range: usize,
    offset: usize,
    /// Where the last thing read ended, in the source.
    after: usize,
    /// The tag of the block whose branch this is.
    pub(crate) block: Option<Range<usize>>,
}

impl<'n, 's> Cursor<'n, 's> {
    pub(crate) fn new(source: &'s str, nodes: &'n [Node], block: Option<Range<usize>>) -> Self {
        let after = block.as_ref().map_or(0, |tag| tag.end);
        Self { source, nodes, node: 0, range: 0, offset: 0, after, block }
    }

    /// The character or tag here, without going on.
    pub(crate) fn peek(&mut self) -> Peek<'n> {
        while let Some(node) = self.nodes.get(self.node) {
            let Node::Text(ranges) = node else {
                return Peek::Tag(node);
            };
            match ranges.get(self.range) {
                Some(range) => match self.source[range.clone()][self.offset..].chars().next() {
                    Some(c) => return Peek::Char(c),
                    None => (self.range, self.offset) = (self.range + 1, 0),
                },
                None => (self.node, self.range, self.offset) = (self.node + 1, 0, 0),
            }
        }
        Peek::End
    }

    /// Steps over what `peek` shows.
    pub(crate) fn bump(&mut self) {
        match self.peek() {
            Peek::Char(c) => {
                self.offset += c.len_utf8();
                self.after = self.text_at();
            }
            Peek::Tag(node) => {
                self.after = tag_span(node).end;
                self.node += 1;
            }
            Peek::End => {}
        }
    }

    fn text_at(&self) -> usize {
        match self.nodes.get(self.node) {
            Some(Node::Text(ranges)) => ranges.get(self.range).map_or(self.after, |r| r.start + self.offset),
            _ => self.after,
        }
    }

    /// The place of what `peek` shows; at the end an empty one after the last thing read.
    pub(crate) fn here(&mut self) -> Range<usize> {
        match self.peek() {
            Peek::Char(c) => self.text_at()..self.text_at() + c.len_utf8(),
            Peek::Tag(node) => tag_span(node),
            Peek::End => self.after..self.after,
        }
    }

    /// Where the last thing read ended.
    pub(crate) fn after(&self) -> usize {
        self.after
    }

    pub(crate) fn eat(&mut self, wanted: char) -> bool {
        let here = matches!(self.peek(), Peek::Char(c) if c == wanted);
        if here {
            self.bump();
        }
        here
    }

    /// Steps over JSON's white space.
    pub(crate) fn skip_space(&mut self) {
        while let Peek::Char(' ' | '\t' | '\n' | '\r') = self.peek() {
            self.bump();
        }
    }
}

/// The place of a tag.
pub(crate) fn tag_span(node: &Node) -> Range<usize> {
    match node {
        Node::Hole(hole) => hole.span.clone(),
        Node::Block(block) => block.span.clone(),
        Node::Text(_) => 0..0,
    }
}
