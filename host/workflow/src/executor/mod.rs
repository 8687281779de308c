//! Where steps are done: it knows records, and asks [`Presets`] for everything that leaves this machine.
//!
//! Invariants: a change of records names its workflow, digest, rule, evidence and receipt; a preset runs only if it is the one that
//! the run began with; what is taken from an answer is taken here, so that an answer as a whole is kept nowhere.

mod call;
mod roles;
mod spread;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use presetter_journal::seam::{
    Attempt, Cancellation, Clock, Engine, EngineError, Failure, Place, Probe, Repeat, RunId, Step, StepEnd,
    StepExecutor, StepPath, Submission,
};
use presetter_records::{
    Action, ApplyError, Cause, Change, Filter, Matcher, Object, RecordId, Records, State, StoreError, Value as Field,
    WorkflowStep,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use call::take;
pub use spread::line;

use crate::steps::{Apply, Ask, Seen};
use crate::values::{field, view};
use crate::{Begun, Input, Package, Presets, Store, Threshold};

/// Does the steps of workflows.
#[derive(Clone)]
pub struct Executor(Arc<Hands>);

/// What an executor has, shared with its own threads.
pub(crate) struct Hands {
    /// The file of the records.
    records_file: PathBuf,
    pub(crate) store: Arc<Store>,
    pub(crate) presets: Arc<dyn Presets>,
    pub(crate) clock: Arc<dyn Clock>,
    engine: OnceLock<Weak<dyn Engine>>,
    records: Mutex<Option<Records>>,
}

/// What passes by itself: the network, a server that is busy.
pub(crate) fn passing(class: &str) -> bool {
    matches!(class, "network" | "rate" | "server")
}

/// How many times what reads is tried before it counts as failed; the journal waits between.
pub(crate) const TRIES: u32 = 3;

/// As [`ended`], for what may be done again: it is, a few times.
fn read(attempt: &Attempt, done: Result<impl Serialize, Failure>) -> StepEnd {
    match done {
        Err(failure) if passing(&failure.class) && attempt.attempt < TRIES => StepEnd::Unknown(failure.message),
        done => ended(done),
    }
}

impl Executor {
    /// Works on the records in this file.
    #[must_use]
    pub fn new(records_file: PathBuf, store: Arc<Store>, presets: Arc<dyn Presets>, clock: Arc<dyn Clock>) -> Self {
        let hands = Hands { records_file, store, presets, clock, engine: OnceLock::new(), records: Mutex::new(None) };
        Self(Arc::new(hands))
    }

    /// Tells it the engine whose executor it is. Only the first time counts.
    pub fn works_for(&self, engine: &Arc<dyn Engine>) {
        let _ = self.0.engine.set(Arc::downgrade(engine));
    }

    /// What the role block of a workflow would change now, and the changes; nothing is kept of it.
    ///
    /// # Errors
    /// Why nothing may be concluded.
    pub async fn plan_roles(&self, package: &Package) -> Result<(crate::Collected, Vec<Change>), Failure> {
        let role = roles::role(package)?;
        let (_nobody, cancellation) = Cancellation::pair();
        let step = Step { name: "plan".to_owned(), payload: Value::Null, repeat: Repeat::Read };
        let (run, path, key) = (RunId("plan".to_owned()), StepPath("0".to_owned()), String::new());
        let attempt = Attempt { run, path, step, attempt: 1, key, cancellation };
        let (collected, proposals) = self.0.proposals(&attempt, package, &role, None).await?;
        let changes = roles::planned(&proposals, &package.workflow.name, self.0.clock.now())?;
        Ok((collected, changes.present.into_iter().chain(changes.absent).collect()))
    }
}

impl Hands {
    pub(crate) fn engine(&self) -> Result<Arc<dyn Engine>, Failure> {
        let engine = self.engine.get().and_then(Weak::upgrade);
        engine.ok_or_else(|| Failure::new("stopped", "the program is stopping"))
    }

    /// The package of a run.
    pub(crate) async fn package(&self, run: &RunId) -> Result<Arc<Package>, Failure> {
        let submission = self.submission(run).await?;
        Package::read(&submission.definition, submission.components)
    }

    /// What was submitted.
    pub(crate) async fn submission(&self, run: &RunId) -> Result<Submission, Failure> {
        let submission = self.engine()?.submission(run).await;
        submission.map_err(|error| Failure::new("journal", error.to_string()))
    }

    /// Does something with the records, on a thread that may wait.
    pub(crate) async fn with_records<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Records) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let this = self.clone();
        aside(move || {
            let mut kept = this.records.lock().unwrap_or_else(PoisonError::into_inner);
            let mut records = match kept.take() {
                Some(records) => records,
                None => open(&this.records_file)?,
            };
            let done = work(&mut records);
            *kept = Some(records);
            done
        })
        .await
    }

    /// As [`Executor::with_records`], with a connection of its own: for what takes long.
    pub(crate) async fn with_own_records<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Records) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let path = self.records_file.clone();
        aside(move || work(&mut open(&path)?)).await
    }

    /// Today, in UTC.
    pub(crate) fn today(&self) -> Date {
        self.clock.now().to_zoned(TimeZone::UTC).date()
    }
}

