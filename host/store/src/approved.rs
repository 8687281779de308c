//! `approved/NAME.toml`: what an operator approved of a bundle, apart from the bundle.
//!
//! Keeps: an approval is for one digest. So one that was written for a version that then was not installed gives nothing to any
//! other, and going back to a version goes back to what was approved of it.

use std::path::Path;

use jiff::Timestamp;
use presetter_package::Digest;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::form::{self, FORMAT, text};
use crate::{Error, Permissions};

const HELP: &str = "remove it and install the bundle again: what it may do is then asked anew";

/// What was approved of one version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The version.
    #[serde(with = "text")]
    pub version: Version,
    /// The digest of its manifest.
    #[serde(with = "text")]
    pub digest: Digest,
    /// Who approved it.
    pub by: String,
    /// When.
    #[serde(with = "text")]
    pub at: Timestamp,
    /// What.
    pub permissions: Permissions,
}

/// The file of a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approved {
    format: u32,
    bundle: String,
    #[serde(default, rename = "approval", skip_serializing_if = "Vec::is_empty")]
    pub(crate) approvals: Vec<Approval>,
}

impl Approved {
    pub(crate) fn new(bundle: &str) -> Self {
        Self { format: FORMAT, bundle: bundle.to_owned(), approvals: Vec::new() }
    }

    /// Reads what was approved of a bundle; nothing was, if there is no file.
    pub(crate) fn load(path: &Path, bundle: &str) -> Result<Self, Error> {
        let approved = form::load(path, HELP)?.unwrap_or_else(|| Self::new(bundle));
        if approved.bundle != bundle {
            let why = format!("it is for {:?}, not for {bundle}", approved.bundle);
            return Err(Error::malformed(path, why, HELP));
        }
        Ok(approved)
    }

    pub(crate) fn text(&self) -> Result<String, toml::ser::Error> {
        Ok(format!(
            "# What was approved of {}, by version. Written by presetter.\n{}",
            self.bundle,
            toml::to_string(self)?
        ))
    }

    /// What was approved of a package.
    pub(crate) fn of(&self, digest: Digest) -> Option<&Approval> {
        self.approvals.iter().find(|approval| approval.digest == digest)
    }

    /// Puts an approval first, in place of one of the same package; of others, those that `keeps` says are kept.
    pub(crate) fn put(&mut self, approval: Approval, keeps: impl Fn(Digest) -> bool) {
        self.approvals.retain(|other| other.digest != approval.digest && keeps(other.digest));
        self.approvals.insert(0, approval);
    }
}
