//! `presetter status`: daemons, workflows, timers, and runs that have not ended.

use std::sync::Arc;

use presetter_journal::seam::{Engine, Filter, Page, RunState};
use serde_json::{Value, json};

use super::machine::{Machine, broken, failed};
use super::run::state;
use crate::args::{StatusArgs, TableFormat};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::aligned;
use crate::world::World;

/// The states of runs that have not ended.
pub(super) const OPEN: [RunState; 5] =
    [RunState::Queued, RunState::Ready, RunState::Running, RunState::Waiting, RunState::Unknown];
/// How many runs of a state are counted.
pub(super) const COUNTED: u32 = 1_000;

/// How many runs stand so, up to [`COUNTED`].
pub(super) async fn counted(engine: &Arc<dyn Engine>, state: RunState) -> Option<usize> {
    let filter = Filter { state: Some(state), ..Filter::default() };
    engine.list(&filter, Page { beyond: None, limit: COUNTED }).await.ok().map(|runs| runs.len())
}

/// Follows `presetter status`.
pub(crate) async fn status(world: &World, args: &StatusArgs) -> Result<Exit, Failure> {
    let machine = Machine::open(world).await?;
    let daemons = machine.daemons()?;
    let active = machine
        .store
        .all()
        .map_err(|error| failed(&error.to_string()))?
        .into_iter()
        .filter(|known| known.active)
        .count();
    let timers = machine.engine.schedules().await.map_err(|error| broken(&error))?;
    let mut runs = Vec::new();
    for open in OPEN {
        runs.push((open, counted(&machine.engine, open).await.unwrap_or_default()));
    }
    if args.format == TableFormat::Json {
        let daemons: Vec<Value> = daemons
            .iter()
            .map(
                |daemon| json!({ "pid": daemon.pid, "address": daemon.address, "started": daemon.started.to_string() }),
            )
            .collect();
        let timers: Vec<Value> =
            timers.iter().map(|timer| json!({ "name": timer.name, "next": timer.next.to_string() })).collect();
        let runs: serde_json::Map<String, Value> =
            runs.iter().map(|(open, count)| (state(*open).to_owned(), (*count).into())).collect();
        let _ = world.console.json(&json!({
            "daemons": daemons, "active_workflows": active, "timers": timers, "runs": runs,
        }));
        return Ok(Exit::Ok);
    }
    let mut rows = Vec::new();
    for daemon in &daemons {
        let address = if daemon.address.is_empty() { String::new() } else { format!(", http://{}", daemon.address) };
        let since = daemon.started.strftime("%Y-%m-%d %H:%M:%S UTC");
        rows.push(("daemon".to_owned(), format!("process {} since {since}{address}", daemon.pid)));
    }
    if daemons.is_empty() {
        rows.push(("daemon".to_owned(), "none is running: presetter daemon".to_owned()));
    }
    rows.push(("workflows".to_owned(), format!("{active} active")));
    for timer in &timers {
        rows.push((
            "timer".to_owned(),
            line(&format!("{} at {}", timer.name, timer.next.strftime("%Y-%m-%d %H:%M:%S UTC"))),
        ));
    }
    for (open, count) in runs.iter().filter(|(_, count)| *count > 0) {
        let more = if *count >= COUNTED as usize { " or more" } else { "" };
        let advice = if *open == RunState::Unknown { ": presetter workflow logs --state unknown" } else { "" };
        rows.push((format!("runs {}", state(*open)), format!("{count}{more}{advice}")));
    }
    let _ = world.console.data(&aligned(&rows, "", world.console.color()).join("\n"));
    Ok(Exit::Ok)
}
