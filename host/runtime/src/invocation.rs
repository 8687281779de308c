//! One run, from checked inputs to a report.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use presetter_bundle::{Bundle, PresetFile};
use presetter_connection::{Access, Clock};
use presetter_manifest::{Diagnostics, Limit, Limits, Repeat};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use wasmtime::Store;

use crate::Component;
use crate::accept::loader;
use crate::contract;
use crate::contract::presetter::preset::types;
use crate::floor::Floor;
use crate::host::{Host, Ledger, Shared};
use crate::json::{self, Unread};
use crate::limits::{self, LimitHit};
use crate::meter::Metered;
use crate::observer::RunObserver;
use crate::outcome::{self, Kind, Outcome, Report};
use crate::request::{self, Prepared};

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
        serde_json::json!({ "settings": self.settings, "connection": { "kind": self.access.connection().kind } })
            .to_string()
    }
}

/// Runs a preset. Whatever happens ends in a report.
pub async fn run(invocation: &Invocation) -> Report {
    let all = run_together(invocation, std::slice::from_ref(&invocation.inputs)).await;
    all.into_iter().next().unwrap_or_else(|| Report::ended(Outcome::failed("input", "there are no inputs")))
}

/// Runs a batch preset for several rows of inputs, at most as many as it says ([`presetter_manifest::Preset::most`]), each checked
/// against its schema. They are one run: its limits are those of one, and the first report has its requests. A report for each, in
/// their order; the invocation's own inputs do not count.
pub async fn run_together(invocation: &Invocation, rows: &[Map<String, Value>]) -> Vec<Report> {
    let started = Instant::now();
    let requests = match invocation.prepare() {
        Ok(requests) => requests,
        Err(diagnostics) => return vec![Report::invalid(diagnostics); rows.len()],
    };
    let shared = Arc::new(Shared::new(
        invocation.access.clone(),
        invocation.observer.clone(),
        invocation.clock.clone(),
        invocation.limits.clone(),
        requests,
        (invocation.bundle.manifest().name.as_str().to_owned(), invocation.preset.name.clone()),
        (invocation.repeat(), invocation.writes()),
        request::redirects(&invocation.preset.manifest, &invocation.preset.file),
        Value::Object(invocation.settings.clone()),
    ));
    let mut phases = vec![("prepare", started.elapsed())];
    let limits = &invocation.limits;
    let running = async {
        // The run begins when it has its place: that others are before it is no time of its own.
        let Component { engine, weight, .. } = &invocation.component;
        let _permit = engine.permits.acquire_many(*weight).await.map_err(|e| Failed::Trap(e.to_string()))?;
        let timed = tokio::time::timeout(limits.time(Limit::WallTime), execute(invocation, rows, shared.clone()));
        timed.await.unwrap_or_else(|_| Err(Failed::Limit(LimitHit::of(limits, Limit::WallTime))))
    };
    let ended = tokio::select! {
        ended = running => ended,
        () = invocation.cancel.cancelled() => Err(Failed::Cancelled),
    };
    let judged = ended.and_then(|(outcome, times)| {
        phases.extend(times);
        judge(outcome, rows.len(), limits, &shared.ledger().floor)
    });
    // What ended the run from outside is the reason, whatever came of requests before.
    let from_outside = matches!(judged, Err(Failed::Limit(_) | Failed::Cancelled));
    let broken_off = judged.is_err();
    let wrong = match &judged {
        Err(Failed::Refused(diagnostics)) => Some(diagnostics.clone()),
        _ => None,
    };
    let mut reports = judged.unwrap_or_else(|failed| vec![Report::ended(failed.told(invocation)); rows.len()]);
    let mut ledger = shared.ledger();
    phases.push(("wait", ledger.waited));
    let wrong = ledger.diagnostics.take().or(wrong);
    for report in &mut reports {
        settle(report, &ledger, invocation, (from_outside, broken_off));
        report.diagnostics = wrong.clone().filter(|_| report.outcome.kind == Kind::Failed);
        report.phases.clone_from(&phases);
        report.duration = started.elapsed();
        scrub(report, &invocation.access);
    }
    if let Some(first) = reports.first_mut() {
        first.requests = ledger.floor.requests;
    }
    reports
}

