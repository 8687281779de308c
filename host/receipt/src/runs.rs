//! From entries to runs: what was written at a run's beginning, put together with what was written at its end.
//!
//! Keeps: memory grows with the runs that are under way or never ended, not with the length of the log.

use std::collections::HashMap;
use std::vec;

use serde_json::{Map, Value, json};

use crate::{Entries, Entry, Error, Kind, Unreadable};

/// The outcome of a run that has a beginning and no end: it was killed, or is still under way.
pub const INTERRUPTED: &str = "interrupted";

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its UUID.
    pub id: String,
    /// What was written at its beginning; nothing if that entry cannot be read.
    pub begun: Option<Entry>,
    /// What was written at its end; nothing if it was interrupted.
    pub ended: Option<Entry>,
}

impl Run {
    /// `ok`, `not_found`, `failed`, `unknown`, or [`INTERRUPTED`].
    #[must_use]
    pub fn outcome(&self) -> &str {
        let ended = self.ended.as_ref().map(|ended| ended.body.get("outcome").and_then(Value::as_str));
        ended.map_or(INTERRUPTED, |outcome| outcome.unwrap_or("-"))
    }

    /// When it began; when it ended, if only that is known.
    #[must_use]
    pub fn started(&self) -> &str {
        self.begun.as_ref().or(self.ended.as_ref()).map_or("", |entry| &entry.at)
    }

    /// The number of its first entry.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.begun.as_ref().or(self.ended.as_ref()).map_or(0, |entry| entry.seq)
    }

    /// A value of its account, by JSON pointer: `/connection/name`.
    #[must_use]
    pub fn get(&self, pointer: &str) -> Option<&Value> {
        let (first, rest) =
            pointer.strip_prefix('/')?.split_once('/').map_or((&pointer[1..], None), |(f, r)| (f, Some(r)));
        let bodies = [&self.begun, &self.ended].into_iter().flatten().map(|entry| &entry.body);
        let value = bodies.filter_map(|body| body.get(first)).next()?;
        rest.map_or(Some(value), |rest| value.pointer(&format!("/{rest}")))
    }

    /// The same, where it is a text.
    #[must_use]
    pub fn text(&self, pointer: &str) -> &str {
        self.get(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The whole account as one object.
    #[must_use]
    pub fn object(&self) -> Map<String, Value> {
        let at = |entry: &Option<Entry>| entry.as_ref().map(|entry| entry.at.clone());
        let head = json!({
            "run": self.id,
            "outcome": self.outcome(),
            "started": at(&self.begun),
            "ended": at(&self.ended),
            "entries": [self.begun.as_ref().map(|e| e.seq), self.ended.as_ref().map(|e| e.seq)],
        });
        let Value::Object(mut object) = head else { return Map::new() };
        for (name, value) in [&self.begun, &self.ended].into_iter().flatten().flat_map(|entry| &entry.body) {
            object.entry(name.clone()).or_insert_with(|| value.clone());
        }
        object
    }
}

/// Runs in the order in which they ended, then those that did not, in the order in which they began.
#[derive(Debug)]
pub struct Runs {
    entries: Entries,
    open: HashMap<String, Entry>,
    rest: Option<vec::IntoIter<Run>>,
}

impl Runs {
    /// The runs that some entries tell of.
    #[must_use]
    pub fn of(entries: Entries) -> Self {
        Self { entries, open: HashMap::new(), rest: None }
    }

    fn rest(&mut self) -> &mut vec::IntoIter<Run> {
        let open = std::mem::take(&mut self.open);
        self.rest.get_or_insert_with(|| {
            let mut rest: Vec<Entry> = open.into_values().collect();
            rest.sort_by_key(|entry| entry.seq);
            let run = |begun: Entry| Run { id: begun.run.clone(), begun: Some(begun), ended: None };
            rest.into_iter().map(run).collect::<Vec<_>>().into_iter()
        })
    }
}

impl Iterator for Runs {
    /// The outer error ends the reading; the inner one tells of one line.
    type Item = Result<Result<Run, Unreadable>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let entry = match self.entries.next() {
                None => return self.rest().next().map(|run| Ok(Ok(run))),
                Some(Ok(Ok(entry))) => entry,
                Some(Ok(Err(unreadable))) => return Some(Ok(Err(unreadable))),
                Some(Err(error)) => return Some(Err(error)),
            };
            match entry.kind {
                Kind::Begun => drop(self.open.insert(entry.run.clone(), entry)),
                Kind::Ended => {
                    let begun = self.open.remove(&entry.run);
                    return Some(Ok(Ok(Run { id: entry.run.clone(), begun, ended: Some(entry) })));
                }
                Kind::Other => {}
            }
        }
    }
}
