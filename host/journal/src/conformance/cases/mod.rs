//! The cases, by what they are about.

mod basics;
mod branches;
mod cancel;
mod crashes;
mod diverge;
mod doubt;
mod leases;
mod lists;
mod order;
mod timers;
mod waits;

pub use basics::*;
pub use branches::*;
pub use cancel::*;
pub use crashes::*;
pub use diverge::*;
pub use doubt::*;
pub use leases::*;
pub use lists::*;
pub use order::*;
pub use timers::*;
pub use waits::*;

use serde_json::{Value, json};

use super::Instance;
use crate::seam::{RunId, RunState};

/// A step that changes nothing.
fn read(name: &str) -> Value {
    json!({ "step": name, "repeat": "read" })
}

/// A step of which nobody knows a repeat.
fn create(name: &str) -> Value {
    json!({ "step": name, "repeat": "never" })
}

/// Adds to a step's payload.
fn with(mut step: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        step[key] = value.clone();
    }
    step
}

async fn assert_state(instance: &Instance, run: &RunId, state: RunState) {
    let stands = instance.get(run).await;
    assert_eq!(stands.state, state, "{stands:?}");
}

/// The class with which the run failed.
async fn failed(instance: &Instance, run: &RunId) -> (String, String) {
    assert_state(instance, run, RunState::Failed).await;
    let failure = instance.get(run).await.failure.unwrap();
    (failure.class, failure.message)
}
