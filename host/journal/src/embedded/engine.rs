//! The engine behind the seam: each call is one read or one write of the file.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;

use super::hold::Tools;
use super::store::Store;
use super::text::{named, payload};
use super::worker::Active;
use super::{control, lease, query, schedule, submit};
use crate::seam::{
    Decision, Engine, EngineError, Event, Filter, Page, Parts, Run, RunId, Schedule, StepPath, StepRecord, StepState,
    Submission, Submitted, Until, Write,
};

/// How an engine works.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The most runs in hand at once; at least one.
    pub workers: usize,
    /// How long a run stays with a worker that is not heard of; it is renewed three times in that time.
    pub lease: Duration,
    /// How often to look for what other processes have changed.
    pub poll: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { workers: 64, lease: Duration::from_secs(60), poll: Duration::from_secs(1) }
    }
}

/// The embedded engine. When it is dropped, its threads end.
pub struct Embedded {
    pub(super) tools: Arc<Tools>,
    pub(super) settings: Settings,
    pub(super) owner: String,
    /// The runs in hand, by run and generation.
    pub(super) active: Mutex<HashMap<(i64, i64), Active>>,
    /// Changes when a run may have become ready here.
    pub(super) ready: watch::Sender<u64>,
}

impl Embedded {
    /// Opens the journal at this path, which is made if there is none.
    ///
    /// # Errors
    /// See [`presetter_database::OpenError`].
    pub async fn open(path: &Path, parts: Parts, settings: Settings) -> Result<Self, presetter_database::OpenError> {
        let (path, crash) = (path.to_owned(), parts.crash);
        let store = tokio::task::spawn_blocking(move || Store::open(&path, crash)).await;
        let store = store.map_err(std::io::Error::other)??;
        let owner = store.read(lease::new_owner).await;
        let owner = owner.map_err(|fault| std::io::Error::other(EngineError::from(fault)))?;
        let tools = Arc::new(Tools { store, clock: parts.clock, executor: parts.executor, flow: parts.flow });
        Ok(Self { tools, settings, owner, active: Mutex::default(), ready: watch::Sender::new(0) })
    }

    fn now(&self) -> Timestamp {
        self.tools.now()
    }

    fn wake(&self) {
        self.ready.send_modify(|count| *count += 1);
    }
}

#[async_trait]
impl Engine for Embedded {
    async fn submit(&self, submission: Submission) -> Result<Submitted, EngineError> {
        let (checked, now) = (submit::check(submission)?, self.now());
        let submitted = self.tools.store.write(Write::Submit, move |c| submit::submit(c, &checked, now)).await?;
        self.wake();
        Ok(submitted)
    }

    async fn get(&self, run: &RunId) -> Result<Run, EngineError> {
        let run = run.clone();
        Ok(self.tools.store.read(move |c| query::run(c, &run)).await?)
    }

    async fn submission(&self, run: &RunId) -> Result<Submission, EngineError> {
        let run = run.clone();
        Ok(self.tools.store.read(move |c| query::submission(c, &run)).await?)
    }

    async fn steps(&self, run: &RunId, state: Option<StepState>, page: Page) -> Result<Vec<StepRecord>, EngineError> {
        let run = run.clone();
        Ok(self.tools.store.read(move |c| query::steps(c, &run, state, page)).await?)
    }

    async fn list(&self, filter: &Filter, page: Page) -> Result<Vec<Run>, EngineError> {
        let filter = filter.clone();
        Ok(self.tools.store.read(move |c| query::list(c, &filter, page)).await?)
    }

    async fn attach(&self, run: &RunId, seen: u64) -> Result<Run, EngineError> {
        let mut committed = self.tools.store.committed();
        loop {
            committed.borrow_and_update();
            let stands = self.get(run).await?;
            if stands.revision > seen || stands.state.has_ended() {
                return Ok(stands);
            }
            // What other processes commit is not told, so it is looked for.
            let poll = later(self.now(), self.settings.poll);
            tokio::select! {
                _ = committed.changed() => {}
                () = self.tools.clock.sleep_until(poll) => {}
            }
        }
    }

    async fn cancel(&self, run: &RunId, by: &str) -> Result<Run, EngineError> {
        named("the name of who cancels", by)?;
        let (name, by, now) = (run.clone(), by.to_owned(), self.now());
        let stands = self.tools.store.write(Write::Cancel, move |c| control::cancel(c, &name, &by, now)).await?;
        self.tell_cancelled(run);
        self.wake();
        Ok(stands)
    }

    async fn resume(&self, run: &RunId, path: &StepPath, decision: Decision, by: &str) -> Result<Run, EngineError> {
        named("the name of who decides", by)?;
        let (run, path, by, now) = (run.clone(), path.clone(), by.to_owned(), self.now());
        let write = move |c: &_| control::resume(c, &run, &path, &decision, &by, now);
        let stands = self.tools.store.write(Write::Resume, write).await?;
        self.wake();
        Ok(stands)
    }

    async fn signal(&self, run: &RunId, event: Event) -> Result<bool, EngineError> {
        named("the id of the event", &event.id)?;
        named("the name of the event", &event.name)?;
        let (run, text, now) = (run.clone(), payload("the event", &event.payload)?, self.now());
        let new = self.tools.store.write(Write::Signal, move |c| control::signal(c, &run, &event, &text, now)).await?;
        self.wake();
        Ok(new)
    }

    async fn put_schedule(&self, schedule: Schedule) -> Result<(), EngineError> {
        named("the name of the timer", &schedule.name)?;
        let text = payload("the timer's payload", &schedule.payload)?;
        Ok(self.tools.store.write(Write::Schedule, move |c| schedule::put(c, &schedule, &text)).await?)
    }

    async fn remove_schedule(&self, name: &str) -> Result<bool, EngineError> {
        let name = name.to_owned();
        Ok(self.tools.store.write(Write::Schedule, move |c| schedule::remove(c, &name)).await?)
    }

    async fn schedules(&self) -> Result<Vec<Schedule>, EngineError> {
        Ok(self.tools.store.read(schedule::all).await?)
    }

    async fn due(&self) -> Result<Vec<Schedule>, EngineError> {
        let now = self.now();
        Ok(self.tools.store.read(move |c| schedule::due(c, now)).await?)
    }

    async fn fire(
        &self,
        fired: &Schedule,
        submission: Submission,
        next: Option<Timestamp>,
    ) -> Result<Submitted, EngineError> {
        let (fired, checked, now) = (fired.clone(), submit::check_all_but_key(submission)?, self.now());
        let write = move |c: &_| schedule::fire(c, &fired, &checked, next, now);
        let submitted = self.tools.store.write(Write::Schedule, write).await?;
        self.wake();
        Ok(submitted)
    }

    async fn work(&self, until: Until) -> Result<(), EngineError> {
        Ok(self.work_until(until).await?)
    }
}

/// A time from now, or the latest there is.
pub(super) fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
