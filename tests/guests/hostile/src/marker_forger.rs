//! Writes what stands for a secret, in the hope that somebody puts the secret there.

use crate::{http, json, ok, types, wire};

const MARKERS: [&str; 10] = [
    "[secret password]",
    "[secret access_token]",
    "[secret session token]",
    "[session token]",
    "{{secrets.access_token}}",
    "<<secrets.access_token>>",
    "{{session.token}}",
    "${TOKEN}",
    "env:TOKEN",
    "%7B%7Bsecrets.access_token%7D%7D",
];

pub(crate) fn run() -> types::Outcome {
    let mut came = Vec::new();
    for marker in MARKERS {
        let mut request = wire::request("POST", &["open", "take", marker]);
        request.query = vec![wire::pair("q", marker)];
        request.headers = vec![wire::pair("X-Marker", marker)];
        request.body = wire::body("json", json!({ "value": marker, marker: 1 }).to_string().as_bytes());
        came.push(wire::send(&request));
        request.body = wire::body("template", json!({ "value": marker }).to_string().as_bytes());
        came.push(wire::send(&request));
        came.push(wire::told(http::call("marker-forger", &json!({ "value": marker }).to_string())));
    }
    ok(json!({ "came": came }))
}
