//! Reading runs and steps.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

use super::fault::Fault;
use super::text::{of_json, of_optional, of_word, time, word};
use crate::seam::{
    EngineError, Failure, Filter, FlowName, MAX_PAGE, Page, Run, RunId, StepPath, StepRecord, StepState, Submission,
};

/// The number of a run.
pub(crate) fn number(connection: &Connection, run: &RunId) -> Result<i64, Fault> {
    let mut select = connection.prepare_cached("SELECT number FROM runs WHERE id = ?1")?;
    select.query_row([&run.0], |row| row.get(0)).optional()?.ok_or_else(|| missing(run))
}

fn missing(run: &RunId) -> Fault {
    EngineError::Missing(format!("run {run}")).into()
}

const RUN: &str =
    "SELECT number, id, flow, flow_digest, key, ordering, state, revision, cancelled_by, submitted, ended";

pub(crate) fn run(connection: &Connection, run: &RunId) -> Result<Run, Fault> {
    let sql = format!("{RUN}, failure, result, progress FROM runs WHERE id = ?1");
    let mut select = connection.prepare_cached(&sql)?;
    let mut rows = select.query([&run.0])?;
    read_run(rows.next()?.ok_or_else(|| missing(run))?)
}

/// A page of runs, the newest first. A failure is cut to what a line can show.
pub(crate) fn list(connection: &Connection, filter: &Filter, page: Page) -> Result<Vec<Run>, Fault> {
    let mut sql = format!(
        "{RUN}, CASE WHEN failure IS NULL THEN NULL ELSE
            json_object('class', failure ->> 'class', 'message', substr(failure ->> 'message', 1, 1000)) END, NULL, NULL
         FROM runs WHERE number < ?1"
    );
    let mut values = vec![rusqlite::types::Value::from(beyond(page, i64::MAX))];
    let state = filter.state.map(|state| word(&state)).transpose()?;
    for (column, wanted) in [("state", &state), ("flow", &filter.flow), ("ordering", &filter.ordering)] {
        if let Some(wanted) = wanted {
            values.push(wanted.clone().into());
            sql += &format!(" AND {column} = ?{}", values.len());
        }
    }
    sql += &format!(" ORDER BY number DESC LIMIT {}", page.limit.min(MAX_PAGE));
    let mut select = connection.prepare_cached(&sql)?;
    let mut rows = select.query(rusqlite::params_from_iter(values))?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        runs.push(read_run(row)?);
    }
    Ok(runs)
}

fn beyond(page: Page, first: i64) -> i64 {
    page.beyond.map_or(first, |number| i64::try_from(number).unwrap_or(i64::MAX))
}

/// A number that is never negative.
fn count(row: &Row<'_>, column: usize) -> Result<u64, Fault> {
    Ok(row.get::<_, i64>(column)?.unsigned_abs())
}

fn read_run(row: &Row<'_>) -> Result<Run, Fault> {
    Ok(Run {
        number: count(row, 0)?,
        id: RunId(row.get(1)?),
        flow: FlowName { name: row.get(2)?, digest: row.get(3)? },
        key: row.get(4)?,
        ordering: row.get(5)?,
        state: of_word(row.get(6)?)?,
        revision: count(row, 7)?,
        cancelled_by: row.get(8)?,
        submitted: time(row.get(9)?)?,
        ended: row.get::<_, Option<i64>>(10)?.map(time).transpose()?,
        failure: of_optional(row.get(11)?)?,
        result: of_optional(row.get(12)?)?,
        progress: of_optional(row.get(13)?)?,
    })
}

pub(crate) fn submission(connection: &Connection, run: &RunId) -> Result<Submission, Fault> {
    let mut select = connection.prepare_cached(
        "SELECT flow, flow_digest, key, ordering, definitions.definition, components, input
         FROM runs JOIN submissions ON run = number JOIN definitions ON digest = submissions.definition WHERE id = ?1",
    )?;
    let mut rows = select.query([&run.0])?;
    let row = rows.next()?.ok_or_else(|| missing(run))?;
    Ok(Submission {
        flow: FlowName { name: row.get(0)?, digest: row.get(1)? },
        key: row.get(2)?,
        ordering: row.get(3)?,
        definition: row.get(4)?,
        components: of_json(&row.get::<_, String>(5)?)?,
        input: of_json(&row.get::<_, String>(6)?)?,
    })
}

pub(crate) fn steps(
    connection: &Connection,
    run: &RunId,
    state: Option<StepState>,
    page: Page,
) -> Result<Vec<StepRecord>, Fault> {
    let number = number(connection, run)?;
    let mut select = connection.prepare_cached(
        "SELECT number, path, kind, name, data, repeat, state, attempt, outcome, started, ended FROM steps
         WHERE run = ?1 AND number > ?2 AND (?3 IS NULL OR state = ?3) ORDER BY number LIMIT ?4",
    )?;
    let state = state.map(|state| word(&state)).transpose()?;
    let mut rows = select.query(params![number, beyond(page, 0), state, page.limit.min(MAX_PAGE)])?;
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        steps.push(read_step(row)?);
    }
    Ok(steps)
}

fn read_step(row: &Row<'_>) -> Result<StepRecord, Fault> {
    let state: StepState = of_word(row.get(6)?)?;
    let outcome: Option<String> = row.get(8)?;
    let (answer, failure): (Option<Value>, Option<Failure>) = match state {
        StepState::Done => (of_optional(outcome)?, None),
        StepState::Failed | StepState::Unknown => (None, of_optional(outcome)?),
        StepState::Started | StepState::Again | StepState::Waiting => (None, None),
    };
    Ok(StepRecord {
        number: count(row, 0)?,
        path: StepPath(row.get(1)?),
        kind: of_word(row.get(2)?)?,
        name: row.get(3)?,
        data: of_json(&row.get::<_, String>(4)?)?,
        repeat: row.get::<_, Option<String>>(5)?.map(of_word).transpose()?,
        state,
        attempt: row.get(7)?,
        answer,
        failure,
        started: time(row.get(9)?)?,
        ended: row.get::<_, Option<i64>>(10)?.map(time).transpose()?,
    })
}
