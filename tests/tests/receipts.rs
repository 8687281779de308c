//! Receipts, from the program alone: every run has one, however it ends and however many run at once, and no secret is in
//! any of them.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;
use std::process::Child;

use mosyle_standin::{ACCESS_TOKEN, Oddities, PASSWORD};
use presetter_tests::{Search, Stage};
use serde_json::Value;

const CREATE: &str = "presetter run mosyle/create-user --set user_id=e1 --set name=Eva --set type=ENDUSER";

/// All runs that `runs list` knows, the newest first.
fn runs(stage: &Stage) -> Vec<Value> {
    let ended = stage.run("presetter runs list --limit 1000 --format json");
    assert_eq!((ended.exit, ended.err.as_str()), (0, ""));
    ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What the receipt of the only run holds.
fn only(stage: &Stage) -> Value {
    let ended = stage.run("presetter runs show 01 --format json");
    assert_eq!(ended.exit, 0, "{}", ended.err);
    serde_json::from_str(&ended.out).unwrap()
}

fn log(stage: &Stage) -> String {
    fs::read_to_string(stage.home().join("state/receipts/000001.jsonl")).unwrap()
}

#[test]
fn the_run_that_is_printed_is_the_run_of_the_receipt() {
    let stage = Stage::new(Oddities::default());
    stage.connect("m", "mosyle/session");
    let printed: Value = serde_json::from_str(&stage.run(&format!("{CREATE} --format json")).out).unwrap();
    let kept = only(&stage);
    assert_eq!(printed["run"], kept["run"]);
    assert_eq!((&kept["outcome"], &kept["preset"]), (&printed["outcome"], &printed["preset"]));
    assert_eq!(kept["requests_sent"], printed["requests"]);
}

#[test]
fn a_crowd_of_processes_writes_one_chain() {
    let stage = Stage::new(Oddities::default());
    stage.server().seed(1);
    stage.connect("m", "mosyle/session");
    let reads = ["run", "mosyle/user-by-email", "--set", "email=user1@example.com"];
    let writes = ["run", "mosyle/update-user", "--set", "mosyle_user_id=u1001", "--set", "name=New"];
    let start = |n: usize| stage.command(if n.is_multiple_of(3) { &writes[..] } else { &reads[..] }).spawn().unwrap();
    let children: Vec<Child> = (0..60).map(start).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let ended = stage.run("presetter receipts verify --format json");
    let found: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((ended.exit, &found["entries"], &found["problem"]), (0, &120.into(), &Value::Null));
    let runs = runs(&stage);
    assert_eq!(runs.len(), 60);
    assert!(runs.iter().all(|run| run["outcome"] == "ok"));
    assert_eq!(runs.iter().filter(|run| run["preset"] == "mosyle/update-user").count(), 20);
}

#[test]
fn an_input_that_is_a_secret_is_not_kept() {
    let secrets = || Search::new([("password", PASSWORD), ("access token", ACCESS_TOKEN)]);
    let body = format!(r#"--body-set '/code={}' "#, Value::from(PASSWORD));
    for requests in ["summary", "full"] {
        let stage = Stage::new(Oddities::default());
        stage.connect("m", "mosyle/session");
        stage.connect("closed", "mosyle/session");
        stage.connect("basic", "mosyle/basic");
        stage.connect("dark", "mosyle/session");
        for line in [
            "presetter connection set closed --read-only true",
            "presetter connection set dark --secret password=env:NOT_THERE",
        ] {
            assert_eq!(stage.run(line).exit, 0, "{line}");
        }
        fs::write(stage.home().join("config/receipts.toml"), format!("requests = '{requests}'\n")).unwrap();
        fs::write(stage.folder().join("body.hbs"), format!(r#"{{"a": {}, "b": {{{{name}}}}}}"#, Value::from(PASSWORD)))
            .unwrap();
        let create =
            format!("presetter run mosyle/create-user --set user_id=e1 --set type=ENDUSER --set 'name=x {PASSWORD}'");
        // Used; refused before any secret was looked up; refused because one of them is not there.
        for (connection, exit) in [("m", 0), ("basic", 0), ("closed", 5), ("dark", 6)] {
            let ended = stage.run(&format!("{create} -c {connection}"));
            assert_eq!(ended.exit, exit, "{connection}\n{}", ended.err);
            // However these end, none of them may keep it.
            stage.run(&format!("{create} -c {connection} {body}"));
            stage.run(&format!("{create} -c {connection} --confirm"));
            stage.run(&format!("{create} -c {connection} --body body.hbs"));
            stage.run(&format!("presetter run mosyle/user-by-email -c {connection} --set 'email={ACCESS_TOKEN}'"));
        }
        let kept = log(&stage);
        assert_eq!(secrets().found(kept.as_bytes()), None, "{requests}");
        assert_eq!(runs(&stage).len(), 20);
        // The places were there to be cleaned: otherwise all of this shows nothing.
        for mark in
            ["x [secret password]", "[secret input name]", r#""/code":"[secret field /code]""#, "[secret template]"]
        {
            assert!(kept.contains(mark), "{mark} is not in the receipts");
        }
        assert_eq!(kept.contains("\"answer\":{"), requests == "full");
        assert_eq!(stage.run("presetter receipts verify").exit, 0);
    }
}

#[test]
fn an_export_is_whole_and_its_owners_alone() {
    let stage = Stage::new(Oddities::default());
    stage.server().seed(2);
    stage.connect("m", "mosyle/session");
    for _ in 0..3 {
        assert_eq!(stage.run("presetter run mosyle/users").exit, 0);
    }
    let shown = stage.run("presetter runs export").out;
    assert_eq!(shown.lines().count(), 3);
    for _ in 0..2 {
        // The second takes the place of the first.
        let ended = stage.run("presetter runs export -o runs.jsonl");
        assert_eq!((ended.exit, ended.out.as_str(), ended.err.as_str()), (0, "", ""));
    }
    let file = stage.folder().join("runs.jsonl");
    assert_eq!(fs::read_to_string(&file).unwrap(), shown);
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
}

/// Runs that are ended from outside while a request is under way.
#[cfg(unix)]
mod ended_from_outside {
    use std::io::Read as _;
    use std::net::{TcpListener, TcpStream};
    use std::process::Command;

    use super::*;

    /// Starts a line against a server that takes the request and never answers, then sends a signal.
    fn ended_by(signal: &str, line: &str) -> (Option<i32>, Value) {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let stage = Stage::new(Oddities::default());
        stage.connect("m", "mosyle/basic");
        let url = format!("http://{}/v1", silent.local_addr().unwrap());
        assert_eq!(stage.run(&format!("presetter connection set m --base-url {url}")).exit, 0);
        let words = shlex::split(line).unwrap();
        let mut child = stage.command(&words[1..]).spawn().unwrap();
        let (mut connection, _) = silent.accept().unwrap();
        whole_request(&mut connection);
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let exit = child.wait().unwrap().code();
        assert_eq!(stage.run("presetter receipts verify").exit, 0);
        (exit, only(&stage))
    }

    /// Reads until the request's JSON body has come.
    fn whole_request(connection: &mut TcpStream) {
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            let mut bytes = [0; 4096];
            let count = connection.read(&mut bytes).unwrap();
            assert!(count > 0, "the program hung up");
            request.extend_from_slice(&bytes[..count]);
        }
    }

    #[test]
    fn killed_it_is_interrupted() {
        let (exit, kept) = ended_by("-KILL", CREATE);
        assert_eq!(exit, None);
        assert_eq!(
            (&kept["outcome"], &kept["writes"], &kept["ended"]),
            (&"interrupted".into(), &true.into(), &Value::Null)
        );
        assert_eq!(kept["input_names"], serde_json::json!(["user_id", "name", "type"]));
    }

    #[test]
    fn stopped_by_a_person_it_tells_what_was_under_way() {
        let (exit, kept) = ended_by("-INT", CREATE);
        assert_eq!((exit, &kept["outcome"]), (Some(7), &"unknown".into()));
        let requests = kept["requests"].as_array().unwrap();
        assert_eq!(
            (requests.len(), &requests[0]["method"], &requests[0]["error"]),
            (1, &"POST".into(), &"ended".into())
        );
        assert_eq!(kept["inputs"]["name"], "Eva");

        let (exit, kept) = ended_by("-INT", "presetter run mosyle/user-by-email --set email=a@example.com");
        assert_eq!((exit, &kept["outcome"], &kept["class"]), (Some(1), &"failed".into(), &"cancelled".into()));
    }
}
