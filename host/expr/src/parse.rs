//! From tokens to the tree: the grammar of CEL (its language definition, section "Syntax"), and what a stranger's expression is
//! refused for: unknown functions, wrong arguments, macros too deep or not allowed, syntax that answers have no use for.
//!
//! Keeps: it must only be given what [`crate::scan`] has passed, whose bounds are those of its stack. That it reads the language as
//! others do is tested against the parser of the crate `cel` (`parse/tests.rs`), which needs a millisecond for its tables.

use std::ops::Range;

use presetter_template::Problem;
use serde_json::Value;

use crate::Dialect;
use crate::functions::FUNCTIONS;
use crate::literal;
use crate::scan::{MAX_MACRO_DEPTH, Token};
use crate::tree::{Comparison, Compiled, Form, Loop, Macro, Node, Operation};

#[cfg(test)]
mod tests;

/// Words that the language keeps for itself; behind a dot they are keys like others.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];
/// Words that are no names anywhere.
const KEYWORDS: [&str; 4] = ["in", "true", "false", "null"];

/// Parses a source that the scanner has split into tokens.
pub(crate) fn parse(source: &str, tokens: &[Token], dialect: Dialect) -> Result<Compiled, Problem> {
    let mut parser = Parser { source, tokens, at: 0, dialect, locals: Vec::new(), variables: Vec::new() };
    let root = parser.expression()?;
    match parser.peek() {
        "" => Ok(Compiled { root, variables: parser.variables }),
        _ => Err(parser.unexpected()),
    }
}

struct Parser<'a> {
    source: &'a str,
    tokens: &'a [Token],
    /// The next token.
    at: usize,
    dialect: Dialect,
    /// Names bound by the macros around this place.
    locals: Vec<&'a str>,
    variables: Vec<String>,
}

impl<'a> Parser<'a> {
    /// `condition ? value : other`, or what is without it.
    fn expression(&mut self) -> Result<Node, Problem> {
        let first = self.at;
        let condition = self.binary(0)?;
        if !self.eat("?") {
            return Ok(condition);
        }
        let value = self.binary(0)?;
        self.expect(":")?;
        let other = self.expression()?;
        Ok(self.node(first, Form::Choose(Box::new([condition, value, other]))))
    }

    /// Operators that bind at least so tightly, each with what binds more tightly on its right.
    fn binary(&mut self, least: usize) -> Result<Node, Problem> {
        let first = self.at;
        let mut left = self.unary()?;
        let mut before = "";
        while let Some((level, operator)) = operator(self.peek())
            && level >= least
        {
            let token = self.peek();
            self.at += 1;
            let right = self.binary(level + 1)?;
            let form = match (operator, left.form) {
                // However many parts have the same one of these between them: they are one node.
                (Operator::All, Form::And(parts)) if before == token => Form::And(with(parts, right)),
                (Operator::Any, Form::Or(parts)) if before == token => Form::Or(with(parts, right)),
                (operator, form) => operator.between(Node { form, ..left }, right),
            };
            left = self.node(first, form);
            before = token;
        }
        Ok(left)
    }

    /// `!` or `-`, as often as it stands there: two of them are none.
    fn unary(&mut self) -> Result<Node, Problem> {
        let first = self.at;
        let make = match self.peek() {
            "!" => Form::Not,
            "-" if !self.is_negative() => Form::Negate,
            _ => return self.member(),
        };
        let operator = self.peek();
        while self.eat(operator) {}
        let odd = (self.at - first) % 2 == 1;
        let of = self.member()?;
        Ok(if odd { self.node(first, make(Box::new(of))) } else { of })
    }

