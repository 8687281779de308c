//! Makes one change within a transaction.
//!
//! Owns: the only place that writes a record, its lookups and its line of history. Never: begins or ends a transaction.
//!
//! Invariants: everything is checked before anything is written, so that a refused change leaves nothing; a record is written
//! with its history or not at all; what changes nothing writes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::stored::{self, Body, Differences, Stored};
use crate::{
    Action, Cause, Change, ChangeResult, Effect, Fields, Kind, NoField, Object, RecordId, Refusal, StoreError, Value,
    unique,
};

/// The most bytes that the values of one record have together, as they are stored.
pub(crate) const RECORD: usize = 8 * 1024 * 1024;

/// Why a change was not written.
#[derive(Debug)]
pub(crate) enum WriteError {
    Refused(Refusal),
    Store(StoreError),
}

impl From<Refusal> for WriteError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<NoField> for WriteError {
    fn from(unknown: NoField) -> Self {
        Self::Refused(unknown.into())
    }
}

impl From<StoreError> for WriteError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Writes changes of one cause within one transaction.
pub(crate) struct Writer<'c> {
    connection: &'c Connection,
    cause: &'c Cause,
    at: Timestamp,
    cause_number: Option<i64>,
    fields: BTreeMap<Object, Arc<Fields>>,
}

/// A record as it is before a change.
pub(crate) struct Before {
    pub(crate) id: Option<RecordId>,
    pub(crate) archived: bool,
    pub(crate) changed: i64,
    pub(crate) body: Body,
}

impl<'c> Writer<'c> {
    pub(crate) fn new(connection: &'c Connection, cause: &'c Cause, at: Timestamp) -> Self {
        Self { connection, cause, at, cause_number: None, fields: BTreeMap::new() }
    }

    pub(crate) fn fields(&mut self, object: Object) -> Result<Arc<Fields>, StoreError> {
        if let Some(fields) = self.fields.get(&object) {
            return Ok(fields.clone());
        }
        let fields = Fields::load(self.connection, object)?;
        self.fields.insert(object, fields.clone());
        Ok(fields)
    }

    /// The number of the cause, which is recorded when it is first needed.
    pub(crate) fn cause(&mut self) -> Result<i64, StoreError> {
        match self.cause_number {
            Some(number) => Ok(number),
            None => Ok(*self.cause_number.insert(self.cause.insert(self.connection, self.at)?)),
        }
    }

    /// When the changes are made.
    pub(crate) fn at(&self) -> Timestamp {
        self.at
    }

    /// Writes what happened to the fields of an object.
    pub(crate) fn declared(&mut self, object: Object, told: serde_json::Value) -> Result<(), StoreError> {
        let cause = self.cause()?;
        self.connection.execute(
            "INSERT INTO changes (object, action, at, cause, fields) VALUES (?1, 'declared', ?2, ?3, ?4)",
            params![object.number(), self.at.as_microsecond(), cause, told.to_string()],
        )?;
        Ok(())
    }

    /// Checks a change and makes it; also tells what it did to each field.
    pub(crate) fn change(&mut self, change: &Change) -> Result<(ChangeResult, Differences), WriteError> {
        let fields = self.fields(change.object())?;
        let before = self.before(change.action)?;
        if let (Some(record), Some(as_of)) = (before.id, change.as_of)
            && before.changed != as_of.as_microsecond()
        {
            return Ok((ChangeResult { record, effect: Effect::Skipped, sequence: None }, Differences::new()));
        }
        fresh(&before, &change.only_if, &fields)?;
        let (body, differences) = differences(&before.body, &change.set, &fields)?;
        let archived = match change.action {
            Action::Create(_) => false,
            Action::Edit(_) => before.archived,
            Action::Archive(_) => true,
            Action::Reactivate(_) => false,
        };
        let effect = match before.id {
            None => Effect::Created,
            Some(_) if archived && !before.archived => Effect::Archived,
            Some(_) if !archived && before.archived => Effect::Reactivated,
            Some(record) if differences.is_empty() => {
                return Ok((ChangeResult { record, effect: Effect::Unchanged, sequence: None }, differences));
            }
            Some(_) => Effect::Edited,
        };
        if before.id.is_none() && body.values().all(|value| value.0.is_empty()) {
            return Err(Refusal::Nothing.into());
        }
        self.refer(&differences, &fields)?;
        unique::check(self.connection, &fields, &before, &body, archived)?;
        let record = self.record(change.object(), before.id, archived, &body)?;
        unique::note(self.connection, &fields, record, &differences)?;
        let sequence = self.history(record, effect, &differences)?;
        Ok((ChangeResult { record, effect, sequence: Some(sequence) }, differences))
    }

