//! The ledger of a bulk run: a file of lines by which it goes on after a crash.
//!
//! Each row that may change something is noted before it is sent, and on the disk by then; each row is noted with what came of it.
//! So after a crash a row has ended, may have been sent, or was not. Lines:
//!
//! ```text
//! {"ledger":1,"run":{...}}                            the first: what is run, the same for all rows
//! {"row":1,"begun":"5f0c1d2e9a3b4c5d"}                 about to be sent; a digest of its inputs
//! {"row":1,"ended":"5f0c1d2e9a3b4c5d","kind":"ok","result":{...}}  what came of it
//! {"row":2,"dropped":"5f0c1d2e9a3b4c5d"}               it was not sent after all
//! ```
//!
//! Invariants: one process has it at a time; a line that a crash cut off is the last one, and counts for nothing; what is on the disk
//! is never changed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use crate::Kind;

/// The form of the file.
const FORM: u32 = 1;
/// The longest line, in bytes: a result, and something for the names around it.
const LINE: u64 = 64 * 1024 * 1024;
/// The most rows.
const ROWS: u64 = 100_000_000;
/// So many lines are written at once.
const GROUP: usize = 512;

/// Why a ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// There is one, and nobody said to go on with it.
    #[error("{} is the ledger of a run already", .0.display())]
    Exists(PathBuf),
    /// There is none.
    #[error("there is no ledger {}", .0.display())]
    Missing(PathBuf),
    /// Another process has it.
    #[error("{} is in use: a run with it is under way", .0.display())]
    InUse(PathBuf),
    /// It is of another run.
    #[error("{} is the ledger of another run: {what} was {was}, and is {is}", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: String,
        /// In the ledger.
        was: String,
        /// Now.
        is: String,
    },
    /// It is none, or was damaged.
    #[error("{}, line {line}: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong.
        why: String,
    },
    /// The disk.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// What is known of a row from before, and as `R` what came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Before<R = String> {
    /// Nothing: it was not sent.
    Nothing,
    /// It was about to be sent, and nobody knows whether it was.
    Begun,
    /// It ended so; what came of it, as JSON.
    Ended(Kind, R),
    /// With other inputs it was begun, or ended so.
    Other(Option<Kind>),
}

/// What is read of a ledger: for each row its digest, and where its result stands.
#[derive(Debug, Default)]
struct Known {
    /// By number, the first at 0.
    rows: Vec<Option<Seen>>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    digest: u64,
    /// How it ended, and where that line begins.
    ended: Option<(Kind, u64)>,
}

impl Seen {
    fn took_place(self) -> bool {
        self.ended.is_none_or(|(kind, _)| !kind.came_to_nothing())
    }
}

/// A ledger in use.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    known: Known,
    /// To read results of before.
    results: Mutex<Option<File>>,
    lines: Option<Sender<Line>>,
    writer: Option<JoinHandle<()>>,
}

/// Lines on their way to the disk, and who waits for them.
struct Line(String, Option<oneshot::Sender<Result<(), String>>>);

#[derive(Serialize, Deserialize)]
struct Head {
    ledger: u32,
    run: Value,
}

#[derive(Deserialize)]
struct Entry<'l> {
    row: u64,
    begun: Option<&'l str>,
    ended: Option<&'l str>,
    dropped: Option<&'l str>,
    kind: Option<Kind>,
    #[serde(borrow)]
    result: Option<&'l RawValue>,
}

/// A row's end, told to a ledger.
#[derive(Debug, Clone, Copy)]
pub struct Told<'t> {
    /// Its number, the first is 1.
    pub row: u64,
    /// The digest of its inputs: see [`Ledger::digest`].
    pub digest: u64,
    /// How it ended.
    pub kind: Kind,
    /// What came of it, as JSON.
    pub result: &'t str,
}

