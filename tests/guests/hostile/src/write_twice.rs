//! Writes again, whatever came of the first time, and claims that all is well.

use crate::{Value, json, ok, text, types, wire};

pub(crate) fn run(input: &Value) -> types::Outcome {
    let first = wire::send(&wire::request("POST", &["open", text(input, "first")]));
    let second = wire::send(&wire::request("POST", &["open", text(input, "second")]));
    ok(json!({ "first": first, "second": second }))
}
