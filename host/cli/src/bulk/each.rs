//! One row's run: the preset with the row's inputs, and its result as a line.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use presetter_bulk::{Ended, Gate, Kind, Pace, Pass, Refusals, Row, Runs, Turn};
use presetter_runtime::{
    Asked, CancellationToken, Invocation, Kind as Outcome, Patience, Report, RunObserver, Sending, Verdict,
};
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
    /// Who only waits, and has done nothing yet, does so until then.
    pub(crate) stop: CancellationToken,
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
    stop: CancellationToken,
    /// While a request is on its way, or is to come again.
    pass: Mutex<Option<Pass>>,
    refusals: Mutex<Refusals>,
    /// The request comes again.
    again: AtomicBool,
    /// A write may be on its way, or was broken off there.
    open: AtomicBool,
    /// A write was answered otherwise than by a refusal, or never.
    done: AtomicBool,
    /// It waited, and does not any more.
    gave_up: AtomicBool,
    busy: AtomicBool,
}

impl Listening {
    fn pass(&self) -> MutexGuard<'_, Option<Pass>> {
        self.pass.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a request may go.
    async fn turn(&self) {
        // What comes again keeps its place: it does not go behind those who have sent nothing yet.
        if !self.again.swap(false, Ordering::Relaxed) {
            // That of a request that was broken off.
            self.pass().take();
            let pass = self.gate.enter().await;
            *self.pass() = Some(pass);
        }
        self.pace.turn().await;
    }

    /// Nothing was changed for the row, nor can it be now.
    fn nothing_done(&self) -> bool {
        !self.done.load(Ordering::Relaxed) && !self.open.load(Ordering::Relaxed)
    }

    /// The row did nothing, and waits no longer: it is as if it had not begun.
    fn did_nothing(&self) -> bool {
        self.gave_up.load(Ordering::Relaxed) && self.nothing_done()
    }
}

#[async_trait]
impl RunObserver for Listening {
    async fn before_send(&self, sending: &Sending<'_>) -> Verdict {
        // Of a request that was broken off nobody has heard any more.
        self.done.fetch_or(self.open.load(Ordering::Relaxed), Ordering::Relaxed);
        // A row that has done a part comes to its end.
        let may_stop = self.nothing_done();
        tokio::select! {
            biased;
            () = self.turn() => {
                self.open.store(sending.writes(), Ordering::Relaxed);
                Verdict::Proceed
            }
            () = self.stop.cancelled(), if may_stop => {
                self.gave_up.store(true, Ordering::Relaxed);
                Verdict::Veto
            }
        }
    }

    fn answered(&self, answer: Result<u16, &'static str>, _: Duration) {
        // 503 and no answer at all are signs of too much, as 429 is.
        if matches!(answer, Ok(429 | 503) | Err("unanswered")) {
            self.busy.store(true, Ordering::Relaxed);
        } else if answer.is_ok() {
            self.pace.came_through();
        }
        // Only a 429 says that nothing was done.
        if self.open.swap(false, Ordering::Relaxed) && answer != Ok(429) {
            self.done.store(true, Ordering::Relaxed);
        }
    }

    fn patience(&self, asked: &Asked) -> Patience {
        // The server speaks to all who come through this connection.
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let again = !self.stop.is_cancelled() && self.pace.refused(&mut refusals, asked.wait);
        if self.pace.over().is_some() {
            self.stop.cancel();
        }
        self.again.store(again, Ordering::Relaxed);
        self.gave_up.store(!again && self.stop.is_cancelled(), Ordering::Relaxed);
        if again { Patience::Observer } else { Patience::None }
    }

    async fn going_on(&self) {
        if !self.again.load(Ordering::Relaxed) {
            self.pass().take();
            self.gate.line_up().await;
        }
    }
}

impl Each {
    fn listening(&self, gate: &Gate) -> Listening {
        let (pace, gate) = (self.pace.clone(), gate.clone());
        Listening {
            pace,
            gate,
            stop: self.stop.clone(),
            pass: Mutex::default(),
            refusals: Mutex::default(),
            again: AtomicBool::new(false),
            open: AtomicBool::new(false),
            done: AtomicBool::new(false),
            gave_up: AtomicBool::new(false),
            busy: AtomicBool::new(false),
        }
    }

    /// The row's result, as it is told.
    fn line(&self, result: &impl Serialize) -> String {
        self.world.console.redactor().json(result, harmless_json)
    }

    fn ended(&self, row: &Row, inputs: &Map<String, Value>, report: Report, busy: bool) -> Ended {
        let mut report = report;
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

    async fn run(&self, row: &Row, inputs: &Map<String, Value>, turn: Turn, gate: &Gate) -> Option<Ended> {
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
        self.requests.fetch_add(report.requests.into(), Ordering::Relaxed);
        let busy = listening.busy.load(Ordering::Relaxed);
        (!listening.did_nothing()).then(|| self.ended(row, inputs, report, busy))
    }

    fn over(&self) -> Option<String> {
        self.pace.over().map(str::to_owned)
    }

    fn stop(&self) {
        self.stop.cancel();
    }

    fn most(&self) -> usize {
        // A look is for one row.
        if self.look == Look::InDoubt { self.prepared.chosen.preset.manifest.most() } else { 1 }
    }

    fn key(&self, inputs: &Map<String, Value>) -> Option<String> {
        self.prepared.chosen.preset.manifest.batch.as_ref()?.key.as_ref()?.of(inputs)
    }

    async fn run_together(&self, rows: &[(&Row, &Map<String, Value>)], gate: &Gate) -> Option<Vec<Ended>> {
        let listening = Arc::new(self.listening(gate));
        let inputs: Vec<Map<String, Value>> = rows.iter().map(|(_, inputs)| (*inputs).clone()).collect();
        let observer: Arc<dyn RunObserver> = listening.clone();
        let reports = self.packing.runner().run_together(&inputs, &observer, &CancellationToken::new()).await;
        self.requests.fetch_add(reports.iter().map(|report| u64::from(report.requests)).sum(), Ordering::Relaxed);
        if listening.did_nothing() {
            return None;
        }
        let busy = listening.busy.load(Ordering::Relaxed);
        Some(rows.iter().zip(reports).map(|((row, inputs), report)| self.ended(row, inputs, report, busy)).collect())
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
