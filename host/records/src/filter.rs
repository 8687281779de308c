//! Rules as people write them: `field operator value`, in groups.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

/// The deepest nesting of groups.
pub const DEPTH: usize = 8;
/// The most rules of a filter.
pub const RULES: usize = 200;

/// Which records are meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a rule has a field, an operator and a value; a group is all = [...] or any = [...]"
)]
pub enum Filter {
    /// A record that each of these means; with none, every record.
    All {
        /// The parts.
        all: Vec<Filter>,
    },
    /// A record that at least one of these means; with none, no record.
    Any {
        /// The parts.
        any: Vec<Filter>,
    },
    /// One rule.
    Rule(Rule),
}

/// One rule: `field operator value`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The field's name.
    pub field: String,
    /// What is asked of it.
    pub operator: Operator,
    /// What it is compared with, as text; none for [`Operator::IsEmpty`] and [`Operator::IsNotEmpty`].
    #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// A text that is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no rule: write FIELD OPERATOR VALUE, such as `department equals IT` or `end_date is empty`")]
pub struct NoRule(String);

/// As a person writes it on a line: `department equals IT`, `end_date is empty`.
impl FromStr for Rule {
    type Err = NoRule;

    fn from_str(text: &str) -> Result<Self, NoRule> {
        let no = || NoRule(text.chars().filter(|c| !c.is_control()).take(80).collect());
        let (field, rest) = text.trim().split_once(' ').ok_or_else(no)?;
        let rest = rest.trim_start();
        // The longest that fits: `<=` and not `<`.
        let fits = |operator: &Operator| {
            let after = rest.strip_prefix(operator.name());
            after.is_some_and(|after| after.is_empty() || after.starts_with(' '))
        };
        let operator =
            Operator::ALL.into_iter().filter(fits).max_by_key(|operator| operator.name().len()).ok_or_else(no)?;
        let value = rest[operator.name().len()..].trim_start();
        Ok(Self { field: field.to_owned(), operator, value: (!value.is_empty()).then(|| value.to_owned()) })
    }
}

impl Filter {
    /// Every record.
    #[must_use]
    pub fn everything() -> Self {
        Self::All { all: Vec::new() }
    }

    /// One rule.
    #[must_use]
    pub fn rule(field: &str, operator: Operator, value: Option<&str>) -> Self {
        Self::Rule(Rule { field: field.to_owned(), operator, value: value.map(str::to_owned) })
    }
}

/// What a rule asks of a field. Texts are compared without case; numbers, decimals, dates and times by what they are.
///
/// A field that is empty or was never set fulfils none of these but `is empty` and those that say `not`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operator {
    /// It is this.
    #[serde(rename = "equals")]
    Equals,
    /// It is not this, or empty.
    #[serde(rename = "does not equal")]
    NotEquals,
    /// Its text begins so.
    #[serde(rename = "begins with")]
    BeginsWith,
    /// Its text does not begin so, or is empty.
    #[serde(rename = "does not begin with")]
    NotBeginsWith,
    /// Its text ends so.
    #[serde(rename = "ends with")]
    EndsWith,
    /// Its text does not end so, or is empty.
    #[serde(rename = "does not end with")]
    NotEndsWith,
    /// Its text has this somewhere.
    #[serde(rename = "contains")]
    Contains,
    /// Its text has this nowhere, or is empty.
    #[serde(rename = "does not contain")]
    NotContains,
    /// It is less, or earlier.
    #[serde(rename = "<")]
    Less,
    /// It is less or the same.
    #[serde(rename = "<=")]
    LessOrEqual,
    /// It is more, or later.
    #[serde(rename = ">")]
    More,
    /// It is more or the same.
    #[serde(rename = ">=")]
    MoreOrEqual,
    /// It has nothing, or was never set.
    #[serde(rename = "is empty")]
    IsEmpty,
    /// It has something.
    #[serde(rename = "is not empty")]
    IsNotEmpty,
    /// Its day is today or one of so many days before.
    #[serde(rename = "days backward")]
    DaysBackward,
    /// Its day is today or one of so many days to come.
    #[serde(rename = "days forward")]
    DaysForward,
}

impl Operator {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 16] = [
        Self::Equals,
        Self::NotEquals,
        Self::BeginsWith,
        Self::NotBeginsWith,
        Self::EndsWith,
        Self::NotEndsWith,
        Self::Contains,
        Self::NotContains,
        Self::Less,
        Self::LessOrEqual,
        Self::More,
        Self::MoreOrEqual,
        Self::IsEmpty,
        Self::IsNotEmpty,
        Self::DaysBackward,
        Self::DaysForward,
    ];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::NotEquals => "does not equal",
            Self::BeginsWith => "begins with",
            Self::NotBeginsWith => "does not begin with",
            Self::EndsWith => "ends with",
            Self::NotEndsWith => "does not end with",
            Self::Contains => "contains",
            Self::NotContains => "does not contain",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::More => ">",
            Self::MoreOrEqual => ">=",
            Self::IsEmpty => "is empty",
            Self::IsNotEmpty => "is not empty",
            Self::DaysBackward => "days backward",
            Self::DaysForward => "days forward",
        }
    }

    /// The operator of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.name() == name)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A value may be written as a text, a whole number, or true and false: all are read as text, and then by the field's kind. A
/// number with a fraction stands in quotes, for else it would not be exact.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a value is a text in quotes, a whole number, true or false")]
    enum Written {
        Text(String),
        Number(i64),
        Checkbox(bool),
    }
    Ok(match Option::<Written>::deserialize(deserializer)? {
        None => None,
        Some(Written::Text(text)) => Some(text),
        Some(Written::Number(number)) => Some(number.to_string()),
        Some(Written::Checkbox(checked)) => Some(checked.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_people_write_them() {
        for (text, field, operator, value) in [
            ("department equals IT", "department", Operator::Equals, Some("IT")),
            ("department does not equal Sales and IT", "department", Operator::NotEquals, Some("Sales and IT")),
            ("age <= 5", "age", Operator::LessOrEqual, Some("5")),
            ("age < 5", "age", Operator::Less, Some("5")),
            (" end_date  is empty ", "end_date", Operator::IsEmpty, None),
            ("end_date is not empty", "end_date", Operator::IsNotEmpty, None),
            ("end_date days backward 30", "end_date", Operator::DaysBackward, Some("30")),
            ("name equals", "name", Operator::Equals, None),
        ] {
            let rule: Rule = text.parse().unwrap();
            assert_eq!((rule.field.as_str(), rule.operator, rule.value.as_deref()), (field, operator, value), "{text}");
        }
        for text in ["", "name", "name is", "name equal IT", "name <5", "name =IT"] {
            assert!(text.parse::<Rule>().is_err(), "{text:?}");
        }
    }
}
