//! Reading the fields of a request body.
//!
//! Owns: what counts as present, as text, and as a number.
//!
//! Keeps: a number is taken where text is expected and the other way round, since the vendor mixes the two (S for
//! answers, I for requests); anything else in such a place is `INVALID_DATA`, never a guess.

use serde_json::{Map, Value};

use crate::reply::Refusal;

/// A JSON object as sent.
pub(crate) type Fields = Map<String, Value>;

/// The text of an optional key; none if the key is absent.
pub(crate) fn text(fields: &Fields, key: &str) -> Result<Option<String>, Refusal> {
    match fields.get(key) {
        None => Ok(None),
        Some(value) => scalar(value).map(Some).ok_or_else(|| Refusal::invalid(key)),
    }
}

/// The text of a key that must be there and not be empty.
pub(crate) fn required(fields: &Fields, key: &str) -> Result<String, Refusal> {
    match text(fields, key)? {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(Refusal::missing(key)),
    }
}

/// The text of an optional key that takes only certain values.
pub(crate) fn one_of(fields: &Fields, key: &str, allowed: &[&str]) -> Result<Option<String>, Refusal> {
    match text(fields, key)? {
        Some(text) if !allowed.contains(&text.as_str()) => Err(Refusal::invalid(key)),
        other => Ok(other),
    }
}

/// An optional e-mail address: empty, or with an `@` (U: how strictly the vendor looks).
pub(crate) fn email(fields: &Fields, key: &str) -> Result<Option<String>, Refusal> {
    match text(fields, key)? {
        Some(text) if !text.is_empty() && !text.contains('@') => Err(Refusal::invalid(key)),
        other => Ok(other),
    }
}

/// A whole number of at least 1, written as a number or as text.
pub(crate) fn count(fields: &Fields, key: &str) -> Result<Option<u64>, Refusal> {
    match text(fields, key)? {
        None => Ok(None),
        Some(text) => match text.parse() {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => Err(Refusal::invalid(key)),
        },
    }
}

/// A list of texts; one text alone stands for a list of one.
pub(crate) fn texts(fields: &Fields, key: &str) -> Result<Option<Vec<String>>, Refusal> {
    match fields.get(key) {
        None => Ok(None),
        Some(Value::Array(values)) => values
            .iter()
            .map(|value| scalar(value).ok_or_else(|| Refusal::invalid(key)))
            .collect::<Result<_, _>>()
            .map(Some),
        Some(value) => scalar(value).map(|text| Some(vec![text])).ok_or_else(|| Refusal::invalid(key)),
    }
}

/// A number in an answer, as text if the switch says so.
pub(crate) fn number(number: u64, as_string: bool) -> Value {
    if as_string { number.to_string().into() } else { number.into() }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