impl Ledger {
    /// Begins one. `run` says what is run, and is compared when it is gone on with.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub fn create(path: &Path, run: &Value) -> Result<Self, LedgerError> {
        let file = private().read(true).create_new(true).open(path);
        let file = file.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => LedgerError::Exists(path.to_owned()),
            _ => io_error(path)(error),
        })?;
        locked(path, &file)?;
        let mut file = file;
        let head = serde_json::to_string(&Head { ledger: FORM, run: run.clone() }).unwrap_or_default();
        file.write_all(format!("{head}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(io_error(path))?;
        Self::on(path, file, Known::default())
    }

    /// Goes on with one.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub fn resume(path: &Path, run: &Value) -> Result<Self, LedgerError> {
        let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(missing(path))?;
        locked(path, &file)?;
        let (known, whole) = read(path, &file, run)?;
        // A line that was cut off is taken away, so that the next does not run into it.
        file.set_len(whole).and_then(|()| file.seek(SeekFrom::Start(whole))).map_err(io_error(path))?;
        Self::on(path, file, known)
    }

    /// What is known by one, though a run may be using it: it is left as it is, and takes nothing more.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub fn peek(path: &Path, run: &Value) -> Result<Self, LedgerError> {
        let file = File::open(path).map_err(missing(path))?;
        let (known, _) = read(path, &file, run)?;
        Ok(Self { path: path.to_owned(), known, results: Mutex::default(), lines: None, writer: None })
    }

    /// Takes one away that no run is using; none is as well. Another file stays.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub fn forget(path: &Path) -> Result<(), LedgerError> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            file => file.map_err(io_error(path))?,
        };
        locked(path, &file)?;
        let mut first = Vec::new();
        BufReader::new((&file).take(LINE)).read_until(b'\n', &mut first).map_err(io_error(path))?;
        // A crash may have left it empty.
        if !first.is_empty() && object::<Head>(&first).is_err() {
            return Err(LedgerError::Damaged { path: path.to_owned(), line: 1, why: NONE.to_owned() });
        }
        std::fs::remove_file(path).map_err(io_error(path))
    }

    fn on(path: &Path, file: File, known: Known) -> Result<Self, LedgerError> {
        let (lines, waiting) = channel();
        let writer = std::thread::Builder::new().name("ledger".to_owned()).spawn(move || write(file, &waiting));
        let writer = writer.map_err(io_error(path))?;
        let path = path.to_owned();
        Ok(Self { path, known, results: Mutex::default(), lines: Some(lines), writer: Some(writer) })
    }

    /// Tells one row's inputs from another's.
    #[must_use]
    pub fn digest(inputs: &serde_json::Map<String, Value>) -> u64 {
        let mut digest = Sha256::new();
        // Names in their order: the same inputs are the same row, however a file writes them.
        let mut names: Vec<(&String, &Value)> = inputs.iter().collect();
        names.sort_by_key(|(name, _)| *name);
        digest.update(serde_json::to_string(&names).unwrap_or_default());
        let digest = digest.finalize();
        digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// What is known of a row from before.
    ///
    /// # Errors
    /// Its result cannot be read any more.
    pub fn look(&self, row: u64, digest: u64) -> Result<Before, LedgerError> {
        Ok(match self.seen(row, digest) {
            Before::Ended(kind, at) => Before::Ended(kind, self.result(at)?),
            Before::Nothing => Before::Nothing,
            Before::Begun => Before::Begun,
            Before::Other(kind) => Before::Other(kind),
        })
    }

    /// As [`Ledger::look`], and where the line of its result begins: nothing is read.
    #[must_use]
    pub fn seen(&self, row: u64, digest: u64) -> Before<u64> {
        match self.known.of(row) {
            None => Before::Nothing,
            Some(Seen { ended, digest: was }) if was != digest => Before::Other(ended.map(|(kind, _)| kind)),
            Some(Seen { ended: Some((kind, at)), .. }) => Before::Ended(kind, at),
            Some(Seen { ended: None, .. }) => Before::Begun,
        }
    }

    /// Whether a row took place, or may have, with whatever values.
    #[must_use]
    pub fn took_place(&self, row: u64) -> bool {
        self.known.of(row).is_some_and(Seen::took_place)
    }

    /// The last of the rows that took place, or may have; 0 if none did.
    #[must_use]
    pub fn last(&self) -> u64 {
        let last = self.known.rows.iter().rposition(|seen| seen.is_some_and(Seen::took_place));
        last.map_or(0, |at| at as u64 + 1)
    }

    fn result(&self, at: u64) -> Result<String, LedgerError> {
        let mut file = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match &mut *file {
            Some(file) => file,
            none => none.insert(File::open(&self.path).map_err(io_error(&self.path))?),
        };
        file.seek(SeekFrom::Start(at)).map_err(io_error(&self.path))?;
        let mut line = Vec::new();
        BufReader::new(file.take(LINE)).read_until(b'\n', &mut line).map_err(io_error(&self.path))?;
        let damaged = |why: String| LedgerError::Damaged { path: self.path.clone(), line: 0, why };
        let entry: Entry<'_> = object(&line).map_err(damaged)?;
        let result = entry.result.ok_or_else(|| damaged("a row that ended has no result".to_owned()))?;
        Ok(result.get().to_owned())
    }

    /// Notes that rows are about to be sent, each with the digest of its inputs. When the future ends, that is on the disk.
    ///
    /// # Errors
    /// The disk. The rows are not to be sent then.
    pub fn begin(&self, rows: &[(u64, u64)]) -> impl Future<Output = Result<(), String>> + Send + use<> {
        let (tell, told) = oneshot::channel();
        let lines = rows.iter().map(|(row, digest)| format!("{{\"row\":{row},\"begun\":\"{digest:016x}\"}}\n"));
        let put = self.put(Line(lines.collect(), Some(tell)));
        async move {
            put?;
            told.await.unwrap_or_else(|_| Err(GONE.to_owned()))
        }
    }

    /// Notes what came of rows. It is on the disk soon, and when the ledger is closed.
    ///
    /// # Errors
    /// The disk failed before.
    pub fn end<'t>(&self, told: impl IntoIterator<Item = Told<'t>>) -> Result<(), String> {
        let line = |Told { row, digest, kind, result }: Told<'_>| {
            let kind = kind.name();
            format!("{{\"row\":{row},\"ended\":\"{digest:016x}\",\"kind\":\"{kind}\",\"result\":{result}}}\n")
        };
        self.put(Line(told.into_iter().map(line).collect(), None))
    }

    /// Notes that rows which were begun were not sent after all.
    ///
    /// # Errors
    /// The disk failed before.
    pub fn drop_rows(&self, rows: impl IntoIterator<Item = (u64, u64)>) -> Result<(), String> {
        let line = |(row, digest)| format!("{{\"row\":{row},\"dropped\":\"{digest:016x}\"}}\n");
        self.put(Line(rows.into_iter().map(line).collect(), None))
    }

    fn put(&self, line: Line) -> Result<(), String> {
        let lines = self.lines.as_ref().ok_or_else(|| GONE.to_owned())?;
        if line.0.is_empty() {
            return Ok(());
        }
        lines.send(line).map_err(|_| GONE.to_owned())
    }

    /// Writes what is still on its way, and gives the file back.
    pub fn close(mut self) {
        self.finish();
    }

    fn finish(&mut self) {
        self.lines = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.finish();
    }
}

