//! Rows through a server that counts what it does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "all of it is test code: a panic is a failed test")]

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use presetter_bulk::{
    Concurrency, Drive, Ended, Gate, Kind, Ledger, LedgerError, OnError, Order, Row, Runs, Sink, Summary, Turn, drive,
};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// A vendor: what it did for each row, and how it answers.
struct Vendor {
    did: Mutex<BTreeMap<u64, u32>>,
    begun: AtomicUsize,
    looks: bool,
    writes: bool,
    /// How a row ends, by its number.
    ends: fn(u64) -> Kind,
    /// How long it takes, in milliseconds.
    takes: fn(u64) -> u64,
    /// What the first row waits for.
    first: Semaphore,
    /// How many rows go together.
    most: usize,
    /// What those that go together have each its own of, by a row's number.
    key: fn(u64) -> Option<u64>,
    /// Those that went together.
    together: Mutex<Vec<Vec<u64>>>,
    /// How many rows are under way, and how many of them send; the most of each at once.
    running: Counted,
    sending: Counted,
    /// So many rows are let through, and the rest does nothing.
    lets: AtomicUsize,
    /// It was told that no further row begins.
    stopped: AtomicBool,
}

/// How many there are, and were at most.
#[derive(Default)]
struct Counted {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Counted {
    fn one(&self) -> impl Drop + '_ {
        struct One<'a>(&'a Counted);
        impl Drop for One<'_> {
            fn drop(&mut self) {
                self.0.now.fetch_sub(1, Ordering::SeqCst);
            }
        }
        self.most.fetch_max(self.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        One(self)
    }

    fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

impl Vendor {
    fn new() -> Self {
        Self {
            did: Mutex::default(),
            begun: AtomicUsize::new(0),
            looks: false,
            writes: true,
            ends: |_| Kind::Ok,
            takes: |number| number * 7919 % 23,
            first: Semaphore::new(1),
            most: 1,
            key: |_| None,
            together: Mutex::default(),
            running: Counted::default(),
            sending: Counted::default(),
            lets: AtomicUsize::new(usize::MAX),
            stopped: AtomicBool::new(false),
        }
    }

    fn did(&self, number: u64) -> u32 {
        self.did.lock().unwrap().get(&number).copied().unwrap_or_default()
    }
}

fn ended(row: &Row, kind: Kind, why: &str) -> Ended {
    Ended {
        kind,
        class: if kind == Kind::Failed { "refused".to_owned() } else { String::new() },
        message: why.to_owned(),
        text: json!({ "row": row.number, "kind": kind.name(), "why": why }).to_string(),
        took: Duration::from_millis(1),
        phases: Vec::new(),
        busy: false,
    }
}

#[async_trait]
impl Runs for Vendor {
    fn writes(&self) -> bool {
        self.writes
    }

    fn looks(&self) -> bool {
        self.looks
    }

