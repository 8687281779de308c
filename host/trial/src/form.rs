//! The form of a case in TOML, before it is held against its preset.
//!
//! Owns the keys and their types; an unknown key is an error. TOML has dates, which JSON has not: they are refused with
//! their place.

use std::ops::Range;

use indexmap::IndexMap;
use presetter_manifest::Text;
use presetter_template::Problem;
use serde::Deserialize;
use serde_json::{Map, Value};
use toml::Spanned;

/// Values by name, each with its place.
pub(crate) type Values = IndexMap<String, Spanned<toml::Value>>;

/// `PRESET/tests/NAME.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    pub(crate) title: Option<String>,
    pub(crate) connection: Option<Text>,
    pub(crate) cassettes: Option<Vec<Text>>,
    pub(crate) base_url: Option<Text>,
    #[serde(default)]
    pub(crate) confirm: bool,
    #[serde(default)]
    pub(crate) inputs: Values,
    #[serde(default)]
    pub(crate) settings: Values,
    #[serde(default)]
    pub(crate) fields: IndexMap<String, Text>,
    pub(crate) expect: Option<Spanned<ExpectForm>>,
}

/// `[expect]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectForm {
    pub(crate) outcome: Option<Text>,
    pub(crate) class: Option<Text>,
    pub(crate) evidence: Option<Text>,
    pub(crate) message: Option<Text>,
    pub(crate) logins: Option<Spanned<u32>>,
    pub(crate) outputs: Option<Spanned<toml::Table>>,
    pub(crate) rows: Option<Spanned<Vec<toml::Table>>>,
    pub(crate) requests: Option<Vec<Spanned<RequestForm>>>,
}

/// `[[expect.requests]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestForm {
    pub(crate) method: Text,
    pub(crate) url: Text,
    pub(crate) body: Option<Text>,
    #[serde(default)]
    pub(crate) headers: IndexMap<String, Text>,
}

/// Values by name as JSON.
pub(crate) fn object(values: &Values, problems: &mut Vec<Problem>) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, value) in values {
        object.insert(name.clone(), json(value.get_ref(), &value.span(), problems));
    }
    object
}

/// A table as JSON.
pub(crate) fn table(table: &toml::Table, place: &Range<usize>, problems: &mut Vec<Problem>) -> Map<String, Value> {
    table.iter().map(|(name, value)| (name.clone(), json(value, place, problems))).collect()
}

fn json(value: &toml::Value, place: &Range<usize>, problems: &mut Vec<Problem>) -> Value {
    match value {
        toml::Value::String(text) => text.as_str().into(),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Boolean(truth) => (*truth).into(),
        toml::Value::Array(list) => list.iter().map(|element| json(element, place, problems)).collect(),
        toml::Value::Table(members) => Value::Object(table(members, place, problems)),
        toml::Value::Float(number) => match serde_json::Number::from_f64(*number) {
            Some(number) => Value::Number(number),
            None => {
                problems.push(Problem::new(format!("JSON has no number {number}"), place.clone()));
                Value::Null
            }
        },
        toml::Value::Datetime(date) => {
            let problem = Problem::new(format!("JSON has no dates; this is one: {date}"), place.clone());
            problems.push(problem.with_hint(format!("put it in quotes: \"{date}\"")));
            Value::Null
        }
    }
}
