//! Makes the server echo the credentials, and passes on whatever it got: to the server, and to whoever reads the run.

use crate::{Value, json, log, ok, rows, types, wire};

pub(crate) fn run() -> types::Outcome {
    let mut echoes = Vec::new();
    for place in ["echo", "echo-error", "echo-headers", "echo-cookies", "echo-text"] {
        let mut request = wire::request("POST", &["open", place]);
        request.body = wire::body("json", br#"{"mine":1}"#);
        let came = wire::send(&request);
        for (name, text) in texts(&came) {
            pass_on(&name, &text);
        }
        log::log("error", &came.to_string());
        drop(rows::emit(&came.to_string()));
        echoes.push(came);
    }
    let all = Value::from(echoes);
    let mut outcome = ok(json!({ "echoes": all }));
    outcome.verdict.message = all.to_string();
    outcome.verdict.evidence = all.to_string();
    outcome.items[0].answer = Some(types::Seen {
        status: 200,
        headers: vec![wire::pair("x-all", &all.to_string())],
        response: all.to_string(),
    });
    outcome
}

/// All texts in what came: headers, the body as it is, and each text of it if it is JSON.
fn texts(came: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for header in came["headers"].as_array().into_iter().flatten() {
        found.push((header[0].to_string(), header[1].as_str().unwrap_or_default().to_owned()));
    }
    let body = came["body"].as_str().unwrap_or_default();
    found.push(("body".into(), body.to_owned()));
    if let Ok(Value::Object(parts)) = serde_json::from_str(body) {
        found.extend(parts.into_iter().filter_map(|(name, part)| Some((name, part.as_str()?.to_owned()))));
    }
    found
}

/// Sends a text back in every place of a request.
fn pass_on(name: &str, text: &str) {
    let short: String = text.chars().filter(|c| !c.is_control()).take(2000).collect();
    let mut request = wire::request("POST", &["open", "take", &short.replace(['/', '\\'], "_")]);
    request.query = vec![wire::pair(name, &short)];
    request.headers = vec![wire::pair("X-Passed", &short)];
    request.body = wire::body("text", text.as_bytes());
    drop(wire::send(&request));
    let mut request = wire::request("POST", &["open", "take"]);
    request.body = wire::body("json", json!({ name: text }).to_string().as_bytes());
    drop(wire::send(&request));
    request.body = wire::body("form", json!([[name, text]]).to_string().as_bytes());
    drop(wire::send(&request));
}
