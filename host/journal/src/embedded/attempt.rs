//! One step, from its first attempt to its end: the one place that decides what follows when an end is not known.
//!
//! Invariants: a step is recorded as started before the executor hears of it; what is in doubt is repeated only as its
//! [`Repeat`] says, whether the doubt comes from a crash, from a lease that was lost, or from the executor itself.

use std::time::Duration;

use jiff::Timestamp;

use super::fault::Fault;
use super::hold::Hold;
use super::join::{Panicked, caught};
use super::record::{self, Recorded};
use super::text::{key, micros, of_json, payload, time};
use crate::seam::{Attempt, Cancellation, Failure, Probe, Repeat, Step, StepEnd, StepPath, StepState, Write};

/// A step that may be repeated is tried this many times without an answer.
const UNANSWERED: u32 = 5;
/// A step is begun this many times at most, crashes included.
const ATTEMPTS: u32 = 100;
/// The wait after the first attempt without an answer; it doubles.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// A step that nobody has begun.
pub(crate) fn fresh(step: &Step) -> Result<Recorded, Fault> {
    Ok(Recorded {
        kind: crate::seam::StepKind::Step,
        name: step.name.clone(),
        data: payload(&format!("step {:?}", step.name), &step.payload)?,
        repeat: Some(step.repeat),
        state: StepState::Again,
        attempt: 0,
        unanswered: 0,
        retry: None,
        outcome: None,
    })
}

/// Whether it may not be touched yet.
pub(crate) fn later(hold: &Hold, step: &Recorded) -> Option<Timestamp> {
    let retry = time(step.retry?).ok()?;
    (retry > hold.tools.now()).then_some(retry)
}

/// Does a step until it is over, unknown, or has to wait. `begin`: also if it is known not to be in flight.
pub(crate) async fn perform(hold: &Hold, path: &str, mut step: Recorded, begin: bool) -> Result<Recorded, Fault> {
    loop {
        if later(hold, &step).is_some() {
            return Ok(step);
        }
        step = match step.state {
            StepState::Again if begin => attempt(hold, path, step, &hold.cancelled).await?,
            // Without a time for a repeat, its worker went away.
            StepState::Started if step.retry.is_none() => doubt(hold, path, step, None).await?,
            // What is in doubt is brought to its end, also when the run was cancelled.
            StepState::Started => attempt(hold, path, step, &hold.lost).await?,
            _ => return Ok(step),
        };
    }
}

async fn attempt(hold: &Hold, path: &str, mut step: Recorded, cancellation: &Cancellation) -> Result<Recorded, Fault> {
    let begin = step.state == StepState::Again;
    (step.state, step.retry) = (StepState::Started, None);
    step.attempt += 1;
    let (lease, place, started, now) = (hold.lease.clone(), path.to_owned(), step.clone(), hold.tools.now());
    hold.tools
        .store
        .write(Write::Start, move |connection| record::start(connection, &lease, &place, &started, begin, now))
        .await?;
    let attempt = asked(hold, path, &step, cancellation)?;
    match caught(hold.tools.executor.execute(&attempt)).await {
        Ok(StepEnd::Done(answer)) => {
            match payload("the answer", &answer) {
                Ok(text) => (step.state, step.outcome) = (StepState::Done, Some(text)),
                Err(error) => {
                    let text = format!("the step was done, but its answer is not kept: {error}");
                    fail(&mut step, &Failure::new("limit", text))?;
                }
            }
            settle(hold, path, step).await
        }
        Ok(StepEnd::Failed(failure)) => {
            if payload("the failure", &failure).is_err() {
                let text = format!("{} (the details are too large to keep)", short(&failure.message));
                fail(&mut step, &Failure::new(short(&failure.class), text))?;
            } else {
                fail(&mut step, &failure)?;
            }
            settle(hold, path, step).await
        }
        Ok(StepEnd::Unknown(reason)) => doubt(hold, path, step, Some(reason)).await,
        Err(Panicked) => doubt(hold, path, step, Some("the program that did it broke down".to_owned())).await,
    }
}

