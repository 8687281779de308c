//! What a value is, in plain words, and the questions that templates ask of it.

use serde_json::Value;

use crate::path::{Step, walk};

/// What counts as true: as in Handlebars, all but false, 0, the empty text, null and empty lists and objects.
pub(crate) fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(s) => !s.is_empty(),
        Value::Array(a) => !a.is_empty(),
        Value::Object(o) => !o.is_empty(),
    }
}

/// Whether a value is nested at most `depth` levels. Recurses no deeper than that.
pub(crate) fn fits(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(list) => depth > 0 && list.iter().all(|v| fits(v, depth - 1)),
        Value::Object(map) => depth > 0 && map.values().all(|v| fits(v, depth - 1)),
        _ => true,
    }
}

/// A kind of value in plain words.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(list) if list.is_empty() => "an empty list",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The first step of a path that leads nowhere, in words.
pub(crate) fn what_is_there(mut value: &Value, root: &str, steps: &[Step]) -> String {
    let mut name = root.to_owned();
    for step in steps {
        match walk(value, std::slice::from_ref(step)) {
            Some(next) => {
                value = next;
                name += &step.to_string();
            }
            None => {
                return match (step, value) {
                    (Step::Key(key), Value::Object(_)) => format!("{name} has no {key:?}"),
                    (Step::Index(_), Value::Array(list)) => {
                        format!("{name} is a list of {}", list.len())
                    }
                    (_, value) => format!("{name} is {}", kind_of(value)),
                };
            }
        }
    }
    format!("{name} is {}", kind_of(value))
}
