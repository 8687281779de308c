use std::cell::RefCell;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::contract::{each, outcome};
use crate::door::Door;
use crate::{Answer, Class, Error, Host, HostError, Level, Outcome, Presets, Request};

/// A host that answers as told, and notes what it is asked for.
struct Script {
    answers: RefCell<Vec<Result<Answer, HostError>>>,
    asked: RefCell<Vec<String>>,
}

impl Script {
    fn note(&self, what: String) {
        self.asked.borrow_mut().push(what);
    }
}

impl Door for Script {
    fn call(&self, preset: &str, values: &str) -> Result<Answer, HostError> {
        self.note(format!("call {preset} {values}"));
        self.answers.borrow_mut().remove(0)
    }
    fn send(&self, request: Request) -> Result<Answer, HostError> {
        let body = request.body.map(|body| format!(" {}: {}", body.kind, String::from_utf8(body.data).unwrap()));
        let body = body.unwrap_or_default();
        self.note(format!("{} {:?} {:?} {:?}{body}", request.method, request.path, request.query, request.headers));
        self.answers.borrow_mut().remove(0)
    }
    fn emit(&self, row: &str) -> Result<(), HostError> {
        self.note(format!("emit {row}"));
        Ok(())
    }
    fn log(&self, level: &str, message: &str) {
        self.note(format!("log {level} {message}"));
    }
    fn now(&self) -> u64 {
        7
    }
    fn wait(&self, milliseconds: u64) -> Result<(), HostError> {
        self.note(format!("wait {milliseconds}"));
        Err(HostError { kind: "cancelled".into(), message: "enough".into(), details: "{}".into() })
    }
}

#[derive(Deserialize, Serialize)]
struct Inputs {
    id: String,
}

#[derive(Deserialize, Serialize)]
struct User {
    name: String,
}

/// Reads a user, whatever the status.
fn get(inputs: Inputs, host: &Host<'_>) -> Result<Outcome, Error> {
    let answer = host.call(&inputs)?;
    Ok(host.ok(&answer.json::<User>()?))
}

fn answer(status: u16, body: &Value) -> Result<Answer, HostError> {
    let headers = vec![("x".into(), "1".into()), ("x".into(), "2".into())];
    Ok(Answer { status, headers, bytes: body.to_string().into_bytes() })
}

fn refusal(kind: &str) -> Result<Answer, HostError> {
    Err(HostError { kind: kind.into(), message: "why".into(), details: "{}".into() })
}

