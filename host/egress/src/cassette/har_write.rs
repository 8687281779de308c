//! From exchanges to a HAR 1.2 file.
//!
//! Owns the form: indented, so that a change shows line by line. Must never mask: what it is given is masked already.

use serde_json::{Value, json};

use super::exchange::{Exchange, media_type};
use crate::har::frames;

/// What a file says of itself.
#[derive(Debug, Clone, Default)]
pub struct Note {
    /// The version of the program that writes it.
    pub version: String,
    /// For people who open it.
    pub comment: String,
}

/// A HAR 1.2 file with these exchanges.
#[must_use]
pub fn write(exchanges: &[Exchange], note: &Note) -> String {
    let log = json!({
        "version": "1.2",
        "creator": { "name": "Presetter", "version": note.version },
        "entries": exchanges.iter().map(entry).collect::<Vec<_>>(),
        "comment": note.comment,
    });
    // JSON values can always be written.
    let mut text = serde_json::to_string_pretty(&json!({ "log": log })).unwrap_or_default();
    text.push('\n');
    text
}

fn entry(exchange: &Exchange) -> Value {
    let started = i64::try_from(exchange.started_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let took = u64::try_from(exchange.took.as_millis()).unwrap_or(u64::MAX);
    json!({
        "startedDateTime": format!("{:.3}", started.unwrap_or_default()),
        "time": took,
        "request": request(exchange),
        "response": response(exchange),
        "cache": {},
        "timings": { "send": 0, "wait": took, "receive": 0 },
    })
}

fn request(exchange: &Exchange) -> Value {
    let query = exchange.url.query_pairs().map(|(name, value)| json!({ "name": name, "value": value }));
    let mut request = json!({
        "method": exchange.method,
        "url": exchange.url.as_str(),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers(&exchange.headers),
        "queryString": query.collect::<Vec<_>>(),
        "headersSize": -1,
        "bodySize": exchange.body.as_ref().map_or(0, |body| body.len()),
    });
    if let Some(body) = &exchange.body {
        let mut post = packed(body);
        post["mimeType"] = named(&exchange.headers, "content-type").into();
        request["postData"] = post;
    }
    request
}

fn response(exchange: &Exchange) -> Value {
    let (status, answered, body) = match &exchange.answer {
        Ok(response) => (response.status, response.headers.as_slice(), response.body.as_ref()),
        // As browsers write what was never answered.
        Err(_) => (0, [].as_slice(), [].as_slice()),
    };
    let mut content = packed(body);
    content["size"] = body.len().into();
    content["mimeType"] = media_type(answered).into();
    let mut response = json!({
        "status": status,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers(answered),
        "content": content,
        "redirectURL": named(answered, "location"),
        "headersSize": -1,
        "bodySize": -1,
    });
    if let Err(none) = &exchange.answer {
        response["_error"] = none.word().into();
        response["comment"] = none.reason.as_str().into();
    }
    response
}

/// A body as text, or as base64 where it is none.
fn packed(body: &[u8]) -> Value {
    use base64::Engine as _;
    match std::str::from_utf8(body) {
        Ok(text) => json!({ "text": text }),
        Err(_) => {
            json!({ "text": base64::engine::general_purpose::STANDARD.encode(body), "encoding": "base64" })
        }
    }
}

fn headers(headers: &[(String, String)]) -> Vec<Value> {
    let kept = headers.iter().filter(|(name, _)| !frames(name));
    kept.map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

fn named(headers: &[(String, String)], name: &str) -> String {
    headers
        .iter()
        .find(|(given, _)| given.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.clone())
        .unwrap_or_default()
}