    /// Something with keys, indexes and methods behind it.
    fn member(&mut self) -> Result<Node, Problem> {
        let first = self.at;
        let mut node = self.primary()?;
        loop {
            if self.eat(".") {
                let name = self.name()?;
                node = match self.peek() {
                    "(" => self.method(first, node, name)?,
                    _ => self.node(first, Form::Key(Box::new(node), name.to_owned())),
                };
            } else if self.eat("[") {
                let index = self.expression()?;
                self.expect("]")?;
                node = self.node(first, Form::Index(Box::new([node, index])));
            } else if self.peek() == "{" && matches!(node.form, Form::Variable(_) | Form::Local(_) | Form::Key(..)) {
                let problem = Problem::new("typed objects have no place in a condition", self.here());
                return Err(problem.with_hint("write {\"key\": value} without a name before it"));
            } else {
                return Ok(node);
            }
        }
    }

    fn primary(&mut self) -> Result<Node, Problem> {
        let first = self.at;
        let token = self.peek();
        let form = match token {
            "(" => {
                self.at += 1;
                let inner = self.expression()?;
                self.expect(")")?;
                return Ok(inner);
            }
            "[" => Form::List(self.listed("[", "]", Self::expression)?),
            "{" => Form::Object(self.listed("{", "}", Self::entry)?),
            "." => return Err(self.dotted()),
            "true" | "false" => self.literal(Value::Bool(token == "true")),
            "null" => self.literal(Value::Null),
            _ if self.is_negative() => {
                self.at += 1;
                let number = self.number(true)?;
                self.literal(number)
            }
            _ if token.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
                let number = self.number(false)?;
                self.literal(number)
            }
            _ if token.ends_with(['"', '\'']) => self.literal(Value::String(literal::text(token))),
            _ if RESERVED.contains(&token) => return Err(self.reserved()),
            _ => self.named_or_called()?,
        };
        Ok(self.node(first, form))
    }

    fn named_or_called(&mut self) -> Result<Form, Problem> {
        let name = self.name()?;
        match self.peek() {
            "(" if name == "has" => self.has(),
            "(" if Macro::named(name).is_some() => {
                let hint = format!("write list.{name}(x, ..)");
                Err(Problem::new(format!("`{name}` belongs behind a list"), self.last()).with_hint(hint))
            }
            "(" => self.function(name, None),
            _ => Ok(self.named(name)),
        }
    }

    fn literal(&mut self, value: Value) -> Form {
        self.at += 1;
        Form::Literal(Box::new(value))
    }

    fn number(&self, negative: bool) -> Result<Value, Problem> {
        let text = self.peek();
        literal::number(text, negative)
            .ok_or_else(|| Problem::new(format!("the number `{text}` is too large"), self.here()))
    }

    /// What a name stands for here.
    fn named(&mut self, name: &str) -> Form {
        if let Some(level) = self.locals.iter().rposition(|local| *local == name) {
            return Form::Local(level);
        }
        if !self.variables.iter().any(|known| known == name) {
            self.variables.push(name.to_owned());
        }
        Form::Variable(name.to_owned())
    }

    fn has(&mut self) -> Result<Form, Problem> {
        let at = self.last();
        match <[Node; 1]>::try_from(self.arguments()?).map(|[node]| node.form) {
            Ok(Form::Key(of, key)) => Ok(Form::Has(of, key)),
            _ => Err(Problem::new("`has` takes one key of an object", at)
                .with_hint("write has(response.key); for other keys compare: response[\"a b\"] != null")),
        }
    }

    /// A call behind a dot; its name was the last token.
    fn method(&mut self, first: usize, target: Node, name: &'a str) -> Result<Node, Problem> {
        let form = match Macro::named(name) {
            Some(what) => self.repeat(what, name, target)?,
            None => self.function(name, Some(target))?,
        };
        Ok(self.node(first, form))
    }

    fn function(&mut self, name: &str, target: Option<Node>) -> Result<Form, Problem> {
        let at = self.last();
        let Some((_, function, wanted)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
            return Err(no_function(name, at));
        };
        let mut args = self.arguments()?;
        args.splice(0..0, target);
        if args.len() != *wanted {
            Err(miscounted(name, *wanted, args.len(), at))
        } else {
            Ok(Form::Call(*function, args))
        }
    }

    /// `over.macro(name, body)`, from the bracket on.
    fn repeat(&mut self, what: Macro, name: &str, over: Node) -> Result<Form, Problem> {
        let at = self.last();
        if self.dialect == Dialect::NoMacros {
            let hint = "compare fields directly, such as response.response[0].status == \"X\", or use `in`";
            return Err(Problem::new(format!("`{name}` is not allowed in this condition"), at).with_hint(hint));
        }
        if self.locals.len() == MAX_MACRO_DEPTH {
            let message =
                format!("`{name}` stands too deep: at most {MAX_MACRO_DEPTH} macros may be within each other");
            return Err(Problem::new(message, at));
        }
        self.expect("(")?;
        let element = self.peek();
        if !is_name(element) || RESERVED.contains(&element) {
            return Err(wrong_macro(name, at));
        }
        self.at += 1;
        if !self.eat(",") {
            return Err(wrong_macro(name, at));
        }
        self.locals.push(element);
        let body = self.expression()?;
        let last = if self.eat(",") { Some(self.expression()?) } else { None };
        self.locals.pop();
        if self.peek() == "," || (last.is_some() && what != Macro::Map) {
            return Err(wrong_macro(name, at));
        }
        self.expect(")")?;
        let (test, make) = match (what, last) {
            (Macro::Map, None) => (None, Some(body)),
            (_, last) => (Some(body), last),
        };
        Ok(Form::Loop(Box::new(Loop { over, what, test, make })))
    }

    /// What stands between brackets, with commas between; one may follow the last.
    fn listed<T>(
        &mut self,
        open: &str,
        close: &str,
        one: fn(&mut Self) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        self.expect(open)?;
        let mut all = Vec::new();
        while !self.eat(close) {
            all.push(one(self)?);
            if !self.eat(",") {
                self.expect(close)?;
                break;
            }
        }
        Ok(all)
    }

    fn entry(&mut self) -> Result<(Node, Node), Problem> {
        let key = self.expression()?;
        self.expect(":")?;
        Ok((key, self.expression()?))
    }

    /// The arguments of a call: no comma follows the last.
    fn arguments(&mut self) -> Result<Vec<Node>, Problem> {
        let args = self.listed("(", ")", Self::expression)?;
        if !args.is_empty() && self.text(self.at - 2) == "," {
            self.at -= 1;
            return Err(self.unexpected());
        }
        Ok(args)
    }

    fn name(&mut self) -> Result<&'a str, Problem> {
        let name = self.peek();
        if !is_name(name) {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(name)
    }

    /// Whether a number with its sign comes next.
    fn is_negative(&self) -> bool {
        let next = self.text(self.at + 1);
        self.peek() == "-"
            && next.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && next != "."
            && !next.ends_with(['u', 'U'])
    }

    fn node(&self, first: usize, form: Form) -> Node {
        Node { form, span: self.tokens[first].start..self.last().end }
    }

    /// The next token; empty at the end.
    fn peek(&self) -> &'a str {
        self.text(self.at)
    }

    fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| &self.source[token.clone()])
    }

    fn here(&self) -> Range<usize> {
        self.tokens.get(self.at).cloned().unwrap_or(self.source.len()..self.source.len())
    }

    /// Where the token before the next one stands.
    fn last(&self) -> Range<usize> {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).cloned().unwrap_or(0..self.source.len())
    }

    fn eat(&mut self, token: &str) -> bool {
        let there = self.peek() == token;
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, token: &str) -> Result<(), Problem> {
        if self.eat(token) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn reserved(&self) -> Problem {
        let word = self.peek();
        Problem::new(format!("`{word}` is a reserved word and cannot be a name"), self.here())
            .with_hint(format!("as a key write it in brackets: response[\"{word}\"]"))
    }

    fn dotted(&self) -> Problem {
        let end = self.tokens.get(self.at + 1).map_or(self.here().end, |name| name.end);
        Problem::new("a name cannot begin with a dot", self.here().start..end)
    }

    /// What the next token is refused with, in words for someone who never saw a grammar.
    fn unexpected(&self) -> Problem {
        let text = self.peek();
        if text.is_empty() {
            let message = format!("the expression ends too soon, after `{}`", &self.source[self.last()]);
            let hint = "something is missing at the end, such as a value to compare with";
            return Problem::new(message, self.last()).with_hint(hint);
        }
        let problem = Problem::new(format!("`{text}` cannot stand here"), self.here());
        match text {
            "and" | "AND" => problem.with_hint("write && for \"and\""),
            "or" | "OR" => problem.with_hint("write || for \"or\""),
            "not" | "NOT" | "is" => problem.with_hint("write ! for \"not\", == for \"is\", != for \"is not\""),
            word if KEYWORDS.contains(&word) && self.at > 0 && self.text(self.at - 1) == "." => {
                problem.with_hint(format!("as a key write it in brackets: response[\"{text}\"]"))
            }
            "then" | "else" => problem.with_hint("write condition ? value : other"),
            _ => problem.with_hint("an operator, a bracket or a quote before it may be missing or one too many"),
        }
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && !token.ends_with(['"', '\''])
        && !KEYWORDS.contains(&token)
}

fn with(mut parts: Vec<Node>, last: Node) -> Vec<Node> {
    parts.push(last);
    parts
}

/// What stands between two.
enum Operator {
    Any,
    All,
    Compare(Comparison),
    In,
    Calculate(Operation),
}

/// An operator between two, and how tightly it binds.
fn operator(token: &str) -> Option<(usize, Operator)> {
    Some(match token {
        "||" => (0, Operator::Any),
        "&&" => (1, Operator::All),
        "==" => (2, Operator::Compare(Comparison::Equal)),
        "!=" => (2, Operator::Compare(Comparison::NotEqual)),
        "<" => (2, Operator::Compare(Comparison::Less)),
        "<=" => (2, Operator::Compare(Comparison::LessOrEqual)),
        ">" => (2, Operator::Compare(Comparison::Greater)),
        ">=" => (2, Operator::Compare(Comparison::GreaterOrEqual)),
        "in" => (2, Operator::In),
        "+" => (3, Operator::Calculate(Operation::Add)),
        "-" => (3, Operator::Calculate(Operation::Subtract)),
        "*" => (4, Operator::Calculate(Operation::Multiply)),
        "/" => (4, Operator::Calculate(Operation::Divide)),
        "%" => (4, Operator::Calculate(Operation::Remainder)),
        _ => return None,
    })
}

impl Operator {
    fn between(self, left: Node, right: Node) -> Form {
        match self {
            Self::Any => Form::Or(vec![left, right]),
            Self::All => Form::And(vec![left, right]),
            Self::Compare(how) => Form::Compare(how, Box::new([left, right])),
            Self::In => Form::In(Box::new([left, right])),
            Self::Calculate(operation) => Form::Calculate(operation, Box::new([left, right])),
        }
    }
}

fn no_function(name: &str, at: Range<usize>) -> Problem {
    let hint = match name {
        "matches" => "patterns are not offered, since their cost is hard to bound: \
                      use contains, startsWith or endsWith"
            .to_owned(),
        _ => {
            let all = FUNCTIONS.map(|(name, ..)| name).join(", ");
            format!("there are {all}, has, and behind a list all, exists, exists_one, map, filter")
        }
    };
    Problem::new(format!("there is no function `{name}`"), at).with_hint(hint)
}

fn miscounted(name: &str, wanted: usize, are: usize, at: Range<usize>) -> Problem {
    let plural = if wanted == 1 { "" } else { "s" };
    Problem::new(format!("`{name}` takes {wanted} argument{plural}, here are {are}"), at)
        .with_hint("what stands before the dot counts as the first argument")
}

fn wrong_macro(name: &str, at: Range<usize>) -> Problem {
    let hint = match name {
        "map" => "write list.map(x, x.name), or list.map(x, x.active == true, x.name)".to_owned(),
        _ => format!("write list.{name}(x, x.status == \"OK\")"),
    };
    Problem::new(format!("`{name}` takes a new name for the element and a condition on it"), at).with_hint(hint)
}