    fn before(&self, action: Action) -> Result<Before, WriteError> {
        let id = match action {
            Action::Create(_) => return Ok(Before { id: None, archived: false, changed: 0, body: Body::new() }),
            Action::Edit(id) | Action::Archive(id) | Action::Reactivate(id) => id,
        };
        let mut statement = self
            .connection
            .prepare_cached("SELECT archived, changed, body FROM records WHERE number = ?1 AND object = ?2")?;
        let found: Option<(bool, i64, String)> = statement
            .query_row([id.number(), id.object().number()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let (archived, changed, body) = found.ok_or(Refusal::NoRecord(id))?;
        Ok(Before { id: Some(id), archived, changed, body: stored::read(&body)? })
    }

    /// What a changed reference names must be there.
    fn refer(&self, differences: &Differences, fields: &Fields) -> Result<(), WriteError> {
        for (number, (_, new)) in differences {
            let Some(field) = fields.numbered(*number) else { continue };
            let Value::Text(name) = &new.0 else { continue };
            let there = match field.kind {
                Kind::Software => unique::software(self.connection, name)?.is_some(),
                Kind::User => match name.parse::<RecordId>() {
                    Ok(id) => unique::exists(self.connection, id)?,
                    Err(_) => false,
                },
                _ => true,
            };
            if !there {
                return Err(Refusal::Dangling { field: field.name.clone(), value: name.clone() }.into());
            }
        }
        Ok(())
    }

    /// Writes the row.
    fn record(
        &self,
        object: Object,
        id: Option<RecordId>,
        archived: bool,
        body: &Body,
    ) -> Result<RecordId, WriteError> {
        let text = stored::write(body)?;
        if text.len() > RECORD {
            return Err(Refusal::TooLarge(text.len()).into());
        }
        let at = self.at.as_microsecond();
        if let Some(id) = id {
            // The time tells one version of a record from the next, also when two changes are made at one time.
            self.connection
                .prepare_cached(
                    "UPDATE records SET archived = ?1, body = ?2, changed = max(?3, changed + 1) WHERE number = ?4",
                )?
                .execute(params![archived, text, at, id.number()])?;
            return Ok(id);
        }
        self.connection
            .prepare_cached("INSERT INTO records (object, body, created, changed) VALUES (?1, ?2, ?3, ?3)")?
            .execute(params![object.number(), text, at])?;
        Ok(RecordId::new(object, self.connection.last_insert_rowid()))
    }

    /// Writes the line of history, and gives its number.
    pub(crate) fn history(
        &mut self,
        record: RecordId,
        effect: Effect,
        differences: &Differences,
    ) -> Result<u64, StoreError> {
        let cause = self.cause()?;
        self.connection
            .prepare_cached(
                "INSERT INTO changes (object, record, action, at, cause, fields) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                record.object().number(),
                record.number(),
                effect.name(),
                self.at.as_microsecond(),
                cause,
                stored::write_differences(differences)?
            ])?;
        Ok(self.connection.last_insert_rowid().unsigned_abs())
    }
}

/// Whether what the change was planned on is there still.
fn fresh(before: &Before, only_if: &IndexMap<String, Value>, fields: &Fields) -> Result<(), WriteError> {
    for (name, expected) in only_if {
        let field = fields.get(name)?;
        let found = before.body.get(&field.number).map_or(&Value::Empty, |stored| &stored.0);
        if found != expected
            && let Some(record) = before.id
        {
            return Err(Refusal::Stale {
                record,
                field: name.clone(),
                expected: expected.clone(),
                found: found.clone(),
            }
            .into());
        }
    }
    Ok(())
}

/// The values as they will be, and what differs. Values of fields that were removed are left behind.
fn differences(
    before: &Body,
    set: &IndexMap<String, Value>,
    fields: &Fields,
) -> Result<(Body, Differences), WriteError> {
    let mut body = before.clone();
    body.retain(|number, _| fields.numbered(*number).is_some());
    let mut differences = Differences::new();
    for (name, value) in set {
        let field = fields.get(name)?;
        field.kind.check(value).map_err(|misfit| Refusal::Value { field: name.clone(), misfit })?;
        let new = Stored(value.clone());
        let old = body.insert(field.number, new.clone());
        if old.as_ref() != Some(&new) {
            differences.insert(field.number, (old, new));
        }
    }
    Ok((body, differences))
}
