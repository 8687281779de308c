//! Many rows in one request: what is sent, and what each row is told.

use std::cell::RefCell;

use serde_json::{Map, Value, json};

use crate::door::{Raw, Refusal};
use crate::load::{Files, Recipes};
use crate::run::{Context, Finished, Run};
use crate::tests::{BUNDLE, Script, answer, ended, refused, trace};

const SAVE: &str = r#"title = "Save"
effect = "update"
repeat = "natural"
[inputs]
id = { type = "string", required = true }
name = { type = "string" }
[batch]
most = 50
elements = "{{response.elements}}"
key = { input = "id", field = "key" }
[request]
method = "POST"
path = ["users"]
body = '[{{#each rows}}{ "id": {{id}} }{{#unless @last}},{{/unless}}{{/each}}]'
[answer]
not_found_when = 'codes == ["NOBODY"]'
[outputs]
id = "{{id}}"
number = "{{optional response.number}}"
"#;

fn rows(ids: &[&str]) -> Vec<Map<String, Value>> {
    ids.iter().map(|id| Map::from_iter([("id".to_owned(), json!(id))])).collect()
}

/// Runs the preset for some rows: what came of each, and what was asked for.
fn run(preset: &str, ids: &[&str], answers: Vec<Result<Raw, Refusal>>) -> (Vec<Finished>, Vec<(String, Value)>) {
    let files = json!({ "files": { "bundle.toml": BUNDLE, "save/preset.toml": preset } });
    let recipes = Recipes::compile(&Files::read(&files.to_string()).unwrap()).unwrap();
    let script = Script { answers: RefCell::new(answers), ..Script::default() };
    let context = Context { kind: "open".into(), settings: json!({}) };
    let finished =
        Run { recipes: &recipes, door: &script, context: &context, scripts: None }.preset("save", &rows(ids));
    assert!(script.answers.borrow().is_empty(), "not all answers were asked for");
    (finished, script.asked.into_inner())
}

fn save(ids: &[&str], body: Value) -> Vec<Finished> {
    run(SAVE, ids, vec![answer(200, &body)]).0
}

fn ends(finished: &[Finished]) -> Vec<(&str, &str)> {
    finished.iter().map(ended).collect()
}

#[test]
fn one_request_has_all_rows_and_each_is_judged_by_its_own_element() {
    let body = json!({ "status": "OK", "elements": [
        { "key": "c", "status": "OK", "number": 3 },
        { "key": "d", "status": "NOBODY" },
        { "key": "a", "status": "OK" },
        { "key": "b", "status": "INVALID_DATA", "info": "no such type" },
    ] });
    let (finished, asked) = run(SAVE, &["a", "b", "c", "d"], vec![answer(200, &body)]);
    assert_eq!(ends(&finished), [("ok", ""), ("failed", "refused"), ("ok", ""), ("not-found", "")]);
    let all = json!({ "rows": [{ "id": "a" }, { "id": "b" }, { "id": "c" }, { "id": "d" }] });
    assert_eq!(asked, [("save".to_owned(), all)]);
    assert_eq!(finished[1].verdict.message, "INVALID_DATA: no such type");
    assert_eq!(finished[3].verdict.evidence, "code NOBODY");
    assert_eq!((&finished[2].outputs["id"], &finished[2].outputs["number"]), (&json!("c"), &json!(3)));
    // Nobody else's element is shown.
    let seen = finished[0].seen.as_ref().unwrap();
    assert_eq!((seen.status, &seen.response), (200, &body["elements"][2]));
    assert_eq!(trace(&finished[0]), ["bundle.answer.ok_when"]);
    assert_eq!(trace(&finished[1]), ["bundle.answer.ok_when else"]);
}

#[test]
fn a_row_that_no_element_speaks_of_or_more_than_one_is_unanswered() {
    let body = json!({ "status": "OK", "elements": [
        { "key": 1, "status": "OK" },
        { "key": "2", "status": "OK" },
        { "key": "2", "status": "OK" },
        { "key": "9", "status": "OK" },
        "no object",
    ] });
    let finished = save(&["1", "2", "3"], body);
    assert_eq!(ends(&finished), [("ok", ""), ("failed", "unanswered"), ("failed", "unanswered")]);
    assert_eq!(finished[1].verdict.message, "the answer has more than one element with key \"2\"");
    assert_eq!(finished[2].verdict.message, "the answer has no element with key \"3\"");
    assert_eq!(trace(&finished[2]), ["batch none"]);
    assert_eq!(finished[2].seen.as_ref().unwrap().response, json!({ "status": "OK", "elements": [] }));
}

#[test]
fn without_a_key_the_order_tells_and_there_must_be_as_many() {
    let order = SAVE.replace("key = { input", "# key = { input");
    let elements = |count: usize| json!({ "elements": vec![json!({ "status": "OK" }); count] });
    for (count, end) in [(2, ("ok", "")), (1, ("failed", "unanswered")), (3, ("failed", "unanswered"))] {
        let (finished, _) = run(&order, &["a", "a"], vec![answer(200, &elements(count))]);
        assert_eq!(ends(&finished), [end, end], "{count}");
    }
}

#[test]
fn rows_with_one_key_are_not_sent() {
    let (finished, asked) = run(SAVE, &["a", "b", "a"], vec![]);
    assert_eq!((ends(&finished), asked.len()), (vec![("failed", "input"); 3], 0));
}

#[test]
fn an_answer_without_a_list_is_judged_as_a_whole_for_all() {
    let elements = json!([{ "key": "a", "status": "OK" }, { "key": "b", "status": "OK" }]);
    for (answered, class) in [
        (answer(500, &json!({ "elements": elements })), "server"),
        (answer(401, &json!({})), "auth"),
        (answer(400, &json!({ "elements": elements, "info": "no" })), "refused"),
        (answer(200, &json!({ "status": "MISSING_DATA", "info": "Missing key: elements" })), "refused"),
        (answer(200, &json!({ "status": "NOBODY" })), "refused"),
        // It would be ok, and says nothing of any row.
        (answer(200, &json!({ "status": "OK" })), "unanswered"),
        (answer(200, &json!({ "status": "OK", "elements": { "a": 1 } })), "unanswered"),
        (refused("unanswered"), "network"),
        (refused("denied"), "denied"),
    ] {
        let (finished, _) = run(SAVE, &["a", "b"], vec![answered.clone()]);
        assert_eq!(ends(&finished), [("failed", class); 2], "{answered:?}");
    }
    let finished = save(&["a", "b"], json!({ "status": "MISSING_DATA", "info": "Missing key: os", "more": [1] }));
    assert_eq!(finished[1].verdict.message, "MISSING_DATA: Missing key: os");
    assert_eq!(
        finished[1].seen.as_ref().unwrap().response,
        json!({ "status": "MISSING_DATA", "info": "Missing key: os" })
    );
    // A row alone is what it speaks of.
    assert_eq!(ends(&save(&["a"], json!({ "status": "NOBODY" }))), [("not-found", "")]);
}