    async fn run(&self, row: &Row, inputs: &Map<String, Value>, turn: Turn, gate: &Gate) -> Option<Ended> {
        assert_eq!(inputs["n"], row.number);
        let _running = self.running.one();
        self.begun.fetch_add(1, Ordering::SeqCst);
        if row.number == 1 {
            let _permit = self.first.acquire().await.unwrap();
        }
        if turn == Turn::Doubt && self.did(row.number) > 0 {
            return Some(ended(row, Kind::Skipped, "it is there"));
        }
        let pass = gate.enter().await;
        self.lets.try_update(Ordering::SeqCst, Ordering::SeqCst, |lets| lets.checked_sub(1)).ok()?;
        let sending = self.sending.one();
        tokio::time::sleep(Duration::from_millis((self.takes)(row.number))).await;
        *self.did.lock().unwrap().entry(row.number).or_default() += 1;
        tokio::time::sleep(Duration::from_millis((self.takes)(row.number))).await;
        drop((sending, pass));
        Some(ended(row, (self.ends)(row.number), ""))
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    fn over(&self) -> Option<String> {
        (self.lets.load(Ordering::SeqCst) == 0).then(|| "the server lets nobody through".to_owned())
    }

    fn most(&self) -> usize {
        self.most
    }

    fn key(&self, inputs: &Map<String, Value>) -> Option<String> {
        (self.key)(inputs["n"].as_u64().unwrap()).map(|key| key.to_string())
    }

    async fn run_together(&self, rows: &[(&Row, &Map<String, Value>)], _: &Gate) -> Option<Vec<Ended>> {
        let _running = self.running.one();
        self.together.lock().unwrap().push(rows.iter().map(|(row, _)| row.number).collect());
        self.begun.fetch_add(rows.len(), Ordering::SeqCst);
        let number = rows[0].0.number;
        tokio::time::sleep(Duration::from_millis((self.takes)(number))).await;
        for (row, inputs) in rows {
            assert_eq!(inputs["n"], row.number);
            *self.did.lock().unwrap().entry(row.number).or_default() += 1;
        }
        tokio::time::sleep(Duration::from_millis((self.takes)(number))).await;
        Some(rows.iter().map(|(row, _)| ended(row, (self.ends)(row.number), "")).collect())
    }

    fn not_run(&self, row: &Row, kind: Kind, why: &str) -> Ended {
        ended(row, kind, why)
    }

    fn before(&self, row: &Row, kind: Kind, text: String) -> Ended {
        Ended { text, ..ended(row, kind, "before") }
    }
}

/// Keeps what was printed; closes after some, if it is told to.
#[derive(Clone, Default)]
struct Paper {
    lines: Arc<Mutex<Vec<(u64, Kind, String)>>>,
    most: Option<usize>,
}

impl Paper {
    fn numbers(&self) -> Vec<u64> {
        self.lines.lock().unwrap().iter().map(|(number, ..)| *number).collect()
    }
}

impl Sink for Paper {
    fn results(&mut self, results: &[(Row, Ended)]) -> io::Result<()> {
        let mut lines = self.lines.lock().unwrap();
        for (row, ended) in results {
            if self.most.is_some_and(|most| lines.len() >= most) {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            lines.push((row.number, ended.kind, ended.text.clone()));
        }
        Ok(())
    }
}

fn rows(count: u64) -> impl Iterator<Item = Result<Row, String>> + Send + 'static {
    (1..=count).map(|number| {
        let inputs = match number % 50 {
            0 => Err("it is wrong".to_owned()),
            _ => Ok(json!({ "n": number }).as_object().unwrap().clone()),
        };
        Ok(Row { number, line: number + 1, name: None, inputs })
    })
}

fn usual() -> Drive {
    Drive {
        concurrency: Concurrency::fixed(16),
        on_error: OnError::Continue,
        order: Order::Input,
        limit: None,
        retry_unknown: false,
        retry_failed: false,
        ledger: None,
        threads: 0,
        stop: CancellationToken::new(),
    }
}

fn what() -> Value {
    json!({ "preset": "m/create" })
}

fn ledger(folder: &TempDir) -> Ledger {
    let path = folder.path().join("ledger");
    if !path.exists() {
        return Ledger::create(&path, &what()).unwrap();
    }
    // The tasks of a run that was aborted let go of it one after another.
    loop {
        match Ledger::resume(&path, &what()) {
            Err(LedgerError::InUse(_)) => std::thread::yield_now(),
            ledger => return ledger.unwrap(),
        }
    }
}

async fn through(vendor: &Arc<Vendor>, count: u64, how: Drive) -> (Summary, Paper) {
    let paper = Paper::default();
    let summary = drive(rows(count), vendor.clone(), how, paper.clone(), |_| {}).await;
    (summary, paper)
}

#[tokio::test(start_paused = true)]
async fn results_come_in_the_order_of_the_rows_or_as_they_end() {
    let vendor = Arc::new(Vendor::new());
    let (summary, paper) = through(&vendor, 500, usual()).await;
    assert_eq!(paper.numbers(), (1..=500).collect::<Vec<_>>());
    assert_eq!((summary.tally.of(Kind::Ok), summary.tally.of(Kind::Invalid), summary.stopped), (490, 10, None));
    assert!((1..=500).all(|number| vendor.did(number) == u32::from(number % 50 != 0)));

    let vendor = Arc::new(Vendor::new());
    let (_, paper) = through(&vendor, 500, Drive { order: Order::Ended, ..usual() }).await;
    let mut numbers = paper.numbers();
    assert_ne!(numbers, (1..=500).collect::<Vec<_>>());
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=500).collect::<Vec<_>>());
}

