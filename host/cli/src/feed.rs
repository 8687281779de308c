//! Rows on their way out, printed by a thread of their own.
//!
//! Keeps: their order, and the pace of who reads them: only a few wait at a time. A reader who does not read holds up the
//! preset alone, not the clock that ends it, nor Ctrl-C; one who has gone away ends the run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use presetter_runtime::CancellationToken;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::console::Console;
use crate::rows::Rows;

/// How many rows may wait. Each may be as large as a preset's output.
const WAITING: usize = 16;

/// The way of rows to the console.
pub(crate) struct Feed {
    to: mpsc::Sender<Value>,
    /// Nothing comes by it; it is closed when all is printed.
    printing: Receiver<()>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    count: AtomicU64,
    unread: AtomicBool,
}

/// How the listing ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Listed {
    /// How many rows were printed.
    pub(crate) count: u64,
    /// The run was ended because nobody reads its rows any more (`| head`).
    pub(crate) unread: bool,
    /// Someone could read on, and does not: whatever else is printed would wait for that.
    pub(crate) stuck: bool,
}

impl Feed {
    /// Begins to print. `cancel` ends the run when its reader has gone away.
    pub(crate) fn start(mut rows: Rows, console: Arc<Console>, cancel: CancellationToken) -> Self {
        let (to, mut from) = mpsc::channel::<Value>(WAITING);
        let (done, printing) = channel();
        let shared = Arc::new(Shared::default());
        let told = shared.clone();
        thread::spawn(move || {
            let _done = done;
            while let Some(row) = from.blocking_recv() {
                if !rows.add(row, &console) {
                    // A run that was ended before, by a person or otherwise, was not ended by this.
                    told.unread.store(!cancel.is_cancelled(), Ordering::SeqCst);
                    cancel.cancel();
                    return;
                }
                told.count.store(rows.count, Ordering::SeqCst);
            }
            rows.end(&console);
        });
        Self { to, printing, shared }
    }

    /// Where rows go. Sending one waits for its reader; it fails if there is none any more.
    pub(crate) fn sender(&self) -> mpsc::Sender<Value> {
        self.to.clone()
    }

    /// No more rows come: waits until all are printed. With `patience`, only as long as any are read within that time.
    pub(crate) fn end(self, patience: Option<Duration>) -> Listed {
        let Self { to, printing, shared } = self;
        drop(to);
        let count = || shared.count.load(Ordering::SeqCst);
        let stuck = loop {
            let before = count();
            match patience.map_or_else(|| printing.recv().map_err(Into::into), |time| printing.recv_timeout(time)) {
                Err(RecvTimeoutError::Timeout) if count() == before => break true,
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => break false,
            }
        };
        Listed { count: count(), unread: shared.unread.load(Ordering::SeqCst), stuck }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::mpsc::SyncSender;

    use presetter_secret::Redactor;
    use serde_json::json;

    use super::*;
    use crate::args::Format;
    use crate::console::Style;

    /// A reader who takes a line when the test does.
    struct Slow(SyncSender<Vec<u8>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn feed() -> (Feed, Receiver<Vec<u8>>, CancellationToken) {
        let (to, reader) = std::sync::mpsc::sync_channel(0);
        let console = Console::new(Box::new(Slow(to)), Box::new(io::sink()), Style::default(), Redactor::new());
        let cancel = CancellationToken::new();
        (Feed::start(Rows::new(Format::Json), Arc::new(console), cancel.clone()), reader, cancel)
    }

    #[tokio::test]
    async fn a_reader_who_does_not_read_holds_up_only_who_sends() {
        let (feed, reader, cancel) = feed();
        let to = feed.sender();
        let mut sent = 0;
        while tokio::time::timeout(Duration::from_millis(200), to.send(json!(sent))).await.is_ok() {
            sent += 1;
        }
        assert_eq!(sent, WAITING + 1, "those that wait, and the one that is being written");
        drop(to);
        assert!(!cancel.is_cancelled());
        assert_eq!(feed.end(Some(Duration::from_millis(10))), Listed { count: 0, unread: false, stuck: true });
        drop(reader);
    }

    #[tokio::test]
    async fn rows_keep_their_order_and_are_all_printed_at_the_end() {
        let (feed, reader, _) = feed();
        let read = thread::spawn(move || reader.into_iter().flatten().collect::<Vec<u8>>());
        let wanted: String = (0..100).map(|n| format!("{n}\n")).collect();
        let to = feed.sender();
        for n in 0..100 {
            to.send(json!(n)).await.unwrap();
        }
        drop(to);
        assert_eq!(feed.end(None), Listed { count: 100, unread: false, stuck: false });
        assert_eq!(String::from_utf8(read.join().unwrap()).unwrap(), wanted);
    }

    #[tokio::test]
    async fn a_reader_who_has_gone_away_ends_the_run_once() {
        let (feed, reader, cancel) = feed();
        drop(reader);
        feed.sender().send(json!(1)).await.unwrap();
        cancel.cancelled().await;
        assert_eq!(feed.end(None), Listed { count: 0, unread: true, stuck: false });

        // A person was first: then it was that.
        let (feed, reader, cancel) = self::feed();
        cancel.cancel();
        drop(reader);
        feed.sender().send(json!(1)).await.unwrap();
        assert!(!feed.end(None).unread);
    }
}
