//! The search for leaked secrets: a careless server repeats every credential that it got, in many encodings, and nothing of
//! it may reach what the program prints or keeps.
//!
//! Searched twice: by the program's own redactor, and by encodings made here, which do not share its blind spots.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use mosyle_standin::{ACCESS_TOKEN, Oddities, PASSWORD};
use presetter_secret::{Redactor, Secret};
use presetter_tests::Stage;

/// Every form in which a secret is searched.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = bytes
        .iter()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(*byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    let json = serde_json::Value::from(secret).to_string();
    let json = json.trim_matches('"').to_owned();
    let again = serde_json::Value::from(json.as_str()).to_string();
    let mut forms = vec![
        secret.to_owned(),
        hex.to_uppercase(),
        hex,
        percent.to_lowercase(),
        percent,
        again.trim_matches('"').to_owned(),
        json,
    ];
    for shift in 0..3 {
        // Only the characters that the secret alone decides: what stands before and after it is not known.
        let shifted = [&b"\0\0"[..shift], bytes].concat();
        let whole = shifted.len() / 3 * 4;
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&shifted);
            forms.push(encoded[[0, 2, 3][shift]..whole].to_owned());
        }
    }
    forms
}

/// The session tokens that the look-alike gives, one a login.
fn session_token(login: u64) -> String {
    format!("standin.{login}.not-a-real-token-{login:08}")
}

fn secrets(logins: u64) -> Vec<(String, String)> {
    let mut all = vec![("password".into(), PASSWORD.to_owned()), ("access token".into(), ACCESS_TOKEN.to_owned())];
    all.extend((1..=logins).map(|login| (format!("session token {login}"), session_token(login))));
    all
}

/// The first secret in some bytes, if there is one.
fn found(bytes: &[u8], secrets: &[(String, String)]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    for (name, secret) in secrets {
        if let Some(form) = forms(secret).into_iter().find(|form| text.contains(form.as_str())) {
            return Some(format!("{name} as {form}"));
        }
    }
    let redactor = Redactor::new();
    for (name, secret) in secrets {
        redactor.add(name, &Secret::new(secret.clone()));
    }
    redactor.holds(bytes).then(|| format!("something that the redactor finds in {}", redactor.text(&text)))
}

fn files(folder: &Path, list: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => files(&entry.path(), list),
            false => list.push(entry.path()),
        }
    }
}

#[test]
fn nothing_printed_or_kept_holds_a_secret() {
    let stage = Stage::new(Oddities { echo_secrets: true, ..Oddities::default() });
    stage.server().seed(3);
    stage.connect("session", "mosyle/session");
    stage.connect("basic", "mosyle/basic");
    stage.connect("manager", "mosyle/manager-session");
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
    for (exit, line) in &lines {
        let ended = stage.run(line);
        let secrets = secrets(stage.server().logins());
        // A mapping of an answer that is not there is told; that is not what is looked at here.
        assert!(ended.exit == *exit, "{line}\nended with {}\n{}", ended.exit, ended.err);
        for text in [&ended.out, &ended.err] {
            assert_eq!(found(text.as_bytes(), &secrets), None, "{line}");
        }
    }
    // The echo was there to be cleaned: otherwise all of this shows nothing.
    let shown = stage.run("presetter run mosyle/users -c session --format json").out;
    assert!(shown.contains("[secret password]") || shown.contains("[secret access_token]"), "{shown}");

    let (mut kept, secrets) = (Vec::new(), secrets(stage.server().logins()));
    files(&stage.home(), &mut kept);
    assert!(kept.iter().any(|file| file.starts_with(stage.home().join("state"))), "no session was kept: {kept:?}");
    for file in kept {
        // Its name too.
        assert_eq!(found(file.to_str().unwrap().as_bytes(), &secrets), None);
        assert_eq!(found(&fs::read(&file).unwrap(), &secrets), None, "{}", file.display());
    }
}

#[test]
fn failed_logins_tell_no_secret() {
    for oddities in [
        Oddities { echo_secrets: true, forbid_login: true, ..Oddities::default() },
        Oddities { echo_secrets: true, forbid_all: true, ..Oddities::default() },
        Oddities { echo_secrets: true, token_ttl_ms: Some(0), ..Oddities::default() },
    ] {
        let stage = Stage::new(oddities);
        stage.connect("m", "mosyle/session");
        for line in ["presetter run mosyle/users -vv --format json", "presetter connection test m"] {
            let ended = stage.run(line);
            assert_eq!(ended.exit, 6, "{line}\n{}", ended.err);
            let secrets = secrets(stage.server().logins());
            for text in [&ended.out, &ended.err] {
                assert_eq!(found(text.as_bytes(), &secrets), None, "{line}");
            }
        }
    }
}

#[test]
fn the_search_finds_what_is_planted() {
    let secrets = secrets(1);
    assert_eq!(found(b"nothing of the kind", &secrets), None);
    for (_, secret) in &secrets {
        for form in forms(secret) {
            let planted = format!("text before it {form} and after it");
            assert!(found(planted.as_bytes(), &secrets).is_some(), "{form}");
        }
        for around in ["", "a", "ab"] {
            let encoded = STANDARD_NO_PAD.encode(format!("{around}{secret}xyz"));
            assert!(found(encoded.as_bytes(), &secrets).is_some(), "{encoded}");
        }
    }
}
