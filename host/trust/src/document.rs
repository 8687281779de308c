//! `trust.toml` as a value: keys, rules, revocations, and the root that signs it.
//!
//! Invariant: every [`Document`] keeps the rules of [`crate::form`], since there is no other way to make one that is used. A key
//! is never taken out, only revoked, and a revocation stays: so every version can be verified as long as the last is there.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use presetter_package::{Digest, KeyId};
use serde::{Serialize, Serializer};

use crate::Pattern;

/// One version of a trust store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Document {
    /// The version: 1, then always one more.
    pub version: u64,
    /// From then on nothing is trusted by it.
    #[serde(serialize_with = "as_text")]
    pub expires: Timestamp,
    /// Whose signatures a trust store needs.
    pub root: Root,
    /// All keys that are known, the revoked ones too.
    pub keys: Vec<Key>,
    /// Which keys sign which bundles.
    pub rules: Vec<Rule>,
    /// Revocations.
    pub denied: Vec<Deny>,
}

/// Whose signatures a trust store needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Root {
    /// How many keys must sign.
    pub threshold: u32,
    /// Those that can.
    #[serde(serialize_with = "as_texts")]
    pub keys: Vec<KeyId>,
}

/// A key, as the trust store describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Key {
    /// Its identity.
    #[serde(serialize_with = "as_text")]
    pub id: KeyId,
    /// Whose it is, for people.
    pub owner: String,
    /// Its signatures on bundles count from then on,
    #[serde(serialize_with = "as_text")]
    pub not_before: Timestamp,
    /// and before then.
    #[serde(serialize_with = "as_text")]
    pub not_after: Timestamp,
    /// Whether they count at all.
    pub status: Status,
}

/// Whether a key may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It may.
    Active,
    /// Never again; a [`Deny`] says why.
    Revoked,
}

/// Which keys sign which bundles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Which bundles.
    #[serde(rename = "match", serialize_with = "as_text")]
    pub pattern: Pattern,
    /// How many keys must sign.
    pub threshold: u32,
    /// Those that can.
    #[serde(serialize_with = "as_texts")]
    pub keys: Vec<KeyId>,
}

/// A revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deny {
    /// What is revoked.
    #[serde(flatten)]
    pub what: Denied,
    /// Why, for people.
    pub reason: String,
}

/// What can be revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Denied {
    /// One version of a bundle, by its digest.
    Digest(#[serde(serialize_with = "as_text")] Digest),
    /// A key.
    Key(#[serde(serialize_with = "as_text")] KeyId),
}

impl Document {
    /// What it says of a key.
    #[must_use]
    pub fn key(&self, id: KeyId) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The rule for a bundle: of those that match the one that says most.
    #[must_use]
    pub fn rule_for(&self, bundle: &str) -> Option<&Rule> {
        let matching = self.rules.iter().filter(|rule| rule.pattern.matches(bundle));
        matching.max_by_key(|rule| rule.pattern.weight())
    }

    /// Why something is revoked, if it is.
    #[must_use]
    pub fn denied(&self, what: Denied) -> Option<&str> {
        self.denied.iter().find(|deny| deny.what == what).map(|deny| deny.reason.as_str())
    }

    /// Whether nothing is trusted by it any more.
    #[must_use]
    pub fn expired(&self, now: Timestamp) -> bool {
        now >= self.expires
    }

    /// A key as people read it: its owner, and enough of its identity.
    #[must_use]
    pub fn named(&self, id: KeyId) -> String {
        self.key(id).map_or_else(|| id.to_string(), |key| format!("{} ({id})", key.owner))
    }

    /// Keys as people read them, with commas.
    pub(crate) fn named_all(&self, ids: impl IntoIterator<Item = KeyId>) -> String {
        ids.into_iter().map(|id| self.named(id)).collect::<Vec<_>>().join(", ")
    }

    /// In how many ways each key is used, by key.
    pub(crate) fn uses(&self) -> BTreeMap<KeyId, Vec<String>> {
        let mut uses: BTreeMap<KeyId, Vec<String>> = BTreeMap::new();
        for id in &self.root.keys {
            uses.entry(*id).or_default().push("the root".to_owned());
        }
        for rule in &self.rules {
            for id in &rule.keys {
                uses.entry(*id).or_default().push(format!("rule {}", rule.pattern));
            }
        }
        uses
    }
}

impl Key {
    /// Whether its signatures on bundles count now.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> KeyState {
        match self.status {
            Status::Revoked => KeyState::Revoked,
            Status::Active if now < self.not_before => KeyState::NotYetValid,
            Status::Active if now >= self.not_after => KeyState::Expired,
            Status::Active => KeyState::Valid,
        }
    }
}

/// What a key is worth at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyState {
    /// Its signatures count.
    Valid,
    /// They do not count before its `not_before`.
    NotYetValid,
    /// They do not count any more.
    Expired,
    /// They never count again.
    Revoked,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
        })
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest(digest) => write!(f, "digest {digest}"),
            Self::Key(id) => write!(f, "key {id}"),
        }
    }
}

/// Whatever has a text is given to programs as that text.
pub(crate) fn as_text<T: fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// The same for a list.
pub(crate) fn as_texts<T: fmt::Display, S: Serializer>(values: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(T::to_string))
}
