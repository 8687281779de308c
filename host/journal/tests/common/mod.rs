//! A journal in a folder of its own.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use presetter_journal::conformance::{Factory, LEASE};
use presetter_journal::embedded::{Embedded, Settings};
use presetter_journal::seam::{Engine, Parts};
use tempfile::TempDir;

pub(crate) struct Folder(TempDir);

#[async_trait]
impl Factory for Folder {
    async fn open(&self, parts: Parts) -> Arc<dyn Engine> {
        // The clock stands still, so nothing is polled for by itself.
        let settings = Settings { workers: 8, lease: LEASE, poll: Duration::from_secs(1) };
        Arc::new(Embedded::open(&self.0.path().join("journal.db"), parts, settings).await.unwrap())
    }
}

pub(crate) fn make() -> Box<dyn Factory> {
    Box::new(Folder(TempDir::new().unwrap()))
}
