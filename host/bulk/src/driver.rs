//! The course of a bulk run.
//!
//! One hand gives all rows their turn: read, looked up, noted before they are sent, begun, told. So rows begin in their order, whichever
//! thread runs them, and who is woken is woken for all that is there by then.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Map;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::course::{Course, Done};
use crate::group::{Group, Member};
use crate::lanes::Lanes;
use crate::printing::Printing;
use crate::{
    Again, Before, Concurrency, Drive, Ended, Gate, Kind, Ledger, Next, OnError, Order, Row, Runs, Sink, Summary,
    Tally, Told, Turn,
};

/// So many rows are read ahead.
const AHEAD: usize = 128;
/// For so many requests that are on their way, one more row is begun than may send: it is put together while those are waited for.
const AHEAD_OF: usize = 2;
/// Further rows are begun only while no more are under way: they would take the places in memory of those that may send.
const MOST_RUNNING: usize = 128;
/// How often is told how far it is.
const TICK: Duration = Duration::from_millis(200);

/// See the module.
pub(crate) struct Driver {
    begun: Instant,
    runs: Arc<dyn Runs>,
    coming: mpsc::Receiver<Result<Row, String>>,
    group: Group,
    /// Steps that wait until they are noted on the disk, those of each batch for as long as its future says.
    noting: VecDeque<(Noting, Vec<Step>)>,
    /// Steps that wait for a place, in their order.
    ready: VecDeque<Step>,
    lanes: Lanes<Vec<Member>, Ran>,
    concurrency: Concurrency,
    course: Course,
    told: Vec<(Row, Ended)>,
    printing: Printing,
    ledger: Option<Ledger>,
    on_error: OnError,
    order: Order,
    again: Again,
    stop: CancellationToken,
    /// No further row is there.
    exhausted: bool,
    /// How many more rows are run.
    left: u64,
    summary: Summary,
}

type Noting = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// What is done next.
enum Step {
    /// Runs rows that go together.
    Run {
        members: Vec<Member>,
        /// They are in the ledger.
        noted: bool,
    },
    /// Tells of a row that is not run, when those before it have begun.
    Aside(Box<Done>),
}

/// Rows that went together, and how each ended; nothing if they did nothing.
struct Ran(Vec<Member>, Option<Vec<Ended>>);

/// What becomes of a row.
enum Way {
    /// It is not run: it ended before.
    Not(Ended),
    Run(Turn),
}

impl Driver {
    pub(crate) fn new(
        rows: impl Iterator<Item = Result<Row, String>> + Send + 'static,
        runs: Arc<dyn Runs>,
        drive: Drive,
        sink: impl Sink,
    ) -> Self {
        let (given, coming) = mpsc::channel(AHEAD);
        // A thread that is left alone: a terminal that says nothing more would hold up the end of the run.
        let handle = Handle::current();
        std::thread::spawn(move || read(rows, &given, &handle));
        let runner = runs.clone();
        Self {
            begun: Instant::now(),
            coming,
            group: Group::new(runs.most()),
            noting: VecDeque::new(),
            ready: VecDeque::new(),
            lanes: Lanes::new(drive.threads, move |members, gate| run(runner.clone(), members, gate)),
            concurrency: drive.concurrency,
            course: Course::default(),
            told: Vec::new(),
            printing: Printing::new(sink),
            ledger: drive.ledger,
            on_error: drive.on_error,
            order: drive.order,
            again: Again { unknown: drive.retry_unknown, failed: drive.retry_failed },
            stop: drive.stop,
            exhausted: false,
            left: drive.limit.unwrap_or(u64::MAX),
            summary: Summary::default(),
            runs,
        }
    }

    /// Runs all rows.
    pub(crate) async fn run(mut self, mut watch: impl FnMut(&Tally) + Send) -> Summary {
        let mut rows = Vec::new();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let stop = self.stop.clone();
        loop {
            if stop.is_cancelled() {
                self.stopped("it was stopped".to_owned());
            }
            if let Some(why) = self.runs.over() {
                self.stopped(why);
            }
            self.begin();
            if let Err(why) = self.printing.put(&mut self.told, &stop).await {
                self.stopped(why);
            }
            let stopping = self.is_stopped();
            let more = !self.exhausted && !stopping && self.left > 0;
            let window = self.course.has_room();
            // Rows wait for others to go with only while others may come.
            if !(more && window)
                && let Some(members) = self.group.take()
            {
                self.note(vec![Step::run(members)]);
                continue;
            }
            let (running, noting) = (self.lanes.running() > 0, !self.noting.is_empty());
            if !running && !noting && self.ready.is_empty() && !more {
                break;
            }
            // As many as there are places are noted ahead: no place waits for the disk.
            let ahead = self.noting.iter().map(|(_, steps)| steps.len()).sum::<usize>() + self.ready.len();
            let room = self.concurrency.most().saturating_sub(ahead);
            let room = room.min(usize::try_from(self.left).unwrap_or(usize::MAX));
            tokio::select! {
                // What there is to begin comes first: lanes are handed all of it when they are waited for.
                biased;
                noted = noted(&mut self.noting), if noting => self.noted(noted),
                count = self.coming.recv_many(&mut rows, room), if more && window && room > 0 => match count {
                    0 => self.exhausted = true,
                    _ => self.take(&mut rows),
                },
                ended = self.lanes.next(), if running => self.ended(ended),
                () = self.printing.due() => {}
                () = stop.cancelled(), if !stopping => {}
                _ = tick.tick() => watch(&self.summary.tally),
            }
        }
        self.end(watch).await
    }

