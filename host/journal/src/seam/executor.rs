//! Where steps are done.

use std::any::Any;
use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Cancellation, Failure, RunId, Step, StepPath};

/// One attempt at a step.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The run.
    pub run: RunId,
    /// The step's place.
    pub path: StepPath,
    /// The step.
    pub step: Step,
    /// Counts from 1, over crashes and workers. In a probe: the last one that was begun.
    pub attempt: u32,
    /// The same for every attempt at this step and for no other step: 32 hexadecimal digits.
    pub key: String,
    /// Asked for when the run is cancelled or the worker has lost it. The answer should then come soon; it is recorded all the same.
    pub cancellation: Cancellation,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepEnd {
    /// It took place; the answer.
    Done(Value),
    /// It is known how it failed, and that is final.
    Failed(Failure),
    /// It was sent and no answer was seen. What follows is up to the step's [`Repeat`](super::Repeat), as after a crash.
    Unknown(String),
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    /// It took place; the answer that stands for it.
    Done(Value),
    /// It did not, and no request is under way that still could: it may be done again.
    NotDone,
    /// It cannot be told; why.
    Undecided(String),
}

/// A place in a line that a step has while it is done.
#[derive(Default)]
pub struct Place(Option<Box<dyn Any + Send>>);

impl Place {
    /// Holds this until the step's attempt has ended.
    #[must_use]
    pub fn holding(held: impl Any + Send) -> Self {
        Self(Some(Box::new(held)))
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Place").field(&self.0.is_some()).finish()
    }
}

/// Does steps. It knows presets, connections and records, and fetches secrets by their references when it needs them.
#[async_trait]
pub trait StepExecutor: Send + Sync {
    /// Waits until a step may begin, before it is recorded as begun: so that what only waits for its turn is not in doubt after a
    /// crash. The future may be dropped at any time.
    async fn admit(&self, step: &Step) -> Place {
        let _ = step;
        Place::default()
    }

    /// Does it. The future may be dropped at any time; a panic counts as [`StepEnd::Unknown`].
    ///
    /// It may be called again for the same step as the step's [`Repeat`](super::Repeat) allows, also while an earlier call is still
    /// under way on a worker that lost its lease.
    async fn execute(&self, attempt: &Attempt) -> StepEnd;

    /// Looks whether a step whose end is not known took place. It changes nothing.
    async fn probe(&self, attempt: &Attempt) -> Probe;
}
