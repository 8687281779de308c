//! The feed of changes, for what waits for them, and how far each reader has come.
//!
//! Invariants: numbers only grow, and a change is seen after all that have a lower number: those who write wait for each other.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};
use serde::Serialize;

use crate::record::{as_text, moment};
use crate::{Cause, Effect, Object, RecordId, Records, StoreError, stored};

/// One change of one record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Its number; grows, with gaps.
    pub sequence: u64,
    /// When.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// The record.
    pub record: RecordId,
    /// What happened.
    pub effect: Effect,
    /// The names of the fields that changed, as they are today; without those that were removed since.
    pub fields: Vec<String>,
    /// Why: its kind tells a sync from a person.
    pub cause: Cause,
}

/// Why a position did not move.
#[derive(Debug, thiserror::Error)]
pub enum AdvanceError {
    /// It would skip what has not happened yet.
    #[error("no change has the number {0} yet; advance to one that was read")]
    Ahead(u64),
    /// The name of the reader.
    #[error("the name of a reader has 1 to 255 bytes")]
    Name,
    /// The file.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Records {
    /// The changes after a number, oldest first, at most `limit`; of one object or of all.
    ///
    /// # Errors
    /// The file.
    pub fn events(&self, after: u64, object: Option<Object>, limit: u32) -> Result<Vec<Event>, StoreError> {
        // One moment for fields and changes: a field that was declared in between would be missed.
        let transaction = self.connection.unchecked_transaction()?;
        let mut fields = Vec::new();
        for object in Object::ALL {
            fields.push(crate::Fields::load(&transaction, object)?);
        }
        let mut statement = transaction.prepare_cached(if object.is_some() {
            "SELECT sequence, changes.at, object, record, action, fields, kind, by, run, step, detail
             FROM changes JOIN causes ON causes.number = changes.cause
             WHERE sequence > ?1 AND object = ?2 AND record IS NOT NULL ORDER BY sequence LIMIT ?3"
        } else {
            "SELECT sequence, changes.at, object, record, action, fields, kind, by, run, step, detail
             FROM changes JOIN causes ON causes.number = changes.cause
             WHERE sequence > ?1 AND ?2 IS NULL AND record IS NOT NULL ORDER BY sequence LIMIT ?3"
        })?;
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![after, object.map(Object::number), limit])?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            let (sequence, at, number): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let object = Object::from_number(number)
                .ok_or_else(|| StoreError::Contents(format!("an object of the number {number}")))?;
            let (action, changed): (String, String) = (row.get(4)?, row.get(5)?);
            let known = fields.iter().find(|fields| fields.object() == object);
            let name = |number| known?.numbered(number).map(|field| field.name.clone());
            events.push(Event {
                sequence: sequence.unsigned_abs(),
                at: moment(at),
                record: RecordId::new(object, row.get(3)?),
                effect: Effect::from_name(&action)?,
                fields: stored::read_differences(&changed)?.into_keys().filter_map(name).collect(),
                cause: Cause::from_row(row)??,
            });
        }
        Ok(events)
    }

    /// The number of the latest change; 0 if there is none.
    ///
    /// # Errors
    /// The file.
    pub fn latest(&self) -> Result<u64, StoreError> {
        let latest: Option<i64> =
            self.connection.query_row("SELECT max(sequence) FROM changes", [], |row| row.get(0))?;
        Ok(latest.unwrap_or_default().unsigned_abs())
    }

    /// How far a reader has come: the number of the last change that it is done with; 0 if it never said.
    ///
    /// # Errors
    /// The file.
    pub fn position(&self, reader: &str) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT sequence FROM positions WHERE name = ?1")?;
        let found: Option<i64> = statement.query_row([reader], |row| row.get(0)).optional()?;
        Ok(found.unwrap_or_default().unsigned_abs())
    }

    /// Says that a reader is done with all changes up to this one. It never goes back.
    ///
    /// # Errors
    /// See [`AdvanceError`].
    pub fn advance(&mut self, reader: &str, sequence: u64) -> Result<(), AdvanceError> {
        if reader.is_empty() || reader.len() > 255 {
            return Err(AdvanceError::Name);
        }
        if sequence > self.latest()? {
            return Err(AdvanceError::Ahead(sequence));
        }
        let sequence = i64::try_from(sequence).map_err(|_| AdvanceError::Ahead(sequence))?;
        self.connection
            .execute(
                "INSERT INTO positions (name, sequence) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET sequence = max(sequence, excluded.sequence)",
                params![reader, sequence],
            )
            .map_err(StoreError::from)?;
        Ok(())
    }
}
