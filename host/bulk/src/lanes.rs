//! Where rows run: threads of their own, or beside whoever drives them.
//!
//! A row stays on its thread from its beginning to its end, and so do the connections that it uses: while it runs, nothing of it is
//! handed from core to core. What is handed to a lane, and what comes back, goes together with all else that is there by then: waking a
//! thread takes longer than many a row.

use std::future::Future;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};

use crate::Gate;

/// A lane tells at the latest when so many jobs have ended.
const BURST: usize = 16;
/// So often a lane looks how busy it is.
const LOOK: Duration = Duration::from_millis(50);
/// So many more looks must find it waiting than not, and then the other way round: a hitch of the disk or of the machine is no slow server,
/// and the memory of each row that is begun ahead stays taken.
const LOOKS: u32 = 3;

/// Lanes that take jobs `J`, of which each ends with an `R`.
pub(crate) struct Lanes<J, R> {
    lanes: Vec<Lane<J>>,
    ended: UnboundedReceiver<Ends<R>>,
    /// If jobs run beside whoever drives them.
    beside: Option<AbortHandle>,
}

struct Lane<J> {
    gate: Gate,
    /// How many of its jobs may be through the gate.
    share: usize,
    jobs: UnboundedSender<Vec<J>>,
    /// Those that are to be handed over.
    next: Vec<J>,
    running: usize,
}

/// The number of a lane, and jobs of it that have ended; none for one that broke down, and what it had is lost.
type Ends<R> = (usize, Vec<Option<R>>);

impl<J: Send + 'static, R: Send + 'static> Lanes<J, R> {
    /// So many threads; with none, or where there are none to be had, jobs run on the runtime of the caller.
    pub(crate) fn new<W, F>(threads: usize, work: W) -> Self
    where
        W: Fn(J, Gate) -> F + Clone + Send + 'static,
        F: Future<Output = R> + Send + 'static,
    {
        let (told, ended) = mpsc::unbounded_channel();
        let mut lanes = Vec::with_capacity(threads.max(1));
        let mut beside = None;
        for number in 0..threads {
            let Ok(runtime) = Builder::new_current_thread().enable_all().build() else { break };
            let (lane, running) = Lane::new(number, work.clone(), told.clone());
            let run = move || {
                runtime.block_on(running);
                // Who waits for a lock or a terminal keeps nobody from ending.
                runtime.shutdown_background();
            };
            if thread::Builder::new().name(format!("rows {number}")).spawn(run).is_err() {
                break;
            }
            lanes.push(lane);
        }
        if lanes.is_empty() {
            let (lane, running) = Lane::new(0, work, told);
            beside = Some(tokio::spawn(running).abort_handle());
            lanes.push(lane);
        }
        Self { lanes, ended, beside }
    }

    /// So many jobs may be through the gates of the lanes at once, each lane's share of them. Until the jobs of a lane without a
    /// share have ended, it keeps one place for them.
    pub(crate) fn open(&mut self, places: usize) {
        let count = self.lanes.len();
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            lane.share = places / count + usize::from(number < places % count);
            let places = lane.share.max(usize::from(lane.running > 0));
            lane.gate.open(places);
        }
    }

    /// Begins a job, where the fewest for each place are under way: as soon as [`Lanes::next`] is waited for.
    pub(crate) fn begin(&mut self, job: J) {
        let open = self.lanes.iter_mut().filter(|lane| lane.share > 0);
        if let Some(lane) = open.min_by(|a, b| (a.running * b.share).cmp(&(b.running * a.share))) {
            lane.next.push(job);
            lane.running += 1;
        }
    }

    /// How many jobs are through the gates of those lanes that have time left.
    pub(crate) fn waited_for(&self) -> usize {
        self.lanes.iter().filter(|lane| lane.gate.has_time()).map(|lane| lane.gate.taken()).sum()
    }

    /// How many jobs are under way.
    pub(crate) fn running(&self) -> usize {
        self.lanes.iter().map(|lane| lane.running).sum()
    }

    /// Jobs that have ended; waits for the next ones. There must be some under way.
    pub(crate) async fn next(&mut self) -> Vec<Option<R>> {
        for lane in self.lanes.iter_mut().filter(|lane| !lane.next.is_empty()) {
            // A lane is there as long as this is.
            let _ = lane.jobs.send(std::mem::take(&mut lane.next));
        }
        let Some((number, mut all)) = self.ended.recv().await else { return Vec::new() };
        self.count(number, all.len());
        while let Ok((number, more)) = self.ended.try_recv() {
            self.count(number, more.len());
            all.extend(more);
        }
        all
    }

    fn count(&mut self, number: usize, ended: usize) {
        if let Some(lane) = self.lanes.get_mut(number) {
            lane.running -= ended;
        }
    }

    /// Gives back all that jobs were given, also what the lanes themselves hold.
    pub(crate) async fn end(mut self) {
        self.lanes.clear();
        while self.ended.recv().await.is_some() {}
    }
}

impl<J, R> Drop for Lanes<J, R> {
    fn drop(&mut self) {
        // Threads see by themselves that nobody is there any more.
        if let Some(beside) = &self.beside {
            beside.abort();
        }
    }
}

impl<J: Send + 'static> Lane<J> {
    /// A lane, and what runs its jobs.
    fn new<R, W, F>(
        number: usize,
        work: W,
        told: UnboundedSender<Ends<R>>,
    ) -> (Self, impl Future<Output = ()> + Send + 'static)
    where
        R: Send + 'static,
        W: Fn(J, Gate) -> F + Send + 'static,
        F: Future<Output = R> + Send + 'static,
    {
        let (jobs, coming) = mpsc::unbounded_channel();
        let gate = Gate::new(0);
        let running = lane(number, coming, work, gate.clone(), told);
        (Self { gate, share: 0, jobs, next: Vec::new(), running: 0 }, running)
    }
}

