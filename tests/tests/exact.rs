//! What the server got, against what the person typed: values arrive exactly, and never become structure.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use mosyle_standin::Oddities;
use presetter_tests::Stage;
use serde_json::{Value, json};

/// The quotes of the issue, and whatever else might end a string, open a tag or steer a terminal.
const NAMES: [&str; 12] = [
    r#"Sarah "O" Brien"#,
    r#"1","type":"ADMIN"#,
    "back\\slash\\",
    "new\nline and\ttab",
    "{{type}} and {{{type}}} and {{#if",
    "<<type>>",
    "}}",
    r#"{"a":[1,2]}"#,
    "\u{1b}[31mred\u{7f}\u{202e}",
    "Zoë 😀 \u{10ffff}",
    "0123",
    "null",
];

#[test]
fn the_server_gets_exactly_the_name_that_was_typed() {
    let stage = Stage::new(Oddities::default());
    stage.connect("m", "./presets/mosyle/session");
    for name in NAMES {
        stage.server().clear_log();
        let (set, run) = (format!("name={name}"), ["run", "./presets/mosyle/create-user", "-c", "m"]);
        let more = ["--set", "user_id=e1", "--set", &set, "--set", "type=ENDUSER", "--format", "json"];
        let output = stage.command(&[&run[..], &more[..]].concat()).output().unwrap();
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{name:?}\n{err}");

        let log = stage.server().log();
        let sent: Vec<Value> = log.iter().filter(|r| r.path == "/v1/users").map(|r| r.json().unwrap()).collect();
        let wanted = json!({"operation": "create_user", "user_id": "e1", "name": name, "type": "ENDUSER"});
        assert_eq!(sent, [wanted], "{name:?}");
        assert_eq!(stage.server().users().last().unwrap().name, name);

        let shown: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}"));
        assert_eq!(shown["outcome"], "ok");
        assert!(!out.trim_end().chars().any(char::is_control), "{out:?}");
    }
}

#[test]
fn a_plan_shows_the_body_that_is_sent() {
    let stage = Stage::new(Oddities::default());
    stage.server().seed(2);
    stage.connect("m", "mosyle/session");
    for name in NAMES {
        let (id, set) = ("mosyle_user_id=u1001", format!("name={name}"));
        let plan = ["plan", "mosyle/update-user", "--set", id, "--set", &set, "--format", "json"];
        stage.server().clear_log();
        let output = stage.command(&plan).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(stage.server().log(), [], "a plan opens no socket");
        let planned: Value = serde_json::from_slice(&output.stdout).unwrap();

        let run = ["run", "mosyle/update-user", "--set", id, "--set", &set];
        assert_eq!(stage.command(&run).output().unwrap().status.code(), Some(0));
        let log = stage.server().log();
        let sent = log.iter().rfind(|r| r.path == "/v1/users").unwrap().json().unwrap();
        assert_eq!(planned["request"]["body"], sent, "{name:?}");
    }
}

#[test]
fn a_hostile_id_is_one_string() {
    let stage = Stage::new(Oddities::default());
    stage.connect("m", "./presets/mosyle/session");
    let hostile = r#"1","type":"ADMIN"#;
    let id = format!("mosyle_user_id={hostile}");
    let plan = ["plan", "./presets/mosyle/update-user", "--set", &id, "--set", "name=x"];
    let output = stage.command(&plan).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let body: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(body, json!({"operation": "update_user", "iduser": hostile, "name": "x"}));
}