#[tokio::test]
async fn rows_on_threads_of_their_own_come_in_their_order_and_are_noted() {
    let folder = tempfile::tempdir().unwrap();
    let vendor = Arc::new(Vendor { takes: |number| number % 3, ..Vendor::new() });
    let how = || Drive { threads: 3, ledger: Some(ledger(&folder)), ..usual() };
    let (summary, paper) = through(&vendor, 2_000, how()).await;
    assert_eq!(paper.numbers(), (1..=2_000).collect::<Vec<_>>());
    assert_eq!((summary.tally.of(Kind::Ok), summary.stopped), (1_960, None));
    // All of it is in the ledger when the run has ended.
    let (summary, _) = through(&vendor, 2_000, how()).await;
    assert_eq!((summary.tally.before(), summary.tally.of(Kind::Ok)), (1_960, 1_960));
    assert!((1..=2_000).all(|number| vendor.did(number) == u32::from(number % 50 != 0)));
}

#[tokio::test(start_paused = true)]
async fn while_requests_are_waited_for_further_rows_wait_for_a_place_to_send() {
    for (places, running) in [(1, 1), (2, 3), (5, 7), (16, 24)] {
        let vendor = Arc::new(Vendor { takes: |number| 50 + number % 7, ..Vendor::new() });
        let how = Drive { concurrency: Concurrency::fixed(places), ..usual() };
        let (summary, paper) = through(&vendor, 200, how).await;
        assert_eq!((summary.stopped, paper.numbers()), (None, (1..=200).collect::<Vec<_>>()));
        assert_eq!((vendor.sending.most(), vendor.running.most()), (places, running));
    }
}