/// Does something on a thread that may wait.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(Failure::new("panicked", "the program broke down; this is a bug")))
}

/// A filter for an object's records, on a day.
pub(crate) fn matcher(records: &Records, object: Object, filter: &Filter, today: Date) -> Result<Matcher, Failure> {
    let fields = records.fields(object).map_err(unreadable)?;
    filter.compile(&fields, today).map_err(|error| Failure::new("rules", error.to_string()))
}

fn open(path: &Path) -> Result<Records, Failure> {
    Records::open(path).map_err(|error| Failure::new("records", format!("the records cannot be opened: {error}")))
}

pub(crate) fn unreadable(error: StoreError) -> Failure {
    Failure::new("records", error.to_string())
}

fn ended(done: Result<impl Serialize, Failure>) -> StepEnd {
    match done {
        Ok(answer) => StepEnd::Done(serde_json::to_value(answer).unwrap_or(Value::Null)),
        Err(failure) => StepEnd::Failed(failure),
    }
}

#[async_trait]
impl StepExecutor for Executor {
    async fn admit(&self, step: &Step) -> Place {
        match Ask::deserialize(&step.payload) {
            Ok(Ask::Call(call)) => self.0.presets.place(&call.preset, &call.connection).await,
            _ => Place::default(),
        }
    }

    async fn execute(&self, attempt: &Attempt) -> StepEnd {
        let ask = match Ask::deserialize(&attempt.step.payload) {
            Ok(ask) => ask,
            Err(error) => return StepEnd::Failed(Failure::new("definition", error.to_string())),
        };
        match ask {
            Ask::Call(call) => return self.0.call(attempt, call).await,
            Ask::Look { record } => ended(self.0.look(attempt, record).await),
            Ask::Rules { record, block } => ended(self.0.rules(attempt, record, &block).await),
            Ask::Apply(apply) => ended(self.0.apply(attempt, apply).await),
            // It bears the same key each time, by which its receiver knows a repeat.
            Ask::Notify { url, allow_private, body } => {
                read(attempt, self.0.notify(attempt, &url, allow_private, &body).await)
            }
            Ask::Spread { after, start } => ended(self.0.spread(attempt, after, start).await),
            Ask::Collect { approved } => read(attempt, self.0.collect(attempt, approved).await),
            Ask::Settle { collected, approved_by } => ended(self.0.settle(attempt, collected, approved_by).await),
            Ask::Sync => read(attempt, self.0.sync(attempt).await),
        }
    }

    async fn probe(&self, attempt: &Attempt) -> Probe {
        match Ask::deserialize(&attempt.step.payload) {
            Ok(Ask::Call(call)) => self.0.probe_call(attempt, call).await,
            _ => Probe::Undecided("nothing can look whether this took place".to_owned()),
        }
    }
}

impl Hands {
    async fn look(self: &Arc<Self>, attempt: &Attempt, record: RecordId) -> Result<Seen, Failure> {
        let submission = self.submission(&attempt.run).await?;
        let package = Package::read(&submission.definition, submission.components)?;
        let cancelled = match serde_json::from_value(submission.input) {
            Ok(Input::Record { begun: Begun { batch: Some(batch), .. }, .. }) => {
                self.was_cancelled(&RunId(batch)).await?
            }
            _ => false,
        };
        let today = self.today();
        self.with_records(move |records| {
            let begin = &package.workflow.begin;
            let found = records.get(record).map_err(unreadable)?;
            let matcher = matcher(records, package.workflow.object, &package.workflow.filter(), today)?;
            let state = |found: State| begin.state.is_none_or(|state| state == found);
            Ok(Seen {
                matches: found.as_ref().is_some_and(|found| state(found.state()) && matcher.matches(found)),
                record: found.map(|found| view(&found, &package.mappings)),
                today: today.to_string(),
                cancelled,
            })
        })
        .await
    }

    /// Whether somebody has cancelled a run.
    pub(crate) async fn was_cancelled(&self, run: &RunId) -> Result<bool, Failure> {
        match self.engine()?.get(run).await {
            Ok(run) => Ok(run.cancelled_by.is_some()),
            Err(EngineError::Missing(_)) => Ok(true),
            Err(error) => Err(Failure::new("journal", error.to_string())),
        }
    }

    async fn rules(self: &Arc<Self>, attempt: &Attempt, record: RecordId, block: &str) -> Result<bool, Failure> {
        let package = self.package(&attempt.run).await?;
        let rules = package.workflow.block(block).and_then(|(_, block)| match &block.action {
            crate::Action::Condition(crate::Condition::Rules(rules)) => Some(rules.clone()),
            _ => None,
        });
        let rules = rules.ok_or_else(|| Failure::new("definition", format!("block {block:?} has no rules")))?;
        let today = self.today();
        self.with_records(move |records| {
            let matcher = matcher(records, package.workflow.object, &rules.filter(), today)?;
            let found = records.get(record).map_err(unreadable)?;
            Ok(found.is_some_and(|found| matcher.matches(&found)))
        })
        .await
    }

