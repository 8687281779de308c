//! Why a record was changed.
//!
//! Owns: the kinds of causes, and what each tells. Never: a change without one.
//!
//! Invariants: a cause that names a step of a run is recorded once; its detail is at most [`DETAIL`] bytes of JSON.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{StoreError, stored};

/// The largest detail, in bytes of JSON.
pub const DETAIL: usize = 64 * 1024;

/// What kind of cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// A file was imported.
    Import,
    /// A person changed it by the command line.
    Person,
    /// A vendor's list was brought in.
    Sync,
    /// A step of a workflow's run.
    Workflow,
    /// A field was declared anew, and its values converted.
    Fields,
}

impl CauseKind {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Person => "person",
            Self::Sync => "sync",
            Self::Workflow => "workflow",
            Self::Fields => "fields",
        }
    }

    pub(crate) fn from_name(name: &str) -> Result<Self, StoreError> {
        [Self::Import, Self::Person, Self::Sync, Self::Workflow, Self::Fields]
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| StoreError::Contents(format!("a cause of the kind {name:?}")))
    }
}

/// A step of a run: what was done by it is done once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RunStep {
    /// The run's id.
    pub run: String,
    /// The step's number in it.
    pub step: u32,
}

/// What a workflow says of a change that it makes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WorkflowStep {
    /// The workflow's name.
    pub workflow: String,
    /// The digest of the workflow as it ran.
    pub digest: String,
    /// Who activated it.
    pub activated_by: String,
    /// Who approved this run, if somebody had to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// The rule that the record matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What proves it: the vendor's code, a complete scan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// The receipt that tells of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
}

/// Why a record was changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// What kind of cause.
    pub kind: CauseKind,
    /// Who: a person, or the name of a sync or a workflow.
    pub by: String,
    /// The step of a run; the same one is done once.
    #[serde(default, flatten, skip_serializing_if = "Option::is_none")]
    pub step: Option<RunStep>,
    /// Whatever else is to be known.
    pub detail: serde_json::Value,
}

impl Cause {
    /// A file that a person imports.
    #[must_use]
    pub fn import(file: &str, person: &str) -> Self {
        Self { kind: CauseKind::Import, by: person.to_owned(), step: None, detail: json!({ "file": file }) }
    }

    /// A person, by the command line.
    #[must_use]
    pub fn person(person: &str) -> Self {
        Self { kind: CauseKind::Person, by: person.to_owned(), step: None, detail: json!({}) }
    }

    /// A vendor's list, by the name of the sync.
    #[must_use]
    pub fn sync(name: &str) -> Self {
        Self { kind: CauseKind::Sync, by: name.to_owned(), step: None, detail: json!({}) }
    }

    /// A step of a workflow's run.
    #[must_use]
    pub fn workflow(run: &str, step: u32, told: &WorkflowStep) -> Self {
        let step = Some(RunStep { run: run.to_owned(), step });
        // Texts alone: that cannot fail.
        let detail = serde_json::to_value(told).unwrap_or_default();
        Self { kind: CauseKind::Workflow, by: told.workflow.clone(), step, detail }
    }

    /// A person who declares fields.
    #[must_use]
    pub fn fields(person: &str) -> Self {
        Self { kind: CauseKind::Fields, by: person.to_owned(), step: None, detail: json!({}) }
    }

    /// This cause as a part of a run: the same step is done once.
    #[must_use]
    pub fn in_step(mut self, run: &str, step: u32) -> Self {
        self.step = Some(RunStep { run: run.to_owned(), step });
        self
    }

    /// Whether it is within bounds.
    pub(crate) fn bounded(&self) -> bool {
        let run = self.step.as_ref().map_or(0, |step| step.run.len());
        self.by.len() <= 255 && run <= 255 && self.detail.to_string().len() <= DETAIL
    }

    pub(crate) fn insert(&self, connection: &Connection, at: Timestamp) -> Result<i64, StoreError> {
        let (run, step) = self.step.as_ref().map(|step| (&step.run, step.step)).unzip();
        connection
            .prepare_cached("INSERT INTO causes (kind, by, at, run, step, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![self.kind.name(), self.by, at.as_microsecond(), run, step, self.detail.to_string()])?;
        Ok(connection.last_insert_rowid())
    }

    /// Of a row that has `kind`, `by`, `run`, `step`, `detail`.
    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Result<Self, StoreError>> {
        let (kind, by, detail): (String, _, String) = (row.get("kind")?, row.get("by")?, row.get("detail")?);
        let (run, step): (Option<String>, Option<u32>) = (row.get("run")?, row.get("step")?);
        let step = run.zip(step).map(|(run, step)| RunStep { run, step });
        Ok(CauseKind::from_name(&kind).and_then(|kind| Ok(Self { kind, by, step, detail: stored::read(&detail)? })))
    }
}

/// What a step that was done before has left: the number of its cause, and its results.
pub(crate) fn done(connection: &Connection, step: &RunStep) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT results FROM causes WHERE run = ?1 AND step = ?2")?;
    let found: Option<Option<String>> =
        statement.query_row(params![step.run, step.step], |row| row.get(0)).optional()?;
    Ok(found.map(|results| results.unwrap_or_else(|| "[]".to_owned())))
}
