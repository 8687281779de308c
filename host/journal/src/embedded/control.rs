//! What people and other programs say to runs.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use super::fault::Fault;
use super::lease::{Ending, finish, open_steps};
use super::query::{self, number};
use super::text::{json, micros, of_json, payload, word};
use crate::seam::{Decision, EngineError, Event, Run, RunId, RunState, StepPath, StepState};

pub(crate) fn cancel(connection: &Connection, run: &RunId, by: &str, now: Timestamp) -> Result<Run, Fault> {
    let before = query::run(connection, run)?;
    refuse_ended(&before)?;
    if before.cancelled_by.is_some() {
        return Ok(before);
    }
    let number = number(connection, run)?;
    connection
        .prepare_cached("UPDATE runs SET cancelled_by = ?2, cancelled = ?3, revision = revision + 1 WHERE number = ?1")?
        .execute(params![number, by, micros(now)])?;
    match before.state {
        // Its worker ends it; a person decides first.
        RunState::Running | RunState::Unknown => {}
        _ if open_steps(connection, number, now)? == (false, None) => {
            finish(connection, number, &Ending::Cancelled, now)?;
        }
        // A worker settles what is in flight, and ends it then. What may not be repeated yet is waited for there.
        _ => ready(connection, number, now)?,
    }
    query::run(connection, run)
}

fn refuse_ended(run: &Run) -> Result<(), EngineError> {
    if run.state.has_ended() {
        return Err(EngineError::TooLate(format!("run {} has ended", run.id)));
    }
    Ok(())
}

fn ready(connection: &Connection, number: i64, now: Timestamp) -> Result<(), Fault> {
    connection
        .prepare_cached("UPDATE runs SET state = 'ready', due = ?2, revision = revision + 1 WHERE number = ?1")?
        .execute(params![number, micros(now)])?;
    Ok(())
}

pub(crate) fn resume(
    connection: &Connection,
    run: &RunId,
    path: &StepPath,
    decision: &Decision,
    by: &str,
    now: Timestamp,
) -> Result<Run, Fault> {
    let before = query::run(connection, run)?;
    let number = number(connection, run)?;
    let found: Option<String> = connection
        .prepare_cached("SELECT state FROM steps WHERE run = ?1 AND path = ?2")?
        .query_row(params![number, path.0], |row| row.get(0))
        .optional()?;
    match found {
        None => return Err(EngineError::Missing(format!("step {path} in run {run}")).into()),
        Some(state) if state != word(&StepState::Unknown)? => {
            return Err(EngineError::TooLate(format!("step {path} is {state}; there is nothing to decide")).into());
        }
        Some(_) if before.state == RunState::Running => {
            let text = format!("other steps of run {run} are still under way; try again when it is unknown");
            return Err(EngineError::TooLate(text).into());
        }
        Some(_) => {}
    }
    let (state, outcome) = match decision {
        Decision::Done(answer) => (StepState::Done, Some(payload("the answer", answer)?)),
        Decision::Fail(failure) => (StepState::Failed, Some(payload("the failure", failure)?)),
        Decision::Repeat => (StepState::Again, None),
    };
    let ended = (state != StepState::Again).then_some(micros(now));
    connection
        .prepare_cached(
            "UPDATE steps SET state = ?3, outcome = ?4, ended = ?5, unanswered = 0, retry = NULL
             WHERE run = ?1 AND path = ?2",
        )?
        .execute(params![number, path.0, word(&state)?, outcome, ended])?;
    connection
        .prepare_cached("INSERT INTO decisions (run, path, decision, decided_by, decided) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![number, path.0, json(decision)?, by, micros(now)])?;
    if !open_steps(connection, number, now)?.0 {
        ready(connection, number, now)?;
    }
    query::run(connection, run)
}

pub(crate) fn signal(
    connection: &Connection,
    run: &RunId,
    event: &Event,
    text: &str,
    now: Timestamp,
) -> Result<bool, Fault> {
    let number = number(connection, run)?;
    let known: Option<(String, String)> = connection
        .prepare_cached("SELECT name, payload FROM events WHERE run = ?1 AND id = ?2")?
        .query_row(params![number, event.id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((name, payload)) = known {
        let same = name == event.name && of_json::<Value>(&payload)? == of_json::<Value>(text)?;
        return if same { Ok(false) } else { Err(EngineError::EventTaken(event.id.clone()).into()) };
    }
    refuse_ended(&query::run(connection, run)?)?;
    connection
        .prepare_cached("INSERT INTO events (run, id, name, payload, arrived) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![number, event.id, event.name, text, micros(now)])?;
    connection
        .prepare_cached(
            "UPDATE runs SET poked = 1,
                due = CASE state WHEN 'waiting' THEN ?3 ELSE due END,
                revision = revision + (state = 'waiting'),
                state = CASE state WHEN 'waiting' THEN 'ready' ELSE state END
             WHERE number = ?1 AND (state = 'running' OR EXISTS
                (SELECT 1 FROM steps WHERE run = ?1 AND state = 'waiting' AND kind = 'wait_event' AND name = ?2))",
        )?
        .execute(params![number, event.name, micros(now)])?;
    Ok(true)
}