const NONE: &str = "this is no ledger of a bulk run";
const GONE: &str = "the ledger cannot be written any more";

fn io_error(path: &Path) -> impl Fn(io::Error) -> LedgerError {
    let path = path.to_owned();
    move |error| LedgerError::Io { path: path.clone(), error }
}

fn missing(path: &Path) -> impl Fn(io::Error) -> LedgerError {
    move |error| match error.kind() {
        io::ErrorKind::NotFound => LedgerError::Missing(path.to_owned()),
        _ => io_error(path)(error),
    }
}

/// Only its owner reads it: it has what vendors answered.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn locked(path: &Path, file: &File) -> Result<(), LedgerError> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => LedgerError::InUse(path.to_owned()),
        TryLockError::Error(error) => io_error(path)(error),
    })
}

/// Reads a ledger; what is known, and where its last whole line ends.
fn read(path: &Path, file: &File, run: &Value) -> Result<(Known, u64), LedgerError> {
    let mut reader = BufReader::with_capacity(256 * 1024, file);
    let (mut known, mut whole, mut number) = (Known::default(), 0, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        number += 1;
        let size = (&mut reader).take(LINE).read_until(b'\n', &mut line).map_err(io_error(path))? as u64;
        let damaged = |why: String| LedgerError::Damaged { path: path.to_owned(), line: number, why };
        if line.last() != Some(&b'\n') {
            return match number {
                1 => Err(damaged(NONE.to_owned())),
                _ if size >= LINE => Err(damaged("this line has more than 64 MiB".to_owned())),
                // Nothing follows, or what does was cut off by a crash.
                _ => Ok((known, whole)),
            };
        }
        if number == 1 {
            let head: Option<Head> = object(&line).ok();
            let head = head.ok_or_else(|| damaged(NONE.to_owned()))?;
            if head.ledger != FORM {
                return Err(damaged(format!(
                    "this is form {} of a ledger, and this program reads {FORM}",
                    head.ledger
                )));
            }
            same(path, &head.run, run)?;
        } else {
            let entry: Entry<'_> = object(&line).map_err(damaged)?;
            known.add(&entry, whole).map_err(damaged)?;
        }
        whole += size;
    }
}

/// A line's object: a list of the same values in order would pass for one.
fn object<'l, T: Deserialize<'l>>(line: &'l [u8]) -> Result<T, String> {
    match line.first() {
        Some(b'{') => serde_json::from_slice(line).map_err(|error| error.to_string()),
        _ => Err("this line is no object".to_owned()),
    }
}

