//! The flow of a run, without a host: what is asked for, and what the outcome rests on.

use std::cell::RefCell;

use serde_json::{Map, Value, json};

use crate::door::{Door, Raw, Refusal, Request};
use crate::load::{Files, Recipes};
use crate::run::{Context, Finished, Run};

pub(crate) const BUNDLE: &str = r#"name = "acme"
version = "1.0.0"
contract = "0.1"
title = "Acme"
[answer]
ok_when = 'response.status == "OK" && codes.all(c, c == "OK")'
message = ["{{response.info}}", "{{response.response[0].info}}", "{{response}}"]
[connections.open]
title = "Open"
auth = "none"
"#;

const FIND: &str = r#"title = "Find"
effect = "read"
[inputs]
email = { type = "string", required = true }
[request]
method = "POST"
path = ["users"]
[answer]
not_found_when = 'codes.exists(c, c == "NOTFOUND")'
[pages]
items = "{{response.response[0].users}}"
end_when = 'page > 1 && size(items) == 0'
last_when = 'size(items) < 2'
max = 4
[find]
where = { email = "{{email}}" }
ignore_case = ["email"]
[outputs]
id = "{{item.id}}"
[mixup]
preset = "other"
inputs = { key = "{{email}}" }
message = "it is another's: {{found.id}}"
"#;

const OTHER: &str = r#"title = "Other"
effect = "read"
[inputs]
key = { type = "string" }
[request]
method = "POST"
path = ["other"]
[answer]
not_found_when = 'response_status == 404'
[outputs]
id = "{{response.id}}"
"#;

const CREATE: &str = r#"title = "Create"
effect = "create"
repeat = "probe"
[inputs]
key = { type = "string", required = true }
[request]
method = "POST"
path = ["users"]
[outputs]
id = "{{optional response.id}}"
[probe]
preset = "other"
inputs = { key = "{{key}}" }
outputs = ["id"]
"#;

/// Answers in the order given; what was asked for is kept.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) answers: RefCell<Vec<Result<Raw, Refusal>>>,
    pub(crate) asked: RefCell<Vec<(String, Value)>>,
}

impl Door for Script {
    fn call(&self, preset: &str, values: &Map<String, Value>) -> Result<Raw, Refusal> {
        self.asked.borrow_mut().push((preset.to_owned(), Value::Object(values.clone())));
        self.answers.borrow_mut().remove(0)
    }
    fn send(&self, _: Request) -> Result<Raw, Refusal> {
        unreachable!("a recipe calls the requests of manifests")
    }
    fn emit(&self, _: &Value) -> Result<(), Refusal> {
        Ok(())
    }
    fn log(&self, _: &str, _: &str) {}
    fn now(&self) -> u64 {
        0
    }
    fn wait(&self, _: u64) -> Result<(), Refusal> {
        Ok(())
    }
}

pub(crate) fn answer(status: u16, body: &Value) -> Result<Raw, Refusal> {
    Ok(Raw { status, headers: vec![("x".into(), "1".into())], body: body.to_string().into_bytes() })
}

fn page(users: &[(&str, &str)]) -> Result<Raw, Refusal> {
    let users: Vec<Value> = users.iter().map(|(id, email)| json!({ "id": id, "email": email })).collect();
    answer(200, &json!({ "status": "OK", "response": [{ "users": users }] }))
}

pub(crate) fn refused(kind: &str) -> Result<Raw, Refusal> {
    Err(Refusal { kind: kind.into(), message: "why".into() })
}

fn run(preset: &str, inputs: Value, answers: Vec<Result<Raw, Refusal>>) -> (Finished, Vec<(String, Value)>) {
    let wide = FIND.replace("ignore_case", "widen = true\nignore_case").split("[mixup]").next().unwrap().to_owned();
    let both = wide
        .replace("email = {", "id = { type = \"string\" }\nemail = {")
        .replace("where = {", "where = { id = \"{{id}}\", ");
    let mut files = json!({ "files": { "wide/preset.toml": wide, "both/preset.toml": both, "bundle.toml": BUNDLE, "find/preset.toml": FIND, "other/preset.toml": OTHER, "create/preset.toml": CREATE } });
    // What was checked before is compiled late, and is the same.
    let [late, now] = [true, false].map(|checked| {
        files["checked"] = checked.into();
        let recipes = Recipes::compile(&Files::read(&files.to_string()).unwrap()).unwrap();
        run_with(&recipes, preset, &inputs, answers.clone())
    });
    assert_eq!((&late.0.verdict, &late.0.outputs, &late.1), (&now.0.verdict, &now.0.outputs, &now.1));
    now
}

