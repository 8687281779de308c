//! The search for leaked secrets: a careless server repeats every credential that it got, in many encodings, and nothing of
//! it may reach what the program prints or keeps.
//!
//! What a component may have had in its memory meanwhile is searched by `canaries.rs`.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;

use mosyle_standin::Oddities;
use presetter_tests::{Search, Stage, secrets};

/// The session tokens that the look-alike gives, one a login.
fn session_token(login: u64) -> String {
    format!("standin.{login}.not-a-real-token-{login:08}")
}

/// The search for all that a stage's connections are given: the pair of HTTP Basic too, and the tokens of its first logins.
fn search() -> Search {
    secrets((1..=LOGINS).map(session_token))
}

/// More than there are in any test here.
const LOGINS: u64 = 20;

#[test]
fn nothing_printed_or_kept_holds_a_secret() {
    let stage = Stage::new(Oddities { echo_secrets: true, ..Oddities::default() });
    stage.server().seed(3);
    stage.connect("session", "mosyle/session");
    stage.connect("basic", "mosyle/basic");
    stage.connect("manager", "mosyle/manager-session");
    // Receipts keep as much as they can.
    fs::write(stage.home().join("config/receipts.toml"), "requests = 'full'\n").unwrap();
    let map = r#"--map all="{{response}}" --map headers="{{response_headers}}""#;
    let write = "--set user_id=e1 --set name=Eva --set type=ENDUSER";
    let mut lines = Vec::new();
    for connection in ["session", "basic"] {
        for format in ["json", "table", "raw"] {
            let options = format!("-c {connection} -vv --format {format} {map}");
            lines.push((0, format!("presetter run mosyle/user-by-email --set email=user2@example.com {options}")));
            // A list has no one answer to print raw.
            lines.push((if format == "raw" { 2 } else { 0 }, format!("presetter run mosyle/users {options}")));
            lines.push((0, format!("presetter run mosyle/create-user {write} {options}")));
            lines.push((4, format!("presetter run mosyle/user-by-id --set mosyle_user_id=nobody {options}")));
            lines.push((1, format!("presetter run mosyle/create-user {write} --body-set /type=7 {options}")));
        }
        lines.push((0, format!("presetter connection test {connection}")));
        lines.push((0, format!("presetter connection show {connection}")));
        lines.push((0, format!("presetter plan mosyle/users -c {connection} -vv --format json")));
    }
    let save = "presetter run mosyle/manager-save-user -c manager --set id=e1 --set name=Eva --set type=S -vv";
    lines.push((0, format!("{save} --format json {map}")));
    lines.push((0, "presetter connection export".to_owned()));
    let search = search();
    for (exit, line) in &lines {
        let ended = stage.run(line);
        // A mapping of an answer that is not there is told; that is not what is looked at here.
        assert!(ended.exit == *exit, "{line}\nended with {}\n{}", ended.exit, ended.err);
        for text in [&ended.out, &ended.err] {
            assert_eq!(search.found(text.as_bytes()), None, "{line}");
        }
    }
    // The echo was there to be cleaned: otherwise all of this shows nothing.
    let shown = stage.run("presetter run mosyle/users -c session --format json").out;
    assert!(shown.contains("[secret password]") || shown.contains("[secret access_token]"), "{shown}");

    assert!(stage.home().join("state").is_dir(), "no session was kept");
    assert!(stage.server().logins() <= LOGINS);
    let (files, found) = search.found_below(&stage.home());
    assert!(files > 3 && found.is_none(), "{files} files: {found:?}");
    let receipts = fs::read_to_string(stage.home().join("state/receipts/000001.jsonl")).unwrap();
    assert!(receipts.contains("\"answer\":{") && receipts.contains("[secret password]"), "no answer was kept");
    assert_eq!(stage.run("presetter receipts verify").exit, 0);
}

#[test]
fn failed_logins_tell_no_secret() {
    let search = search();
    for oddities in [
        Oddities { echo_secrets: true, forbid_login: true, ..Oddities::default() },
        Oddities { echo_secrets: true, forbid_all: true, ..Oddities::default() },
        Oddities { echo_secrets: true, token_ttl_ms: Some(0), ..Oddities::default() },
    ] {
        let stage = Stage::new(oddities);
        stage.connect("m", "mosyle/session");
        for line in ["presetter run mosyle/users -vv --format json", "presetter connection test m"] {
            let ended = stage.ends(6, line);
            for text in [&ended.out, &ended.err] {
                assert_eq!(search.found(text.as_bytes()), None, "{line}");
            }
        }
        assert!(stage.server().logins() <= LOGINS);
    }
}
