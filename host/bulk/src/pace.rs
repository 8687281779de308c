//! How often requests go: a gap from one to the next, and a server's wish to be left alone for a while.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So many in so long: `10/s`, `600/m`, `1000/h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    per: Duration,
}

/// A rate that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate is a number in a time: 10/s, 600/m or 1000/h")]
pub struct NoRate;

impl FromStr for Rate {
    type Err = NoRate;

    fn from_str(text: &str) -> Result<Self, NoRate> {
        let (count, unit) = text.split_once('/').ok_or(NoRate)?;
        let seconds = match unit.trim() {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            _ => return Err(NoRate),
        };
        let count = count.trim().parse().ok().filter(|count: &u32| (1..=1_000_000).contains(count)).ok_or(NoRate)?;
        Ok(Self { count, per: Duration::from_secs(seconds) })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.per.as_secs() {
            1 => "s",
            60 => "m",
            _ => "h",
        };
        write!(f, "{}/{unit}", self.count)
    }
}

impl Rate {
    /// From one request to the next.
    #[must_use]
    pub fn gap(self) -> Duration {
        self.per / self.count
    }
}

/// When the next request through a connection may go. Shared by all who send through it.
#[derive(Debug)]
pub struct Pace {
    gap: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    /// With at least `gap` from one request to the next.
    #[must_use]
    pub fn new(gap: Duration) -> Self {
        Self { gap, next: Mutex::new(Instant::now()) }
    }

    fn next(&self) -> MutexGuard<'_, Instant> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing goes for so long: the server has asked for it.
    pub fn hold(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut next = self.next();
        *next = until.max(*next);
    }

    /// Waits for a request's turn, and takes it.
    pub async fn turn(&self) {
        loop {
            let until = {
                let mut next = self.next();
                let now = Instant::now();
                if *next <= now {
                    // What was not used before is not caught up on: that would be a burst.
                    *next = now + self.gap;
                    return;
                }
                *next
            };
            tokio::time::sleep_until(until).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn rates_are_read_and_written_the_same() {
        for text in ["10/s", "600/m", "1000/h", "1/s"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        assert_eq!("600/m".parse::<Rate>().unwrap().gap(), Duration::from_millis(100));
        for text in ["", "10", "10/", "0/s", "-1/s", "1.5/s", "10/d", "10/s/s", "99999999/s"] {
            assert_eq!(text.parse::<Rate>(), Err(NoRate), "{text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn turns_come_one_after_another_and_a_hold_is_for_all() {
        let pace = Arc::new(Pace::new(Duration::from_millis(100)));
        let begun = Instant::now();
        let mut turns = tokio::task::JoinSet::new();
        for _ in 0..11 {
            let pace = pace.clone();
            turns.spawn(async move { pace.turn().await });
        }
        while turns.join_next().await.is_some() {}
        assert_eq!(begun.elapsed().as_millis() / 100, 10);
        pace.hold(Duration::from_secs(7));
        pace.hold(Duration::from_secs(1));
        let held = Instant::now();
        pace.turn().await;
        assert!(held.elapsed() >= Duration::from_secs(7));
    }
}
