//! Values of an answer by name, and the answer narrowed to what was found.

use presetter_template::{Path, Step};
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::recipe::Fields;

/// The values of `fields` over an answer and, in a list, one item of it.
///
/// # Errors
/// One sentence: a value that is not optional is not there, or a rule cannot be decided.
pub(crate) fn fields(
    fields: &Fields,
    answer: &Answer,
    item: Option<&Value>,
    inputs: &Map<String, Value>,
    settings: &Value,
) -> Result<Map<String, Value>, String> {
    let nothing = Value::Null;
    let item = item.unwrap_or(&nothing);
    let names = answer.names(inputs, settings).with("item", item);
    let vars = answer.vars(inputs, settings).with("item", item);
    let mut out = Map::new();
    for (name, template) in &fields.values {
        let value = template.render_value(&names).map_err(|error| {
            let first = error.problems.first().map(ToString::to_string).unwrap_or_default();
            format!("the answer has nothing for the output \"{name}\": {first}")
        })?;
        out.insert(name.clone(), value);
    }
    for (name, rule) in &fields.flags {
        let flag = rule.test(&vars).map_err(|e| format!("the output \"{name}\" cannot be decided: {e}"))?;
        out.insert(name.clone(), flag.into());
    }
    Ok(out)
}

/// The vendor's body with only `found` in its list, so that no other person's data leaves.
pub(crate) fn narrowed(response: &Value, place: Option<&Path>, found: Option<&Value>) -> Value {
    // Where the list is put together from several values, its place is not known: nothing of it leaves.
    let Some(place) = place else { return Value::Null };
    let mut narrowed = response.clone();
    let mut at = Some(&mut narrowed);
    for step in &place.steps {
        at = at.and_then(|value| match step {
            Step::Key(key) => value.get_mut(key.as_str()),
            Step::Index(index) => value.get_mut(*index),
        });
    }
    if let Some(list) = at {
        *list = Value::Array(found.into_iter().cloned().collect());
    }
    narrowed
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_found_element_stays() {
        let body = json!({ "status": "OK", "response": [{ "users": [{ "a": 1 }, { "a": 2 }], "rows": 2 }] });
        let place = Path::parse("response.response[0].users").unwrap();
        let one = narrowed(&body, Some(&place), Some(&json!({ "a": 2 })));
        assert_eq!(one, json!({ "status": "OK", "response": [{ "users": [{ "a": 2 }], "rows": 2 }] }));
        let none = narrowed(&body, Some(&place), None);
        assert_eq!(none["response"][0]["users"], json!([]));
        assert_eq!(narrowed(&body, None, None), Value::Null);
    }
}
