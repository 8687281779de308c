use presetter_secret::{Redactor, Secret};
use serde_json::json;

use super::*;

fn played(kind: presetter_runtime::Kind, outputs: Value, rows: Value) -> Played {
    let outcome = presetter_runtime::Outcome {
        kind,
        class: "refused".to_owned(),
        message: "no \"x\"".to_owned(),
        evidence: "scan of 1 page".to_owned(),
        hint: None,
    };
    Played {
        outcome,
        outputs: outputs.as_object().cloned().unwrap_or_default(),
        rows: rows.as_array().cloned().unwrap_or_default(),
        sent: Vec::new(),
        logins: 1,
        took_blocks: Vec::new(),
        trace: Vec::new(),
        took: std::time::Duration::ZERO,
    }
}

#[test]
fn a_new_case_has_what_happened_and_no_secret() {
    let redactor = Redactor::new();
    redactor.add("key", &Secret::new("hunter2-and-more".to_owned()));
    let outputs = json!({"id": "u1", "n": 3, "none": null, "list": [{"a": 1.5}], "note": "hunter2-and-more"});
    let played = played(presetter_runtime::Kind::Ok, outputs, json!([{"a": true}, {"b": null}]));
    let inputs = json!({"name": "Sarah \"O\"", "secret": "x hunter2-and-more"});
    let text = new_case(&New {
        title: "New",
        connection: "session",
        cassette: Some("a.json"),
        inputs: inputs.as_object().unwrap(),
        settings: &Map::new(),
        fields: json!({"email": "a@example.com"}).as_object().unwrap(),
        confirm: true,
        played: &played,
        masks: &Masks::new(redactor),
    });
    assert_eq!(
        text,
        r#"title = "New"
connection = "session"
cassettes = ["a.json"]
confirm = true

[inputs]
name = 'Sarah "O"'
secret = "x [secret key]"

[fields]
email = "a@example.com"

[expect]
outcome = "ok"
evidence = "scan of 1 page"
logins = 1
outputs = { id = "u1", n = 3, list = [{ a = 1.5 }], note = "[secret key]" }
rows = [
    { a = true },
    {},
]
"#
    );
}

#[test]
fn expectations_change_and_nothing_around_them() {
    let text = "# top\n[expect] # e\noutcome = \"ok\" # o\n# about outputs\noutputs = { id = \"1\", old = 2 } # p\n\n# rows\n[[expect.rows]]\na = 1 # one\n[[expect.rows]]\na = 2\n";
    let mut document: DocumentMut = text.parse().unwrap();
    let expect = document["expect"].as_table_like_mut().unwrap();
    put_object(expect, "outputs", json!({"id": "1", "new": [1, "x"]}).as_object().unwrap());
    put_list(expect, "rows", &[json!({"a": 1}), json!({"a": 3})].map(|row| object(&row)));
    assert_eq!(
        document.to_string(),
        "# top\n[expect] # e\noutcome = \"ok\" # o\n# about outputs\noutputs = { id = \"1\", new = [1, \"x\"] } # p\n\n# rows\n[[expect.rows]]\na = 1 # one\n[[expect.rows]]\na = 3\n"
    );
}

#[test]
fn an_outcome_brings_what_belongs_to_it() {
    let mut document: DocumentMut = "[expect]\noutcome = \"ok\" # o\n".parse().unwrap();
    let expect = document["expect"].as_table_like_mut().unwrap();
    let failed = played(presetter_runtime::Kind::Failed, json!({}), json!([]));
    fill_outcome(expect, &failed);
    let wanted = "[expect]\noutcome = \"failed\" # o\nclass = \"refused\"\nmessage = 'no \"x\"'\nevidence = \"scan of 1 page\"\n";
    assert_eq!(document.to_string(), wanted);
    let expect = document["expect"].as_table_like_mut().unwrap();
    fill_outcome(expect, &played(presetter_runtime::Kind::Ok, json!({}), json!([])));
    assert_eq!(document.to_string(), "[expect]\noutcome = \"ok\" # o\nevidence = \"scan of 1 page\"\n");
}
