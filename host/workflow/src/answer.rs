//! A vendor's answer as mappings see it: the same for a workflow's paths and for `--map`.

use presetter_template::path::Step;
use presetter_template::{Scope, Template};
use serde_json::{Map, Value, json};

/// What a mapping's template knows: `response`, `response_status`, `response_headers`, `outputs` and `inputs`.
#[derive(Debug)]
pub struct Answered<'a> {
    /// The vendor's body; none if no answer was seen.
    pub response: Option<&'a Value>,
    /// The HTTP status.
    pub status: Option<Value>,
    /// The headers; see [`named_headers`].
    pub headers: Value,
    /// What the preset returned.
    pub outputs: &'a Value,
    /// What the preset was given.
    pub inputs: &'a Value,
}

impl Answered<'_> {
    /// The names that it knows.
    pub const NAMES: [&'static str; 5] = ["response", "response_status", "response_headers", "outputs", "inputs"];
}

impl Scope for Answered<'_> {
    fn root(&self, name: &str) -> Option<&Value> {
        match name {
            "response" => self.response,
            "response_status" => self.status.as_ref(),
            "response_headers" => Some(&self.headers),
            "outputs" => Some(self.outputs),
            "inputs" => Some(self.inputs),
            _ => None,
        }
    }
}

/// Headers as an object. A name that came several times has its values joined, as RFC 9110 (5.3) allows; `set-cookie`,
/// which it exempts, has a list.
#[must_use]
pub fn headers(list: &[(String, String)]) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, value) in list {
        match object.get_mut(name) {
            None if name == "set-cookie" => drop(object.insert(name.clone(), json!([value]))),
            None => drop(object.insert(name.clone(), Value::from(value.as_str()))),
            Some(Value::Array(values)) => values.push(value.as_str().into()),
            Some(Value::String(before)) => *before = format!("{before}, {value}"),
            Some(_) => {}
        }
    }
    object
}

/// The headers of an answer under their own names, in lower case, and under the names that a template has for them:
/// header names have no case (RFC 9110, 5.1), so `response_headers.Vary` finds `vary`.
#[must_use]
pub fn named_headers(list: &[(String, String)], template: &Template) -> Value {
    let mut headers = headers(list);
    for variable in template.variables().iter().filter(|variable| variable.path.root == "response_headers") {
        if let Some(Step::Key(name)) = variable.path.steps.first()
            && let Some(value) = headers.get(&name.to_ascii_lowercase()).cloned()
        {
            headers.insert(name.clone(), value);
        }
    }
    headers.into()
}
