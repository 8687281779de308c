//! CEL with our functions and bounds: what decides in `*_when` keys ("Handlebars builds, CEL decides").
//!
//! Owns the expression language of preset manifests. The grammar is that of CEL; what an expression *means* is
//! ours, because an answer of a vendor is not a typed record: keys are missing, numbers come as text, a list is null.
//!
//! - [`scan`] splits a stranger's text into tokens, within our bounds.
//! - [`parse`] makes a [`tree`] of them; unknown functions end there, by name. [`literal`] reads numbers and texts.
//! - [`eval`] evaluates the tree over JSON within a budget of steps; [`compare`] says when two values are equal.
//! - [`envelope`] finds the status codes in an answer.
//!
//! Invariants: no text makes it panic, hang or overflow the stack; it never does IO, reads no clock and draws no random
//! number (it also runs in the guest); messages name kinds and positions, never values, so that no answer's data
//! travels in an error.
//!
//! # The language, where it differs from plain CEL
//!
//! - **Access never fails.** `a.b`, `a["b"]` and `a[0]` give `null` if the key or index is not there or `a` is no
//!   object or list; so does a chain through `null`. `has(a.b)` tells a missing key from a `null`.
//! - **Numbers may come as text.** `"50" == 50` is true, and `<`, `<=`, `>`, `>=` go by value. Text counts as a number
//!   only in JSON's spelling: `"007"` is an identifier and equals no number. Two texts are equal only letter for
//!   letter, but are ordered by value if both are numbers (`"9" < "10"`).
//! - **`null`** equals only `null`; `<`, `<=`, `>`, `>=` with it are false; `size(null)` is 0; the list macros take it
//!   as an empty list; `contains`, `startsWith`, `endsWith` of it are false, `lowerAscii`, `int`, `double` and
//!   `string` of it are `null`.
//! - Whole numbers and fractions mix. `+ - * / %` want numbers as such: `int(x)` turns text into one.
//! - `&&`, `||`, `!`, `? :` and the conditions of macros want true or false: a missing value there is an error and not
//!   silently false, since outcomes hang on it. `&&` and `||` go from left to right and stop when decided.
//! - No bytes, timestamps, types, messages or optional syntax; no `matches` (a pattern's cost is hard to bound).

#![forbid(unsafe_code)]

mod compare;
mod envelope;
mod eval;
mod functions;
mod literal;
mod parse;
mod scan;
mod tree;

use std::fmt;

use presetter_template::Problem;
use serde_json::Value;

pub use envelope::codes;
pub use scan::{MAX_MACRO_DEPTH, MAX_NESTING, MAX_SOURCE, MAX_TOKENS};

/// The most steps that one evaluation may take.
///
/// A step is one operator, one turn of a macro, or 64 bytes copied or compared. A page of five hundred users judged by
/// a handful of conditions takes some ten thousand; a hundred thousand are done in a few milliseconds.
pub const MAX_STEPS: u32 = 100_000;

/// Which macros an expression may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Everything; for the guest, which runs under its own limits.
    Full,
    /// Without `all`, `exists`, `exists_one`, `map` and `filter`; for `invalid_when`, which the host evaluates.
    NoMacros,
}

/// A compiled expression. A clone shares nothing with it.
#[derive(Debug, Clone)]
pub struct Program {
    inner: tree::Compiled,
}

impl Program {
    /// Compiles an expression.
    ///
    /// # Errors
    /// One [`Problem`] with a span in `source`: a bound is exceeded, the syntax is wrong, a function is not known or
    /// has the wrong number of arguments, or the dialect has no such macro. Names of variables are not judged here:
    /// see [`Program::variables`].
    pub fn compile(source: &str, dialect: Dialect) -> Result<Program, Problem> {
        let tokens = scan::scan(source)?;
        let compiled = parse::parse(source, &tokens, dialect)?;
        Ok(Program { inner: compiled })
    }

    /// Evaluates to true or false.
    ///
    /// # Errors
    /// As [`Program::value`]; also if the result is neither true nor false, and then the error says what it was.
    pub fn test(&self, vars: &Vars<'_>) -> Result<bool, EvalError> {
        eval::test(&self.inner.root, vars)
    }

    /// Evaluates to a value.
    ///
    /// # Errors
    /// A variable has no value, an operator or function got a kind that it does not take, arithmetic overflows or
    /// divides by zero, or the work exceeds [`MAX_STEPS`].
    pub fn value(&self, vars: &Vars<'_>) -> Result<Value, EvalError> {
        eval::value(&self.inner.root, vars)
    }

    /// The variables that the expression refers to, each once, in the order of their first use. Names bound by macros
    /// are not among them.
    pub fn variables(&self) -> Vec<String> {
        self.inner.variables.clone()
    }
}

/// The values that an expression may refer to, by name.
#[derive(Debug, Clone, Default)]
pub struct Vars<'a> {
    values: Vec<(&'a str, &'a Value)>,
}

impl<'a> Vars<'a> {
    /// No variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more variable; a name given twice has its last value.
    #[must_use]
    pub fn with(mut self, name: &'a str, value: &'a Value) -> Self {
        self.values.push((name, value));
        self
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.values.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// Why an expression that compiled could not be evaluated over these values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvalError {
    problem: Problem,
}

impl EvalError {
    fn new(problem: Problem) -> Self {
        Self { problem }
    }

    /// What is wrong, where in the expression's source, and what to do.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl From<EvalError> for Problem {
    fn from(error: EvalError) -> Problem {
        error.problem
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl std::error::Error for EvalError {}
