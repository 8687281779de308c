//! One run, from checked inputs to a report.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use presetter_bundle::{Bundle, PresetFile};
use presetter_connection::{Access, Clock};
use presetter_manifest::{Diagnostics, Repeat};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;
use wasmtime::Store;
use wasmtime::component::{Instance, TypedFunc};

use crate::contract;
use crate::contract::presetter::preset::types;
use crate::floor::Floor;
use crate::host::{Host, Shared};
use crate::limits::LimitHit;
use crate::meter::Metered;
use crate::observer::RunObserver;
use crate::outcome::{Kind, Outcome, Report};
use crate::request::Prepared;
use crate::{Component, Limits};

/// A body template in place of the preset's: Advanced Mode's Body tab.
#[derive(Debug, Clone)]
pub struct BodyOverride {
    /// The file, for messages.
    pub file: String,
    /// The template.
    pub text: String,
}

/// Everything that a run needs.
#[derive(Clone)]
pub struct Invocation {
    /// The bundle's component, or the interpreter of its recipes.
    pub component: Component,
    /// For an interpreter: the sources, as its `load` takes them.
    pub source_document: Option<String>,
    /// The bundle.
    pub bundle: Arc<Bundle>,
    /// The preset.
    pub preset: PresetFile,
    /// Its inputs, checked against its schema.
    pub inputs: Map<String, Value>,
    /// The bundle's settings, with the operator's corrections.
    pub settings: Map<String, Value>,
    /// The connection.
    pub access: Arc<Access>,
    /// What the run may use up.
    pub limits: Limits,
    /// Advanced Mode: another body.
    pub body: Option<BodyOverride>,
    /// Advanced Mode: single fields of the body, by JSON pointer.
    pub body_set: Vec<(String, Value)>,
    /// Who watches.
    pub observer: Arc<dyn RunObserver>,
    /// Ends the run from outside.
    pub cancel: CancellationToken,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Invocation {
    /// The request templates of the preset and of those that it names.
    fn prepare(&self) -> Result<HashMap<String, Prepared>, Diagnostics> {
        let kind = self.access.connection().kind.as_str();
        let mut prepared = HashMap::new();
        let own = self.preset.manifest.for_kind(kind);
        if let Some(request) =
            Prepared::new(&own, &self.preset.file, &self.preset.text, self.body.as_ref(), &self.body_set)?
        {
            prepared.insert(self.preset.name.clone(), request);
        }
        let named = own.probe.iter().map(|p| p.preset.as_str()).chain(own.mixup.iter().map(|m| m.preset.as_str()));
        for name in named {
            // That they exist and compile was checked when the preset was opened.
            if let Ok(file) = self.bundle.preset(name)
                && let Some(request) = Prepared::new(&file.manifest.for_kind(kind), &file.file, &file.text, None, &[])?
            {
                prepared.insert(name.to_owned(), request);
            }
        }
        Ok(prepared)
    }

    /// Whether the run may change something: what the preset says, unless a person has changed its body.
    fn writes(&self) -> bool {
        self.preset.manifest.effect.writes() || self.body_is_changed()
    }

    fn body_is_changed(&self) -> bool {
        self.body.is_some() || !self.body_set.is_empty()
    }

    /// How a repeat is safe. What a preset says of itself is not said of a body that a person has put into it.
    fn repeat(&self) -> Repeat {
        match self.preset.manifest.repeat() {
            Repeat::Natural | Repeat::Key if self.body_is_changed() => Repeat::None,
            repeat => repeat,
        }
    }

    fn context(&self) -> String {
        json!({ "settings": self.settings, "connection": { "kind": self.access.connection().kind } }).to_string()
    }
}

/// Runs a preset. Whatever happens ends in a report.
pub async fn run(invocation: &Invocation) -> Report {
    let started = Instant::now();
    let requests = match invocation.prepare() {
        Ok(requests) => requests,
        Err(diagnostics) => return Report::invalid(diagnostics),
    };
    let shared = Arc::new(Shared::new(
        invocation.access.clone(),
        invocation.observer.clone(),
        invocation.clock.clone(),
        invocation.limits.clone(),
        requests,
        invocation.preset.name.clone(),
        (invocation.repeat(), invocation.writes()),
        Value::Object(invocation.settings.clone()),
    ));
    let mut phases = vec![("prepare", started.elapsed())];
    let running = tokio::time::timeout(invocation.limits.wall_time, execute(invocation, shared.clone()));
    let ended = tokio::select! {
        ended = running => ended.unwrap_or_else(|_| {
            Err(Failed::Limit(LimitHit::new("wall time", format!("{} s", invocation.limits.wall_time.as_secs_f32()))))
        }),
        () = invocation.cancel.cancelled() => Err(Failed::Cancelled),
    };
    let mut report = match ended {
        Ok((outcome, times)) => {
            phases.extend(times);
            judge(outcome, &invocation.limits, &shared.ledger().floor)
        }
        Err(failed) => Report::ended(failed.into()),
    };
    let mut ledger = shared.ledger();
    phases.push(("wait", ledger.waited));
    report.requests = ledger.floor.requests;
    report.outcome = ledger.floor.under(report.outcome, invocation.writes());
    if report.outcome.kind == Kind::Unknown {
        let hint = match invocation.repeat() {
            Repeat::Probe => "run it again with --confirm to look whether it took place before anything is sent",
            Repeat::Natural | Repeat::Key => "it is safe to run it again",
            Repeat::None => "look whether it took place before you run it again",
        };
        report.outcome.hint = Some(hint.into());
    }
    report.diagnostics = ledger.diagnostics.take().filter(|_| report.outcome.kind == Kind::Failed);
    report.phases = phases;
    report.duration = started.elapsed();
    scrub(&mut report, &invocation.access);
    report
}

/// Why a component did not come to an end of its own.
enum Failed {
    Limit(LimitHit),
    Trap(String),
    Cancelled,
}

impl From<Failed> for Outcome {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Limit(hit) => Self::failed("limit", hit.to_string())
                .with_hint("a preset that needs more is usually wrong; its author can tell"),
            Failed::Trap(message) => Self::failed("preset", format!("the preset's component broke off ({message})")),
            Failed::Cancelled => Self::failed("cancelled", "the run was stopped"),
        }
    }
}

