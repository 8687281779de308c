//! Who works on a run, and how a run leaves a worker's hands.
//!
//! Invariants: a run has one lease at a time, known by owner and generation; whoever records for a run shows its lease in the same
//! transaction. A run does not end while a step is in flight or unknown.
//!
//! A lease does not fence a request that is already on the wire: see the crate.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Fault;
use super::text::{json, micros, word};
use crate::seam::{Failure, RunId, RunState};

/// A worker's hold on a run.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    pub(crate) run: i64,
    pub(crate) owner: String,
    pub(crate) generation: i64,
}

/// A run that was taken.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) lease: Lease,
    pub(crate) id: RunId,
    pub(crate) cancelled: bool,
}

/// A name for a worker that no other has.
pub(crate) fn new_owner(connection: &Connection) -> Result<String, Fault> {
    Ok(connection.query_row("SELECT lower(hex(randomblob(16)))", [], |row| row.get(0))?)
}

/// When this worker may next take a run. It never takes over its own: it knows that it is alive.
pub(crate) fn next_due(connection: &Connection, owner: &str, only: Only<'_>) -> Result<Option<i64>, Fault> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT due FROM runs WHERE due IS NOT NULL AND owner IS NOT ?1 AND {THESE} ORDER BY due LIMIT 1"
    ))?;
    Ok(select.query_row([Some(owner), only], |row| row.get(0)).optional()?)
}

/// The ids of the runs that a worker is for, as a list in JSON; none for all.
pub(crate) type Only<'o> = Option<&'o str>;

/// Whether a run is one of `?2`, which is an [`Only`], or was submitted for one of them.
const THESE: &str = "(?2 IS NULL OR EXISTS (
    SELECT 1 FROM json_each(?2) AS of WHERE runs.id = of.value OR substr(runs.key, 1, length(of.value) + 1) = of.value || ':'
))";

