//! Time, as something that is given: tests have their own.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

/// What time it is, and waiting.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The time of day. Engines on one store need clocks that agree to well within the time of a lease.
    fn now(&self) -> Timestamp;
    /// Returns when that time has come, at once if it is past.
    async fn sleep_until(&self, time: Timestamp);
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// The machine's clock may be set while one waits, so it is looked at again after this time.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep_until(&self, time: Timestamp) {
        loop {
            match Duration::try_from(self.now().duration_until(time)) {
                Ok(left) if !left.is_zero() => tokio::time::sleep(left.min(LOOK_AGAIN)).await,
                _ => return,
            }
        }
    }
}
