//! The functions of the language: their names, and what they do with each kind of value.
//!
//! Owns the list that an unknown name is answered with. A function must be total over JSON, cost no more than it pays
//! the budget for, and read nothing but its arguments.

use std::borrow::Cow;

use serde_json::{Number, Value};

use crate::compare::{numeric, whole};
use crate::eval::{Budget, Spent, kind};

/// One function. Each may also be written as a method of its first argument: `size(x)` is `x.size()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    LowerAscii,
    Int,
    Double,
    String,
}

/// Name, meaning and number of arguments (a method's target is the first).
pub(crate) const FUNCTIONS: [(&str, Function, usize); 8] = [
    ("size", Function::Size, 1),
    ("contains", Function::Contains, 2),
    ("startsWith", Function::StartsWith, 2),
    ("endsWith", Function::EndsWith, 2),
    ("lowerAscii", Function::LowerAscii, 1),
    ("int", Function::Int, 1),
    ("double", Function::Double, 1),
    ("string", Function::String, 1),
];

/// Why a function gave no value.
pub(crate) enum Fault {
    /// The budget is used up.
    Spent,
    /// It does not take this; the text says why.
    Refused(String),
}

impl From<Spent> for Fault {
    fn from(_: Spent) -> Self {
        Fault::Spent
    }
}

impl Function {
    /// Applies the function to as many arguments as the table says.
    pub(crate) fn apply(self, args: &[Cow<'_, Value>], budget: &mut Budget) -> Result<Value, Fault> {
        let [first, rest @ ..] = args else { return Err(Fault::Refused("no argument was given".into())) };
        match self {
            Self::Size => size(first, budget),
            Self::LowerAscii => match &**first {
                Value::Null => Ok(Value::Null),
                Value::String(text) => {
                    budget.spend_bytes(text.len())?;
                    Ok(Value::String(text.to_ascii_lowercase()))
                }
                other => refused("`lowerAscii` takes a text", other),
            },
            Self::Contains => self.search(first, rest, budget, |text, part| text.contains(part)),
            Self::StartsWith => self.search(first, rest, budget, |text, part| text.starts_with(part)),
            Self::EndsWith => self.search(first, rest, budget, |text, part| text.ends_with(part)),
            Self::Int => int(first),
            Self::Double => double(first),
            Self::String => match &**first {
                Value::Null => Ok(Value::Null),
                Value::String(text) => {
                    budget.spend_bytes(text.len())?;
                    Ok(Value::String(text.clone()))
                }
                Value::Number(_) | Value::Bool(_) => Ok(Value::String(first.to_string())),
                other => refused("`string` takes a number, a text, or true or false", other),
            },
        }
    }

    fn search(
        self,
        text: &Value,
        rest: &[Cow<'_, Value>],
        budget: &mut Budget,
        found: impl Fn(&str, &str) -> bool,
    ) -> Result<Value, Fault> {
        match (text, rest.first().map(|part| &**part)) {
            (Value::String(text), Some(Value::String(part))) => {
                budget.spend_bytes(text.len())?;
                budget.spend_bytes(part.len())?;
                Ok(Value::Bool(found(text, part)))
            }
            (Value::Null, _) | (_, Some(Value::Null)) => Ok(Value::Bool(false)),
            (Value::Array(_), _) => {
                Err(Fault::Refused("this looks into a text, here it is a list: write `x in list` for lists".into()))
            }
            (Value::String(_), Some(other)) => refused("the text to look for must be a text", other),
            (other, _) => refused("this looks into a text", other),
        }
    }
}

fn size(of: &Value, budget: &mut Budget) -> Result<Value, Fault> {
    Ok(Value::from(match of {
        Value::Null => 0,
        Value::Array(list) => list.len(),
        Value::Object(object) => object.len(),
        Value::String(text) => {
            budget.spend_bytes(text.len())?;
            text.chars().count()
        }
        other => return refused("`size` takes a list, an object or a text", other),
    }))
}

fn int(of: &Value) -> Result<Value, Fault> {
    let number = match of {
        Value::Null => return Ok(Value::Null),
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => numeric(text),
        other => return refused("`int` takes a number or a text", other),
    };
    let Some(number) = number else { return Err(Fault::Refused("this text is no number".into())) };
    let cut = || number.as_f64().map(f64::trunc).and_then(Number::from_f64).and_then(|n| whole(&n));
    whole(&number).or_else(cut).and_then(integer).ok_or_else(|| Fault::Refused("this number is too large".into()))
}

fn double(of: &Value) -> Result<Value, Fault> {
    let number = match of {
        Value::Null => return Ok(Value::Null),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => numeric(text).and_then(|number| number.as_f64()),
        other => return refused("`double` takes a number or a text", other),
    };
    number.and_then(fraction).ok_or_else(|| Fault::Refused("this text is no number".into()))
}

/// A whole number as JSON holds it; `None` if it does not fit into 64 bits.
pub(crate) fn integer(number: i128) -> Option<Value> {
    i64::try_from(number).map(Value::from).or_else(|_| u64::try_from(number).map(Value::from)).ok()
}

/// A fraction as JSON holds it; `None` if it is not finite.
pub(crate) fn fraction(number: f64) -> Option<Value> {
    Number::from_f64(number).map(Value::Number)
}

fn refused<T>(rule: &str, got: &Value) -> Result<T, Fault> {
    Err(Fault::Refused(format!("{rule}, here it is {}", kind(got))))
}
