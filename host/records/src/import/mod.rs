//! Records from a file.
//!
//! Owns: what an import is asked to do, what it tells while it goes, and what came of it.
//! Never: holds more of a file than a batch of rows; takes a row in part; stops at a row that is wrong.
//!
//! Invariants: a batch is committed whole, and told only then; a row is refused with its line and the reason; the same file again
//! changes nothing.

mod one;
mod run;
mod seen;

use std::io;

use indexmap::IndexMap;
use presetter_rows::{OpenError, Taken};
use serde::Serialize;

use crate::{Effect, FieldChange, NoField, Object, RecordId, StoreError, Value};

pub use presetter_rows::{COLUMNS, ROW, Refused};

/// What to do with rows whose record is there, and with those whose is not. A row that is neither is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Create what is not there, update what is.
    #[default]
    CreateAndUpdate,
    /// Create what is not there.
    CreateOnly,
    /// Update what is there.
    UpdateOnly,
}

/// What to do with a row whose only records are archived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenArchived {
    /// Refuse it: somebody must decide.
    #[default]
    Refuse,
    /// Reactivate the record, and update it.
    Reactivate,
    /// Create another one.
    Create,
}

/// How a file is imported.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// What its rows are records of.
    pub object: Object,
    /// The fields by which a row finds its record, all of them together; `id` is possible, alone.
    pub keys: Vec<String>,
    /// What is created and updated.
    pub mode: Mode,
    /// What becomes of archived records.
    pub when_archived: WhenArchived,
    /// Fields whose column has another header.
    pub columns: IndexMap<String, String>,
    /// Values for fields that a row does not have.
    pub constants: IndexMap<String, Value>,
    /// Between the cells of CSV; none finds it in the header.
    pub separator: Option<u8>,
    /// Leaves columns alone that belong to no field; else the file is refused.
    pub ignore_unknown: bool,
    /// An empty cell, or `null`, leaves the field as it is; else it empties it.
    pub keep_empty: bool,
    /// Takes away the `'` that an export put before texts which a spreadsheet would run.
    pub restore: bool,
    /// Tells what would change, and changes nothing. Each batch is tried on the records as they are: what an earlier batch of the
    /// same file would have created is not there, so that a value taken twice beside the key is found only when it is done.
    pub dry_run: bool,
}

impl ImportOptions {
    /// Creates and updates by one key.
    #[must_use]
    pub fn new(object: Object, key: &str) -> Self {
        Self {
            object,
            keys: vec![key.to_owned()],
            mode: Mode::default(),
            when_archived: WhenArchived::default(),
            columns: IndexMap::new(),
            constants: IndexMap::new(),
            separator: None,
            ignore_unknown: false,
            keep_empty: false,
            restore: true,
            dry_run: false,
        }
    }
}

/// What is told while an import goes.
#[derive(Debug)]
pub enum ImportEvent<'e> {
    /// A row is refused.
    Refused(&'e Refused),
    /// A row changed a record, or would.
    Changed(&'e RowChange),
    /// A batch is done.
    Progress(Progress),
}

/// What a row did, or would do, to a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowChange {
    /// The line on which it begins, counted from 1.
    pub line: u64,
    /// The record; none if it would be created.
    pub record: Option<RecordId>,
    /// What became of it.
    pub effect: Effect,
    /// The fields that changed.
    pub fields: Vec<FieldChange>,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Rows that are done, refused ones too.
    pub rows: u64,
    /// Bytes that were read.
    pub bytes: u64,
}

/// What came of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ImportReport {
    /// All rows that were read.
    pub rows: u64,
    /// Records that were created.
    pub created: u64,
    /// Records that changed, or were reactivated.
    pub updated: u64,
    /// Records that were so already.
    pub unchanged: u64,
    /// Rows that the mode leaves alone.
    pub skipped: u64,
    /// Rows that were not taken.
    pub refused: u64,
    /// It was stopped before the end.
    pub stopped: bool,
}

/// Why an import did not begin, or did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// No field has this name.
    #[error(transparent)]
    NoField(#[from] NoField),
    /// There is no key, or one that cannot be one.
    #[error("{0}")]
    Key(String),
    /// The header, or the form of the file.
    #[error("line {line}: {reason}")]
    Form {
        /// The line.
        line: u64,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The cause is too long, or names a step: an import is many steps.
    #[error("the cause of an import is short, and names no step of a run")]
    Cause,
    /// The file could not be read on. What came before is done.
    #[error("the file could not be read after {} rows: {error}; what was read is imported", done.rows)]
    Read {
        /// What is done.
        done: ImportReport,
        /// Why.
        error: io::Error,
    },
    /// The records could not be written. The batches before are done.
    #[error("the import ended after {} rows: {error}; import the file again", done.rows)]
    Store {
        /// What is done.
        done: ImportReport,
        /// Why.
        error: StoreError,
    },
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Store { done: ImportReport::default(), error }
    }
}

impl From<OpenError> for ImportError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Form { line, reason } => Self::Form { line, reason },
            OpenError::Read(error) => Self::Read { done: ImportReport::default(), error },
        }
    }
}

impl From<Taken> for ImportError {
    fn from(taken: Taken) -> Self {
        Self::Form { line: 1, reason: taken.to_string() }
    }
}