    async fn apply(self: &Arc<Self>, attempt: &Attempt, apply: Apply) -> Result<Seen, Failure> {
        let package = self.package(&attempt.run).await?;
        let cause = cause(&package, attempt, &apply)?;
        let (today, now) = (self.today(), self.clock.now());
        let (store, run) = (self.store.clone(), attempt.run.0.clone());
        self.with_records(move |records| {
            let Some(record) = apply.record else { return Err(Failure::new("definition", "no record is named")) };
            let fields = records.fields(record.object()).map_err(unreadable)?;
            if apply.absent {
                admitted(&store, records, record, &package, &run, now)?;
            }
            let mut edit = Change::new(Action::Edit(record));
            for (name, value) in &apply.fields {
                let known = fields.get(name).map_err(|error| Failure::new("mapping", error.to_string()))?;
                let value =
                    field(&known.kind, value).map_err(|misfit| Failure::new("mapping", format!("{name} {misfit}")))?;
                edit = edit.set(name, value);
            }
            if record.object() == Object::SaasUsers {
                edit = edit.set("last_workflow", Field::text(package.workflow.name.as_str()));
            }
            let mut changes = Vec::new();
            if !edit.set.is_empty() {
                changes.push(edit);
            }
            match apply.state {
                Some(State::Archived) => changes.push(Change::new(Action::Archive(record))),
                Some(State::Active) => changes.push(Change::new(Action::Reactivate(record))),
                None => {}
            }
            records.apply(&changes, &cause).map_err(|error| refused(&error))?;
            let found = records.get(record).map_err(unreadable)?;
            let seen = found.map(|found| view(&found, &package.mappings));
            Ok(Seen { record: seen, matches: true, today: today.to_string(), cancelled: false })
        })
        .await
    }

    async fn notify(&self, attempt: &Attempt, url: &str, allow_private: bool, body: &Value) -> Result<u16, Failure> {
        let status = self.presets.post(url, allow_private, &attempt.key, body).await?;
        if (200..300).contains(&status) {
            Ok(status)
        } else {
            let class = match status {
                429 => "rate",
                500.. => "server",
                _ => "refused",
            };
            Err(Failure::new(class, format!("the webhook answered {status}")))
        }
    }
}

/// Whether this record may be put out of use because nothing was found of it: so many in a day, as a role block may without a word.
/// All are those that the workflow is for.
fn admitted(
    store: &Store,
    records: &Records,
    record: RecordId,
    package: &Package,
    run: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    let kept = |error: crate::StoreFault| Failure::new("records", error.to_string());
    let workflow = &package.workflow;
    let there = records.get(record).map_err(unreadable)?;
    let software = there.as_ref().and_then(|there| there.get("software")).map(Field::to_text);
    let scope = software.unwrap_or_else(|| record.object().name().to_owned());
    let matcher = matcher(records, workflow.object, &workflow.filter(), now.to_zoned(TimeZone::UTC).date())?;
    let matching = records.count(workflow.object, workflow.begin.state, &matcher).map_err(unreadable)?;
    // What the run itself has changed may have taken it from among them.
    let own = u64::from(!there.is_some_and(|there| matcher.matches(&there)));
    let all = matching + own + store.deactivated(&scope, run, now).map_err(kept)?;
    let most = Threshold::default().most(all);
    if store.admit(&scope, run, record, now, most).map_err(kept)? {
        return Ok(());
    }
    let text = format!(
        "{record} is not archived: without anybody's word {most} of {all} records may be within a day, because nothing was found of \
         them; an approval block before it lets a person say yes"
    );
    Err(Failure::new("approval", text))
}

pub(crate) fn told(trouble: &crate::Trouble) -> String {
    if trouble.hint.is_empty() { trouble.message.clone() } else { format!("{}; {}", trouble.message, trouble.hint) }
}

pub(crate) fn refused(error: &ApplyError) -> Failure {
    let class = if matches!(error, ApplyError::Store(_)) { "records" } else { "mapping" };
    Failure::new(class, error.to_string())
}

/// Why a step of a run changes a record.
pub(crate) fn cause(package: &Package, attempt: &Attempt, apply: &Apply) -> Result<Cause, Failure> {
    let step = attempt.path.0.parse().map_err(|_| Failure::new("definition", "the step has no number"))?;
    let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let told = WorkflowStep {
        workflow: package.workflow.name.clone(),
        digest: package.digest(),
        activated_by: package.activated_by.clone(),
        approved_by: apply.approved_by.clone(),
        rule: text(&apply.rule),
        evidence: text(&apply.evidence),
        receipt: text(&apply.receipt),
    };
    Ok(Cause::workflow(&attempt.run.0, step, &told))
}