/// Nobody knows whether it took place: `reason` is the executor's; there is none after a crash.
async fn doubt(hold: &Hold, path: &str, mut step: Recorded, reason: Option<String>) -> Result<Recorded, Fault> {
    let answered = reason.is_some();
    step.unanswered += u32::from(answered);
    let spent = step.unanswered >= UNANSWERED || step.attempt >= ATTEMPTS;
    let now = hold.tools.now();
    // After a crash nobody needs to wait: the server was not the reason.
    let retry = if answered { micros(now).saturating_add(wait(step.unanswered)) } else { micros(now) };
    let repeat = step.repeat.unwrap_or(Repeat::Never);
    if repeat != Repeat::Never && !spent {
        step.retry = Some(retry);
        return if answered { settle(hold, path, step).await } else { Ok(step) };
    }
    let reason = reason.unwrap_or_else(|| "the program ended while it was under way".to_owned());
    if repeat == Repeat::Read {
        let text = format!("no answer after {} attempts: {}", step.attempt, short(&reason));
        fail(&mut step, &Failure::new("unanswered", text))?;
        return settle(hold, path, step).await;
    }
    let attempt = asked(hold, path, &step, &hold.lost)?;
    let probe = caught(hold.tools.executor.probe(&attempt)).await;
    match probe.unwrap_or_else(|Panicked| Probe::Undecided("the program that looked broke down".to_owned())) {
        Probe::Done(answer) => match payload("the answer", &answer) {
            Ok(text) => (step.state, step.outcome) = (StepState::Done, Some(text)),
            Err(error) => {
                let text = format!("the step was done, but its answer is not kept: {error}");
                fail(&mut step, &Failure::new("limit", text))?;
            }
        },
        Probe::NotDone if spent => {
            let text = format!("it did not take place in {} attempts: {}", step.attempt, short(&reason));
            fail(&mut step, &Failure::new("unanswered", text))?;
        }
        Probe::NotDone => (step.state, step.retry) = (StepState::Again, Some(retry)),
        Probe::Undecided(why) => {
            let text = format!("{}; {}", short(&reason), short(&why));
            fail(&mut step, &Failure::new("unknown", text))?;
            step.state = StepState::Unknown;
        }
    }
    settle(hold, path, step).await
}

fn fail(step: &mut Recorded, failure: &Failure) -> Result<(), Fault> {
    (step.state, step.outcome) = (StepState::Failed, Some(super::text::json(failure)?));
    Ok(())
}

/// The start of a text that somebody else wrote.
fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(1_000)]
}

/// How long to wait after that many attempts without an answer, in microseconds.
fn wait(unanswered: u32) -> i64 {
    let wait = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(unanswered.saturating_sub(1)));
    i64::try_from(wait.as_micros()).unwrap_or(i64::MAX)
}

async fn settle(hold: &Hold, path: &str, mut step: Recorded) -> Result<Recorded, Fault> {
    if matches!(step.state, StepState::Done | StepState::Failed | StepState::Unknown) {
        step.retry = None;
    }
    hold.grow(step.outcome.as_ref().map_or(0, String::len));
    let (lease, place, settled, now) = (hold.lease.clone(), path.to_owned(), step.clone(), hold.tools.now());
    hold.tools
        .store
        .write(Write::Record, move |connection| record::settle(connection, &lease, &place, &settled, now))
        .await?;
    Ok(step)
}

/// What the executor is told.
fn asked(hold: &Hold, path: &str, step: &Recorded, cancellation: &Cancellation) -> Result<Attempt, Fault> {
    let path = StepPath(path.to_owned());
    Ok(Attempt {
        key: key(&hold.id, &path),
        run: hold.id.clone(),
        step: Step {
            name: step.name.clone(),
            // As it is recorded, so that a repeat asks for the very same.
            payload: of_json(&step.data)?,
            repeat: step.repeat.unwrap_or(Repeat::Never),
        },
        path,
        attempt: step.attempt,
        cancellation: cancellation.clone(),
    })
}
