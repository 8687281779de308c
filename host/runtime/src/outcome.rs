//! How a run ended.

use std::fmt;
use std::time::Duration;

use presetter_manifest::Diagnostics;
use serde_json::{Map, Value};

use crate::contract::presetter::preset::types;

/// The kinds of outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What was asked for is so.
    Ok,
    /// There is proof that the thing does not exist.
    NotFound,
    /// Everything else.
    Failed,
    /// A write was sent and no answer was seen.
    Unknown,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::NotFound => "not_found",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        })
    }
}

/// How a run ended, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The kind.
    pub kind: Kind,
    /// Why it failed; see `wit/types.wit` for the classes. Empty unless failed or unknown.
    pub class: String,
    /// One sentence for a person; may be empty.
    pub message: String,
    /// What proves it; may be empty.
    pub evidence: String,
    /// What to do about it, where we know.
    pub hint: Option<String>,
}

/// The classes that a component may claim (`wit/types.wit`). Others would pass for the host's own.
const CLAIMABLE: [&str; 15] = [
    "refused",
    "auth",
    "network",
    "denied",
    "limit",
    "server",
    "rate",
    "incomplete",
    "ambiguous",
    "input",
    "template",
    "answer",
    "unanswered",
    "cancelled",
    "preset",
];

impl Outcome {
    pub(crate) fn failed(class: &str, message: impl Into<String>) -> Self {
        Self { kind: Kind::Failed, class: class.into(), message: message.into(), evidence: String::new(), hint: None }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What the component claims. A kind that we do not know is a failure.
    pub(crate) fn claimed(verdict: types::Verdict) -> Self {
        let kind = match verdict.kind.as_str() {
            "ok" => Kind::Ok,
            "not-found" => Kind::NotFound,
            _ => Kind::Failed,
        };
        let class = match kind {
            Kind::Failed if CLAIMABLE.contains(&verdict.class.as_str()) => verdict.class,
            Kind::Failed => "preset".into(),
            _ => String::new(),
        };
        let hint = serde_json::from_str::<Value>(&verdict.details).ok();
        let hint = hint.and_then(|d| d.get("hint").and_then(Value::as_str).map(str::to_owned));
        Self { kind, class, message: verdict.message, evidence: verdict.evidence, hint }
    }
}

/// The decisions that a verdict's details name.
pub(crate) fn trace(details: &str) -> Vec<String> {
    let details: Option<Value> = serde_json::from_str(details).ok();
    let points = details.as_ref().and_then(|details| details.get("trace")?.as_array());
    points.into_iter().flatten().filter_map(|point| point.as_str().map(str::to_owned)).collect()
}

/// The account of a run.
#[derive(Debug, Clone)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// The outputs that the preset declares.
    pub outputs: Map<String, Value>,
    /// The vendor's body, narrowed to what was asked for.
    pub response: Option<Value>,
    /// Its HTTP status.
    pub response_status: Option<u16>,
    /// Its headers, names in lower case.
    pub response_headers: Vec<(String, String)>,
    /// How many requests were sent, logins not counted.
    pub requests: u32,
    /// It was broken off after a write of it was answered with success.
    pub changed: bool,
    /// It was there already, and nothing was written.
    pub there: bool,
    /// Templates that could not be compiled or rendered, with their places.
    pub diagnostics: Option<Diagnostics>,
    /// The decisions that the component says it came to, by name: for who measures what a test has reached.
    pub trace: Vec<String>,
    /// Where the time went, in the order of the phases.
    pub phases: Vec<(&'static str, Duration)>,
    /// From start to end.
    pub duration: Duration,
}

impl Report {
    /// A run that says no more than how it ended.
    #[must_use]
    pub fn ended(outcome: Outcome) -> Self {
        Self {
            outcome,
            outputs: Map::new(),
            response: None,
            response_status: None,
            response_headers: Vec::new(),
            requests: 0,
            changed: false,
            there: false,
            diagnostics: None,
            trace: Vec::new(),
            phases: Vec::new(),
            duration: Duration::ZERO,
        }
    }

    /// A run that could not begin, because something that a person wrote is wrong.
    pub(crate) fn invalid(diagnostics: Diagnostics) -> Self {
        let mut report = Self::ended(Outcome::failed("template", "a template is wrong; nothing was sent"));
        report.diagnostics = Some(diagnostics);
        report
    }

    /// Enters phases that came before the run, which [`Report::duration`] does not count; one that the run has as well is longer
    /// by that.
    pub fn before<const N: usize>(&mut self, phases: [(&'static str, Duration); N]) {
        for (name, took) in phases.into_iter().rev() {
            match self.phases.iter_mut().find(|(known, _)| *known == name) {
                Some((_, all)) => *all += took,
                None => self.phases.insert(0, (name, took)),
            }
        }
    }

    /// Whether anything was sent.
    #[must_use]
    pub fn sent(&self) -> bool {
        self.requests > 0
    }
}
