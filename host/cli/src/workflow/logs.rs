//! Runs of workflows: a list of them, and one with its steps.

use presetter_journal::seam::{Filter, Page, Run, RunState, StepKind, StepRecord};
use presetter_workflow::Input;
use serde_json::{Value, json};

use super::machine::{Machine, broken};
use super::run::{short, state};
use crate::args::{RunStateArg, TableFormat, WorkflowLogsArgs};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::aligned;
use crate::rows::Rows;
use crate::world::World;

/// Follows `presetter workflow logs`.
pub(super) async fn logs(world: &World, args: &WorkflowLogsArgs) -> Result<Exit, Failure> {
    let machine = Machine::open(world).await?;
    if let Some(named) = &args.run {
        let run = machine.run(named).await?;
        return one(world, &machine, &run, args.format).await;
    }
    let filter = Filter { flow: args.name.clone(), state: args.state.map(wanted), ..Filter::default() };
    let mut rows = Rows::new(args.format.into());
    let (mut beyond, mut left) = (None, args.limit);
    while left > 0 {
        let page = Page { beyond, limit: left.min(500) };
        let runs = machine.engine.list(&filter, page).await.map_err(|error| broken(&error))?;
        let Some(last) = runs.last() else { break };
        beyond = Some(last.number);
        left = left.saturating_sub(u32::try_from(runs.len()).unwrap_or(u32::MAX));
        for run in &runs {
            let whole = match run.state {
                RunState::Failed | RunState::Waiting => {
                    machine.engine.get(&run.id).await.map_err(|error| broken(&error))?
                }
                _ => run.clone(),
            };
            let on = machine.input(&run.id).await;
            if !rows.add(row(&whole, on.as_ref(), args.format), &world.console) {
                return Ok(Exit::Ok);
            }
        }
    }
    rows.end(&world.console);
    Ok(Exit::Ok)
}

fn wanted(state: RunStateArg) -> RunState {
    match state {
        RunStateArg::Queued => RunState::Queued,
        RunStateArg::Ready => RunState::Ready,
        RunStateArg::Running => RunState::Running,
        RunStateArg::Waiting => RunState::Waiting,
        RunStateArg::Unknown => RunState::Unknown,
        RunStateArg::Done => RunState::Done,
        RunStateArg::Failed => RunState::Failed,
        RunStateArg::Cancelled => RunState::Cancelled,
    }
}

fn on(input: Option<&Input>) -> String {
    match input {
        Some(Input::Record { record, .. }) => record.to_string(),
        Some(Input::Batch(_)) => "all that match".to_owned(),
        None => String::new(),
    }
}

fn begun_by(input: Option<&Input>) -> &'static str {
    match input {
        Some(Input::Record { begun, .. } | Input::Batch(begun)) => begun.by.name(),
        None => "sync",
    }
}

fn told(run: &Run) -> String {
    let message = run.progress.as_ref().and_then(|progress| progress["message"].as_str());
    match (&run.failure, message) {
        (Some(failure), _) => failure.message.clone(),
        (None, Some(message)) if !run.state.has_ended() => format!("waits for approval: {message}"),
        _ => String::new(),
    }
}

fn row(run: &Run, input: Option<&Input>, format: TableFormat) -> Value {
    let id = if format == TableFormat::Json { run.id.0.as_str() } else { short(&run.id) };
    json!({
        "run": id,
        "workflow": run.flow.name,
        "on": on(input),
        "begun by": begun_by(input),
        "state": state(run.state),
        "since": run.submitted.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        "message": told(run),
    })
}

async fn one(world: &World, machine: &Machine, run: &Run, format: TableFormat) -> Result<Exit, Failure> {
    let mut steps: Vec<StepRecord> = Vec::new();
    loop {
        let page = Page { beyond: steps.last().map(|step| step.number), limit: 500 };
        let more = machine.engine.steps(&run.id, None, page).await.map_err(|error| broken(&error))?;
        let last = more.len() < 500;
        steps.extend(more);
        if last {
            break;
        }
    }
    if format == TableFormat::Json {
        let _ = world.console.json(&json!({ "run": run, "steps": steps }));
        return Ok(Exit::Ok);
    }
    let input = machine.input(&run.id).await;
    let mut rows = vec![
        ("run", run.id.0.clone()),
        ("workflow", format!("{} ({})", run.flow.name, run.flow.digest)),
        ("on", on(input.as_ref())),
        ("begun by", begun_by(input.as_ref()).to_owned()),
        ("state", state(run.state).to_owned()),
        ("message", told(run)),
        ("since", run.submitted.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()),
        ("ended", run.ended.map(|at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()).unwrap_or_default()),
        ("cancelled by", run.cancelled_by.clone().unwrap_or_default()),
    ];
    rows.retain(|(_, value)| !value.is_empty());
    let rows: Vec<(String, String)> = rows.into_iter().map(|(name, value)| (name.to_owned(), line(&value))).collect();
    let mut lines = aligned(&rows, "", world.console.color());
    lines.push(String::new());
    lines.extend(steps.iter().filter_map(step));
    let _ = world.console.data(&lines.join("\n"));
    Ok(Exit::Ok)
}

/// A step in a line; progress is no step for people.
fn step(step: &StepRecord) -> Option<String> {
    let at = step.started.strftime("%H:%M:%S");
    let how = format!("{:?}", step.state).to_lowercase();
    let what = match step.kind {
        StepKind::Step => {
            let preset = step.data["preset"].as_str().map(|preset| format!(" {preset}")).unwrap_or_default();
            format!("{} ({}{preset})", step.name, step.data["do"].as_str().unwrap_or_default())
        }
        StepKind::SleepUntil => format!("waits until {}", step.data["until"].as_str().unwrap_or_default()),
        StepKind::WaitEvent => format!("waits for {}", step.name),
        StepKind::All | StepKind::Now | StepKind::Progress => return None,
    };
    let answer = step.answer.as_ref().and_then(|answer| answer["kind"].as_str());
    let evidence = step.answer.as_ref().and_then(|answer| answer["evidence"].as_str()).filter(|text| !text.is_empty());
    let failure = step.failure.as_ref().map(|failure| failure.message.as_str());
    let tried = (step.attempt > 1).then(|| format!("{} attempts", step.attempt));
    let more: Vec<String> = [answer.map(str::to_owned), evidence.map(str::to_owned), failure.map(str::to_owned), tried]
        .into_iter()
        .flatten()
        .collect();
    let more = if more.is_empty() { String::new() } else { format!(": {}", more.join("; ")) };
    Some(line(&format!("  {at}  {:>3}  {how:<8}  {what}{more}", step.path)))
}
