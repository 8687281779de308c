//! A bulk run as others see it: rows go in, results come out.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::driver::Driver;
use crate::{Concurrency, Gate, Ledger, Tally};

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its number, by which it is known again: that of the row, the first is 1, or that of a record.
    pub number: u64,
    /// The line on which it begins, counted from 1; 0 if it stands in no file.
    pub line: u64,
    /// What it is called otherwise: a record's id.
    pub name: Option<String>,
    /// The inputs; or why they are none.
    pub inputs: Result<Map<String, Value>, String>,
}

impl Row {
    /// For people: `row 3 (line 4)`, or a record's id.
    #[must_use]
    pub fn which(&self) -> String {
        match &self.name {
            Some(record) => record.clone(),
            None => format!("row {} (line {})", self.number, self.line),
        }
    }

    /// Why a run cannot go on with it: it is not the row that it began with.
    #[must_use]
    pub fn changed(&self) -> String {
        format!("{} was run before with other values; a run goes on with the rows that it began with", self.which())
    }
}

/// How a row ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What was asked for is so.
    Ok,
    /// It was so already, and nothing was sent.
    Skipped,
    /// There is proof that the thing does not exist.
    NotFound,
    /// The row is wrong, and was not sent.
    Invalid,
    /// Everything else.
    Failed,
    /// It was sent, or may have been, and no answer was seen.
    Unknown,
}

impl Kind {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::NotFound => "not_found",
            Self::Invalid => "invalid",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// What was asked for is so.
    #[must_use]
    pub fn well(self) -> bool {
        matches!(self, Self::Ok | Self::Skipped)
    }

    /// Nothing came of it: with other values, or by a person's word, it may be run again.
    #[must_use]
    pub fn came_to_nothing(self) -> bool {
        matches!(self, Self::Failed | Self::NotFound | Self::Invalid)
    }
}

/// What came of a row.
#[derive(Debug, Clone)]
pub struct Ended {
    /// How it ended.
    pub kind: Kind,
    /// Why it failed.
    pub class: String,
    /// One sentence for a person.
    pub message: String,
    /// The whole result, as a JSON object.
    pub text: String,
    /// From start to end.
    pub took: Duration,
    /// Where that went; a sink is not told.
    pub phases: Vec<(&'static str, Duration)>,
    /// The server said that it is too much, or gave no answer.
    pub busy: bool,
}

/// What is known of a row that is to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It was not sent before.
    First,
    /// It may have been sent before: look whether it took place.
    Doubt,
}

/// Runs rows.
#[async_trait]
pub trait Runs: Send + Sync + 'static {
    /// Whether a row may change something.
    fn writes(&self) -> bool;
    /// Whether it can look whether a row took place.
    fn looks(&self) -> bool;
    /// Runs a row. More rows are run at once than may send: each of its requests goes through the gate. Nothing if it did nothing, since
    /// no further row was to begin while it waited: it is as if it had not been begun.
    async fn run(&self, row: &Row, inputs: &Map<String, Value>, turn: Turn, gate: &Gate) -> Option<Ended>;
    /// Why no further row is to begin: the server lets none through.
    fn over(&self) -> Option<String> {
        None
    }
    /// No further row is to begin: whoever only waits, and has done nothing yet, need not any more.
    fn stop(&self) {}
    /// How many rows go together at most.
    fn most(&self) -> usize {
        1
    }
    /// What rows that go together have each its own of.
    fn key(&self, _inputs: &Map<String, Value>) -> Option<String> {
        None
    }
    /// Runs rows together, none of which was sent before; a result for each, in their order. Nothing as [`Runs::run`] has it.
    async fn run_together(&self, rows: &[(&Row, &Map<String, Value>)], gate: &Gate) -> Option<Vec<Ended>>;
    /// The result of a row that is not run.
    fn not_run(&self, row: &Row, kind: Kind, why: &str) -> Ended;
    /// The result of a row that ended before, from what was noted of it.
    fn before(&self, row: &Row, kind: Kind, text: String) -> Ended;
}

/// Takes results, on a thread of its own.
pub trait Sink: Send + 'static {
    /// Results that are there together, in their order. The rows have no inputs any more.
    ///
    /// # Errors
    /// Nobody takes any more: the run stops.
    fn results(&mut self, results: &[(Row, Ended)]) -> io::Result<()>;
}

/// What comes of the rest when a row fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// It goes on.
    #[default]
    Continue,
    /// No further row is begun.
    Stop,
}

/// The order of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// That of the rows.
    #[default]
    Input,
    /// As they come.
    Ended,
}

/// How rows are run.
#[derive(Debug)]
pub struct Drive {
    /// How many at once.
    pub concurrency: Concurrency,
    /// What comes of the rest when a row fails.
    pub on_error: OnError,
    /// The order of results.
    pub order: Order,
    /// At most so many rows are run; those that ended before do not count.
    pub limit: Option<u64>,
    /// Rows that may have been sent are sent again without a look.
    pub retry_unknown: bool,
    /// Rows that failed before are run again.
    pub retry_failed: bool,
    /// What is known of rows from before, and where it is noted.
    pub ledger: Option<Ledger>,
    /// Ends the run: rows under way are brought to their end.
    pub stop: CancellationToken,
    /// On so many threads of their own; with none, rows run on the runtime of the caller.
    pub threads: usize,
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Summary {
    /// The numbers.
    pub tally: Tally,
    /// Why it ended before the last row, if it did.
    pub stopped: Option<String>,
    /// How long it took.
    pub took: Duration,
}

/// Runs rows until there are none, or it is stopped.
///
/// `watch` is told a few times a second how far it is.
pub async fn drive<S: Sink>(
    rows: impl Iterator<Item = Result<Row, String>> + Send + 'static,
    runs: Arc<dyn Runs>,
    drive: Drive,
    sink: S,
    watch: impl FnMut(&Tally) + Send,
) -> Summary {
    Driver::new(rows, runs, drive, sink).run(watch).await
}