type Times = Vec<(&'static str, Duration)>;

/// A fresh instance, `load` for an interpreter, then `run`.
async fn execute(invocation: &Invocation, shared: Arc<Shared>) -> Result<(types::Outcome, Times), Failed> {
    let Component { engine, pre, .. } = &invocation.component;
    let _permit = engine.permits.acquire().await.map_err(|e| Failed::Trap(e.to_string()))?;
    let _running = engine.ticker.run(engine.inner());
    let mut store = Store::new(engine.inner(), Host::new(shared));
    store.limiter(|host| &mut host.ceiling);
    store.epoch_deadline_async_yield_and_update(1);

    let inputs = [Value::Object(invocation.inputs.clone()).to_string()];
    let context = invocation.context();
    let guest = async {
        let started = Instant::now();
        let instance = pre.instance_pre().instantiate_async(&mut store).await?;
        let bundle = contract::Bundle::new(&mut store, &instance)?;
        let instantiated = started.elapsed();
        if let Some(source) = &invocation.source_document {
            let load = loader(&mut store, &instance)?;
            let (loaded,) = load.call_async(&mut store, (source.as_str(),)).await?;
            if let Err(problems) = loaded {
                return Err(wasmtime::Error::msg(format!("it does not accept the preset: {problems}")));
            }
        }
        let loaded = started.elapsed();
        let outcome =
            bundle.presetter_preset_preset().call_run(&mut store, &invocation.preset.name, &inputs, &context).await?;
        Ok((outcome, instantiated, loaded))
    };
    let metered = Metered::new(guest, invocation.limits.guest_time).await;
    match metered {
        Err(hit) => Err(Failed::Limit(hit)),
        Ok((Ok((outcome, instantiated, loaded)), used)) => {
            Ok((outcome, vec![("instantiate", instantiated), ("load", loaded - instantiated), ("guest", used)]))
        }
        Ok((Err(error), _)) => Err(match (store.data_mut().ceiling.hit.take(), error.downcast_ref::<LimitHit>()) {
            (Some(hit), _) => Failed::Limit(hit),
            (None, Some(hit)) => Failed::Limit(hit.clone()),
            (None, None) => broken(&error),
        }),
    }
}

/// `load: func(source: json) -> result<_, json>`.
type Load = TypedFunc<(&'static str,), (Result<(), String>,)>;

/// An interpreter's `load`.
fn loader(store: &mut Store<Host>, instance: &Instance) -> wasmtime::Result<Load> {
    let missing = || wasmtime::Error::msg("the interpreter exports no load");
    let (_, interface) = instance.get_export(&mut *store, None, &contract::interpreter_export()).ok_or_else(missing)?;
    let (_, load) = instance.get_export(&mut *store, Some(&interface), "load").ok_or_else(missing)?;
    instance.get_typed_func(&mut *store, load)
}

/// A trap in words. Stack exhaustion is a limit with a name; the rest is the component's own fault.
fn broken(error: &wasmtime::Error) -> Failed {
    match error.downcast_ref::<wasmtime::Trap>() {
        Some(wasmtime::Trap::StackOverflow) => Failed::Limit(LimitHit::new("stack", "1 MiB")),
        Some(trap) => Failed::Trap(trap.to_string()),
        None => Failed::Trap(format!("{error:#}").chars().take(300).collect()),
    }
}

/// What the component returned, checked.
fn judge(outcome: types::Outcome, limits: &Limits, floor: &Floor) -> Report {
    let size: usize =
        outcome.items.iter().map(|i| i.outputs.len() + i.answer.as_ref().map_or(0, |a| a.response.len())).sum();
    if size > limits.output_bytes {
        let hit = LimitHit::new("output", format!("{} MiB", limits.output_bytes / (1024 * 1024)));
        return Report::ended(Failed::Limit(hit).into());
    }
    let mut report = Report::ended(floor.believed(Outcome::claimed(outcome.verdict)));
    let Some(item) = outcome.items.into_iter().next() else { return report };
    let malformed = |what: &str| {
        Report::ended(Outcome::failed("preset", format!("the preset's component returned {what} that are not JSON")))
    };
    match serde_json::from_str(&item.outputs) {
        Ok(outputs) => report.outputs = outputs,
        Err(_) => return malformed("outputs"),
    }
    if let Some(answer) = item.answer {
        match serde_json::from_str(&answer.response) {
            Ok(response) => report.response = Some(response),
            Err(_) => return malformed("answers"),
        }
        report.response_status = Some(answer.status);
        report.response_headers = answer.headers.into_iter().map(|h| (h.name, h.value)).collect();
    }
    report
}

/// The longest message or evidence that a run tells, in characters.
const MESSAGE_CHARS: usize = 1000;

/// The redactor before the report: whatever a component says goes past it.
fn scrub(report: &mut Report, access: &Access) {
    let redactor = access.redactor();
    let outcome = &mut report.outcome;
    for text in
        [&mut outcome.message, &mut outcome.evidence, &mut outcome.class].into_iter().chain(outcome.hint.as_mut())
    {
        *text = redactor.text(text).chars().take(MESSAGE_CHARS).collect();
    }
    let mut outputs = Value::Object(std::mem::take(&mut report.outputs));
    redactor.value(&mut outputs);
    if let Value::Object(outputs) = outputs {
        report.outputs = outputs;
    }
    if let Some(response) = &mut report.response {
        redactor.value(response);
    }
    for (_, value) in &mut report.response_headers {
        *value = redactor.text(value);
    }
}
