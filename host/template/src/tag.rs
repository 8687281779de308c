//! What a tag may be.
//!
//! Owns the list: a value, an optional value, the four blocks with their `else`, a comment. `tag_reader` reads them.

use std::ops::Range;

use crate::lex::Operand;

/// What there is, for messages.
pub(crate) const HELPERS: &str = "there are: {{x}}, {{optional x}}, {{#if x}}, {{#unless x}}, {{#each x}}, {{#with x}}";

/// A tag as read.
#[derive(Debug)]
pub(crate) struct Tag {
    pub(crate) kind: TagKind,
    pub(crate) span: Range<usize>,
    pub(crate) trim_before: bool,
    pub(crate) trim_after: bool,
}

#[derive(Debug)]
pub(crate) enum TagKind {
    Comment,
    Value(ValueTag),
    Open(OpenTag),
    /// `{{else}}`, or `{{else if x}}` with the block that it begins.
    Else(Option<OpenTag>),
    Close(String),
}

/// `{{x}}`, `{{optional x}}`, `{{{x}}}`.
#[derive(Debug)]
pub(crate) struct ValueTag {
    pub(crate) operand: Operand,
    /// The operand as its author wrote it.
    pub(crate) shown: String,
    pub(crate) optional: bool,
    pub(crate) raw: bool,
    pub(crate) span: Range<usize>,
}

/// `{{#each users as |user index|}}`.
#[derive(Debug)]
pub(crate) struct OpenTag {
    pub(crate) kind: BlockKind,
    pub(crate) operand: Operand,
    pub(crate) shown: String,
    pub(crate) names: Vec<String>,
    pub(crate) span: Range<usize>,
}

/// The blocks that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockKind {
    If,
    Unless,
    Each,
    With,
}

impl BlockKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::Unless => "unless",
            Self::Each => "each",
            Self::With => "with",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::If, Self::Unless, Self::Each, Self::With].into_iter().find(|kind| kind.name() == name)
    }
}
