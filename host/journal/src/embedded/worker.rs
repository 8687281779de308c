//! Workers: they take runs, keep their leases while they work, and give the runs back.
//!
//! Invariant: a run in hand is dropped, and nothing recorded for it, once its lease is found to be another's.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;
use tokio::task::{JoinError, JoinSet};

use super::attempt::{later as not_yet, perform};
use super::context::{Context, panicked};
use super::engine::{Embedded, later};
use super::fault::Fault;
use super::hold::{Hold, Why};
use super::join::{caught, join_all};
use super::lease::{self, Claim, Ending};
use super::text::{payload, time};
use super::{query, record};
use crate::seam::{Cancellation, Canceller, Failure, FlowError, Interrupted, RunId, StepKind, StepState, Until, Write};

/// How to reach a run in hand.
pub(super) struct Active {
    id: RunId,
    cancelled: Canceller,
    lost: Canceller,
}

/// A run, its generation, and what came of it.
type Carried = ((i64, i64), Result<(), Fault>);

impl Embedded {
    fn active(&self) -> MutexGuard<'_, HashMap<(i64, i64), Active>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a run in hand at once; those in other processes find out when they record or renew.
    pub(super) fn tell_cancelled(&self, run: &RunId) {
        self.active().values().filter(|active| active.id == *run).for_each(|active| active.cancelled.cancel());
    }

    pub(super) async fn work_until(&self, until: Until) -> Result<(), Fault> {
        let (_nobody, never) = Cancellation::pair();
        let (idle, only, stopping) = match until {
            Until::Idle => (true, None, never),
            Until::These(runs) => (true, Some(Arc::from(serde_json::to_string(&runs)?)), never),
            Until::Stopped(stopping) => (false, None, stopping),
        };
        let mut ready = self.ready.subscribe();
        let mut working = JoinSet::new();
        let beat = self.settings.lease / 3;
        let mut renew = later(self.tools.now(), beat);
        loop {
            ready.borrow_and_update();
            let stop = stopping.is_cancelled();
            let mut look = later(self.tools.now(), self.settings.poll).min(renew);
            if !stop && working.len() < self.settings.workers.max(1) {
                let free = self.settings.workers.max(1) - working.len();
                for claim in self.claim(free, only.clone()).await? {
                    self.begin(&mut working, claim, &stopping);
                }
                let (owner, only) = (self.owner.clone(), only.clone());
                let due = self.tools.store.read(move |c| lease::next_due(c, &owner, only.as_deref()));
                if let Some(due) = due.await? {
                    look = look.min(time(due)?);
                }
            }
            if working.is_empty() && (stop || idle) {
                return Ok(());
            }
            tokio::select! {
                Some(ended) = working.join_next(), if !working.is_empty() => self.ended(ended)?,
                _ = ready.changed(), if !stop => {}
                () = stopping.cancelled(), if !stop => {}
                () = self.tools.clock.sleep_until(look) => {}
            }
            // Those that ended meanwhile are replaced by one claim.
            while let Some(ended) = working.try_join_next() {
                self.ended(ended)?;
            }
            if self.tools.now() >= renew {
                self.renew().await?;
                renew = later(self.tools.now(), beat);
            }
        }
    }

    async fn claim(&self, most: usize, only: Option<Arc<str>>) -> Result<Vec<Claim>, Fault> {
        let (owner, now) = (self.owner.clone(), self.tools.now());
        let until = later(now, self.settings.lease);
        let due = self.tools.store.read({
            let (owner, only) = (owner.clone(), only.clone());
            move |connection| lease::next_due(connection, &owner, only.as_deref())
        });
        // Most looks find nothing, and need no write.
        match due.await? {
            Some(due) if time(due)? <= now => {
                let claim = move |connection: &_| lease::claim(connection, (&owner, only.as_deref()), most, now, until);
                self.tools.store.write(Write::Claim, claim).await
            }
            _ => Ok(Vec::new()),
        }
    }

    fn begin(&self, working: &mut JoinSet<Carried>, claim: Claim, stopping: &Cancellation) {
        let ((cancel, cancelled), (lose, lost)) = (Cancellation::pair(), Cancellation::pair());
        if claim.cancelled {
            cancel.cancel();
        }
        let run = (claim.lease.run, claim.lease.generation);
        self.active().insert(run, Active { id: claim.id.clone(), cancelled: cancel, lost: lose });
        let hold = Hold::new(self.tools.clone(), claim.lease, claim.id, cancelled, lost, stopping.clone());
        let hold = Arc::new(hold);
        working.spawn(async move {
            let carried = match carry(hold.clone()).await {
                // No other run is held up by it.
                Err(Fault::Unreadable(why)) => end(&hold, Ending::Failed(Failure::new("unreadable", why))).await,
                carried => carried,
            };
            (run, carried)
        });
    }

