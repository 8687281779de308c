//! The course of a bulk run: rows go in, results come out.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::course::{Course, Done};
use crate::door::{Door, Pass};
use crate::group::{Group, Member};
use crate::printing::Printing;
use crate::{Again, Before, Concurrency, Ledger, Next, Tally, Told};

/// So many rows are read ahead.
const AHEAD: usize = 128;
/// So many ends of rows are told together.
const TOGETHER: usize = 64;
/// How often is told how far it is.
const TICK: Duration = Duration::from_millis(200);

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
    /// How many rows go together at most.
    fn most(&self) -> usize {
        1
    }
    /// What rows that go together have each its own of.
    fn key(&self, _inputs: &Map<String, Value>) -> Option<String> {
        None
    }
    /// Runs rows together, none of which was sent before; a result for each, in their order.
    async fn run_together(&self, rows: &[(&Row, &Map<String, Value>)]) -> Vec<Ended> {
        let mut ended = Vec::new();
        for (row, inputs) in rows {
            ended.push(self.run(row, inputs, Turn::First).await);
        }
        ended
    }
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

    /// No other result is there at the moment: what was taken is to be told now.
    ///
    /// # Errors
    /// As [`Sink::result`].
    fn pause(&mut self) -> io::Result<()> {
        Ok(())
    }
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
    /// It is not run: it ended before.
    Not(Ended),
    Run(Turn),
}

