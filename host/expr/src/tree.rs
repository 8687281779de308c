//! The tree that is evaluated.
//!
//! Invariant: it holds nothing that could fail for its form at run time, only for the values it meets.

use std::ops::Range;

use serde_json::Value;

use crate::functions::Function;

/// A compiled expression.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) root: Node,
    /// Free names in the order of their first use.
    pub(crate) variables: Vec<String>,
}

/// One expression and where it stands in the source.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) form: Form,
    pub(crate) span: Range<usize>,
}

/// What an expression does.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    Literal(Box<Value>),
    Variable(String),
    /// A name bound by the macro at this level, the outermost being 0.
    Local(usize),
    List(Vec<Node>),
    Object(Vec<(Node, Node)>),
    Key(Box<Node>, String),
    Has(Box<Node>, String),
    Index(Box<[Node; 2]>),
    Not(Box<Node>),
    Negate(Box<Node>),
    /// All of them, in their order, until one is false.
    And(Vec<Node>),
    /// Any of them, in their order, until one is true.
    Or(Vec<Node>),
    Choose(Box<[Node; 3]>),
    Compare(Comparison, Box<[Node; 2]>),
    In(Box<[Node; 2]>),
    Calculate(Operation, Box<[Node; 2]>),
    Call(Function, Vec<Node>),
    Loop(Box<Loop>),
}

/// `over.macro(name, body)`; the body sees the element as a local.
#[derive(Debug, Clone)]
pub(crate) struct Loop {
    pub(crate) over: Node,
    pub(crate) what: Macro,
    /// `map` with three arguments has both, `map` with two only `make`, all others only `test`.
    pub(crate) test: Option<Node>,
    pub(crate) make: Option<Node>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Macro {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Macro {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "all" => Self::All,
            "exists" => Self::Exists,
            "exists_one" | "existsOne" => Self::ExistsOne,
            "map" => Self::Map,
            "filter" => Self::Filter,
            _ => return None,
        })
    }
}