/// Takes jobs until nobody gives any.
async fn lane<J, R, W, F>(
    number: usize,
    mut coming: UnboundedReceiver<Vec<J>>,
    work: W,
    gate: Gate,
    told: UnboundedSender<Ends<R>>,
) where
    R: Send + 'static,
    W: Fn(J, Gate) -> F,
    F: Future<Output = R> + Send + 'static,
{
    let mut running = JoinSet::new();
    // The runtime wakes itself, by a call to the system, for each timer that is set before it knows of an earlier one, and a row sets
    // several: when it has to be done by, and each of its requests. This one is earlier than all of them.
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let computing = || Handle::current().metrics().worker_total_busy_duration(0);
    let (mut before, mut waits) = ((Instant::now(), computing()), Waits::default());
    loop {
        tokio::select! {
            biased;
            now = look.tick() => {
                let (passed, computed) = (now.duration_since(before.0), computing().saturating_sub(before.1));
                gate.set_has_time(waits.seen(passed, computed, gate.taken()));
                before = (now, before.1 + computed);
            }
            jobs = coming.recv() => match jobs {
                Some(jobs) => jobs.into_iter().for_each(|job| _ = running.spawn(work(job, gate.clone()))),
                None => break,
            },
            Some(first) = running.join_next(), if !running.is_empty() => {
                let mut all = vec![first.ok()];
                // First those run on of whom something came by now. As long as some of them end, too, they are waited for.
                let mut before = 0;
                while before < all.len() && all.len() < BURST {
                    before = all.len();
                    tokio::task::yield_now().await;
                    all.extend(std::iter::from_fn(|| running.try_join_next()).map(Result::ok));
                }
                if told.send((number, all)).is_err() {
                    break;
                }
            }
        }
    }
    // Whoever waits for the end finds nothing held here any more.
    drop(running);
    drop(work);
    drop(told);
}

/// Whether a lane waits for answers, by many looks at it.
#[derive(Debug, Default)]
struct Waits {
    /// Up by one for each look that found it waiting, down by one for each other; between none and [`LOOKS`].
    looks: u32,
    has_time: bool,
}

impl Waits {
    /// A look: so much time has passed since the last one, so much of it was computed in, and so many answers are waited for now. Whether
    /// the lane has time left.
    fn seen(&mut self, passed: Duration, computed: Duration, waited_for: usize) -> bool {
        // Where no answer is waited for, it is not the server that keeps the lane waiting.
        let waits = computed * 2 < passed && waited_for > 0;
        self.looks = if waits { (self.looks + 1).min(LOOKS) } else { self.looks.saturating_sub(1) };
        self.has_time = if self.has_time { self.looks > 0 } else { self.looks == LOOKS };
        self.has_time
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[tokio::test]
    async fn jobs_end_on_the_lane_on_which_they_begin_and_none_is_lost() {
        for threads in [0, 1, 3] {
            let mut lanes = Lanes::new(threads, |number: u32, gate: Gate| async move {
                let before = thread::current().id();
                let _pass = gate.enter().await;
                tokio::task::yield_now().await;
                assert!(number % 10 != 7, "a job that breaks down");
                assert_eq!(thread::current().id(), before);
                before
            });
            lanes.open(5);
            (0..100).for_each(|number| lanes.begin(number));
            let mut ended = Vec::new();
            while lanes.running() > 0 {
                ended.extend(lanes.next().await);
            }
            let seen: HashSet<_> = ended.iter().flatten().collect();
            let broken = ended.iter().filter(|end| end.is_none()).count();
            assert_eq!((ended.len(), broken, seen.len()), (100, 10, threads.max(1)));
            assert_eq!(seen.contains(&thread::current().id()), threads == 0);
        }
    }

    #[test]
    fn a_lane_has_time_when_more_looks_find_it_waiting_than_not() {
        let (idle, busy) = ((LOOK / 4, 9), (LOOK / 2, 9));
        let nothing_to_wait_for = (LOOK / 4, 0);
        let mut waits = Waits::default();
        let mut seen = |looks: &[(Duration, usize)]| {
            looks.iter().map(|&(computed, waited_for)| waits.seen(LOOK, computed, waited_for)).collect::<Vec<_>>()
        };
        assert_eq!(seen(&[idle, busy, idle, nothing_to_wait_for, idle]), [false; 5], "a hitch");
        assert_eq!(seen(&[idle, idle, idle]), [false, true, true]);
        assert_eq!(seen(&[busy, busy, idle, busy, busy]), [true, true, true, true, false]);
        assert_eq!(seen(&[busy, idle, idle, idle]), [false, false, false, true]);
    }

    #[tokio::test]
    async fn whoever_ends_or_drops_lanes_gets_back_what_jobs_hold() {
        for threads in [0, 2] {
            let held = std::sync::Arc::new(());
            let begun = || {
                let held = held.clone();
                let mut lanes = Lanes::new(threads, move |(): (), _| {
                    let held = held.clone();
                    async move {
                        std::future::pending::<()>().await;
                        drop(held);
                    }
                });
                lanes.open(1);
                lanes.begin(());
                lanes
            };
            begun().end().await;
            assert_eq!(std::sync::Arc::strong_count(&held), 1);
            let mut lanes = begun();
            tokio::select! { biased; _ = lanes.next() => unreachable!(), () = tokio::task::yield_now() => {} }
            drop(lanes);
            while std::sync::Arc::strong_count(&held) > 1 {
                tokio::task::yield_now().await;
            }
        }
    }
}
