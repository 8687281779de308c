//! What a run needs from outside, so that its logic can be tested without a host.

use serde_json::{Map, Value};

/// The way out.
pub(crate) trait Door {
    /// Sends the request of a preset, rendered by the host with `values`.
    fn call(&self, preset: &str, values: &Map<String, Value>) -> Result<Raw, Refusal>;
    /// Hands a listed row to the host.
    fn emit(&self, row: &Value) -> Result<(), Refusal>;
    /// Tells the person.
    fn log(&self, level: &str, message: &str);
}

/// An answer as it came.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer: a kind of the contract, and one sentence.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) kind: String,
    pub(crate) message: String,
}

impl Refusal {
    /// The class of the failure that it makes.
    pub(crate) fn class(&self) -> &'static str {
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