/// Runs rows until there are none, or it is stopped.
///
/// `watch` is told a few times a second how far it is.
pub async fn drive<S: Sink>(
    rows: impl Iterator<Item = Result<Row, String>> + Send + 'static,
    runs: Arc<dyn Runs>,
    drive: Drive,
    sink: S,
    mut watch: impl FnMut(&Tally) + Send,
) -> Summary {
    let begun = Instant::now();
    let (given, mut coming) = mpsc::channel(AHEAD);
    // A thread that is left alone: a terminal that says nothing more would hold up the end of the run.
    let handle = Handle::current();
    std::thread::spawn(move || read(rows, &given, &handle));
    let mut printing = Printing::new(sink);
    let (limit, order) = (drive.limit.unwrap_or(u64::MAX), drive.order);
    let halt = drive.stop.child_token();
    // As many as there are places wait before them, noted as begun: the disk is waited for by several at once, and no place waits for it.
    let mut door = Door::new(drive.concurrency.most());
    let shared = Arc::new(Shared { runs, drive, halt: halt.clone() });
    let mut course = Course::default();
    let mut group = Group::new(shared.runs.most());
    let mut summary = Summary::default();
    let (mut ended, mut run) = (false, 0);
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let stopping = summary.stopped.is_some();
        if stopping {
            halt.cancel();
        }
        let more = !ended && !stopping && run < limit;
        let window = course.has_room();
        // Rows wait for others to go with only while others may come.
        if !(more && window)
            && let Some(members) = group.take()
        {
            begin(&mut course, &shared, members, door.pass().await);
        }
        if course.running.is_empty() && !more {
            break;
        }
        let wants = more && window;
        let open = wants && door.is_open();
        tokio::select! {
            biased;
            Some(done) = course.running.join_next(), if !course.running.is_empty() => match done {
                Ok(all) => {
                    let mut all = all;
                    // Who prints is woken once for all that have ended by now.
                    while all.len() < TOGETHER && let Some(Ok(more)) = course.running.try_join_next() {
                        all.extend(more);
                    }
                    let mut told = Vec::new();
                    for done in all {
                        if let Some(why) = done.broken.clone().or_else(|| shared.fatal(&done)) {
                            summary.stopped.get_or_insert(why);
                        }
                        run -= u64::from(done.before || done.ended.is_none());
                        if let Some(ended) = &done.ended {
                            summary.tally.add(ended, done.before);
                        }
                        told.extend(course.order(order, done));
                    }
                    if let Err(why) = printing.put(told, &shared.drive.stop).await {
                        summary.stopped.get_or_insert(why);
                    }
                }
                Err(error) => _ = summary.stopped.get_or_insert(format!("a row broke down: {error}")),
            },
            () = door.opens(), if wants && !open => {}
            row = coming.recv(), if open => match row {
                None => ended = true,
                Some(Err(why)) => _ = summary.stopped.get_or_insert(why),
                Some(Ok(row)) => {
                    run += 1;
                    let at = course.expect(order);
                    match shared.look(at, row) {
                        Ok(member) if member.turn == Turn::Doubt => {
                            begin(&mut course, &shared, vec![member], door.pass().await);
                        }
                        Ok(member) => {
                            let key = shared.runs.key(&member.inputs);
                            for members in group.add(member, key) {
                                begin(&mut course, &shared, members, door.pass().await);
                            }
                        }
                        Err(done) => {
                            // If it stops the run, what stands before it comes before it, and nothing behind it.
                            if done.broken.is_some() || shared.fatal(&done).is_some() {
                                ended = true;
                                if let Some(members) = group.take() {
                                    begin(&mut course, &shared, members, door.pass().await);
                                }
                            }
                            let (shared, pass) = (shared.clone(), door.pass().await);
                            course.running.spawn(async move { vec![shared.aside(*done, pass)] });
                        }
                    }
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

/// Hands rows on as they are read. When there is no room, it waits until there is room for many, so as not to be woken for each.
fn read(rows: impl Iterator<Item = Result<Row, String>>, given: &mpsc::Sender<Result<Row, String>>, handle: &Handle) {
    let mut room = None;
    for row in rows {
        let last = row.is_err();
        let place = match room.as_mut().and_then(Iterator::next) {
            Some(place) => place,
            None => match handle.block_on(given.reserve_many(AHEAD / 2)) {
                Ok(more) => match room.insert(more).next() {
                    Some(place) => place,
                    None => return,
                },
                // Nobody takes any more.
                Err(_) => return,
            },
        };
        place.send(row);
        if last {
            return;
        }
    }
}

/// Begins rows that go together.
fn begin(course: &mut Course, shared: &Arc<Shared>, members: Vec<Member>, pass: Pass) {
    let shared = shared.clone();
    course.running.spawn(async move { shared.together(members, pass).await });
}

/// What all rows share.
struct Shared {
    runs: Arc<dyn Runs>,
    drive: Drive,
    /// No further row is begun.
    halt: CancellationToken,
}

impl Shared {
    /// Why nothing more is begun after this row.
    fn fatal(&self, done: &Done) -> Option<String> {
        let ended = done.ended.as_ref().filter(|_| self.drive.on_error == OnError::Stop && !done.before)?;
        (!ended.kind.well()).then(|| format!("{} did not end well, and --on-error stop was said", done.row.which()))
    }

    /// What is to be done for a row; or its end, if that is nothing.
    fn look(&self, at: u64, row: Row) -> Result<Member, Box<Done>> {
        let inputs = match &row.inputs {
            Ok(inputs) => inputs.clone(),
            Err(why) => {
                let ended = Some(self.runs.not_run(&row, Kind::Invalid, why));
                return Err(Box::new(Done { at, row, ended, before: false, broken: None }));
            }
        };
        let digest = Ledger::digest(&inputs);
        match self.way(&row, digest) {
            Ok(Way::Run(turn)) => Ok(Member { at, row, inputs, digest, turn }),
            Ok(Way::Not(ended)) => Err(Box::new(Done { at, row, ended: Some(ended), before: true, broken: None })),
            Err(why) => Err(Box::new(Done { at, row, ended: None, before: false, broken: Some(why) })),
        }
    }

    /// A row that is not run waits for its turn too: what stands before it comes before it.
    fn aside(&self, done: Done, _pass: Pass) -> Done {
        if self.halt.is_cancelled() {
            return Done { ended: None, before: false, broken: None, ..done };
        }
        done
    }

    /// What becomes of a row, by what is known of it from before.
    fn way(&self, row: &Row, digest: u64) -> Result<Way, String> {
        let Some(ledger) = &self.drive.ledger else { return Ok(Way::Run(Turn::First)) };
        let before = ledger.look(row.number, digest).map_err(|error| error.to_string())?;
        let again = Again { unknown: self.drive.retry_unknown, failed: self.drive.retry_failed };
        Ok(match (again.next(&before, self.runs.looks()), before) {
            (Next::Run(turn), _) => Way::Run(turn),
            (Next::Told(_), Before::Ended(kind, text)) => Way::Not(self.runs.before(row, kind, text)),
            (Next::Told(_) | Next::Unknown, _) => {
                let why = "it may have been sent before; look at the vendor, and run it again by --retry-unknown if it is not there";
                Way::Not(self.runs.not_run(row, Kind::Unknown, why))
            }
            (Next::Changed, _) => return Err(row.changed()),
        })
    }

    /// Runs rows that go together.
    async fn together(&self, members: Vec<Member>, pass: Pass) -> Vec<Done> {
        let (ended, broken) = self.send(&members, pass).await;
        let mut ended = ended.into_iter();
        let done =
            |Member { at, row, .. }| Done { at, row, ended: ended.next(), before: false, broken: broken.clone() };
        members.into_iter().map(done).collect()
    }

    /// How each ended, none if the run was stopped before they had a place; and what keeps the run from going on.
    async fn send(&self, members: &[Member], pass: Pass) -> (Vec<Ended>, Option<String>) {
        let drive = &self.drive;
        let not_run = |broken| (Vec::new(), broken);
        if self.halt.is_cancelled() {
            return not_run(None);
        }
        let ledger = drive.ledger.as_ref().filter(|_| self.runs.writes());
        if let Some(ledger) = ledger
            && let Err(why) = ledger.begin(members.iter().map(|member| (member.row.number, member.digest))).await
        {
            return not_run(Some(why));
        }
        let place = drive.concurrency.place().await;
        drop(pass);
        if self.halt.is_cancelled() {
            // What was in doubt before is in doubt still.
            let mut first = members.iter().filter(|member| member.turn == Turn::First);
            let dropped = ledger.map_or(Ok(()), |ledger| {
                first.try_for_each(|member| ledger.drop_row(member.row.number, member.digest))
            });
            return not_run(dropped.err());
        }
        let ended = match members {
            [alone] => vec![self.runs.run(&alone.row, &alone.inputs, alone.turn).await],
            _ => {
                let rows: Vec<_> = members.iter().map(|member| (&member.row, &member.inputs)).collect();
                self.runs.run_together(&rows).await
            }
        };
        place.ended(ended.iter().any(|ended| ended.busy));
        let mut broken = (ended.len() != members.len())
            .then(|| format!("of {} rows that went together {} have a result", members.len(), ended.len()));
        if let Some(ledger) = &drive.ledger {
            for (member, ended) in members.iter().zip(&ended) {
                let (row, digest) = (member.row.number, member.digest);
                let told = Told { row, digest, kind: ended.kind, result: &ended.text };
                broken = ledger.end(told).err().or(broken);
            }
        }
        (ended, broken)
    }
}
