//! How workflows reach presets: the one way that `run` takes too, with a receipt for each call.
//!
//! Owns: what is kept between calls (compiled components, open connections, the pace of each connection). Keeps: policy and trust
//! are asked at every call; a connection that was edited is opened anew; a server that asks to wait holds up every run through
//! that connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use presetter_bulk::Pace;
use presetter_connection::{Access, Connection, Reference, resolve};
use presetter_egress::{Grant, Limits as ExchangeLimits, PathPattern, Policy, Request, Tls, Transport};
use presetter_journal::seam::{Failure as Told, Place, Probe};
use presetter_manifest::{Limit, check_inputs};
use presetter_receipt::{Retention, sha256};
use presetter_runtime::{
    BodyOverride, CancellationToken, Component, Engine, Kind as Ended, Looked, Report, RunObserver, Sending, Verdict,
};
use presetter_secret::Secret;
use presetter_workflow::{Call, Called, ConnectionInfo, Kind, PresetInfo, Presets, RowSink, Trouble};
use serde_json::Value;
use tokio::sync::Semaphore;
use url::Url;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::mapping::Mappings;
use crate::output;
use crate::overrides;
use crate::policy::Policies;
use crate::prepare::{self, Prepared, Sessions};
use crate::receipt::{self, Receipt};
use crate::select::{self, Chosen};
use crate::world::World;

/// How many runs go through one connection at once, unless its bundle says another number.
const AT_ONCE: usize = 8;
/// The most that a bundle can say.
const MOST_AT_ONCE: u32 = 64;
/// How long what was read of a preset counts as it is.
const FRESH: Duration = Duration::from_secs(2);

/// Calls presets for workflows.
pub(crate) struct Caller {
    world: World,
    transport: Arc<dyn Transport>,
    retention: Retention,
    engines: Mutex<HashMap<usize, Engine>>,
    loaded: Mutex<HashMap<String, Arc<Loaded>>>,
    /// By source and name.
    open: Mutex<HashMap<(String, String), Opened>>,
    ways: Mutex<HashMap<String, Arc<Way>>>,
}

/// A connection as its file says, and in use.
type Opened = (Connection, Arc<Access>);

/// A preset, ready to run.
struct Loaded {
    chosen: Chosen,
    component: Component,
    document: Option<Arc<str>>,
    digest: String,
    /// The body that a person keeps for it.
    kept: Option<BodyOverride>,
    since: Instant,
}

/// How runs go through a connection.
struct Way {
    places: Arc<Semaphore>,
    pace: Pace,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Way {
    fn new(stated: Option<presetter_manifest::Pace>) -> Self {
        let stated = stated.unwrap_or_default();
        let at_once = stated.at_once.map_or(AT_ONCE, |at_once| at_once.get().min(MOST_AT_ONCE) as usize);
        Self { places: Arc::new(Semaphore::new(at_once)), pace: Pace::new(gap(stated)) }
    }
}

/// From one request to the next, as a bundle states it.
pub(crate) fn gap(stated: presetter_manifest::Pace) -> Duration {
    stated.per_minute.map_or(Duration::ZERO, |often| Duration::from_secs(60) / often.get())
}

impl Caller {
    /// Reaches presets through the network.
    pub(crate) fn new(world: &World) -> Result<Self, Failure> {
        Self::through(world, world.network())
    }

    /// A failure on its way into the journal, which keeps it for good: without secrets.
    fn one_line(&self, failure: &Failure) -> String {
        self.world.console.redactor().text(&failure.in_line())
    }

    /// Reaches presets through another transport.
    pub(crate) fn through(world: &World, transport: Arc<dyn Transport>) -> Result<Self, Failure> {
        Ok(Self {
            world: world.clone(),
            transport,
            retention: receipt::retention(world)?,
            engines: Mutex::default(),
            loaded: Mutex::default(),
            open: Mutex::default(),
            ways: Mutex::default(),
        })
    }

    fn way(&self, connection: &str, chosen: &Chosen) -> Arc<Way> {
        let stated = chosen.bundle.manifest().pace;
        lock(&self.ways).entry(connection.to_owned()).or_insert_with(|| Arc::new(Way::new(stated))).clone()
    }

