//! From source text to the tree that is evaluated.
//!
//! Owns the step from the grammar (crate `cel`, with its macros switched off) to our own small tree, and what a
//! stranger's expression is refused for after parsing: unknown functions, wrong arguments, macros too deep or not
//! allowed, syntax that answers have no use for. It must only be given a source that [`crate::scan`] has passed.
//!
//! Invariant: the tree holds nothing that could fail for its form at run time, only for the values it meets.

use std::ops::Range;

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SourceInfo, operators};
use cel::{Env, ParseErrors};
use presetter_template::Problem;
use serde_json::{Number, Value};

use crate::Dialect;
use crate::functions::{FUNCTIONS, Function};
use crate::scan::{MAX_MACRO_DEPTH, Token};

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) root: Node,
    /// Free names in the order of their first use.
    pub(crate) variables: Vec<String>,
}

/// One expression and where it stands in the source.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) form: Form,
    pub(crate) span: Range<usize>,
}

/// What an expression does.
#[derive(Debug)]
pub(crate) enum Form {
    Literal(Value),
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
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    Choose(Box<[Node; 3]>),
    Compare(Comparison, Box<[Node; 2]>),
    In(Box<[Node; 2]>),
    Calculate(Operation, Box<[Node; 2]>),
    Call(Function, Vec<Node>),
    Loop(Box<Loop>),
}

/// `over.macro(name, body)`; the body sees the element as a local.
#[derive(Debug)]
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
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            operators::ALL => Self::All,
            operators::EXISTS => Self::Exists,
            operators::EXISTS_ONE | "existsOne" => Self::ExistsOne,
            operators::MAP => Self::Map,
            operators::FILTER => Self::Filter,
            _ => return None,
        })
    }
}

/// Parses a source that the scanner has passed, and builds the tree.
pub(crate) fn compile(source: &str, tokens: &[Token], dialect: Dialect) -> Result<Compiled, Problem> {
    let parser = Env::default().with_optional_support(false).parser();
    let (tree, info) = parser.parse_with_source_info(source).map_err(|errors| syntax(source, tokens, &errors))?;
    let mut builder = Builder { source, tokens, info, dialect, locals: Vec::new(), variables: Vec::new() };
    let root = builder.node(tree)?;
    Ok(Compiled { root, variables: builder.variables })
}

struct Builder<'a> {
    source: &'a str,
    tokens: &'a [Token],
    info: SourceInfo,
    dialect: Dialect,
    /// Names bound by the macros around this place.
    locals: Vec<String>,
    variables: Vec<String>,
}

