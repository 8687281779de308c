//! How often requests go: a gap from one to the next, and a server's wish to be left alone for a while.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
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

/// So often a request is sent again, as the server asks, while others come through.
const CROWDED: u32 = 20;
/// And so often while nobody does.
const ALONE: u32 = 6;
/// So long one row waits in all, as the server asks.
const PATIENCE: Duration = Duration::from_secs(3_600);
/// Where nobody comes through after the time that the server asked for, it is doubled, from the first of these up to the other.
const DOUBLED: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));

/// When the next request through a connection may go. Shared by all who send through it.
#[derive(Debug)]
pub struct Pace {
    gap: Duration,
    /// Who waits goes in the order of coming: so whoever was refused is before those who come after, and not refused over and over.
    line: AsyncMutex<()>,
    next: Mutex<Next>,
    /// So many requests were answered, and not by a refusal.
    through: AtomicU64,
    over: OnceLock<String>,
}

#[derive(Debug)]
struct Next {
    at: Instant,
    /// So many wait for it.
    waiting: usize,
}

impl Next {
    /// Takes a turn; or says when there is one.
    fn take(&mut self, gap: Duration) -> Result<(), Instant> {
        let now = Instant::now();
        if self.at > now {
            return Err(self.at);
        }
        // What was not used before is not caught up on: that would be a burst.
        self.at = now + gap;
        Ok(())
    }
}

/// One of those who wait, until it is dropped.
struct Waiting<'a>(&'a Pace);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.next().waiting -= 1;
    }
}

/// How often, and for how long, the server has asked one row to come again.
#[derive(Debug, Default)]
pub struct Refusals {
    count: u32,
    /// How often in succession, with nobody come through in between.
    alone: u32,
    /// [`Pace::through`] at the last one.
    through: u64,
    waited: Duration,
}

impl Pace {
    /// With at least `gap` from one request to the next.
    #[must_use]
    pub fn new(gap: Duration) -> Self {
        let (line, next) = (AsyncMutex::default(), Mutex::new(Next { at: Instant::now(), waiting: 0 }));
        Self { gap, line, next, through: AtomicU64::new(0), over: OnceLock::new() }
    }

    fn next(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing goes for so long: the server has asked for it.
    pub fn hold(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut next = self.next();
        next.at = until.max(next.at);
    }

    /// Waits for a request's turn, and takes it.
    pub async fn turn(&self) {
        let _waiting = {
            let mut next = self.next();
            if next.waiting == 0 && next.take(self.gap).is_ok() {
                return;
            }
            next.waiting += 1;
            Waiting(self)
        };
        let _first = self.line.lock().await;
        loop {
            let Err(until) = self.next().take(self.gap) else { return };
            tokio::time::sleep_until(until).await;
        }
    }

    /// A request was answered, and not by a refusal.
    pub fn came_through(&self) {
        self.through.fetch_add(1, Ordering::Relaxed);
    }

    /// The server asks a row to come again after `wait`, and all hold for it. Whether the row does come again: among many that
    /// send at once, who is refused is not to blame, and only a server that lets nobody through, or asks for too long, makes an
    /// end ([`Pace::over`]).
    pub fn refused(&self, row: &mut Refusals, wait: Duration) -> bool {
        let through = self.through.load(Ordering::Relaxed);
        row.count += 1;
        row.alone = if row.through == through { row.alone + 1 } else { 1 };
        row.through = through;
        let wait = match row.alone {
            0 | 1 => wait,
            more => wait.max(wait.max(DOUBLED.0).saturating_mul(1 << (more - 1).min(7)).min(DOUBLED.1)),
        };
        if row.alone > ALONE {
            self.end(format!("the server lets nothing through, also after {ALONE} waits that it asked for"));
            return false;
        }
        if row.waited + wait > PATIENCE {
            self.end(format!("the server asks to wait for more than {} min", PATIENCE.as_secs() / 60));
            return false;
        }
        row.waited += wait;
        self.hold(wait);
        row.count <= CROWDED
    }

    fn end(&self, why: String) {
        let _ = self.over.set(why);
    }

    /// Why nothing more should begin: the server lets nothing through, or asks for too long.
    #[must_use]
    pub fn over(&self) -> Option<&str> {
        self.over.get().map(String::as_str)
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

    #[tokio::test(start_paused = true)]
    async fn who_waits_goes_in_the_order_of_coming() {
        let pace = Arc::new(Pace::new(Duration::ZERO));
        pace.hold(Duration::from_secs(1));
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut turns = tokio::task::JoinSet::new();
        for number in 0..20 {
            let (pace, order) = (pace.clone(), order.clone());
            turns.spawn(async move {
                pace.turn().await;
                order.lock().unwrap().push(number);
            });
        }
        while turns.join_next().await.is_some() {}
        assert_eq!(*order.lock().unwrap(), (0..20).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn a_row_comes_again_as_long_as_others_come_through() {
        let (pace, wait) = (Pace::new(Duration::ZERO), Duration::from_secs(1));
        let mut row = Refusals::default();
        for _ in 0..CROWDED {
            pace.came_through();
            assert!(pace.refused(&mut row, wait));
        }
        // The row is refused for itself: the others go on.
        pace.came_through();
        assert!(!pace.refused(&mut row, wait));
        assert_eq!(pace.over(), None);
        let begun = Instant::now();
        pace.turn().await;
        assert_eq!(begun.elapsed().as_secs(), 1, "no longer than was asked");
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_lets_nobody_through_makes_an_end() {
        // Also one that asks for no time at all is given some.
        for (asked, waited) in [(2, 2 + 4 + 8 + 16 + 32 + 60), (0, 1 + 2 + 4 + 8 + 16)] {
            let pace = Pace::new(Duration::ZERO);
            let (mut row, asked, begun) = (Refusals::default(), Duration::from_secs(asked), Instant::now());
            pace.came_through();
            for _ in 0..ALONE {
                assert!(pace.refused(&mut row, asked) && pace.over().is_none());
                pace.turn().await;
            }
            assert_eq!(begun.elapsed().as_secs(), waited);
            assert!(!pace.refused(&mut row, asked));
            assert!(pace.over().unwrap().contains("nothing through"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_longer_than_an_hour() {
        let (pace, mut row) = (Pace::new(Duration::ZERO), Refusals::default());
        assert!(pace.refused(&mut row, Duration::from_secs(3_500)) && pace.over().is_none());
        pace.came_through();
        assert!(!pace.refused(&mut row, Duration::from_secs(101)));
        assert_eq!(pace.over(), Some("the server asks to wait for more than 60 min"));
        assert!(!Pace::new(Duration::ZERO).refused(&mut Refusals::default(), Duration::MAX));
    }
}