    fn engine(&self, chosen: &Chosen) -> Result<Engine, Failure> {
        let limits = prepare::bundle_limits(&chosen.bundle);
        let mut engines = lock(&self.engines);
        if let Some(engine) = engines.get(&limits.size(Limit::Stack)) {
            return Ok(engine.clone());
        }
        let engine = prepare::engine(&self.world, &limits)?;
        engines.insert(limits.size(Limit::Stack), engine.clone());
        Ok(engine)
    }

    fn loaded(&self, preset: &str) -> Result<Arc<Loaded>, Failure> {
        let known = lock(&self.loaded).get(preset).cloned();
        if let Some(known) = known.as_ref().filter(|known| known.since.elapsed() < FRESH) {
            return Ok(known.clone());
        }
        let chosen = select::preset(&self.world, preset)?;
        let kept = overrides::of(&self.world, &chosen)?;
        let digest = digest(&chosen, kept.as_ref())?;
        let (component, document) = match known.filter(|known| known.digest == digest) {
            Some(known) => (known.component.clone(), known.document.clone()),
            None => prepare::load(&self.engine(&chosen)?, &chosen)?,
        };
        let loaded = Arc::new(Loaded { chosen, component, document, digest, kept, since: Instant::now() });
        lock(&self.loaded).insert(preset.to_owned(), loaded.clone());
        Ok(loaded)
    }

    fn prepared(&self, call: &Call, loaded: &Loaded) -> Result<Prepared, Failure> {
        let chosen = Chosen {
            reference: loaded.chosen.reference.clone(),
            bundle: loaded.chosen.bundle.clone(),
            preset: loaded.chosen.preset.clone(),
        };
        let given = match &call.body {
            Some(text) => {
                let file = format!("the body in {}", call.workflow);
                Some(prepare::checked_body(file, text.clone(), &chosen.preset.manifest)?)
            }
            None => None,
        };
        let kept = if given.is_some() { None } else { loaded.kept.clone() };
        let overridden = kept.is_some();
        let body = given.or(kept);
        Policies::load(&self.world)?.admit_run(&chosen, body.is_some())?;
        let inputs = check_inputs(&chosen.preset.manifest, call.inputs.clone());
        let inputs = inputs.map_err(|problems| Failure::problems(Exit::Invalid, problems))?;
        let connection = select::connection(&self.world, &chosen, Some(&call.connection))?;
        let settings = select::settings(&chosen.bundle, &connection)?;
        let access = self.access(&chosen, &connection)?;
        let limits = prepare::limits(&chosen, &connection);
        let mappings = Mappings::compile(&[], None)?;
        let body_set = Vec::new();
        Ok(Prepared { chosen, connection, settings, inputs, mappings, body, overridden, body_set, access, limits })
    }

    /// The connection in use, opened once and kept while its file says the same.
    fn access(&self, chosen: &Chosen, connection: &Connection) -> Result<Arc<Access>, Failure> {
        let key = (chosen.bundle.source().to_string(), connection.name.clone());
        if let Some((known, access)) = lock(&self.open).get(&key)
            && known == connection
        {
            return Ok(access.clone());
        }
        let access = prepare::open(&self.world, chosen, connection, self.transport.clone(), Sessions::Kept)?;
        lock(&self.open).insert(key, (connection.clone(), access.clone()));
        Ok(access)
    }

    async fn run(&self, call: &Call, rows: Arc<dyn RowSink>) -> Result<Called, Failure> {
        let loaded = self.loaded(&call.preset)?;
        if loaded.digest != call.digest {
            return Err(Failure::new(Exit::Failed, "the preset has changed since the run began"));
        }
        let prepared = self.prepared(call, &loaded)?;
        let way = self.way(&call.connection, &loaded.chosen);
        let listening = Arc::new(Listening { rows, way: way.clone() });
        let command = format!("workflow {} (run {})", call.workflow, call.run);
        let receipt = Receipt::begin(&self.world, &prepared, &command, call.confirm, self.retention, listening)?;
        let cancel = CancellationToken::new();
        let runner = prepared.runner(loaded.component.clone(), loaded.document.clone());
        let invocation = prepared.invocation(receipt.observer(), cancel.clone());
        let report = {
            let running = async {
                match call.confirm {
                    true => runner.run_confirmed(&invocation).await,
                    false => runner.run(&invocation).await,
                }
            };
            tokio::pin!(running);
            tokio::select! {
                report = &mut running => report,
                () = call.cancellation.cancelled() => {
                    cancel.cancel();
                    running.await
                }
            }
        };
        receipt.end(&self.world, &prepared, &report);
        Ok(called(report, &receipt.run))
    }

