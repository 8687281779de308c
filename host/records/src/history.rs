//! What happened to a record, and to the fields. It is read here; written only by what makes the changes.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::params;
use serde::Serialize;

use crate::record::{as_text, moment};
use crate::stored::{self, Stored};
use crate::{Cause, Effect, Object, RecordId, Records, StoreError, Value};

/// One change of a record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryEntry {
    /// Its number, in the feed too.
    pub sequence: u64,
    /// When.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// What happened.
    pub effect: Effect,
    /// The fields that changed, in their order.
    pub fields: Vec<FieldChange>,
    /// Why.
    pub cause: Cause,
}

/// What a change did to one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// The field by its name of today; by its last one if it was removed.
    pub field: String,
    /// What it had; none if it was never set.
    pub old: Option<Value>,
    /// What it got.
    pub new: Value,
}

/// One change of the fields of an object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldsEntry {
    /// Its number, among the changes of records.
    pub sequence: u64,
    /// When.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// What happened: `added`, `changed`, `renamed` or `removed` names the field.
    pub told: serde_json::Value,
    /// Why.
    pub cause: Cause,
}

impl Records {
    /// What happened to a record, oldest first: at most `limit` entries that follow `after` (0 is the beginning).
    ///
    /// # Errors
    /// The file.
    pub fn history(&self, record: RecordId, after: u64, limit: u32) -> Result<Vec<HistoryEntry>, StoreError> {
        let names = self.names(record)?;
        let mut statement = self.connection.prepare_cached(
            "SELECT sequence, changes.at, action, fields, kind, by, run, step, detail
             FROM changes JOIN causes ON causes.number = changes.cause
             WHERE record = ?1 AND object = ?2 AND sequence > ?3 ORDER BY sequence LIMIT ?4",
        )?;
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![record.number(), record.object().number(), after, limit])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            let (sequence, at): (i64, i64) = (row.get(0)?, row.get(1)?);
            let (action, fields): (String, String) = (row.get(2)?, row.get(3)?);
            let differences = stored::read_differences(&fields)?;
            let named = |(number, (old, new)): (i64, (Option<Stored>, Stored))| FieldChange {
                field: names.get(&number).cloned().unwrap_or_else(|| format!("field {number}")),
                old: old.map(|old| old.0),
                new: new.0,
            };
            entries.push(HistoryEntry {
                sequence: sequence.unsigned_abs(),
                at: moment(at),
                effect: Effect::from_name(&action)?,
                fields: differences.into_iter().map(named).collect(),
                cause: Cause::from_row(row)??,
            });
        }
        Ok(entries)
    }

    /// What happened to the fields of an object, oldest first: at most `limit` entries that follow `after` (0 is the beginning).
    ///
    /// # Errors
    /// The file.
    pub fn history_of_fields(&self, object: Object, after: u64, limit: u32) -> Result<Vec<FieldsEntry>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT sequence, changes.at, fields, kind, by, run, step, detail
             FROM changes JOIN causes ON causes.number = changes.cause
             WHERE record IS NULL AND object = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3",
        )?;
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![object.number(), after, limit])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            let (sequence, at, told): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let told = stored::read(&told)?;
            entries.push(FieldsEntry {
                sequence: sequence.unsigned_abs(),
                at: moment(at),
                told,
                cause: Cause::from_row(row)??,
            });
        }
        Ok(entries)
    }

    /// The names of an object's fields, also of those that were removed.
    fn names(&self, record: RecordId) -> Result<HashMap<i64, String>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT number, name FROM fields WHERE object = ?1")?;
        let rows = statement.query_map([record.object().number()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
