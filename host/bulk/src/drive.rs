//! The course of a bulk run: rows go in, results come out.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::{Again, Before, Concurrency, Ledger, MOST, Next, Tally, Told};

/// So many rows are read ahead.
const AHEAD: usize = 128;
/// So many rows are noted as begun before they have a place: the disk is waited for by several at once.
const DOOR: usize = 16;
/// So many results wait at most for one before them, and about so many bytes of them.
const WINDOW: usize = 4_096;
const WINDOW_BYTES: usize = 32 << 20;
/// How often is told how far it is.
const TICK: Duration = Duration::from_millis(200);
/// How long a run that is stopped waits for a reader who does not read.
const PATIENCE: Duration = Duration::from_secs(5);

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
    /// Where that went.
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
    /// Runs a row.
    async fn run(&self, row: &Row, inputs: &Map<String, Value>, turn: Turn) -> Ended;
    /// The result of a row that is not run.
    fn not_run(&self, row: &Row, kind: Kind, why: &str) -> Ended;
    /// The result of a row that ended before, from what was noted of it.
    fn before(&self, row: &Row, kind: Kind, text: String) -> Ended;
}

/// Takes results, on a thread of its own.
pub trait Sink: Send + 'static {
    /// One row's result.
    ///
    /// # Errors
    /// Nobody takes any more: the run stops.
    fn result(&mut self, row: &Row, ended: &Ended) -> io::Result<()>;
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

/// A row on its way, and what becomes of it.
enum Way {
    /// It is not run.
    Not(Ended, bool),
    Run(Turn),
}

/// A row that has ended.
struct Done {
    /// Its place in the order.
    at: u64,
    row: Row,
    /// None if it was not run after all, because the run was stopped.
    ended: Option<Ended>,
    before: bool,
    /// What keeps the run from going on.
    broken: Option<String>,
}

/// Runs rows until there are none, or it is stopped.
///
/// `watch` is told a few times a second how far it is.
pub async fn drive<S: Sink>(
    rows: impl Iterator<Item = Result<Row, String>> + Send + 'static,
    runs: Arc<dyn Runs>,
    drive: Drive,
    sink: S,
    watch: &mut (dyn FnMut(&Tally) + Send),
) -> Summary {
    let begun = Instant::now();
    let (given, mut coming) = mpsc::channel(AHEAD);
    // A thread that is left alone: a terminal that says nothing more would hold up the end of the run.
    std::thread::spawn(move || {
        for row in rows {
            let last = row.is_err();
            if given.blocking_send(row).is_err() || last {
                return;
            }
        }
    });
    let mut printing = Printing::new(sink);
    let (limit, order) = (drive.limit.unwrap_or(u64::MAX), drive.order);
    let halt = drive.stop.child_token();
    let shared = Arc::new(Shared { runs, drive, door: Semaphore::new(DOOR), halt: halt.clone() });
    let mut course = Course { running: JoinSet::new(), waiting: VecDeque::new(), first: 0, next: 0, bytes: 0 };
    let mut summary = Summary::default();
    let (mut ended, mut run) = (false, 0);
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let stopping = summary.stopped.is_some();
        if stopping {
            halt.cancel();
        }
        let room = course.running.len() < MOST + DOOR && course.waiting.len() < WINDOW && course.bytes < WINDOW_BYTES;
        let wants = !ended && !stopping && room && run < limit;
        if course.running.is_empty() && (ended || stopping || run >= limit) {
            break;
        }
        tokio::select! {
            biased;
            Some(done) = course.running.join_next(), if !course.running.is_empty() => {
                match done {
                    Ok(done) => {
                        if let Some(why) = done.broken.clone().or_else(|| shared.fatal(&done)) {
                            summary.stopped.get_or_insert(why);
                        }
                        run -= u64::from(done.before || done.ended.is_none());
                        if let Some(ended) = &done.ended {
                            summary.tally.add(ended, done.before);
                        }
                        for (row, ended) in course.order(order, done) {
                            if let Err(why) = printing.put(row, ended, &shared.drive.stop).await {
                                summary.stopped.get_or_insert(why);
                            }
                        }
                    }
                    Err(error) => _ = summary.stopped.get_or_insert(format!("a row broke down: {error}")),
                }
            }
            row = coming.recv(), if wants => match row {
                None => ended = true,
                Some(Err(why)) => _ = summary.stopped.get_or_insert(why),
                Some(Ok(row)) => {
                    run += 1;
                    let at = course.expect(order);
                    let shared = shared.clone();
                    course.running.spawn(async move { shared.row(at, row).await });
                }
            },
            () = shared.drive.stop.cancelled(), if !stopping => {
                summary.stopped = Some("it was stopped".to_owned());
            }
            _ = tick.tick() => watch(&summary.tally),
        }
    }
    drop(coming);
    if let Err(why) = printing.end(&shared.drive.stop).await {
        summary.stopped.get_or_insert(why);
    }
    watch(&summary.tally);
    if let Some(ledger) = Arc::into_inner(shared).and_then(|shared| shared.drive.ledger) {
        // Its last lines are written by then.
        let _ = tokio::task::spawn_blocking(move || ledger.close()).await;
    }
    summary.took = begun.elapsed();
    summary
}