/// Runs a preset for some inputs: how each ended, and what the host was asked for.
fn run(
    preset: fn(Inputs, &Host<'_>) -> Result<Outcome, Error>,
    inputs: &[&str],
    answers: Vec<Result<Answer, HostError>>,
) -> (Vec<Outcome>, Vec<String>) {
    let script = Script { answers: RefCell::new(answers), asked: RefCell::default() };
    let inputs: Vec<String> = inputs.iter().map(|input| (*input).to_owned()).collect();
    let context = json!({ "settings": { "size": 5 }, "connection": { "kind": "open" } }).to_string();
    let outcomes = each(&script, &Presets::new().with("get", preset), "get", &inputs, &context);
    assert!(script.answers.borrow().is_empty(), "not all answers were asked for");
    (outcomes, script.asked.into_inner())
}

fn one(
    preset: fn(Inputs, &Host<'_>) -> Result<Outcome, Error>,
    answers: Vec<Result<Answer, HostError>>,
) -> (Outcome, Vec<String>) {
    let (mut outcomes, asked) = run(preset, &[r#"{"id":"1"}"#], answers);
    (outcomes.remove(0), asked)
}

fn ended(outcome: &Outcome) -> (&str, &str) {
    (outcome.kind, outcome.class.map_or("", Class::name))
}

#[test]
fn an_answer_becomes_outputs_with_the_answer_as_evidence() {
    let (outcome, asked) = one(get, vec![answer(200, &json!({ "name": "Sarah", "more": 1 }))]);
    assert_eq!((ended(&outcome), outcome.evidence.as_str()), (("ok", ""), "answer"));
    assert_eq!(Value::Object(outcome.outputs), json!({ "name": "Sarah" }));
    assert_eq!(outcome.answer.unwrap().header("x").as_deref(), Some("1, 2"));
    assert_eq!(asked, [r#"call get {"id":"1"}"#]);
}

#[test]
fn an_answer_that_does_not_fit_is_a_failure_that_shows_it() {
    for body in [json!("no object"), json!({ "name": 1 }), json!({})] {
        let (outcome, _) = one(get, vec![answer(200, &body)]);
        assert_eq!(ended(&outcome), ("failed", "answer"), "{body}");
        assert!(outcome.message().starts_with("the answer cannot be read: "), "{}", outcome.message());
        assert_eq!(outcome.answer.unwrap().body(), body);
    }
}

#[test]
fn a_refusal_ends_the_run_as_it_ends_a_recipes() {
    for (kind, class) in [
        ("denied", "denied"),
        ("limit", "limit"),
        ("too-large", "limit"),
        ("auth", "auth"),
        ("not-sent", "network"),
        ("unanswered", "network"),
        ("template", "template"),
        ("cancelled", "cancelled"),
        ("of-tomorrow", "preset"),
    ] {
        let (outcome, _) = one(get, vec![refusal(kind)]);
        assert_eq!((ended(&outcome), outcome.message(), &outcome.answer), (("failed", class), "why", &None));
    }
}

#[test]
fn each_input_has_its_own_outcome_and_the_whole_is_the_worst() {
    let inputs = [r#"{"id":"1"}"#, r#"{"id":2}"#, r#"{"id":"3"}"#];
    let fine = || answer(200, &json!({ "name": "Sarah" }));
    let (outcomes, asked) = run(get, &inputs, vec![fine(), fine()]);
    assert_eq!(outcomes.iter().map(ended).collect::<Vec<_>>(), [("ok", ""), ("failed", "input"), ("ok", "")]);
    assert_eq!(asked.len(), 2, "what is not understood is not sent");
    let whole = outcome(outcomes);
    assert_eq!((whole.verdict.kind.as_str(), whole.verdict.class.as_str(), whole.items.len()), ("failed", "input", 3));
    assert_eq!(outcome(vec![]).verdict.class, "input");
}

#[test]
fn many_inputs_may_go_together_and_each_has_an_outcome() {
    fn many(rows: Vec<Inputs>, host: &Host<'_>) -> Result<Vec<Outcome>, Error> {
        let users: Vec<User> = host.call(&json!({ "rows": rows }))?.json()?;
        Ok(users.iter().map(|user| host.ok(user)).collect())
    }
    let run = |inputs: &[&str], answers: Vec<Result<Answer, HostError>>| {
        let script = Script { answers: RefCell::new(answers), asked: RefCell::default() };
        let inputs: Vec<String> = inputs.iter().map(|input| (*input).to_owned()).collect();
        let outcomes = each(&script, &Presets::new().with_many("save", many), "save", &inputs, "{}");
        (outcomes, script.asked.into_inner())
    };
    let two = [r#"{"id":"1"}"#, r#"{"id":"2"}"#];
    let (outcomes, asked) = run(&two, vec![answer(200, &json!([{ "name": "A" }, { "name": "B" }]))]);
    assert_eq!(asked, [r#"call save {"rows":[{"id":"1"},{"id":"2"}]}"#]);
    assert_eq!(outcomes.iter().map(|outcome| outcome.outputs["name"].clone()).collect::<Vec<_>>(), ["A", "B"]);
    let classes = |inputs: &[&str], answers| {
        let (outcomes, asked) = run(inputs, answers);
        (outcomes.iter().map(|outcome| ended(outcome).1.to_owned()).collect::<Vec<_>>(), asked.len())
    };
    let fewer = vec![answer(200, &json!([{ "name": "A" }]))];
    assert_eq!(classes(&two, fewer), (vec!["unanswered".to_owned(); 2], 1));
    assert_eq!(classes(&two, vec![refusal("not-sent")]), (vec!["network".to_owned(); 2], 1));
    assert_eq!(classes(&[two[0], "{}"], vec![]), (vec!["input".to_owned(); 2], 0));
}

#[test]
fn a_preset_that_the_component_does_not_have_is_its_fault() {
    let script = Script { answers: RefCell::default(), asked: RefCell::default() };
    let outcomes = each(&script, &Presets::new().with("get", get), "other", &["{}".into()], "{}");
    assert_eq!(
        (ended(&outcomes[0]), outcomes[0].message()),
        (("failed", "preset"), "the component has no preset \"other\"")
    );
}

#[test]
fn requests_rows_and_words_are_handed_on() {
    fn all(inputs: Inputs, host: &Host<'_>) -> Result<Outcome, Error> {
        assert_eq!((host.now(), host.kind(), &host.settings()["size"]), (7, "open", &json!(5)));
        host.emit(&inputs)?;
        host.log(Level::Warn, "slow");
        host.call_preset("probe", &json!({}))?;
        let post = || Request::new("POST", ["users", inputs.id.as_str()]).query("q", "a b").header("X-A", "b");
        host.send(post().json(&json!({ "a": 1 })))?;
        host.send(post().form([("a", "1"), ("a", "2")]))?;
        host.send(post().text("plain"))?;
        host.send(post().template(&json!({})))?;
        host.wait(5)?;
        Ok(host.ok(&json!({})))
    }
    let (outcome, asked) = one(all, (0..5).map(|_| answer(200, &json!({}))).collect());
    assert_eq!((ended(&outcome), outcome.message()), (("failed", "cancelled"), "enough"));
    let post = r#"POST ["users", "1"] [("q", "a b")] [("X-A", "b")]"#;
    let wanted = [
        r#"emit {"id":"1"}"#.to_owned(),
        "log warn slow".into(),
        "call probe {}".into(),
        format!(r#"{post} json: {{"a":1}}"#),
        format!(r#"{post} form: [["a","1"],["a","2"]]"#),
        format!("{post} text: plain"),
        format!("{post} template: {{}}"),
        "wait 5".into(),
    ];
    assert_eq!(asked, wanted);
}

#[test]
fn what_is_no_object_is_not_sent_and_not_returned() {
    let (outcome, asked) = one(|_, host| Ok(host.call(&1).map(|_| host.ok(&json!({})))?), vec![]);
    assert_eq!((ended(&outcome), asked.len()), (("failed", "preset"), 0));
    let (outcome, _) = one(|_, host| Ok(host.ok(&"text")), vec![]);
    assert_eq!(ended(&outcome), ("failed", "preset"));
}

#[test]
fn the_vendors_words_stand_behind_the_status() {
    let said = |status: u16, words: &'static str| {
        let host_says = move |_: Inputs, host: &Host<'_>| host.failed_with(status, words);
        let script = Script { answers: RefCell::default(), asked: RefCell::default() };
        let context = Value::Null;
        let outcome = host_says(Inputs { id: String::new() }, &Host::new(&script, "get", &context));
        (outcome.class.map_or("", Class::name), outcome.message().to_owned())
    };
    assert_eq!(said(400, " bad id "), ("refused", "HTTP 400: bad id".to_owned()));
    assert_eq!(said(500, ""), ("server", "the API answered HTTP 500 without a reason".to_owned()));
    assert_eq!([said(403, "").0, said(429, "").0, said(302, "").0], ["auth", "rate", "refused"]);
}

#[test]
fn after_a_search_only_what_was_found_is_shown() {
    fn find(_: Inputs, host: &Host<'_>) -> Result<Outcome, Error> {
        let answer = host.call(&json!({}))?;
        assert_eq!(answer.body()["users"].as_array().map(Vec::len), Some(2));
        Ok(host.ok(&json!({})).evidence("scan of 1 page, 2 rows").showing(json!({ "users": [1] })))
    }
    let (found, _) = one(find, vec![answer(200, &json!({ "users": [1, 2] }))]);
    let whole = outcome(vec![found]);
    assert_eq!(whole.items[0].answer.as_ref().unwrap().response, r#"{"users":[1]}"#);
    assert_eq!((whole.verdict.kind.as_str(), whole.verdict.evidence.as_str()), ("ok", "scan of 1 page, 2 rows"));
}
