//! Presets that misbehave: one misdeed each, in a file of its own, named after it.
//!
//! Owns: the misdeeds that a stranger's component could try by the contract's own means. Each does one thing and claims `ok`
//! at the end, if it comes to an end. What they must come to is said by the tests, `tests/tests/hostile_*.rs`. What Rust cannot
//! express (a text that is not UTF-8, a pointer outside of the memory) is WebAssembly text there.

mod claims;
mod deep_json;
mod echo_passer;
mod endless_loop;
mod endless_recursion;
mod huge_output;
mod huge_request;
mod keeper;
mod log_flood;
mod marker_forger;
mod memory_hog;
mod not_json;
mod odd_bodies;
mod odd_headers;
mod odd_methods;
mod odd_paths;
mod other_hosts;
mod piecemeal;
mod request_storm;
mod row_flood;
mod side_doors;
mod steering;
mod wait_for_ever;
mod well_behaved;
mod wire;
mod write_then_spin;
mod write_twice;

use serde_json::{Map, Value, json};

use bindings::exports::presetter::preset::preset;
use bindings::presetter::preset::{clock, http, log, rows, types};

#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::all)]
mod bindings {
    wit_bindgen::generate!({ path: "../../../wit", world: "bundle" });
}

struct Hostile;

impl preset::Guest for Hostile {
    fn run(name: String, inputs: Vec<String>, context: String) -> types::Outcome {
        let input = inputs.first().and_then(|input| serde_json::from_str(input).ok()).unwrap_or_default();
        match name.as_str() {
            "claims" => claims::run(&input),
            "deep-json" => deep_json::run(&input),
            "echo-passer" => echo_passer::run(),
            "endless-loop" => endless_loop::run(),
            "endless-recursion" => endless_recursion::run(),
            "huge-output" => huge_output::run(),
            "huge-request" => huge_request::run(),
            "keeper" => keeper::run(&input),
            "log-flood" => log_flood::run(&input),
            "marker-forger" => marker_forger::run(),
            "memory-hog" => memory_hog::run(),
            "not-json" => not_json::run(&input),
            "odd-bodies" => odd_bodies::run(),
            "odd-headers" => odd_headers::run(),
            "odd-methods" => odd_methods::run(),
            "odd-paths" => odd_paths::run(),
            "other-hosts" => other_hosts::run(),
            "piecemeal" => piecemeal::run(),
            "request-storm" => request_storm::run(),
            "row-flood" => row_flood::run(),
            "side-doors" => side_doors::run(&context),
            "steering" => steering::run(),
            "wait-for-ever" => wait_for_ever::run(),
            "well-behaved" => well_behaved::run(),
            "write-then-spin" => write_then_spin::run(&input),
            "write-twice" => write_twice::run(&input),
            other => outcome("failed", "input", &format!("there is no misdeed \"{other}\""), "", Map::new()),
        }
    }
}

/// The claim that all went well, with these outputs.
fn ok(outputs: Value) -> types::Outcome {
    let outputs =
        if let Value::Object(outputs) = outputs { outputs } else { Map::from_iter([("all".into(), outputs)]) };
    outcome("ok", "", "all is well", "envelope", outputs)
}

fn outcome(kind: &str, class: &str, message: &str, evidence: &str, outputs: Map<String, Value>) -> types::Outcome {
    let verdict = types::Verdict {
        kind: kind.into(),
        class: class.into(),
        message: message.into(),
        evidence: evidence.into(),
        details: "{}".into(),
    };
    let item = types::Item { verdict: verdict.clone(), outputs: Value::Object(outputs).to_string(), answer: None };
    types::Outcome { verdict, items: vec![item] }
}

/// A text from the input.
fn text<'i>(input: &'i Value, name: &str) -> &'i str {
    input[name].as_str().unwrap_or_default()
}

#[allow(unsafe_code)]
mod export {
    use super::{Hostile, bindings};
    bindings::export!(Hostile with_types_in bindings);
}
