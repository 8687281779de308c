//! Results on their way out.

use std::io;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Ended, Row, Sink};

/// So many times results are printed behind.
const BEHIND: usize = 8;
/// So many results are handed over at the latest,
const TOGETHER: usize = 64;
/// and so long after the first of them: to wake the thread that prints takes longer than many a result.
const TOGETHER_FOR: Duration = Duration::from_millis(5);
/// How long a run that is stopped waits for a reader who does not read.
const PATIENCE: Duration = Duration::from_secs(5);

/// Prints results on a thread of its own: a reader who is slow makes the run slow, and nothing else.
pub(crate) struct Printing {
    results: Option<mpsc::Sender<Vec<(Row, Ended)>>>,
    /// What is not handed over yet, and when it will be.
    next: Vec<(Row, Ended)>,
    due: Option<Instant>,
    ended: oneshot::Receiver<io::Result<()>>,
}

const UNREAD: &str = "nobody reads the results any more";

impl Printing {
    pub(crate) fn new(mut sink: impl Sink) -> Self {
        let (results, mut coming) = mpsc::channel::<Vec<(Row, Ended)>>(BEHIND);
        let (tell, ended) = oneshot::channel();
        std::thread::spawn(move || {
            let mut printed = Ok(());
            while let (Ok(()), Some(results)) = (&printed, coming.blocking_recv()) {
                printed = sink.results(&results);
            }
            drop(sink);
            let _ = tell.send(printed);
        });
        Self { results: Some(results), next: Vec::new(), due: None, ended }
    }

    /// Takes results; their place is empty then. They are printed soon, if [`Printing::due`] is waited for.
    pub(crate) async fn put(&mut self, told: &mut Vec<(Row, Ended)>, stop: &CancellationToken) -> Result<(), String> {
        self.next.append(told);
        if self.next.is_empty() {
            return Ok(());
        }
        let now = Instant::now();
        let due = *self.due.get_or_insert(now + TOGETHER_FOR);
        if due > now && self.next.len() < TOGETHER { Ok(()) } else { self.hand_over(stop).await }
    }

    /// Waits until results are to be put, if there are some.
    pub(crate) async fn due(&self) {
        match self.due {
            Some(due) => tokio::time::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    async fn hand_over(&mut self, stop: &CancellationToken) -> Result<(), String> {
        self.due = None;
        let told = std::mem::take(&mut self.next);
        let Some(results) = &self.results else { return Err(UNREAD.to_owned()) };
        let sent = tokio::select! {
            sent = results.send(told) => sent.is_ok(),
            () = patience(stop) => false,
        };
        if !sent {
            self.results = None;
        }
        if sent { Ok(()) } else { Err(UNREAD.to_owned()) }
    }

    pub(crate) async fn end(mut self, stop: &CancellationToken) -> Result<(), String> {
        if !self.next.is_empty() {
            self.hand_over(stop).await?;
        }
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
