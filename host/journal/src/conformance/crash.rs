//! Places to crash at, counted.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::seam::{CrashPoints, Point, Side, Write};

/// Lets one engine crash at one place: from then on every place holds whoever comes, so that nothing more is written; the engine is
/// then dropped.
#[derive(Debug)]
pub struct Crash {
    places: Mutex<Places>,
    state: watch::Sender<State>,
    writes: watch::Sender<HashMap<Point, usize>>,
}

#[derive(Debug, Default)]
struct State {
    crashed: bool,
    /// Writes that began and have not come to their end.
    under_way: usize,
}

#[derive(Debug, Default)]
struct Places {
    passed: usize,
    at: Option<usize>,
    held: HashSet<Write>,
}

impl Crash {
    /// At the place of this number, counted from 0; never, if there is none.
    #[must_use]
    pub fn at(place: Option<usize>) -> Self {
        let places = Mutex::new(Places { at: place, ..Places::default() });
        Self { places, state: watch::Sender::default(), writes: watch::Sender::default() }
    }

    /// A place that is no write: between a server and an executor.
    pub async fn pass(&self) {
        let stop = {
            let mut places = self.places.lock().unwrap();
            let stop = self.state.borrow().crashed || places.at == Some(places.passed);
            places.passed += 1;
            stop
        };
        if stop {
            self.now();
            std::future::pending::<()>().await;
        }
    }

    /// Crashes now.
    pub fn now(&self) {
        self.state.send_modify(|state| state.crashed = true);
    }

    /// Holds whoever comes to this write, without a crash.
    pub fn hold(&self, write: Write) {
        self.places.lock().unwrap().held.insert(write);
    }

    /// Waits until the engine has been at this point so many times.
    pub async fn passed(&self, point: Point, times: usize) {
        let passed = |writes: &HashMap<Point, usize>| writes.get(&point).is_some_and(|count| *count >= times);
        self.writes.subscribe().wait_for(passed).await.unwrap();
    }

    /// Waits for the crash, and for the writes that were under way: what a dead process wrote, it wrote before anybody looked.
    pub async fn crashed(&self) {
        self.state.subscribe().wait_for(|state| state.crashed && state.under_way == 0).await.unwrap();
    }
}

#[async_trait]
impl CrashPoints for Crash {
    async fn at(&self, point: Point) {
        if self.places.lock().unwrap().held.contains(&point.write) {
            std::future::pending::<()>().await;
        }
        match point.side {
            Side::Before => {
                self.pass().await;
                self.state.send_modify(|state| state.under_way += 1);
            }
            Side::After => {
                self.state.send_modify(|state| state.under_way -= 1);
                self.pass().await;
            }
        }
        self.writes.send_modify(|writes| *writes.entry(point).or_default() += 1);
    }
}
