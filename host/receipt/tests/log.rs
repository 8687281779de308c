//! The log as one process writes and reads it.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

mod common;

use std::fs;

use common::Play;
use presetter_receipt::{Fault, Head, INTERRUPTED, Kind, Log, MAX_LINE, New, Run, Runs};
use presetter_secret::{Redactor, Secret};
use serde_json::json;

#[test]
fn entries_are_chained_across_segments() {
    let play = Play::rolling();
    assert_eq!(play.log.head().unwrap().to_string(), format!("0:{}", "0".repeat(64)));
    assert_eq!(play.log.verify(None).unwrap().entries, 0);
    let play = play.with(10);
    let found = play.log.verify(None).unwrap();
    assert_eq!((found.entries, found.problem, found.torn, found.mended), (20, None, None, 0));
    assert!(found.files > 3, "{} files", found.files);
    assert_eq!(found.head, play.log.head().unwrap());
    assert!((1..=found.files).all(|n| play.read(n as u32).len() <= 700));

    let entries: Vec<_> = play.log.entries().unwrap().map(|entry| entry.unwrap().unwrap()).collect();
    assert_eq!(entries.iter().map(|e| e.seq).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
    assert_eq!((entries[4].kind, entries[4].run.as_str()), (Kind::Begun, "run-2"));
}

#[test]
fn every_kind_of_change_is_named_with_its_place() {
    let lines =
        |play: &Play| play.read(1).split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    type Change = fn(&mut Vec<Vec<u8>>);
    let changes: [(Change, &str); 8] = [
        (
            |lines| lines[2] = String::from_utf8(lines[2].clone()).unwrap().replace("a/b", "a/c").into_bytes(),
            "000001.jsonl:3: this entry was changed after it was written: its hash does not fit it",
        ),
        (|lines| drop(lines.remove(2)), "000001.jsonl:3: entry 3 is missing before entry 4"),
        (|lines| drop(lines.drain(1..4)), "000001.jsonl:2: entries 2 to 4 are missing before entry 5"),
        (|lines| drop(lines.remove(0)), "000001.jsonl:1: entry 1 is missing before entry 2"),
        (|lines| lines.swap(1, 2), "000001.jsonl:2: entry 2 is missing before entry 3"),
        (
            |lines| lines.insert(3, lines[1].clone()),
            "000001.jsonl:4: entry 2 stands here, where entry 4 should: entries were moved or repeated",
        ),
        (|lines| lines.insert(1, b"\n".to_vec()), "000001.jsonl:2: this line is not an entry as Presetter writes them"),
        (
            // Its hash fits it: someone took the trouble to compute it.
            |lines| {
                let other = Play::new();
                for run in ["x", "y", "z"] {
                    other.begin(run);
                }
                lines[2] = other.read(1).split_inclusive(|byte| *byte == b'\n').nth(2).unwrap().to_vec();
            },
            "000001.jsonl:3: entry 3 does not continue the entry before it: one of the two was replaced",
        ),
    ];
    for (change, wanted) in changes {
        let play = Play::new().with(3);
        let mut all = lines(&play);
        change(&mut all);
        play.write(1, &all.concat());
        assert_eq!(play.problem(None).as_deref(), Some(wanted));
    }
}

#[test]
fn a_missing_or_shortened_segment_is_named() {
    let play = Play::rolling().with(10);
    let second = play.read(2);
    fs::remove_file(play.path(2)).unwrap();
    assert_eq!(play.problem(None).as_deref(), Some("000002.jsonl: this file is missing"));
    play.write(2, &second[..second.len() - 1]);
    let problem = play.log.verify(None).unwrap().problem.unwrap();
    assert_eq!((problem.fault, problem.file), (Fault::CutShort, play.path(2)));
    fs::remove_file(play.path(1)).unwrap();
    assert_eq!(play.problem(None).as_deref(), Some("000001.jsonl: this file is missing"));
}

#[test]
fn the_removal_of_the_newest_entries_shows_against_a_head_alone() {
    let play = Play::new().with(2);
    let kept = play.log.head().unwrap();
    let begin = play.read(1);
    play.begin("later");
    assert_eq!(play.problem(Some(&kept)), None, "what came later does not matter");

    let last = begin[..begin.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    play.write(1, &begin[..last]);
    assert_eq!(play.problem(None), None);
    assert_eq!(
        play.problem(Some(&kept)).as_deref(),
        Some(
            "000001.jsonl: the newest entries were removed: the log ends with entry 3, and entry 4 was there when its head was kept"
        )
    );
    // Written anew in their place, the chain fits, and the head does not.
    play.end("run-1", "failed");
    assert_eq!(play.problem(None), None);
    assert_eq!(
        play.problem(Some(&kept)).as_deref(),
        Some(
            "000001.jsonl:4: entry 4 is not the one whose head was kept: the log was written anew, from here or from before"
        )
    );
    fs::remove_dir_all(play.log.folder()).unwrap();
    assert!(play.problem(Some(&kept)).unwrap().contains("the log ends with entry 0, and entry 4"));
    assert_eq!(play.problem(Some(&Head { seq: 0, hash: "0".repeat(64) })), None);
}

#[test]
fn what_a_crash_left_is_cut_off_and_told() {
    for torn in [&b"{\"hash\":\"00"[..], b"x", &[0; 5000]] {
        let play = Play::new().with(2);
        let whole = play.read(1);
        play.write(1, &[whole.as_slice(), torn].concat());
        let found = play.log.verify(None).unwrap();
        assert_eq!((found.entries, found.problem), (4, None));
        let left = found.torn.unwrap();
        assert_eq!((left.line, left.bytes), (5, torn.len() as u64));
        assert_eq!(play.log.entries().unwrap().count(), 4, "a reader passes it over");

        play.begin("next");
        let entry = play.log.entries().unwrap().last().unwrap().unwrap().unwrap();
        assert_eq!((entry.seq, entry.mended), (5, Some(torn.len() as u64)));
        let found = play.log.verify(None).unwrap();
        assert_eq!((found.entries, found.mended, found.torn, found.problem), (5, 1, None, None));
        assert!(play.read(1).starts_with(&whole));
    }
}

#[test]
fn a_crash_at_the_begin_of_a_segment_is_mended_too() {
    for left in [&b""[..], b"{\"hash\":"] {
        let play = Play::new().with(1);
        play.write(2, left);
        #[cfg(unix)]
        fs::set_permissions(play.path(2), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        play.begin("next");
        let found = play.log.verify(None).unwrap();
        assert_eq!((found.entries, found.files, found.problem), (3, 2, None));
        assert_eq!(found.mended, u64::from(!left.is_empty()));
    }
}

#[test]
fn nothing_is_chained_to_an_end_that_is_broken() {
    for end in ["no entry\n", "\n", "{\"hash\":\"\",\"entry\":{}}\n"] {
        let play = Play::new().with(1);
        let before = [play.read(1), end.as_bytes().to_vec()].concat();
        play.write(1, &before);
        let new = New { kind: Kind::Begun, run: "r", body: json!({}), durable: true };
        let error = play.log.append(new, &Redactor::new()).unwrap_err();
        assert!(error.why.contains("does not end with an entry"), "{error}");
        assert!(error.advice.contains("receipts verify"), "{}", error.advice);
        assert_eq!(play.read(1), before, "nothing was written");
        assert!(play.log.head().is_err());
    }
}

#[test]
fn secrets_do_not_get_in() {
    let play = Play::new();
    let redactor = Redactor::new();
    redactor.add("password", &Secret::new("hunter2-and-more".into()));
    let body = json!({ "inputs": { "name": "hunter2-and-more", "note": "aHVudGVyMi1hbmQtbW9yZQ==" } });
    play.log.append(New { kind: Kind::Ended, run: "r", body, durable: true }, &redactor).unwrap();
    let text = String::from_utf8(play.read(1)).unwrap();
    assert!(text.contains(r#""inputs":{"name":"[secret password]","note":"[secret password]"}"#), "{text}");
    assert!(!redactor.holds(text.as_bytes()));
    assert_eq!(play.problem(None), None);
}

#[test]
fn an_entry_that_is_too_large_is_cut_and_does_not_break_the_log() {
    let play = Play::new();
    let long = "\u{1}".repeat(MAX_LINE / 2);
    play.append(Kind::Ended, "r", json!({ "outcome": "ok", "inputs": { "a": long }, "requests": [] }));
    play.begin("next");
    assert!(play.read(1).len() <= MAX_LINE + 1024);
    let runs = runs(&play.log);
    assert_eq!(runs[0].outcome(), "ok");
    assert!(runs[0].get("/inputs/left_out_bytes").unwrap().as_u64().unwrap() > MAX_LINE as u64);
    assert_eq!(play.problem(None), None);
}

#[test]
fn a_line_that_is_too_long_is_a_problem_and_costs_no_memory() {
    let play = Play::new().with(1);
    let long = [play.read(1), vec![b'x'; MAX_LINE + 1], b"\n".to_vec(), play.read(1)].concat();
    play.write(1, &long);
    assert_eq!(
        play.problem(None).as_deref(),
        Some("000001.jsonl:3: this line is not an entry as Presetter writes them")
    );
    let read: Vec<bool> = play.log.entries().unwrap().map(|entry| entry.unwrap().is_ok()).collect();
    assert_eq!(read, [true, true, false, true, true]);
}

#[cfg(unix)]
#[test]
fn what_is_not_ours_alone_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = |path: &std::path::Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let found = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let play = Play::new().with(1);
    assert_eq!(found(play.log.folder()), 0o700);
    for file in [play.path(1), play.log.folder().join("lock")] {
        assert_eq!(found(&file), 0o600);
        for open in [0o640, 0o602, 0o604] {
            mode(&file, open);
            let new = New { kind: Kind::Begun, run: "r", body: json!({}), durable: false };
            let error = play.log.append(new, &Redactor::new()).unwrap_err();
            assert_eq!(error.file, file);
            assert!(error.advice.contains(&format!("chmod 600 {}", file.display())), "{}", error.advice);
        }
        mode(&file, 0o600);
    }
    mode(play.log.folder(), 0o750);
    let new = New { kind: Kind::Begun, run: "r", body: json!({}), durable: false };
    let error = play.log.append(new, &Redactor::new()).unwrap_err();
    assert!(error.advice.contains("chmod 700"), "{}", error.advice);
    // Whoever may read it may verify it.
    assert_eq!(play.log.verify(None).unwrap().entries, 2);

    fs::remove_file(play.path(1)).unwrap();
    fs::create_dir(play.path(1)).unwrap();
    mode(play.log.folder(), 0o700);
    let new = New { kind: Kind::Begun, run: "r", body: json!({}), durable: false };
    assert_eq!(play.log.append(new, &Redactor::new()).unwrap_err().why, "this is not a plain file");
    assert!(play.log.verify(None).is_err());
}

#[test]
fn entries_become_runs() {
    let play = Play::new();
    play.begin("killed");
    play.begin("slow");
    play.begin("fast");
    play.end("fast", "ok");
    play.end("slow", "unknown");
    play.end("without-begin", "failed");
    play.begin("also-killed");
    let runs = runs(&play.log);
    let told: Vec<(&str, &str)> = runs.iter().map(|run| (run.id.as_str(), run.outcome())).collect();
    assert_eq!(
        told,
        [
            ("fast", "ok"),
            ("slow", "unknown"),
            ("without-begin", "failed"),
            ("killed", INTERRUPTED),
            ("also-killed", INTERRUPTED)
        ]
    );
    assert_eq!((runs[0].text("/preset"), runs[2].text("/preset")), ("a/b", ""));
    let object = runs[0].object();
    assert_eq!(object["entries"], json!([3, 4]));
    assert_eq!(object.keys().collect::<Vec<_>>(), ["run", "outcome", "started", "ended", "entries", "preset"]);
}

#[test]
fn a_changed_entry_is_not_told_as_if_it_were_true() {
    let play = Play::new().with(2);
    play.write(1, String::from_utf8(play.read(1)).unwrap().replacen("\"ok\"", "\"no\"", 1).as_bytes());
    let all: Vec<_> = Runs::of(play.log.entries().unwrap()).map(Result::unwrap).collect();
    let unreadable = all[0].clone().unwrap_err();
    assert_eq!((unreadable.line, unreadable.fault), (2, Fault::Edited));
    assert_eq!(all[1].as_ref().unwrap().outcome(), "ok");
    assert_eq!(all[2].as_ref().unwrap().outcome(), INTERRUPTED);
}

fn runs(log: &Log) -> Vec<Run> {
    Runs::of(log.entries().unwrap()).map(|run| run.unwrap().unwrap()).collect()
}