/// Takes runs that are due, those first that were due first.
pub(crate) fn claim(
    connection: &Connection,
    (owner, only): (&str, Only<'_>),
    most: usize,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<Claim>, Fault> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT number, id, generation, cancelled_by IS NOT NULL FROM runs
         WHERE due <= ?3 AND owner IS NOT ?1 AND {THESE} ORDER BY due, number LIMIT ?4"
    ))?;
    let claims = select
        .query_map(params![owner, only, micros(now), i64::try_from(most).unwrap_or(i64::MAX)], |row| {
            let generation = row.get::<_, i64>(2)? + 1;
            let lease = Lease { run: row.get(0)?, owner: owner.to_owned(), generation };
            Ok(Claim { lease, id: RunId(row.get(1)?), cancelled: row.get(3)? })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let mut update = connection.prepare_cached(
        "UPDATE runs SET state = 'running', owner = ?2, generation = ?3, due = ?4, poked = 0, revision = revision + 1
         WHERE number = ?1",
    )?;
    for Claim { lease, .. } in &claims {
        update.execute(params![lease.run, lease.owner, lease.generation, micros(until)])?;
    }
    Ok(claims)
}

/// A run and the generation of its lease, and whether it was cancelled.
pub(crate) type Kept = ((i64, i64), bool);

/// Keeps all runs of a worker. Returns those that are still its own, and whether they were cancelled.
pub(crate) fn renew(connection: &Connection, owner: &str, until: Timestamp) -> Result<Vec<Kept>, Fault> {
    let mut update = connection.prepare_cached(
        "UPDATE runs SET due = ?2 WHERE owner = ?1 RETURNING number, generation, cancelled_by IS NOT NULL",
    )?;
    let kept = update.query_map(params![owner, micros(until)], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
    Ok(kept.collect::<Result<Vec<_>, _>>()?)
}

/// What stands before a run that a worker holds.
pub(crate) struct Held {
    pub(crate) cancelled: bool,
    poked: bool,
}

/// Whether the lease is still the worker's own. Every record of a worker begins with this.
pub(crate) fn fence(connection: &Connection, lease: &Lease) -> Result<Held, Fault> {
    connection
        .prepare_cached(
            "SELECT cancelled_by IS NOT NULL, poked FROM runs WHERE number = ?1 AND owner = ?2 AND generation = ?3",
        )?
        .query_row(params![lease.run, lease.owner, lease.generation], |row| {
            Ok(Held { cancelled: row.get(0)?, poked: row.get(1)? })
        })
        .optional()?
        .ok_or(Fault::Lost)
}

/// As [`fence`], for what is begun anew: nothing is, once the run was cancelled.
pub(crate) fn fence_begin(connection: &Connection, lease: &Lease) -> Result<(), Fault> {
    match fence(connection, lease)? {
        Held { cancelled: true, .. } => Err(Fault::Cancelled),
        _ => Ok(()),
    }
}

/// Gives a run back that goes on at a time, with an event, or with a decision.
pub(crate) fn release(
    connection: &Connection,
    lease: &Lease,
    wake: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Fault> {
    let held = fence(connection, lease)?;
    let wake = wake.map(micros);
    let (state, due) = match open_steps(connection, lease.run, now)? {
        (true, _) => (RunState::Unknown, None),
        _ if held.poked || held.cancelled => (RunState::Ready, Some(micros(now))),
        (false, retry) => match wake.into_iter().chain(retry).min() {
            Some(due) if due <= micros(now) => (RunState::Ready, Some(micros(now))),
            due => (RunState::Waiting, due),
        },
    };
    put_back(connection, lease.run, state, due)
}

/// Ends a run, or gives it back if one of its steps is unknown or in flight. Then it ends when that is settled.
pub(crate) fn end(connection: &Connection, lease: &Lease, ending: &Ending, now: Timestamp) -> Result<(), Fault> {
    let held = fence(connection, lease)?;
    // A step that was asked to break off may fail, and its flow with it: that is not why the run ends.
    let ending = if held.cancelled && matches!(ending, Ending::Failed(_)) { &Ending::Cancelled } else { ending };
    match open_steps(connection, lease.run, now)? {
        (true, _) => put_back(connection, lease.run, RunState::Unknown, None),
        (false, Some(retry)) => put_back(connection, lease.run, RunState::Waiting, Some(retry)),
        (false, None) => finish(connection, lease.run, ending, now),
    }
}

fn put_back(connection: &Connection, run: i64, state: RunState, due: Option<i64>) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "UPDATE runs SET state = ?2, due = ?3, owner = NULL, revision = revision + 1 WHERE number = ?1",
        )?
        .execute(params![run, word(&state)?, due])?;
    Ok(())
}

/// Whether a step of the run is unknown, and when the first of those in flight may go on.
pub(crate) fn open_steps(connection: &Connection, run: i64, now: Timestamp) -> Result<(bool, Option<i64>), Fault> {
    let mut select = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM steps WHERE run = ?1 AND state = 'unknown'),
            (SELECT MIN(COALESCE(retry, ?2)) FROM steps WHERE run = ?1 AND state = 'started')",
    )?;
    Ok(select.query_row(params![run, micros(now)], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// How a run ends.
#[derive(Debug)]
pub(crate) enum Ending {
    /// With a result, as JSON.
    Done(String),
    Failed(Failure),
    Cancelled,
}

/// Ends a run, and lets the next of its ordering go.
pub(crate) fn finish(connection: &Connection, run: i64, ending: &Ending, now: Timestamp) -> Result<(), Fault> {
    let (state, result, failure) = match ending {
        Ending::Done(result) => (RunState::Done, Some(result), None),
        Ending::Failed(failure) => (RunState::Failed, None, Some(json(failure)?)),
        Ending::Cancelled => (RunState::Cancelled, None, None),
    };
    connection
        .prepare_cached(
            "UPDATE runs SET state = ?2, result = ?3, failure = ?4, ended = ?5, due = NULL, owner = NULL,
                revision = revision + 1 WHERE number = ?1",
        )?
        .execute(params![run, word(&state)?, result, failure, micros(now)])?;
    // The first of what has not ended. If that is not queued, it has gone already: the run that ended was queued itself.
    connection
        .prepare_cached(
            "UPDATE runs SET state = 'ready', due = ?2, revision = revision + 1 WHERE state = 'queued' AND number =
                (SELECT MIN(number) FROM runs WHERE ended IS NULL AND
                    ordering = (SELECT ordering FROM runs WHERE number = ?1))",
        )?
        .execute(params![run, micros(now)])?;
    Ok(())
}
