//! The interpreter: a definition, walked block by block through the journal's context.
//!
//! Owns: what follows what. Never: looks at records, clocks or the network: it asks steps, whose answers are recorded.
//!
//! Invariants: the same definition and answers give the same steps; an outcome that is not `ok` never takes the way of success.

mod batch;
mod record;

pub use batch::asked;
use batch::{approval, question};

use async_trait::async_trait;
use presetter_journal::seam::{DurableContext, Failure, Flow, FlowError, Repeat, Step, Submission};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::steps::Ask;
use crate::{Input, Package};

/// Interprets workflows, and syncs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Interpreter;

/// Begins the names of flows that are no workflows but syncs.
pub(crate) const SYNC: &str = "sync:";

#[async_trait]
impl Flow for Interpreter {
    async fn run(&self, context: &mut dyn DurableContext, submission: &Submission) -> Result<Value, FlowError> {
        if submission.flow.name.starts_with(SYNC) {
            // Every row is found by its key: again, it changes nothing.
            return ask(context, "sync", &Ask::Sync, Repeat::Natural).await;
        }
        let package = Package::read(&submission.definition, submission.components.clone())?;
        let input: Input = serde_json::from_value(submission.input.clone())
            .map_err(|error| Failure::new("definition", format!("what the run is on cannot be read: {error}")))?;
        match input {
            Input::Batch(_) => batch::run(context, &package).await,
            Input::Record { record, start, .. } => record::run(context, &package, record, start).await,
        }
    }
}

/// Has a step done, and reads its answer.
async fn ask<T: DeserializeOwned>(
    context: &mut dyn DurableContext,
    name: &str,
    ask: &Ask,
    repeat: Repeat,
) -> Result<T, FlowError> {
    let step = Step { name: name.to_owned(), payload: json(ask), repeat };
    let answer = context.step(step).await?;
    serde_json::from_value(answer).map_err(|error| unread(name, &error).into())
}

fn unread(step: &str, error: &serde_json::Error) -> Failure {
    Failure::new("definition", format!("the answer of the step {step} cannot be read: {error}"))
}

/// Plain data as JSON: that cannot fail.
fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
