//! One row's way: its values, the record that it means, and the change that it makes.

use indexmap::IndexMap;
use presetter_rows::{Content, Row};
use rusqlite::Connection;

use super::seen::Seen;
use super::{ImportOptions, Mode, Refused, RowChange, WhenArchived};
use crate::neutral::restore;
use crate::stored::Differences;
use crate::unique::Found;
use crate::write::{WriteError, Writer};
use crate::{Action, Change, Effect, Field, FieldChange, Fields, RecordId, StoreError, Value, stored, unique};

/// Columns that are no fields.
pub(super) const ID: &str = "id";
pub(super) const STATE: &str = "state";

/// How many records with one key are looked through before another key is tried.
const FEW: u32 = 64;

/// What came of a row.
pub(super) enum Outcome {
    Refused(Refused),
    Changed(RowChange),
    Unchanged,
    Skipped,
}

/// Why a row ended early.
pub(super) enum Ended {
    Refused(Refused),
    Store(StoreError),
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// One row's way.
pub(super) struct Import<'i, 'c> {
    pub(super) connection: &'i Connection,
    pub(super) writer: &'i mut Writer<'c>,
    pub(super) fields: &'i Fields,
    pub(super) options: &'i ImportOptions,
    pub(super) seen: &'i Seen,
}

impl Import<'_, '_> {
    pub(super) fn row(&mut self, row: Row) -> Result<Outcome, Ended> {
        let line = row.line;
        let (id, mut set) = self.values(row)?;
        for (name, value) in &self.options.constants {
            set.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let target = self.target(line, id, &set)?;
        if self.options.keep_empty {
            set.retain(|_, value| !value.is_empty());
        }
        let action = match (target, self.options.mode) {
            (None, Mode::UpdateOnly) | (Some(_), Mode::CreateOnly) => return Ok(Outcome::Skipped),
            (None, _) => Action::Create(self.options.object),
            (Some((id, false)), _) => Action::Edit(id),
            (Some((id, true)), _) => Action::Reactivate(id),
        };
        let change = Change { action, set, only_if: IndexMap::new(), as_of: None };
        let (result, differences) = self.writer.change(&change).map_err(|error| match error {
            WriteError::Refused(refusal) => Ended::Refused(Refused::whole(line, refusal.to_string())),
            WriteError::Store(error) => Ended::Store(error),
        })?;
        if result.effect == Effect::Unchanged {
            return Ok(Outcome::Unchanged);
        }
        let provisional = self.options.dry_run && result.effect == Effect::Created;
        let record = (!provisional).then_some(result.record);
        let fields = self.changes(differences);
        Ok(Outcome::Changed(RowChange { line, record, effect: result.effect, fields }))
    }

    /// The values of a row, and its id if it has one.
    fn values(&self, row: Row) -> Result<(Option<String>, IndexMap<String, Value>), Ended> {
        let (mut id, mut set) = (None, IndexMap::new());
        for cell in row.cells {
            let wrong = |reason: String| {
                let field = Some(cell.field.to_string());
                let column = cell.column.as_deref().map(str::to_owned);
                Ended::Refused(Refused { line: row.line, field, column, reason })
            };
            if matches!(&*cell.field, ID | STATE) {
                let text = match &cell.content {
                    Content::Text(text) => text.clone(),
                    Content::Json(json) => serde_json::from_str::<Option<String>>(json.get())
                        .map_err(|_| wrong("stands in quotes".to_owned()))?
                        .unwrap_or_default(),
                };
                if &*cell.field == ID {
                    id = Some(text);
                } else if !text.is_empty() && text != "active" {
                    return Err(wrong("is not active: an import makes active records; leave the row out".to_owned()));
                }
                continue;
            }
            let kind = &self.fields.get(&cell.field).map_err(|unknown| wrong(unknown.to_string()))?.kind;
            let value = match &cell.content {
                Content::Text(text) if self.options.restore => kind.parse(restore(text)),
                Content::Text(text) => kind.parse(text),
                Content::Json(json) => kind.read_raw(json),
            };
            set.insert(cell.field.to_string(), value.map_err(|misfit| wrong(misfit.to_string()))?);
        }
        Ok((id, set))
    }

    /// The record that a row means, and whether it is to be reactivated.
    fn target(
        &self,
        line: u64,
        id: Option<String>,
        set: &IndexMap<String, Value>,
    ) -> Result<Option<(RecordId, bool)>, Ended> {
        let wrong = |field: &str, reason: String| {
            Ended::Refused(Refused { line, field: Some(field.to_owned()), column: None, reason })
        };
        if self.options.keys == [ID] {
            let text = id.filter(|id| !id.is_empty()).ok_or_else(|| wrong(ID, "is the key, and empty".to_owned()))?;
            let id: RecordId = text.parse().map_err(|error: crate::NoId| wrong(ID, error.to_string()))?;
            self.once(line, &text)?;
            if id.object() != self.options.object || !unique::exists(self.connection, id)? {
                return Err(wrong(ID, format!("no {} have the id {id}", self.options.object)));
            }
            return Ok(Some((id, false)));
        }
        let mut keys = Vec::new();
        let mut noted = Vec::new();
        for name in &self.options.keys {
            let field = self.fields.get(name).map_err(|unknown| wrong(name, unknown.to_string()))?;
            // Another process may have removed the field since, and declared another of its name.
            if !field.looked_up {
                return Err(wrong(
                    name,
                    "is another field than when the import began; import the file again".to_owned(),
                ));
            }
            let empty = || wrong(name, "is the key, and empty".to_owned());
            let value = set.get(name).ok_or_else(empty)?;
            noted.push(field.key(value).ok_or_else(empty)?);
            keys.push((field, value));
        }
        // As JSON, so that no two lists of keys are one text.
        self.once(line, &stored::write(&noted)?)?;
        self.found(line, &keys)
    }

    /// A key is in a file once.
    fn once(&self, line: u64, key: &str) -> Result<(), Ended> {
        match self.seen.note(key, line)? {
            None => Ok(()),
            Some(first) => {
                let reason = format!("lines {first} and {line} have the same key; the first was taken as it came");
                Err(Ended::Refused(Refused::whole(line, reason)))
            }
        }
    }

    fn found(&self, line: u64, keys: &[(&Field, &Value)]) -> Result<Option<(RecordId, bool)>, Ended> {
        let (mut active, mut archived) = (Vec::new(), Vec::new());
        for found in self.candidates(keys)? {
            if found.has_keys(self.connection, keys)? {
                if found.archived { &mut archived } else { &mut active }.push(found.id);
            }
            if active.len() > 1 {
                break;
            }
        }
        let wrong = |reason| Err(Ended::Refused(Refused::whole(line, reason)));
        match (active.as_slice(), archived.as_slice(), self.options.when_archived) {
            ([one, other, ..], _, _) => wrong(format!(
                "several records have this key ({one}, {other}); archive all but one, or take another key"
            )),
            ([id], _, _) => Ok(Some((*id, false))),
            ([], [], _) | ([], _, WhenArchived::Create) => Ok(None),
            ([], [id, ..], WhenArchived::Refuse) => {
                wrong(format!("its record {id} is archived; reactivate it, or say what to do with archived ones"))
            }
            ([], [id], WhenArchived::Reactivate) => Ok(Some((*id, true))),
            ([], [one, other, ..], WhenArchived::Reactivate) => {
                wrong(format!("several archived records have this key ({one}, {other}); reactivate the right one"))
            }
        }
    }

    /// The records that have one of the keys: of the first one that few have.
    fn candidates(&self, keys: &[(&Field, &Value)]) -> Result<Vec<Found>, StoreError> {
        let find = |(field, value): &(&Field, &Value), most| {
            unique::find(self.connection, field, self.options.object, value, most)
        };
        if let [key] = keys {
            // Active ones come first, so that two tell whether there are several.
            return find(key, 2);
        }
        for key in keys {
            let found = find(key, FEW)?;
            if found.len() < FEW as usize {
                return Ok(found);
            }
        }
        keys.first().map_or(Ok(Vec::new()), |key| find(key, unique::ALL))
    }

    fn changes(&self, differences: Differences) -> Vec<FieldChange> {
        let named = |(number, (old, new)): (i64, (Option<stored::Stored>, stored::Stored))| {
            let field = self.fields.numbered(number)?.name.clone();
            Some(FieldChange { field, old: old.map(|old| old.0), new: new.0 })
        };
        differences.into_iter().filter_map(named).collect()
    }
}
