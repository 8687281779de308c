//! Evaluates a compiled expression over JSON, within a budget of steps.
//!
//! Owns what operators, access and macros do with each kind of value. It must never fail for a key or an index that is
//! not there, never put a value into a message, and never work for free: each operator, each turn of a macro, and each
//! 64 bytes copied or compared is a step, so that neither time nor memory grows past the budget.

use std::borrow::Cow;
use std::cmp::Ordering;

use presetter_template::Problem;
use serde_json::{Map, Value};

use crate::compare::{equal, order, whole};
use crate::functions::{Fault, fraction, integer};
use crate::tree::{Comparison, Form, Loop, Macro, Node, Operation};
use crate::{EvalError, MAX_STEPS, Vars};

/// The steps that are left.
pub(crate) struct Budget {
    left: u32,
}

/// The budget is used up.
#[derive(Debug)]
pub(crate) struct Spent;

impl Budget {
    pub(crate) fn new(steps: u32) -> Self {
        Self { left: steps }
    }

    pub(crate) fn spend(&mut self, steps: u32) -> Result<(), Spent> {
        self.left = self.left.checked_sub(steps).ok_or(Spent)?;
        Ok(())
    }

    /// Pays for so many bytes copied or compared.
    pub(crate) fn spend_bytes(&mut self, bytes: usize) -> Result<(), Spent> {
        self.spend(u32::try_from(bytes / 64).unwrap_or(u32::MAX))
    }

    /// Pays for a copy of a value.
    fn spend_copy(&mut self, value: &Value) -> Result<(), Spent> {
        self.spend(1)?;
        match value {
            Value::String(text) => self.spend_bytes(text.len()),
            Value::Array(list) => list.iter().try_for_each(|element| self.spend_copy(element)),
            Value::Object(object) => object.iter().try_for_each(|(key, value)| {
                self.spend_bytes(key.len())?;
                self.spend_copy(value)
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        }
    }
}

/// Evaluates to true or false, or says what it was instead.
pub(crate) fn test(root: &Node, vars: &Vars<'_>) -> Result<bool, EvalError> {
    let mut run = Run::new(vars);
    let result = run.node(root)?;
    boolean(&result, root, "the expression must give")
}

/// Evaluates to a value.
pub(crate) fn value(root: &Node, vars: &Vars<'_>) -> Result<Value, EvalError> {
    Run::new(vars).node(root).map(Cow::into_owned)
}

/// How a message names the kind of a value.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null (nothing is there)",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

type Outcome<'a> = Result<Cow<'a, Value>, EvalError>;

struct Run<'a> {
    vars: &'a Vars<'a>,
    /// What the macros around this place have bound, the outermost first.
    locals: Vec<Cow<'a, Value>>,
    budget: Budget,
}

impl<'a> Run<'a> {
    fn new(vars: &'a Vars<'a>) -> Self {
        Self { vars, locals: Vec::new(), budget: Budget::new(MAX_STEPS) }
    }

