//! A person's word: yes or no to a run that asks, its end, and what became of a write that nobody saw.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use presetter_journal::seam::{
    Attempt, Cancellation, Decision, EngineError, Event, Failure as Told, Filter, Page, Probe, Repeat, Run, RunState,
    Step, StepExecutor, StepRecord, StepState,
};
use presetter_workflow::{Input, asked};
use serde_json::json;

use super::machine::{Machine, broken, person};
use super::run::{short, state};
use crate::args::{WorkflowApproveArgs, WorkflowResumeArgs};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::count;
use crate::world::World;

/// How long a cancelled batch that a worker has is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// Follows `presetter workflow approve`.
pub(super) async fn approve(world: &World, args: &WorkflowApproveArgs) -> Result<Exit, Failure> {
    let machine = Machine::open(world).await?;
    let run = machine.run(&args.run).await?;
    let progress = run.progress.clone().unwrap_or_default();
    let Some(name) = asked(&progress).filter(|_| !run.state.has_ended()) else {
        return Err(Failure::usage(format!(
            "run {} waits for nobody's word; it is {}",
            short(&run.id),
            state(run.state)
        )));
    };
    let until = progress["until"].as_str().and_then(|until| until.parse::<Timestamp>().ok());
    if let Some(until) = until.filter(|until| *until <= Timestamp::now()) {
        let until = until.strftime("%Y-%m-%d %H:%M:%S UTC");
        return Err(Failure::usage(format!("run {} waited until {until}; no answer is a no", short(&run.id))));
    }
    let payload = json!({ "by": person(world), "yes": !args.no });
    let event = Event { id: name.clone(), name, payload };
    match machine.engine.signal(&run.id, event).await {
        Ok(true) => {}
        // A question has one answer.
        Ok(false) | Err(EngineError::EventTaken(_)) => {
            return Err(Failure::usage(format!("somebody has answered run {} already", short(&run.id)))
                .help(format!("presetter workflow logs --run {}", short(&run.id))));
        }
        Err(error) => return Err(broken(&error)),
    }
    let word = if args.no { "declined" } else { "approved" };
    world.console.say(&format!("{word}: {}", line(progress["message"].as_str().unwrap_or_default())));
    goes_on(world, &machine, &run)
}

/// Follows `presetter workflow cancel`.
pub(super) async fn cancel(world: &World, named: &str) -> Result<Exit, Failure> {
    let machine = Machine::open(world).await?;
    let run = machine.run(named).await?;
    let batch = matches!(machine.input(&run.id).await, Some(Input::Batch(_)));
    let run = match machine.engine.cancel(&run.id, &person(world)).await {
        Ok(run) => run,
        // Of a batch that has ended, runs may go on.
        Err(EngineError::TooLate(_)) if batch => run,
        Err(error) => return Err(broken(&error)),
    };
    let children = if batch { cancel_children(world, &machine, &run).await? } else { 0 };
    if batch {
        world.console.say(&format!(
            "{} of it {} cancelled",
            count(children, "run"),
            if children == 1 { "was" } else { "were" }
        ));
    }
    world.console.say(&match run.state {
        RunState::Unknown => format!(
            "run {id} begins nothing more; a write of it is unknown: presetter workflow resume {id}",
            id = short(&run.id)
        ),
        state if state.has_ended() => format!("run {} is cancelled", short(&run.id)),
        _ => format!("run {} begins nothing more, and ends when what is under way has", short(&run.id)),
    });
    Ok(Exit::Ok)
}

