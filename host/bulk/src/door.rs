//! The door before the places: who is through it is noted as begun, and waits for a place.
//!
//! As many wait as there are places: the disk is waited for by several at once, and no place waits for it. Passes are given by one hand,
//! in the order of the rows; so with one place rows are sent in their order, whichever thread runs them.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A pass through the door, until its row has a place. None only if there is no door any more.
pub(crate) type Pass = Option<OwnedSemaphorePermit>;

/// See the module.
pub(crate) struct Door {
    passes: Arc<Semaphore>,
    /// The next one, if it is at hand.
    next: Pass,
}

impl Door {
    /// One with so many passes.
    pub(crate) fn new(passes: usize) -> Self {
        Self { passes: Arc::new(Semaphore::new(passes)), next: None }
    }

    /// Whether a row can go through now.
    pub(crate) fn is_open(&mut self) -> bool {
        if self.next.is_none() {
            self.next = self.passes.clone().try_acquire_owned().ok();
        }
        self.next.is_some()
    }

    /// Waits until a row can go through.
    pub(crate) async fn opens(&mut self) {
        if self.next.is_none() {
            self.next = self.passes.clone().acquire_owned().await.ok();
        }
    }

    /// The next pass; waits for one. Whoever has one comes to its end without whoever asks here.
    pub(crate) async fn pass(&mut self) -> Pass {
        self.opens().await;
        self.next.take()
    }
}
