//! Answers before they become HTTP.
//!
//! Owns: the forms in which the vendor answers and fails.
//!
//! Keeps: a failure of an operation is a 200 with a top-level OK, as the vendor has it; only failures of access, method
//! and path have a status of their own.

use axum::http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// One answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Content,
    /// Close the connection in place of answering.
    pub(crate) hang_up: bool,
}

#[derive(Debug)]
pub(crate) enum Content {
    Json(Value),
    Text(String),
}

/// Why an operation was not carried out: a code and a text.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: String,
    pub(crate) info: String,
}

impl Refusal {
    pub(crate) fn new(status: &str, info: impl Into<String>) -> Refusal {
        Refusal { status: status.into(), info: info.into() }
    }

    /// S: `MISSING_DATA` with `Missing key: os`.
    pub(crate) fn missing(key: &str) -> Refusal {
        Refusal::new("MISSING_DATA", format!("Missing key: {key}"))
    }

    /// The code is S; the text is ours.
    pub(crate) fn invalid(key: &str) -> Refusal {
        Refusal::new("INVALID_DATA", format!("Invalid value for key: {key}"))
    }

    /// The code is S; the text is ours.
    pub(crate) fn unknown_user(id: &str) -> Refusal {
        Refusal::new("UNKNOWN_USER", format!("Unknown user: {id}"))
    }

    /// U: code and text are ours.
    pub(crate) fn operation(operation: &str) -> Refusal {
        Refusal::new("INVALID_OPERATION", format!("Invalid operation: {operation}"))
    }
}

impl Reply {
    pub(crate) fn json(status: u16, body: Value) -> Reply {
        Reply { status, headers: Vec::new(), body: Content::Json(body), hang_up: false }
    }

    /// S: no access token gives `{"error":"accessToken Required"}`. The other failures of access use the same form (U).
    pub(crate) fn error(status: u16, text: &str) -> Reply {
        Reply::json(status, json!({ "error": text }))
    }

    /// S: failures hide under a top-level OK.
    pub(crate) fn hidden(refusal: Refusal) -> Reply {
        Reply::json(200, json!({ "status": "OK", "response": [{ "status": refusal.status, "info": refusal.info }] }))
    }

    /// S: `{"status":405,"message":"INVALID_METHOD"}`.
    pub(crate) fn wrong_method() -> Reply {
        Reply::json(405, json!({ "status": 405, "message": "INVALID_METHOD" }))
    }

    /// S: a 404 is text, not JSON.
    pub(crate) fn no_such_path() -> Reply {
        Reply {
            status: 404,
            headers: Vec::new(),
            body: Content::Text("Ops, something happened!".into()),
            hang_up: false,
        }
    }

    /// Closes the connection without an answer.
    pub(crate) fn silence() -> Reply {
        Reply::hung_up(Reply::json(200, Value::Null))
    }

    /// The same answer, never sent.
    pub(crate) fn hung_up(mut self) -> Reply {
        self.hang_up = true;
        self
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }
}

impl axum::response::IntoResponse for Reply {
    fn into_response(self) -> axum::response::Response {
        let (kind, text) = match self.body {
            Content::Json(value) => ("application/json", value.to_string()),
            Content::Text(text) => ("text/plain; charset=utf-8", text),
        };
        let mut response = axum::response::Response::new(text.into());
        // A switch may hold a number that is no status; 500 then says that something is off.
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        for (name, value) in self.headers {
            // A value that no header can hold (a switch is free text) is left out.
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.append(name, value);
            }
        }
        response
    }
}
