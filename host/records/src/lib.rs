//! Records: what workflows act on. Users, SaaS users, and the software entries that these belong to.
//!
//! Owns: the fields and their types, the records and their states, the history of every change with its cause, rules that pick
//! records, and their way in from files and out to them.
//! Never: guesses a type; changes a record without history; reaches the network; reads or names a file besides its own.
//!
//! Invariants: a change and its history are written together or not at all; history is never changed; a step of a run is applied
//! once; an e-mail address is one active user's; whatever is read from a file is bounded, and so is what is held of it.
#![forbid(unsafe_code)]

mod cause;
mod change;
mod declare;
mod error;
mod export;
mod feed;
mod field;
mod filter;
mod fold;
mod history;
mod import;
mod kind;
mod list;
mod matcher;
mod neutral;
mod object;
mod reading;
mod record;
mod records;
mod schema;
mod stored;
mod unique;
mod value;
mod write;

pub use cause::{Cause, CauseKind, DETAIL, RunStep, WorkflowStep};
pub use change::{Action, Applied, ApplyError, CHANGES, Change, ChangeResult, Effect, Refusal};
pub use declare::{Declaration, DeclareError, Declared, FieldsFile, FieldsFileError, HELP, TITLE, Undeclared};
pub use error::StoreError;
pub use export::{ExportError, ExportOptions, Format};
pub use feed::{AdvanceError, Event};
pub use field::{FIELD_NAME, FIELDS, Field, Fields, NoField};
pub use filter::{DEPTH, Filter, NoRule, Operator, RULES, Rule};
pub use fold::fold;
pub use history::{FieldChange, FieldsEntry, HistoryEntry};
pub use import::{
    COLUMNS, ImportError, ImportEvent, ImportOptions, ImportReport, Mode, Progress, ROW, Refused, RowChange,
    WhenArchived,
};
pub use kind::{Kind, LONG_TEXT, Misfit, OPTIONS, SHORT_TEXT};
pub use list::Listing;
pub use matcher::{FilterError, Matcher};
pub use object::{NoId, Object, RecordId, State, UnknownObject};
pub use presetter_database::OpenError;
pub use record::Record;
pub use records::{Clock, Records};
pub use value::{ExactDecimal, Value};

/// Why nothing was looked for.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// No field has this name.
    #[error(transparent)]
    NoField(#[from] NoField),
    /// The file.
    #[error(transparent)]
    Store(#[from] StoreError),
}
