//! The status codes in an answer's envelope, for the variable `codes`.
//!
//! Owns the rule where vendors of the "200 and OK, but" kind put their codes. It must never judge: which code means
//! what is for the manifest's conditions.

use serde_json::{Map, Value};

/// The status codes found in an answer, in the order in which they stand there.
///
/// - Of an object: `status` at the top; `status` of each object in `response` and in `elements` (each may be a list, or
///   one object).
/// - Of a list: `status` of each object in it.
/// - A code is text, or a number, which is then given as text (`405` as `"405"`); any other kind is passed over.
/// - A top-level `"OK"` only says that the envelope arrived, so it counts only where nothing more exact is found:
///   `{"status":"OK","response":[{"status":"USERS_NOTFOUND"}]}` gives `["USERS_NOTFOUND"]`, a bare `{"status":"OK"}`
///   gives `["OK"]`. Any other top-level status is always among the codes.
/// - An answer without a status gives an empty list.
pub fn codes(response: &Value) -> Vec<String> {
    match response {
        Value::Object(envelope) => of_envelope(envelope),
        Value::Array(elements) => elements.iter().filter_map(status).collect(),
        _ => Vec::new(),
    }
}

fn of_envelope(envelope: &Map<String, Value>) -> Vec<String> {
    let mut codes = Vec::new();
    let mut top = None;
    for (key, value) in envelope {
        match (key.as_str(), value) {
            ("status", status) => {
                top = code(status).map(|code| (codes.len(), code));
            }
            ("response" | "elements", Value::Array(elements)) => codes.extend(elements.iter().filter_map(status)),
            ("response" | "elements", element) => codes.extend(status(element)),
            _ => {}
        }
    }
    match top {
        Some((at, code)) if codes.is_empty() || code != "OK" => codes.insert(at, code),
        _ => {}
    }
    codes
}

fn status(element: &Value) -> Option<String> {
    code(element.get("status")?)
}

fn code(status: &Value) -> Option<String> {
    match status {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_known_envelope_gives_its_codes() {
        for (response, wanted) in [
            (json!({"status": "OK"}), vec!["OK"]),
            (json!({"status": "OK", "response": [{"users": [{"status": "x"}]}]}), vec!["OK"]),
            (json!({"status": "OK", "response": [{"status": "USERS_NOTFOUND", "info": ".."}]}), vec!["USERS_NOTFOUND"]),
            (json!({"status": "OK", "response": {"status": "MISSING_DATA"}}), vec!["MISSING_DATA"]),
            (
                json!({"status": "OK", "elements": [{"id": "a", "status": "OK"}, {"id": "b", "status": "INVALID_DATA"}]}),
                vec!["OK", "INVALID_DATA"],
            ),
            (
                json!({"response": [{"status": "A"}], "status": "FAIL", "elements": [{"status": "B"}]}),
                vec!["A", "FAIL", "B"],
            ),
            (json!({"status": 405, "message": "INVALID_METHOD"}), vec!["405"]),
            (json!([{"status": "A"}, 1, {"status": null}, {"status": "OK"}]), vec!["A", "OK"]),
            (json!({"error": "accessToken Required"}), vec![]),
            (json!({"status": true, "response": ["text", null]}), vec![]),
            (json!("Ops, something happened!"), vec![]),
        ] {
            assert_eq!(codes(&response), wanted, "{response}");
        }
    }
}
