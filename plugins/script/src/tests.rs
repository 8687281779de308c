//! Scripts without a host: what they ask for, and what their end means.

mod api;
mod end;
mod limits;
mod load;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use interpreter::{Context, Door, Finished, Raw, Refusal, Request};
use serde_json::{Map, Value, json};

use crate::load::Scripts;

pub(super) const BUNDLE: &str = r#"name = "acme"
version = "1.0.0"
contract = "0.1"
title = "Acme"
[answer]
ok_when = 'response.status == "OK"'
message = ["{{response.info}}"]
[connections.open]
title = "Open"
auth = "none"
"#;

pub(super) const PRESET: &str = r#"title = "Thing"
effect = "read"
script = "run.js"
[inputs]
key = { type = "string" }
[request]
method = "GET"
path = ["things"]
[answer]
not_found_when = 'response_status == 404'
[returns]
id = "the id"
"#;

/// The same as a recipe.
pub(super) const RECIPE: &str = r#"title = "Thing"
effect = "read"
[inputs]
key = { type = "string" }
[request]
method = "GET"
path = ["things"]
[answer]
not_found_when = 'response_status == 404'
[outputs]
id = "{{response.id}}"
"#;

/// Answers in the order given; what was asked for is kept.
#[derive(Default)]
pub(super) struct Script {
    answers: RefCell<Vec<Result<Raw, Refusal>>>,
    asked: RefCell<Vec<Value>>,
    time: Cell<u64>,
}

impl Script {
    fn ask(&self, what: Value) {
        self.asked.borrow_mut().push(what);
    }
    fn answer(&self) -> Result<Raw, Refusal> {
        self.answers.borrow_mut().remove(0)
    }
}

impl Door for Script {
    fn call(&self, preset: &str, values: &Map<String, Value>) -> Result<Raw, Refusal> {
        self.ask(json!({ "call": preset, "values": values }));
        self.answer()
    }
    fn send(&self, request: Request) -> Result<Raw, Refusal> {
        let body = request.body.map(|body| json!([body.kind, String::from_utf8(body.data).unwrap()]));
        let Request { method, path, query, headers, .. } = request;
        self.ask(json!({ "method": method, "path": path, "query": query, "headers": headers, "body": body }));
        self.answer()
    }
    fn emit(&self, row: &Value) -> Result<(), Refusal> {
        self.ask(json!({ "row": row }));
        Ok(())
    }
    fn log(&self, level: &str, message: &str) {
        self.ask(json!({ "log": level, "message": message }));
    }
    fn now(&self) -> u64 {
        1_700_000_000_000 + self.time.get()
    }
    fn wait(&self, milliseconds: u64) -> Result<(), Refusal> {
        self.time.set(self.time.get() + milliseconds);
        Ok(())
    }
}

pub(super) fn answer(status: u16, body: &Value) -> Result<Raw, Refusal> {
    let headers = vec![("x-a".into(), "1".into()), ("x-a".into(), "2".into())];
    Ok(Raw { status, headers, body: body.to_string().into_bytes() })
}

pub(super) fn fine() -> Result<Raw, Refusal> {
    answer(200, &json!({ "status": "OK", "id": "7" }))
}

pub(super) fn refused(kind: &str) -> Result<Raw, Refusal> {
    Err(Refusal { kind: kind.into(), message: "why".into() })
}

/// Loads a bundle of these files, and the two manifests.
pub(super) fn load(files: &[(&str, &str)]) -> Result<Scripts, Value> {
    let mut all = json!({ "bundle.toml": BUNDLE, "thing/preset.toml": PRESET, "recipe/preset.toml": RECIPE });
    for (file, text) in files {
        all[*file] = (*text).into();
    }
    Scripts::load(&json!({ "files": all }).to_string()).map_err(|wrong| serde_json::from_str(&wrong).unwrap())
}

/// Runs a preset of loaded scripts.
pub(super) fn go(scripts: &Scripts, preset: &str, answers: Vec<Result<Raw, Refusal>>) -> (Finished, Vec<Value>) {
    let door = Rc::new(Script { answers: RefCell::new(answers), ..Script::default() });
    let context = Context { kind: "open".into(), settings: json!({ "size": 2 }) };
    let inputs = json!({ "key": "k" });
    let finished = scripts.preset(preset, &[inputs.as_object().unwrap().clone()], &context, door.clone()).remove(0);
    assert!(door.answers.borrow().is_empty(), "not all answers were asked for");
    (finished, door.asked.take())
}

/// Runs one file of JavaScript.
pub(super) fn run(script: &str, answers: Vec<Result<Raw, Refusal>>) -> (Finished, Vec<Value>) {
    let scripts = load(&[("thing/run.js", script)]).unwrap_or_else(|wrong| panic!("{wrong}"));
    go(&scripts, "thing", answers)
}

/// The outputs of the body of a function, which returns them.
pub(super) fn outputs(body: &str, answers: Vec<Result<Raw, Refusal>>) -> Value {
    let script = format!("export default async function run(inputs, host) {{ {body} }}");
    let (finished, asked) = run(&script, answers);
    assert_eq!(finished.verdict.kind, "ok", "{:?} {asked:?}", finished.verdict);
    Value::Object(finished.outputs)
}

/// Class and message of the body of a function that fails.
pub(super) fn fails(body: &str, answers: Vec<Result<Raw, Refusal>>) -> (String, String) {
    let (finished, _) = run(&format!("export default async function run(inputs, host) {{\n{body}\n}}"), answers);
    assert_eq!(finished.verdict.kind, "failed", "{:?}", finished.verdict);
    (finished.verdict.class, finished.verdict.message)
}
