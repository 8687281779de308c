//! `presetter connection test`: opens a session, then says which of the bundle's assumptions hold, and whether the
//! connection works.
//!
//! Keeps: only presets that read are run, with no inputs, and of each only the first page; nothing on the account changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use async_trait::async_trait;
use presetter_manifest::{ConnectionKind, Effect, Input};
use presetter_runtime::{CancellationToken, Kind, Outcome, Report, RunObserver, Sending, Verdict};
use serde_json::{Map, Value};

use crate::assumptions::used_by;
use crate::connection::{bundle_of, kind_name, kind_of};
use crate::console::{Paint, line, painted};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, cell, width};
use crate::policy::Policies;
use crate::prepare::{self, Prepared, Sessions};
use crate::receipt::{self, Receipt};
use crate::select::{self, Chosen};
use crate::world::World;

/// Tests one.
pub(crate) async fn test(world: &World, name: &str) -> Result<Exit, Failure> {
    let connection = select::stored_connection(world, name)?;
    let bundle = Arc::new(bundle_of(world, &connection)?);
    let kind = kind_of(&bundle, &connection.kind)?;
    let settings = select::settings(&bundle, &connection)?;
    let reference = select::reference(&kind_name(&connection))?;
    let retention = receipt::retention(world)?;
    let policies = Policies::load(world)?;
    policies.admit_bundle(bundle.source())?;
    let mut looks = Vec::new();
    for preset in bundle.preset_names() {
        let preset = bundle.preset(&preset)?;
        let manifest = &preset.manifest;
        let needs = manifest.inputs.values().any(Input::must_be_given) || !manifest.needs_one_of.is_empty();
        if manifest.effect == Effect::Read && !needs && manifest.works_with(&connection.kind) {
            let look = Chosen { reference: reference.sibling(&preset.name), bundle: bundle.clone(), preset };
            policies.admit_run(&look, false)?;
            looks.push(look);
        }
    }

    let transport = world.network();
    let mut verdicts: BTreeMap<String, (State, String)> = BTreeMap::new();
    let mut exit = Exit::Ok;
    let mut trouble = None;
    let mut engine = None;
    for look in looks {
        let access = prepare::open(world, &look, &connection, transport.clone(), Sessions::Kept)?;
        if engine.is_none() {
            let session = access.login_now().await.map_err(|error| no_session(&error))?;
            let _ = world.console.data(&opened(world, kind, session.expires));
            engine = Some(prepare::engine_for_one(world, &prepare::limits(&look, &connection))?);
        }
        let Some(engine) = &engine else { continue };
        let used = used_by(&look.preset.manifest, Some(&connection.kind));
        let (component, sources) = prepare::load(engine, &look)?;
        let prepared = Prepared::bare(look, connection.clone(), settings.clone(), access)?;
        let first = Arc::new(FirstPage::default());
        let receipt = Receipt::begin(world, &prepared, "connection test", false, retention, first.clone())?;
        let invocation = prepared.invocation(receipt.observer(), CancellationToken::new());
        let report = prepared.runner(component, sources).run(&invocation).await;
        receipt.end(world, &prepared, &told(&report, first.more()));
        let (state, why) = judge(&report, first.more(), &prepared.name());
        if state != State::Confirmed {
            exit = exit.or(if state == State::Refuted { Exit::Failed } else { Exit::of(&report) });
            trouble.get_or_insert_with(|| why.clone());
        }
        let named = meant(&used, &settings, &output::message(&report));
        for setting in &used {
            // A refusal says something of what it names, and of nothing else.
            let state = if state == State::Refuted && named != Some(setting) { State::NotTested } else { state };
            verdicts.entry(setting.clone()).or_insert((state, why.clone()));
        }
    }
    if engine.is_none() {
        // No preset can be tried: the session alone tells.
        let chosen = only_session(&bundle, &reference)?;
        let access = prepare::open(world, &chosen, &connection, transport, Sessions::Kept)?;
        let session = access.login_now().await.map_err(|error| no_session(&error))?;
        let _ = world.console.data(&opened(world, kind, session.expires));
    }
    for (name, value) in &settings {
        if let Some((state, why)) = verdicts.get(name) {
            let _ = world.console.data(&said(world, *state, &format!("setting {name} = {}", cell(value)), why));
        }
    }
    let untried: Vec<&str> = settings.keys().map(String::as_str).filter(|name| !verdicts.contains_key(*name)).collect();
    if !untried.is_empty() {
        let untried = line(&untried.join(", "));
        let _ = world.console.data(&format!("not tried, because trying would need an input or a write: {untried}"));
    }
    let verdict = match trouble {
        // Nothing was sent: no preset reads without an input, and there is no login.
        None if engine.is_none() && kind.login.is_none() => {
            "nothing could be tried; run a preset that reads to see whether it works".to_owned()
        }
        None => "the connection works".to_owned(),
        Some(why) => format!("the connection does not work: {}", line(&why)),
    };
    let _ = world.console.data(&verdict);
    Ok(exit)
}

