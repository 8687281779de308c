//! A case: what a preset is given, what the API answers, and how the run is to end.
//!
//! Owns plain data, as [`cases`](crate::cases) reads it from `PRESET/tests/NAME.toml`. Invariants: what a case says fits its
//! preset and its bundle; every expectation knows its place in the file; no case holds a secret.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;
use presetter_egress::{Exchange, Tape};
use presetter_runtime::Kind;
use serde_json::{Map, Value};
use url::Url;

use crate::coverage::position;

/// One case of a preset.
#[derive(Debug, Clone)]
pub struct Case {
    /// The preset: `create-user`.
    pub preset: String,
    /// The case: its file's name without `.toml`.
    pub name: String,
    /// The file as messages name it.
    pub file: String,
    /// The file's text.
    pub text: Arc<str>,
    /// The file.
    pub path: PathBuf,
    /// What the case shows, for people.
    pub title: String,
    /// The kind of connection.
    pub connection: String,
    /// The base URL of that connection.
    pub base_url: Url,
    /// The plain fields of that connection, every one of its kind.
    pub fields: IndexMap<String, String>,
    /// The inputs, checked, with the preset's defaults.
    pub inputs: Map<String, Value>,
    /// The bundle's settings, with the case's corrections.
    pub settings: Map<String, Value>,
    /// Whether the run looks whether its write took place, as `--confirm` does.
    pub confirm: bool,
    /// The cassettes, in their order.
    pub cassettes: Vec<CassetteFile>,
    /// The same, ready to answer.
    pub tape: Arc<Tape>,
    /// How the run is to end.
    pub expect: Expect,
}

/// A file of recorded answers.
#[derive(Debug, Clone)]
pub struct CassetteFile {
    /// The file as messages name it.
    pub file: String,
    /// How many entries it has.
    pub entries: usize,
}

/// How a run is to end. What is not said is not looked at, but for the outcome.
#[derive(Debug, Clone, Default)]
pub struct Expect {
    /// Where it stands in the file; where it does not, the file's end.
    pub place: Range<usize>,
    /// The kind of outcome. A case without it fails.
    pub outcome: Option<At<Kind>>,
    /// The class of the outcome.
    pub class: Option<At<String>>,
    /// What proves it.
    pub evidence: Option<At<String>>,
    /// A part of the message.
    pub message: Option<At<String>>,
    /// How many logins there are.
    pub logins: Option<At<u32>>,
    /// The outputs, all of them.
    pub outputs: Option<At<Map<String, Value>>>,
    /// The rows, all of them, in their order.
    pub rows: Option<At<Vec<Value>>>,
    /// The requests, all of them but logins, in their order.
    pub requests: Option<Vec<At<ExpectedRequest>>>,
}

/// A value with its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Its place, in bytes.
    pub place: Range<usize>,
}

/// A request that is to be sent.
#[derive(Debug, Clone)]
pub struct ExpectedRequest {
    /// The method.
    pub method: String,
    /// The whole address.
    pub url: Url,
    /// The body; nothing if it is not looked at.
    pub body: Option<String>,
    /// Headers that it has, among others.
    pub headers: IndexMap<String, String>,
}

impl Case {
    /// `PRESET/NAME`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.preset, self.name)
    }

    /// The line and the column of a place in the file, from 1.
    #[must_use]
    pub fn position(&self, place: &Range<usize>) -> (usize, usize) {
        position(&self.text, place.start)
    }

    /// The recorded requests with their answers, logins among them.
    pub fn exchanges(&self) -> impl ExactSizeIterator<Item = &Exchange> {
        self.tape.exchanges()
    }

    /// The file of an entry, and its number there, from 1. `number` counts through all files, from 1.
    #[must_use]
    pub fn entry(&self, number: usize) -> Option<(&CassetteFile, usize)> {
        let mut before = 0;
        self.cassettes.iter().find_map(|file| {
            let at = number.checked_sub(before).filter(|at| (1..=file.entries).contains(at));
            before += file.entries;
            at.map(|at| (file, at))
        })
    }
}

/// A value as TOML can hold it: what is null counts as absent.
#[must_use]
pub fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().filter(|element| !element.is_null()).map(without_nulls).collect(),
        Value::Object(object) => Value::Object(members_without_nulls(object)),
        other => other.clone(),
    }
}

/// The members of an object that are not null.
#[must_use]
pub fn members_without_nulls(object: &Map<String, Value>) -> Map<String, Value> {
    let kept = object.iter().filter(|(_, value)| !value.is_null());
    kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect()
}
