//! A text that is not JSON, in the place that the input names.

use crate::{Value, http, json, ok, rows, text, types, wire};

pub(crate) fn run(input: &Value) -> types::Outcome {
    let broken = r#"{"a": 1,}"#.to_owned();
    let mut outcome = ok(json!({}));
    let item = &mut outcome.items[0];
    match text(input, "place") {
        "outputs" => item.outputs = broken,
        // JSON, and yet no object.
        "list" => item.outputs = "[]".into(),
        "details" => outcome.verdict.details = broken,
        "response" => item.answer = Some(types::Seen { status: 200, headers: Vec::new(), response: broken }),
        "row" => drop(rows::emit(&broken)),
        "values" => item.outputs = json!({ "came": wire::told(http::call("not-json", &broken)) }).to_string(),
        _ => {}
    }
    outcome
}
