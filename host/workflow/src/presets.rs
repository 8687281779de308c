//! What workflows ask of whoever knows presets, connections and the network.
//!
//! Owns: the trait that the program implements. Never: a secret; what crosses here are names, inputs and answers that were redacted.

use std::sync::Arc;

use async_trait::async_trait;
use presetter_journal::seam::{Cancellation, Failure, Place, Probe, RunId};
use presetter_manifest::Preset;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Why something cannot be used, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Trouble {
    /// What is wrong.
    pub message: String,
    /// What to do; may be empty.
    pub hint: String,
}

/// A preset, as far as a workflow needs to know it.
#[derive(Debug, Clone)]
pub struct PresetInfo {
    /// `mosyle/create-user`.
    pub name: String,
    /// Its manifest.
    pub manifest: Arc<Preset>,
    /// The digest of its bundle and of the component that runs it: another one is another preset.
    pub digest: String,
    /// A person keeps a body for it here, in place of its own: what it does, only that person knows.
    pub overridden: bool,
    /// Its outputs may have any name: it is a script or a component that does not say.
    pub any_output: bool,
}

/// A connection, as far as a workflow needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// One of its secrets is asked for at a terminal.
    pub prompts: bool,
}

/// One run of a preset.
#[derive(Debug, Clone)]
pub struct Call {
    /// The preset.
    pub preset: String,
    /// Its digest when the workflow's run began.
    pub digest: String,
    /// The connection.
    pub connection: String,
    /// What it is given.
    pub inputs: Map<String, Value>,
    /// A template in place of its body.
    pub body: Option<String>,
    /// The preset's probe looks before a write, and after it.
    pub confirm: bool,
    /// The workflow's run, for the receipt.
    pub run: RunId,
    /// The workflow, for the receipt.
    pub workflow: String,
    /// Asked for when the run is cancelled.
    pub cancellation: Cancellation,
}

/// How a preset's run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// What a preset's run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Called {
    /// How it ended.
    pub kind: Kind,
    /// Why it failed: `auth`, `network`, `incomplete`, …
    pub class: String,
    /// One sentence for a person.
    pub message: String,
    /// What proves it.
    pub evidence: String,
    /// Its outputs.
    pub outputs: Map<String, Value>,
    /// The vendor's answer.
    pub response: Option<Value>,
    /// Its HTTP status.
    pub response_status: Option<u16>,
    /// Its headers, names in lower case.
    pub response_headers: Vec<(String, String)>,
    /// The receipt's id; empty if there is none.
    pub receipt: String,
    /// It was broken off after a write of it was answered with success.
    pub changed: bool,
}

impl Called {
    /// A run that did not take place.
    #[must_use]
    pub fn failed(class: &str, message: impl Into<String>) -> Self {
        Self {
            kind: Kind::Failed,
            class: class.to_owned(),
            message: message.into(),
            evidence: String::new(),
            outputs: Map::new(),
            response: None,
            response_status: None,
            response_headers: Vec::new(),
            receipt: String::new(),
            changed: false,
        }
    }
}

/// Takes rows of a list as they come.
pub trait Rows: Send + Sync {
    /// One row.
    fn row(&self, row: Map<String, Value>);
}

/// Knows presets and connections, and calls them.
#[async_trait]
pub trait Presets: Send + Sync {
    /// The preset of that name, as it is now.
    ///
    /// # Errors
    /// There is none, or it may not be used here.
    fn describe(&self, preset: &str) -> Result<PresetInfo, Trouble>;

    /// Whether this connection serves this preset.
    ///
    /// # Errors
    /// There is none of that name, or it serves other sources or kinds.
    fn connection(&self, preset: &str, connection: &str) -> Result<ConnectionInfo, Trouble>;

    /// Waits for a place among the runs that go through a connection.
    async fn place(&self, preset: &str, connection: &str) -> Place {
        let _ = (preset, connection);
        Place::default()
    }

    /// Runs a preset. Rows of one that lists go to `rows`.
    async fn call(&self, call: &Call, rows: Arc<dyn Rows>) -> Called;

    /// Looks whether a write took place, by the preset's own probe. It changes nothing.
    async fn probe(&self, call: &Call) -> Probe;

    /// Posts JSON to a webhook: an address, or a reference to a secret that is one. `allow_private`: the
    /// operator's word for plain http and private networks. `key` tells repeats from new ones.
    ///
    /// # Errors
    /// What a person should know.
    async fn post(&self, url: &str, allow_private: bool, key: &str, body: &Value) -> Result<u16, Failure>;
}

/// Rows that nobody needs.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRows;

impl Rows for NoRows {
    fn row(&self, _: Map<String, Value>) {}
}
