//! What a worker records of steps. Every function shows the lease first.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use super::fault::Fault;
use super::lease::{Lease, fence, fence_begin};
use super::text::{micros, of_json, of_word, word};
use crate::seam::{StepKind, StepState};

/// What is recorded at a place.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) kind: StepKind,
    pub(crate) name: String,
    pub(crate) data: String,
    pub(crate) repeat: Option<crate::seam::Repeat>,
    pub(crate) state: StepState,
    pub(crate) attempt: u32,
    pub(crate) unanswered: u32,
    /// Not before this time, in microseconds.
    pub(crate) retry: Option<i64>,
    pub(crate) outcome: Option<String>,
}

/// Everything recorded of a run, by place.
pub(crate) fn history(connection: &Connection, run: i64) -> Result<Vec<(String, Recorded)>, Fault> {
    let mut select = connection.prepare_cached(
        "SELECT path, kind, name, data, repeat, state, attempt, unanswered, retry, outcome FROM steps
         WHERE run = ?1 ORDER BY number",
    )?;
    let mut rows = select.query([run])?;
    let mut history = Vec::new();
    while let Some(row) = rows.next()? {
        let recorded = Recorded {
            kind: of_word(row.get(1)?)?,
            name: row.get(2)?,
            data: row.get(3)?,
            repeat: row.get::<_, Option<String>>(4)?.map(of_word).transpose()?,
            state: of_word(row.get(5)?)?,
            attempt: row.get(6)?,
            unanswered: row.get(7)?,
            retry: row.get(8)?,
            outcome: row.get(9)?,
        };
        history.push((row.get(0)?, recorded));
    }
    Ok(history)
}

/// A step is in flight from here on. `begin`: it is known not to be yet, so a cancelled run does not begin it.
pub(crate) fn start(
    connection: &Connection,
    lease: &Lease,
    path: &str,
    step: &Recorded,
    begin: bool,
    now: Timestamp,
) -> Result<(), Fault> {
    if begin {
        fence_begin(connection, lease)?;
    } else {
        fence(connection, lease)?;
    }
    connection
        .prepare_cached(
            "INSERT INTO steps (run, path, kind, name, data, repeat, state, attempt, started)
             VALUES (?1, ?2, 'step', ?3, ?4, ?5, 'started', ?6, ?7)
             ON CONFLICT (run, path) DO UPDATE SET state = 'started', attempt = excluded.attempt, retry = NULL",
        )?
        .execute(params![
            lease.run,
            path,
            step.name,
            step.data,
            step.repeat.map(|repeat| word(&repeat)).transpose()?,
            step.attempt,
            micros(now)
        ])?;
    Ok(())
}

/// How far a step is after an attempt; its end, if it is at its end.
pub(crate) fn settle(
    connection: &Connection,
    lease: &Lease,
    path: &str,
    step: &Recorded,
    now: Timestamp,
) -> Result<(), Fault> {
    fence(connection, lease)?;
    let ended = matches!(step.state, StepState::Done | StepState::Failed).then_some(micros(now));
    let changed = connection
        .prepare_cached(
            "UPDATE steps SET state = ?3, unanswered = ?4, retry = ?5, outcome = ?6, ended = ?7
             WHERE run = ?1 AND path = ?2 AND state NOT IN ('done', 'failed')",
        )?
        .execute(params![lease.run, path, word(&step.state)?, step.unanswered, step.retry, step.outcome, ended])?;
    if changed == 0 { Err(Fault::Lost) } else { Ok(()) }
}

/// A place that has no executor.
pub(crate) fn mark(
    connection: &Connection,
    lease: &Lease,
    path: &str,
    mark: &Recorded,
    now: Timestamp,
) -> Result<(), Fault> {
    fence_begin(connection, lease)?;
    let ended = (mark.state == StepState::Done).then_some(micros(now));
    connection
        .prepare_cached(
            "INSERT INTO steps (run, path, kind, name, data, state, outcome, started, ended)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (run, path) DO UPDATE SET state = excluded.state, outcome = excluded.outcome, ended = excluded.ended",
        )?
        .execute(params![
            lease.run,
            path,
            word(&mark.kind)?,
            mark.name,
            mark.data,
            word(&mark.state)?,
            mark.outcome,
            micros(now),
            ended
        ])?;
    if mark.kind == StepKind::Progress {
        connection
            .prepare_cached("UPDATE runs SET progress = ?2, revision = revision + 1 WHERE number = ?1")?
            .execute(params![lease.run, mark.data])?;
    }
    Ok(())
}

/// Takes the first event of the name that `wait` waits for, or records that none came in time, or that it waits.
pub(crate) fn take_event(
    connection: &Connection,
    lease: &Lease,
    path: &str,
    mut wait: Recorded,
    deadline: Option<Timestamp>,
    now: Timestamp,
) -> Result<Recorded, Fault> {
    fence_begin(connection, lease)?;
    let event = connection
        .prepare_cached(
            "SELECT number, id, payload FROM events WHERE run = ?1 AND name = ?2 AND taken IS NULL
                AND (?3 IS NULL OR arrived <= ?3) ORDER BY number LIMIT 1",
        )?
        .query_row(params![lease.run, wait.name, deadline.map(micros)], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        })
        .optional()?;
    (wait.state, wait.outcome) = match event {
        Some((number, id, payload)) => {
            connection
                .prepare_cached("UPDATE events SET taken = ?2 WHERE number = ?1")?
                .execute(params![number, path])?;
            let payload: serde_json::Value = of_json(&payload)?;
            (StepState::Done, Some(json!({ "event": id, "payload": payload }).to_string()))
        }
        None if deadline.is_some_and(|deadline| deadline <= now) => (StepState::Done, Some("null".to_owned())),
        None => (StepState::Waiting, None),
    };
    mark(connection, lease, path, &wait, now)?;
    Ok(wait)
}
