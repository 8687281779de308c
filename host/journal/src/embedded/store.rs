//! The file: one lane that writes, one that reads, and the places where a test may have the engine crash.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::watch;

use super::fault::Fault;
use super::lane::Lane;
use super::schema::SCHEMA;
use crate::seam::{CrashPoints, Point, Side, Write};

/// The journal's file.
#[derive(Clone)]
pub(crate) struct Store {
    writer: Lane,
    reader: Lane,
    committed: watch::Receiver<u64>,
    crash: Arc<dyn CrashPoints>,
}

impl Store {
    pub(crate) fn open(path: &Path, crash: Arc<dyn CrashPoints>) -> Result<Self, presetter_database::OpenError> {
        let writer = presetter_database::open(path, &SCHEMA)?;
        let reader = presetter_database::open(path, &SCHEMA)?;
        let (sender, committed) = watch::channel(0);
        Ok(Self { writer: Lane::writer(writer, sender)?, reader: Lane::reader(reader)?, committed, crash })
    }

    /// Changes with each commit of this engine, not with those of others.
    pub(crate) fn committed(&self) -> watch::Receiver<u64> {
        self.committed.clone()
    }

    /// One change, whole, on the disk when this returns.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        write: Write,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.crash.at(Point { write, side: Side::Before }).await;
        let result = self.writer.call(work).await;
        self.crash.at(Point { write, side: Side::After }).await;
        result
    }

    /// Reads one state of the file.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.reader.call(work).await
    }
}
