//! From what is to be told to what is written: redacted, and within bounds.
//!
//! Owns: the one way of a body into the log. Keeps: no secret that the redactor knows is in it; its line is never longer
//! than [`MAX_LINE`], nor nested deeper than readers of JSON allow; what is left out for that is told with its size.

use presetter_secret::Redactor;
use serde_json::{Map, Value, json};

use crate::MAX_LINE;

/// What the rest of a line needs, generously.
const AROUND: usize = 1024;
/// How deep a body may be nested. Readers of JSON allow 128; the line around it has some of them.
const MAX_DEPTH: usize = 64;

/// Makes a body ready to be written.
pub(crate) fn ready(mut body: Value, redactor: &Redactor) -> Map<String, Value> {
    redactor.value(&mut body);
    let mut body = match body {
        Value::Object(body) => body,
        other => Map::from_iter([("told".to_owned(), other)]),
    };
    for value in body.values_mut() {
        flatten(value, MAX_DEPTH);
    }
    fit(&mut body, MAX_LINE - AROUND);
    let text = Value::Object(body.clone()).to_string();
    // Strings and keys are clean by now. A secret that still stands in the text is one that looks like structure.
    if redactor.holds(text.as_bytes()) {
        return Map::from_iter([("withheld".to_owned(), "a secret looks like the form of this entry".into())]);
    }
    body
}

/// What is nested deeper becomes its own JSON text.
fn flatten(value: &mut Value, depth: usize) {
    match value {
        Value::Array(_) | Value::Object(_) if depth == 0 => *value = value.to_string().into(),
        Value::Array(list) => list.iter_mut().for_each(|element| flatten(element, depth - 1)),
        Value::Object(object) => object.values_mut().for_each(|member| flatten(member, depth - 1)),
        _ => {}
    }
}

/// Leaves out the largest members until the rest fits, and tells how large they were.
fn fit(body: &mut Map<String, Value>, bound: usize) {
    let size = |name: &str, value: &Value| Value::from(name).to_string().len() + value.to_string().len() + 2;
    let mut sizes: Vec<(usize, String)> = body.iter().map(|(name, value)| (size(name, value), name.clone())).collect();
    let whole: usize = sizes.iter().map(|(size, _)| size).sum();
    let mut total = whole;
    sizes.sort();
    while total > bound
        && let Some((before, name)) = sizes.pop()
    {
        let left_out = json!({ "left_out_bytes": before });
        total = total - before + size(&name, &left_out);
        body.insert(name, left_out);
    }
    if total > bound {
        *body = Map::from_iter([("left_out_bytes".to_owned(), whole.into())]);
    }
}

#[cfg(test)]
mod tests {
    use presetter_secret::Secret;

    use super::*;

    fn made(body: Value) -> Value {
        Value::Object(ready(body, &Redactor::new()))
    }

    #[test]
    fn secrets_are_taken_out_wherever_they_stand() {
        let redactor = Redactor::new();
        redactor.add("password", &Secret::new("hunter2-and-more".into()));
        redactor.add("pin", &Secret::new("1234".into()));
        let body = json!({
            "inputs": { "a": "x hunter2-and-more", "hunter2-and-more": 1, "pin": 1234 },
            "requests": [{ "url": "https://a/?p=hunter2%2Dand%2Dmore" }],
        });
        let text = Value::Object(ready(body, &redactor)).to_string();
        assert_eq!(
            text,
            r#"{"inputs":{"a":"x [secret password]","[secret password]":1,"pin":"[secret pin]"},"requests":[{"url":"https://a/?p=[secret password]"}]}"#
        );
    }

    #[test]
    fn a_secret_that_looks_like_the_entry_itself_withholds_it() {
        let redactor = Redactor::new();
        redactor.add("odd", &Secret::new(r#""outcome":"ok""#.into()));
        assert_eq!(
            Value::Object(ready(json!({ "outcome": "ok" }), &redactor)),
            json!({ "withheld": "a secret looks like the form of this entry" })
        );
    }

    #[test]
    fn the_largest_members_are_left_out_and_told() {
        let long = "x".repeat(5 * 1024 * 1024);
        let body = made(json!({ "preset": "p", "inputs": long, "requests": [long] }));
        assert_eq!(body["preset"], "p");
        assert_eq!(body["inputs"], long, "one alone fits");
        assert_eq!(body["requests"], json!({ "left_out_bytes": long.len() + r#""requests":[""],"#.len() }));
        // Where there are so many that telling of each would be too much, the whole is left out.
        let mut many: Map<String, Value> = (0..100).map(|n| (format!("{n:03}"), 1.into())).collect();
        fit(&mut many, 700);
        assert_eq!(Value::Object(many), json!({ "left_out_bytes": 100 * r#""000":1,"#.len() }));
    }

    #[test]
    fn what_is_nested_deep_becomes_a_text_that_loses_nothing() {
        let deep = |depth| (0..depth).fold(json!("x"), |inner, _| json!([inner]));
        assert_eq!(made(json!({ "inputs": deep(60) }))["inputs"], deep(60));
        let body = made(json!({ "inputs": deep(120) }));
        let text = body.to_string();
        assert!(serde_json::from_str::<Value>(&text).is_ok());
        assert!(text.contains(&deep(56).to_string().replace('"', "\\\"")), "{text}");
    }
}
