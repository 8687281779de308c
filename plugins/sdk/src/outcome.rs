//! How a run ended.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::Answer;

/// Why a run failed. `denied`, `auth` and `network` are believed only if the host knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// The API said no.
    Refused,
    /// There is no session, or the credentials are wrong.
    Auth,
    /// There was no answer.
    Network,
    /// No grant allows it.
    Denied,
    /// The run used up an allowance.
    Limit,
    /// The server failed: 5xx.
    Server,
    /// Too many requests: 429.
    Rate,
    /// A search could not be finished.
    Incomplete,
    /// Several things match.
    Ambiguous,
    /// The inputs are wrong.
    Input,
    /// A request could not be rendered.
    Template,
    /// The answer could not be read.
    Answer,
    /// The answer does not say what became of this input: after a write the host makes `unknown` of it.
    Unanswered,
    /// The run was broken off.
    Cancelled,
    /// The preset is at fault.
    Preset,
}

impl Class {
    /// Its name in the contract (`wit/types.wit`).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Auth => "auth",
            Self::Network => "network",
            Self::Denied => "denied",
            Self::Limit => "limit",
            Self::Server => "server",
            Self::Rate => "rate",
            Self::Incomplete => "incomplete",
            Self::Ambiguous => "ambiguous",
            Self::Input => "input",
            Self::Template => "template",
            Self::Answer => "answer",
            Self::Unanswered => "unanswered",
            Self::Cancelled => "cancelled",
            Self::Preset => "preset",
        }
    }

    /// What a status that is not 2xx means, as for a recipe.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        match status {
            401 | 403 | 407 => Self::Auth,
            429 => Self::Rate,
            500.. => Self::Server,
            _ => Self::Refused,
        }
    }
}

/// How a run ended. Made by [`Host::ok`](crate::Host::ok), [`Host::not_found`](crate::Host::not_found) and
/// [`Host::failed`](crate::Host::failed).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// `ok`, `not-found` or `failed`.
    pub(crate) kind: &'static str,
    pub(crate) class: Option<Class>,
    message: String,
    pub(crate) evidence: String,
    pub(crate) outputs: Map<String, Value>,
    /// The answer that it rests on.
    pub(crate) answer: Option<Answer>,
    /// What may be shown of that answer's body, if not all of it.
    pub(crate) shown: Option<Value>,
}

impl Outcome {
    pub(crate) fn ok(outputs: &impl Serialize) -> Self {
        match object(outputs) {
            Ok(outputs) => Self { outputs, ..Self::of("ok") },
            Err(why) => Self::failed(Class::Preset, format!("the outputs cannot be returned: {why}")),
        }
    }

    pub(crate) fn not_found(evidence: impl Into<String>) -> Self {
        Self::of("not-found").evidence(evidence)
    }

    pub(crate) fn failed(class: Class, message: impl Into<String>) -> Self {
        Self { class: Some(class), ..Self::of("failed") }.saying(message)
    }

    fn of(kind: &'static str) -> Self {
        let nothing = String::new;
        let outputs = Map::new();
        Self { kind, class: None, message: nothing(), evidence: nothing(), outputs, answer: None, shown: None }
    }

    /// With what proves it: `code USER_NOTFOUND`, `envelope`, `scan of 3 pages, 120 rows`.
    #[must_use]
    pub fn evidence(mut self, evidence: impl Into<String>) -> Self {
        self.evidence = evidence.into();
        self
    }

    /// With one sentence for a person.
    #[must_use]
    pub fn saying(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// With another answer beside it than the last one.
    #[must_use]
    pub fn resting_on(mut self, answer: &Answer) -> Self {
        self.answer = Some(answer.clone());
        self
    }

    /// With this in the place of the answer's body. After a search, its list holds the found element and nobody else: what stands
    /// here is what mappings and people see.
    #[must_use]
    pub fn showing(mut self, response: impl Into<Value>) -> Self {
        self.shown = Some(response.into());
        self
    }

    /// The sentence for a person; may be empty.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// A value as a JSON object. The error is a reason, for people.
pub(crate) fn object(value: &impl Serialize) -> Result<Map<String, Value>, String> {
    match serde_json::to_value(value) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("they are no JSON object".into()),
        Err(error) => Err(error.to_string()),
    }
}
