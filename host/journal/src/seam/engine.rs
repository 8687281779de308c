//! Where runs are kept and worked on.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    Clock, CrashPoints, Decision, Event, Filter, Flow, NoCrash, Page, Run, RunId, Schedule, StepExecutor, StepPath,
    StepRecord, StepState, Submission, Submitted, SystemClock, Until,
};

/// Why an engine did not do what it was asked for. Nothing was changed then, but for [`EngineError::Storage`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// There is no such run, step or schedule.
    #[error("there is no {0}")]
    Missing(String),
    /// The key belongs to a run of other content.
    #[error("the key {key:?} belongs to run {run}, which is not the same; take another key")]
    KeyTaken {
        /// The key.
        key: String,
        /// Whose it is.
        run: RunId,
    },
    /// The id belongs to an event of other content.
    #[error("the run has another event with the id {0:?}; take another id")]
    EventTaken(String),
    /// A bound, or a name that is not for callers.
    #[error("{0}")]
    Refused(String),
    /// It has ended, is decided already, or is not at the point where this makes sense.
    #[error("{0}")]
    TooLate(String),
    /// The store failed. Whether it was done is found by looking, or by asking for the same with the same key again.
    #[error("the journal cannot be used: {0}")]
    Storage(String),
}

/// What an engine works with.
#[derive(Clone)]
pub struct Parts {
    /// Interprets definitions.
    pub flow: Arc<dyn Flow>,
    /// Does steps.
    pub executor: Arc<dyn StepExecutor>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// For tests; [`NoCrash`](super::NoCrash) otherwise.
    pub crash: Arc<dyn CrashPoints>,
}

impl Parts {
    /// With the machine's clock.
    pub fn new(flow: Arc<dyn Flow>, executor: Arc<dyn StepExecutor>) -> Self {
        Self { flow, executor, clock: Arc::new(SystemClock), crash: Arc::new(NoCrash) }
    }
}

/// Keeps runs, and works on them. Many engines, in many processes, may share a store: each does all of this.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Records a run to be run. The same key and content again give the same run.
    ///
    /// # Errors
    /// [`EngineError::KeyTaken`], [`EngineError::Refused`].
    async fn submit(&self, submission: Submission) -> Result<Submitted, EngineError>;

    /// A run as it stands.
    ///
    /// # Errors
    /// [`EngineError::Missing`].
    async fn get(&self, run: &RunId) -> Result<Run, EngineError>;

    /// What was submitted.
    ///
    /// # Errors
    /// [`EngineError::Missing`].
    async fn submission(&self, run: &RunId) -> Result<Submission, EngineError>;

    /// What is recorded of a run, in the order in which the steps began; those in one state, if one is named.
    ///
    /// # Errors
    /// [`EngineError::Missing`].
    async fn steps(&self, run: &RunId, state: Option<StepState>, page: Page) -> Result<Vec<StepRecord>, EngineError>;

    /// Runs, the newest first.
    ///
    /// # Errors
    /// [`EngineError::Storage`] alone.
    async fn list(&self, filter: &Filter, page: Page) -> Result<Vec<Run>, EngineError>;

    /// Returns the run when its revision is beyond `seen`, or it has ended: call it again and again to follow.
    ///
    /// # Errors
    /// [`EngineError::Missing`].
    async fn attach(&self, run: &RunId, seen: u64) -> Result<Run, EngineError>;

    /// Begins no more steps of the run, and asks those in flight to break off; how they end is recorded all the same. The run is
    /// `Cancelled` when none is in flight and none is unknown, or `Done` if its flow had nothing left to do. A second cancel changes nothing.
    ///
    /// # Errors
    /// [`EngineError::Missing`]; [`EngineError::TooLate`] if it has ended.
    async fn cancel(&self, run: &RunId, by: &str) -> Result<Run, EngineError>;

    /// Decides about a step that is `Unknown`; who did is recorded. The run goes on when all of its steps are decided.
    ///
    /// # Errors
    /// [`EngineError::Missing`]; [`EngineError::TooLate`] if there is nothing to decide.
    async fn resume(&self, run: &RunId, path: &StepPath, decision: Decision, by: &str) -> Result<Run, EngineError>;

    /// Tells the run of an event; it is kept until the run waits for it. False if this event was there already.
    ///
    /// # Errors
    /// [`EngineError::Missing`], [`EngineError::EventTaken`], [`EngineError::Refused`]; [`EngineError::TooLate`] if the run has ended.
    async fn signal(&self, run: &RunId, event: Event) -> Result<bool, EngineError>;

    /// Keeps a timer, in place of one of the same name.
    ///
    /// # Errors
    /// [`EngineError::Refused`].
    async fn put_schedule(&self, schedule: Schedule) -> Result<(), EngineError>;

    /// Removes a timer; false if there was none.
    ///
    /// # Errors
    /// [`EngineError::Storage`] alone.
    async fn remove_schedule(&self, name: &str) -> Result<bool, EngineError>;

    /// All timers, by name.
    ///
    /// # Errors
    /// [`EngineError::Storage`] alone.
    async fn schedules(&self) -> Result<Vec<Schedule>, EngineError>;

    /// The timers whose time has come, the earliest first.
    ///
    /// # Errors
    /// [`EngineError::Storage`] alone.
    async fn due(&self) -> Result<Vec<Schedule>, EngineError>;

    /// Fires a timer that [`Engine::due`] named: submits the run under a key made from name and time, and sets the timer to `next`,
    /// or removes it. Whoever is second gets the run of whoever was first, and changes nothing.
    ///
    /// # Errors
    /// [`EngineError::Refused`]; [`EngineError::Missing`] if the timer was changed or removed, and never fired at that time.
    async fn fire(
        &self,
        fired: &Schedule,
        submission: Submission,
        next: Option<Timestamp>,
    ) -> Result<Submitted, EngineError>;

    /// Works on what can go on. May be dropped at any time: what was in flight then is as after a crash.
    ///
    /// # Errors
    /// [`EngineError::Storage`] alone.
    async fn work(&self, until: Until) -> Result<(), EngineError>;
}