/// What the receipt says of a look: that it was stopped after its first page is as it should be.
fn told(report: &Report, more: bool) -> Report {
    let mut told = report.clone();
    if more {
        told.outcome = Outcome {
            kind: Kind::Ok,
            class: String::new(),
            message: String::new(),
            evidence: "the API took the first request; no other was sent".to_owned(),
            hint: None,
        };
    }
    told
}

/// Without a session or its credentials there is nothing to test.
fn no_session(error: &presetter_connection::Error) -> Failure {
    let reason = error.reason();
    let reason = reason.strip_prefix("no access: ").unwrap_or(&reason);
    Failure::new(Exit::of_class(error.kind(), false), format!("the connection does not work: {reason}"))
        .help(error.advice().unwrap_or_default())
}

/// The one setting that the vendor's words name, by its value or by its own name.
fn meant<'a>(used: &'a BTreeSet<String>, settings: &Map<String, Value>, words: &str) -> Option<&'a String> {
    let has = |wanted: &str| {
        let part = |c: char| c.is_alphanumeric() || c == '_';
        !wanted.is_empty() && words.split(|c| !part(c)).any(|word| word.eq_ignore_ascii_case(wanted))
    };
    // A number may stand for anything.
    let named = |name: &&String| has(name) || settings.get(*name).and_then(Value::as_str).is_some_and(has);
    let mut named = used.iter().filter(named);
    named.next().filter(|_| named.next().is_none())
}

/// What is known of an assumption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Confirmed,
    Refuted,
    NotTested,
}

/// What a look says about the assumptions that it rests on.
fn judge(report: &Report, more: bool, preset: &str) -> (State, String) {
    let taken = format!("the API took it ({preset})");
    if more || matches!(report.outcome.kind, Kind::Ok | Kind::NotFound) {
        return (State::Confirmed, taken);
    }
    let message = line(&output::message(report));
    match report.outcome.class.as_str() {
        "refused" => (State::Refuted, format!("the API refused {preset}: {message}")),
        _ => (State::NotTested, format!("{preset} did not come to an end: {message}")),
    }
}

fn said(world: &World, state: State, what: &str, why: &str) -> String {
    let (word, paint) = match state {
        State::Confirmed => ("confirmed", Paint::Good),
        State::Refuted => ("refuted", Paint::Bad),
        State::NotTested => ("not tested", Paint::Dim),
    };
    let gap = " ".repeat(12 - width(word));
    format!("{}{gap}{}: {}", painted(paint, word, world.console.color()), line(what), line(why))
}

/// What opening a session has shown. A kind without a login has shown nothing yet: its credentials go with each request.
fn opened(world: &World, kind: &ConnectionKind, expires: Option<SystemTime>) -> String {
    if kind.login.is_none() {
        let why = "this kind of connection needs none: its credentials go with each request";
        return said(world, State::NotTested, "session", why);
    }
    said(world, State::Confirmed, "session", &lasting(expires))
}

/// How long a session lasts.
fn lasting(expires: Option<SystemTime>) -> String {
    let left = expires.and_then(|at| at.duration_since(SystemTime::now()).ok());
    match left.map(|left| left.as_secs().div_ceil(60)) {
        Some(minutes) => {
            format!("the server accepts the credentials; it lasts {} h {} min", minutes / 60, minutes % 60)
        }
        None => "the server accepts the credentials; it lasts until the server ends it".to_owned(),
    }
}

fn only_session(
    bundle: &Arc<presetter_bundle::Bundle>,
    reference: &presetter_bundle::Reference,
) -> Result<Chosen, Failure> {
    let name = bundle
        .preset_names()
        .into_iter()
        .next()
        .ok_or_else(|| Failure::new(Exit::Invalid, "the bundle has no presets"))?;
    Ok(Chosen { reference: reference.sibling(&name), preset: bundle.preset(&name)?, bundle: bundle.clone() })
}

/// Lets one request through. That a second is asked for means that the first was taken.
#[derive(Default)]
struct FirstPage(AtomicU32);

impl FirstPage {
    fn more(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 1
    }
}

#[async_trait]
impl RunObserver for FirstPage {
    async fn before_send(&self, _: &Sending<'_>) -> Verdict {
        if self.0.fetch_add(1, Ordering::Relaxed) == 0 { Verdict::Proceed } else { Verdict::Veto }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_refutes_what_it_names_alone() {
        let used: BTreeSet<String> = ["list_operation", "page_size", "filter"].map(str::to_owned).into();
        let Value::Object(settings) = json!({"list_operation": "show_users", "page_size": 500, "filter": "emails"})
        else {
            unreachable!()
        };
        for (words, wanted) in [
            ("INVALID_OPERATION: Invalid operation: show_users", Some("list_operation")),
            ("page_size is out of range", Some("page_size")),
            ("PAGE_SIZE", Some("page_size")),
            ("show_users takes no page_size", None),
            ("show_users_of_all, at most 500", None),
            ("", None),
        ] {
            assert_eq!(meant(&used, &settings, words).map(String::as_str), wanted, "{words}");
        }
    }
}
