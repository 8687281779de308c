//! One run, from checked inputs to a report.

use std::sync::Arc;
use std::time::{Duration, Instant};

use presetter_connection::Access;
use presetter_manifest::{Diagnostics, Limit, Limits, Repeat};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use wasmtime::Store;

use crate::Component;
use crate::accept::loader;
use crate::contract;
use crate::contract::presetter::preset::types;
use crate::floor::Floor;
use crate::host::{Host, Ledger, Shared, Times};
use crate::json::{self, Unread};
use crate::limits::{self, LimitHit};
use crate::meter::Metered;
use crate::observer::RunObserver;
use crate::outcome::{self, Kind, Outcome, Report};
use crate::runner::{Invocation, Ready, Runner};

impl Runner {
    /// Runs the preset. Whatever happens ends in a report.
    pub async fn run(&self, invocation: &Invocation) -> Report {
        let Invocation { inputs, observer, cancel } = invocation;
        self.run_with(inputs, observer, cancel).await
    }

    /// As [`Runner::run`], with inputs that stay where they are.
    pub async fn run_with(
        &self,
        inputs: &Map<String, Value>,
        observer: &Arc<dyn RunObserver>,
        cancel: &CancellationToken,
    ) -> Report {
        let all = self.run_together(std::slice::from_ref(inputs), observer, cancel).await;
        all.into_iter().next().unwrap_or_else(|| Report::ended(Outcome::failed("input", "there are no inputs")))
    }

    /// Runs a batch preset for several rows of inputs, at most as many as it says ([`presetter_manifest::Preset::most`]), each
    /// checked against its schema. They are one run: its limits are those of one, and the first report has its requests. A report
    /// for each, in their order.
    pub async fn run_together(
        &self,
        rows: &[Map<String, Value>],
        observer: &Arc<dyn RunObserver>,
        cancel: &CancellationToken,
    ) -> Vec<Report> {
        let ready = &self.0;
        if let Some(wrong) = &ready.wrong {
            return vec![Report::invalid(wrong.clone()); rows.len()];
        }
        let started = Instant::now();
        let shared = Arc::new(Shared::new(ready.clone(), observer.clone()));
        let limits = &ready.setup.limits;
        let running = async {
            if cancel.is_cancelled() {
                return Err(Failed::Cancelled);
            }
            // The run begins when it has its place: that others are before it is no time of its own.
            let Component { engine, weight, .. } = &ready.setup.component;
            let _permit = engine.permits.acquire_many(*weight).await.map_err(|e| Failed::Trap(e.to_string()))?;
            within(limits, &shared, execute(rows, shared.clone())).await
        };
        let ended = tokio::select! {
            ended = running => ended,
            () = cancel.cancelled() => Err(Failed::Cancelled),
        };
        let mut phases = Vec::with_capacity(7);
        let judging = Instant::now();
        let judged = ended.and_then(|(outcome, times)| {
            phases.extend(times);
            let floor = &shared.ledger().floor;
            // What the floor does not let pass is no good end.
            let wanted =
                |claimed: &Outcome| ready.setup.answers || floor.under(claimed.clone(), ready.writes).kind != Kind::Ok;
            judge(outcome, rows.len(), limits, floor, &wanted)
        });
        // What ended the run from outside is the reason, whatever came of requests before.
        let from_outside = matches!(judged, Err(Failed::Limit(_) | Failed::Cancelled));
        let broken_off = judged.is_err();
        let wrong = match &judged {
            Err(Failed::Refused(diagnostics)) => Some(diagnostics.clone()),
            _ => None,
        };
        let mut reports = judged.unwrap_or_else(|failed| vec![Report::ended(failed.told(ready)); rows.len()]);
        let mut ledger = shared.ledger();
        let Times { render, connection, wait, .. } = ledger.times;
        phases.extend([("render", render), ("connection", connection), ("wait", wait)]);
        let wrong = ledger.diagnostics.take().or(wrong);
        for report in &mut reports {
            settle(report, &ledger, ready, (from_outside, broken_off));
            report.diagnostics = wrong.clone().filter(|_| report.outcome.kind == Kind::Failed);
            scrub(report, &ready.setup.access);
        }
        phases.push(("judge", judging.elapsed()));
        let duration = started.elapsed().saturating_sub(ledger.times.held());
        for report in &mut reports {
            report.phases.clone_from(&phases);
            report.duration = duration;
        }
        if let Some(first) = reports.first_mut() {
            first.requests = ledger.floor.requests;
        }
        reports
    }
}

/// A run that is held beyond its time is looked at so often.
const LOOK: Duration = Duration::from_millis(20);

