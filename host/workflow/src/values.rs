//! The values that templates of a workflow see, and values on their way into fields.
//!
//! Owns: the form of `record`, and the one reading of a mapped value as a field's. Never: hides that something is empty: it is
//! told with where it should have come from.

use std::collections::BTreeMap;

use presetter_records::{Kind, Misfit, Object, Record, Value as Field};
use presetter_template::path::Step;
use presetter_template::{Scope, Template};
use serde_json::{Map, Value};

use crate::Mappings;

/// What is known at a place of a run.
#[derive(Debug, Clone, Default)]
pub struct Known {
    values: BTreeMap<&'static str, Value>,
}

impl Known {
    /// With one value more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.values.insert(name, value);
        self
    }
}

impl Scope for Known {
    fn root(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }
}

/// A record as templates see it: `id`, `state`, and the fields that are not empty; what is mapped to a constant or a template has
/// that value.
#[must_use]
pub fn view(record: &Record, mappings: &Mappings) -> Map<String, Value> {
    let mut view = Map::new();
    view.insert("id".to_owned(), record.id().to_string().into());
    view.insert("state".to_owned(), record.state().name().into());
    for (name, value) in record.values().filter(|(_, value)| !value.is_empty()) {
        view.insert(name.to_owned(), value.to_json());
    }
    mappings.fill(record.id().object(), &mut view);
    view
}

/// Names that a template needs and that are empty, each with where it should have come from.
#[must_use]
pub fn empty(template: &Template, known: &Known, object: Object, mappings: &Mappings) -> Vec<String> {
    let needed = template.variables().iter().filter(|variable| !variable.optional);
    let missing = needed.filter(|variable| variable.path.resolve(known).is_none_or(Value::is_null));
    missing
        .map(|variable| match (variable.path.root.as_str(), variable.path.steps.first()) {
            ("record", Some(Step::Key(field))) => {
                format!("{field} is empty: {}", mappings.origin(object, field))
            }
            ("variables", Some(Step::Key(name))) => format!("no block before has set the variable {name}"),
            (root, _) => format!("{root} has no such value"),
        })
        .collect()
}

/// A value of a TOML file as JSON; a date or time is a text.
///
/// # Errors
/// A number that JSON has not.
pub fn of_toml(value: &toml::Value) -> Result<Value, serde_json::Error> {
    match value {
        toml::Value::Datetime(time) => Ok(Value::String(time.to_string())),
        other => serde_json::to_value(other),
    }
}

/// A mapped value as a field takes it. Numbers and JSON become the text of a text field; nothing else is converted.
///
/// # Errors
/// The field does not take it.
pub fn field(kind: &Kind, value: &Value) -> Result<Field, Misfit> {
    match (kind, value) {
        (_, Value::String(text)) => kind.parse(text),
        (kind, Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_)) if kind.is_text() => {
            kind.parse(&value.to_string())
        }
        _ => kind.read(value),
    }
}
