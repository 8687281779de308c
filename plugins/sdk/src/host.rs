//! What a preset can ask for, and the outcomes that it can come to.

use std::cell::RefCell;

use serde::Serialize;
use serde_json::Value;

use crate::door::Door;
use crate::outcome::object;
use crate::{Answer, Class, HostError, Outcome, Request};

/// What a preset can ask for, for one of its inputs.
pub struct Host<'a> {
    pub(crate) door: &'a dyn Door,
    preset: &'a str,
    context: &'a Value,
    last: RefCell<Option<Answer>>,
}

/// How much a line weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are the usual ones")]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

impl<'a> Host<'a> {
    pub(crate) fn new(door: &'a dyn Door, preset: &'a str, context: &'a Value) -> Self {
        Self { door, preset, context, last: RefCell::default() }
    }

    /// The bundle's settings, with the operator's corrections: a JSON object.
    #[must_use]
    pub fn settings(&self) -> &Value {
        &self.context["settings"]
    }

    /// The kind of the connection: `session`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.context["connection"]["kind"].as_str().unwrap_or_default()
    }

    /// Sends the request that the manifest declares under `[request]`. `values` is what its templates know, usually the inputs.
    ///
    /// # Errors
    /// There is no answer.
    pub fn call(&self, values: &impl Serialize) -> Result<Answer, HostError> {
        self.call_preset(self.preset, values)
    }

    /// Sends the request of another preset: the one that `[probe]` names.
    ///
    /// # Errors
    /// There is no answer.
    pub fn call_preset(&self, preset: &str, values: &impl Serialize) -> Result<Answer, HostError> {
        let values = object(values).map_err(|why| HostError::no_json("the values", &why))?;
        self.answered(self.door.call(preset, &Value::Object(values).to_string())?)
    }

    /// Sends a request that is put together here.
    ///
    /// # Errors
    /// There is no answer.
    pub fn send(&self, request: Request) -> Result<Answer, HostError> {
        self.answered(self.door.send(request)?)
    }

    fn answered(&self, answer: Answer) -> Result<Answer, HostError> {
        *self.last.borrow_mut() = Some(answer.clone());
        Ok(answer)
    }

    /// Lists a row. Its fields are named in the manifest under `[emits]`.
    ///
    /// # Errors
    /// The run is to end.
    pub fn emit(&self, row: &impl Serialize) -> Result<(), HostError> {
        let row = object(row).map_err(|why| HostError::no_json("the fields of a row", &why))?;
        self.door.emit(&Value::Object(row).to_string())
    }

    /// Tells whoever runs the preset with `-v`.
    pub fn log(&self, level: Level, message: &str) {
        self.door.log(level.name(), message);
    }

    /// The time in milliseconds since 1970. Under test it is virtual.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.door.now()
    }

    /// Waits.
    ///
    /// # Errors
    /// The run is to end.
    pub fn wait(&self, milliseconds: u64) -> Result<(), HostError> {
        self.door.wait(milliseconds)
    }

    /// What was asked for is so. The outputs, a JSON object, are named in the manifest under `[returns]`. The evidence is `answer` if
    /// there was one; a preset that writes says better what proves it: [`Outcome::evidence`].
    pub fn ok(&self, outputs: &impl Serialize) -> Outcome {
        let outcome = Outcome::ok(outputs);
        let proven = outcome.kind == "ok" && self.last.borrow().is_some();
        self.resting(if proven { outcome.evidence("answer") } else { outcome })
    }

    /// It does not exist, and that is proven: `code USER_NOTFOUND`, `scan of 3 pages, 120 rows`. An error, an outage or an empty list
    /// proves nothing.
    pub fn not_found(&self, evidence: impl Into<String>) -> Outcome {
        self.resting(Outcome::not_found(evidence))
    }

    /// It failed, and why.
    pub fn failed(&self, class: Class, message: impl Into<String>) -> Outcome {
        self.resting(Outcome::failed(class, message))
    }

    /// It failed with a status that is not 2xx: its class, and the vendor's words behind the number, as for a recipe.
    pub fn failed_with(&self, status: u16, words: &str) -> Outcome {
        let message = match words.trim() {
            "" => format!("the API answered HTTP {status} without a reason"),
            words => format!("HTTP {status}: {words}"),
        };
        self.failed(Class::of_status(status), message)
    }

    /// With the last answer beside it, the one that most outcomes rest on.
    fn resting(&self, outcome: Outcome) -> Outcome {
        match self.last.borrow().as_ref() {
            Some(answer) => outcome.resting_on(answer),
            None => outcome,
        }
    }
}