/// Ends a run that takes longer than it may. The time for which it was held is not its own.
async fn within<T>(
    limits: &Limits,
    shared: &Shared,
    running: impl Future<Output = Result<T, Failed>>,
) -> Result<T, Failed> {
    let own = tokio::time::Instant::now() + limits.time(Limit::WallTime);
    let mut until = own;
    tokio::pin!(running);
    loop {
        tokio::select! {
            biased;
            ended = &mut running => return ended,
            () = tokio::time::sleep_until(until) => {
                let (now, later) = (tokio::time::Instant::now(), own + shared.ledger().times.held());
                if later <= now {
                    return Err(Failed::Limit(LimitHit::of(limits, Limit::WallTime)));
                }
                // One that is held with little time left is not looked at all the time.
                until = later.max(now + LOOK);
            }
        }
    }
}

/// Lays the floor under what was claimed, and says what hangs on it.
fn settle(report: &mut Report, ledger: &Ledger, ready: &Ready, (from_outside, broken_off): (bool, bool)) {
    let under = ledger.floor.under(report.outcome.clone(), ready.writes);
    if !from_outside || under.kind == Kind::Unknown {
        report.outcome = under;
    }
    if ledger.vetoed && matches!(report.outcome.kind, Kind::Ok | Kind::NotFound) {
        report.outcome = Outcome::failed("cancelled", "a request was not sent: whoever watches the run said no");
    }
    if report.outcome.kind == Kind::Unknown {
        let hint = match ready.repeat {
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
    fn told(self, ready: &Ready) -> Outcome {
        match self {
            Self::Limit(hit) => {
                let connection = &ready.setup.access.connection().name;
                let advice = hit.advice(connection, ready.setup.bundle.manifest().name.as_str());
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

/// The phases of a component: their names, and how long each took.
type Phases = [(&'static str, Duration); 3];

/// A fresh instance, `load` for an interpreter, then `run`.
async fn execute(rows: &[Map<String, Value>], shared: Arc<Shared>) -> Result<(types::Outcome, Phases), Failed> {
    let ready = shared.ready.clone();
    let setup = &ready.setup;
    let Component { engine, pre, .. } = &setup.component;
    let _running = engine.ticker.run(engine.inner());
    let mut store = Store::new(engine.inner(), Host::new(shared.clone()));
    store.limiter(|host| &mut host.ceiling);
    store.epoch_deadline_async_yield_and_update(1);
    // What a component hands over at once is copied: a list can name one text in its memory a million times.
    store.set_hostcall_fuel(at_once(&setup.limits));

    let inputs: Vec<String> = rows.iter().map(|row| serde_json::to_string(row).unwrap_or_default()).collect();
    let guest = async {
        let started = Instant::now();
        let (bundle, instantiated) = match &setup.source_document {
            // What is packed holds its sources: there is nothing to load.
            None => (pre.instantiate_async(&mut store).await?, started.elapsed()),
            Some(source) => {
                let instance = pre.instance_pre().instantiate_async(&mut store).await?;
                let instantiated = started.elapsed();
                let load = loader(&mut store, &instance)?;
                let (loaded,) = load.call_async(&mut store, (&**source,)).await?;
                if let Err(problems) = loaded {
                    return Err(wasmtime::Error::from(Refused(problems)));
                }
                (contract::Bundle::new(&mut store, &instance)?, instantiated)
            }
        };
        let loaded = started.elapsed() - instantiated;
        let outcome =
            bundle.presetter_preset_preset().call_run(&mut store, &setup.preset.name, &inputs, &ready.context).await?;
        Ok((
            outcome,
            [("load", loaded), ("instantiate", instantiated), ("guest", started.elapsed() - instantiated - loaded)],
        ))
    };
    let metered = Metered::new(guest, setup.limits.time(Limit::GuestTime)).await;
    #[cfg(feature = "witness")]
    engine.show_memory(&mut store);
    match metered {
        Err(_) => Err(Failed::Limit(LimitHit::of(&setup.limits, Limit::GuestTime))),
        Ok(Ok((outcome, mut times))) => {
            // What the host did for it in between is told apart.
            let host = shared.ledger().times;
            let host = host.render + host.connection + host.wait + host.held();
            times[2].1 = times[2].1.saturating_sub(host);
            Ok((outcome, times))
        }
        Ok(Err(error)) => Err(match (store.data_mut().ceiling.hit.take(), error.downcast_ref::<LimitHit>()) {
            (Some(hit), _) => Failed::Limit(hit),
            (None, Some(hit)) => Failed::Limit(*hit),
            (None, None) => match error.downcast_ref::<Refused>() {
                Some(refused) => refused.told(&ready),
                None => broken(&error, &setup.limits, engine.stack_bytes),
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
    fn told(&self, ready: &Ready) -> Failed {
        let (bundle, preset) = (&ready.setup.bundle, &ready.setup.preset);
        let sources = bundle.sources_for(&preset.name).unwrap_or_default();
        match presetter_bundle::complaints(&self.0, &sources, |file| bundle.shown(file)) {
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

/// What the component returned, checked: a report for each row. `wanted` tells whether the answer that a run rests on is wanted, which
/// claims this outcome.
fn judge(
    outcome: types::Outcome,
    rows: usize,
    limits: &Limits,
    floor: &Floor,
    wanted: &dyn Fn(&Outcome) -> bool,
) -> Result<Vec<Report>, Failed> {
    if size(&outcome) > limits.size(Limit::OutputSize) {
        return Err(Failed::Limit(LimitHit::of(limits, Limit::OutputSize)));
    }
    let types::Outcome { verdict, items } = outcome;
    // For one row what is said of the whole counts, and there may be no item.
    if rows == 1 {
        let item = items.into_iter().next().map(|item| (item.outputs, item.answer));
        return Ok(vec![reported(verdict, item, limits, floor, wanted)?]);
    }
    if items.len() != rows {
        return Err(Failed::Miscounted(items.len(), rows));
    }
    let one = |item: types::Item| reported(item.verdict, Some((item.outputs, item.answer)), limits, floor, wanted);
    items.into_iter().map(one).collect()
}

/// What the component said of a row: how it ended, with its outputs and the answer that they rest on.
fn reported(
    verdict: types::Verdict,
    item: Option<(String, Option<types::Seen>)>,
    limits: &Limits,
    floor: &Floor,
    wanted: &dyn Fn(&Outcome) -> bool,
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
        report.response_status = Some(answer.status);
        if wanted(&report.outcome) {
            report.response = Some(json::read(answer.response.as_bytes(), limits).map_err(unread("answers"))?);
            report.response_headers = answer.headers.into_iter().map(|h| (h.name, h.value)).collect();
        } else {
            json::read::<IgnoredAny>(answer.response.as_bytes(), limits).map_err(unread("answers"))?;
        }
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
    redactor.texts(
        report.response_headers.iter_mut().flat_map(|(name, value)| [name, value]).chain(words(&mut report.outcome)),
    );
    for text in words(&mut report.outcome) {
        if let Some((end, _)) = text.char_indices().nth(MESSAGE_CHARS) {
            text.truncate(end);
        }
    }
    let mut outputs = Value::Object(std::mem::take(&mut report.outputs));
    redactor.value(&mut outputs);
    if let Value::Object(outputs) = outputs {
        report.outputs = outputs;
    }
    if let Some(response) = &mut report.response {
        redactor.value(response);
    }
}

/// What an outcome says in words.
fn words(outcome: &mut Outcome) -> impl Iterator<Item = &mut String> {
    let Outcome { message, evidence, class, hint, .. } = outcome;
    [message, evidence, class].into_iter().chain(hint)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verdict(kind: &str, class: &str) -> types::Verdict {
        let nothing = String::new();
        let (message, evidence) = (nothing.clone(), nothing);
        types::Verdict { kind: kind.into(), class: class.into(), message, evidence, details: "{}".into() }
    }

    fn judged(ends: &[(&str, &str)], rows: usize, floor: &Floor) -> Result<Vec<Report>, Failed> {
        let item = |(kind, class): &(&str, &str)| types::Item {
            verdict: verdict(kind, class),
            outputs: json!({ "class": class }).to_string(),
            answer: None,
        };
        let items = ends.iter().map(item).collect();
        let limits = Limits::of(&Default::default(), &Default::default());
        judge(types::Outcome { verdict: verdict("failed", "refused"), items }, rows, &limits, floor, &|_| true)
    }

    #[test]
    fn of_several_rows_each_has_its_own_item_and_none_is_made_up() {
        let mut floor = Floor::default();
        floor.sending(1, true);
        floor.settled(1, true, None);
        floor.done(1);
        let reports = judged(&[("ok", ""), ("failed", "unanswered"), ("failed", "auth")], 3, &floor).ok().unwrap();
        let ends: Vec<_> = reports.iter().map(|r| (r.outcome.kind, r.outcome.class.as_str())).collect();
        // An item claims no more than the whole may.
        assert_eq!(ends, [(Kind::Ok, ""), (Kind::Unknown, "unanswered"), (Kind::Failed, "preset")]);
        assert_eq!(reports[1].outputs["class"], "unanswered");
        for count in [0, 1, 3] {
            let items = vec![("ok", ""); count];
            assert!(matches!(judged(&items, 2, &floor), Err(Failed::Miscounted(c, 2)) if c == count), "{count}");
        }
        // Of one row the whole is what counts, with an item or without.
        for items in [&[("ok", "")][..], &[]] {
            let reports = judged(items, 1, &floor).ok().unwrap();
            assert_eq!((reports.len(), reports[0].outcome.kind), (1, Kind::Failed));
        }
    }
}