/// Lays the floor under what was claimed, and says what hangs on it.
fn settle(report: &mut Report, ledger: &Ledger, invocation: &Invocation, (from_outside, broken_off): (bool, bool)) {
    let under = ledger.floor.under(report.outcome.clone(), invocation.writes());
    if !from_outside || under.kind == Kind::Unknown {
        report.outcome = under;
    }
    if ledger.vetoed && matches!(report.outcome.kind, Kind::Ok | Kind::NotFound) {
        report.outcome = Outcome::failed("cancelled", "a request was not sent: whoever watches the run said no");
    }
    if report.outcome.kind == Kind::Unknown {
        let hint = match invocation.repeat() {
            Repeat::Probe => "run it again with --confirm to look whether it took place before anything is sent",
            Repeat::Natural | Repeat::Key => "it is safe to run it again",
            Repeat::None => "look whether it took place before you run it again",
        };
        report.outcome.hint = Some(hint.into());
    }
    if broken_off && report.outcome.kind != Kind::Unknown && ledger.floor.has_written() {
        // The preset did not get to say so, and whoever repeats the run would do it twice.
        report.changed = true;
        let outcome = &mut report.outcome;
        outcome.message.push_str("; before that a write of this run was answered with success");
        let then = outcome.hint.take().map(|hint| format!("; {hint}")).unwrap_or_default();
        outcome.hint = Some(format!("something was changed: look what is there before you run it again{then}"));
    }
}

/// Why a component did not come to an end of its own.
enum Failed {
    Limit(LimitHit),
    Trap(String),
    /// What it returned is not what the contract says.
    Malformed(&'static str),
    /// So many items for so many rows.
    Miscounted(usize, usize),
    Cancelled,
    /// The preset's files are wrong.
    Refused(Diagnostics),
}

impl Failed {
    /// The outcome that it makes.
    fn told(self, invocation: &Invocation) -> Outcome {
        match self {
            Self::Limit(hit) => {
                let connection = &invocation.access.connection().name;
                let advice = hit.advice(connection, invocation.bundle.manifest().name.as_str());
                Outcome::failed("limit", hit.to_string()).with_hint(advice)
            }
            Self::Trap(message) => Outcome::failed("preset", format!("the preset's component broke off ({message})")),
            Self::Malformed(what) => {
                Outcome::failed("preset", format!("the preset's component returned {what} that are not JSON"))
            }
            Self::Miscounted(items, rows) => {
                let message = format!("the preset's component returned {items} results for {rows} rows");
                Outcome::failed("preset", message)
            }
            Self::Cancelled => Outcome::failed("cancelled", "the run was stopped"),
            Self::Refused(_) => Outcome::failed("template", "the preset's files are wrong; nothing was sent"),
        }
    }
}

type Times = Vec<(&'static str, Duration)>;

/// A fresh instance, `load` for an interpreter, then `run`.
async fn execute(
    invocation: &Invocation,
    rows: &[Map<String, Value>],
    shared: Arc<Shared>,
) -> Result<(types::Outcome, Times), Failed> {
    let Component { engine, pre, .. } = &invocation.component;
    let _running = engine.ticker.run(engine.inner());
    let mut store = Store::new(engine.inner(), Host::new(shared));
    store.limiter(|host| &mut host.ceiling);
    store.epoch_deadline_async_yield_and_update(1);
    // What a component hands over at once is copied: a list can name one text in its memory a million times.
    store.set_hostcall_fuel(at_once(&invocation.limits));

    let inputs: Vec<String> = rows.iter().map(|row| serde_json::to_string(row).unwrap_or_default()).collect();
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
                return Err(wasmtime::Error::from(Refused(problems)));
            }
        }
        let loaded = started.elapsed();
        let outcome =
            bundle.presetter_preset_preset().call_run(&mut store, &invocation.preset.name, &inputs, &context).await?;
        Ok((outcome, instantiated, loaded))
    };
    let metered = Metered::new(guest, invocation.limits.time(Limit::GuestTime)).await;
    #[cfg(feature = "witness")]
    engine.show_memory(&mut store);
    match metered {
        Err(_) => Err(Failed::Limit(LimitHit::of(&invocation.limits, Limit::GuestTime))),
        Ok((Ok((outcome, instantiated, loaded)), used)) => {
            let mut times = vec![("instantiate", instantiated)];
            // What is packed holds its sources: there is nothing to load.
            if invocation.source_document.is_some() {
                times.push(("load", loaded - instantiated));
            }
            times.push(("guest", used));
            Ok((outcome, times))
        }
        Ok((Err(error), _)) => Err(match (store.data_mut().ceiling.hit.take(), error.downcast_ref::<LimitHit>()) {
            (Some(hit), _) => Failed::Limit(hit),
            (None, Some(hit)) => Failed::Limit(*hit),
            (None, None) => match error.downcast_ref::<Refused>() {
                Some(refused) => refused.told(invocation),
                None => broken(&error, &invocation.limits, engine.stack_bytes),
            },
        }),
    }
}

