//! Where a template's values come from.
//!
//! Owns the trait that callers implement, and two ready forms of it. It never copies a value.

use std::ops::Range;

use serde_json::{Map, Value};

/// The values a template may name.
pub trait Scope {
    /// The value of a name without dots, or nothing.
    fn root(&self, name: &str) -> Option<&Value>;

    /// Where a missing value should have come from, as advice to a person: `pass it with --set email=VALUE`.
    fn origin(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }

    /// A block was rendered: the one whose opening tag is at `tag` in the source, by its first part (`then`) or by what
    /// stands after `{{else}}`. Told for who measures what a test has reached; a rendering does not depend on it.
    fn took(&self, tag: &Range<usize>, then: bool) {
        let _ = (tag, then);
    }
}

impl Scope for Map<String, Value> {
    fn root(&self, name: &str) -> Option<&Value> {
        self.get(name)
    }
}

/// A short list of names with borrowed values: `Names::new().with("response", &body)`.
#[derive(Debug, Clone, Default)]
pub struct Names<'a> {
    list: Vec<(&'a str, &'a Value)>,
}

impl<'a> Names<'a> {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The list with one name more. A later entry hides an earlier one of the same name.
    #[must_use]
    pub fn with(mut self, name: &'a str, value: &'a Value) -> Self {
        self.list.push((name, value));
        self
    }
}

impl Scope for Names<'_> {
    fn root(&self, name: &str) -> Option<&Value> {
        self.list.iter().rev().find(|(n, _)| *n == name).map(|(_, v)| *v)
    }
}
