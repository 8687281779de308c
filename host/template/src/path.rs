//! Paths: how a value inside other values is named, `response.users[0]["test-field"]`.
//!
//! Owns the value and its look-up; the grammar itself is `lex`'s. Templates, mappings and the command line all use
//! this one grammar. A look-up never fails loudly: what is not there is nothing.

use std::fmt;

use serde_json::Value;

use crate::lex::{self, Base};
use crate::{Problem, Scope};

/// A name and the steps from its value inwards.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    /// The name that the scope knows.
    pub root: String,
    /// The way from there.
    pub steps: Vec<Step>,
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// A property of an object: `.name`, `["a b"]`, `['a b']`, `.[a b]`.
    Key(String),
    /// A place in a list, from 0: `[0]` or `.0`. In an object it is the property of that name.
    Index(usize),
}

impl Path {
    /// Reads a path: `a.b-c`, `a[0]`, `a["test-field"]`, `a['a b']`, `a.[b c]`, `users.0`.
    ///
    /// # Errors
    /// A problem whose span lies in `text`: not a path, or more than [`crate::bounds::TOKENS`] steps.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let raw = lex::whole_path(text)?;
        match raw.base {
            Base::Name(root) if raw.up == 0 => Ok(Self { root, steps: raw.steps }),
            _ => Err(Problem::new(format!("{text:?} has a meaning only inside a block of a template"), 0..text.len())
                .with_hint("begin with a name, as in response.users[0].email")),
        }
    }

    /// The value that the path names, or nothing.
    #[must_use]
    pub fn resolve<'a>(&self, scope: &'a dyn Scope) -> Option<&'a Value> {
        walk(scope.root(&self.root)?, &self.steps)
    }

    /// Whether `self` names the same value as `other` or one that holds it.
    pub(crate) fn holds(&self, other: &Self) -> bool {
        self.root == other.root && other.steps.starts_with(&self.steps)
    }
}

/// Follows steps from a value.
pub(crate) fn walk<'a>(value: &'a Value, steps: &[Step]) -> Option<&'a Value> {
    steps.iter().try_fold(value, |value, step| match (step, value) {
        (Step::Key(key), Value::Object(map)) => map.get(key),
        (Step::Index(at), Value::Array(list)) => list.get(*at),
        (Step::Index(at), Value::Object(map)) => map.get(&at.to_string()),
        _ => None,
    })
}

impl fmt::Display for Path {
    /// The path in the form that [`Path::parse`] reads back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if lex::is_plain_root(&self.root) {
            f.write_str(&self.root)?;
        } else {
            write!(f, "[{}]", Value::from(self.root.as_str()))?;
        }
        self.steps.iter().try_for_each(|step| write!(f, "{step}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(at) => write!(f, "[{at}]"),
            Self::Key(key) if lex::is_plain_key(key) => write!(f, ".{key}"),
            Self::Key(key) => write!(f, "[{}]", Value::from(key.as_str())),
        }
    }
}