impl Known {
    fn of(&self, row: u64) -> Option<Seen> {
        let at = usize::try_from(row.saturating_sub(1)).unwrap_or(usize::MAX);
        self.rows.get(at).copied().flatten()
    }

    fn add(&mut self, entry: &Entry<'_>, at: u64) -> Result<(), String> {
        let (digest, ended, dropped) = match (entry.begun, entry.ended, entry.dropped, entry.kind, entry.result) {
            (Some(digest), None, None, None, None) => (digest, None, false),
            (None, Some(digest), None, Some(kind), Some(_)) => (digest, Some((kind, at)), false),
            (None, None, Some(digest), None, None) => (digest, None, true),
            _ => return Err("a row has begun, ended or was dropped".to_owned()),
        };
        let digest = u64::from_str_radix(digest, 16).map_err(|_| "the digest of a row is no number".to_owned())?;
        if !(1..=ROWS).contains(&entry.row) {
            return Err(format!("there is no row {}", entry.row));
        }
        let at = usize::try_from(entry.row - 1).map_err(|_| "too many rows for this machine".to_owned())?;
        if self.rows.len() <= at {
            self.rows.resize(at + 1, None);
        }
        // What was begun again, by somebody's word, is in doubt again.
        self.rows[at] = (!dropped).then_some(Seen { digest, ended });
        Ok(())
    }
}

fn same(path: &Path, was: &Value, is: &Value) -> Result<(), LedgerError> {
    let names = |value: &Value| value.as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default();
    let mut all: Vec<String> = names(is);
    all.extend(names(was));
    match all.into_iter().find(|name| was[name] != is[name]) {
        None => Ok(()),
        Some(what) => {
            let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let (was, is) = (shown(&was[&what]), shown(&is[&what]));
            Err(LedgerError::Other { path: path.to_owned(), what, was, is })
        }
    }
}