#[tokio::test]
async fn no_more_send_at_once_than_there_are_places() {
    for (threads, places) in [(1, 5), (3, 1), (3, 2), (3, 16)] {
        let vendor = Arc::new(Vendor { takes: |number| number % 3, ..Vendor::new() });
        let how = Drive { threads, concurrency: Concurrency::fixed(places), ..usual() };
        let (summary, paper) = through(&vendor, 200, how).await;
        assert_eq!((summary.stopped, paper.numbers()), (None, (1..=200).collect::<Vec<_>>()));
        assert_eq!(vendor.sending.most(), places, "{threads} threads");
        assert!((places..=places + places / 2).contains(&vendor.running.most()), "{threads} threads");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_takes_long_holds_up_only_so_many() {
    let vendor = Arc::new(Vendor { takes: |_| 0, first: Semaphore::new(0), ..Vendor::new() });
    let going = tokio::spawn({
        let vendor = vendor.clone();
        async move { through(&vendor, 20_000, usual()).await }
    });
    // Until the first has ended, no more are begun than may wait for it.
    // Of those that wait, one of fifty is wrong.
    while vendor.begun.load(Ordering::SeqCst) < 4_000 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let begun = vendor.begun.load(Ordering::SeqCst);
    vendor.first.add_permits(1);
    let (summary, paper) = going.await.unwrap();
    assert!(begun <= 4_096, "{begun}");
    assert_eq!((summary.tally.rows(), paper.numbers().len()), (20_000, 20_000));
}

#[tokio::test(start_paused = true)]
async fn it_stops_at_an_error_a_limit_a_word_and_a_reader_who_leaves() {
    let failing = || Arc::new(Vendor { ends: |n| if n == 101 { Kind::Failed } else { Kind::Ok }, ..Vendor::new() });
    let vendor = failing();
    let (summary, paper) = through(&vendor, 5_000, usual()).await;
    assert_eq!((summary.tally.of(Kind::Failed), paper.numbers().len()), (1, 5_000));
    assert!(!vendor.stopped.load(Ordering::SeqCst));
    let stop = Drive { on_error: OnError::Stop, ..usual() };
    let vendor = failing();
    let (summary, paper) = through(&vendor, 5_000, stop).await;
    assert!(vendor.stopped.load(Ordering::SeqCst), "who only waits is told");
    // Row 50 is wrong.
    assert!(summary.stopped.unwrap().starts_with("row 50 (line 51) did not end well"));
    // Those before it that were under way come to their end; of those behind it none was begun.
    let numbers = paper.numbers();
    assert!(numbers.contains(&50) && numbers.iter().all(|number| *number <= 50), "{numbers:?}");
    assert!(numbers.len() > 50 - 16 - 16, "{numbers:?}");

    let vendor = Arc::new(Vendor::new());
    let (summary, paper) = through(&vendor, 5_000, Drive { limit: Some(30), ..usual() }).await;
    assert_eq!((summary.stopped, paper.numbers()), (None, (1..=30).collect()));

    // Time goes on by itself no more: results are taken by a thread, for which a clock that jumps would not wait.
    tokio::time::resume();
    let (vendor, stop) = (Arc::new(Vendor::new()), CancellationToken::new());
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        stopping.cancel();
    });
    let (summary, paper) = through(&vendor, 50_000, Drive { stop, ..usual() }).await;
    assert_eq!(summary.stopped.as_deref(), Some("it was stopped"));
    let done: Vec<u64> = vendor.did.lock().unwrap().keys().copied().collect();
    let printed = paper.numbers();
    assert!(done.iter().all(|number| printed.contains(number)), "what was done is told");

    let vendor = Arc::new(Vendor::new());
    let paper = Paper { most: Some(10), ..Paper::default() };
    let summary = drive(rows(50_000), vendor.clone(), usual(), paper, |_| {}).await;
    assert!(summary.stopped.unwrap().starts_with("nobody reads the results any more"));
    assert!(vendor.begun.load(Ordering::SeqCst) < 2_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_did_nothing_when_the_server_made_an_end_are_as_if_they_had_not_begun() {
    let folder = tempfile::tempdir().unwrap();
    let vendor = Arc::new(Vendor { lets: AtomicUsize::new(100), ..Vendor::new() });
    let (summary, paper) = through(&vendor, 1_000, Drive { ledger: Some(ledger(&folder)), ..usual() }).await;
    assert_eq!(summary.stopped.as_deref(), Some("the server lets nobody through"));
    let told: Vec<u64> = paper.numbers().into_iter().filter(|number| number % 50 != 0).collect();
    let did: Vec<u64> = vendor.did.lock().unwrap().keys().copied().collect();
    assert!(did.len() == 100 && told == did, "{told:?}");
    vendor.lets.store(usize::MAX, Ordering::SeqCst);
    let (summary, paper) = through(&vendor, 1_000, Drive { ledger: Some(ledger(&folder)), ..usual() }).await;
    assert_eq!((summary.stopped, paper.numbers()), (None, (1..=1_000).collect()));
    assert!((1..=1_000).all(|number| vendor.did(number) == u32::from(number % 50 != 0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_in_doubt_that_was_to_be_sent_again_and_was_not_is_in_doubt_still() {
    let folder = tempfile::tempdir().unwrap();
    let vendor = Arc::new(Vendor::new());
    killed(&vendor, &folder, 200, 60).await;
    vendor.lets.store(0, Ordering::SeqCst);
    let how = Drive { retry_unknown: true, ledger: Some(ledger(&folder)), ..usual() };
    assert!(through(&vendor, 200, how).await.0.stopped.is_some());
    vendor.lets.store(usize::MAX, Ordering::SeqCst);
    let (summary, paper) = through(&vendor, 200, Drive { ledger: Some(ledger(&folder)), ..usual() }).await;
    assert!(summary.tally.of(Kind::Unknown) > 0 && paper.numbers().len() == 200);
    assert!((1..=200).all(|number| vendor.did(number) <= 1));
}

/// As a kill would, after so many more rows were begun: everything is gone but the file and what the vendor did.
async fn killed(vendor: &Arc<Vendor>, folder: &TempDir, count: u64, more: usize) {
    let until = vendor.begun.load(Ordering::SeqCst) + more;
    let going = tokio::spawn({
        let (vendor, how) = (vendor.clone(), Drive { ledger: Some(ledger(folder)), ..usual() });
        async move { through(&vendor, count, how).await }
    });
    while vendor.begun.load(Ordering::SeqCst) < until {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    going.abort();
    let _ = going.await;
    // What runs on another thread is there until it waits for something. Of a process that is killed nothing is.
    while vendor.running.now.load(Ordering::SeqCst) > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_killed_goes_on_and_sends_nothing_twice() {
    for looks in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let vendor = Arc::new(Vendor { looks, ..Vendor::new() });
        for more in [1, 17, 60, 123, 5, 250] {
            killed(&vendor, &folder, 1_000, more).await;
        }
        let (summary, paper) = through(&vendor, 1_000, Drive { ledger: Some(ledger(&folder)), ..usual() }).await;
        assert_eq!(paper.numbers(), (1..=1_000).collect::<Vec<_>>());
        let unknown: Vec<u64> =
            paper.lines.lock().unwrap().iter().filter(|l| l.1 == Kind::Unknown).map(|l| l.0).collect();
        for number in 1..=1_000 {
            let did = vendor.did(number);
            match (number % 50 == 0, unknown.contains(&number)) {
                (true, _) => assert_eq!(did, 0),
                (_, true) => assert!(did <= 1, "row {number} {did} times"),
                (_, false) => assert_eq!(did, 1, "row {number}"),
            }
        }
        assert_eq!(unknown.is_empty(), looks, "{unknown:?}");
        assert!(summary.tally.before() > 0);
        // By a person's word they are sent again.
        if !looks {
            let how = Drive { retry_unknown: true, ledger: Some(ledger(&folder)), ..usual() };
            let (summary, _) = through(&vendor, 1_000, how).await;
            assert_eq!((summary.tally.of(Kind::Unknown), summary.tally.of(Kind::Ok)), (0, 980));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_is_run_again_only_by_a_word_or_with_other_values() {
    let folder = tempfile::tempdir().unwrap();
    let vendor = Arc::new(Vendor { ends: |n| if n % 7 == 0 { Kind::Failed } else { Kind::Ok }, ..Vendor::new() });
    let with = |retry_failed| Drive { retry_failed, ledger: Some(ledger(&folder)), ..usual() };
    through(&vendor, 49, with(false)).await;
    let (summary, _) = through(&vendor, 49, with(false)).await;
    assert_eq!((summary.tally.before(), vendor.did(7), vendor.did(8)), (49, 1, 1));
    through(&vendor, 49, with(true)).await;
    assert_eq!((vendor.did(7), vendor.did(8)), (2, 1));
    // Another file.
    let other = rows(49).map(|row| {
        let mut row = row?;
        if let Ok(inputs) = &mut row.inputs {
            inputs.insert("more".to_owned(), json!(1));
        }
        Ok(row)
    });
    let summary = drive(other, vendor.clone(), with(false), Paper::default(), |_| {}).await;
    assert!(summary.stopped.unwrap().contains("was run before with other values"));
    assert_eq!(vendor.did(8), 1);
}

/// What went together, in the order of the rows.
fn together(vendor: &Vendor) -> Vec<Vec<u64>> {
    let mut together = vendor.together.lock().unwrap().clone();
    together.sort();
    together
}

#[tokio::test(start_paused = true)]
async fn rows_go_together_as_many_as_may_and_each_has_its_result() {
    let ends: fn(u64) -> Kind = |n| if n % 7 == 0 { Kind::Failed } else { Kind::Ok };
    let vendor = Arc::new(Vendor { most: 20, ends, ..Vendor::new() });
    let (summary, paper) = through(&vendor, 130, usual()).await;
    assert_eq!(paper.numbers(), (1..=130).collect::<Vec<_>>());
    assert_eq!((summary.tally.of(Kind::Failed), summary.tally.of(Kind::Invalid), summary.stopped), (18, 2, None));
    // Those that are wrong leave no gap, and the last are as many as are left.
    let sizes: Vec<usize> = together(&vendor).iter().map(Vec::len).collect();
    assert_eq!(sizes, [20, 20, 20, 20, 20, 20, 8]);
    assert_eq!(together(&vendor)[2], [(41..=49).collect::<Vec<_>>(), (51..=61).collect()].concat());

    // A limit is one of rows. Nothing waits for more of them.
    let vendor = Arc::new(Vendor { most: 20, ..Vendor::new() });
    let (summary, paper) = through(&vendor, 130, Drive { limit: Some(30), ..usual() }).await;
    assert_eq!((summary.stopped, paper.numbers()), (None, (1..=30).collect()));
    assert_eq!(together(&vendor), [(1..=20).collect::<Vec<_>>(), (21..=30).collect()]);

    // One alone is run as one.
    let vendor = Arc::new(Vendor { most: 20, ..Vendor::new() });
    through(&vendor, 21, usual()).await;
    assert_eq!((together(&vendor).len(), vendor.did(21)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn rows_with_one_key_never_go_together() {
    let vendor = Arc::new(Vendor { most: 20, key: |n| Some(n % 5), ..Vendor::new() });
    let (_, paper) = through(&vendor, 22, usual()).await;
    assert_eq!(paper.numbers(), (1..=22).collect::<Vec<_>>());
    let groups: Vec<Vec<u64>> = [1..=5, 6..=10, 11..=15, 16..=20, 21..=22].map(Iterator::collect).into();
    assert_eq!(together(&vendor), groups);
}

#[tokio::test(start_paused = true)]
async fn what_stops_a_run_ends_no_group_in_between() {
    let ends: fn(u64) -> Kind = |n| if n == 5 { Kind::Failed } else { Kind::Ok };
    let vendor = Arc::new(Vendor { most: 20, ends, ..Vendor::new() });
    let how = Drive { on_error: OnError::Stop, concurrency: Concurrency::fixed(1), ..usual() };
    let (summary, paper) = through(&vendor, 5_000, how).await;
    assert!(summary.stopped.unwrap().starts_with("row 5 (line 6) did not end well"));
    // What was begun by then came to its end and is told whole; the rest was not begun.
    let went = together(&vendor);
    assert!(went.len() <= 2, "{went:?}");
    // Row 50 is wrong, and may be told before it stops.
    let told: Vec<u64> = paper.numbers().into_iter().filter(|number| *number != 50).collect();
    assert_eq!(went.concat(), told);

    // Row 50 is wrong: what stands before it and waits for others goes first.
    let vendor = Arc::new(Vendor { most: 100, ..Vendor::new() });
    let (summary, paper) = through(&vendor, 5_000, Drive { on_error: OnError::Stop, ..usual() }).await;
    assert!(summary.stopped.unwrap().starts_with("row 50 (line 51) did not end well"));
    assert_eq!((together(&vendor), paper.numbers()), (vec![(1..=49).collect()], (1..=50).collect()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_that_were_killed_go_on_and_nothing_is_sent_twice() {
    for looks in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let vendor = Arc::new(Vendor { looks, most: 20, ..Vendor::new() });
        for more in [1, 90, 123, 250] {
            killed(&vendor, &folder, 3_000, more).await;
        }
        let how = Drive { ledger: Some(ledger(&folder)), ..usual() };
        let before = vendor.together.lock().unwrap().len();
        let (_, paper) = through(&vendor, 3_000, how).await;
        assert_eq!(paper.numbers(), (1..=3_000).collect::<Vec<_>>());
        let lines = paper.lines.lock().unwrap().clone();
        let unknown: Vec<u64> = lines.iter().filter(|l| l.1 == Kind::Unknown).map(|l| l.0).collect();
        for number in (1..=3_000).filter(|number| number % 50 != 0) {
            match (vendor.did(number), unknown.contains(&number)) {
                (1, _) | (0, true) => {}
                (did, _) => panic!("row {number} {did} times"),
            }
        }
        assert_eq!(unknown.is_empty(), looks, "{unknown:?}");
        // What was not begun before goes together again.
        let after = vendor.together.lock().unwrap().split_off(before);
        assert!(!after.is_empty() && after.iter().filter(|group| group.len() < 20).count() <= 1, "{after:?}");
    }
}
