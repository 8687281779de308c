//! Many threads and many processes write at once, and the chain stays one.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

mod common;

use std::collections::BTreeMap;
use std::env;
use std::process::Command;
use std::thread;

use common::Play;
use presetter_receipt::{Kind, Log, New, Runs};
use presetter_secret::Redactor;
use serde_json::json;

/// What a child process is told: the folder, and what to call itself.
const CHILD: &str = "PRESETTER_RECEIPT_TEST_CHILD";

fn write(log: &Log, writer: &str, runs: usize) {
    for run in 0..runs {
        let run = format!("{writer}-{run}");
        for (kind, body) in [(Kind::Begun, json!({ "preset": "a/b" })), (Kind::Ended, json!({ "outcome": "ok" }))] {
            log.append(New { kind, run: &run, body, durable: false }, &Redactor::new()).unwrap();
        }
    }
}

/// One unbroken chain, in which every writer's runs stand whole and in their order.
fn check(log: &Log, writers: usize, runs: usize) {
    let found = log.verify(None).unwrap();
    assert_eq!((found.problem, found.torn, found.mended), (None, None, 0));
    assert_eq!(found.entries, (writers * runs * 2) as u64);
    let mut next: BTreeMap<String, usize> = BTreeMap::new();
    for run in Runs::of(log.entries().unwrap()) {
        let run = run.unwrap().unwrap();
        assert_eq!((run.outcome(), run.text("/preset")), ("ok", "a/b"));
        let (writer, number) = run.id.rsplit_once('-').unwrap();
        let next = next.entry(writer.to_owned()).or_default();
        assert_eq!(number.parse(), Ok(*next));
        *next += 1;
    }
    assert_eq!(next.len(), writers);
    assert!(next.values().all(|count| *count == runs));
}

#[test]
fn threads() {
    let play = Play::new();
    let log = play.log.clone().with_segments_of(20_000);
    thread::scope(|scope| {
        for writer in 0..16 {
            let log = &log;
            scope.spawn(move || write(log, &format!("thread-{writer}"), 20));
        }
    });
    check(&log, 16, 20);
    assert!(log.verify(None).unwrap().files > 3);
}

#[test]
fn processes() {
    if let Ok(told) = env::var(CHILD) {
        let (writer, folder) = told.split_once(' ').unwrap();
        return write(&Log::new(folder).with_segments_of(20_000), writer, 10);
    }
    let play = Play::new();
    let children: Vec<_> = (0..24)
        .map(|writer| {
            let mut child = Command::new(env::current_exe().unwrap());
            child
                .args(["--exact", "processes"])
                .env(CHILD, format!("process-{writer} {}", play.log.folder().display()));
            child.stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    // Readers see the chain whole at any moment, between two entries and never in the middle of one.
    for _ in 0..20 {
        let found = play.log.verify(None).unwrap();
        assert_eq!((found.problem, found.torn), (None, None));
    }
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    check(&play.log, 24, 10);
}