/// Writes lines as they come, many at once: whoever waits, waits for the disk once for all of them.
fn write(mut file: File, lines: &Receiver<Line>) {
    let mut failed: Option<String> = None;
    let mut dirty = false;
    while let Ok(first) = lines.recv() {
        let (mut text, mut waiting) = (String::new(), Vec::new());
        let group = std::iter::once(first).chain(std::iter::from_fn(|| lines.try_recv().ok()).take(GROUP));
        for Line(line, tell) in group {
            text.push_str(&line);
            waiting.extend(tell);
        }
        if failed.is_none() {
            let written = file.write_all(text.as_bytes());
            dirty = true;
            // Only what is about to be sent is waited for; an end that is lost makes its row one in doubt.
            let written = written.and_then(|()| match waiting.is_empty() {
                true => Ok(()),
                false => {
                    dirty = false;
                    file.sync_data()
                }
            });
            failed = written.err().map(|error| error.to_string());
        }
        for tell in waiting {
            let _ = tell.send(failed.clone().map_or(Ok(()), Err));
        }
    }
    if dirty {
        let _ = file.sync_data();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    impl Ledger {
        /// How many rows ended before, and how many may have been sent.
        fn before(&self) -> (u64, u64) {
            let seen = self.known.rows.iter().flatten();
            seen.fold((0, 0), |(ended, begun), seen| match seen.ended {
                Some(_) => (ended + 1, begun),
                None => (ended, begun + 1),
            })
        }
    }

    fn run() -> Value {
        json!({ "preset": "m/create", "connection": "m" })
    }

    fn inputs(name: &str) -> u64 {
        Ledger::digest(json!({ "name": name }).as_object().unwrap())
    }

    fn told(row: u64, kind: Kind) -> Told<'static> {
        Told { row, digest: inputs(&row.to_string()), kind, result: "{\"n\":1}" }
    }

    async fn written(path: &Path) {
        let ledger = Ledger::create(path, &run()).unwrap();
        for row in 1..=3 {
            ledger.begin(&[(row, inputs(&row.to_string()))]).await.unwrap();
        }
        ledger.end([told(1, Kind::Ok)]).unwrap();
        ledger.close();
    }

    #[tokio::test]
    async fn what_was_begun_and_what_ended_is_known_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        written(&path).await;
        assert!(matches!(Ledger::create(&path, &run()), Err(LedgerError::Exists(_))));
        let ledger = Ledger::resume(&path, &run()).unwrap();
        assert_eq!(ledger.before(), (1, 2));
        assert_eq!(ledger.look(1, inputs("1")).unwrap(), Before::Ended(Kind::Ok, "{\"n\":1}".to_owned()));
        assert_eq!(ledger.look(2, inputs("2")).unwrap(), Before::Begun);
        assert_eq!(ledger.look(2, inputs("other")).unwrap(), Before::Other(None));
        assert_eq!(ledger.look(4, inputs("4")).unwrap(), Before::Nothing);
        assert!(matches!(Ledger::resume(&path, &run()), Err(LedgerError::InUse(_))));
        let peeked = Ledger::peek(&path, &run()).unwrap();
        assert_eq!(peeked.seen(2, inputs("2")), Before::Begun);
        assert!(peeked.end([told(2, Kind::Failed)]).is_err(), "it takes nothing");
        ledger.end([told(2, Kind::Failed)]).unwrap();
        ledger.drop_rows([(3, inputs("3"))]).unwrap();
        drop(ledger);
        let ledger = Ledger::resume(&path, &run()).unwrap();
        assert_eq!((ledger.before(), ledger.last()), ((2, 0), 1));
        assert!(ledger.took_place(1) && !ledger.took_place(2) && !ledger.took_place(3));
        assert_eq!(ledger.look(2, 9).unwrap(), Before::Other(Some(Kind::Failed)));
        assert_eq!(ledger.look(3, inputs("3")).unwrap(), Before::Nothing);
    }

    #[tokio::test]
    async fn a_ledger_of_something_else_is_not_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        written(&path).await;
        let other = json!({ "preset": "m/delete", "connection": "m" });
        let told = Ledger::resume(&path, &other).unwrap_err().to_string();
        assert!(told.ends_with("is the ledger of another run: preset was m/create, and is m/delete"), "{told}");
        assert!(matches!(Ledger::resume(&folder.path().join("none"), &run()), Err(LedgerError::Missing(_))));
        for text in ["", "{}\n", "[1,2]\n", "\u{0}\n", "{\"ledger\":2,\"run\":{}}\n"] {
            std::fs::write(&path, text).unwrap();
            assert!(matches!(Ledger::resume(&path, &run()), Err(LedgerError::Damaged { line: 1, .. })), "{text:?}");
        }
    }

    #[tokio::test]
    async fn wherever_it_is_cut_off_no_row_is_forgotten_that_may_have_been_sent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        written(&path).await;
        let whole = std::fs::read(&path).unwrap();
        let ends: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] == b'\n').map(|at| at + 1).collect();
        for cut in ends[0]..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let ledger = Ledger::resume(&path, &run()).unwrap();
            let lines = ends.iter().filter(|end| **end <= cut).count() as u64 - 1;
            assert_eq!(ledger.before(), if lines == 4 { (1, 2) } else { (0, lines) }, "{cut}");
            // What follows is read again.
            ledger.begin(&[(9, 9)]).await.unwrap();
            ledger.close();
            let (ended, begun) = Ledger::resume(&path, &run()).unwrap().before();
            assert_eq!(ended + begun, lines.min(3) + 1);
        }
    }

    #[tokio::test]
    async fn what_was_damaged_is_told_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        for line in [
            "{\"row\":0,\"begun\":\"1\"}",
            "{\"row\":1}",
            "{\"row\":1,\"begun\":\"x\"}",
            "{\"row\":1,\"ended\":\"1\"}",
            "{\"row\":1,\"ended\":\"1\",\"kind\":\"well\",\"result\":{}}",
            "{\"row\":1,\"begun\":\"1\",\"dropped\":\"1\"}",
            "{\"row\":99999999999,\"begun\":\"1\"}",
            "nothing",
        ] {
            written(&path).await;
            let mut text = std::fs::read_to_string(&path).unwrap();
            text.push_str(line);
            text.push_str("\n{\"row\":5,\"begun\":\"1\"}\n");
            std::fs::write(&path, text).unwrap();
            assert!(matches!(Ledger::resume(&path, &run()), Err(LedgerError::Damaged { line: 6, .. })), "{line}");
            std::fs::remove_file(&path).unwrap();
        }
    }

    #[tokio::test]
    async fn only_a_ledger_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        Ledger::forget(&path).unwrap();
        written(&path).await;
        Ledger::forget(&path).unwrap();
        std::fs::write(&path, "").unwrap();
        Ledger::forget(&path).unwrap();
        assert!(!path.exists());
        std::fs::write(&path, "user_id,name\n").unwrap();
        assert!(matches!(Ledger::forget(&path), Err(LedgerError::Damaged { line: 1, .. })));
        assert!(path.exists());
    }

    #[test]
    fn the_order_of_names_makes_no_other_row() {
        let digest = |value: Value| Ledger::digest(value.as_object().unwrap());
        assert_eq!(digest(json!({ "a": 1, "b": 2 })), digest(json!({ "b": 2, "a": 1 })));
        assert_ne!(digest(json!({ "a": 1 })), digest(json!({ "a": "1" })));
    }
}
