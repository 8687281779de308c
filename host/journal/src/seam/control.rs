//! What people, other programs and timers say to runs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Cancellation, Failure, RunId};

/// Something that a run may wait for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The sender's own: the same id again is the same event.
    pub id: String,
    /// What a flow waits for.
    pub name: String,
    /// What the flow gets.
    pub payload: Value,
}

/// What a person decides about a step whose end nobody knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It took place, and this stands for its answer.
    Done(Value),
    /// It did not, and is to be done.
    Repeat,
    /// The flow is told that it failed.
    Fail(Failure),
}

/// A durable timer. When it comes next, and what it submits, is decided above.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// When it is due, in whole microseconds.
    pub next: Timestamp,
    /// What whoever fires it needs to know.
    pub payload: Value,
}

/// How long a worker works.
#[derive(Debug, Clone)]
pub enum Until {
    /// Until nothing can go on now.
    Idle,
    /// Until nothing can go on now of these runs, and of those whose key begins with the id of one and a colon. No others are
    /// worked on.
    These(Vec<RunId>),
    /// Until it is asked to stop: it then begins no step, waits for those in flight, and gives its runs back.
    Stopped(Cancellation),
}
