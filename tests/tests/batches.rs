//! Batch presets by the command line: many rows in one request to Mosyle Manager, and what each row is told.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use mosyle_standin::{Canned, Oddities};
use presetter_tests::Stage;
use serde_json::{Value, json};

const SAVE: &str = r#"
title = "Save users in Mosyle Manager"
summary = "Creates users, up to 50 in one request."
object = "users"
effect = "create"
repeat = "probe"
connections = ["manager-session"]

[inputs]
id = { type = "string", required = true, help = "your own identifier" }
name = { type = "string", required = true, help = "the full name" }
type = { type = "string", default = "S", help = "S student, T teacher, STAFF" }
email = { type = "string", help = "the e-mail address" }

[batch]
most = 50
elements = "{{response.elements}}"
key = { input = "id", field = "id" }

[request]
method = "POST"
path = ["users"]
body = '''
{
  "elements": [
    {{#each rows}}
    { "operation": "save", "id": {{id}}, "name": {{name}}, "type": {{type}}, "email": {{optional email}} }
    {{#unless @last}},{{/unless}}
    {{/each}}
  ]
}'''

[outputs]
id = "{{response.id}}"
name = "{{name}}"

[probe]
preset = "user-by-identifier"
inputs = { identifier = "{{id}}" }
equal = ["name"]
"#;

const RUN: &str = "presetter run ./presets/mosyle/save-many -c k --each new.csv --yes";

/// A stage with the batch preset in its copy of the bundle, a connection, and so many new people in `new.csv`.
fn stage(count: usize) -> Stage {
    let stage = Stage::new(Oddities::default());
    write(&stage, "presets/mosyle/save-many/preset.toml", SAVE);
    stage.connect("k", "./presets/mosyle/manager-session");
    let rows = (0..count).map(|n| format!("new{n},New {n}\n")).collect::<String>();
    write(&stage, "new.csv", &format!("id,name\n{rows}"));
    stage
}

fn write(stage: &Stage, name: &str, text: &str) {
    let path = stage.folder().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn outcomes(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["outcome"].as_str().unwrap()).collect()
}

/// The ids of each request that saved users, in a fixed order.
fn saved(stage: &Stage) -> Vec<Vec<String>> {
    let log = stage.server().log();
    let writes = log.iter().filter(|logged| logged.path == "/v2/users").map(|logged| logged.json().unwrap());
    let id = |element: &Value| element["id"].as_str().unwrap().to_owned();
    let mut saved: Vec<Vec<String>> =
        writes.map(|body| body["elements"].as_array().unwrap().iter().map(id).collect()).collect();
    saved.sort();
    saved
}

/// Who is there, by id.
fn there(stage: &Stage) -> BTreeMap<String, String> {
    stage.server().manager_users().into_iter().map(|user| (user.id, user.name)).collect()
}

/// A server that answers so to every write.
fn always(body: Value) -> Oddities {
    let answer = Canned { body, ..Canned::default() };
    Oddities { paths: BTreeMap::from([("/v2/users".to_owned(), answer)]), ..Oddities::default() }
}

#[test]
fn as_many_rows_as_the_vendor_takes_go_in_one_request() {
    let stage = stage(120);
    let ended = stage.ends(0, RUN);
    let told = lines(&ended.out);
    let numbers: Vec<u64> = told.iter().map(|line| line["row"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=120).collect::<Vec<_>>());
    for (at, line) in told.iter().enumerate() {
        let outputs = json!({ "id": format!("new{at}"), "name": format!("New {at}") });
        assert_eq!((&line["outcome"], &line["outputs"]), (&json!("ok"), &outputs));
        // The first of those that went together has the request.
        assert_eq!(line["requests"], u32::from(at % 50 == 0));
    }
    let mut sizes: Vec<usize> = saved(&stage).iter().map(Vec::len).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [20, 50, 50]);
    assert!(ended.err.contains("120 rows: 120 ok; 3 requests"), "{}", ended.err);
    assert_eq!(there(&stage).len(), 120);
}

