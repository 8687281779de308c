//! A run in a worker's hands: what is known of it, and why it does not go on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::fault::Fault;
use super::lease::Lease;
use super::record::Recorded;
use super::store::Store;
use crate::seam::{Cancellation, Clock, Failure, Flow, MAX_RUN, MAX_STEPS, RunId, StepExecutor};

/// What every worker needs.
pub(crate) struct Tools {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) executor: Arc<dyn StepExecutor>,
    pub(crate) flow: Arc<dyn Flow>,
}

impl Tools {
    /// The time, as exactly as it is recorded.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

/// A run that a worker holds.
pub(crate) struct Hold {
    pub(crate) tools: Arc<Tools>,
    pub(crate) lease: Lease,
    pub(crate) id: RunId,
    /// The run was cancelled, or lost.
    pub(crate) cancelled: Cancellation,
    /// Another worker has the run.
    pub(crate) lost: Cancellation,
    /// This worker is asked to stop.
    pub(crate) stopping: Cancellation,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// What is recorded and was not asked for yet.
    history: BTreeMap<String, Recorded>,
    steps: u64,
    bytes: u64,
    why: Why,
}

/// Why a run does not go on.
#[derive(Default)]
pub(crate) struct Why {
    /// It fails, whatever the flow says.
    pub(crate) failure: Option<Failure>,
    /// A call was refused since it was cancelled.
    pub(crate) cancelled: bool,
    /// A part of it waits: for a time, for an event or a person.
    pub(crate) suspended: bool,
    /// The first time that it waits for.
    pub(crate) wake: Option<Timestamp>,
    /// Nothing more can be recorded.
    pub(crate) fault: Option<Fault>,
}

impl Hold {
    pub(crate) fn new(
        tools: Arc<Tools>,
        lease: Lease,
        id: RunId,
        cancelled: Cancellation,
        lost: Cancellation,
        stopping: Cancellation,
    ) -> Self {
        Self { tools, lease, id, cancelled, lost, stopping, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts in what is recorded.
    pub(crate) fn know(&self, history: Vec<(String, Recorded)>) {
        let mut known = self.known();
        known.steps = history.len() as u64;
        known.bytes = history.iter().map(|(_, recorded)| size(recorded)).sum();
        known.history = history.into_iter().collect();
    }

    /// What is recorded and fits, as it is.
    pub(crate) fn select(&self, fits: impl Fn(&Recorded) -> bool) -> Vec<(String, Recorded)> {
        let known = self.known();
        known.history.iter().filter(|(_, recorded)| fits(recorded)).map(|(p, r)| (p.clone(), r.clone())).collect()
    }

    /// What is recorded at a place; the flow has asked for it now.
    pub(crate) fn take(&self, path: &str) -> Option<Recorded> {
        self.known().history.remove(path)
    }

    /// Puts back what has changed.
    pub(crate) fn put(&self, path: String, recorded: Recorded) {
        self.known().history.insert(path, recorded);
    }

    /// The first recorded place that the flow never asked for.
    pub(crate) fn left(&self) -> Option<(String, Recorded)> {
        self.known().history.first_key_value().map(|(path, recorded)| (path.clone(), recorded.clone()))
    }

    /// Makes room for something new at a place.
    pub(crate) fn add(&self, bytes: usize) -> Result<(), Fault> {
        let mut known = self.known();
        known.steps += 1;
        known.bytes += bytes as u64;
        if known.steps > MAX_STEPS {
            return Err(limit(format!("the run has more than {MAX_STEPS} steps; split it into several runs")));
        }
        if known.bytes > MAX_RUN {
            return Err(limit(format!("the run's records have more than {MAX_RUN} bytes; split it into several runs")));
        }
        Ok(())
    }

    /// Counts an answer. It is recorded even if it is too much; the next step is refused then.
    pub(crate) fn grow(&self, bytes: usize) {
        self.known().bytes += bytes as u64;
    }

    /// Notes why the run, or one of its branches, does not go on.
    pub(crate) fn stop(&self, note: impl FnOnce(&mut Why)) {
        note(&mut self.known().why);
    }

    /// Whether no branch of the run goes on.
    pub(crate) fn is_stopped(&self) -> bool {
        let known = self.known();
        known.why.failure.is_some() || known.why.fault.is_some() || known.why.cancelled
    }

    /// Why it does not go on; empty afterwards.
    pub(crate) fn why(&self) -> Why {
        std::mem::take(&mut self.known().why)
    }
}

impl Why {
    /// Notes what went wrong.
    pub(crate) fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::Cancelled => self.cancelled = true,
            Fault::Limit(failure) => self.fail(failure),
            Fault::Refused(error) => self.fail(Failure::new("limit", error.to_string())),
            fault => {
                self.fault.get_or_insert(fault);
            }
        }
    }

    /// Notes a failure; the first one counts.
    pub(crate) fn fail(&mut self, failure: Failure) {
        self.failure.get_or_insert(failure);
    }

    /// Notes that a part waits, until that time if there is one.
    pub(crate) fn suspend(&mut self, until: Option<Timestamp>) {
        self.suspended = true;
        self.wake = self.wake.into_iter().chain(until).min();
    }
}

fn size(recorded: &Recorded) -> u64 {
    (recorded.data.len() + recorded.outcome.as_ref().map_or(0, String::len)) as u64
}

fn limit(message: String) -> Fault {
    Fault::Limit(Failure::new("limit", message))
}
