//! How many requests are under way at once: a fixed number, or as many as the server takes well.
//!
//! What is adapted follows the throughput: it grows while more at once brings more through, is halved when the server says that it is too
//! much, and else looks now and then whether fewer would bring as much through, or more would bring more. Latency is not asked: a slow server
//! that takes more at once is not a busy one.

use std::time::Duration;

use tokio::time::Instant;

/// The most rows at once.
pub const MOST: usize = 256;
/// What is adapted begins with so many.
const FIRST: usize = 8;
/// A number is tried for at least so long, and at least so many rounds.
const TRIED: Duration = Duration::from_millis(250);
const ROUNDS: usize = 4;
/// More at once is worth it if it brings through so many more, in percent.
const WORTH: u128 = 5;
/// Fewer at once are as good if no more than so many are missing, in percent.
const AS_GOOD: u128 = 2;
/// After so long without a trial, in times of one, another number is tried.
const CONTENT: u32 = 20;

/// Places for rows.
#[derive(Debug)]
pub struct Concurrency {
    most: usize,
    adapting: Option<Adapting>,
}

#[derive(Debug)]
struct Adapting {
    most: usize,
    places: usize,
    since: Instant,
    ended: usize,
    refused: bool,
    trial: Trial,
    /// What came through before the trial, per second and thousand, and with how many places.
    before: (u128, usize),
    content: u32,
    /// Fewer are tried next, not more.
    fewer: bool,
}

/// What the number of places is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trial {
    /// Larger than before, to see whether that is worth it.
    More,
    /// Smaller, to see whether that is as good.
    Fewer,
    /// As it was.
    None,
}

impl Concurrency {
    /// Always so many at once, at least one and at most [`MOST`].
    #[must_use]
    pub fn fixed(places: usize) -> Self {
        Self { most: places.clamp(1, MOST), adapting: None }
    }

    /// As many at once as go well, up to `most`.
    #[must_use]
    pub fn adaptive(most: usize) -> Self {
        let most = most.clamp(1, MOST);
        let places = FIRST.min(most);
        let adapting = Adapting {
            most,
            places,
            since: Instant::now(),
            ended: 0,
            refused: false,
            // Whatever comes through at first is more than nothing.
            trial: Trial::More,
            before: (0, places),
            content: 0,
            fewer: true,
        };
        Self { most, adapting: Some(adapting) }
    }

    /// How many there may be.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// How many may be under way now. If more are, no other is begun until enough of them have ended.
    pub(crate) fn places(&self) -> usize {
        self.adapting.as_ref().map_or(self.most, |adapting| adapting.places)
    }

    /// A row has ended. `refused`: the server said that it is too much, or gave no answer.
    pub(crate) fn ended(&mut self, refused: bool) {
        if let Some(adapting) = &mut self.adapting {
            adapting.ended(refused, Instant::now());
        }
    }
}

impl Adapting {
    /// Counts a row, and has as many places from now on as that says.
    fn ended(&mut self, refused: bool, now: Instant) {
        self.ended += 1;
        self.refused |= refused;
        if self.ended < self.places * ROUNDS || now.duration_since(self.since) < TRIED {
            return;
        }
        let took = now.duration_since(self.since).as_micros().max(1);
        let through = self.ended as u128 * 1_000_000_000 / took;
        (self.since, self.ended) = (now, 0);
        if std::mem::take(&mut self.refused) {
            self.settle(self.places / 2);
            return;
        }
        let (before, places) = self.before;
        match self.trial {
            Trial::More if through * 100 >= before * (100 + WORTH) => self.attempt(through, Trial::More),
            Trial::Fewer if through * 100 >= before * (100 - AS_GOOD) => self.attempt(through, Trial::Fewer),
            Trial::More | Trial::Fewer => self.settle(places),
            Trial::None if self.content < CONTENT => self.content += 1,
            Trial::None => {
                let trial = if self.fewer { Trial::Fewer } else { Trial::More };
                self.fewer = !self.fewer;
                self.attempt(through, trial);
            }
        }
    }

    /// Tries another number; where there is none, it stays as it is.
    fn attempt(&mut self, through: u128, trial: Trial) {
        self.before = (through, self.places);
        let places = self.places;
        match trial {
            Trial::More => self.to(places + places.div_ceil(2)),
            _ => self.to(places * 2 / 3),
        }
        self.trial = trial;
        if self.places == places {
            self.settle(places);
        }
    }

    fn settle(&mut self, places: usize) {
        self.to(places);
        (self.trial, self.content) = (Trial::None, 0);
    }

    fn to(&mut self, places: usize) {
        self.places = places.clamp(1, self.most);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;
    use tokio::task::JoinSet;

    use super::*;

    /// A server that takes `takes` at once, each for 20 ms, and refuses more if it is `strict`. The most that were under way
    /// towards the end.
    async fn under_way(mut concurrency: Concurrency, takes: usize, strict: bool) -> usize {
        let server = Arc::new(Semaphore::new(takes));
        let (mut rows, mut most) = (JoinSet::new(), 0);
        for row in 0..100_000 {
            while rows.len() >= concurrency.places() {
                concurrency.ended(rows.join_next().await.unwrap().unwrap());
            }
            let server = server.clone();
            rows.spawn(async move {
                let (refused, _permit) = match server.try_acquire() {
                    Ok(permit) => (false, permit),
                    Err(_) if strict => {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                        return true;
                    }
                    Err(_) => (false, server.acquire().await.unwrap()),
                };
                tokio::time::sleep(Duration::from_millis(20)).await;
                refused
            });
            if row > 50_000 {
                most = most.max(rows.len());
            }
        }
        most
    }

    #[tokio::test(start_paused = true)]
    async fn a_fixed_number_is_kept() {
        assert_eq!(under_way(Concurrency::fixed(5), 1_000, false).await, 5);
        assert_eq!(under_way(Concurrency::fixed(0), 1_000, false).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn it_grows_as_long_as_that_brings_more_through() {
        assert_eq!(under_way(Concurrency::adaptive(64), 1_000, false).await, 64);
        let most = under_way(Concurrency::adaptive(64), 16, false).await;
        assert!((16..=32).contains(&most), "{most}");
        // Fewer than it begins with bring as much through here; more are only tried.
        let most = under_way(Concurrency::adaptive(64), 4, false).await;
        assert!((4..=8).contains(&most), "{most}");
    }

    #[tokio::test(start_paused = true)]
    async fn it_gives_way_to_a_server_that_refuses() {
        let most = under_way(Concurrency::adaptive(64), 10, true).await;
        assert!(most <= 20, "{most}");
    }
}
