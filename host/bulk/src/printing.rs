//! Results on their way out.

use std::io;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::{Ended, Row, Sink};

/// So many times results are printed behind.
const BEHIND: usize = 16;
/// How long a run that is stopped waits for a reader who does not read.
const PATIENCE: Duration = Duration::from_secs(5);

/// Prints results on a thread of its own: a reader who is slow makes the run slow, and nothing else.
pub(crate) struct Printing {
    results: Option<mpsc::Sender<Vec<(Row, Ended)>>>,
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
        Self { results: Some(results), ended }
    }

    pub(crate) async fn put(&mut self, told: Vec<(Row, Ended)>, stop: &CancellationToken) -> Result<(), String> {
        if told.is_empty() {
            return Ok(());
        }
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

    pub(crate) async fn end(self, stop: &CancellationToken) -> Result<(), String> {
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
