//! JSON that is nested deeper than any reader's stack, in the place that the input names.

use crate::{Value, http, json, ok, rows, text, types, wire};

pub(crate) fn run(input: &Value) -> types::Outcome {
    let deep = format!(r#"{{"deep":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let mut outcome = ok(json!({}));
    let item = &mut outcome.items[0];
    match text(input, "place") {
        "outputs" => item.outputs = deep,
        "details" => outcome.verdict.details = deep,
        "response" => item.answer = Some(types::Seen { status: 200, headers: Vec::new(), response: deep }),
        "row" => drop(rows::emit(&deep)),
        "values" => drop(http::call("deep-json", &deep)),
        kind => {
            let mut request = wire::request("POST", &["open", "take"]);
            request.body = wire::body(kind, deep.as_bytes());
            drop(http::send(&request));
        }
    }
    outcome
}
