//! Time that costs none: waiting turns the clock and returns.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use presetter_connection::Clock;

/// Where the clock stands if nothing was recorded: the first day of 2026.
const BEGIN_MS: u64 = 1_767_225_600_000;

/// A clock that only waiting moves. A run of a case may wait for hours: it is not the time that ends it.
#[derive(Debug)]
pub(crate) struct VirtualClock(AtomicU64);

impl VirtualClock {
    /// A clock that stands where a recording began, so that times in its answers lie where they did.
    pub(crate) fn at(recorded_ms: Option<u64>) -> Self {
        Self(AtomicU64::new(recorded_ms.filter(|ms| *ms > 0).unwrap_or(BEGIN_MS)))
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    async fn sleep(&self, duration: Duration) {
        let turned = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        // It stands still at the end of time instead of beginning anew.
        let _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |now| Some(now.saturating_add(turned)));
        // Others may go on, and a run can be cancelled here.
        tokio::task::yield_now().await;
    }
}
