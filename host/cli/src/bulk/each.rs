//! One row's run: the preset with the row's inputs, and its result as a line.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use presetter_bulk::{Ended, Gate, Kind, Pace, Pass, Row, Runs, Turn};
use presetter_runtime::{CancellationToken, Invocation, Kind as Outcome, Report, RunObserver, Sending, Verdict};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::packing::Packing;
use crate::advice::{self, Ran};
use crate::console::harmless_json;
use crate::output;
use crate::prepare::Prepared;
use crate::world::World;

/// Runs rows through a preset.
pub(crate) struct Each {
    pub(crate) world: World,
    pub(crate) prepared: Arc<Prepared>,
    pub(crate) packing: Arc<Packing>,
    pub(crate) pace: Arc<Pace>,
    pub(crate) look: Look,
    /// The settings that the preset's requests rest on.
    pub(crate) settings: BTreeSet<String>,
    /// How many requests were sent.
    pub(crate) requests: AtomicU64,
}

/// When the preset's probe looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Only at rows of which nobody knows whether they were sent.
    InDoubt,
    /// Before each write: what is there is not written.
    Before,
    /// Before and after each write.
    Confirm,
}

/// Hears what one row's run tells.
struct Listening {
    pace: Arc<Pace>,
    gate: Gate,
    /// While a request is on its way.
    pass: Mutex<Option<Pass>>,
    busy: AtomicBool,
}

impl Listening {
    fn pass(&self) -> MutexGuard<'_, Option<Pass>> {
        self.pass.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl RunObserver for Listening {
    async fn before_send(&self, _: &Sending<'_>) -> Verdict {
        // Of a request that was broken off nobody has heard any more.
        self.pass().take();
        let pass = self.gate.enter().await;
        *self.pass() = Some(pass);
        self.pace.turn().await;
        Verdict::Proceed
    }

    fn answered(&self, answer: Result<u16, &'static str>, _: Duration) {
        // 503 and no answer at all are signs of too much, as 429 is.
        if matches!(answer, Ok(429 | 503) | Err("unanswered")) {
            self.busy.store(true, Ordering::Relaxed);
        }
    }

    async fn going_on(&self) {
        self.pass().take();
        self.gate.line_up().await;
    }

    fn waiting(&self, _: u16, wait: Duration) {
        // The server speaks to all who come through this connection.
        self.pace.hold(wait);
        self.busy.store(true, Ordering::Relaxed);
    }
}

impl Each {
    fn listening(&self, gate: &Gate) -> Listening {
        let (pace, gate) = (self.pace.clone(), gate.clone());
        Listening { pace, gate, pass: Mutex::default(), busy: AtomicBool::new(false) }
    }

    /// The row's result, as it is told.
    fn line(&self, result: &impl Serialize) -> String {
        self.world.console.redactor().json(result, harmless_json)
    }

    fn ended(&self, row: &Row, inputs: &Map<String, Value>, report: Report, busy: bool) -> Ended {
        let mut report = report;
        self.requests.fetch_add(report.requests.into(), Ordering::Relaxed);
        let manifest = &self.prepared.chosen.preset.manifest;
        let connection = &self.prepared.connection.name;
        let ran = Ran { writes: manifest.effect.writes(), connection, settings: &self.settings };
        advice::add(&mut report, ran);
        let (mapped, unmapped) = self.prepared.mappings.fill(&report, inputs);
        let kind = match report.outcome.kind {
            Outcome::Ok if report.there => Kind::Skipped,
            Outcome::Ok => Kind::Ok,
            Outcome::NotFound => Kind::NotFound,
            Outcome::Failed => Kind::Failed,
            Outcome::Unknown => Kind::Unknown,
        };
        let message = match unmapped.filter(|_| matches!(kind, Kind::Ok | Kind::Skipped)) {
            Some(failure) => failure.in_line(),
            None => output::message(&report),
        };
        let class = match kind {
            Kind::Failed | Kind::Unknown => report.outcome.class.clone(),
            _ => String::new(),
        };
        let text = self.line(&Line {
            of: row.into(),
            outcome: kind.name(),
            outputs: &report.outputs,
            mapped: &mapped,
            class: &class,
            message: &message,
            hint: report.outcome.hint.as_deref().unwrap_or_default(),
            evidence: &report.outcome.evidence,
            response_status: report.response_status,
            requests: report.requests,
            duration_ms: output::milliseconds(report.duration),
        });
        Ended { kind, class, message, text, took: report.duration, phases: report.phases, busy }
    }
}

/// The result of a row that was run, as its line has it.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    of: Of<'a>,
    outcome: &'static str,
    outputs: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    mapped: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "str::is_empty")]
    class: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    hint: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    evidence: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_status: Option<u16>,
    requests: u32,
    duration_ms: f64,
}

