//! Durable timers. Invariant: a timer fires once for each of its times, however many engines find it due.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Fault;
use super::submit::{self, Checked, schedule_key};
use super::text::{micros, of_json, time};
use crate::seam::{EngineError, Schedule, Submitted};

pub(crate) fn put(connection: &Connection, schedule: &Schedule, payload: &str) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO schedules (name, next, payload) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET next = excluded.next, payload = excluded.payload",
        )?
        .execute(params![schedule.name, micros(schedule.next), payload])?;
    Ok(())
}

pub(crate) fn remove(connection: &Connection, name: &str) -> Result<bool, Fault> {
    Ok(connection.execute("DELETE FROM schedules WHERE name = ?1", [name])? > 0)
}

pub(crate) fn all(connection: &Connection) -> Result<Vec<Schedule>, Fault> {
    select(connection, "ORDER BY name", i64::MAX)
}

pub(crate) fn due(connection: &Connection, now: Timestamp) -> Result<Vec<Schedule>, Fault> {
    select(connection, "ORDER BY next, name", micros(now))
}

fn select(connection: &Connection, order: &str, until: i64) -> Result<Vec<Schedule>, Fault> {
    let sql = format!("SELECT name, next, payload FROM schedules WHERE next <= ?1 {order}");
    let mut select = connection.prepare_cached(&sql)?;
    let mut rows = select.query([until])?;
    let mut schedules = Vec::new();
    while let Some(row) = rows.next()? {
        let payload = of_json(&row.get::<_, String>(2)?)?;
        schedules.push(Schedule { name: row.get(0)?, next: time(row.get(1)?)?, payload });
    }
    Ok(schedules)
}

pub(crate) fn fire(
    connection: &Connection,
    fired: &Schedule,
    checked: &Checked,
    next: Option<Timestamp>,
    now: Timestamp,
) -> Result<Submitted, Fault> {
    let key = schedule_key(&fired.name, fired.next);
    let stands: Option<i64> = connection
        .query_row("SELECT next FROM schedules WHERE name = ?1", [&fired.name], |row| row.get(0))
        .optional()?;
    let stands = stands == Some(micros(fired.next));
    let submitted = match submit::by_key(connection, &key)? {
        // It was fired before, and may have been put back to the same time since.
        Some(run) => Submitted { run, new: false },
        None if stands => submit::insert(connection, checked, Some(&key), now)?,
        None => {
            let text = format!("timer {:?} at {}; look again at what is due", fired.name, fired.next);
            return Err(EngineError::Missing(text).into());
        }
    };
    match next {
        _ if !stands => {}
        None => {
            remove(connection, &fired.name)?;
        }
        Some(next) => {
            connection.execute("UPDATE schedules SET next = ?2 WHERE name = ?1", params![fired.name, micros(next)])?;
        }
    }
    Ok(submitted)
}