    fn ended(&self, ended: Result<Carried, JoinError>) -> Result<(), Fault> {
        let (run, result) = ended.map_err(|error| Fault::Storage(format!("a worker broke down: {error}")))?;
        self.active().remove(&run);
        match result {
            // Another worker has it.
            Err(Fault::Lost) | Ok(()) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    async fn renew(&self) -> Result<(), Fault> {
        let in_hand: Vec<_> = self.active().keys().copied().collect();
        if in_hand.is_empty() {
            return Ok(());
        }
        let (owner, until) = (self.owner.clone(), later(self.tools.now(), self.settings.lease));
        let kept = self.tools.store.write(Write::Renew, move |c| lease::renew(c, &owner, until)).await?;
        let kept: HashMap<_, bool> = kept.into_iter().collect();
        let active = self.active();
        for (run, active) in in_hand.iter().filter_map(|run| active.get_key_value(run)) {
            let state = kept.get(run);
            if state != Some(&false) {
                active.cancelled.cancel();
            }
            // One that has just ended is not kept either; nobody listens there any more.
            if state.is_none() {
                active.lost.cancel();
            }
        }
        Ok(())
    }
}

/// Takes a run as far as it goes now.
async fn carry(hold: Arc<Hold>) -> Result<(), Fault> {
    if hold.lease.generation > 1 {
        let run = hold.lease.run;
        hold.know(hold.tools.store.read(move |connection| record::history(connection, run)).await?);
        settle(&hold).await?;
    }
    if hold.cancelled.is_cancelled() {
        return end(&hold, Ending::Cancelled).await;
    }
    let id = hold.id.clone();
    let submission = hold.tools.store.read(move |connection| query::submission(connection, &id)).await?;
    let mut context = Context::new(hold.clone());
    let result = caught(hold.tools.flow.run(&mut context, &submission)).await;
    conclude(&hold, result.unwrap_or_else(|_| Err(panicked().into()))).await
}

/// Brings what was in flight to its end before anything else is done: whatever the flow does now, it is not forgotten.
async fn settle(hold: &Hold) -> Result<(), Fault> {
    let in_flight = hold.select(|recorded| (recorded.kind, recorded.state) == (StepKind::Step, StepState::Started));
    let in_flight = in_flight.into_iter().filter(|(_, step)| not_yet(hold, step).is_none());
    let settling = in_flight.map(|(path, step)| async move {
        let settled = perform(hold, &path, step, false).await?;
        hold.put(path, settled);
        Ok(())
    });
    join_all(settling.collect()).await.into_iter().collect()
}

/// What becomes of a run after its flow stopped. Why it stopped is known here; what the flow says counts only if nothing stopped it.
async fn conclude(hold: &Hold, result: Result<Value, FlowError>) -> Result<(), Fault> {
    let Why { failure, cancelled, suspended, wake, fault } = hold.why();
    if let Some(fault) = fault {
        return Err(fault);
    }
    if let Some(failure) = failure {
        return end(hold, Ending::Failed(failure)).await;
    }
    if cancelled {
        return end(hold, Ending::Cancelled).await;
    }
    if suspended {
        return release(hold, wake).await;
    }
    if let Some((path, left)) = hold.left() {
        let text = format!(
            "the flow ends without step {path} ({:?}), which is recorded; run it with the definition and the program that it began with",
            left.name
        );
        return end(hold, Ending::Failed(Failure::new("diverged", text))).await;
    }
    let ending = match result {
        Ok(value) => match payload("the result", &value) {
            Ok(text) => Ending::Done(text),
            Err(error) => Ending::Failed(Failure::new("limit", error.to_string())),
        },
        Err(FlowError::Failed(failure)) => match payload("the failure", &failure) {
            Ok(_) => Ending::Failed(failure),
            Err(error) => Ending::Failed(Failure::new("limit", error.to_string())),
        },
        Err(FlowError::Interrupted(Interrupted)) => Ending::Failed(Failure::new(
            "panicked",
            "the flow says that it was interrupted, and it was not; this is a bug",
        )),
    };
    end(hold, ending).await
}

async fn end(hold: &Hold, ending: Ending) -> Result<(), Fault> {
    let (lease, now) = (hold.lease.clone(), hold.tools.now());
    hold.tools.store.write(Write::End, move |connection| lease::end(connection, &lease, &ending, now)).await
}

async fn release(hold: &Hold, wake: Option<Timestamp>) -> Result<(), Fault> {
    let (lease, now) = (hold.lease.clone(), hold.tools.now());
    hold.tools.store.write(Write::Release, move |connection| lease::release(connection, &lease, wake, now)).await
}
