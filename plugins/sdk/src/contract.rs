//! The contract in `wit/`, as a bundle's component speaks it.
//!
//! Owns: the bindings, the host as a [`Door`], and how outcomes are put into the contract's words. For [`export!`](crate::export)
//! alone: authors use what stands at the top of the crate.

use serde_json::Value;

use crate::door::Door;
use crate::{Answer, Class, Host, HostError, Outcome, Presets, Request};

pub use bindings::exports::presetter::preset::preset::Guest;
pub use bindings::presetter::preset::types;
use bindings::presetter::preset::{clock, http, log, rows};

/// Made from `wit/`. `bindings::export!` exports a component.
#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::all, reason = "generated; it is the border")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "bundle",
        pub_export_macro: true,
        default_bindings_module: "presetter_guest::contract::bindings",
    });
}

/// Runs a preset for each of its inputs.
#[must_use]
pub fn run(presets: &Presets, name: &str, inputs: &[String], context: &str) -> types::Outcome {
    outcome(each(&Imports, presets, name, inputs, context))
}

/// The same through any door.
pub(crate) fn each(door: &dyn Door, presets: &Presets, name: &str, inputs: &[String], context: &str) -> Vec<Outcome> {
    let context: Value = serde_json::from_str(context).unwrap_or_default();
    // Each input is told what it rests on by itself: its host begins without an answer.
    presets.run(name, inputs, || Host::new(door, name, &context))
}

/// All items, and the verdict of the whole: that of the first item that did not end well, else of the first.
pub(crate) fn outcome(items: Vec<Outcome>) -> types::Outcome {
    let whole = items.iter().find(|item| item.kind != "ok").or(items.first()).map(verdict);
    let none = || verdict(&Outcome::failed(Class::Input, "there are no inputs"));
    types::Outcome { verdict: whole.unwrap_or_else(none), items: items.into_iter().map(item).collect() }
}

fn item(outcome: Outcome) -> types::Item {
    let verdict = verdict(&outcome);
    let Outcome { outputs, answer, shown, .. } = outcome;
    let answer = answer.map(|answer| types::Seen {
        status: answer.status,
        response: shown.unwrap_or_else(|| answer.body()).to_string(),
        headers: answer.headers.into_iter().map(pair).collect(),
    });
    types::Item { verdict, outputs: Value::Object(outputs).to_string(), answer }
}

fn verdict(outcome: &Outcome) -> types::Verdict {
    types::Verdict {
        kind: outcome.kind.into(),
        class: outcome.class.map_or("", Class::name).into(),
        message: outcome.message().into(),
        evidence: outcome.evidence.clone(),
        details: "{}".into(),
    }
}

fn pair((name, value): (String, String)) -> types::Pair {
    types::Pair { name, value }
}

fn refused(error: http::Error) -> HostError {
    HostError { kind: error.kind, message: error.message, details: error.details }
}

fn answer(answer: http::Answer) -> Answer {
    let headers = answer.headers.into_iter().map(|pair| (pair.name, pair.value)).collect();
    Answer { status: answer.status, headers, bytes: answer.body }
}

/// The host, as the contract gives it.
struct Imports;

impl Door for Imports {
    fn call(&self, preset: &str, values: &str) -> Result<Answer, HostError> {
        http::call(preset, values).map(answer).map_err(refused)
    }

    fn send(&self, request: Request) -> Result<Answer, HostError> {
        let body = request.body.map(|body| http::Body { kind: body.kind.into(), data: body.data, content_type: None });
        let request = http::Request {
            method: request.method,
            path: request.path,
            query: request.query.into_iter().map(pair).collect(),
            headers: request.headers.into_iter().map(pair).collect(),
            body,
        };
        http::send(&request).map(answer).map_err(refused)
    }

    fn emit(&self, row: &str) -> Result<(), HostError> {
        rows::emit(row).map_err(refused)
    }

    fn log(&self, level: &str, message: &str) {
        log::log(level, message);
    }

    fn now(&self) -> u64 {
        clock::now()
    }

    fn wait(&self, milliseconds: u64) -> Result<(), HostError> {
        clock::wait(milliseconds).map_err(refused)
    }
}
