//! Putting a run together from a case, and running many.
//!
//! Owns the way from a case to a run: the bundle's component, a connection with samples in the places of an account's
//! values, sessions in memory, virtual time. Keeps: what a run needs is made as the program makes it for a real one; only
//! the transport, the surroundings and the clock are others.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use presetter_bundle::{Bundle, PresetFile};
use presetter_connection::{Access, AccessContext, Clock, Connection, Reference, exchange_limits};
use presetter_egress::{Cassette, Transport};
use presetter_manifest::Preset;
use presetter_runtime::{
    CancellationToken, Component, Engine, Invocation, Limits, LoadError, Outcome, Report, RunObserver, Runner, Setup,
};
use presetter_secret::Redactor;
use serde_json::{Map, Value};

use crate::case::Case;
use crate::clock::VirtualClock;
use crate::coverage::Took;
use crate::judge::{self, Mismatch};
use crate::sample::{self, Samples};
use crate::witness::{Sent, Witness};

/// The presets of a bundle, ready to be tested.
pub struct Suite {
    bundle: Arc<Bundle>,
    presets: BTreeMap<String, Prepared>,
}

/// One preset, its component loaded.
struct Prepared {
    file: PresetFile,
    component: Component,
    /// For an interpreter: what it loads.
    sources: Option<Arc<str>>,
}

/// Why a suite cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The bundle, one of its presets or its component cannot be read.
    #[error(transparent)]
    Bundle(#[from] presetter_bundle::Error),
    /// The component cannot be loaded.
    #[error("{of}{error}")]
    Load {
        /// The component, with a colon; empty for an interpreter of the program.
        of: String,
        /// What is wrong with it.
        error: LoadError,
    },
}

/// What came of a case.
#[derive(Debug, Clone)]
pub struct Trial {
    /// What differs from what was expected, in the order of the file. None: the case is passed.
    pub mismatches: Vec<Mismatch>,
    /// What came out.
    pub played: Played,
    /// How many requests the cassettes have no answer for.
    pub unanswered: usize,
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Played {
    /// How it ended.
    pub outcome: Outcome,
    /// Its outputs.
    pub outputs: Map<String, Value>,
    /// Its rows.
    pub rows: Vec<Value>,
    /// The requests that went out, logins among them, secrets masked.
    pub sent: Vec<Sent>,
    /// How many logins were tried.
    pub logins: u32,
    /// The blocks of requests' templates that were rendered, each way once.
    pub took_blocks: Vec<Took>,
    /// The decisions that the component says it came to.
    pub trace: Vec<String>,
    /// How long it took, in real time.
    pub took: Duration,
}

impl Trial {
    /// Whether everything was as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.mismatches.is_empty()
    }
}

