//! `history.jsonl`: what was done, one line each, in the order in which it was.
//!
//! Keeps: a line is only ever added, and is on the disk when adding it returns; a line that was left half written is cut off by the next
//! one. The history may lag behind the state by its last line, which `installed.toml` has.

use std::path::Path;

use jiff::Timestamp;
use presetter_disk as disk;
use presetter_package::Digest;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::form::text;

const HELP: &str = "put it back from a backup, or move it away: what is installed does not depend on it";

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its number, from 1.
    pub number: u64,
    /// When.
    #[serde(with = "text")]
    pub at: Timestamp,
    /// What was done.
    pub what: What,
    /// With which bundle.
    pub bundle: String,
    /// Who did it.
    pub by: String,
    /// Why, if it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The version that was used before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Version>,
    /// The version that is used since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Version>,
    /// By whose signatures that version was trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
}

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// A bundle that was not there.
    Install,
    /// Another version in place of the one that was used.
    Upgrade,
    /// Back to a version that was kept.
    Rollback,
    /// A bundle is gone.
    Remove,
}

/// A version of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// It.
    #[serde(with = "text")]
    pub version: semver::Version,
    /// The digest of its manifest.
    #[serde(with = "text")]
    pub digest: Digest,
}

/// Why a version was trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// The rule of the trust store, by what it matches.
    pub rule: String,
    /// The keys that counted.
    pub keys: Vec<String>,
    /// The version of the trust store.
    pub store: u64,
}

/// The lines of a text, and whether its last one was left half written.
fn lines(text: &str) -> (&str, bool) {
    let whole = text.rfind('\n').map_or(0, |at| at + 1);
    (&text[..whole], whole < text.len())
}

/// All entries, the oldest first.
pub(crate) fn read(path: &Path) -> Result<Vec<Entry>, Error> {
    let Some(text) = load(path)? else { return Ok(Vec::new()) };
    let numbered = lines(&text).0.lines().enumerate();
    let read = |(at, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|why| Error::malformed(path, format!("line {}: {why}", at + 1), HELP))
    };
    numbered.map(read).collect()
}

/// Adds an entry.
pub(crate) fn append(path: &Path, entry: &Entry) -> Result<(), Error> {
    let failed = |why: &dyn std::fmt::Display| Error::io(path, "written", why);
    let line = serde_json::to_string(entry).map_err(|why| failed(&why))?;
    disk::append_line(path, &line).map_err(|why| failed(&why))
}

fn load(path: &Path) -> Result<Option<String>, Error> {
    // A history of a thousand changes has half a megabyte.
    let bytes = disk::read(path, 1 << 30, disk::Guard::Settings).map_err(|why| Error::malformed(path, why, HELP))?;
    bytes
        .map(|bytes| String::from_utf8(bytes).map_err(|_| Error::malformed(path, "it is not text (UTF-8)", HELP)))
        .transpose()
}
