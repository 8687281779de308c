//! The program `mosyle-standin`.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::client::call;

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_mosyle-standin"))
}

#[test]
fn it_tells_its_urls_serves_and_ends_with_its_input() {
    let mut child = program()
        .args(["--seed", "3", "--oddities", r#"{"forbid_login":true}"#])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    out.read_line(&mut line).expect("a line");
    let told: Value = serde_json::from_str(&line).expect("the line is JSON");
    let url = told["business_url"].as_str().expect("a URL");
    let host = url.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/v1")).expect("http and /v1");
    assert_eq!(told["manager_url"], format!("http://{host}/v2"));

    let to = host.parse().expect("an address");
    let users = call(to, "GET", "/_standin/users", &[], "").expect("an answer").json();
    assert_eq!(users.as_array().map(Vec::len), Some(3));
    let headers = [("accessToken", told["access_token"].as_str().expect("a token"))];
    let login = json!({ "email": told["email"], "password": told["password"] }).to_string();
    assert_eq!(call(to, "POST", "/v1/login", &headers, &login).expect("an answer").status, 403);

    drop(child.stdin.take());
    assert!(child.wait().expect("it ends").success());
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("the end");
    assert_eq!(rest, "");
}

#[test]
fn wrong_arguments_are_told_and_end_with_2() {
    for (arguments, word) in [
        (vec!["--ports"], "--ports"),
        (vec!["--port"], "needs a value"),
        (vec!["--port", "70000"], "70000"),
        (vec!["--seed", "-1"], "-1"),
        (vec!["--oddities", r#"{"x":1}"#], "unknown field"),
    ] {
        let output = program().args(&arguments).stdin(Stdio::null()).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(word), "{arguments:?}");
        assert!(output.stdout.is_empty());
    }
    let help = program().arg("--help").stdin(Stdio::null()).output().expect("it runs");
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("--oddities"));
}