    async fn look(&self, call: &Call) -> Result<Looked, Failure> {
        let loaded = self.loaded(&call.preset)?;
        let prepared = self.prepared(call, &loaded)?;
        let way = self.way(&call.connection, &loaded.chosen);
        let listening = Arc::new(Listening { rows: Arc::new(presetter_workflow::NoRows), way });
        let runner = prepared.runner(loaded.component.clone(), loaded.document.clone());
        Ok(runner.look_for(&prepared.invocation(listening, CancellationToken::new())).await)
    }

    async fn posted(&self, url: &str, allow_private: bool, key: &str, body: &Value) -> Result<u16, Failure> {
        let referred = !(url.starts_with("https://") || url.starts_with("http://"));
        let address = if !referred {
            url.to_owned()
        } else {
            let reference: Reference =
                url.parse().map_err(|error| Failure::new(Exit::Invalid, format!("the webhook's address: {error}")))?;
            let secret = resolve(&reference, "address of the webhook", &self.world.surroundings).await;
            let secret = secret.map_err(|error| Failure::new(Exit::Credentials, error.to_string()))?;
            self.world.console.redactor().add("address of the webhook", &secret);
            secret.expose().to_owned()
        };
        let wrong = || Failure::new(Exit::Invalid, "the webhook's address is none").help("https://host/path");
        let address = Url::parse(&address).map_err(|_| wrong())?;
        if referred {
            // Messages name an address without its query, or its path alone.
            for part in [presetter_egress::shown(&address), address.path().to_owned()] {
                self.world.console.redactor().add("address of the webhook", &Secret::new(part));
            }
        }
        let grant = Grant {
            methods: vec!["POST".to_owned()],
            host: address.host_str().ok_or_else(wrong)?.to_owned(),
            port: address.port(),
            path: PathPattern::any(),
            origin: "the workflow's webhook".to_owned(),
        };
        let policy = Policy {
            grants: vec![grant],
            allow_private,
            advice: "A webhook in your own network needs allow_private = true in its block.".to_owned(),
            limits: ExchangeLimits::default(),
            tls: Tls::default(),
            proxy: None,
        };
        let headers = [("content-type", "application/json"), ("idempotency-key", key), ("user-agent", "presetter")];
        let request = Request {
            method: "POST".to_owned(),
            url: address,
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            body: Some(body.to_string().into_bytes().into()),
        };
        let answer = self.transport.send(&policy, request).await;
        answer.map(|answer| answer.status).map_err(|error| match error {
            presetter_egress::Error::Denied { reason, .. } => {
                Failure::new(Exit::Denied, format!("the webhook is not called: {reason}"))
                    .help("`allow_private = true` in its block allows plain http and addresses in your own network")
            }
            error => Failure::new(Exit::Network, error.to_string()),
        })
    }
}

/// Everything that can influence a run of a preset: the interpreter too, and the body that a person keeps for it.
fn digest(chosen: &Chosen, kept: Option<&BodyOverride>) -> Result<String, Failure> {
    let bundle = chosen.bundle.digest(&chosen.preset.name)?;
    let component = match chosen.bundle.component()? {
        Some(own) => sha256(&own),
        None => presetter_pack::interpreter(&chosen.bundle.sources_for(&chosen.preset.name)?).sha256.to_owned(),
    };
    let own = kept.map(|kept| format!(" {}", sha256(kept.text.as_bytes()))).unwrap_or_default();
    Ok(format!("sha256:{}", sha256(format!("{bundle} {component}{own}").as_bytes())))
}

fn called(report: Report, receipt: &str) -> Called {
    Called {
        kind: match report.outcome.kind {
            Ended::Ok => Kind::Ok,
            Ended::NotFound => Kind::NotFound,
            Ended::Failed => Kind::Failed,
            Ended::Unknown => Kind::Unknown,
        },
        message: output::told(&report),
        class: report.outcome.class,
        evidence: report.outcome.evidence,
        outputs: report.outputs,
        response: report.response,
        response_status: report.response_status,
        response_headers: report.response_headers,
        receipt: receipt.to_owned(),
        changed: report.changed,
    }
}

/// The class of a call that did not take place.
fn class(exit: Exit) -> &'static str {
    match exit {
        Exit::Denied => "denied",
        Exit::Credentials => "auth",
        Exit::Trust => "trust",
        Exit::Network => "network",
        Exit::Invalid | Exit::Usage => "input",
        _ => "preset",
    }
}

