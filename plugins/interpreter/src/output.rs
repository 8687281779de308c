//! Values of an answer by name, and the answer narrowed to what was found.

use presetter_template::{Path, Step};
use serde_json::{Map, Value};

use crate::answer::{Answer, MESSAGE_CHARS};
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
///
/// What stands on the way to the list keeps its shape and its plain values; every other list or object is dropped, since
/// it may hold people too. A text stays only where it is no success: a page of some gateway, or the vendor's words.
pub(crate) fn narrowed(answer: &Answer, place: Option<&Path>, found: Option<&Value>) -> Value {
    match (&answer.response, place) {
        (Value::String(text), _) if !(200..300).contains(&answer.status) => {
            Value::String(text.chars().take(MESSAGE_CHARS).collect())
        }
        (response @ (Value::Object(_) | Value::Array(_)), Some(place)) => {
            let mut walk = Walk { found, reached: false };
            let narrowed = walk.below(response, &place.steps);
            if found.is_some() && !walk.reached { Value::Null } else { narrowed }
        }
        _ => Value::Null,
    }
}

/// Where envelopes say what went wrong.
const FAILURE: [&str; 5] = ["status", "info", "error", "errorMessage", "message"];

struct Walk<'a> {
    found: Option<&'a Value>,
    reached: bool,
}

impl Walk<'_> {
    fn below(&mut self, value: &Value, steps: &[Step]) -> Value {
        let Some((step, rest)) = steps.split_first() else {
            self.reached = true;
            return Value::Array(self.found.into_iter().cloned().collect());
        };
        match (value, step) {
            (Value::Object(map), Step::Key(key)) => {
                let mut kept = Map::new();
                // Without the way on, this may be a person's record: only what vendors say of a failure stays.
                let known = |name: &str| map.contains_key(key) || FAILURE.contains(&name);
                for (name, inner) in map {
                    if name == key {
                        kept.insert(name.clone(), self.below(inner, rest));
                    } else if !inner.is_array() && !inner.is_object() && known(name) {
                        kept.insert(name.clone(), inner.clone());
                    }
                }
                Value::Object(kept)
            }
            (Value::Array(list), Step::Index(index)) => {
                let kept = list.iter().take(index + 1).enumerate();
                kept.map(|(at, inner)| if at == *index { self.below(inner, rest) } else { Value::Null }).collect()
            }
            // Not the shape that the manifest expects: nothing of it is known to be harmless.
            (Value::Object(_) | Value::Array(_), _) => Value::Null,
            (plain, _) => plain.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(status: u16, body: &Value, found: Option<&Value>) -> Value {
        let place = Path::parse("response.response[0].users").unwrap();
        let raw = crate::door::Raw { status, headers: vec![], body: body.to_string().into_bytes() };
        narrowed(&Answer::new(raw), Some(&place), found)
    }

    #[test]
    fn only_the_found_element_stays() {
        let people = json!([{ "a": 1 }, { "a": 2 }]);
        let body = json!({ "status": "OK", "all": people, "by": { "a": 1 },
                           "response": [{ "users": people, "rows": 2, "more": people }, { "users": people }] });
        let one = shown(200, &body, Some(&json!({ "a": 2 })));
        assert_eq!(one, json!({ "status": "OK", "response": [{ "users": [{ "a": 2 }], "rows": 2 }] }));
        assert_eq!(shown(200, &body, None)["response"][0]["users"], json!([]));
    }

    #[test]
    fn another_shape_shows_nobody() {
        let people = json!([{ "a": 1 }]);
        for body in [json!({ "response": { "users": people } }), json!({ "response": people }), json!([people]), people]
        {
            assert!(!shown(200, &body, None).to_string().contains("\"a\""), "{body}");
        }
        assert_eq!(shown(200, &json!("Warning: {\"users\":..."), None), Value::Null);
        assert_eq!(shown(404, &json!("Ops, something happened!"), None), json!("Ops, something happened!"));
        let failure = json!({ "status": "OK", "response": [{ "status": "MISSING_DATA", "info": "Missing key: os" }] });
        assert_eq!(shown(200, &failure, None), failure);
    }
}
