//! Running a workflow now, and letting its trigger count.

use std::collections::BTreeMap;

use jiff::Timestamp;
use presetter_journal::seam::{Filter, Page, Run, RunId, RunState, StepState, Until};
use presetter_workflow::{
    Begun, Input, Mappings, Package, Role, Trigger, Workflow, activate as activated, deactivate as deactivated,
};
use serde_json::{Value, json};

use super::files;
use super::machine::{Machine, broken, failed, person};
use crate::args::{TableFormat, WorkflowRunArgs};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::count;
use crate::world::World;

/// How long a run by hand waits for what is tried again.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
/// How many waiting runs are looked at for that.
const LOOKED_AT: u32 = 50;
/// How many failures are told one by one.
const TOLD: usize = 10;

/// A workflow with its presets as they are now.
pub(super) fn package(
    machine: &Machine,
    workflow: Workflow,
    mappings: Mappings,
    world: &World,
) -> Result<Package, Failure> {
    let package = Package::new(workflow, mappings, &person(world), machine.caller.as_ref());
    package.map_err(|trouble| Failure::new(Exit::Invalid, trouble.message).help(trouble.hint))
}

async fn opened(world: &World, name: &str) -> Result<(Machine, Package), Failure> {
    let workflow = files::workflow(world, name)?;
    let mappings = files::mappings(world)?;
    let machine = Machine::open(world).await?;
    let records = machine.records()?;
    super::check::checked(world, &workflow, &mappings, &records, machine.caller.as_ref())?;
    let package = package(&machine, workflow, mappings, world)?;
    Ok((machine, package))
}

/// Follows `presetter workflow activate`.
pub(super) async fn activate(world: &World, name: &str) -> Result<Exit, Failure> {
    let (machine, package) = opened(world, name).await?;
    let name = package.workflow.name.clone();
    if package.workflow.begin.on.iter().all(|(trigger, _)| *trigger == Trigger::Manual) {
        return Err(Failure::usage(format!("{name} begins by hand alone; there is nothing to activate"))
            .help(format!("presetter workflow run {name}")));
    }
    let now = Timestamp::now();
    activated(&machine.engine, &machine.store, &machine.records, &package, now).await.map_err(|e| failed(&e))?;
    let next = package.workflow.begin.schedule.as_ref().and_then(|schedule| schedule.when.next(now));
    world.console.say(&match next {
        Some(next) => format!("{name} is active; it runs next at {}", next.strftime("%Y-%m-%d %H:%M:%S UTC")),
        None => format!("{name} is active"),
    });
    warn_without_daemon(world, &machine)?;
    Ok(Exit::Ok)
}

/// Says so if nothing begins by itself.
pub(super) fn warn_without_daemon(world: &World, machine: &Machine) -> Result<(), Failure> {
    if machine.daemons()?.is_empty() {
        world.console.warn("no daemon is running, so nothing begins by itself", &["presetter daemon".to_owned()]);
    }
    Ok(())
}

/// Follows `presetter workflow deactivate`.
pub(super) async fn deactivate(world: &World, name: &str) -> Result<Exit, Failure> {
    let machine = Machine::open(world).await?;
    if machine.store.get(name).map_err(|error| failed(&error.to_string()))?.is_none() {
        // Says what there is, where it is no workflow at all.
        files::workflow(world, name)?;
    }
    let was = deactivated(&machine.engine, &machine.store, name).await.map_err(|error| failed(&error))?;
    let name = line(name);
    world.console.say(&if was { format!("{name} is not active any more") } else { format!("{name} was not active") });
    Ok(Exit::Ok)
}

/// Follows `presetter workflow run`.
pub(super) async fn run(world: &World, args: &WorkflowRunArgs) -> Result<Exit, Failure> {
    let (machine, package) = opened(world, &args.name).await?;
    let begun = Begun { person: Some(person(world)), ..Begun::by(Trigger::Manual) };
    let mut runs = Vec::new();
    if args.records.is_empty() {
        let line = format!("{}{}", presetter_workflow::BATCH_LINE, package.workflow.name);
        runs.push(package.submission(&Input::Batch(begun), None, Some(line)));
    } else {
        if package.workflow.role().is_some() {
            return Err(Failure::usage("a role block looks at all records at once").help("leave --record out"));
        }
        for record in &args.records {
            if record.object() != package.workflow.object {
                return Err(Failure::usage(format!("{record} is none of {}", package.workflow.object)));
            }
            let input = Input::Record { record: *record, begun: begun.clone(), start: 0 };
            runs.push(package.submission(
                &input,
                None,
                Some(presetter_workflow::record_line(&package.workflow.name, *record)),
            ));
        }
    }
    let mut ids = Vec::new();
    for submission in runs {
        ids.push(machine.engine.submit(submission).await.map_err(|error| broken(&error))?.run);
    }
    if args.detach {
        for id in &ids {
            let _ = world.console.data(&id.0);
        }
        return Ok(Exit::Ok);
    }
    let progress = tokio::spawn(watch(world.clone(), machine.engine.clone(), ids.clone()));
    let worked = work(&machine, &ids).await;
    progress.abort();
    world.console.draw("");
    worked.map_err(|error| broken(&error))?;
    ended(world, &machine, &package, &ids, args.format).await
}

