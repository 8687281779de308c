//! A run: what was submitted, and how it stands.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Failure;

/// Names a run, in one store for ever: 32 hexadecimal digits in the embedded engine.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub String);

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A flow as it was when it was submitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowName {
    /// Its name.
    pub name: String,
    /// The digest of its definition.
    pub digest: String,
}

/// What is to be run. All of it is fixed from here on, whatever is installed or edited later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    /// Which flow.
    pub flow: FlowName,
    /// The flow itself, as the interpreter reads it.
    pub definition: String,
    /// The digests of the components that its steps call, by name.
    pub components: BTreeMap<String, String>,
    /// What it is run on.
    pub input: Value,
    /// Who submits the same again with this key gets the same run. Keys that begin with `schedule:` are the engine's own.
    pub key: Option<String>,
    /// Runs of one ordering go one after another, in the order of their submission. One that is `unknown` holds up those after it.
    pub ordering: Option<String>,
}

/// What a submission led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// The run.
    pub run: RunId,
    /// Whether it is new; otherwise the key was known.
    pub new: bool,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// An earlier run of its ordering has not ended.
    Queued,
    /// A worker may take it.
    Ready,
    /// A worker has it, or had it until it went away.
    Running,
    /// For a time or an event.
    Waiting,
    /// Nobody knows whether one of its writes took place: it waits for [`Engine::resume`](super::Engine::resume).
    Unknown,
    /// Ended with a result.
    Done,
    /// Ended with a failure.
    Failed,
    /// Ended because somebody wished so.
    Cancelled,
}

impl RunState {
    /// Whether nothing more happens to it.
    #[must_use]
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// A run. Lists leave out `result`, `progress` and the details of the failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Grows in the order of submission.
    pub number: u64,
    /// Its name.
    pub id: RunId,
    /// Which flow.
    pub flow: FlowName,
    /// Its idempotency key.
    pub key: Option<String>,
    /// Its ordering.
    pub ordering: Option<String>,
    /// How it stands.
    pub state: RunState,
    /// Grows whenever its state or its progress changes.
    pub revision: u64,
    /// Who cancelled it, if anyone did; it ends when its steps in flight have.
    pub cancelled_by: Option<String>,
    /// The last report of its flow.
    pub progress: Option<Value>,
    /// Its result, if it is `Done`.
    pub result: Option<Value>,
    /// Its failure, if it is `Failed`.
    pub failure: Option<Failure>,
    /// Since when it is there.
    pub submitted: Timestamp,
    /// Since when it has ended.
    pub ended: Option<Timestamp>,
}

/// Which runs; all, by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Those in this state.
    pub state: Option<RunState>,
    /// Those of the flow of this name.
    pub flow: Option<String>,
    /// Those of this ordering.
    pub ordering: Option<String>,
}

/// Which part of a list. What is added meanwhile moves nothing from one page to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Beyond the one with this number: the last of the page before. None for the first page.
    pub beyond: Option<u64>,
    /// At most this many, and at most [`MAX_PAGE`](super::MAX_PAGE).
    pub limit: u32,
}

impl Default for Page {
    fn default() -> Self {
        Self { beyond: None, limit: 100 }
    }
}