impl Builder<'_> {
    fn node(&mut self, expr: IdedExpr) -> Result<Node, Problem> {
        let here = self.span(expr.id);
        let form = match expr.expr {
            Expr::Literal(literal) => Form::Literal(value(&literal, &here)?),
            Expr::Ident(name) => self.name(name, &here)?,
            Expr::Select(select) if !select.test => Form::Key(Box::new(self.node(*select.operand)?), select.field),
            Expr::List(list) => Form::List(self.nodes(list.elements)?),
            Expr::Map(map) => {
                let mut entries = Vec::with_capacity(map.entries.len());
                for entry in map.entries {
                    let EntryExpr::MapEntry(entry) = entry.expr else { return Err(unsupported(here)) };
                    entries.push((self.node(entry.key)?, self.node(entry.value)?));
                }
                Form::Object(entries)
            }
            Expr::Call(call) => self.call(call, &here)?,
            Expr::Struct(_) => {
                let problem = Problem::new("typed objects have no place in a condition", here);
                return Err(problem.with_hint("write {\"key\": value} without a name before it"));
            }
            Expr::Select(_) | Expr::Comprehension(_) | Expr::Unspecified => return Err(unsupported(here)),
        };
        let span = form.children().fold(self.whole(here), |whole, child| cover(&whole, &child.span));
        Ok(Node { form, span })
    }

    fn nodes(&mut self, exprs: Vec<IdedExpr>) -> Result<Vec<Node>, Problem> {
        exprs.into_iter().map(|expr| self.node(expr)).collect()
    }

    fn name(&mut self, name: String, here: &Range<usize>) -> Result<Form, Problem> {
        if name.starts_with('.') {
            return Err(Problem::new("a name cannot begin with a dot", here.clone()));
        }
        if let Some(level) = self.locals.iter().rposition(|local| *local == name) {
            return Ok(Form::Local(level));
        }
        if !self.variables.contains(&name) {
            self.variables.push(name.clone());
        }
        Ok(Form::Variable(name))
    }

    fn call(&mut self, call: CallExpr, here: &Range<usize>) -> Result<Form, Problem> {
        let CallExpr { func_name: name, target, args } = call;
        let Some(target) = target else {
            return match operator(&name) {
                Some(make) => {
                    let args = self.nodes(args)?;
                    make(args).ok_or_else(|| unsupported(here.clone()))
                }
                None if name == operators::HAS => self.has(args, here),
                None => self.function(&name, args, here),
            };
        };
        match Macro::named(&name) {
            Some(what) => self.repeat(what, &name, *target, args, here),
            None => {
                let args = std::iter::once(*target).chain(args).collect();
                self.function(&name, args, here)
            }
        }
    }

    fn function(&mut self, name: &str, args: Vec<IdedExpr>, here: &Range<usize>) -> Result<Form, Problem> {
        let at = name_span(self.source, here);
        if Macro::named(name).is_some() {
            let hint = format!("write list.{name}(x, ..)");
            return Err(Problem::new(format!("`{name}` belongs behind a list"), at).with_hint(hint));
        }
        let Some((_, function, wanted)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
            let hint = match name {
                "matches" => "patterns are not offered, since their cost is hard to bound: \
                              use contains, startsWith or endsWith"
                    .to_owned(),
                _ => format!("there are {}, has, and behind a list all, exists, exists_one, map, filter", list()),
            };
            return Err(Problem::new(format!("there is no function `{name}`"), at).with_hint(hint));
        };
        if args.len() != *wanted {
            let message = format!("`{name}` takes {wanted} argument{}, here are {}", plural(*wanted), args.len());
            let hint = "what stands before the dot counts as the first argument";
            return Err(Problem::new(message, at).with_hint(hint));
        }
        Ok(Form::Call(*function, self.nodes(args)?))
    }

    fn has(&mut self, args: Vec<IdedExpr>, here: &Range<usize>) -> Result<Form, Problem> {
        let at = name_span(self.source, here);
        match <[IdedExpr; 1]>::try_from(args) {
            Ok([IdedExpr { expr: Expr::Select(select), .. }]) if !select.test => {
                Ok(Form::Has(Box::new(self.node(*select.operand)?), select.field))
            }
            _ => Err(Problem::new("`has` takes one key of an object", at)
                .with_hint("write has(response.key); for other keys compare: response[\"a b\"] != null")),
        }
    }

    fn repeat(
        &mut self,
        what: Macro,
        name: &str,
        over: IdedExpr,
        args: Vec<IdedExpr>,
        here: &Range<usize>,
    ) -> Result<Form, Problem> {
        let at = name_span(self.source, here);
        if self.dialect == Dialect::NoMacros {
            let hint = "compare fields directly, such as response.response[0].status == \"X\", or use `in`";
            return Err(Problem::new(format!("`{name}` is not allowed in this condition"), at).with_hint(hint));
        }
        if self.locals.len() == MAX_MACRO_DEPTH {
            let message =
                format!("`{name}` stands too deep: at most {MAX_MACRO_DEPTH} macros may be within each other");
            return Err(Problem::new(message, at));
        }
        let count = args.len();
        let mut args = args.into_iter();
        let (Some(element), Some(body), last) = (args.next(), args.next(), args.next()) else {
            return Err(wrong_macro(name, at));
        };
        let Expr::Ident(element) = element.expr else { return Err(wrong_macro(name, at)) };
        if count > 3 || element.starts_with('.') || (last.is_some() && what != Macro::Map) {
            return Err(wrong_macro(name, at));
        }
        let over = self.node(over)?;
        self.locals.push(element);
        let body = self.node(body)?;
        let last = last.map(|last| self.node(last)).transpose()?;
        self.locals.pop();
        let (test, make) = match (what, last) {
            (Macro::Map, None) => (None, Some(body)),
            (_, last) => (Some(body), last),
        };
        Ok(Form::Loop(Box::new(Loop { over, what, test, make })))
    }

    /// Where the token of a node stands; the parser counts its end inclusively.
    fn span(&self, id: u64) -> Range<usize> {
        let Some((start, stop)) = self.info.offset_for(id) else { return 0..self.source.len() };
        let start = self.source.floor_char_boundary(start as usize);
        let end = self.source.ceil_char_boundary((stop as usize).saturating_add(1));
        start..end.max(start)
    }

    /// The place of a token with what belongs to it: of a dot, the key behind it; of an opening bracket, all from the
    /// name before it to the bracket that closes it.
    fn whole(&self, token: Range<usize>) -> Range<usize> {
        if &self.source[token.clone()] == "." {
            let key = self.tokens.iter().find(|key| key.start >= token.end);
            return token.start..key.map_or(token.end, |key| key.end);
        }
        let mut open = 0_usize;
        for inner in self.tokens.iter().skip_while(|inner| inner.start < token.start) {
            match &self.source[inner.clone()] {
                "(" | "[" | "{" => open += 1,
                ")" | "]" | "}" => open = open.saturating_sub(1),
                _ => {}
            }
            if open == 0 {
                let name = name_span(self.source, &token);
                return if self.source[token.start..].starts_with('(') { name.start } else { token.start }..inner.end;
            }
        }
        token
    }
}

