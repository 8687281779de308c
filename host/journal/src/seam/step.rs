//! A step: what is asked for, where it stands in its run, and what is recorded of it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One thing to do, as data. It holds names and references, never secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// For people: what this step is called in its flow.
    pub name: String,
    /// What the executor is told: preset, digest, connection, inputs; or a change of records. Up to [`MAX_PAYLOAD`](super::MAX_PAYLOAD).
    pub payload: Value,
    /// What may be done if nobody knows whether it took place.
    pub repeat: Repeat,
}

/// What may be done about a step that was in flight and has no known end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// It changes nothing: it is done again. It is never `unknown`.
    Read,
    /// Doing it twice is the same as doing it once: it is done again.
    Natural,
    /// Its key tells a repeat from a second one: it is done again with the same key.
    Keyed,
    /// None of these: the executor's probe is asked, and what that cannot tell is `unknown` and waits for a person.
    Never,
}

/// Where a step stands in its run: `4`, or `4.1.0` for the first step of the second branch at place 4. It is the step's identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepPath(pub String);

impl fmt::Display for StepPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Why a step or a run failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// A word that flows may branch on. The journal's own: `cancelled`, `diverged`, `limit`, `panicked`, `unanswered`, `unknown`,
    /// `unreadable`.
    pub class: String,
    /// For people: what happened and what to do.
    pub message: String,
    /// More, for programs.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub details: Value,
}

impl Failure {
    /// A failure without details.
    pub fn new(class: &str, message: impl Into<String>) -> Self {
        Self { class: class.to_owned(), message: message.into(), details: Value::Null }
    }
}

/// What kind of place in a run this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the method of the context of its name")]
pub enum StepKind {
    Step,
    All,
    SleepUntil,
    WaitEvent,
    Now,
    Progress,
}

/// How far a recorded step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// In flight, or it was when its worker went away.
    Started,
    /// Known not to have taken place: it is done when its run goes on.
    Again,
    /// A sleep or a wait that is not over.
    Waiting,
    /// Over, with an answer.
    Done,
    /// Over, with a failure.
    Failed,
    /// Nobody knows whether it took place. Its run waits for [`Engine::resume`](super::Engine::resume).
    Unknown,
}

/// What is recorded of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Grows in the order in which steps began.
    pub number: u64,
    /// Its place.
    pub path: StepPath,
    /// Its kind.
    pub kind: StepKind,
    /// Its name; empty for kinds that have none.
    pub name: String,
    /// What was asked for.
    pub data: Value,
    /// The statement of a [`StepKind::Step`].
    pub repeat: Option<Repeat>,
    /// How far it is.
    pub state: StepState,
    /// How many times it was begun.
    pub attempt: u32,
    /// The answer, if it is `Done`.
    pub answer: Option<Value>,
    /// The failure, if it is `Failed`; what is not known, if it is `Unknown`.
    pub failure: Option<Failure>,
    /// When it first began.
    pub started: Timestamp,
    /// When it was over.
    pub ended: Option<Timestamp>,
}
