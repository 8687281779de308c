//! What a run needs from outside, so that its logic can be tested without a host.

use serde_json::{Map, Value};

/// The way out.
pub trait Door {
    /// Sends the request of a preset, rendered by the host with `values`.
    ///
    /// # Errors
    /// There is no answer.
    fn call(&self, preset: &str, values: &Map<String, Value>) -> Result<Raw, Refusal>;
    /// Sends a request that was put together here.
    ///
    /// # Errors
    /// There is no answer.
    fn send(&self, request: Request) -> Result<Raw, Refusal>;
    /// Hands a listed row to the host.
    ///
    /// # Errors
    /// The run is to end.
    fn emit(&self, row: &Value) -> Result<(), Refusal>;
    /// Tells the person.
    fn log(&self, level: &str, message: &str);
    /// The time, in milliseconds since 1970.
    fn now(&self) -> u64;
    /// Waits.
    ///
    /// # Errors
    /// The run is to end.
    fn wait(&self, milliseconds: u64) -> Result<(), Refusal>;
}

/// A request that was put together here, nothing in it encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, ...
    pub method: String,
    /// The path below the base URL, segment by segment.
    pub path: Vec<String>,
    /// Query parameters.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Body>,
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// One of the contract's: `json`, `form`, `text`, `template`.
    pub kind: &'static str,
    /// What the kind asks for.
    pub data: Vec<u8>,
    /// The media type, where it is not the one that belongs to the kind.
    pub media: Option<String>,
}

/// An answer as it came.
#[derive(Debug, Clone)]
pub struct Raw {
    /// The HTTP status.
    pub status: u16,
    /// The headers, names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer: a kind of the contract, and one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind.
    pub kind: String,
    /// The sentence.
    pub message: String,
}

impl Refusal {
    /// The class of the failure that it makes.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self.kind.as_str() {
            "denied" => "denied",
            "limit" | "too-large" => "limit",
            "auth" => "auth",
            "not-sent" | "unanswered" => "network",
            "template" => "template",
            "cancelled" => "cancelled",
            _ => "preset",
        }
    }
}