impl Form {
    /// The expressions that this one is made of.
    fn children(&self) -> Box<dyn Iterator<Item = &Node> + '_> {
        match self {
            Self::Literal(_) | Self::Variable(_) | Self::Local(_) => Box::new(std::iter::empty()),
            Self::List(nodes) | Self::Call(_, nodes) => Box::new(nodes.iter()),
            Self::Object(entries) => Box::new(entries.iter().flat_map(|(key, value)| [key, value])),
            Self::Key(of, _) | Self::Has(of, _) | Self::Not(of) | Self::Negate(of) => Box::new(std::iter::once(&**of)),
            Self::Index(two) | Self::And(two) | Self::Or(two) | Self::In(two) => Box::new(two.iter()),
            Self::Compare(_, two) | Self::Calculate(_, two) => Box::new(two.iter()),
            Self::Choose(three) => Box::new(three.iter()),
            Self::Loop(of) => Box::new(std::iter::once(&of.over).chain(&of.test).chain(&of.make)),
        }
    }
}

type Make = fn(Vec<Node>) -> Option<Form>;

/// How an operator of the grammar is built.
fn operator(name: &str) -> Option<Make> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    use Operation::{Add, Divide, Multiply, Remainder, Subtract};
    fn of<const N: usize>(args: Vec<Node>) -> Option<Box<[Node; N]>> {
        args.try_into().ok()
    }
    fn one(args: Vec<Node>) -> Option<Box<Node>> {
        let [node] = <[Node; 1]>::try_from(args).ok()?;
        Some(Box::new(node))
    }
    Some(match name {
        operators::CONDITIONAL => |args| of(args).map(Form::Choose),
        operators::LOGICAL_AND => |args| of(args).map(Form::And),
        operators::LOGICAL_OR => |args| of(args).map(Form::Or),
        operators::LOGICAL_NOT => |args| one(args).map(Form::Not),
        operators::NEGATE => |args| one(args).map(Form::Negate),
        operators::INDEX => |args| of(args).map(Form::Index),
        operators::IN => |args| of(args).map(Form::In),
        operators::EQUALS => |args| Some(Form::Compare(Equal, of(args)?)),
        operators::NOT_EQUALS => |args| Some(Form::Compare(NotEqual, of(args)?)),
        operators::LESS => |args| Some(Form::Compare(Less, of(args)?)),
        operators::LESS_EQUALS => |args| Some(Form::Compare(LessOrEqual, of(args)?)),
        operators::GREATER => |args| Some(Form::Compare(Greater, of(args)?)),
        operators::GREATER_EQUALS => |args| Some(Form::Compare(GreaterOrEqual, of(args)?)),
        operators::ADD => |args| Some(Form::Calculate(Add, of(args)?)),
        operators::SUBSTRACT => |args| Some(Form::Calculate(Subtract, of(args)?)),
        operators::MULTIPLY => |args| Some(Form::Calculate(Multiply, of(args)?)),
        operators::DIVIDE => |args| Some(Form::Calculate(Divide, of(args)?)),
        operators::MODULO => |args| Some(Form::Calculate(Remainder, of(args)?)),
        _ => return None,
    })
}

