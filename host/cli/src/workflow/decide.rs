//! A person's word: yes or no to a run that asks, its end, and what became of a write that nobody saw.

use presetter_journal::seam::{
    Attempt, Cancellation, Decision, Event, Failure as Told, Page, Probe, Repeat, Run, RunState, Step, StepExecutor,
    StepRecord, StepState,
};
use presetter_workflow::approval;
use serde_json::json;

use super::machine::{Machine, broken, person};
use super::run::{short, state};
use crate::args::{WorkflowApproveArgs, WorkflowResumeArgs};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// Follows `presetter workflow approve`.
pub(super) async fn approve(world: &World, args: &WorkflowApproveArgs) -> Result<Exit, Failure> {
    let machine = Machine::open(world).await?;
    let run = machine.run(&args.run).await?;
    let progress = run.progress.clone().unwrap_or_default();
    let block = progress["block"].as_str().filter(|_| progress["waits_for"] == "approval");
    let Some(block) = block.filter(|_| !run.state.has_ended()) else {
        return Err(Failure::usage(format!(
            "run {} waits for nobody's word; it is {}",
            short(&run.id),
            state(run.state)
        )));
    };
    let name = approval(block);
    let payload = json!({ "by": person(world), "yes": !args.no });
    // The word is given once for each time that it is asked.
    let event = Event { id: format!("{name}@{}", run.revision), name, payload };
    machine.engine.signal(&run.id, event).await.map_err(|error| broken(&error))?;
    let word = if args.no { "declined" } else { "approved" };
    world.console.say(&format!("{word}: {}", line(progress["message"].as_str().unwrap_or_default())));
    goes_on(world, &machine, &run)
}

/// Follows `presetter workflow cancel`.
pub(super) async fn cancel(world: &World, named: &str) -> Result<Exit, Failure> {
    let machine = Machine::open(world).await?;
    let run = machine.run(named).await?;
    let run = machine.engine.cancel(&run.id, &person(world)).await.map_err(|error| broken(&error))?;
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

/// Follows `presetter workflow resume`.
pub(super) async fn resume(world: &World, args: &WorkflowResumeArgs) -> Result<Exit, Failure> {
    let machine = Machine::open(world).await?;
    let run = machine.run(&args.run).await?;
    let page = Page { beyond: None, limit: 100 };
    let steps = machine.engine.steps(&run.id, Some(StepState::Unknown), page).await;
    let steps = steps.map_err(|error| broken(&error))?;
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
