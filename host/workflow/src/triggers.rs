//! What begins runs: changes of records, times, and people.
//!
//! Invariants: a change begins each workflow at most once, however often it is looked at and by however many processes; what a
//! workflow itself has written never begins it; a chain of workflows is no longer than [`CHAIN`].

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use presetter_journal::seam::{Engine, EngineError, RunId, Schedule, Submission, Submitted};
use presetter_records::{CauseKind, Effect, Event, Records};
use serde_json::{Value, json};

use crate::executor::line;
use crate::{Activation, Begun, CHAIN, Input, Package, Store, Trigger};

/// How many changes are looked at in one go.
const EVENTS: u32 = 500;
/// Begins the name of the ordering of a workflow's batches: one after another.
pub const BATCH_LINE: &str = "batch:";
/// What workflows note at the records that they look at.
pub(crate) const NOTES: [&str; 2] = ["last_checked", "last_workflow"];
/// Begins the names of timers of workflows.
pub(crate) const TIMER: &str = "workflow:";

/// Gives the submission of the sync of that name, and when it comes next.
pub type Syncs<'s> = dyn Fn(&str) -> Result<(Submission, Option<Timestamp>), String> + Send + Sync + 's;

/// Something that went wrong with one workflow; the others went on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The workflow or sync.
    pub name: String,
    /// What.
    pub message: String,
}

/// Activates a workflow: its trigger counts from now on, for what happens from now on.
///
/// # Errors
/// The journal, the records, or the file of the workflows.
pub async fn activate(
    engine: &Arc<dyn Engine>,
    store: &Arc<Store>,
    records: &Path,
    package: &Package,
    now: Timestamp,
) -> Result<(), String> {
    let name = package.workflow.name.clone();
    let start = with_records(records, |records| records.latest().map_err(|error| error.to_string())).await?;
    let activation = Activation {
        name: name.clone(),
        definition: package.definition(),
        components: json!(package.components).to_string(),
        digest: package.digest(),
        by: package.activated_by.clone(),
        at: now,
        active: true,
        start,
    };
    // This is the activation. Its timer is put in by whoever looks next, if this does not come to it.
    store.put(&activation).map_err(|error| error.to_string())?;
    let set = match timer_of(package, now) {
        Some(schedule) => engine.put_schedule(schedule).await,
        None => engine.remove_schedule(&format!("{TIMER}{name}")).await.map(drop),
    };
    set.map_err(|error| error.to_string())
}

/// When a workflow comes next by its schedule.
fn timer_of(package: &Package, now: Timestamp) -> Option<Schedule> {
    let name = &package.workflow.name;
    let next = whole(package.workflow.begin.schedule.as_ref()?.when.next(now)?);
    Some(Schedule {
        name: format!("{TIMER}{name}"),
        next,
        payload: json!({ "workflow": name, "digest": package.digest() }),
    })
}

/// Takes a workflow's trigger away. Runs that have begun go on.
///
/// # Errors
/// The journal or the file of the workflows.
pub async fn deactivate(engine: &Arc<dyn Engine>, store: &Arc<Store>, name: &str) -> Result<bool, String> {
    let was = store.deactivate(name).map_err(|error| error.to_string())?;
    engine.remove_schedule(&format!("{TIMER}{name}")).await.map_err(|error| error.to_string())?;
    Ok(was)
}

