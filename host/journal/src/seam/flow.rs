//! The side of the flow: it is interpreted, and everything that it does goes through a context that remembers.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use super::{Failure, RunId, Step, Submission};

/// Interprets definitions. A run is replayed from its start whenever it goes on: what is recorded returns at once.
///
/// So a flow is deterministic: all that it knows comes from the submission and the context, and it asks the context for the same
/// things in the same order, whatever the time, the machine or the version of the program.
#[async_trait]
pub trait Flow: Send + Sync {
    /// One run; what it returns is the run's result. A [`FlowError::Interrupted`] is handed on as it is.
    async fn run(&self, context: &mut dyn DurableContext, submission: &Submission) -> Result<Value, FlowError>;
}

/// A part of a flow that goes beside others.
#[async_trait]
pub trait Branch: Send + Sync {
    /// As [`Flow::run`], with a context of its own.
    async fn run(&self, context: &mut dyn DurableContext) -> Result<Value, FlowError>;
}

/// The run does not go on now. The engine knows why, and what is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

/// Why a flow stops.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FlowError {
    /// A step failed, or the flow says so itself.
    #[error("{}", .0.message)]
    Failed(Failure),
    /// See [`Interrupted`].
    #[error("the run does not go on now")]
    Interrupted(Interrupted),
}

impl From<Failure> for FlowError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Interrupted> for FlowError {
    fn from(interrupted: Interrupted) -> Self {
        Self::Interrupted(interrupted)
    }
}

/// What a flow does, remembered. Each call has its place, counted in its branch.
#[async_trait]
pub trait DurableContext: Send {
    /// The run.
    fn run(&self) -> &RunId;

    /// Has a step done, and returns its recorded answer; its failure as [`FlowError::Failed`].
    async fn step(&mut self, step: Step) -> Result<Value, FlowError>;

    /// Runs branches side by side, and returns when each has ended. One that fails does not stop the others.
    /// Up to [`MAX_BRANCHES`](super::MAX_BRANCHES).
    async fn all<'b>(
        &mut self,
        branches: Vec<Box<dyn Branch + 'b>>,
    ) -> Result<Vec<Result<Value, Failure>>, Interrupted>;

    /// Goes on at that time or later. No worker is kept meanwhile.
    async fn sleep_until(&mut self, time: Timestamp) -> Result<(), Interrupted>;

    /// The payload of the first event of that name that was not waited for yet; none, if none arrived by the deadline.
    async fn wait_event(&mut self, name: &str, deadline: Option<Timestamp>) -> Result<Option<Value>, Interrupted>;

    /// The time when the run first was here, in whole microseconds.
    async fn now(&mut self) -> Result<Timestamp, Interrupted>;

    /// Tells those who watch how far it is. Up to [`MAX_PROGRESS`](super::MAX_PROGRESS).
    async fn progress(&mut self, progress: Value) -> Result<(), Interrupted>;
}