/// The most bytes that a component hands to the host in one call: its largest request or result, and something for the
/// names around it.
fn at_once(limits: &Limits) -> usize {
    limits.size(Limit::RequestSize).max(limits.size(Limit::OutputSize)).saturating_add(1024 * 1024)
}

/// Sources that an interpreter does not accept: the list that its `load` gave.
#[derive(Debug, thiserror::Error)]
#[error("it does not accept the preset: {0}")]
struct Refused(String);

impl Refused {
    fn told(&self, invocation: &Invocation) -> Failed {
        let sources = invocation.bundle.sources_for(&invocation.preset.name).unwrap_or_default();
        match presetter_bundle::complaints(&self.0, &sources, |file| invocation.bundle.shown(file)) {
            Ok(diagnostics) => Failed::Refused(diagnostics),
            Err(_) => Failed::Trap(self.to_string().chars().take(300).collect()),
        }
    }
}

/// A trap in words. What wasmtime bounds by itself is a limit with a name; the rest is the component's own fault.
fn broken(error: &wasmtime::Error, limits: &Limits, stack_bytes: usize) -> Failed {
    match error.downcast_ref::<wasmtime::Trap>() {
        Some(wasmtime::Trap::StackOverflow) => {
            Failed::Limit(LimitHit { limit: Limit::Stack, amount: stack_bytes as u64 })
        }
        Some(trap) => Failed::Trap(trap.to_string()),
        None if limits::is_too_many_instances(error) => Failed::Limit(LimitHit::of(limits, Limit::Instances)),
        None if limits::is_too_much_at_once(error) => {
            let larger = limits.get(Limit::RequestSize) > limits.get(Limit::OutputSize);
            Failed::Limit(LimitHit::of(limits, if larger { Limit::RequestSize } else { Limit::OutputSize }))
        }
        None => Failed::Trap(format!("{error:#}").chars().take(300).collect()),
    }
}

/// What the component returned, checked: a report for each row.
fn judge(outcome: types::Outcome, rows: usize, limits: &Limits, floor: &Floor) -> Result<Vec<Report>, Failed> {
    if size(&outcome) > limits.size(Limit::OutputSize) {
        return Err(Failed::Limit(LimitHit::of(limits, Limit::OutputSize)));
    }
    let types::Outcome { verdict, mut items } = outcome;
    // For one row what is said of the whole counts, and there may be no item.
    if rows == 1 {
        let item = items.drain(..).next();
        return Ok(vec![reported(verdict, item.map(|item| (item.outputs, item.answer)), limits, floor)?]);
    }
    if items.len() != rows {
        return Err(Failed::Miscounted(items.len(), rows));
    }
    items.into_iter().map(|item| reported(item.verdict, Some((item.outputs, item.answer)), limits, floor)).collect()
}

/// What the component said of a row.
fn reported(
    verdict: types::Verdict,
    item: Option<(String, Option<types::Seen>)>,
    limits: &Limits,
    floor: &Floor,
) -> Result<Report, Failed> {
    let unread = |what| {
        move |unread| match unread {
            Unread::Beyond(hit) => Failed::Limit(hit),
            Unread::Malformed(_) => Failed::Malformed(what),
        }
    };
    json::within(verdict.details.as_bytes(), limits).map_err(Failed::Limit)?;
    let trace = outcome::trace(&verdict.details);
    let mut report = Report { trace, ..Report::ended(floor.believed(Outcome::claimed(verdict))) };
    let Some((outputs, answer)) = item else { return Ok(report) };
    report.outputs = json::read(outputs.as_bytes(), limits).map_err(unread("outputs"))?;
    if let Some(answer) = answer {
        report.response = Some(json::read(answer.response.as_bytes(), limits).map_err(unread("answers"))?);
        report.response_status = Some(answer.status);
        report.response_headers = answer.headers.into_iter().map(|h| (h.name, h.value)).collect();
    }
    Ok(report)
}

/// The bytes of all texts in an outcome.
fn size(outcome: &types::Outcome) -> usize {
    let verdict =
        |v: &types::Verdict| v.kind.len() + v.class.len() + v.message.len() + v.evidence.len() + v.details.len();
    let seen =
        |s: &types::Seen| s.response.len() + s.headers.iter().map(|h| h.name.len() + h.value.len()).sum::<usize>();
    let item = |i: &types::Item| verdict(&i.verdict) + i.outputs.len() + i.answer.as_ref().map_or(0, seen);
    verdict(&outcome.verdict) + outcome.items.iter().map(item).sum::<usize>()
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
    for (name, value) in &mut report.response_headers {
        *name = redactor.text(name);
        *value = redactor.text(value);
    }
}
