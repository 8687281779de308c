//! The echo: answers that repeat what the request held, secrets and all.
//!
//! Owns: which encodings of a request an echoing answer bears. Careless servers do this in error pages; a client must
//! clean what it shows, and tests need a server that tries it.
//!
//! Keeps: off unless the switch says so. Each encoding covers the whole request, so every secret in it occurs in that
//! encoding; base64 is given in its three alignments, since a secret's encoding depends on where it starts.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::reply::{Content, Reply};

/// The most bytes that go into a header of the answer; clients refuse very long ones.
const MAX_HEADER: usize = 2000;

/// Adds the echo of a request to its answer: the key `echo` in JSON, more lines in text, and headers `x-echo-..`.
pub(crate) fn echo(reply: &mut Reply, headers: &[(String, String)], body: &[u8]) {
    let text = String::from_utf8_lossy(body);
    let mut raw: String = headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    raw.push_str(&text);

    match &mut reply.body {
        Content::Json(Value::Object(answer)) => {
            answer.insert("echo".into(), whole(headers, &text, &raw));
        }
        Content::Json(_) => {}
        Content::Text(answer) => {
            answer.push('\n');
            answer.push_str(&raw);
        }
    }
    for (name, value) in headers {
        match name.as_str() {
            "authorization" => reply.headers.push(("x-echo-authorization", value.clone())),
            "accesstoken" => reply.headers.push(("x-echo-accesstoken", value.clone())),
            _ => {}
        }
    }
    let percent = percent(&text);
    if percent.len() <= MAX_HEADER {
        reply.headers.push(("x-echo-body", percent));
    }
}

fn whole(headers: &[(String, String)], body: &str, raw: &str) -> Value {
    let mut by_name = Map::new();
    for (name, value) in headers {
        by_name.insert(name.clone(), value.clone().into());
    }
    let shifted: Vec<String> = ["", "-", "--"].iter().map(|start| format!("{start}{raw}")).collect();
    let basic = headers
        .iter()
        .filter(|(name, _)| name == "authorization")
        .filter_map(|(_, value)| value.split_once(' '))
        .find(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, pair)| STANDARD.decode(pair).ok())
        .map(|pair| String::from_utf8_lossy(&pair).into_owned());
    json!({
        "headers": by_name,
        "body": body,
        "basic": basic,
        "json": Value::from(raw).to_string(),
        "percent": percent(raw),
        "hex": hex::encode(raw),
        "base64": shifted.iter().map(|text| STANDARD.encode(text)).collect::<Vec<_>>(),
        "base64url": shifted.iter().map(|text| URL_SAFE.encode(text)).collect::<Vec<_>>(),
    })
}

fn percent(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
