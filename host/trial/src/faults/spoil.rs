//! What a fault makes of an answer.
//!
//! Owns plain functions on bodies. Each gives nothing where it would change nothing, so that no fault is tried that is none.

use bytes::Bytes;
use presetter_egress::Response;
use serde_json::{Map, Value, json};

/// The answer with another body.
pub(crate) fn with_body(response: &Response, body: impl Into<Bytes>) -> Response {
    Response { body: body.into(), ..response.clone() }
}

/// The first half of a JSON body.
pub(crate) fn cut(response: &Response) -> Option<Response> {
    json_of(response)?;
    let half = response.body.slice(..response.body.len() / 2);
    (!half.is_empty()).then(|| with_body(response, half))
}

/// Each scalar of another type.
pub(crate) fn wrong_types(response: &Response) -> Option<Response> {
    changed(response, |value| each(value, &other_type))
}

/// A list of one in the place of each object.
pub(crate) fn lists_for_objects(response: &Response) -> Option<Response> {
    changed(response, |value| {
        each(value, &|value| match value {
            Value::Object(_) => json!([value]),
            other => other,
        })
    })
}

/// Every list without elements.
pub(crate) fn empty_lists(response: &Response) -> Option<Response> {
    changed(response, |value| {
        each(value, &|value| match value {
            Value::Array(_) => json!([]),
            other => other,
        })
    })
}

/// The innermost lists without their last elements, but for those of one element: such a list would be empty.
pub(crate) fn short_lists(response: &Response) -> Option<Response> {
    changed(response, |value| {
        each(value, &|value| match value {
            Value::Array(mut list) if list.len() > 1 => {
                list.pop();
                Value::Array(list)
            }
            other => other,
        })
    })
}

fn json_of(response: &Response) -> Option<Value> {
    serde_json::from_slice(&response.body).ok()
}

fn changed(response: &Response, change: impl FnOnce(Value) -> Value) -> Option<Response> {
    let before = json_of(response)?;
    let after = change(before.clone());
    (after != before).then(|| with_body(response, after.to_string()))
}

/// A value with `change` done to all that is in it, and then to itself.
fn each(value: Value, change: &dyn Fn(Value) -> Value) -> Value {
    let inner = match value {
        Value::Array(list) => list.into_iter().map(|element| each(element, change)).collect(),
        Value::Object(object) => {
            Value::Object(object.into_iter().map(|(name, member)| (name, each(member, change))).collect::<Map<_, _>>())
        }
        scalar => scalar,
    };
    change(inner)
}

/// What stands in the place of a text and of a number.
const NUMBER: u64 = 7;
const TEXT: &str = "seven";

/// A scalar of another type that carries none of the old value.
fn other_type(value: Value) -> Value {
    match value {
        Value::String(_) => json!(NUMBER),
        Value::Number(_) => json!(TEXT),
        Value::Bool(_) => json!([]),
        Value::Null => json!(false),
        other => other,
    }
}

/// Whether a value is another, but for places in which one of another type was handed on as it came, by itself or within a
/// text.
pub(crate) fn hands_on(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (before, after) if before == after || *after == other_type(before.clone()) => true,
        // What a template makes of it.
        (_, Value::String(text)) => text.contains(TEXT) || text.contains(&NUMBER.to_string()),
        (Value::Array(before), Value::Array(after)) => {
            before.len() == after.len() && before.iter().zip(after).all(|(before, after)| hands_on(before, after))
        }
        (Value::Object(before), Value::Object(after)) => {
            let same = |(name, before): (&String, &Value)| after.get(name).is_some_and(|after| hands_on(before, after));
            // What is null is left out of outputs and rows, so what stands in its place is new there.
            let new = |(name, after): (&String, &Value)| before.contains_key(name) || *after == other_type(Value::Null);
            before.iter().all(same) && after.iter().all(new)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Response {
        Response { status: 200, headers: Vec::new(), body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    fn body(response: Option<Response>) -> Option<String> {
        response.map(|response| String::from_utf8(response.body.to_vec()).unwrap())
    }

    #[test]
    fn answers_are_spoiled_through_and_through() {
        let whole = answer(r#"{"a":[{"b":"x","c":1},{"b":null}],"d":true,"e":[3]}"#);
        let spoiled = |how: fn(&Response) -> Option<Response>| body(how(&whole)).unwrap();
        assert_eq!(spoiled(wrong_types), r#"{"a":[{"b":7,"c":"seven"},{"b":false}],"d":[],"e":["seven"]}"#);
        assert_eq!(spoiled(lists_for_objects), r#"[{"a":[[{"b":"x","c":1}],[{"b":null}]],"d":true,"e":[3]}]"#);
        assert_eq!(spoiled(empty_lists), r#"{"a":[],"d":true,"e":[]}"#);
        assert_eq!(spoiled(short_lists), r#"{"a":[{"b":"x","c":1}],"d":true,"e":[3]}"#);
        assert_eq!(spoiled(cut).len(), whole.body.len() / 2);
    }

    #[test]
    fn what_is_handed_on_is_told_from_what_is_lost() {
        let before = json!({"name": "Sarah", "size": 1, "list": ["a"], "there": true});
        for after in [
            json!({"name": 7, "size": "seven", "list": [7], "there": []}),
            json!({"name": "no 7", "size": 1, "list": ["a"], "there": true}),
            json!({"name": 7, "size": 1, "list": ["a"], "there": true, "was null": false}),
        ] {
            assert!(hands_on(&before, &after), "{after}");
        }
        for after in [
            json!({"name": 7}),
            json!({"name": 8, "size": 1, "list": ["a"], "there": true}),
            json!({"name": 7, "size": 1, "list": ["a"], "there": true, "made up": "x"}),
            json!(null),
        ] {
            assert!(!hands_on(&before, &after), "{after}");
        }
        assert!(!hands_on(&json!(true), &json!(false)), "a decision that went the other way");
    }

    #[test]
    fn what_would_change_nothing_is_no_fault() {
        for (how, same) in [
            (cut as fn(&Response) -> Option<Response>, "no JSON"),
            (wrong_types, "{}"),
            (lists_for_objects, "[1]"),
            (empty_lists, r#"{"a":[]}"#),
            (short_lists, r#"{"a":[1]}"#),
        ] {
            assert_eq!(body(how(&answer(same))), None, "{same}");
        }
    }
}