fn value(literal: &LiteralValue, here: &Range<usize>) -> Result<Value, Problem> {
    Ok(match literal {
        LiteralValue::Null => Value::Null,
        LiteralValue::Boolean(b) => Value::Bool(*b.inner()),
        LiteralValue::Int(i) => Value::from(*i.inner()),
        LiteralValue::UInt(u) => Value::from(*u.inner()),
        LiteralValue::Double(f) => {
            Number::from_f64(*f.inner()).map(Value::Number).ok_or_else(|| unsupported(here.clone()))?
        }
        LiteralValue::String(text) => Value::from(text.inner()),
        LiteralValue::Bytes(_) => return Err(unsupported(here.clone())),
    })
}

/// What the parser stumbled over, in words for someone who never saw a grammar.
fn syntax(source: &str, tokens: &[Token], errors: &ParseErrors) -> Problem {
    let Some(error) = errors.errors.first() else { return unsupported(0..source.len()) };
    let at = offset(source, error.pos);
    let Some(token) = tokens.iter().find(|token| token.end > at) else {
        let last = tokens.last().cloned().unwrap_or(0..source.len());
        let hint = "something is missing at the end, such as a value to compare with";
        return Problem::new(format!("the expression ends too soon, after `{}`", &source[last.clone()]), last)
            .with_hint(hint);
    };
    let text = &source[token.clone()];
    if error.msg.starts_with("reserved identifier") {
        return Problem::new(format!("`{text}` is a reserved word and cannot be a name"), token.clone())
            .with_hint(format!("as a key write it in brackets: response[\"{text}\"]"));
    }
    if error.msg.starts_with("invalid") {
        return Problem::new(format!("the number `{text}` is too large"), token.clone());
    }
    let problem = Problem::new(format!("`{text}` cannot stand here"), token.clone());
    match text {
        "and" | "AND" => problem.with_hint("write && for \"and\""),
        "or" | "OR" => problem.with_hint("write || for \"or\""),
        "not" | "NOT" | "is" => problem.with_hint("write ! for \"not\", == for \"is\", != for \"is not\""),
        "in" | "true" | "false" | "null" if source[..token.start].trim_end().ends_with('.') => {
            problem.with_hint(format!("as a key write it in brackets: response[\"{text}\"]"))
        }
        "then" | "else" => problem.with_hint("write condition ? value : other"),
        _ => problem.with_hint("an operator, a bracket or a quote before it may be missing or one too many"),
    }
}

/// The byte at a line (from 1) and column (from 1, in characters), or the end.
fn offset(source: &str, (line, column): (isize, isize)) -> usize {
    let Ok(above) = usize::try_from(line - 1) else { return 0 };
    let start: usize = source.split_inclusive('\n').take(above).map(str::len).sum();
    let rest = &source[start..];
    let column = usize::try_from(column - 1).unwrap_or(0);
    start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
}

/// The name before a call's opening bracket, which is all that the parser remembers of a call.
fn name_span(source: &str, open: &Range<usize>) -> Range<usize> {
    let before = source[..open.start].trim_end();
    let length = before.bytes().rev().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    if length == 0 { open.clone() } else { before.len() - length..before.len() }
}

fn cover(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    a.start.min(b.start)..a.end.max(b.end)
}

fn list() -> String {
    FUNCTIONS.map(|(name, ..)| name).join(", ")
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn wrong_macro(name: &str, at: Range<usize>) -> Problem {
    let hint = match name {
        "map" => "write list.map(x, x.name), or list.map(x, x.active == true, x.name)".to_owned(),
        _ => format!("write list.{name}(x, x.status == \"OK\")"),
    };
    Problem::new(format!("`{name}` takes a new name for the element and a condition on it"), at).with_hint(hint)
}

fn unsupported(at: Range<usize>) -> Problem {
    Problem::new("this cannot be used in a condition", at)
}
