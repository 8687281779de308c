//! How many rows are under way at once: a fixed number, or as many as the server takes well.
//!
//! What is adapted follows the throughput: it grows while more at once brings more through, stays where it does not, and is halved
//! when the server says that it is too much. Latency is not asked: a slow server that takes more at once is not a busy one.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
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
/// After so many trials that changed nothing, more is tried again.
const CONTENT: u32 = 20;

/// Places for rows.
#[derive(Debug)]
pub struct Concurrency {
    places: Semaphore,
    most: usize,
    adapting: Option<Mutex<Adapting>>,
}

#[derive(Debug)]
struct Adapting {
    most: usize,
    places: usize,
    /// Places that are to be taken away when they come back.
    owed: usize,
    since: Instant,
    ended: usize,
    refused: bool,
    /// What came through before the last step, per second and thousand.
    before: Option<u128>,
    content: u32,
}

/// A row's place, until it has ended.
pub struct Place<'c> {
    concurrency: &'c Concurrency,
    permit: Option<SemaphorePermit<'c>>,
}

impl Concurrency {
    /// Always so many at once, at least one and at most [`MOST`].
    #[must_use]
    pub fn fixed(places: usize) -> Self {
        let most = places.clamp(1, MOST);
        Self { places: Semaphore::new(most), most, adapting: None }
    }

    /// As many at once as go well, up to `most`.
    #[must_use]
    pub fn adaptive(most: usize) -> Self {
        let most = most.clamp(1, MOST);
        let places = FIRST.min(most);
        let adapting = Adapting {
            most,
            places,
            owed: 0,
            since: Instant::now(),
            ended: 0,
            refused: false,
            before: None,
            content: 0,
        };
        Self { places: Semaphore::new(places), most, adapting: Some(Mutex::new(adapting)) }
    }

    /// How many there may be.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Waits for a place.
    pub async fn place(&self) -> Place<'_> {
        // It is never closed.
        let permit = self.places.acquire().await.ok();
        Place { concurrency: self, permit }
    }

    fn ended(&self, permit: Option<SemaphorePermit<'_>>, refused: bool) {
        let Some(adapting) = &self.adapting else { return };
        let mut adapting = adapting.lock().unwrap_or_else(PoisonError::into_inner);
        if adapting.owed > 0 {
            adapting.owed -= 1;
            if let Some(permit) = permit {
                permit.forget();
            }
        } else {
            drop(permit);
        }
        let more = adapting.ended(refused, Instant::now());
        if more > 0 {
            self.places.add_permits(more);
        }
    }
}

impl Place<'_> {
    /// The row has ended. `refused`: the server said that it is too much, or gave no answer.
    pub fn ended(mut self, refused: bool) {
        let permit = self.permit.take();
        self.concurrency.ended(permit, refused);
    }
}

impl Adapting {
    /// Counts a row; how many places there are more from now on.
    fn ended(&mut self, refused: bool, now: Instant) -> usize {
        self.ended += 1;
        self.refused |= refused;
        if self.ended < self.places * ROUNDS || now.duration_since(self.since) < TRIED {
            return 0;
        }
        let took = now.duration_since(self.since).as_micros().max(1);
        let through = self.ended as u128 * 1_000_000_000 / took;
        (self.since, self.ended) = (now, 0);
        let worth = self.before.is_none_or(|before| through * 100 >= before * (100 + WORTH));
        if std::mem::take(&mut self.refused) {
            (self.before, self.content) = (None, 0);
            return self.to(self.places / 2);
        }
        if worth {
            (self.before, self.content) = (Some(through), 0);
            return self.to(self.places + self.places.div_ceil(2));
        }
        self.content += 1;
        if self.content == 1 {
            // The last step brought nothing: it is taken back.
            return self.to(self.places * 2 / 3);
        }
        if self.content >= CONTENT {
            (self.before, self.content) = (None, 0);
        }
        0
    }

    fn to(&mut self, places: usize) -> usize {
        let places = places.clamp(1, self.most);
        let before = std::mem::replace(&mut self.places, places);
        if places <= before {
            self.owed += before - places;
            return 0;
        }
        let more = places - before;
        let paid = more.min(self.owed);
        self.owed -= paid;
        more - paid
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A server that takes `takes` at once, each for 20 ms, and refuses more if it is `strict`. The most that were under way
    /// towards the end.
    async fn under_way(concurrency: Concurrency, takes: usize, strict: bool) -> usize {
        let concurrency = Arc::new(concurrency);
        let (server, now, most) =
            (Arc::new(Semaphore::new(takes)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..MOST {
            let (concurrency, server) = (concurrency.clone(), server.clone());
            let (now, most) = (now.clone(), most.clone());
            workers.spawn(async move {
                for row in 0..400 {
                    let place = concurrency.place().await;
                    let count = now.fetch_add(1, Ordering::SeqCst) + 1;
                    if row > 200 {
                        most.fetch_max(count, Ordering::SeqCst);
                    }
                    let refused = match server.try_acquire() {
                        Ok(_permit) => {
                            tokio::time::sleep(Duration::from_millis(20)).await;
                            false
                        }
                        Err(_) if strict => {
                            tokio::time::sleep(Duration::from_millis(1)).await;
                            true
                        }
                        Err(_) => {
                            let _permit = server.acquire().await;
                            tokio::time::sleep(Duration::from_millis(20)).await;
                            false
                        }
                    };
                    now.fetch_sub(1, Ordering::SeqCst);
                    place.ended(refused);
                }
            });
        }
        while workers.join_next().await.is_some() {}
        most.load(Ordering::SeqCst)
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
    }

    #[tokio::test(start_paused = true)]
    async fn it_gives_way_to_a_server_that_refuses() {
        let most = under_way(Concurrency::adaptive(64), 10, true).await;
        assert!(most <= 20, "{most}");
    }

    #[test]
    fn what_was_taken_away_is_not_given_twice() {
        let now = Instant::now();
        let Some(adapting) = Concurrency::adaptive(64).adapting else { unreachable!() };
        let mut adapting = adapting.into_inner().unwrap();
        assert_eq!(adapting.to(20), 12);
        assert_eq!((adapting.to(10), adapting.owed), (0, 10));
        assert_eq!((adapting.to(15), adapting.owed), (0, 5));
        assert_eq!((adapting.to(25), adapting.owed, adapting.places), (5, 0, 25));
        assert_eq!(adapting.ended(false, now), 0);
    }
}