fn run_with(
    recipes: &Recipes,
    preset: &str,
    inputs: &Value,
    answers: Vec<Result<Raw, Refusal>>,
) -> (Finished, Vec<(String, Value)>) {
    let script = Script { answers: RefCell::new(answers), asked: RefCell::default() };
    let context = Context { kind: "open".into(), settings: json!({}) };
    let finished = Run { recipes, door: &script, context: &context, scripts: None }
        .preset(preset, &[inputs.as_object().unwrap().clone()])
        .remove(0);
    assert!(script.answers.borrow().is_empty(), "not all answers were asked for");
    (finished, script.asked.into_inner())
}

fn find(answers: Vec<Result<Raw, Refusal>>) -> Finished {
    run("find", json!({ "email": "B@x" }), answers).0
}

pub(crate) fn ended(finished: &Finished) -> (&str, &str) {
    (finished.verdict.kind, finished.verdict.class.as_str())
}

const A: (&str, &str) = ("1", "a@x");
const B: (&str, &str) = ("2", "b@x");
const C: (&str, &str) = ("3", "c@x");

#[test]
fn found_on_a_later_page_in_any_case_of_letters_and_nobody_else_is_shown() {
    let finished = find(vec![page(&[A, C]), page(&[C, B]), page(&[A])]);
    assert_eq!(ended(&finished), ("ok", ""));
    assert_eq!(finished.verdict.evidence, "scan of 3 pages, 5 rows");
    assert_eq!(finished.outputs["id"], "2");
    let shown = finished.seen.unwrap().response;
    assert_eq!(shown["response"][0]["users"], json!([{ "id": "2", "email": "b@x" }]));
}

#[test]
fn the_page_number_is_given_with_the_inputs() {
    let (_, asked) = run("find", json!({ "email": "b@x" }), vec![page(&[A, C]), page(&[B])]);
    assert_eq!(asked[1], ("find".into(), json!({ "email": "b@x", "narrow": true, "page": 2 })));
}

#[test]
fn not_found_needs_a_complete_scan_or_a_code() {
    let absent = answer(404, &json!({}));
    let scan = find(vec![page(&[A, C]), page(&[]), absent.clone()]);
    assert_eq!((ended(&scan), scan.verdict.evidence.as_str()), (("not-found", ""), "scan of 1 page, 2 rows"));
    assert_eq!(scan.seen.unwrap().response["response"][0]["users"], json!([]));
    let code = find(vec![answer(200, &json!({ "status": "OK", "response": [{ "status": "NOTFOUND" }] })), absent]);
    assert_eq!((ended(&code), code.verdict.evidence.as_str()), (("not-found", ""), "code NOTFOUND"));
}

#[test]
fn rows_without_the_field_that_they_are_compared_by_prove_nothing() {
    let users = |users: Value| answer(200, &json!({ "status": "OK", "response": [{ "users": users }] }));
    let bare = find(vec![users(json!([{ "id": "1" }]))]);
    assert_eq!((ended(&bare), bare.verdict.message.contains("\"email\"")), (("failed", "incomplete"), true));
    // One row that has it is enough, even empty: the others may have no value to show.
    let absent = answer(404, &json!({}));
    let mixed = find(vec![users(json!([{ "id": "1" }, { "id": "2", "email": null }])), users(json!([])), absent]);
    assert_eq!(ended(&mixed), ("not-found", ""));
}

#[test]
fn what_proves_nothing_is_a_failure() {
    // Empty from the start, ended by max, a page that comes twice, and trouble of every kind on page 2.
    assert_eq!(ended(&find(vec![page(&[]), page(&[])][..1].to_vec())), ("failed", "incomplete"));
    let full = vec![page(&[A, C]), page(&[A, ("5", "e@x")]), page(&[C, ("6", "f@x")]), page(&[C, ("7", "g@x")])];
    assert_eq!(ended(&find(full)), ("failed", "incomplete"));
    assert_eq!(ended(&find(vec![page(&[A, C]), page(&[A, C])])), ("failed", "incomplete"));
    let trouble = [
        (answer(500, &json!({ "status": "OK", "response": [{ "users": [] }] })), "server"),
        (answer(401, &json!({})), "auth"),
        (answer(429, &json!({})), "rate"),
        (answer(200, &json!({ "status": "OK", "response": [{ "status": "MISSING_DATA", "info": "key" }] })), "refused"),
        (answer(200, &json!({ "status": "OK", "response": [{}] })), "answer"),
        (refused("unanswered"), "network"),
        (refused("denied"), "denied"),
        (refused("auth"), "auth"),
    ];
    for (second, class) in trouble {
        // An answer without a list looks like an empty page, which ends the list; a failure must not.
        let finished = find(vec![page(&[A, C]), second]);
        assert_eq!(ended(&finished), ("failed", class));
    }
}

