//! What is to be changed, what came of it, and why it was refused.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::reading::quoted;
use crate::{Misfit, NoField, Object, RecordId, StoreError, Value};

/// The most changes that are applied at once.
pub const CHANGES: usize = 250_000;

/// What is done to a record besides setting its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A new record comes to be.
    Create(Object),
    /// The fields are set, whether it is active or archived.
    Edit(RecordId),
    /// The fields are set, and it is put out of use.
    Archive(RecordId),
    /// It is put in use again.
    Reactivate(RecordId),
}

/// One change of one record.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What is done.
    pub action: Action,
    /// Fields by name, and what they are set to.
    pub set: IndexMap<String, Value>,
    /// Only if these fields have these values still; one that was never set counts as empty.
    pub only_if: IndexMap<String, Value>,
    /// Only if the record was changed last at this time still ([`Record::changed`](crate::Record::changed)); otherwise it is left
    /// alone, and the other changes are made: [`Effect::Skipped`].
    pub as_of: Option<Timestamp>,
}

impl Change {
    /// A change without fields.
    #[must_use]
    pub fn new(action: Action) -> Self {
        Self { action, set: IndexMap::new(), only_if: IndexMap::new(), as_of: None }
    }

    /// Sets a field.
    #[must_use]
    pub fn set(mut self, field: &str, value: Value) -> Self {
        self.set.insert(field.to_owned(), value);
        self
    }

    /// Makes the change depend on what a field has.
    #[must_use]
    pub fn only_if(mut self, field: &str, value: Value) -> Self {
        self.only_if.insert(field.to_owned(), value);
        self
    }

    /// Leaves the record alone if it was changed since: it was read when it was changed at this time last.
    #[must_use]
    pub fn as_of(mut self, changed: Timestamp) -> Self {
        self.as_of = Some(changed);
        self
    }

    /// What it is a change of.
    #[must_use]
    pub fn object(&self) -> Object {
        match self.action {
            Action::Create(object) => object,
            Action::Edit(id) | Action::Archive(id) | Action::Reactivate(id) => id.object(),
        }
    }
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It came to be.
    Created,
    /// Fields of it changed.
    Edited,
    /// It was put out of use.
    Archived,
    /// It was put in use again.
    Reactivated,
    /// It was so already.
    Unchanged,
    /// It had changed since it was read, and was left alone.
    Skipped,
}

impl Effect {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Edited => "edited",
            Self::Archived => "archived",
            Self::Reactivated => "reactivated",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
        }
    }

    pub(crate) fn from_name(name: &str) -> Result<Self, StoreError> {
        [Self::Created, Self::Edited, Self::Archived, Self::Reactivated]
            .into_iter()
            .find(|effect| effect.name() == name)
            .ok_or_else(|| StoreError::Contents(format!("a change of the kind {name:?}")))
    }
}

/// What came of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeResult {
    /// The record.
    pub record: RecordId,
    /// What became of it.
    pub effect: Effect,
    /// The number of the change in the history and in the feed; none if nothing changed.
    pub sequence: Option<u64>,
}

/// What came of a batch of changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// It had been applied before, by the same step of the same run: these are the results of then.
    pub repeated: bool,
    /// One for each change, in order.
    pub results: Vec<ChangeResult>,
}

/// Why a change is not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No record has this id.
    #[error("there is no record {0}")]
    NoRecord(RecordId),
    /// No field has this name.
    #[error(transparent)]
    NoField(#[from] NoField),
    /// The field does not take the value.
    #[error("{field} {misfit}")]
    Value {
        /// The field.
        field: String,
        /// Why not.
        misfit: Misfit,
    },
    /// The change was planned on a value that is not there any more.
    #[error(
        "{record} has changed: {field} was expected to be {}, and is {}; plan again",
        shown(expected),
        shown(found)
    )]
    Stale {
        /// The record.
        record: RecordId,
        /// The field.
        field: String,
        /// What the change was planned on.
        expected: Value,
        /// What is there.
        found: Value,
    },
    /// Another record has this value, which may be there once.
    #[error("{field} {} is taken by {by}; change that one, or archive it", quoted(value))]
    Taken {
        /// The field.
        field: String,
        /// The value.
        value: String,
        /// The record that has it.
        by: RecordId,
    },
    /// A field that such a record cannot be without.
    #[error("{field} cannot be empty")]
    Needed {
        /// The field.
        field: String,
    },
    /// A new record with no value at all.
    #[error("a new record needs a value in one field at least")]
    Nothing,
    /// Others refer to a software entry by its name.
    #[error("the name of a software entry stays as it is; create another entry")]
    Renamed,
    /// What a reference names is not there.
    #[error("{field} names {}, which is not there; create it first", quoted(value))]
    Dangling {
        /// The field.
        field: String,
        /// What it names.
        value: String,
    },
    /// All values together are too large.
    #[error("its values have {0} bytes together; a record may have {max}", max = crate::write::RECORD)]
    TooLarge(usize),
}

fn shown(value: &Value) -> String {
    if value.is_empty() { "empty".to_owned() } else { quoted(&value.to_text()) }
}

/// Why a batch was not applied. Nothing of it was, then.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// One change is refused, and so all are.
    #[error("change {} of the batch: {reason}", index + 1)]
    Refused {
        /// Which, counted from 0.
        index: usize,
        /// Why.
        reason: Refusal,
    },
    /// More than [`CHANGES`].
    #[error("{0} changes are more than the {CHANGES} that are applied at once; apply them in parts")]
    TooMany(usize),
    /// The cause is too long.
    #[error("the cause of the changes is too long: a name may have 255 bytes, the detail {}", crate::cause::DETAIL)]
    Cause,
    /// The file.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for ApplyError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}
