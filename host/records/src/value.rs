//! A value of a field.
//!
//! Owns: what values there are, and how each is written as text and as JSON.
//! Never: what a field takes; that is its kind's to say.
//!
//! Invariants: an empty value is [`Value::Empty`], never an empty text; a decimal keeps every digit it was written with; what is
//! written as text is read back the same by the kind that took it.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

/// A value of a field. That a field was never set is told by there being none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Set to nothing: `null`, an empty cell.
    Empty,
    /// A text that is not empty: also an e-mail address, an option of a dropdown, a reference.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A decimal number, exactly as written: `1.10` is not `1.1`, though it compares as equal in rules.
    Decimal(ExactDecimal),
    /// A day of the calendar.
    Date(Date),
    /// A moment.
    Time(Timestamp),
    /// Checked or not.
    Checkbox(bool),
}

impl Value {
    /// A text, or nothing if it is empty.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Empty } else { Self::Text(text) }
    }

    /// Whether it is [`Value::Empty`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::Empty
    }

    /// As a cell or an argument has it; nothing is an empty text.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Decimal(decimal) => decimal.to_string(),
            Self::Date(date) => date.to_string(),
            Self::Time(time) => time.to_string(),
            Self::Checkbox(checked) => checked.to_string(),
        }
    }

    /// As JSON has it. A decimal, a date and a time are strings there, for JSON has no exact form of them.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Empty => serde_json::Value::Null,
            Self::Number(number) => (*number).into(),
            Self::Checkbox(checked) => (*checked).into(),
            _ => self.to_text().into(),
        }
    }

    /// What it is, for a message.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::Empty => "nothing",
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Decimal(_) => "a decimal",
            Self::Date(_) => "a date",
            Self::Time(_) => "a time",
            Self::Checkbox(_) => "true or false",
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Empty => serializer.serialize_unit(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Checkbox(checked) => serializer.serialize_bool(*checked),
            other => serializer.collect_str(&other.to_text()),
        }
    }
}

/// A decimal whose digits count: two are the same if they are written the same.
#[derive(Debug, Clone, Copy)]
pub struct ExactDecimal(pub Decimal);

impl PartialEq for ExactDecimal {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 && self.0.scale() == other.0.scale()
    }
}

impl Eq for ExactDecimal {}

impl std::fmt::Display for ExactDecimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