/// Puts in the timers that active workflows with a schedule should have and have not, or have of what they were before: whoever
/// activated it was interrupted.
async fn missing(engine: &Arc<dyn Engine>, active: &[Activation], now: Timestamp) -> Result<(), String> {
    let known = engine.schedules().await.map_err(|error| error.to_string())?;
    for activation in active {
        let timer = format!("{TIMER}{}", activation.name);
        let own = |schedule: &&Schedule| schedule.name == timer;
        if known.iter().find(own).is_some_and(|schedule| schedule.payload["digest"] == activation.digest) {
            continue;
        }
        // What cannot be read is told where its events are looked at.
        if let Some(schedule) = activation.package().ok().and_then(|package| timer_of(&package, now)) {
            engine.put_schedule(schedule).await.map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// Forgets what batches would have changed whose runs have ended, however they did.
pub(crate) async fn sweep(engine: &Arc<dyn Engine>, store: &Arc<Store>) -> Result<(), String> {
    for run in store.proposing().map_err(|error| error.to_string())? {
        let ended = match engine.get(&RunId(run.clone())).await {
            Ok(run) => run.state.has_ended(),
            Err(EngineError::Missing(_)) => true,
            Err(error) => return Err(error.to_string()),
        };
        if ended {
            store.forget(&run).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// A moment in whole microseconds, as the journal keeps it.
pub(crate) fn whole(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}

impl Activation {
    /// What is run.
    ///
    /// # Errors
    /// It cannot be read any more.
    pub fn package(&self) -> Result<Arc<Package>, String> {
        let components: BTreeMap<String, String> =
            serde_json::from_str(&self.components).map_err(|error| error.to_string())?;
        Package::read(&self.definition, components).map_err(|failure| failure.message)
    }
}

/// Looks once for what begins runs, and submits them. Returns how many, and what went wrong.
///
/// `syncs` gives the submission of the sync whose timer is due, and when it comes next.
///
/// # Errors
/// The file of the workflows, or the journal: then nothing can begin.
pub async fn tick(
    engine: &Arc<dyn Engine>,
    store: &Arc<Store>,
    records: &Path,
    now: Timestamp,
    syncs: &Syncs<'_>,
) -> Result<(u64, Vec<Told>), String> {
    let (mut begun, mut told) = (0, Vec::new());
    sweep(engine, store).await?;
    let mut active = store.all().map_err(|error| error.to_string())?;
    active.retain(|known| known.active);
    missing(engine, &active, now).await?;
    for activation in active {
        let name = activation.name.clone();
        match events(engine, &activation, records, now).await {
            Ok((count, more)) => {
                begun += count;
                told.extend(more.into_iter().map(|message| Told { name: name.clone(), message }));
            }
            Err(message) => told.push(Told { name, message }),
        }
    }
    for due in engine.due().await.map_err(|error| error.to_string())? {
        match timer(engine, store, &due, now, syncs).await {
            Ok(new) => begun += u64::from(new),
            Err(message) => told.push(Told { name: due.name.clone(), message }),
        }
    }
    Ok((begun, told))
}

async fn timer(
    engine: &Arc<dyn Engine>,
    store: &Arc<Store>,
    due: &Schedule,
    now: Timestamp,
    syncs: &Syncs<'_>,
) -> Result<bool, String> {
    let gone = |removed: Result<bool, EngineError>| removed.map(|_| false).map_err(|error| error.to_string());
    if let Some(sync) = due.name.strip_prefix(crate::flow::SYNC) {
        let (submission, next) = syncs(sync)?;
        return fired(engine.fire(due, submission, next.map(whole)).await);
    }
    let Some(name) = due.name.strip_prefix(TIMER) else { return Ok(false) };
    let Some(activation) = store.get(name).map_err(|error| error.to_string())?.filter(|known| known.active) else {
        return gone(engine.remove_schedule(&due.name).await);
    };
    let package = activation.package()?;
    let Some(schedule) = &package.workflow.begin.schedule else {
        return gone(engine.remove_schedule(&due.name).await);
    };
    let input = Input::Batch(Begun::by(Trigger::Schedule));
    let submission = package.submission(&input, None, Some(format!("{BATCH_LINE}{name}")));
    fired(engine.fire(due, submission, schedule.when.next(now).map(whole)).await)
}

/// Whoever was second gets the run of whoever was first; a timer that was changed meanwhile is looked at anew.
fn fired(fired: Result<Submitted, EngineError>) -> Result<bool, String> {
    match fired {
        Ok(submitted) => Ok(submitted.new),
        Err(EngineError::Missing(_) | EngineError::KeyTaken { .. }) => Ok(false),
        Err(error) => Err(error.to_string()),
    }
}

async fn events(
    engine: &Arc<dyn Engine>,
    activation: &Activation,
    path: &Path,
    now: Timestamp,
) -> Result<(u64, Vec<String>), String> {
    let package = activation.package()?;
    if !package.workflow.begin.on.iter().any(|(trigger, _)| trigger.is_event()) {
        return Ok((0, Vec::new()));
    }
    let (mut count, mut told) = (0, Vec::new());
    let reader = format!("{TIMER}{}", activation.name);
    loop {
        let (seen, begins) = matching(&package, path, (&reader, activation.start), now).await?;
        for (event, trigger) in begins {
            let depth = depth(engine, &event).await;
            if depth >= CHAIN {
                told.push(format!(
                    "the change {} of {} begins nothing: {CHAIN} workflows stand before it in a chain",
                    event.sequence, event.record
                ));
                continue;
            }
            let begun = Begun { event: Some(event.sequence), depth, ..Begun::by(trigger) };
            let input = Input::Record { record: event.record, begun, start: 0 };
            // The number alone is another change's once an older file of the records was put back.
            let (name, at) = (&activation.name, event.at.as_microsecond());
            let key = format!("{TIMER}{name}:{}:{}:{at}", event.sequence, event.record);
            match engine.submit(package.submission(&input, Some(key), Some(line(&activation.name, event.record)))).await
            {
                Ok(submitted) => count += u64::from(submitted.new),
                // Begun by what the workflow was before, and not recorded as seen: it is begun once.
                Err(EngineError::KeyTaken { run, .. }) => {
                    told.push(format!("the change {} of {} has begun run {run} before", event.sequence, event.record));
                }
                Err(error) => return Err(error.to_string()),
            }
        }
        let Some((last, more)) = seen else { return Ok((count, told)) };
        let reader = reader.clone();
        with_records(path, move |records| records.advance(&reader, last).map_err(|error| error.to_string())).await?;
        if !more {
            return Ok((count, told));
        }
    }
}

type Matching = (Option<(u64, bool)>, Vec<(Event, Trigger)>);

/// The next changes that begin the workflow; the last one that was looked at, and whether there are more.
async fn matching(
    package: &Arc<Package>,
    path: &Path,
    (reader, start): (&str, u64),
    now: Timestamp,
) -> Result<Matching, String> {
    let (package, reader) = (package.clone(), reader.to_owned());
    with_records(path, move |records| {
        let workflow = &package.workflow;
        let text = |error: presetter_records::StoreError| error.to_string();
        // An older file that was put back has not come so far.
        let latest = records.latest().map_err(text)?;
        let position = records.position(&reader).map_err(text)?.max(start.min(latest));
        let events = records.events(position, Some(workflow.object), EVENTS).map_err(text)?;
        let Some(last) = events.last().map(|event| event.sequence) else { return Ok((None, Vec::new())) };
        let more = events.len() >= EVENTS as usize;
        let fields = records.fields(workflow.object).map_err(text)?;
        let today = now.to_zoned(TimeZone::UTC).date();
        let matcher = workflow.filter().compile(&fields, today).map_err(|error| error.to_string())?;
        let mut begins = Vec::new();
        for event in events {
            let own = event.cause.kind == CauseKind::Workflow && event.cause.by == workflow.name;
            let Some(trigger) = begun_by(&workflow.begin, &event).filter(|_| !own) else { continue };
            let found = records.get(event.record).map_err(text)?;
            let state =
                |record: &presetter_records::Record| workflow.begin.state.is_none_or(|state| state == record.state());
            if found.is_some_and(|record| state(&record) && matcher.matches(&record)) {
                begins.push((event, trigger));
            }
        }
        Ok((Some((last, more)), begins))
    })
    .await
}

/// Does something with the records in this file, on a thread that may wait.
async fn with_records<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&mut Records) -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let path = path.to_owned();
    let done = tokio::task::spawn_blocking(move || {
        let mut records = Records::open(&path).map_err(|error| error.to_string())?;
        work(&mut records)
    });
    done.await.map_err(|error| error.to_string())?
}

/// Which of the workflow's triggers this change is.
fn begun_by(begin: &crate::Begin, event: &Event) -> Option<Trigger> {
    // That a record was looked at is no change of it, unless somebody asks for just that.
    let touched = || match begin.fields.as_slice() {
        [] => event.fields.iter().any(|name| !NOTES.contains(&name.as_str())),
        fields => fields.iter().any(|field| event.fields.iter().any(|name| name == field.as_str())),
    };
    begin.on.iter().map(|(trigger, _)| *trigger).find(|trigger| match trigger {
        Trigger::New => event.effect == Effect::Created,
        Trigger::Edited => event.effect == Effect::Edited && touched(),
        Trigger::Archived => event.effect == Effect::Archived,
        Trigger::Synced => event.cause.kind == CauseKind::Sync && touched(),
        Trigger::Schedule | Trigger::Manual => false,
    })
}

/// How many workflows stand before what this change begins.
async fn depth(engine: &Arc<dyn Engine>, event: &Event) -> u32 {
    let told = event.cause.detail.get("run").and_then(Value::as_str);
    let run = event.cause.step.as_ref().map(|step| step.run.as_str()).or(told);
    let Some(run) = run.filter(|_| event.cause.kind == CauseKind::Workflow) else { return 0 };
    let submission = engine.submission(&RunId(run.to_owned())).await;
    let input = submission.map(|submission| submission.input).unwrap_or(Value::Null);
    let depth = match serde_json::from_value::<Input>(input) {
        Ok(Input::Batch(begun) | Input::Record { begun, .. }) => begun.depth,
        Err(_) => 0,
    };
    depth + 1
}
