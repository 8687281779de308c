//! A world for engines: one store, one server, one clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

use super::{Crash, Executor, Factory, LEASE, Script, Vendor, submission};
use crate::seam::{Clock, Engine, Page, Parts, Point, Run, RunId, Side, StepRecord, Submission, Until, Write};

/// A clock that stands until it is moved.
#[derive(Debug)]
pub struct VirtualClock(watch::Sender<Timestamp>);

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    async fn sleep_until(&self, time: Timestamp) {
        self.0.subscribe().wait_for(|now| *now >= time).await.unwrap();
    }
}

/// The world.
pub struct World {
    factory: Box<dyn Factory>,
    /// Its time.
    pub clock: Arc<VirtualClock>,
    /// Its server.
    pub vendor: Arc<Vendor>,
    version: Arc<AtomicUsize>,
}

/// An engine in the world.
pub struct Instance {
    /// The engine.
    pub engine: Arc<dyn Engine>,
    /// Where it may crash.
    pub crash: Arc<Crash>,
}

impl World {
    /// A world over the store of this factory.
    #[must_use]
    pub fn new(factory: Box<dyn Factory>) -> Self {
        let start = Timestamp::from_second(1_700_000_000).unwrap();
        let clock = Arc::new(VirtualClock(watch::Sender::new(start)));
        Self { factory, clock, vendor: Arc::default(), version: Arc::default() }
    }

    /// An engine that never crashes by itself.
    pub async fn open(&self) -> Instance {
        self.open_until(None).await
    }

    /// An engine that crashes at the place of this number.
    pub async fn open_until(&self, place: Option<usize>) -> Instance {
        let crash = Arc::new(Crash::at(place));
        let engine = self.factory.open(Parts {
            flow: Arc::new(Script { version: self.version.clone() }),
            executor: Arc::new(Executor { vendor: self.vendor.clone(), crash: crash.clone() }),
            clock: self.clock.clone(),
            crash: crash.clone(),
        });
        Instance { engine: engine.await, crash }
    }

    /// What time it is.
    #[must_use]
    pub fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        self.clock.0.send_modify(|now| *now = now.checked_add(by).unwrap());
    }

    /// Moves the clock by seconds.
    pub fn seconds(&self, seconds: u64) {
        self.advance(Duration::from_secs(seconds));
    }

    /// Moves the clock to where no lease holds any more.
    pub fn outlast_leases(&self) {
        self.advance(LEASE + Duration::from_secs(1));
    }

    /// Installs another version of the program.
    pub fn upgrade(&self, version: usize) {
        self.version.store(version, Ordering::SeqCst);
    }
}

impl Instance {
    /// Submits a script.
    pub async fn submit(&self, definition: Value) -> RunId {
        self.engine.submit(submission(&definition)).await.unwrap().run
    }

    /// Submits a script of an ordering.
    pub async fn submit_in(&self, ordering: &str, definition: Value) -> RunId {
        let submission = Submission { ordering: Some(ordering.to_owned()), ..submission(&definition) };
        self.engine.submit(submission).await.unwrap().run
    }

    /// Works until nothing can go on now.
    pub async fn work(&self) {
        self.engine.work(Until::Idle).await.unwrap();
    }

    /// As [`Instance::work`]; true if it crashed. It is to be dropped then.
    pub async fn work_or_crash(&self) -> bool {
        self.or_crash(self.work()).await.is_none()
    }

    /// What comes of it, unless the engine crashes.
    pub async fn or_crash<T>(&self, what: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.crash.crashed() => None,
            result = what => Some(result),
        }
    }

    /// The run as it stands.
    pub async fn get(&self, run: &RunId) -> Run {
        self.engine.get(run).await.unwrap()
    }

    /// All that is recorded of the run.
    pub async fn steps(&self, run: &RunId) -> Vec<StepRecord> {
        self.engine.steps(run, None, Page { beyond: None, limit: 1_000 }).await.unwrap()
    }

    /// Waits until this write was done, or refused, so many times.
    pub async fn written(&self, write: Write, times: usize) {
        self.crash.passed(Point { write, side: Side::After }, times).await;
    }

    /// Works in the background; stops when the handle is aborted.
    #[must_use]
    pub fn work_aside(&self) -> tokio::task::JoinHandle<()> {
        let engine = self.engine.clone();
        tokio::spawn(async move { engine.work(Until::Idle).await.unwrap() })
    }
}
