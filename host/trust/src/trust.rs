//! The trust store as it was loaded and checked: what decides.

use std::collections::BTreeMap;

use jiff::Timestamp;
use presetter_package::{Digest, KeyId, Keys, PublicKey};
use serde::Serialize;

use crate::document::{Denied, Document, Key, KeyState, as_text};
use crate::findings::Finding;
use crate::seen::Seen;
use crate::step::{PublicKeys, Step};

/// A trust store whose root has signed it, whose keys are what their identities say, and that is not older than what was seen.
///
/// It may have expired: then it decides nothing, and can still be renewed.
#[derive(Debug, Clone)]
pub struct Trust {
    document: Document,
    step: Step,
    keys: PublicKeys,
    pub(crate) seen: Seen,
    /// What whoever uses it is to be told, whatever it is used for.
    pub(crate) warnings: Vec<Finding>,
}

/// All that the store says of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyInfo<'a> {
    /// What the store says of it.
    #[serde(flatten)]
    pub key: &'a Key,
    /// What it is worth now.
    pub state: KeyState,
    /// Where it is used: `the root`, `rule acme/*`.
    pub uses: Vec<String>,
    /// Why it is revoked, if it is.
    pub reason: Option<&'a str>,
}

/// Which version of the store this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StoreVersion {
    /// The version.
    pub version: u64,
    /// The digest of its `trust.toml`.
    #[serde(serialize_with = "as_text")]
    pub digest: Digest,
}

/// All keys of the store, the revoked ones too: that a bundle has a revoked key's signature is something to tell.
impl Keys for Trust {
    fn by_hint(&self, hint: &[u8; 32]) -> Option<&PublicKey> {
        self.keys.get(&KeyId::from_digest(Digest::from_bytes(*hint)))
    }
}

impl Trust {
    pub(crate) const fn new(
        document: Document,
        step: Step,
        keys: PublicKeys,
        seen: Seen,
        warnings: Vec<Finding>,
    ) -> Self {
        Self { document, step, keys, seen, warnings }
    }

    /// Keys, rules, revocations, root.
    #[must_use]
    pub const fn document(&self) -> &Document {
        &self.document
    }

    /// Its version and digest.
    #[must_use]
    pub fn version(&self) -> StoreVersion {
        StoreVersion { version: self.document.version, digest: self.step.digest() }
    }

    /// The text of `trust.toml`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.step.text
    }

    /// The public key of an identity, if the store has it.
    #[must_use]
    pub fn public_key(&self, id: KeyId) -> Option<&PublicKey> {
        self.keys.get(&id)
    }

    /// Everything about every key.
    #[must_use]
    pub fn explain_all(&self, now: Timestamp) -> Vec<KeyInfo<'_>> {
        let mut uses = self.document.uses();
        self.document.keys.iter().map(|key| self.info(key, &mut uses, now)).collect()
    }

    /// Everything about one key.
    #[must_use]
    pub fn explain(&self, id: KeyId, now: Timestamp) -> Option<KeyInfo<'_>> {
        self.document.key(id).map(|key| self.info(key, &mut self.document.uses(), now))
    }

    fn info<'a>(&'a self, key: &'a Key, uses: &mut BTreeMap<KeyId, Vec<String>>, now: Timestamp) -> KeyInfo<'a> {
        KeyInfo {
            key,
            state: key.state(now),
            uses: uses.remove(&key.id).unwrap_or_default(),
            reason: self.document.denied(Denied::Key(key.id)),
        }
    }

    pub(crate) const fn step(&self) -> &Step {
        &self.step
    }

    pub(crate) const fn keys(&self) -> &PublicKeys {
        &self.keys
    }
}