/// What all rows share.
struct Shared {
    runs: Arc<dyn Runs>,
    drive: Drive,
    door: Semaphore,
    /// No further row is begun.
    halt: CancellationToken,
}

impl Shared {
    /// Why nothing more is begun after this row.
    fn fatal(&self, done: &Done) -> Option<String> {
        let ended = done.ended.as_ref().filter(|_| self.drive.on_error == OnError::Stop && !done.before)?;
        (!ended.kind.well()).then(|| format!("{} did not end well, and --on-error stop was said", done.row.which()))
    }

    async fn row(&self, at: u64, row: Row) -> Done {
        let done = |row, ended, before| Done { at, row, ended: Some(ended), before, broken: None };
        // It is never closed. Rows that are wrong wait for their turn too: what stands before them comes before them.
        let door = self.door.acquire().await.ok();
        if self.halt.is_cancelled() {
            return Done { at, row, ended: None, before: false, broken: None };
        }
        let inputs = match &row.inputs {
            Ok(inputs) => inputs.clone(),
            Err(why) => {
                let ended = self.runs.not_run(&row, Kind::Invalid, why);
                return done(row, ended, false);
            }
        };
        let digest = Ledger::digest(&inputs);
        let turn = match self.way(&row, digest) {
            Ok(Way::Run(turn)) => turn,
            Ok(Way::Not(ended, before)) => return done(row, ended, before),
            Err(why) => return Done { at, row, ended: None, before: false, broken: Some(why) },
        };
        match self.run(door, &row, &inputs, digest, turn).await {
            Ok(ended) => Done { at, row, ended, before: false, broken: None },
            Err((ended, why)) => Done { at, row, ended, before: false, broken: Some(why) },
        }
    }

    /// What becomes of a row, by what is known of it from before.
    fn way(&self, row: &Row, digest: u64) -> Result<Way, String> {
        let Some(ledger) = &self.drive.ledger else { return Ok(Way::Run(Turn::First)) };
        let before = ledger.look(row.number, digest).map_err(|error| error.to_string())?;
        let again = Again { unknown: self.drive.retry_unknown, failed: self.drive.retry_failed };
        Ok(match (again.next(&before, self.runs.looks()), before) {
            (Next::Run(turn), _) => Way::Run(turn),
            (Next::Told(_), Before::Ended(kind, text)) => Way::Not(self.runs.before(row, kind, text), true),
            (Next::Told(_) | Next::Unknown, _) => {
                let why = "it may have been sent before; look at the vendor, and run it again by --retry-unknown if it is not there";
                Way::Not(self.runs.not_run(row, Kind::Unknown, why), true)
            }
            (Next::Changed, _) => return Err(row.changed()),
        })
    }

