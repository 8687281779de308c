//! `installed.toml`: which bundles are installed, in which versions.
//!
//! It is the state: a change has taken place once this file is in its place. So it also has the last line of the history, which
//! a process that is killed right afterwards could not append.
//!
//! Invariants: a bundle stands in it once, and each of its versions once, the current one among them; nothing of what a
//! stranger could have written into it is believed before it is checked.

use std::path::Path;

use jiff::Timestamp;
use presetter_manifest::is_bundle_name;
use presetter_package::Digest;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::form::{self, FORMAT};
use crate::history::Entry;
use crate::{Error, form::text};

/// Versions of a bundle that are kept, the current one among them: enough to go back.
const KEPT: usize = 5;
const HELP: &str = "put it back from a backup; or remove it, and install each bundle again";

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Index {
    format: u32,
    /// The last change, as the history has it or will have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last: Option<Entry>,
    #[serde(default, rename = "bundle", skip_serializing_if = "Vec::is_empty")]
    pub(crate) bundles: Vec<Installed>,
}

/// A bundle that is installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Installed {
    /// Its name.
    pub name: String,
    /// The version that is used.
    #[serde(with = "text")]
    pub version: Version,
    /// The digest of that version's manifest.
    #[serde(with = "text")]
    pub digest: Digest,
    /// That somebody went back to it, and a newer version is kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub went_back: bool,
    /// All versions that are there, the newest arrival first.
    pub kept: Vec<Kept>,
}

/// A version that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// It.
    #[serde(with = "text")]
    pub version: Version,
    /// The digest of its manifest.
    #[serde(with = "text")]
    pub digest: Digest,
    /// Where it came from.
    pub origin: Origin,
    /// When.
    #[serde(with = "text")]
    pub at: Timestamp,
}

/// Where a package came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A file.
    File(String),
    /// A registry: the reference as it was typed.
    Registry(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::File(place) | Self::Registry(place)) = self;
        f.write_str(place)
    }
}

impl Default for Index {
    fn default() -> Self {
        Self { format: FORMAT, last: None, bundles: Vec::new() }
    }
}

impl Installed {
    /// A bundle in its first version.
    pub(crate) fn new(name: &str, first: Kept) -> Self {
        let (version, digest) = (first.version.clone(), first.digest);
        Self { name: name.to_owned(), version, digest, went_back: false, kept: vec![first] }
    }

    /// A version of it that is there.
    #[must_use]
    pub fn kept(&self, version: &Version) -> Option<&Kept> {
        self.kept.iter().find(|kept| kept.version == *version)
    }

    /// The version that is used.
    #[must_use]
    pub fn current(&self) -> Option<&Kept> {
        self.kept.iter().find(|kept| kept.digest == self.digest)
    }

    /// Puts a version first, makes it the one that is used, and lets the oldest go. A version that is there already comes anew.
    pub(crate) fn take(&mut self, new: Kept) {
        self.version.clone_from(&new.version);
        self.digest = new.digest;
        self.kept.retain(|kept| kept.version != new.version);
        self.kept.insert(0, new);
        self.kept.truncate(KEPT);
    }

    fn wrong(&self) -> Option<String> {
        let name = &self.name;
        if !is_bundle_name(name) {
            return Some(format!("{name:?} cannot be the name of a bundle"));
        }
        if self.current().is_none_or(|kept| kept.version != self.version) {
            return Some(format!("the version of {name} that is used is not among those that are kept"));
        }
        let twice = |(at, kept): (usize, &Kept)| {
            self.kept[..at].iter().any(|other| other.version == kept.version || other.digest == kept.digest)
        };
        self.kept.iter().enumerate().any(twice).then(|| format!("a version of {name} stands there twice"))
    }
}

impl Index {
    /// Reads it; empty if there is none.
    pub(crate) fn load(path: &Path) -> Result<Self, Error> {
        let index: Self = form::load(path, HELP)?.unwrap_or_default();
        for (at, bundle) in index.bundles.iter().enumerate() {
            let twice = index.bundles[..at].iter().any(|other| other.name == bundle.name);
            let wrong = bundle.wrong().or_else(|| twice.then(|| format!("{} stands there twice", bundle.name)));
            if let Some(wrong) = wrong {
                return Err(Error::malformed(path, wrong, HELP));
            }
        }
        Ok(index)
    }

    pub(crate) fn text(&self) -> Result<String, toml::ser::Error> {
        Ok(format!(
            "# What is installed. Written by presetter; change it with its commands.\n{}",
            toml::to_string(self)?
        ))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Installed> {
        self.bundles.iter().find(|bundle| bundle.name == name)
    }

    /// Puts a bundle in, in place of what has its name; sorted by name.
    pub(crate) fn put(&mut self, bundle: Installed) {
        self.bundles.retain(|other| other.name != bundle.name);
        let at = self.bundles.partition_point(|other| other.name < bundle.name);
        self.bundles.insert(at, bundle);
    }

    /// Whether any bundle keeps a package.
    pub(crate) fn keeps(&self, digest: Digest) -> bool {
        self.bundles.iter().flat_map(|bundle| &bundle.kept).any(|kept| kept.digest == digest)
    }
}
