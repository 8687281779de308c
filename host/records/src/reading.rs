//! How a kind takes a value: from text, from JSON and from a program.
//!
//! Owns: the one reading of values. Never: guesses. `"0123"` is a text; a number is a number only where a number was declared.
//!
//! Invariants: what is taken is written back the same; what is refused says what would be taken; a refused value is quoted
//! without what could steer a terminal, and shortened.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::value::RawValue;

pub(crate) use presetter_rows::quoted;

use crate::value::ExactDecimal;
use crate::{Kind, LONG_TEXT, Misfit, Object, RecordId, SHORT_TEXT, Value};

impl Kind {
    /// Reads a cell or an argument. An empty text is nothing.
    ///
    /// # Errors
    /// The kind does not take it.
    pub fn parse(&self, text: &str) -> Result<Value, Misfit> {
        if text.is_empty() {
            return Ok(Value::Empty);
        }
        let value = match self {
            // Only what is written back the same is taken: "007" as a number would lose its zeros without a word.
            Self::Number => text.parse().ok().filter(|n: &i64| n.to_string() == text).map(Value::Number),
            Self::Decimal => decimal(text).map(Value::Decimal),
            Self::Date => text.parse().ok().filter(|d: &Date| d.to_string() == text).map(Value::Date),
            Self::Time => text.parse::<Timestamp>().ok().map(Value::Time),
            Self::Checkbox => checkbox(text).map(Value::Checkbox),
            _ => {
                let value = Value::Text(text.to_owned());
                return self.check(&value).map(|()| value);
            }
        };
        value.ok_or_else(|| self.misfit(&quoted(text)))
    }

    /// Reads a value of JSON. Nothing is converted: a text stands in quotes, a number does not; a decimal may do either, but keeps
    /// its digits for certain only in quotes.
    ///
    /// # Errors
    /// The kind does not take it.
    pub fn read(&self, json: &serde_json::Value) -> Result<Value, Misfit> {
        use serde_json::Value as Json;
        match (self, json) {
            (_, Json::Null) => Ok(Value::Empty),
            (Self::Checkbox, Json::Bool(checked)) => Ok(Value::Checkbox(*checked)),
            (Self::Number, Json::Number(number)) => {
                number.as_i64().map(Value::Number).ok_or_else(|| self.misfit(&number.to_string()))
            }
            (Self::Decimal, Json::Number(number)) => self.parse(&number.to_string()),
            (Self::Checkbox | Self::Number, other) => Err(self.misfit(&quoted_json(other))),
            (_, Json::String(text)) => self.parse(text),
            (_, other) => Err(self.misfit(&quoted_json(other))),
        }
    }

    /// As [`Kind::read`], of JSON's own text: here a decimal keeps its digits also without quotes.
    pub(crate) fn read_raw(&self, json: &RawValue) -> Result<Value, Misfit> {
        let text = json.get();
        if *self == Self::Decimal && text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            return self.parse(text);
        }
        let json = serde_json::from_str(text).map_err(|error| Misfit(error.to_string()))?;
        self.read(&json)
    }

    /// Whether it takes this value. That what a reference names is there is not known here.
    ///
    /// # Errors
    /// It does not.
    pub fn check(&self, value: &Value) -> Result<(), Misfit> {
        let fits = match (self, value) {
            (_, Value::Empty)
            | (Self::Number, Value::Number(_))
            | (Self::Decimal, Value::Decimal(_))
            | (Self::Date, Value::Date(_))
            | (Self::Time, Value::Time(_))
            | (Self::Checkbox, Value::Checkbox(_)) => true,
            (kind, Value::Text(text)) if kind.is_text() => return kind.check_text(text),
            _ => false,
        };
        if fits { Ok(()) } else { Err(self.misfit(value.what())) }
    }

    fn check_text(&self, text: &str) -> Result<(), Misfit> {
        if text.is_empty() {
            return Err(Misfit("nothing is told by an empty value, not by an empty text".to_owned()));
        }
        let fits = match self {
            Self::LongText => {
                return match text.len() {
                    length if length > LONG_TEXT => {
                        Err(Misfit(format!("takes a text of at most {LONG_TEXT} bytes, and this has {length}")))
                    }
                    _ => Ok(()),
                };
            }
            Self::Dropdown(options) => {
                if !options.iter().any(|option| option == text) {
                    let known: Vec<&str> = options.iter().map(String::as_str).collect();
                    let hint = presetter_manifest::suggest(text, &known);
                    return Err(Misfit(format!("{} is not one of its options; {hint}", quoted(text))));
                }
                true
            }
            Self::Email => is_email(text),
            Self::Key | Self::Software => is_key(text),
            Self::User => text.parse().is_ok_and(|id: RecordId| id.object() == Object::Users),
            _ => text.chars().nth(SHORT_TEXT).is_none() && !text.contains(breaks),
        };
        if fits { Ok(()) } else { Err(self.misfit(&quoted(text))) }
    }

    fn misfit(&self, found: &str) -> Misfit {
        let takes = match self {
            Self::ShortText | Self::LongText => "a text of one line and at most 255 characters",
            Self::Number => "a whole number without leading zeros (a short_text keeps them)",
            Self::Decimal => "a decimal number such as 12.50, of at most 28 digits",
            Self::Date => "a date such as 2026-01-31",
            Self::Checkbox => "true or false",
            Self::Dropdown(_) => "one of its options",
            Self::Email => "an e-mail address",
            Self::Time => "a time such as 2026-01-31T12:00:00Z",
            Self::Key => "a name of lower-case letters, digits and -",
            Self::Software => "the name of a software entry",
            Self::User => "the id of a user such as u-12",
        };
        Misfit(format!("takes {takes}, and this is {found}"))
    }
}

/// What a text of one line has not.
fn breaks(c: char) -> bool {
    matches!(c, '\0' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// A decimal whose every digit is kept.
fn decimal(text: &str) -> Option<ExactDecimal> {
    let value = Decimal::from_str_exact(text).ok()?;
    (value.to_string() == text).then_some(ExactDecimal(value))
}

fn checkbox(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// What no mail system would take is refused; whether an address exists is not known here.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    !local.is_empty()
        && !domain.is_empty()
        && text.len() <= 254
        && !domain.contains('@')
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | ';' | '<' | '>' | '"'))
}

fn is_key(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn quoted_json(json: &serde_json::Value) -> String {
    match json {
        serde_json::Value::String(text) => format!("the text {}", quoted(text)),
        serde_json::Value::Array(_) => "a list".to_owned(),
        serde_json::Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    }
}
