//! How values stand in the tables: as JSON that says by itself what each is.
//!
//! A number and a checkbox are JSON's; all else is a string whose first character says what follows: `sa text`, `n1.10`,
//! `d2026-01-31`, `t2026-01-31T12:00:00Z`. So a value is read right whatever its field has become since.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::value::ExactDecimal;
use crate::{StoreError, Value};

/// The values of one record by the numbers of their fields.
pub(crate) type Body = BTreeMap<i64, Stored>;

/// What a change does to each field: what it had (if it was set), and what it gets.
pub(crate) type Differences = BTreeMap<i64, (Option<Stored>, Stored)>;

/// A value as the tables have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored(pub(crate) Value);

pub(crate) fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Contents(error.to_string()))
}

pub(crate) fn write<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Contents(error.to_string()))
}

/// Each field has a list: what it gets, and before that what it had. One that was never set has nothing before.
pub(crate) fn write_differences(differences: &Differences) -> Result<String, StoreError> {
    let lists: BTreeMap<i64, Vec<&Stored>> =
        differences.iter().map(|(number, (old, new))| (*number, old.iter().chain([new]).collect())).collect();
    write(&lists)
}

pub(crate) fn read_differences(text: &str) -> Result<Differences, StoreError> {
    let lists: BTreeMap<i64, Vec<Stored>> = read(text)?;
    let pair = |(number, mut list): (i64, Vec<Stored>)| match (list.pop(), list.pop()) {
        (Some(new), old) => Ok((number, (old, new))),
        (None, _) => Err(StoreError::Contents("a change without a value".to_owned())),
    };
    lists.into_iter().map(pair).collect()
}

impl Serialize for Stored {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Value::Empty => serializer.serialize_unit(),
            Value::Number(number) => serializer.serialize_i64(*number),
            Value::Checkbox(checked) => serializer.serialize_bool(*checked),
            Value::Text(text) => serializer.serialize_str(&format!("s{text}")),
            Value::Decimal(decimal) => serializer.serialize_str(&format!("n{decimal}")),
            Value::Date(date) => serializer.serialize_str(&format!("d{date}")),
            Value::Time(time) => serializer.serialize_str(&format!("t{time}")),
        }
    }
}

impl<'de> Deserialize<'de> for Stored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Stored)
    }
}

struct Reader;

impl Visitor<'_> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a stored value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Empty)
    }

    fn visit_bool<E: Error>(self, checked: bool) -> Result<Value, E> {
        Ok(Value::Checkbox(checked))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        i64::try_from(number).map(Value::Number).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        let mut rest = text.chars();
        let tag = rest.next();
        let rest = rest.as_str();
        match tag {
            Some('s') => Ok(Value::Text(rest.to_owned())),
            Some('n') => rest.parse::<Decimal>().map(|d| Value::Decimal(ExactDecimal(d))).map_err(E::custom),
            Some('d') => rest.parse::<Date>().map(Value::Date).map_err(E::custom),
            Some('t') => rest.parse::<Timestamp>().map(Value::Time).map_err(E::custom),
            _ => Err(E::custom("a stored text without its kind")),
        }
    }
}

/// The form of a value by which it is looked up: exact, but an e-mail address without case.
pub(crate) fn key(value: &Value, fold: bool) -> Option<Cow<'_, str>> {
    match value {
        Value::Empty => None,
        Value::Text(text) if fold => Some(crate::fold::fold(text).into()),
        Value::Text(text) => Some(text.into()),
        Value::Decimal(decimal) => Some(decimal.0.normalize().to_string().into()),
        other => Some(other.to_text().into()),
    }
}
