//! Submitting: a run comes to be, once for each key.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Fault;
use super::query;
use super::text::{bounded, digest, micros, named, payload, word};
use crate::seam::{EngineError, MAX_PAYLOAD, RunId, RunState, Submission, Submitted};

/// Begins the keys that the engine itself makes.
pub(crate) const SCHEDULE: &str = "schedule:";

/// What is kept of a submission, checked against the bounds.
pub(crate) struct Checked {
    submission: Submission,
    components: String,
    input: String,
}

/// A submission of a caller.
pub(crate) fn check(submission: Submission) -> Result<Checked, EngineError> {
    if let Some(key) = &submission.key {
        named("the key", key)?;
        if key.starts_with(SCHEDULE) {
            return Err(EngineError::Refused(format!("keys that begin with {SCHEDULE:?} are made by timers")));
        }
    }
    check_all_but_key(submission)
}

pub(crate) fn check_all_but_key(mut submission: Submission) -> Result<Checked, EngineError> {
    named("the name of the flow", &submission.flow.name)?;
    named("the digest of the flow", &submission.flow.digest)?;
    if let Some(ordering) = &submission.ordering {
        named("the ordering", ordering)?;
    }
    bounded("the definition", submission.definition.len(), MAX_PAYLOAD)?;
    let components = payload("the list of components", &submission.components)?;
    let input = payload("the input", &submission.input)?;
    // Compared with what is read back, so it goes the same way.
    submission.input = serde_json::from_str(&input).map_err(|error| EngineError::Refused(error.to_string()))?;
    Ok(Checked { submission, components, input })
}

/// The run of this submission, new or by its key.
pub(crate) fn submit(connection: &Connection, checked: &Checked, now: Timestamp) -> Result<Submitted, Fault> {
    match &checked.submission.key {
        None => insert(connection, checked, None, now),
        Some(key) => match by_key(connection, key)? {
            None => insert(connection, checked, Some(key), now),
            Some(run) if query::submission(connection, &run)? == checked.submission => {
                Ok(Submitted { run, new: false })
            }
            Some(run) => Err(EngineError::KeyTaken { key: key.clone(), run }.into()),
        },
    }
}

pub(crate) fn by_key(connection: &Connection, key: &str) -> Result<Option<RunId>, Fault> {
    let mut select = connection.prepare_cached("SELECT id FROM runs WHERE key = ?1")?;
    Ok(select.query_row([key], |row| row.get(0).map(RunId)).optional()?)
}

/// A run that is new.
pub(crate) fn insert(
    connection: &Connection,
    checked: &Checked,
    key: Option<&str>,
    now: Timestamp,
) -> Result<Submitted, Fault> {
    let Checked { submission, components, input } = checked;
    let held_up = match &submission.ordering {
        None => false,
        Some(ordering) => connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM runs WHERE ordering = ?1 AND ended IS NULL)")?
            .query_row([ordering], |row| row.get(0))?,
    };
    let state = word(if held_up { &RunState::Queued } else { &RunState::Ready })?;
    let due = (!held_up).then_some(micros(now));
    let id: String = connection
        .prepare_cached(
            "INSERT INTO runs (id, flow, flow_digest, key, ordering, state, due, submitted)
             VALUES (lower(hex(randomblob(16))), ?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id",
        )?
        .query_row(
            params![submission.flow.name, submission.flow.digest, key, submission.ordering, state, due, micros(now)],
            |row| row.get(0),
        )?;
    let number = connection.last_insert_rowid();
    let definition = digest(&submission.definition);
    connection
        .prepare_cached("INSERT INTO definitions (digest, definition) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![definition, submission.definition])?;
    connection
        .prepare_cached("INSERT INTO submissions (run, definition, components, input) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![number, definition, components, input])?;
    Ok(Submitted { run: RunId(id), new: true })
}

/// For the key of a timer's run.
pub(crate) fn schedule_key(name: &str, next: Timestamp) -> String {
    format!("{SCHEDULE}{}:{name}", micros(next))
}