impl Suite {
    /// Loads what runs the presets of these names.
    ///
    /// # Errors
    /// A preset cannot be read, or the component not be loaded.
    pub fn open<'a>(
        bundle: Arc<Bundle>,
        names: impl IntoIterator<Item = &'a str>,
        engine: &Engine,
    ) -> Result<Self, OpenError> {
        // Recipes and scripts have an interpreter each; whatever else runs them is one for all.
        let mut loaded: Vec<(Cow<'static, str>, Component)> = Vec::new();
        let mut presets = BTreeMap::new();
        for name in names {
            let parts = presetter_pack::parts(&bundle, name)?;
            let component = match loaded.iter().find(|(sha256, _)| *sha256 == parts.sha256) {
                Some((_, component)) => component.clone(),
                None => {
                    let component = engine.load_known(&parts.component, &parts.sha256);
                    let component = component.map_err(|error| OpenError::Load { of: parts.origin(&bundle), error })?;
                    loaded.push((parts.sha256.clone(), component.clone()));
                    component
                }
            };
            let sources = parts.document(&bundle, name, component.is_interpreter())?.map(Into::into);
            let prepared = Prepared { file: bundle.preset(name)?, component, sources };
            presets.insert(name.to_owned(), prepared);
        }
        Ok(Self { bundle, presets })
    }

    /// The bundle.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// The presets that were opened, by name.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PresetFile> {
        self.presets.values().map(|prepared| &prepared.file)
    }

    /// The manifest of a preset that was opened.
    pub(crate) fn manifest(&self, preset: &str) -> Option<&Preset> {
        self.presets.get(preset).map(|prepared| &prepared.file.manifest)
    }

    /// Runs a case against its cassettes.
    pub async fn run(&self, case: &Case) -> Trial {
        let redactor = Redactor::new();
        let cassette = Arc::new(cassette(case, &redactor));
        let played = self.play(case, cassette.clone(), redactor).await;
        let misses = cassette.misses();
        Trial { mismatches: judge::judge(case, &played, &misses), played, unanswered: misses.len() }
    }

    /// Runs all of these, on as many threads as there are cores, and gives what came of each, in their order.
    #[must_use]
    pub fn run_all(&self, cases: &[Case]) -> Vec<Trial> {
        all(cases, async |case| self.run(case).await)
    }

    /// Runs a case with another transport.
    pub(crate) async fn play(&self, case: &Case, transport: Arc<dyn Transport>, redactor: Redactor) -> Played {
        let started = Instant::now();
        let witness = Witness::default();
        let transport = witness.watching(transport, redactor.clone());
        let clock = Arc::new(VirtualClock::at(case.exchanges().next().map(|exchange| exchange.started_ms)));
        let ran = match self.access(case, transport, redactor, clock.clone()) {
            Ok(access) => self.invoke(case, access, Arc::new(witness.clone()), clock).await,
            Err(wrong) => Err(wrong),
        };
        let (sent, rows, took_blocks) = witness.take();
        let (outcome, outputs, logins, trace) = match ran {
            Ok((report, logins)) => (told(&report), report.outputs, logins, report.trace),
            Err(message) => {
                let class = "input".to_owned();
                let kind = presetter_runtime::Kind::Failed;
                (Outcome { kind, class, message, evidence: String::new(), hint: None }, Map::new(), 0, Vec::new())
            }
        };
        Played { outcome, outputs, rows, sent, logins, took_blocks, trace, took: started.elapsed() }
    }

    async fn invoke(
        &self,
        case: &Case,
        access: Access,
        observer: Arc<dyn RunObserver>,
        clock: Arc<dyn Clock>,
    ) -> Result<(Report, u32), String> {
        let prepared = self.presets.get(&case.preset).ok_or_else(|| format!("{} is not loaded", case.preset))?;
        let access = Arc::new(access);
        let runner = Runner::new(Setup {
            component: prepared.component.clone(),
            source_document: prepared.sources.clone(),
            preset: prepared.file.clone(),
            bundle: self.bundle.clone(),
            settings: case.settings.clone(),
            access: access.clone(),
            limits: self.limits(&access),
            body: None,
            body_set: Vec::new(),
            clock,
            answers: true,
        });
        let invocation = Invocation { inputs: case.inputs.clone(), observer, cancel: CancellationToken::new() };
        let report = match case.confirm {
            true => runner.run_confirmed(&invocation).await,
            false => runner.run(&invocation).await,
        };
        Ok((report, access.logins()))
    }

    fn limits(&self, access: &Access) -> Limits {
        Limits::of(&self.bundle.manifest().limits, &access.connection().limits)
    }

    /// The connection of a case, in use.
    fn access(
        &self,
        case: &Case,
        transport: Arc<dyn Transport>,
        redactor: Redactor,
        clock: Arc<dyn Clock>,
    ) -> Result<Access, String> {
        let manifest = self.bundle.manifest();
        let kind = manifest.connections.get(&case.connection);
        let kind = kind.ok_or_else(|| format!("there is no kind of connection {}", case.connection))?;
        let source = self.bundle.source().clone();
        let mut connection = Connection::new("test", &case.connection, source, case.base_url.as_str());
        // Plain http can be called only so; no socket is opened either way.
        connection.allow_private = case.base_url.scheme() == "http";
        connection.fields.clone_from(&case.fields);
        connection.secrets.extend(kind.secrets.keys().map(|name| (name.clone(), Reference::Env(name.clone()))));
        let limits = Limits::of(&manifest.limits, &connection.limits);
        let context = AccessContext {
            transport,
            surroundings: Arc::new(Samples),
            state_dir: None,
            redactor,
            clock,
            bundle_file: self.bundle.file().to_owned(),
            limits: exchange_limits(&limits),
        };
        Access::open(connection, kind.clone(), &manifest.grants, context).map_err(|error| error.reason())
    }
}

/// The cassette of a case, at its beginning.
pub(crate) fn cassette(case: &Case, redactor: &Redactor) -> Cassette {
    sample::offline(case.tape.clone(), redactor.clone())
}

/// The outcome with the message that a person is told.
fn told(report: &Report) -> Outcome {
    let mut outcome = report.outcome.clone();
    if let Some(problem) = report.diagnostics.as_ref().and_then(|diagnostics| diagnostics.0.first()) {
        outcome.message.clone_from(&problem.problem.message);
    }
    outcome
}

/// Does something with each, on as many threads as there are cores; the results are in the order of the items.
pub(crate) fn all<T: Sync, R: Send>(items: &[T], work: impl AsyncFn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<R>>> = Mutex::new(items.iter().map(|_| None).collect());
    let one = || {
        // Only a system without a timer or events has none.
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        while let Some((number, item)) =
            Some(next.fetch_add(1, Ordering::SeqCst)).and_then(|n| Some((n, items.get(n)?)))
        {
            let result = runtime.block_on(work(item));
            results.lock().unwrap_or_else(PoisonError::into_inner)[number] = Some(result);
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(one);
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()
}