    async fn end(mut self, mut watch: impl FnMut(&Tally) + Send) -> Summary {
        drop(self.coming);
        self.lanes.end().await;
        if let Err(why) = self.printing.end(&self.stop).await {
            self.summary.stopped.get_or_insert(why);
        }
        watch(&self.summary.tally);
        if let Some(ledger) = self.ledger {
            // Its last lines are written by then.
            let _ = tokio::task::spawn_blocking(move || ledger.close()).await;
        }
        self.summary.took = self.begun.elapsed();
        self.summary
    }

    /// No further row is begun.
    fn is_stopped(&self) -> bool {
        self.summary.stopped.is_some() || self.stop.is_cancelled()
    }

    fn stopped(&mut self, why: String) {
        self.runs.stop();
        self.summary.stopped.get_or_insert(why);
    }

    /// Takes rows that were read.
    fn take(&mut self, rows: &mut Vec<Result<Row, String>>) {
        let mut steps = Vec::new();
        for row in rows.drain(..) {
            let row = match row {
                Ok(row) => row,
                Err(why) => {
                    self.stopped(why);
                    break;
                }
            };
            self.left -= 1;
            let at = self.course.expect(self.order);
            match self.look(at, row) {
                Ok(member) if member.turn == Turn::Doubt => steps.push(Step::run(vec![member])),
                Ok(member) => {
                    let key = self.runs.key(&member.inputs);
                    steps.extend(self.group.add(member, key).into_iter().map(Step::run));
                }
                Err(done) => {
                    // If it stops the run, what stands before it comes before it, and nothing behind it.
                    self.exhausted |= done.broken.is_some() || self.fatal(&done).is_some();
                    if self.exhausted {
                        steps.extend(self.group.take().map(Step::run));
                    }
                    steps.push(Step::Aside(done));
                    if self.exhausted {
                        break;
                    }
                }
            }
        }
        self.note(steps);
    }

    /// What is to be done for a row; or its end, if that is nothing.
    fn look(&self, at: u64, mut row: Row) -> Result<Member, Box<Done>> {
        // From here on they are its member's: who is told of the row's end is told by its number.
        let inputs = match std::mem::replace(&mut row.inputs, Ok(Map::new())) {
            Ok(inputs) => inputs,
            Err(why) => {
                let ended = Some(self.runs.not_run(&row, Kind::Invalid, &why));
                return Err(Box::new(Done { at, row, ended, before: false, broken: None }));
            }
        };
        let Some(ledger) = &self.ledger else { return Ok(Member { at, row, inputs, digest: 0, turn: Turn::First }) };
        let digest = Ledger::digest(&inputs);
        match self.way(ledger, &row, digest) {
            Ok(Way::Run(turn)) => Ok(Member { at, row, inputs, digest, turn }),
            Ok(Way::Not(ended)) => Err(Box::new(Done { at, row, ended: Some(ended), before: true, broken: None })),
            Err(why) => Err(Box::new(Done { at, row, ended: None, before: false, broken: Some(why) })),
        }
    }

    /// What becomes of a row, by what is known of it from before.
    fn way(&self, ledger: &Ledger, row: &Row, digest: u64) -> Result<Way, String> {
        let before = ledger.look(row.number, digest).map_err(|error| error.to_string())?;
        Ok(match (self.again.next(&before, self.runs.looks()), before) {
            (Next::Run(turn), _) => Way::Run(turn),
            (Next::Told(_), Before::Ended(kind, text)) => Way::Not(self.runs.before(row, kind, text)),
            (Next::Told(_) | Next::Unknown, _) => {
                let why = "it may have been sent before; look at the vendor, and run it again by --retry-unknown if it is not there";
                Way::Not(self.runs.not_run(row, Kind::Unknown, why))
            }
            (Next::Changed, _) => return Err(row.changed()),
        })
    }

    /// Notes what may change something; the rest follows in its order.
    fn note(&mut self, mut steps: Vec<Step>) {
        let ledger = self.ledger.as_ref().filter(|_| self.runs.writes() && !self.is_stopped());
        let mut rows = Vec::new();
        if ledger.is_some() {
            for step in &mut steps {
                if let Step::Run { members, noted } = step {
                    *noted = true;
                    rows.extend(members.iter().map(Member::noted));
                }
            }
        }
        let noting: Noting = match ledger {
            Some(ledger) if !rows.is_empty() => Box::pin(ledger.begin(&rows)),
            _ if self.noting.is_empty() => return self.ready.extend(steps),
            _ => Box::pin(std::future::ready(Ok(()))),
        };
        self.noting.push_back((noting, steps));
    }