fn trouble(failure: &Failure) -> Trouble {
    let (message, hint) = failure.told();
    Trouble { message, hint }
}

#[async_trait]
impl Presets for Caller {
    fn describe(&self, preset: &str) -> Result<PresetInfo, Trouble> {
        let loaded = self.loaded(preset).map_err(|failure| trouble(&failure))?;
        let chosen = &loaded.chosen;
        let manifest = chosen.preset.manifest.clone();
        let free = chosen.bundle.manifest().component.is_some() || manifest.script.is_some();
        Ok(PresetInfo {
            name: format!("{}/{}", chosen.bundle.manifest().name, chosen.preset.name),
            any_output: free && manifest.returns.is_empty(),
            manifest: Arc::new(manifest),
            digest: loaded.digest.clone(),
            overridden: loaded.kept.is_some(),
        })
    }

    fn connection(&self, preset: &str, connection: &str) -> Result<ConnectionInfo, Trouble> {
        let found = self.loaded(preset).and_then(|loaded| {
            let connection = select::connection(&self.world, &loaded.chosen, Some(connection))?;
            Ok(ConnectionInfo { prompts: connection.secrets.values().any(|secret| *secret == Reference::Prompt) })
        });
        found.map_err(|failure| trouble(&failure))
    }

    async fn place(&self, preset: &str, connection: &str) -> Place {
        // What is wrong with the preset is told when it is called.
        let Ok(loaded) = self.loaded(preset) else { return Place::default() };
        let places = self.way(connection, &loaded.chosen).places.clone();
        places.acquire_owned().await.map_or_else(|_| Place::default(), Place::holding)
    }

    async fn call(&self, call: &Call, rows: Arc<dyn RowSink>) -> Called {
        match self.run(call, rows).await {
            Ok(called) => called,
            Err(failure) => Called::failed(class(failure.exit), self.one_line(&failure)),
        }
    }

    async fn probe(&self, call: &Call) -> Probe {
        match self.look(call).await {
            Ok(Looked::There(outputs)) => Probe::Done(Value::Object(outputs)),
            Ok(Looked::Absent(evidence)) => {
                Probe::Undecided(format!("it is not there now ({evidence}), and the server may still be at work"))
            }
            Ok(Looked::Unclear(why)) => Probe::Undecided(why),
            Err(failure) => Probe::Undecided(self.one_line(&failure)),
        }
    }

    async fn post(&self, url: &str, allow_private: bool, key: &str, body: &Value) -> Result<u16, Told> {
        let posted = self.posted(url, allow_private, key, body).await;
        posted.map_err(|failure| Told::new(class(failure.exit), self.one_line(&failure)))
    }
}

/// Hears what a run tells: rows, and that the server asks to wait.
struct Listening {
    rows: Arc<dyn RowSink>,
    way: Arc<Way>,
}

#[async_trait]
impl RunObserver for Listening {
    async fn before_send(&self, _: &Sending<'_>) -> Verdict {
        self.way.pace.turn().await;
        Verdict::Proceed
    }

    fn waiting(&self, _: u16, wait: Duration) {
        self.way.pace.hold(wait);
    }

    async fn row(&self, row: Value) {
        if let Value::Object(row) = row {
            self.rows.row(row);
        }
    }
}
