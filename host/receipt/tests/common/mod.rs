//! A log to play with.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs;
use std::path::PathBuf;

use presetter_receipt::{Head, Kind, Log, New};
use presetter_secret::Redactor;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A log in a folder that goes with it.
pub(crate) struct Play {
    pub(crate) folder: TempDir,
    pub(crate) log: Log,
}

impl Play {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::new(folder.path().join("receipts"));
        Self { folder, log }
    }

    /// With segments so small that some entries fill one.
    pub(crate) fn rolling() -> Self {
        let play = Self::new();
        Self { log: play.log.with_segments_of(700), ..play }
    }

    /// With that many runs in it.
    pub(crate) fn with(self, runs: usize) -> Self {
        for run in 0..runs {
            self.begin(&format!("run-{run}"));
            self.end(&format!("run-{run}"), "ok");
        }
        self
    }

    pub(crate) fn begin(&self, run: &str) -> Head {
        self.append(Kind::Begun, run, json!({ "preset": "a/b" }))
    }

    pub(crate) fn end(&self, run: &str, outcome: &str) -> Head {
        self.append(Kind::Ended, run, json!({ "outcome": outcome }))
    }

    pub(crate) fn append(&self, kind: Kind, run: &str, body: Value) -> Head {
        self.log.append(New { kind, run, body, durable: false }, &Redactor::new()).unwrap()
    }

    pub(crate) fn path(&self, number: u32) -> PathBuf {
        self.log.folder().join(format!("{number:06}.jsonl"))
    }

    pub(crate) fn read(&self, number: u32) -> Vec<u8> {
        fs::read(self.path(number)).unwrap()
    }

    pub(crate) fn write(&self, number: u32, bytes: &[u8]) {
        fs::write(self.path(number), bytes).unwrap();
    }

    /// What is wrong, in words.
    pub(crate) fn problem(&self, kept: Option<&Head>) -> Option<String> {
        let problem = self.log.verify(kept).unwrap().problem?;
        Some(problem.to_string().replace(&format!("{}/", self.log.folder().display()), ""))
    }
}
