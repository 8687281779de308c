//! A server that remembers what was asked of it, and the executor that asks.
//!
//! A step's payload says how the server behaves: `"ends"` for each attempt, the last one for all after it: `done`, `fail` (no
//! effect), `unanswered` (an effect, but no answer is seen), `lost` (neither), `panic`; `"probe"`: `honest` or `undecided`;
//! `"answer"`: what it answers, or `"bytes"`: how long a text, or `"depth"`: how many lists in each other;
//! `"turn"`: wait for that gate before it is begun; `"hold"`: wait for that gate before the effect, and when asked to break off do as `"broken"` says: `fail` or `unanswered`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::Crash;
use crate::seam::{Attempt, Failure, Place, Probe, Repeat, Step, StepEnd, StepExecutor};

/// What was asked of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The run.
    pub run: String,
    /// The place.
    pub path: String,
    /// The step's name.
    pub name: String,
    /// The key.
    pub key: String,
    /// Which attempt.
    pub attempt: u32,
    /// Whether it only looked.
    pub probe: bool,
}

/// The server.
#[derive(Debug, Default)]
pub struct Vendor {
    calls: watch::Sender<Vec<Call>>,
    /// How often each step had its effect, by run and place.
    effects: Mutex<BTreeMap<(String, String), u32>>,
    keys: Mutex<BTreeSet<String>>,
    gates: watch::Sender<BTreeSet<String>>,
    /// How many steps have waited for their turn.
    waiting: watch::Sender<usize>,
}

impl Vendor {
    /// Everything that was asked, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.borrow().clone()
    }

    /// The names of the steps that were begun, in order.
    pub fn names(&self) -> Vec<String> {
        self.calls().into_iter().filter(|call| !call.probe).map(|call| call.name).collect()
    }

    /// How often the step at this place had its effect.
    pub fn effects(&self, run: &str, path: &str) -> u32 {
        self.effects.lock().unwrap().get(&(run.to_owned(), path.to_owned())).copied().unwrap_or_default()
    }

    /// Waits until this many steps of that name were begun.
    pub async fn begun(&self, name: &str, times: usize) {
        let count = |calls: &Vec<Call>| calls.iter().filter(|call| !call.probe && call.name == name).count();
        self.calls.subscribe().wait_for(|calls| count(calls) >= times).await.unwrap();
    }

    /// Waits until a step waits for its turn.
    pub async fn queued(&self) {
        self.waiting.subscribe().wait_for(|waiting| *waiting > 0).await.unwrap();
    }

    /// Opens a gate.
    pub fn open(&self, gate: &str) {
        self.gates.send_modify(|gates| {
            gates.insert(gate.to_owned());
        });
    }

    fn note(&self, attempt: &Attempt, probe: bool) {
        let call = Call {
            run: attempt.run.0.clone(),
            path: attempt.path.0.clone(),
            name: attempt.step.name.clone(),
            key: attempt.key.clone(),
            attempt: attempt.attempt,
            probe,
        };
        self.calls.send_modify(|calls| calls.push(call));
    }

    fn effect(&self, attempt: &Attempt) {
        // A server that knows keys does nothing twice.
        if attempt.step.repeat == Repeat::Keyed && !self.keys.lock().unwrap().insert(attempt.key.clone()) {
            return;
        }
        let place = (attempt.run.0.clone(), attempt.path.0.clone());
        *self.effects.lock().unwrap().entry(place).or_default() += 1;
    }
}

/// One engine's way to the server.
pub struct Executor {
    /// The server.
    pub vendor: Arc<Vendor>,
    /// Where that engine may crash.
    pub crash: Arc<Crash>,
}

fn answer(attempt: &Attempt) -> Value {
    let payload = &attempt.step.payload;
    if let Some(depth) = payload["depth"].as_u64() {
        return (0..depth).fold(Value::Null, |inner, _| json!([inner]));
    }
    if let Some(bytes) = payload["bytes"].as_u64() {
        return "x".repeat(usize::try_from(bytes).unwrap()).into();
    }
    payload.get("answer").cloned().unwrap_or_else(|| json!(format!("{} is done", attempt.step.name)))
}

#[async_trait]
impl StepExecutor for Executor {
    async fn admit(&self, step: &Step) -> Place {
        if let Some(gate) = step.payload["turn"].as_str() {
            self.vendor.waiting.send_modify(|waiting| *waiting += 1);
            let mut gates = self.vendor.gates.subscribe();
            gates.wait_for(|gates| gates.contains(gate)).await.unwrap();
        }
        Place::default()
    }

    async fn execute(&self, attempt: &Attempt) -> StepEnd {
        let payload = &attempt.step.payload;
        self.vendor.note(attempt, false);
        self.crash.pass().await;
        if let Some(gate) = payload["hold"].as_str() {
            let mut gates = self.vendor.gates.subscribe();
            tokio::select! {
                biased;
                open = gates.wait_for(|gates| gates.contains(gate)) => { open.unwrap(); }
                () = attempt.cancellation.cancelled() => match payload["broken"].as_str() {
                    Some("fail") => return StepEnd::Failed(Failure::new("cancelled", "it was broken off")),
                    _ => return StepEnd::Unknown("it was broken off".to_owned()),
                },
            }
        }
        let ends: Vec<&str> = payload["ends"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let nth = usize::try_from(attempt.attempt).unwrap() - 1;
        let end = ends.get(nth).or(ends.last()).copied().unwrap_or("done");
        if matches!(end, "done" | "unanswered") {
            self.vendor.effect(attempt);
        }
        self.crash.pass().await;
        match end {
            "done" => StepEnd::Done(answer(attempt)),
            "fail" => StepEnd::Failed(Failure::new("refused", "the server says no")),
            "unanswered" | "lost" => StepEnd::Unknown("no answer".to_owned()),
            _ => panic!("an executor that breaks down on purpose"),
        }
    }

    async fn probe(&self, attempt: &Attempt) -> Probe {
        self.vendor.note(attempt, true);
        self.crash.pass().await;
        match attempt.step.payload["probe"].as_str() {
            Some("honest") if self.vendor.effects(&attempt.run.0, &attempt.path.0) > 0 => Probe::Done(answer(attempt)),
            Some("honest") => Probe::NotDone,
            _ => Probe::Undecided("the server cannot tell".to_owned()),
        }
    }
}