#[test]
fn several_matches_are_ambiguous_and_the_same_row_twice_is_not() {
    assert_eq!(ended(&find(vec![page(&[B, C]), page(&[("9", "b@X"), A])])), ("failed", "ambiguous"));
    assert_eq!(ended(&find(vec![page(&[B, C]), page(&[B])])), ("ok", ""));
}

#[test]
fn an_empty_key_sends_nothing() {
    for key in ["", " ", " b@x", "b@x\n"] {
        let (finished, asked) = run("find", json!({ "email": key }), vec![]);
        assert_eq!((ended(&finished), asked.len()), (("failed", "input"), 0), "{key:?}");
    }
}

#[test]
fn case_is_folded_beyond_ascii() {
    let (finished, _) = run("find", json!({ "email": "JÖRG@x" }), vec![page(&[("4", "jörg@x")])]);
    assert_eq!(ended(&finished), ("ok", ""));
}

#[test]
fn nothing_under_the_filter_is_checked_without_it() {
    let none = answer(200, &json!({ "status": "OK", "response": [{ "status": "NOTFOUND" }] }));
    let (finished, asked) = run("wide", json!({ "email": "B@x" }), vec![none.clone(), page(&[A, C]), page(&[B])]);
    assert_eq!((ended(&finished), finished.verdict.evidence.as_str()), (("ok", ""), "scan of 2 pages, 3 rows"));
    let narrow: Vec<&Value> = asked.iter().map(|(_, values)| &values["narrow"]).collect();
    assert_eq!(narrow, [&json!(true), &json!(false), &json!(false)]);
    // Absence is proven by the whole list, and its failure is no absence.
    assert_eq!(ended(&run("wide", json!({ "email": "k" }), vec![none.clone(), page(&[A])]).0), ("not-found", ""));
    assert_eq!(
        ended(&run("wide", json!({ "email": "k" }), vec![none, answer(500, &json!({}))]).0),
        ("failed", "server")
    );
}

#[test]
fn keys_of_two_items_are_no_absence() {
    let both = json!({ "email": "b@x", "id": "1" });
    assert_eq!(ended(&run("both", both, vec![page(&[A, B]), page(&[C])]).0), ("failed", "ambiguous"));
    let one = json!({ "email": "b@x", "id": "2" });
    assert_eq!(ended(&run("both", one, vec![page(&[A, B]), page(&[C])]).0), ("ok", ""));
}

#[test]
fn a_mixup_that_cannot_be_looked_at_is_no_absence() {
    for (status, class) in [(500, "server"), (401, "auth"), (400, "incomplete")] {
        let (finished, _) = run("find", json!({ "email": "k" }), vec![page(&[A]), answer(status, &json!({}))]);
        assert_eq!(ended(&finished), ("failed", class));
    }
}

#[test]
fn a_failure_tells_nothing_of_other_people() {
    let people = json!([{ "id": "1", "email": "a@x" }]);
    for body in [
        json!({ "users": people }),
        json!({ "response": { "users": people } }),
        json!({ "status": "NO", "response": [{ "users": people }] }),
    ] {
        for status in [200, 500] {
            let finished = find(vec![answer(status, &body)]);
            assert_eq!(finished.verdict.kind, "failed");
            let told = format!("{} {}", finished.verdict.message, finished.seen.unwrap().response);
            assert!(!told.contains("a@x"), "{told}");
        }
    }
}

#[test]
fn before_not_found_is_said_the_mixup_is_looked_at() {
    let (finished, asked) =
        run("find", json!({ "email": "k" }), vec![page(&[A]), answer(200, &json!({ "status": "OK", "id": "77" }))]);
    assert_eq!(ended(&finished), ("failed", "input"));
    assert_eq!(finished.verdict.message, "it is another's: 77");
    assert_eq!(asked[1], ("other".into(), json!({ "key": "k" })));
}

#[test]
fn the_vendors_words_are_passed_on_with_code_and_status() {
    let said = |status, body: Value| run("other", json!({ "key": "k" }), vec![answer(status, &body)]).0.verdict.message;
    let hidden = json!({ "status": "OK", "response": [{ "status": "MISSING_DATA", "info": "Missing key: os" }] });
    assert_eq!(said(200, hidden), "MISSING_DATA: Missing key: os");
    assert_eq!(said(400, json!("Ops, something happened!")), "HTTP 400: Ops, something happened!");
    assert_eq!(said(418, json!("")), "the API answered HTTP 418 without a reason");
    assert_eq!(said(400, json!("x".repeat(900))).chars().count(), "HTTP 400: ".len() + 300);
}

