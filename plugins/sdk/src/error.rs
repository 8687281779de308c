//! What keeps a preset from an outcome of its own.
//!
//! Owns: what a refusal of the host comes to, the same as for a recipe and a script.

use std::fmt;

use crate::{Answer, Class, Outcome};

/// Why there is no answer. Given on by `?`, it ends the run as the same refusal ends a recipe's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostError {
    /// `denied`, `limit`, `auth`, `not-sent`, `unanswered`, `too-large`, `template` or `cancelled` (`wit/http.wit`); there may be more
    /// one day. `cancelled` and `limit` mean: end the run now.
    pub kind: String,
    /// One sentence for a person.
    pub message: String,
    /// A JSON object with whatever else may help.
    pub details: String,
}

impl HostError {
    /// Values that cannot be written as a JSON object: the preset's own fault, of which the host never hears.
    pub(crate) fn no_json(what: &str, why: &str) -> Self {
        Self { kind: "preset".into(), message: format!("{what} cannot be sent: {why}"), details: "{}".into() }
    }

    /// The class of the failure that it makes.
    #[must_use]
    pub fn class(&self) -> Class {
        match self.kind.as_str() {
            "denied" => Class::Denied,
            "limit" | "too-large" => Class::Limit,
            "auth" => Class::Auth,
            "not-sent" | "unanswered" => Class::Network,
            "template" => Class::Template,
            "cancelled" => Class::Cancelled,
            _ => Class::Preset,
        }
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for HostError {}

/// Why a preset's function came to no outcome: the run ends as failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Outcome>);

impl Error {
    /// A failure of a class, with one sentence for a person.
    #[must_use]
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self(Box::new(Outcome::failed(class, message)))
    }

    /// With the answer that it rests on.
    #[must_use]
    pub fn resting_on(self, answer: &Answer) -> Self {
        Self(Box::new(self.0.resting_on(answer)))
    }

    /// The outcome that it ends the run with.
    #[must_use]
    pub fn into_outcome(self) -> Outcome {
        *self.0
    }
}

impl From<HostError> for Error {
    fn from(error: HostError) -> Self {
        Self::new(error.class(), error.message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message())
    }
}

impl std::error::Error for Error {}
