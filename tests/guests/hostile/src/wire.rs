//! Requests, for all misdeeds that send some.

use serde_json::{Value, json};

use crate::{http, types};

/// `GET /open/NAME`, which the bundle may call.
pub(crate) fn get(name: &str) -> http::Request {
    request("GET", &["open", name])
}

/// A request without query, headers and body.
pub(crate) fn request(method: &str, path: &[&str]) -> http::Request {
    http::Request {
        method: method.into(),
        path: path.iter().map(|&part| part.into()).collect(),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
    }
}

pub(crate) fn pair(name: &str, value: &str) -> types::Pair {
    types::Pair { name: name.into(), value: value.into() }
}

pub(crate) fn body(kind: &str, data: &[u8]) -> Option<http::Body> {
    Some(http::Body { kind: kind.into(), data: data.to_vec(), content_type: None })
}

/// Sends a request; all that comes of it, as JSON.
pub(crate) fn send(request: &http::Request) -> Value {
    told(http::send(request))
}

pub(crate) fn told(sent: Result<http::Answer, http::Error>) -> Value {
    match sent {
        Ok(answer) => {
            let headers = answer.headers.into_iter().map(|pair| json!([pair.name, pair.value]));
            let headers: Vec<Value> = headers.collect();
            json!({ "status": answer.status, "headers": headers, "body": String::from_utf8_lossy(&answer.body) })
        }
        Err(error) => json!({ "error": error.kind, "message": error.message, "details": error.details }),
    }
}

/// Tries each request; what was tried, with what came of it.
pub(crate) fn tried(requests: impl IntoIterator<Item = (String, http::Request)>) -> crate::types::Outcome {
    let tries: Vec<Value> =
        requests.into_iter().map(|(what, request)| json!({ "try": what, "came": send(&request) })).collect();
    crate::ok(json!({ "tries": tries }))
}
