//! The contract in `wit/`, as the interpreters speak it.
//!
//! Owns: the bindings, the host as a [`Door`], and how results are put into the contract's words.

use serde_json::{Map, Value};

use crate::door::{Door, Raw, Refusal, Request};
use crate::run::{Finished, Seen, Verdict};
use crate::trace;

pub use bindings::exports::presetter::preset::{interpreter, preset};
pub use bindings::presetter::preset::types;
use bindings::presetter::preset::{clock, http, log, rows};

/// Made from `wit/`. `bindings::export!` exports a component.
#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::all, reason = "generated; it is the border")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "bundle-interpreter",
        pub_export_macro: true,
        default_bindings_module: "interpreter::contract::bindings",
    });
}

/// What a second `load` answers.
#[must_use]
pub fn loaded_already() -> String {
    crate::load::complaint("", "sources are loaded already")
}

/// Runs the inputs, and puts what came of them into one outcome. `run` gives a result for each, in their order.
pub fn each(inputs: &[String], run: impl FnOnce(&[Map<String, Value>]) -> Vec<Finished>) -> types::Outcome {
    let read: Result<Vec<_>, _> = inputs.iter().map(|input| serde_json::from_str(input)).collect();
    outcome(match read {
        Ok(inputs) => run(&inputs),
        Err(e) => vec![Finished::failed("input", &format!("the inputs are no JSON objects: {e}")); inputs.len()],
    })
}

/// All items, and the verdict of the whole: that of the first item that did not end well, else of the first.
#[must_use]
pub fn outcome(items: Vec<Finished>) -> types::Outcome {
    let whole = items.iter().find(|i| i.verdict.kind != "ok").or(items.first()).map(verdict);
    types::Outcome {
        verdict: whole.unwrap_or_else(|| verdict(&Finished::failed("input", "there are no inputs"))),
        items: items.into_iter().map(item).collect(),
    }
}

fn item(finished: Finished) -> types::Item {
    types::Item {
        verdict: verdict(&finished),
        outputs: Value::Object(finished.outputs).to_string(),
        answer: finished.seen.map(seen),
    }
}

fn seen(seen: Seen) -> types::Seen {
    let headers = seen.headers.into_iter().map(pair).collect();
    types::Seen { status: seen.status, headers, response: seen.response.to_string() }
}

fn verdict(finished: &Finished) -> types::Verdict {
    let Verdict { kind, class, message, evidence, hint } = finished.verdict.clone();
    let details = trace::details(&finished.trace, hint.as_deref());
    types::Verdict { kind: kind.into(), class, message, evidence, details }
}

fn pair((name, value): (String, String)) -> types::Pair {
    types::Pair { name, value }
}

fn refusal(error: http::Error) -> Refusal {
    Refusal { kind: error.kind, message: error.message }
}

fn raw(answer: http::Answer) -> Raw {
    let headers = answer.headers.into_iter().map(|p| (p.name, p.value)).collect();
    Raw { status: answer.status, headers, body: answer.body }
}

/// The host, as the contract gives it.
#[derive(Debug, Clone, Copy)]
pub struct Host;

impl Door for Host {
    fn call(&self, preset: &str, values: &Map<String, Value>) -> Result<Raw, Refusal> {
        let values = serde_json::to_string(values).unwrap_or_default();
        http::call(preset, &values).map(raw).map_err(refusal)
    }

    fn send(&self, request: Request) -> Result<Raw, Refusal> {
        let body =
            request.body.map(|body| http::Body { kind: body.kind.into(), data: body.data, content_type: body.media });
        let request = http::Request {
            method: request.method,
            path: request.path,
            query: request.query.into_iter().map(pair).collect(),
            headers: request.headers.into_iter().map(pair).collect(),
            body,
        };
        http::send(&request).map(raw).map_err(refusal)
    }

    fn emit(&self, row: &Value) -> Result<(), Refusal> {
        rows::emit(&row.to_string()).map_err(refusal)
    }

    fn log(&self, level: &str, message: &str) {
        log::log(level, message);
    }

    fn now(&self) -> u64 {
        clock::now()
    }

    fn wait(&self, milliseconds: u64) -> Result<(), Refusal> {
        clock::wait(milliseconds).map_err(refusal)
    }
}
