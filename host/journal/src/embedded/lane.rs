//! A connection on a thread of its own, which takes what is asked of it in turn.
//!
//! Owns: transactions. What is waiting when the thread is free is committed together, since a commit waits for the disk: many
//! workers then share one wait.
//! Never: what is written.
//!
//! Invariants: each job is done whole or not at all, whatever becomes of its neighbours; nobody is answered before the commit.

use std::thread;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot, watch};

use super::fault::Fault;

/// The most jobs of one commit: what fails to commit fails for all of them.
const TOGETHER: usize = 256;

trait Job: Send {
    /// Whether what it did is to be kept.
    fn run(&mut self, connection: &Connection) -> bool;
    fn answer(self: Box<Self>, committed: Result<(), String>);
}

struct Work<T, F> {
    work: Option<F>,
    result: Option<Result<T, Fault>>,
    answer: oneshot::Sender<Result<T, Fault>>,
}

impl<T: Send, F: FnOnce(&Connection) -> Result<T, Fault> + Send> Job for Work<T, F> {
    fn run(&mut self, connection: &Connection) -> bool {
        self.result = self.work.take().map(|work| work(connection));
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, committed: Result<(), String>) {
        let result = match (committed, self.result) {
            (Ok(()), Some(result)) => result,
            (Err(reason), _) => Err(Fault::Storage(reason)),
            (Ok(()), None) => Err(gone()),
        };
        // Whoever asked may be gone.
        let _ = self.answer.send(result);
    }
}

/// Where to ask. The thread ends, and the connection is closed, when the last one is dropped.
#[derive(Clone)]
pub(crate) struct Lane(mpsc::UnboundedSender<Box<dyn Job>>);

impl Lane {
    /// A lane that writes; `committed` changes after each commit.
    pub(crate) fn writer(connection: Connection, committed: watch::Sender<u64>) -> std::io::Result<Self> {
        Self::start("journal-writer", move |jobs| {
            let mut connection = connection;
            while let Some(mut batch) = next(jobs) {
                let done = together(&mut connection, &mut batch).map_err(|error| error.to_string());
                // Those who watch are told first: whoever is answered may rely on it.
                committed.send_modify(|count| *count += 1);
                batch.into_iter().for_each(|job| job.answer(done.clone()));
            }
        })
    }

    /// A lane that only reads.
    pub(crate) fn reader(connection: Connection) -> std::io::Result<Self> {
        Self::start("journal-reader", move |jobs| {
            while let Some(mut job) = jobs.blocking_recv() {
                let done = connection.unchecked_transaction().map(|snapshot| {
                    job.run(&snapshot);
                });
                job.answer(done.map_err(|error| error.to_string()));
            }
        })
    }

    fn start(
        name: &str,
        run: impl FnOnce(&mut mpsc::UnboundedReceiver<Box<dyn Job>>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, mut jobs) = mpsc::unbounded_channel();
        thread::Builder::new().name(name.to_owned()).spawn(move || run(&mut jobs))?;
        Ok(Self(sender))
    }

    /// Does it on the lane, and returns when it is done: for a writer, when it is on the disk.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(Work { work: Some(work), result: None, answer });
        self.0.send(job).map_err(|_| gone())?;
        answered.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn gone() -> Fault {
    Fault::Storage("its thread has ended; start the program again".to_owned())
}

/// All that waits now, or the next that comes.
fn next(jobs: &mut mpsc::UnboundedReceiver<Box<dyn Job>>) -> Option<Vec<Box<dyn Job>>> {
    let mut batch = vec![jobs.blocking_recv()?];
    while batch.len() < TOGETHER
        && let Ok(job) = jobs.try_recv()
    {
        batch.push(job);
    }
    Some(batch)
}

fn together(connection: &mut Connection, batch: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in batch {
        let part = transaction.savepoint()?;
        if job.run(&part) {
            part.commit()?;
        }
        // Dropped otherwise, which rolls it back.
    }
    transaction.commit()
}