#[test]
fn a_run_by_itself_is_a_batch_of_one() {
    let stage = stage(3);
    let plan = stage.ends(0, "presetter plan ./presets/mosyle/save-many -c k --set id=a --set name=A");
    assert!(plan.out.contains(r#"[{"operation":"save","id":"a","name":"A","type":"S"}]"#), "{}", plan.out);
    assert!(plan.err.contains("with --each: up to 50 rows in one request"), "{}", plan.err);
    let line = "presetter run ./presets/mosyle/save-many -c k --format json";
    let told: Value = serde_json::from_str(&stage.does(&format!("{line} --set id=new0 --set name='New 0'"))).unwrap();
    assert_eq!((&told["outcome"], &told["outputs"]["id"]), (&json!("ok"), &json!("new0")));
    // A body of the operator's own goes through rows too.
    let element = r#"{"operation": "save", "id": {{id}}, "name": "Own", "type": "T"}"#;
    write(&stage, "body", &format!(r#"{{"elements": [{{{{#each rows}}}}{element}{{{{/each}}}}]}}"#));
    stage.does(&format!("{line} --set id=own --set name=x --body body"));
    assert_eq!(there(&stage)["own"], "Own");
    write(&stage, "body", r#"{"elements": [{"id": {{id}}}]}"#);
    let ended = stage.ends(3, &format!("{line} --set id=own --set name=x --body body"));
    assert!(ended.err.contains("possible here: rows, settings"), "{}", ended.err);
    // A look is for one row, and so is what follows it.
    stage.server().clear_log();
    let told = lines(&stage.does(&format!("{RUN} --skip-existing")));
    assert_eq!(outcomes(&told), ["skipped", "ok", "ok"]);
    assert_eq!(saved(&stage), [["new1"], ["new2"]]);
}

#[test]
fn each_row_is_told_what_its_own_element_says() {
    let stage = stage(0);
    write(&stage, "new.csv", "id,name,type\na,A,S\nb,B,BOSS\nc,C,T\n");
    stage.server().set_oddities(Oddities { element_results: true, ..Oddities::default() });
    let line = format!("{RUN} --journal j");
    let told = lines(&stage.ends(1, &line).out);
    assert_eq!(outcomes(&told), ["ok", "failed", "failed"]);
    assert_eq!(told[1]["class"], "refused");
    assert!(told[1]["message"].as_str().unwrap().starts_with("INVALID_DATA: "), "{}", told[1]);
    assert!(told[2]["message"].as_str().unwrap().contains("because the stand-in was told so"), "{}", told[2]);
    assert_eq!(there(&stage).into_keys().collect::<Vec<_>>(), ["a"]);
    // Only what failed is sent again, and together.
    write(&stage, "new.csv", "id,name,type\na,A,S\nb,B,STAFF\nc,C,T\n");
    stage.server().set_oddities(Oddities::default());
    let told = lines(&stage.does(&format!("{line} --resume --retry-failed")));
    assert_eq!(outcomes(&told), ["ok", "ok", "ok"]);
    assert_eq!(saved(&stage), [vec!["a", "b", "c"], vec!["b", "c"]]);
}

#[test]
fn a_row_that_the_answer_does_not_speak_of_is_unknown() {
    let stage = stage(0);
    write(&stage, "new.csv", "id,name\na,A\nb,B\nc,C\nd,D\n");
    let elements = json!([
        { "id": "c", "status": "OK" },
        { "id": "b", "status": "OK" },
        { "id": "b", "status": "OK" },
        { "id": "a", "status": "INVALID_DATA", "info": "no" },
    ]);
    stage.server().set_oddities(always(json!({ "status": "OK", "elements": elements })));
    let told = lines(&stage.ends(7, RUN).out);
    assert_eq!(outcomes(&told), ["failed", "unknown", "ok", "unknown"]);
    for (row, why) in [(1, "more than one element with id \"b\""), (3, "no element with id \"d\"")] {
        let message = told[row]["message"].as_str().unwrap();
        assert!(message.starts_with("whether this write took place is not known: "), "{message}");
        assert!(message.contains(why) && told[row]["class"] == "unanswered", "{}", told[row]);
    }
    // What is unknown is looked at, each by itself; what failed is left alone.
    stage.server().set_oddities(Oddities::default());
    stage.server().clear_log();
    let told = lines(&stage.ends(1, &format!("{RUN} --resume")).out);
    assert_eq!(outcomes(&told), ["failed", "ok", "ok", "ok"]);
    assert_eq!(saved(&stage), [["b"], ["d"]]);
}

#[test]
fn what_happens_to_a_request_happens_to_all_its_rows() {
    let stage = stage(3);
    for (oddities, exit, outcome, class) in [
        (Oddities { server_errors: 1, ..Oddities::default() }, 1, "failed", "server"),
        (Oddities { hang_up_after_create: 1, ..Oddities::default() }, 7, "unknown", "unanswered"),
        (always(json!({ "status": "MISSING_DATA", "info": "Missing key: elements" })), 1, "failed", "refused"),
        (always(json!({ "status": "OK" })), 7, "unknown", "unanswered"),
    ] {
        stage.server().set_oddities(oddities);
        let told = lines(&stage.ends(exit, &format!("{RUN} --restart")).out);
        assert_eq!(told.len(), 3);
        for line in told {
            assert_eq!((&line["outcome"], &line["class"]), (&json!(outcome), &json!(class)), "{line}");
        }
    }
    // A limit is that of one run, whatever rows are in it.
    stage.server().set_oddities(Oddities::default());
    stage.server().clear_log();
    stage.does("presetter connection set k --limit json_values=10");
    let told = lines(&stage.ends(5, &format!("{RUN} --restart")).out);
    assert!(told.len() == 3 && told.iter().all(|line| line["class"] == "limit"), "{told:?}");
    assert!(saved(&stage).is_empty());
}

#[test]
fn rows_with_one_key_do_not_go_together() {
    let stage = stage(0);
    write(&stage, "new.csv", "id,name\na,A\nb,B\na,A2\nc,C\n");
    let told = lines(&stage.does(RUN));
    assert_eq!(outcomes(&told), ["ok"; 4]);
    assert_eq!(saved(&stage), [["a", "b"], ["a", "c"]]);
}

#[test]
fn a_run_that_is_killed_within_requests_goes_on_and_saves_nobody_twice() {
    let stage = stage(400);
    stage.server().set_oddities(Oddities { slow_ms: 30, ..Oddities::default() });
    for part in 1..=3 {
        let resume = if part == 1 { "" } else { "--resume" };
        killed(&stage, &format!("{RUN} {resume} --concurrency 2"), 100 * part);
    }
    let ended = stage.ends(0, &format!("{RUN} --resume"));
    let told = lines(&ended.out);
    assert_eq!(told.len(), 400);
    assert!(outcomes(&told).iter().all(|outcome| ["ok", "skipped"].contains(outcome)), "{}", ended.err);
    assert!(outcomes(&told).contains(&"skipped"), "none was under way at the kills: {}", ended.err);
    assert_eq!((there(&stage).len(), saved(&stage).concat().len()), (400, 400), "each was sent once");
}

/// Starts a run, and kills it when so many are there.
fn killed(stage: &Stage, line: &str, at: usize) {
    let words = shlex::split(line).unwrap();
    let mut child = stage.command(&words[1..]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(120);
    while there(stage).len() < at && child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < until, "only {} are there", there(stage).len());
        thread::sleep(Duration::from_millis(1));
    }
    let _ = child.kill();
    child.wait().unwrap();
}