/// Works until nothing goes on; what is tried again in a moment is waited for.
pub(super) async fn work(machine: &Machine, ids: &[RunId]) -> Result<(), presetter_journal::seam::EngineError> {
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        machine.engine.work(Until::These(ids.to_vec())).await?;
        let mut again = false;
        for state in [RunState::Waiting, RunState::Ready, RunState::Running] {
            let filter = Filter { state: Some(state), ..Filter::default() };
            for run in machine.engine.list(&filter, Page { beyond: None, limit: LOOKED_AT }).await? {
                let own = ids.contains(&run.id)
                    || run.key.as_ref().is_some_and(|key| ids.iter().any(|id| key.starts_with(&format!("{id}:"))));
                let page = Page { beyond: None, limit: 1 };
                again |= own && !machine.engine.steps(&run.id, Some(StepState::Started), page).await?.is_empty();
            }
        }
        if !again || std::time::Instant::now() > until {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
}

/// Tells how far it is, on a terminal.
async fn watch(world: World, engine: std::sync::Arc<dyn presetter_journal::seam::Engine>, ids: Vec<RunId>) {
    let Some(id) = ids.first() else { return };
    let mut seen = 0;
    while let Ok(run) = engine.attach(id, seen).await {
        seen = run.revision;
        if let Some(runs) = run.progress.as_ref().and_then(|progress| progress["runs"].as_u64()) {
            world.console.draw(&format!("{} begun", count(runs, "run")));
        }
        if run.state.has_ended() {
            return;
        }
    }
}

/// What came of runs that a person has begun.
async fn ended(
    world: &World,
    machine: &Machine,
    package: &Package,
    ids: &[RunId],
    format: TableFormat,
) -> Result<Exit, Failure> {
    let mut tally: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut exit = Exit::Ok;
    let mut told = Vec::new();
    let mut batches = Vec::new();
    for id in ids {
        let run = machine.engine.get(id).await.map_err(|error| broken(&error))?;
        match machine.input(id).await {
            Some(Input::Batch(_)) => batches.push(run),
            _ => note(&run, &mut tally, &mut exit, &mut told),
        }
    }
    for batch in &batches {
        if let (RunState::Failed, Some(failure)) = (batch.state, &batch.failure) {
            let help = format!("presetter workflow logs --run {}", batch.id);
            let exit = Exit::of_class(&failure.class, true);
            return Err(Failure::new(exit, line(&failure.message)).help(help));
        }
        children(machine, package, batch, &mut tally, &mut exit, &mut told).await?;
    }
    let results: Vec<Value> = batches.iter().filter_map(|batch| batch.result.clone()).collect();
    if format == TableFormat::Json {
        let ids: Vec<&str> = ids.iter().map(|id| id.0.as_str()).collect();
        let batch = results.first().cloned().unwrap_or_default();
        let _ = world.console.json(&json!({ "runs": ids, "ended": tally, "batch": batch }));
        return Ok(exit);
    }
    for batch in &batches {
        if let Some(progress) = batch.progress.as_ref().filter(|_| !batch.state.has_ended()) {
            let message = progress["message"].as_str().unwrap_or("it waits");
            world.console.say(&line(message));
            world
                .console
                .say(&format!("nothing was changed; to let it: presetter workflow approve {}", short(&batch.id)));
        }
    }
    for result in &results {
        if let Some(roles) = result.get("roles").filter(|roles| roles.is_object()) {
            world.console.say(&format!(
                "{} records looked at: {} roles changed, {} deactivated, {} not to be told",
                roles["records"], roles["roles"], result["deactivated"], roles["unmatched"]
            ));
        }
    }
    for told in told.iter().take(TOLD) {
        world.console.say(told);
    }
    if told.len() > TOLD {
        world.console.say(&format!(
            "and {} more: presetter workflow logs {}",
            told.len() - TOLD,
            package.workflow.name
        ));
    }
    let sum: u64 = tally.values().sum();
    let parts: Vec<String> = tally.iter().map(|(state, count)| format!("{count} {state}")).collect();
    if sum > 0 || batches.iter().all(|batch| batch.state == RunState::Done && package.workflow.role().is_none()) {
        let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        world.console.say(&format!("{}{parts}", count(sum, "run")));
    }
    Ok(exit)
}

/// The runs that a batch has begun.
async fn children(
    machine: &Machine,
    package: &Package,
    batch: &Run,
    tally: &mut BTreeMap<&'static str, u64>,
    exit: &mut Exit,
    told: &mut Vec<String>,
) -> Result<(), Failure> {
    let filter = Filter { flow: Some(package.workflow.name.clone()), ..Filter::default() };
    let mut page = Page { beyond: None, limit: 1_000 };
    let prefix = format!("{}:", batch.id);
    loop {
        let runs = machine.engine.list(&filter, page).await.map_err(|error| broken(&error))?;
        let Some(last) = runs.last().map(|run| run.number) else { return Ok(()) };
        for run in runs.iter().filter(|run| run.key.as_ref().is_some_and(|key| key.starts_with(&prefix))) {
            let whole = match run.state {
                // Lists leave out what a person wants to know of these.
                RunState::Failed | RunState::Waiting if told.len() < TOLD => {
                    machine.engine.get(&run.id).await.map_err(|error| broken(&error))?
                }
                _ => run.clone(),
            };
            note(&whole, tally, exit, told);
        }
        if last <= batch.number {
            return Ok(());
        }
        page.beyond = Some(last);
    }
}

fn note(run: &Run, tally: &mut BTreeMap<&'static str, u64>, exit: &mut Exit, told: &mut Vec<String>) {
    *tally.entry(state(run.state)).or_default() += 1;
    let id = short(&run.id);
    match run.state {
        RunState::Failed => {
            let class = run.failure.as_ref().map_or("", |failure| failure.class.as_str());
            *exit = exit.or(Exit::of_class(class, true));
            let message = run.failure.as_ref().map(|failure| line(&failure.message)).unwrap_or_default();
            told.push(format!("run {id} failed: {message}"));
        }
        RunState::Unknown => {
            *exit = exit.or(Exit::Unknown);
            told.push(format!("run {id} is unknown: presetter workflow resume {id}"));
        }
        RunState::Waiting => {
            let progress = run.progress.as_ref().filter(|progress| progress["waits_for"] == "approval");
            told.push(match progress.and_then(|progress| progress["message"].as_str()) {
                Some(message) => {
                    format!("run {id} waits for approval: {}; presetter workflow approve {id}", line(message))
                }
                None => format!("run {id} waits; a daemon goes on with it when its time has come"),
            });
        }
        RunState::Queued => {
            told.push(format!("run {id} begins when an earlier run of this workflow on the same record has ended"));
        }
        RunState::Done if run.result.as_ref().is_some_and(|result| result.get("skipped").is_some()) => {
            told.push(format!("run {id} did nothing: the record does not match the workflow's rules"));
        }
        _ => {}
    }
}

/// A state in a word.
pub(super) fn state(state: RunState) -> &'static str {
    match state {
        RunState::Queued => "queued",
        RunState::Ready => "ready",
        RunState::Running => "running",
        RunState::Waiting => "waiting",
        RunState::Unknown => "unknown",
        RunState::Done => "done",
        RunState::Failed => "failed",
        RunState::Cancelled => "cancelled",
    }
}

