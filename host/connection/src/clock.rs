//! The time, so that tests can turn it.
//!
//! Owns two functions and the system's form of them. Nothing else in this crate asks for the time of day.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;

/// The time of day, and waiting.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970, UTC. May jump when somebody sets the clock.
    fn now_ms(&self) -> u64;

    /// Returns after this long.
    async fn sleep(&self, duration: Duration);
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
