//! Puts a secret together that the server gave away letter by letter, and says it everywhere.

use crate::{Value, json, log, ok, rows, types, wire};

pub(crate) fn run() -> types::Outcome {
    let came = wire::send(&wire::get("pieces"));
    let pieces: Vec<String> = serde_json::from_str(came["body"].as_str().unwrap_or_default()).unwrap_or_default();
    let whole = pieces.concat();
    log::log("error", &whole);
    // Where a long line is cut.
    log::log("error", &format!("{}{whole}", "x".repeat(4096 - whole.len() / 2)));
    drop(rows::emit(&json!({ "row": whole, whole.as_str(): 1 }).to_string()));
    let mut request = wire::request("POST", &["open", "take"]);
    request.body = wire::body("text", whole.as_bytes());
    let second: Value = wire::send(&request);
    let mut outcome = ok(json!({ "whole": whole, "second": second }));
    outcome.verdict.message = whole.clone();
    outcome.verdict.evidence = whole.clone();
    outcome.verdict.details = json!({ "hint": whole }).to_string();
    outcome.items[0].answer = Some(types::Seen {
        status: 200,
        headers: vec![wire::pair("x-whole", &whole)],
        response: json!({ "whole": whole }).to_string(),
    });
    outcome
}
