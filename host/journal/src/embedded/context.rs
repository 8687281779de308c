//! The context of a flow: it answers from what is recorded, and does and records what is not.
//!
//! Invariants: each call has its place, counted in its branch, whatever the branches beside it do; a place answers only to the
//! call that was recorded there; a branch that was interrupted begins nothing more.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::attempt::{fresh, later, perform};
use super::fault::Fault;
use super::hold::Hold;
use super::join::{caught, join_all};
use super::record::{Recorded, mark, take_event};
use super::text::{bounded, named, of_json, of_optional, payload};
use crate::seam::{
    Branch, DurableContext, Failure, FlowError, Interrupted, MAX_BRANCHES, MAX_PROGRESS, Place, RunId, Step, StepKind,
    StepState, Write,
};

/// The context of a run, or of one of its branches.
pub(crate) struct Context {
    hold: Arc<Hold>,
    /// The place of the branch, with a dot; empty for the run itself.
    prefix: String,
    next: u32,
    interrupted: bool,
}

impl Context {
    pub(crate) fn new(hold: Arc<Hold>) -> Self {
        Self { hold, prefix: String::new(), next: 0, interrupted: false }
    }

    /// The place of this call, and what is recorded there.
    fn place(&mut self, asked: &Recorded) -> Result<(String, Option<Recorded>), Interrupted> {
        if self.interrupted || self.hold.is_stopped() {
            return Err(self.interrupt(|_| ()));
        }
        let path = format!("{}{}", self.prefix, self.next);
        self.next += 1;
        let recorded = self.hold.take(&path);
        if let Some(recorded) = &recorded
            && !same(recorded, asked)
        {
            let text = format!(
                "at step {path} the flow asks for {}, but {} is recorded there; \
                 run it with the definition and the program that it began with",
                title(asked),
                title(recorded)
            );
            return Err(self.interrupt(|why| why.fail(Failure::new("diverged", text))));
        }
        Ok((path, recorded))
    }

    fn interrupt(&mut self, note: impl FnOnce(&mut super::hold::Why)) -> Interrupted {
        self.interrupted = true;
        self.hold.stop(note);
        Interrupted
    }

    fn fault(&mut self, fault: Fault) -> Interrupted {
        self.interrupt(|why| why.fault(fault))
    }

    fn suspend(&mut self, until: Option<Timestamp>) -> Interrupted {
        self.interrupt(|why| why.suspend(until))
    }

    /// Before something is begun: whether it may be.
    fn begin(&mut self) -> Result<(), Interrupted> {
        if self.hold.cancelled.is_cancelled() {
            return Err(self.fault(Fault::Cancelled));
        }
        if self.hold.stopping.is_cancelled() {
            let now = self.hold.tools.now();
            return Err(self.suspend(Some(now)));
        }
        Ok(())
    }

    /// Records a place that has no executor, if it is not over; `renew` decides what it is now.
    async fn marked(
        &mut self,
        asked: Recorded,
        renew: impl FnOnce(&mut Recorded, Timestamp) + Send,
    ) -> Result<Recorded, Interrupted> {
        let (path, recorded) = self.place(&asked)?;
        let known = recorded.is_some();
        let mut place = recorded.unwrap_or(asked);
        if place.state == StepState::Done {
            return Ok(place);
        }
        self.begin()?;
        let now = self.hold.tools.now();
        let before = place.state;
        renew(&mut place, now);
        if known && place.state == before {
            return Ok(place);
        }
        if !known {
            self.hold.add(place.data.len()).map_err(|fault| self.fault(fault))?;
        }
        let (lease, record) = (self.hold.lease.clone(), place.clone());
        let write =
            self.hold.tools.store.write(Write::Mark, move |connection| mark(connection, &lease, &path, &record, now));
        let written = write.await;
        written.map_err(|fault| self.fault(fault))?;
        Ok(place)
    }

    async fn done(&mut self, asked: Recorded) -> Result<Recorded, Interrupted> {
        self.marked(asked, |place, _| place.state = StepState::Done).await
    }
}

/// A place without an executor, that is not recorded yet.
fn asked(kind: StepKind, name: &str, data: String) -> Recorded {
    Recorded {
        kind,
        name: name.to_owned(),
        data,
        repeat: None,
        state: StepState::Waiting,
        attempt: 0,
        unanswered: 0,
        retry: None,
        outcome: None,
    }
}

fn same(recorded: &Recorded, asked: &Recorded) -> bool {
    let data = |text: &str| of_json::<Value>(text).ok();
    (recorded.kind, &recorded.name, recorded.repeat) == (asked.kind, &asked.name, asked.repeat)
        && (recorded.data == asked.data || data(&recorded.data) == data(&asked.data))
}

/// For people: what stands at a place.
fn title(place: &Recorded) -> String {
    let data = &place.data[..place.data.floor_char_boundary(200)];
    let kind = super::text::word(&place.kind).unwrap_or_default();
    if place.name.is_empty() { format!("{kind} {data}") } else { format!("{kind} {:?} {data}", place.name) }
}

#[async_trait]
impl DurableContext for Context {
    fn run(&self) -> &RunId {
        &self.hold.id
    }

