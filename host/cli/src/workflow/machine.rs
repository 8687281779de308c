//! The engine of this program on its files, with everything that it needs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use presetter_journal::embedded::{Embedded, Settings};
use presetter_journal::seam::{Clock, Engine, EngineError, Filter, Flow, Page, Parts, Run, RunId, SystemClock};
use presetter_records::Records;
use presetter_workflow::{Daemon, Executor, Input, Interpreter, Presets, Store};

use super::caller::Caller;
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// A run whose worker is not heard of for so long is taken up by another.
const SETTINGS: Settings = Settings { workers: 64, lease: Duration::from_secs(10), poll: Duration::from_secs(1) };
/// How many of the newest runs are looked through for the beginning of an id.
const LOOKED_THROUGH: usize = 20_000;

/// The engine and what it works with.
pub(super) struct Machine {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) store: Arc<Store>,
    pub(super) caller: Arc<dyn Presets>,
    pub(super) executor: Executor,
    pub(super) records: PathBuf,
}

impl Machine {
    pub(super) async fn open(world: &World) -> Result<Self, Failure> {
        Self::with_flow(world, Arc::new(Interpreter)).await
    }

    /// With an interpreter that also tells what it does.
    pub(super) async fn with_flow(world: &World, flow: Arc<dyn Flow>) -> Result<Self, Failure> {
        let caller: Arc<dyn Presets> = Arc::new(Caller::new(world)?);
        Self::at(&world.dirs.data, caller, flow, Arc::new(SystemClock)).await
    }

    /// On the files in this folder, with other ways to presets and time.
    pub(super) async fn at(
        folder: &Path,
        caller: Arc<dyn Presets>,
        flow: Arc<dyn Flow>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Failure> {
        let records = folder.join("records.db");
        // It is made here if there is none, so that a run does not make it halfway.
        Records::open(&records).map_err(|error| unopened("records.db", &error))?;
        let store = Store::open(&folder.join("workflows.db")).map_err(|error| unopened("workflows.db", &error))?;
        let store = Arc::new(store);
        let executor = Executor::new(records.clone(), store.clone(), caller.clone(), clock.clone());
        let parts = Parts { clock, ..Parts::new(flow, Arc::new(executor.clone())) };
        let engine = Embedded::open(&folder.join("journal.db"), parts, SETTINGS).await;
        let engine: Arc<dyn Engine> = Arc::new(engine.map_err(|error| unopened("journal.db", &error))?);
        executor.works_for(&engine);
        Ok(Self { engine, store, caller, executor, records })
    }

    pub(super) fn records(&self) -> Result<Records, Failure> {
        open_records(&self.records)
    }

    /// The daemons that are there.
    pub(super) fn daemons(&self) -> Result<Vec<Daemon>, Failure> {
        let since = Timestamp::now().saturating_sub(super::daemon::SILENT).unwrap_or(Timestamp::MIN);
        self.store.daemons(since).map_err(|error| failed(&error.to_string()))
    }

    /// The run that a person names by its id or the beginning of it.
    pub(super) async fn run(&self, named: &str) -> Result<Run, Failure> {
        match self.engine.get(&RunId(named.to_owned())).await {
            Ok(run) => return Ok(run),
            Err(EngineError::Missing(_)) => {}
            Err(error) => return Err(broken(&error)),
        }
        let (mut page, mut looked) = (Page { beyond: None, limit: 1_000 }, 0);
        let mut found: Option<Run> = None;
        while looked < LOOKED_THROUGH {
            let runs = self.engine.list(&Filter::default(), page).await.map_err(|error| broken(&error))?;
            let Some(last) = runs.last() else { break };
            (page.beyond, looked) = (Some(last.number), looked + runs.len());
            for run in runs.into_iter().filter(|run| named.len() >= 4 && run.id.0.starts_with(named)) {
                if found.is_some() {
                    return Err(Failure::usage(format!("several runs begin with \"{}\"", line(named)))
                        .help("write more of the id"));
                }
                found = Some(run);
            }
        }
        let found = found.ok_or_else(|| {
            Failure::new(Exit::NotFound, format!("there is no run \"{}\"", line(named)))
                .help("`presetter workflow logs` lists them; the beginning of an id has four characters at least")
        })?;
        self.engine.get(&found.id).await.map_err(|error| broken(&error))
    }

    /// What a run is on.
    pub(super) async fn input(&self, run: &RunId) -> Option<Input> {
        let submission = self.engine.submission(run).await.ok()?;
        serde_json::from_value(submission.input).ok()
    }
}

/// The records of this user.
pub(super) fn records(world: &World) -> Result<Records, Failure> {
    open_records(&world.dirs.data.join("records.db"))
}

fn open_records(path: &Path) -> Result<Records, Failure> {
    Records::open(path).map_err(|error| unopened("records.db", &error))
}

/// Who does it, for the history.
pub(super) fn person(world: &World) -> String {
    world.user.clone().unwrap_or_else(|| "unknown".to_owned())
}

pub(super) fn broken(error: &EngineError) -> Failure {
    let exit = match error {
        EngineError::Missing(_) => Exit::NotFound,
        EngineError::Storage(_) => Exit::Internal,
        _ => Exit::Usage,
    };
    Failure::new(exit, line(&error.to_string()))
}

fn unopened(file: &str, error: &impl ToString) -> Failure {
    Failure::new(Exit::Invalid, format!("{file}: {}", line(&error.to_string())))
}

/// What went wrong below, as it was said.
pub(super) fn failed(message: &str) -> Failure {
    Failure::new(Exit::Failed, line(message))
}