    /// The first of the batches that waited for the disk is noted, or cannot be.
    fn noted(&mut self, noted: Result<(), String>) {
        if let Err(why) = noted {
            self.stopped(why);
        }
        let steps = self.noting.pop_front().map(|(_, steps)| steps);
        self.ready.extend(steps.into_iter().flatten());
    }

    /// Begins what has a place.
    fn begin(&mut self) {
        let places = self.concurrency.places();
        self.lanes.open(places);
        // What is one after the other is so from beginning to end: of one there is no half. And where an error is to stop the run, no
        // more rows are under way by then than may send.
        let ahead = if self.on_error == OnError::Stop { 0 } else { self.lanes.waited_for() / AHEAD_OF };
        let ahead = ahead.min(MOST_RUNNING.saturating_sub(places));
        loop {
            let stopped = self.is_stopped();
            let place = stopped || self.lanes.running() < places + ahead;
            match self.ready.pop_front_if(|step| place || matches!(step, Step::Aside(_))) {
                Some(Step::Run { members, .. }) if !stopped => self.lanes.begin(members),
                Some(Step::Run { members, noted }) => self.abandon(members, noted),
                Some(Step::Aside(done)) if !stopped => self.finish(*done),
                Some(Step::Aside(done)) => self.finish(Done { ended: None, before: false, broken: None, ..*done }),
                None => return,
            }
        }
    }

    /// Rows are not begun after all.
    fn abandon(&mut self, members: Vec<Member>, noted: bool) {
        if let Some(ledger) = self.ledger.as_ref().filter(|_| noted) {
            // What was in doubt before is in doubt still, also if a person's word had sent it again.
            let first = members.iter().filter(|member| member.turn == Turn::First);
            let first = first.map(Member::noted).filter(|(row, _)| !ledger.took_place(*row));
            if let Err(why) = ledger.drop_rows(first) {
                self.stopped(why);
            }
        }
        for Member { at, row, .. } in members {
            self.finish(Done { at, row, ended: None, before: false, broken: None });
        }
    }

    /// Rows have ended.
    fn ended(&mut self, all: Vec<Option<Ran>>) {
        if let Some(ledger) = &self.ledger {
            let told = all.iter().flatten().flat_map(|Ran(members, ended)| members.iter().zip(ended.iter().flatten()));
            let told = told.map(|(member, ended)| {
                let (row, digest) = member.noted();
                Told { row, digest, kind: ended.kind, result: &ended.text }
            });
            if let Err(why) = ledger.end(told) {
                self.stopped(why);
            }
        }
        for ran in all {
            let Some(Ran(members, ended)) = ran else {
                self.stopped("a row broke down".to_owned());
                continue;
            };
            let Some(ended) = ended else {
                self.abandon(members, self.runs.writes());
                continue;
            };
            self.concurrency.ended(ended.iter().any(|ended| ended.busy));
            if ended.len() != members.len() {
                self.stopped(format!("of {} rows that went together {} have a result", members.len(), ended.len()));
            }
            let mut ended = ended.into_iter();
            for Member { at, row, .. } in members {
                self.finish(Done { at, row, ended: ended.next(), before: false, broken: None });
            }
        }
    }

    /// A row is done with, in its order.
    fn finish(&mut self, mut done: Done) {
        if let Some(why) = done.broken.clone().or_else(|| self.fatal(&done)) {
            self.stopped(why);
        }
        // A limit is one of rows that are run.
        self.left += u64::from(done.before || done.ended.is_none());
        if let Some(ended) = &mut done.ended {
            self.summary.tally.add(ended, done.before);
        }
        self.course.order(self.order, done, &mut self.told);
    }

    /// Why nothing more is begun after this row.
    fn fatal(&self, done: &Done) -> Option<String> {
        let ended = done.ended.as_ref().filter(|_| self.on_error == OnError::Stop && !done.before)?;
        (!ended.kind.well()).then(|| format!("{} did not end well, and --on-error stop was said", done.row.which()))
    }
}

impl Step {
    fn run(members: Vec<Member>) -> Self {
        Self::Run { members, noted: false }
    }
}

/// Runs rows that go together.
async fn run(runs: Arc<dyn Runs>, members: Vec<Member>, gate: Gate) -> Ran {
    gate.begin().await;
    let ended = match &members[..] {
        [alone] => runs.run(&alone.row, &alone.inputs, alone.turn, &gate).await.map(|ended| vec![ended]),
        _ => {
            let rows: Vec<_> = members.iter().map(|member| (&member.row, &member.inputs)).collect();
            runs.run_together(&rows, &gate).await
        }
    };
    Ran(members, ended)
}

/// Waits until the first batch is noted.
async fn noted(noting: &mut VecDeque<(Noting, Vec<Step>)>) -> Result<(), String> {
    match noting.front_mut() {
        Some((noting, _)) => noting.await,
        None => std::future::pending().await,
    }
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