    async fn step(&mut self, step: Step) -> Result<Value, FlowError> {
        let asked = named("the step", &step.name).map_err(Fault::from).and_then(|()| fresh(&step));
        let asked = asked.map_err(|fault| self.fault(fault))?;
        let (path, recorded) = self.place(&asked)?;
        let mut place = match recorded {
            Some(recorded) => recorded,
            None => {
                self.begin()?;
                self.hold.add(asked.data.len()).map_err(|fault| self.fault(fault))?;
                asked
            }
        };
        if matches!(place.state, StepState::Again | StepState::Started) && later(&self.hold, &place).is_none() {
            self.begin()?;
            let hold = self.hold.clone();
            let turn = tokio::select! {
                turn = hold.tools.executor.admit(&step) => turn,
                () = hold.cancelled.cancelled() => Place::default(),
                () = hold.stopping.cancelled() => Place::default(),
            };
            self.begin()?;
            place = perform(&hold, &path, place, true).await.map_err(|fault| self.fault(fault))?;
            drop(turn);
        }
        let outcome = place.outcome.as_deref().unwrap_or("null");
        match place.state {
            StepState::Done => Ok(of_json(outcome).map_err(|fault| self.fault(fault))?),
            StepState::Failed => Err(FlowError::Failed(of_json(outcome).map_err(|fault| self.fault(fault))?)),
            _ => {
                let until = later(&self.hold, &place);
                Err(self.suspend(until).into())
            }
        }
    }

    async fn all<'b>(
        &mut self,
        branches: Vec<Box<dyn Branch + 'b>>,
    ) -> Result<Vec<Result<Value, Failure>>, Interrupted> {
        if branches.len() > MAX_BRANCHES {
            let text = format!("{} branches side by side; at most {MAX_BRANCHES} are run", branches.len());
            return Err(self.interrupt(|why| why.fail(Failure::new("limit", text))));
        }
        let number = self.next;
        self.done(asked(StepKind::All, "", json!({ "branches": branches.len() }).to_string())).await?;
        let running = branches.iter().enumerate().map(|(branch, flow)| {
            let prefix = format!("{}{number}.{branch}.", self.prefix);
            let mut context = Self { hold: self.hold.clone(), prefix, next: 0, interrupted: false };
            async move {
                let result = caught(flow.run(&mut context)).await.unwrap_or_else(|_| Err(panicked().into()));
                match result {
                    Ok(value) if !context.interrupted => Some(Ok(value)),
                    Err(FlowError::Failed(failure)) if !context.interrupted => Some(Err(failure)),
                    _ => None,
                }
            }
        });
        let results: Option<Vec<_>> = join_all(running.collect()).await.into_iter().collect();
        results.ok_or_else(|| self.interrupt(|_| ()))
    }

    async fn sleep_until(&mut self, time: Timestamp) -> Result<(), Interrupted> {
        let asked = asked(StepKind::SleepUntil, "", json!({ "until": time }).to_string());
        let place = self.marked(asked, |place, now| {
            if time <= now {
                place.state = StepState::Done;
            }
        });
        match place.await?.state {
            StepState::Done => Ok(()),
            _ => Err(self.suspend(Some(time))),
        }
    }

    async fn wait_event(&mut self, name: &str, deadline: Option<Timestamp>) -> Result<Option<Value>, Interrupted> {
        named("the event", name).map_err(|error| self.fault(error.into()))?;
        let asked = asked(StepKind::WaitEvent, name, json!({ "deadline": deadline }).to_string());
        let (path, recorded) = self.place(&asked)?;
        let mut place = match recorded {
            Some(recorded) => recorded,
            None => {
                self.begin()?;
                self.hold.add(asked.data.len()).map_err(|fault| self.fault(fault))?;
                asked
            }
        };
        if place.state != StepState::Done {
            self.begin()?;
            let (lease, now) = (self.hold.lease.clone(), self.hold.tools.now());
            let write = self
                .hold
                .tools
                .store
                .write(Write::Mark, move |connection| take_event(connection, &lease, &path, place, deadline, now));
            let written = write.await;
            place = written.map_err(|fault| self.fault(fault))?;
            self.hold.grow(place.outcome.as_ref().map_or(0, String::len));
        }
        match place.state {
            StepState::Done => {
                let taken: Option<Value> = of_optional(place.outcome).map_err(|fault| self.fault(fault))?;
                Ok(taken.and_then(|mut event| event.get_mut("payload").map(Value::take)))
            }
            _ => Err(self.suspend(deadline)),
        }
    }

    async fn now(&mut self) -> Result<Timestamp, Interrupted> {
        let place = self.marked(asked(StepKind::Now, "", "null".to_owned()), |place, now| {
            (place.state, place.outcome) = (StepState::Done, Some(json!(now).to_string()));
        });
        let outcome = place.await?.outcome.unwrap_or_default();
        of_json(&outcome).map_err(|fault| self.fault(fault))
    }

    async fn progress(&mut self, progress: Value) -> Result<(), Interrupted> {
        let text = payload("the progress", &progress).and_then(|text| {
            bounded("the progress", text.len(), MAX_PROGRESS)?;
            Ok(text)
        });
        let text = text.map_err(|error| self.fault(error.into()))?;
        self.done(asked(StepKind::Progress, "", text)).await?;
        Ok(())
    }
}

pub(crate) fn panicked() -> Failure {
    Failure::new("panicked", "the program that reads the flow broke down; this is a bug")
}