#[test]
fn what_a_create_does_not_answer_is_looked_up() {
    let ok = answer(200, &json!({ "status": "OK" }));
    let (finished, asked) =
        run("create", json!({ "key": "k" }), vec![ok.clone(), answer(200, &json!({ "status": "OK", "id": "7" }))]);
    assert_eq!((ended(&finished), &finished.outputs["id"], asked.len()), (("ok", ""), &json!("7"), 2));
    assert_eq!(finished.verdict.evidence, "envelope");
    // A look-up that fails changes nothing about the create.
    let (finished, _) = run("create", json!({ "key": "k" }), vec![ok, answer(500, &json!({}))]);
    assert_eq!((ended(&finished), &finished.outputs["id"]), (("ok", ""), &Value::Null));
    // What the answer bears is not looked up.
    let (finished, asked) =
        run("create", json!({ "key": "k" }), vec![answer(200, &json!({ "status": "OK", "id": 5 }))]);
    assert_eq!((&finished.outputs["id"], asked.len()), (&json!(5), 1));
}

/// The names of the points that a run reached.
pub(crate) fn trace(finished: &Finished) -> Vec<&'static str> {
    finished.trace.iter().map(|point| point.name()).collect()
}

#[test]
fn what_decided_is_traced_once_and_in_order() {
    let ok = answer(200, &json!({ "status": "OK", "id": 5 }));
    let no = answer(200, &json!({ "status": "NO" }));
    let other = |answer| trace(&run("other", json!({ "key": "k" }), vec![answer]).0);
    assert_eq!(other(ok), ["bundle.answer.ok_when"]);
    assert_eq!(other(no), ["bundle.answer.ok_when else"]);
    assert_eq!(other(answer(404, &json!({}))), ["answer.not_found_when"]);
    for (status, point) in [
        (401, "status auth"),
        (429, "status rate"),
        (503, "status server"),
        (400, "status other"),
        (302, "status other"),
    ] {
        assert_eq!(other(answer(status, &json!({}))), [point], "{status}");
    }
    assert_eq!(other(refused("denied")), [""; 0]);
}

#[test]
fn the_way_through_a_list_is_traced() {
    let held = "bundle.answer.ok_when";
    assert_eq!(trace(&find(vec![page(&[A, C]), page(&[B])])), [held, "pages.next", "pages.last_when", "find one"]);
    let twice = vec![page(&[B, C]), page(&[("9", "b@X"), A])];
    assert_eq!(trace(&find(twice)), [held, "pages.next", "find several"]);
    let full = vec![page(&[A, C]), page(&[A, ("5", "e@x")]), page(&[C, ("6", "f@x")]), page(&[C, ("7", "g@x")])];
    assert_eq!(trace(&find(full)), [held, "pages.next", "pages.max"]);
    let absent = answer(404, &json!({}));
    let none = vec![page(&[A, C]), page(&[]), absent];
    assert_eq!(trace(&find(none)), [held, "pages.next", "pages.end_when", "find none"]);
    // What the look on the side decides is its own; that it found something is the preset's.
    let mixed = vec![page(&[A]), answer(200, &json!({ "status": "OK", "id": "77" }))];
    assert_eq!(trace(&find(mixed)), [held, "pages.last_when", "find none", "mixup found"]);
    let none = answer(200, &json!({ "status": "OK", "response": [{ "status": "NOTFOUND" }] }));
    let (wide, _) = run("wide", json!({ "email": "k" }), vec![none, page(&[A])]);
    assert_eq!(trace(&wide), ["answer.not_found_when", "find.widen", held, "pages.last_when", "find none"]);
}

#[test]
fn no_point_is_reached_that_is_not_listed() {
    let bundle = presetter_manifest::Bundle::parse("bundle.toml", BUNDLE).unwrap();
    let preset = presetter_manifest::Preset::parse("find/preset.toml", FIND, &bundle).unwrap();
    let listed = presetter_manifest::points(&preset, &bundle);
    for answers in [
        vec![page(&[A, C]), page(&[B])],
        vec![page(&[A, C]), page(&[]), answer(404, &json!({}))],
        vec![page(&[A]), answer(200, &json!({ "status": "OK", "id": "77" }))],
        vec![answer(500, &json!({}))],
    ] {
        let finished = find(answers);
        assert!(!finished.trace.is_empty());
        assert!(finished.trace.iter().all(|point| listed.contains(point)), "{:?}", trace(&finished));
    }
}

#[test]
fn the_trace_is_in_the_verdicts_details() {
    let found = find(vec![page(&[B])]);
    let outcome = crate::contract::outcome(vec![found]);
    let details = r#"{"trace":["bundle.answer.ok_when","pages.last_when","find one"]}"#;
    assert_eq!((outcome.verdict.details.as_str(), outcome.items[0].verdict.details.as_str()), (details, details));
    assert_eq!(crate::contract::outcome(vec![]).verdict.details, "{}");
}
