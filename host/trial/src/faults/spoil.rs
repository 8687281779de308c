//! What a fault makes of an answer.
//!
//! Owns plain functions on bodies. Each gives nothing where it would change nothing, so that no fault is tried that is none.

use bytes::Bytes;
use presetter_egress::Response;
use serde_json::{Map, Value, json};

use super::kind::Fault;

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

/// The answer with each value of it changed as a fault has it.
pub(crate) fn values(fault: Fault, response: &Response) -> Option<Response> {
    let before = json_of(response)?;
    let after = each(before.clone(), change(fault)?);
    (after != before).then(|| with_body(response, after.to_string()))
}

/// What a fault makes of a single value, where that is what it does.
fn change(fault: Fault) -> Option<fn(Value) -> Value> {
    match fault {
        Fault::WrongTypes => Some(other_type),
        // A list of one in the place of each object.
        Fault::ListsForObjects => Some(|value| match value {
            Value::Object(_) => json!([value]),
            other => other,
        }),
        Fault::EmptyLists => Some(|value| match value {
            Value::Array(_) => json!([]),
            other => other,
        }),
        // The innermost lists without their last elements, but for those of one element: such a list would be empty.
        Fault::ShortLists => Some(|value| match value {
            Value::Array(mut list) if list.len() > 1 => {
                list.pop();
                Value::Array(list)
            }
            other => other,
        }),
        _ => None,
    }
}

fn json_of(response: &Response) -> Option<Value> {
    serde_json::from_slice(&response.body).ok()
}

/// A value with `change` done to all that is in it, and then to itself.
fn each(value: Value, change: fn(Value) -> Value) -> Value {
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

/// Whether a value is another, or that one handed on as it came with the fault.
pub(crate) fn hands_on(fault: Fault, before: &Value, after: &Value) -> bool {
    match change(fault) {
        _ if before == after => true,
        // By itself, or within a text.
        Some(_) if fault == Fault::WrongTypes => hands_on_types(before, after),
        Some(change) => *after == each(before.clone(), change) || hands_on_members(fault, before, after),
        None => false,
    }
}

/// Each output by itself: one that a preset works out stays as it was beside one that it hands on.
fn hands_on_members(fault: Fault, before: &Value, after: &Value) -> bool {
    let (Value::Object(before), Value::Object(after)) = (before, after) else { return false };
    before.len() == after.len()
        && before.iter().all(|(name, before)| after.get(name).is_some_and(|after| hands_on(fault, before, after)))
}

fn hands_on_types(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (before, after) if before == after || *after == other_type(before.clone()) => true,
        // What a template makes of it.
        (_, Value::String(text)) => text.contains(TEXT) || text.contains(&NUMBER.to_string()),
        (Value::Array(before), Value::Array(after)) => {
            before.len() == after.len() && before.iter().zip(after).all(|(before, after)| hands_on_types(before, after))
        }
        (Value::Object(before), Value::Object(after)) => {
            // What is null may be left out of outputs and rows, so what stands in its place is new there.
            let same = |(name, before): (&String, &Value)| {
                after.get(name).map_or(before.is_null(), |after| hands_on_types(before, after))
            };
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
        let spoiled = |fault| body(values(fault, &whole)).unwrap();
        assert_eq!(spoiled(Fault::WrongTypes), r#"{"a":[{"b":7,"c":"seven"},{"b":false}],"d":[],"e":["seven"]}"#);
        assert_eq!(spoiled(Fault::ListsForObjects), r#"[{"a":[[{"b":"x","c":1}],[{"b":null}]],"d":true,"e":[3]}]"#);
        assert_eq!(spoiled(Fault::EmptyLists), r#"{"a":[],"d":true,"e":[]}"#);
        assert_eq!(spoiled(Fault::ShortLists), r#"{"a":[{"b":"x","c":1}],"d":true,"e":[3]}"#);
        assert_eq!(body(cut(&whole)).unwrap().len(), whole.body.len() / 2);
    }

    #[test]
    fn what_is_handed_on_is_told_from_what_is_lost() {
        let before = json!({"name": "Sarah", "size": 1, "list": ["a"], "there": true});
        for after in [
            json!({"name": 7, "size": "seven", "list": [7], "there": []}),
            json!({"name": "no 7", "size": 1, "list": ["a"], "there": true}),
            json!({"name": 7, "size": 1, "list": ["a"], "there": true, "was null": false}),
        ] {
            assert!(hands_on(Fault::WrongTypes, &before, &after), "{after}");
        }
        for after in [
            json!({"name": 7}),
            json!({"name": 8, "size": 1, "list": ["a"], "there": true}),
            json!({"name": 7, "size": 1, "list": ["a"], "there": true, "made up": "x"}),
            json!(null),
        ] {
            assert!(!hands_on(Fault::WrongTypes, &before, &after), "{after}");
        }
        assert!(!hands_on(Fault::WrongTypes, &json!(true), &json!(false)), "a decision that went the other way");
    }

    #[test]
    fn lists_and_objects_are_handed_on_as_they_came_and_not_otherwise() {
        let before = json!({"id": "e1", "groups": ["a", null, "b"], "of": {"it": [1, 2]}});
        for (fault, after, fine) in [
            (Fault::EmptyLists, json!({"id": "e1", "groups": [], "of": {"it": []}}), true),
            (Fault::EmptyLists, json!({"id": "e1", "groups": [], "of": {"it": [1, 2]}}), true),
            (Fault::EmptyLists, json!({"id": "e1", "groups": ["b"], "of": {"it": []}}), false),
            (Fault::EmptyLists, json!({"id": "e2", "groups": [], "of": {"it": []}}), false),
            (Fault::EmptyLists, json!({"groups": [], "of": {"it": []}}), false),
            (Fault::ShortLists, json!({"id": "e1", "groups": ["a", null], "of": {"it": [1]}}), true),
            (Fault::ShortLists, json!({"id": "e1", "groups": ["a"], "of": {"it": [1]}}), false),
            (Fault::ListsForObjects, json!({"id": "e1", "groups": ["a", null, "b"], "of": [{"it": [1, 2]}]}), true),
            (Fault::ListsForObjects, json!({"id": "e1", "groups": ["a", null, "b"], "of": []}), false),
            (Fault::Cut, json!({"id": "e1", "groups": [], "of": {"it": []}}), false),
        ] {
            assert_eq!(hands_on(fault, &before, &after), fine, "{fault}: {after}");
        }
        assert!(hands_on(Fault::WrongTypes, &json!([null, "x"]), &json!([false, 7])), "nulls have their places");
        assert!(hands_on(Fault::WrongTypes, &json!({"was": null}), &json!({})));
    }

    #[test]
    fn what_would_change_nothing_is_no_fault() {
        assert_eq!(body(cut(&answer("no JSON"))), None);
        for (fault, same) in [
            (Fault::WrongTypes, "{}"),
            (Fault::ListsForObjects, "[1]"),
            (Fault::EmptyLists, r#"{"a":[]}"#),
            (Fault::ShortLists, r#"{"a":[1]}"#),
        ] {
            assert_eq!(body(values(fault, &answer(same))), None, "{fault}: {same}");
        }
    }
}