/// The beginning of a run's id, which is enough to name it.
pub(super) fn short(id: &RunId) -> &str {
    id.0.get(..8).unwrap_or(&id.0)
}

/// Plans a role block: what it would change, and who would be deactivated.
pub(super) async fn roles(
    world: &World,
    machine: &Machine,
    package: &Package,
    block: &str,
    role: &Role,
) -> Result<(), Failure> {
    let planned = machine.executor.plan_roles(package).await;
    let (collected, changes) =
        planned.map_err(|failure| Failure::new(Exit::of_class(&failure.class, true), line(&failure.message)))?;
    let console = &world.console;
    let records = machine.records()?;
    for change in &changes {
        let (presetter_records::Action::Edit(id) | presetter_records::Action::Archive(id)) = change.action else {
            continue;
        };
        let record = records.get(id).map_err(|error| failed(&error.to_string()))?;
        let value = |name: &str| {
            let value = record.as_ref().and_then(|record| record.get(name));
            value.map(presetter_records::Value::to_text).unwrap_or_default()
        };
        if matches!(change.action, presetter_records::Action::Archive(_)) {
            let _ = console.data(&line(&format!("  * {id} {}: deactivated", value("email"))));
        } else if let Some(new) = change.set.get("role").filter(|new| new.to_text() != value("role")) {
            let told = format!("  * {id} {}: role {} -> {}", value("email"), value("role"), new.to_text());
            let _ = console.data(&line(&told));
        }
    }
    console.say(&format!(
        "block {block}: {} of {} records were found among {} users; {} roles would change, {} would be deactivated; nothing was",
        collected.found, collected.records, collected.vendor, collected.roles, collected.deactivate
    ));
    if collected.gone > 0 && !role.deactivate_user {
        console.say(&format!("{} are gone at the vendor, and deactivate_user is off", collected.gone));
    }
    if collected.asks(role.approve_above) {
        console.say("so many deactivations would wait for `presetter workflow approve`");
    }
    Ok(())
}