/// What a line says of the row itself.
#[derive(Serialize)]
#[serde(untagged)]
enum Of<'a> {
    Record { record: &'a str },
    Row { row: u64, line: u64 },
}

impl<'a> From<&'a Row> for Of<'a> {
    fn from(row: &'a Row) -> Self {
        match &row.name {
            Some(record) => Self::Record { record },
            None => Self::Row { row: row.number, line: row.line },
        }
    }
}

/// The same as a value.
pub(super) fn of_row(row: &Row) -> Value {
    serde_json::to_value(Of::from(row)).unwrap_or_default()
}

/// A row with more that is said of it.
fn with(row: &Row, mut more: Value) -> Value {
    let mut object = of_row(row);
    if let (Some(object), Some(more)) = (object.as_object_mut(), more.as_object_mut()) {
        object.append(more);
    }
    object
}

#[async_trait]
impl Runs for Each {
    fn writes(&self) -> bool {
        self.prepared.writes()
    }

    fn looks(&self) -> bool {
        self.prepared.chosen.preset.manifest.probe.is_some()
    }

    async fn run(&self, row: &Row, inputs: &Map<String, Value>, turn: Turn, gate: &Gate) -> Ended {
        let listening = Arc::new(self.listening(gate));
        // Rows under way come to their end when the run is stopped: their token is never cancelled.
        let cancel = CancellationToken::new();
        let runner = self.packing.runner();
        let observer: Arc<dyn RunObserver> = listening.clone();
        let own = || Invocation { inputs: inputs.clone(), observer: observer.clone(), cancel: cancel.clone() };
        let report = match (turn, self.look) {
            (Turn::First, Look::InDoubt) => runner.run_with(inputs, &observer, &cancel).await,
            (_, Look::Confirm) => runner.run_confirmed(&own()).await,
            _ => runner.run_unless_there(&own()).await,
        };
        let busy = listening.busy.load(Ordering::Relaxed);
        self.ended(row, inputs, report, busy)
    }

    fn most(&self) -> usize {
        // A look is for one row.
        if self.look == Look::InDoubt { self.prepared.chosen.preset.manifest.most() } else { 1 }
    }

    fn key(&self, inputs: &Map<String, Value>) -> Option<String> {
        self.prepared.chosen.preset.manifest.batch.as_ref()?.key.as_ref()?.of(inputs)
    }

    async fn run_together(&self, rows: &[(&Row, &Map<String, Value>)], gate: &Gate) -> Vec<Ended> {
        let listening = Arc::new(self.listening(gate));
        let inputs: Vec<Map<String, Value>> = rows.iter().map(|(_, inputs)| (*inputs).clone()).collect();
        let observer: Arc<dyn RunObserver> = listening.clone();
        let reports = self.packing.runner().run_together(&inputs, &observer, &CancellationToken::new()).await;
        let busy = listening.busy.load(Ordering::Relaxed);
        rows.iter().zip(reports).map(|((row, inputs), report)| self.ended(row, inputs, report, busy)).collect()
    }

    fn not_run(&self, row: &Row, kind: Kind, why: &str) -> Ended {
        let class = if kind == Kind::Invalid { "input" } else { "" };
        let mut more = json!({ "outcome": kind.name(), "message": why });
        if !class.is_empty() {
            more["class"] = class.into();
        }
        let text = self.line(&with(row, more));
        let (class, message) = (class.to_owned(), why.to_owned());
        Ended { kind, class, message, text, took: Duration::ZERO, phases: Vec::new(), busy: false }
    }

    fn before(&self, row: &Row, kind: Kind, text: String) -> Ended {
        let mut known: Value = serde_json::from_str(&text).unwrap_or_default();
        let of = |name: &str| known[name].as_str().unwrap_or_default().to_owned();
        let (class, message) = (of("class"), of("message"));
        known["resumed"] = true.into();
        let text = self.line(&with(row, known));
        Ended { kind, class, message, text, took: Duration::ZERO, phases: Vec::new(), busy: false }
    }
}
