//! What is wrong in a text that a person wrote, and where: the one form in which templates, expressions and
//! manifests report bad input.
//!
//! Owns the value only. It never prints: `presetter-manifest` knows the file and renders it with line, column and
//! caret.

use std::fmt;
use std::ops::Range;

/// One mistake in a source text, as a person should read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, in one sentence without a full stop: `no value for "email"`.
    pub message: String,
    /// Where: a range of bytes in the source text the problem was found in, always on character boundaries.
    pub span: Range<usize>,
    /// What to do about it, where we know: `pass it with --set email=VALUE`.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem at a range of bytes.
    pub fn new(message: impl Into<String>, span: Range<usize>) -> Self {
        Self { message: message.into(), span, hint: None }
    }

    /// The same with advice on what to do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, moved: for a text that is part of a larger one.
    #[must_use]
    pub fn shifted(mut self, by: usize) -> Self {
        self.span = self.span.start + by..self.span.end + by;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}