    fn node(&mut self, node: &'a Node) -> Outcome<'a> {
        self.budget.spend(1).map_err(|Spent| spent(node))?;
        match &node.form {
            Form::Literal(value) => Ok(Cow::Borrowed(value)),
            Form::Variable(name) => match self.vars.get(name) {
                Some(value) => Ok(Cow::Borrowed(value)),
                None => Err(error(node, format!("there is no value named `{name}` here"))),
            },
            Form::Local(level) => self.local(*level, node),
            Form::List(nodes) => {
                let mut list = Vec::with_capacity(nodes.len());
                for element in nodes {
                    list.push(self.owned(element)?);
                }
                Ok(Cow::Owned(Value::Array(list)))
            }
            Form::Object(entries) => self.object(entries),
            Form::Key(of, key) => Ok(member(self.node(of)?, key)),
            Form::Has(of, key) => Ok(truth(self.node(of)?.get(key).is_some())),
            Form::Index(two) => self.index(two),
            Form::Not(of) => Ok(truth(!self.condition(of, "`!` needs")?)),
            Form::Negate(of) => self.negate(of, node),
            Form::And(parts) => Ok(truth(!self.any(parts, false, "`&&` needs")?)),
            Form::Or(parts) => Ok(truth(self.any(parts, true, "`||` needs")?)),
            Form::Choose(three) => {
                let chosen = if self.condition(&three[0], "`?` needs")? { &three[1] } else { &three[2] };
                self.node(chosen)
            }
            Form::Compare(how, two) => self.compare(*how, two, node),
            Form::In(two) => self.among(two, node),
            Form::Calculate(operation, two) => self.calculate(*operation, two, node),
            Form::Call(function, nodes) => {
                let args = nodes.iter().map(|arg| self.node(arg)).collect::<Result<Vec<_>, _>>()?;
                match function.apply(&args, &mut self.budget) {
                    Ok(value) => Ok(Cow::Owned(value)),
                    Err(Fault::Spent) => Err(spent(node)),
                    Err(Fault::Refused(why)) => Err(error(node, why)),
                }
            }
            Form::Loop(of) => self.repeat(of),
        }
    }

    /// Evaluates to a value of one's own, paying for the copy if there is one.
    fn owned(&mut self, node: &'a Node) -> Result<Value, EvalError> {
        let value = self.node(node)?;
        self.own(value, node)
    }

    fn own(&mut self, value: Cow<'a, Value>, node: &Node) -> Result<Value, EvalError> {
        if let Cow::Borrowed(value) = value {
            self.budget.spend_copy(value).map_err(|Spent| spent(node))?;
        }
        Ok(value.into_owned())
    }

    fn condition(&mut self, node: &'a Node, rule: &str) -> Result<bool, EvalError> {
        let value = self.node(node)?;
        boolean(&value, node, rule)
    }

    /// Whether one of them is `wanted`; those behind it are not looked at.
    fn any(&mut self, parts: &'a [Node], wanted: bool, rule: &str) -> Result<bool, EvalError> {
        for part in parts {
            if self.condition(part, rule)? == wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn local(&mut self, level: usize, node: &Node) -> Outcome<'a> {
        match self.locals.get(level) {
            Some(Cow::Borrowed(value)) => Ok(Cow::Borrowed(value)),
            Some(Cow::Owned(value)) => {
                self.budget.spend_copy(value).map_err(|Spent| spent(node))?;
                Ok(Cow::Owned(value.clone()))
            }
            None => Err(error(node, "this name is not bound here")),
        }
    }

    fn object(&mut self, entries: &'a [(Node, Node)]) -> Outcome<'a> {
        let mut object = Map::new();
        for (key, value) in entries {
            let Value::String(name) = self.owned(key)? else {
                return Err(error(key, "a key of an object must be a text"));
            };
            let value = self.owned(value)?;
            if object.insert(name, value).is_some() {
                return Err(error(key, "this key stands twice in the object"));
            }
        }
        Ok(Cow::Owned(Value::Object(object)))
    }

    fn index(&mut self, two: &'a [Node; 2]) -> Outcome<'a> {
        let of = self.node(&two[0])?;
        let index = self.node(&two[1])?;
        Ok(match &*index {
            Value::String(key) => {
                self.budget.spend_bytes(key.len()).map_err(|Spent| spent(&two[1]))?;
                member(of, key)
            }
            Value::Number(number) => element(of, whole(number).and_then(|at| usize::try_from(at).ok())),
            _ => Cow::Owned(Value::Null),
        })
    }

    fn negate(&mut self, of: &'a Node, node: &Node) -> Outcome<'a> {
        let value = self.node(of)?;
        let Value::Number(number) = &*value else {
            return Err(error(node, format!("`-` needs a number, here it is {}", kind(&value))));
        };
        let negative = match number.as_i128() {
            Some(exact) => integer(-exact),
            None => number.as_f64().and_then(|f| fraction(-f)),
        };
        negative.map(Cow::Owned).ok_or_else(|| too_large(node))
    }

    fn compare(&mut self, how: Comparison, two: &'a [Node; 2], node: &Node) -> Outcome<'a> {
        let left = self.node(&two[0])?;
        let right = self.node(&two[1])?;
        if matches!(how, Comparison::Equal | Comparison::NotEqual) {
            let same = equal(&left, &right, &mut self.budget).map_err(|Spent| spent(node))?;
            return Ok(truth(same == (how == Comparison::Equal)));
        }
        if left.is_null() || right.is_null() {
            return Ok(truth(false));
        }
        let Some(order) = order(&left, &right, &mut self.budget).map_err(|Spent| spent(node))? else {
            let message = format!("{} and {} have no order", kind(&left), kind(&right));
            return Err(error(node, message));
        };
        Ok(truth(match how {
            Comparison::Less => order == Ordering::Less,
            Comparison::LessOrEqual => order != Ordering::Greater,
            Comparison::Greater => order == Ordering::Greater,
            Comparison::GreaterOrEqual => order != Ordering::Less,
            Comparison::Equal | Comparison::NotEqual => order == Ordering::Equal,
        }))
    }

    fn among(&mut self, two: &'a [Node; 2], node: &Node) -> Outcome<'a> {
        let needle = self.node(&two[0])?;
        let hay = self.node(&two[1])?;
        match &*hay {
            Value::Null => Ok(truth(false)),
            Value::Object(object) => Ok(truth(needle.as_str().is_some_and(|key| object.contains_key(key)))),
            Value::Array(list) => {
                for element in list {
                    if equal(&needle, element, &mut self.budget).map_err(|Spent| spent(node))? {
                        return Ok(truth(true));
                    }
                }
                Ok(truth(false))
            }
            other => {
                let message = format!("`in` needs a list or an object on its right, here it is {}", kind(other));
                Err(hinted(&two[1], message, "to look into a text write text.contains(\"part\")"))
            }
        }
    }

    fn calculate(&mut self, operation: Operation, two: &'a [Node; 2], node: &Node) -> Outcome<'a> {
        let left = self.node(&two[0])?;
        let right = self.node(&two[1])?;
        match (operation, &*left, &*right) {
            (_, Value::Number(l), Value::Number(r)) => {
                let result = match (l.as_i128(), r.as_i128()) {
                    (Some(l), Some(r)) => whole_numbers(operation, l, r, node)?,
                    _ => fractions(operation, l.as_f64(), r.as_f64(), node)?,
                };
                result.map(Cow::Owned).ok_or_else(|| too_large(node))
            }
            (Operation::Add, Value::String(l), Value::String(r)) => {
                self.budget.spend_bytes(l.len() + r.len()).map_err(|Spent| spent(node))?;
                Ok(Cow::Owned(Value::String(format!("{l}{r}"))))
            }
            (Operation::Add, Value::Array(_), Value::Array(_)) => {
                let mut joined = self.own(left, node)?;
                let Value::Array(mut more) = self.own(right, node)? else { return Ok(Cow::Owned(joined)) };
                if let Value::Array(list) = &mut joined {
                    list.append(&mut more);
                }
                Ok(Cow::Owned(joined))
            }
            (_, l, r) => {
                let message = format!("cannot calculate with {} and {}", kind(l), kind(r));
                Err(hinted(node, message, "turn text into a number with int(..) or double(..)"))
            }
        }
    }

    fn repeat(&mut self, of: &'a Loop) -> Outcome<'a> {
        let mut tally = Tally::default();
        match self.node(&of.over)? {
            Cow::Borrowed(Value::Null) | Cow::Owned(Value::Null) => {}
            Cow::Borrowed(Value::Array(list)) => self.turns(of, list.iter().map(Cow::Borrowed), &mut tally)?,
            Cow::Owned(Value::Array(list)) => self.turns(of, list.into_iter().map(Cow::Owned), &mut tally)?,
            Cow::Borrowed(Value::Object(object)) => {
                let keys = object.keys().map(|key| Cow::Owned(Value::from(key.as_str())));
                self.turns(of, keys, &mut tally)?;
            }
            Cow::Owned(Value::Object(object)) => {
                self.turns(of, object.into_iter().map(|(key, _)| Cow::Owned(Value::from(key))), &mut tally)?;
            }
            other => {
                let message = format!("macros go over a list or the keys of an object, here it is {}", kind(&other));
                return Err(error(&of.over, message));
            }
        }
        Ok(match of.what {
            Macro::All => truth(!tally.stopped),
            Macro::Exists => truth(tally.stopped),
            Macro::ExistsOne => truth(tally.hits == 1),
            Macro::Map | Macro::Filter => Cow::Owned(Value::Array(tally.kept)),
        })
    }

    fn turns(
        &mut self,
        of: &'a Loop,
        elements: impl Iterator<Item = Cow<'a, Value>>,
        tally: &mut Tally,
    ) -> Result<(), EvalError> {
        for element in elements {
            self.budget.spend(1).map_err(|Spent| spent(&of.over))?;
            self.locals.push(element);
            let turn = self.turn(of, tally);
            let element = self.locals.pop();
            let hit = turn?;
            match (of.what, hit, element) {
                (Macro::All, false, _) | (Macro::Exists, true, _) => {
                    tally.stopped = true;
                    return Ok(());
                }
                (Macro::ExistsOne, true, _) => tally.hits += 1,
                (Macro::Filter, true, Some(element)) => tally.kept.push(self.own(element, &of.over)?),
                _ => {}
            }
        }
        Ok(())
    }

    /// One element: whether the condition holds; what `map` makes of it is kept.
    fn turn(&mut self, of: &'a Loop, tally: &mut Tally) -> Result<bool, EvalError> {
        if let Some(test) = &of.test
            && !self.condition(test, "the condition of a macro must give")?
        {
            return Ok(false);
        }
        if let Some(make) = &of.make {
            tally.kept.push(self.owned(make)?);
        }
        Ok(true)
    }
}

/// What the turns of a macro have come to.
#[derive(Default)]
struct Tally {
    /// `all` met a no, or `exists` a yes.
    stopped: bool,
    hits: usize,
    kept: Vec<Value>,
}

/// The value under a key; null if there is none.
fn member<'a>(of: Cow<'a, Value>, key: &str) -> Cow<'a, Value> {
    match of {
        Cow::Borrowed(value) => value.get(key).map_or(Cow::Owned(Value::Null), Cow::Borrowed),
        Cow::Owned(mut value) => Cow::Owned(value.get_mut(key).map(Value::take).unwrap_or_default()),
    }
}

/// The element at an index; null if there is none.
fn element(of: Cow<'_, Value>, index: Option<usize>) -> Cow<'_, Value> {
    let Some(index) = index else { return Cow::Owned(Value::Null) };
    match of {
        Cow::Borrowed(value) => value.get(index).map_or(Cow::Owned(Value::Null), Cow::Borrowed),
        Cow::Owned(mut value) => Cow::Owned(value.get_mut(index).map(Value::take).unwrap_or_default()),
    }
}

fn whole_numbers(operation: Operation, l: i128, r: i128, node: &Node) -> Result<Option<Value>, EvalError> {
    if r == 0 && matches!(operation, Operation::Divide | Operation::Remainder) {
        return Err(error(node, "cannot divide by zero"));
    }
    let result = match operation {
        Operation::Add => l.checked_add(r),
        Operation::Subtract => l.checked_sub(r),
        Operation::Multiply => l.checked_mul(r),
        Operation::Divide => l.checked_div(r),
        Operation::Remainder => l.checked_rem(r),
    };
    Ok(result.and_then(integer))
}

fn fractions(operation: Operation, l: Option<f64>, r: Option<f64>, node: &Node) -> Result<Option<Value>, EvalError> {
    let (Some(l), Some(r)) = (l, r) else { return Ok(None) };
    if r == 0.0 && operation == Operation::Divide {
        return Err(error(node, "cannot divide by zero"));
    }
    Ok(fraction(match operation {
        Operation::Add => l + r,
        Operation::Subtract => l - r,
        Operation::Multiply => l * r,
        Operation::Divide => l / r,
        Operation::Remainder => {
            return Err(hinted(node, "`%` needs whole numbers", "cut a fraction off with int(..)"));
        }
    }))
}

fn truth<'a>(value: bool) -> Cow<'a, Value> {
    Cow::Owned(Value::Bool(value))
}

fn boolean(value: &Value, node: &Node, rule: &str) -> Result<bool, EvalError> {
    value.as_bool().ok_or_else(|| {
        let message = format!("{rule} true or false, here it is {}", kind(value));
        hinted(node, message, "compare it with something, such as == true or != null")
    })
}

fn too_large(node: &Node) -> EvalError {
    error(node, "the result of this calculation is too large")
}

fn spent(node: &Node) -> EvalError {
    let message = format!("this expression takes too much work on these values: over {MAX_STEPS} steps");
    hinted(node, message, "go over a smaller part of the answer, or nest fewer macros")
}

fn error(node: &Node, message: impl Into<String>) -> EvalError {
    EvalError::new(Problem::new(message, node.span.clone()))
}

fn hinted(node: &Node, message: impl Into<String>, hint: &str) -> EvalError {
    EvalError::new(Problem::new(message, node.span.clone()).with_hint(hint))
}