/// Cancels the runs that a batch has begun, until it begins no more; how many there were.
async fn cancel_children(world: &World, machine: &Machine, batch: &Run) -> Result<usize, Failure> {
    let prefix = format!("{}:", batch.id);
    let filter = Filter { flow: Some(batch.flow.name.clone()), ..Filter::default() };
    let mut cancelled = HashSet::new();
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        // What is looked at before the runs are is true of all of them.
        let batch = machine.engine.get(&batch.id).await.map_err(|error| broken(&error))?;
        let mut page = Page { beyond: None, limit: 1_000 };
        loop {
            let runs = machine.engine.list(&filter, page).await.map_err(|error| broken(&error))?;
            for run in &runs {
                let own = run.key.as_ref().is_some_and(|key| key.starts_with(&prefix)) && !run.state.has_ended();
                if !own || run.cancelled_by.is_some() {
                    continue;
                }
                match machine.engine.cancel(&run.id, &person(world)).await {
                    Ok(_) => _ = cancelled.insert(run.id.clone()),
                    Err(EngineError::TooLate(_)) => {}
                    Err(error) => return Err(broken(&error)),
                }
            }
            match runs.last().map(|run| run.number) {
                Some(last) if last > batch.number => page.beyond = Some(last),
                _ => break,
            }
        }
        if batch.state.has_ended() {
            return Ok(cancelled.len());
        }
        // A worker has it, and may still begin what it has read.
        let attached = machine.engine.attach(&batch.id, batch.revision);
        match tokio::time::timeout_at(until, attached).await {
            Ok(attached) => _ = attached.map_err(|error| broken(&error))?,
            Err(_) => {
                let again = format!("presetter workflow cancel {}", short(&batch.id));
                world.console.warn("the batch has not ended, and may begin more runs", &[again]);
                return Ok(cancelled.len());
            }
        }
    }
}

/// Follows `presetter workflow resume`.
pub(super) async fn resume(world: &World, args: &WorkflowResumeArgs) -> Result<Exit, Failure> {
    let machine = Machine::open(world).await?;
    let run = machine.run(&args.run).await?;
    let mut steps: Vec<StepRecord> = Vec::new();
    loop {
        let page = Page { beyond: steps.last().map(|step| step.number), limit: 1_000 };
        let more = machine.engine.steps(&run.id, Some(StepState::Unknown), page).await;
        let more = more.map_err(|error| broken(&error))?;
        if more.is_empty() {
            break;
        }
        steps.extend(more);
    }
    if let Some(other) = steps.iter().find(|step| args.done && step.data["do"] != "call") {
        return Err(Failure::usage(format!("{} calls no preset, and its answer is not known", line(&other.name)))
            .help(format!("presetter workflow resume {} --repeat", short(&run.id))));
    }
    if steps.is_empty() {
        return Err(Failure::usage(format!(
            "nothing of run {} is unknown; it is {}",
            short(&run.id),
            state(run.state)
        )));
    }
    for step in steps {
        let decision = match (args.done, args.repeat, args.fail) {
            (true, ..) => Decision::Done(done()),
            (_, true, _) => Decision::Repeat,
            (.., true) => Decision::Fail(Told::new(
                "unknown",
                format!("{} left it: nobody knows whether it took place", person(world)),
            )),
            _ => Decision::Done(looked(&machine, &run, &step).await?),
        };
        let decided = machine.engine.resume(&run.id, &step.path, decision, &person(world)).await;
        decided.map_err(|error| broken(&error))?;
        world.console.say(&format!("{}: decided", line(&step.name)));
    }
    goes_on(world, &machine, &run)
}

/// A person saw that it took place; nothing else is known of it.
fn done() -> serde_json::Value {
    json!({ "kind": "ok", "evidence": "a person looked", "fields": {}, "variables": {} })
}

/// What the preset's own probe sees now.
async fn looked(machine: &Machine, run: &Run, step: &StepRecord) -> Result<serde_json::Value, Failure> {
    let (_nobody, cancellation) = Cancellation::pair();
    let attempt = Attempt {
        run: run.id.clone(),
        path: step.path.clone(),
        step: Step { name: step.name.clone(), payload: step.data.clone(), repeat: Repeat::Never },
        attempt: step.attempt,
        key: String::new(),
        cancellation,
    };
    match machine.executor.probe(&attempt).await {
        Probe::Done(answer) => Ok(answer),
        Probe::NotDone => Err(undecided(run, "it did not take place")),
        Probe::Undecided(why) => Err(undecided(run, &why)),
    }
}

fn undecided(run: &Run, why: &str) -> Failure {
    let id = short(&run.id);
    Failure::new(Exit::Unknown, line(why)).help(format!(
        "look at the vendor yourself; then\npresetter workflow resume {id} --done    it took place\n\
         presetter workflow resume {id} --repeat  it did not; do it again\npresetter workflow resume {id} --fail    leave it"
    ))
}

fn goes_on(world: &World, machine: &Machine, run: &Run) -> Result<Exit, Failure> {
    if machine.daemons()?.is_empty() {
        let help = "presetter daemon".to_owned();
        world.console.warn(&format!("run {} goes on when a daemon is there", short(&run.id)), &[help]);
    }
    Ok(Exit::Ok)
}
