//! A record as it is read.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::Row;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::stored::{self, Body};
use crate::{Fields, Object, RecordId, State, StoreError, Value};

/// A record: its id, whether it is in use, and the values of its fields.
#[derive(Debug, Clone)]
pub struct Record {
    id: RecordId,
    archived: bool,
    created: i64,
    changed: i64,
    fields: Arc<Fields>,
    body: Body,
}

impl Record {
    /// Its name for good.
    #[must_use]
    pub fn id(&self) -> RecordId {
        self.id
    }

    /// Whether it is in use.
    #[must_use]
    pub fn state(&self) -> State {
        State::from_archived(self.archived)
    }

    pub(crate) fn is_active(&self) -> bool {
        !self.archived
    }

    /// When it came to be.
    #[must_use]
    pub fn created(&self) -> Timestamp {
        moment(self.created)
    }

    /// When it changed last: later than at each change before.
    #[must_use]
    pub fn changed(&self) -> Timestamp {
        moment(self.changed)
    }

    /// The fields that it can have, as they were when it was read.
    #[must_use]
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The value of a field; none if it was never set, or there is no such field.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.numbered(self.fields.get(field).ok()?.number)
    }

    /// The values that were set, in the order of the fields.
    pub fn values(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.fields.iter().filter_map(|field| self.numbered(field.number).map(|value| (field.name.as_str(), value)))
    }

    pub(crate) fn numbered(&self, number: i64) -> Option<&Value> {
        self.body.get(&number).map(|stored| &stored.0)
    }
}

/// As JSON: `id`, `state`, and the fields that were set.
impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("state", &self.state())?;
        for (name, value) in self.values() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// A moment as the tables have it, in microseconds; one that is out of range is the nearest there is.
pub(crate) fn moment(microseconds: i64) -> Timestamp {
    let nearest = if microseconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_microsecond(microseconds).unwrap_or(nearest)
}

/// A row of `number, archived, body, created, changed`.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) number: i64,
    archived: bool,
    pub(crate) body: String,
    created: i64,
    changed: i64,
}

impl Raw {
    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            number: row.get(0)?,
            archived: row.get(1)?,
            body: row.get(2)?,
            created: row.get(3)?,
            changed: row.get(4)?,
        })
    }

    pub(crate) fn record(self, fields: &Arc<Fields>) -> Result<Record, StoreError> {
        let object: Object = fields.object();
        Ok(Record {
            id: RecordId::new(object, self.number),
            archived: self.archived,
            created: self.created,
            changed: self.changed,
            fields: fields.clone(),
            body: stored::read(&self.body)?,
        })
    }
}

/// A moment in JSON.
pub(crate) fn as_text<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}
