//! The interpreter of recipes: presets that are written only as data.
//!
//! Owns: reading the sources (`load`), the flow of a run (request, judgement, pages, search, outputs) and what its
//! outcome rests on. Never does: rendering or sending a request (the host does), seeing a credential.
//!
//! Invariants: `not-found` has proof (a code that the manifest lists, or a complete scan); after a search, no other item
//! than the found one leaves this component.

mod answer;
mod door;
mod load;
mod output;
mod recipe;
mod run;
mod scan;
mod search;
#[cfg(test)]
mod tests;

use std::cell::OnceCell;

use serde_json::{Map, Value};

use bindings::exports::presetter::preset::{interpreter, preset};
use bindings::presetter::preset::{http, log, rows, types};
use door::{Door, Refusal};
use load::Recipes;
use run::{Finished, Run, Verdict};

#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::all)]
mod bindings {
    wit_bindgen::generate!({ path: "../../wit", world: "bundle-interpreter" });
}

thread_local! {
    /// What `load` has read. A component has one thread.
    static RECIPES: OnceCell<Recipes> = const { OnceCell::new() };
}

struct Interpreter;

impl interpreter::Guest for Interpreter {
    fn load(source: String) -> Result<(), String> {
        let recipes = Recipes::load(&source)?;
        RECIPES.with(|cell| cell.set(recipes)).map_err(|_| "sources are loaded already".to_owned())
    }
}

impl preset::Guest for Interpreter {
    fn run(name: String, inputs: Vec<String>, context: String) -> types::Outcome {
        RECIPES.with(|cell| match cell.get() {
            Some(recipes) => run_all(recipes, &name, &inputs, &context),
            None => outcome(vec![Finished::failed("preset", "no sources are loaded")]),
        })
    }
}

fn run_all(recipes: &Recipes, name: &str, inputs: &[String], context: &str) -> types::Outcome {
    let context: Value = serde_json::from_str(context).unwrap_or_default();
    let kind = context["connection"]["kind"].as_str().unwrap_or_default();
    let run = Run { recipes, door: &Host, kind, settings: &context["settings"] };
    let one = |input: &String| match serde_json::from_str::<Map<String, Value>>(input) {
        Ok(input) => run.preset(name, &input),
        Err(e) => Finished::failed("input", &format!("the inputs are no JSON object: {e}")),
    };
    outcome(inputs.iter().map(one).collect())
}

/// All items, and the verdict of the whole: that of the first item that did not end well, else of the first.
fn outcome(items: Vec<Finished>) -> types::Outcome {
    let whole = items.iter().find(|i| i.verdict.kind != "ok").or(items.first()).map(|i| i.verdict.clone());
    types::Outcome {
        verdict: verdict(whole.unwrap_or_else(|| Verdict::failed("input", "there are no inputs"))),
        items: items.into_iter().map(item).collect(),
    }
}

fn item(finished: Finished) -> types::Item {
    let answer = finished.seen.map(|seen| types::Seen {
        status: seen.status,
        headers: seen.headers.into_iter().map(|(name, value)| types::Pair { name, value }).collect(),
        response: seen.response.to_string(),
    });
    types::Item { verdict: verdict(finished.verdict), outputs: Value::Object(finished.outputs).to_string(), answer }
}

fn verdict(verdict: Verdict) -> types::Verdict {
    types::Verdict {
        kind: verdict.kind.into(),
        class: verdict.class,
        message: verdict.message,
        evidence: verdict.evidence,
        details: "{}".into(),
    }
}

/// The host, as the contract gives it.
struct Host;

impl Door for Host {
    fn call(&self, preset: &str, values: &Map<String, Value>) -> Result<door::Raw, Refusal> {
        let values = serde_json::to_string(values).unwrap_or_default();
        match http::call(preset, &values) {
            Ok(answer) => Ok(door::Raw {
                status: answer.status,
                headers: answer.headers.into_iter().map(|p| (p.name, p.value)).collect(),
                body: answer.body,
            }),
            Err(error) => Err(Refusal { kind: error.kind, message: error.message }),
        }
    }

    fn emit(&self, row: &Value) -> Result<(), Refusal> {
        rows::emit(&row.to_string()).map_err(|e| Refusal { kind: e.kind, message: e.message })
    }

    fn log(&self, level: &str, message: &str) {
        log::log(level, message);
    }
}

#[allow(unsafe_code)]
mod export {
    use super::{Interpreter, bindings};
    bindings::export!(Interpreter with_types_in bindings);
}