    /// Runs a row; none if the run was stopped before it had a place.
    async fn run(
        &self,
        door: Option<SemaphorePermit<'_>>,
        row: &Row,
        inputs: &Map<String, Value>,
        digest: u64,
        turn: Turn,
    ) -> Result<Option<Ended>, (Option<Ended>, String)> {
        let drive = &self.drive;
        let ledger = drive.ledger.as_ref().filter(|_| self.runs.writes());
        if let Some(ledger) = ledger {
            ledger.begin(row.number, digest).await.map_err(|why| (None, why))?;
        }
        let place = drive.concurrency.place().await;
        drop(door);
        if self.halt.is_cancelled() {
            // What was in doubt before is in doubt still.
            if let Some(ledger) = ledger.filter(|_| turn == Turn::First) {
                ledger.drop_row(row.number, digest).map_err(|why| (None, why))?;
            }
            return Ok(None);
        }
        let ended = self.runs.run(row, inputs, turn).await;
        place.ended(ended.busy);
        if let Some(ledger) = &drive.ledger {
            let told = Told { row: row.number, digest, kind: ended.kind, result: &ended.text };
            if let Err(why) = ledger.end(told) {
                return Err((Some(ended), why));
            }
        }
        Ok(Some(ended))
    }
}

/// Rows under way, and results that wait for one before them.
struct Course {
    running: JoinSet<Done>,
    /// By place, from `first` on: none is under way, `Some(None)` is nothing to tell.
    waiting: VecDeque<Option<Option<(Row, Ended)>>>,
    first: u64,
    next: u64,
    bytes: usize,
}

impl Course {
    /// A row is begun; its place.
    fn expect(&mut self, order: Order) -> u64 {
        if order == Order::Input {
            self.waiting.push_back(None);
        }
        self.next += 1;
        self.next - 1
    }

    /// The results that can be told now.
    fn order(&mut self, order: Order, done: Done) -> Vec<(Row, Ended)> {
        let at = usize::try_from(done.at.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let result = done.ended.map(|ended| (done.row, ended));
        if order == Order::Ended {
            return result.into_iter().collect();
        }
        self.bytes += result.as_ref().map_or(0, |(_, ended)| ended.text.len());
        if let Some(place) = self.waiting.get_mut(at) {
            *place = Some(result);
        }
        let mut told = Vec::new();
        while let Some(Some(_)) = self.waiting.front() {
            let result = self.waiting.pop_front().flatten().flatten();
            self.first += 1;
            if let Some((row, ended)) = result {
                self.bytes -= ended.text.len();
                told.push((row, ended));
            }
        }
        told
    }
}

/// Prints results on a thread of its own: a reader who is slow makes the run slow, and nothing else.
struct Printing {
    results: Option<mpsc::Sender<(Row, Ended)>>,
    ended: oneshot::Receiver<io::Result<()>>,
}

const UNREAD: &str = "nobody reads the results any more";

impl Printing {
    fn new(mut sink: impl Sink) -> Self {
        let (results, mut coming) = mpsc::channel::<(Row, Ended)>(AHEAD);
        let (tell, ended) = oneshot::channel();
        std::thread::spawn(move || {
            let mut printed = Ok(());
            while let (Ok(()), Some((row, ended))) = (&printed, coming.blocking_recv()) {
                printed = sink.result(&row, &ended);
            }
            drop(sink);
            let _ = tell.send(printed);
        });
        Self { results: Some(results), ended }
    }

    async fn put(&mut self, row: Row, ended: Ended, stop: &CancellationToken) -> Result<(), String> {
        let Some(results) = &self.results else { return Err(UNREAD.to_owned()) };
        let sent = tokio::select! {
            sent = results.send((row, ended)) => sent.is_ok(),
            () = patience(stop) => false,
        };
        if !sent {
            self.results = None;
        }
        if sent { Ok(()) } else { Err(UNREAD.to_owned()) }
    }

    async fn end(self, stop: &CancellationToken) -> Result<(), String> {
        drop(self.results);
        tokio::select! {
            printed = self.ended => match printed {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(format!("{UNREAD}: {error}")),
                Err(error) => Err(error.to_string()),
            },
            () = patience(stop) => Err(UNREAD.to_owned()),
        }
    }
}

/// Returns a while after the run was stopped.
async fn patience(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(PATIENCE).await;
}
