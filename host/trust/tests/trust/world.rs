//! A machine with a trust store, and keys to sign with. Time is a number of days.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use presetter_package::{Digest, KeyId, PrivateKey};
use presetter_trust::{
    Applied, Candidate, Change, Decision, NewKey, Pattern, Proposal, Refused, Root, Rule, Store, Trust,
};
use semver::Version;
use serde_json::{Value, json};

/// The expiry of every store and key here, unless a test says otherwise.
pub(crate) const END: i64 = 365;

/// A day, counted from 2030-01-01.
pub(crate) fn day(day: i64) -> Timestamp {
    let first: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
    first + SignedDuration::from_hours(24 * day)
}

pub(crate) fn key() -> PrivateKey {
    PrivateKey::generate().unwrap()
}

pub(crate) fn id(key: &PrivateKey) -> KeyId {
    key.public().id()
}

pub(crate) fn new_key(key: &PrivateKey, owner: &str) -> NewKey {
    NewKey { key: key.public().clone(), owner: owner.into(), not_before: day(0), not_after: day(END) }
}

pub(crate) fn add(key: &PrivateKey, owner: &str) -> Change {
    Change::AddKey(new_key(key, owner))
}

pub(crate) fn pattern(text: &str) -> Pattern {
    text.parse().unwrap()
}

pub(crate) fn rule(text: &str, threshold: u32, keys: &[&PrivateKey]) -> Change {
    let keys = keys.iter().map(|key| id(key)).collect();
    Change::SetRule(Rule { pattern: pattern(text), threshold, keys })
}

pub(crate) fn revoke(key: &PrivateKey) -> Change {
    Change::RevokeKey { id: id(key), reason: "its laptop was stolen".into() }
}

/// The first version, not signed yet.
pub(crate) fn first(roots: &[&PrivateKey], threshold: u32) -> Proposal {
    let keys: Vec<NewKey> = roots.iter().map(|key| new_key(key, "Root")).collect();
    Proposal::first(&keys, threshold, day(END), day(0)).unwrap()
}

/// A machine.
pub(crate) struct Machine {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: Store,
}

impl Machine {
    /// Without a trust store.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("config"), &folder.path().join("state"));
        Self { folder, store }
    }

    /// With a first version that these keys signed.
    pub(crate) fn new(roots: &[&PrivateKey], threshold: u32) -> Self {
        let machine = Self::empty();
        let mut proposal = first(roots, threshold);
        roots.iter().for_each(|key| proposal.sign(key).unwrap());
        machine.store.apply(&proposal, Some(&proposal.document().root), day(0)).unwrap();
        machine
    }

    pub(crate) fn trust(&self) -> Trust {
        self.store.current().unwrap()
    }

    pub(crate) fn propose(&self, changes: &[Change], keys: &[&PrivateKey]) -> Proposal {
        let mut proposal = Proposal::next(&self.trust(), changes, day(1)).unwrap();
        keys.iter().for_each(|key| proposal.sign(key).unwrap());
        proposal
    }

    pub(crate) fn change(&self, changes: &[Change], keys: &[&PrivateKey]) -> Applied {
        self.store.apply(&self.propose(changes, keys), None, day(1)).unwrap()
    }

    /// A machine that is as this one is now.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::empty();
        for (path, bytes) in self.files() {
            copy.put(&path, &bytes);
        }
        copy
    }

    /// Every file with its bytes, but the lock.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with("lock") {
                    let name = path.strip_prefix(self.folder.path()).unwrap().to_str().unwrap().to_owned();
                    files.insert(name, fs::read(path).unwrap());
                }
            }
        }
        files
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        put(&self.path(name), bytes);
    }

    pub(crate) fn decide(&self, name: &str, signers: &[&PrivateKey], now: Timestamp) -> Result<Decision, Refused> {
        let signers: Vec<KeyId> = signers.iter().map(|key| id(key)).collect();
        let version = Version::new(1, 0, 0);
        let digest = Digest::of(b"a bundle");
        self.trust().decide(&Candidate { name, version: &version, digest, signers: &signers, rollback_to: None }, now)
    }

    /// Nothing of this file is taken, for that reason, and nothing is kept of it.
    ///
    /// `named`: the keys of a root that all must sign; none names no root.
    pub(crate) fn refuses(&self, json: &[u8], named: &[KeyId], now: Timestamp) -> Refused {
        let before = self.files();
        let root = root(named.len(), named);
        let named = (!named.is_empty()).then_some(&root);
        let refused = self.store.import("handed.json", json, named, now).unwrap_err();
        assert_eq!(self.files(), before, "something was kept of what was refused: {refused}");
        assert!(!refused.message.is_empty() && !refused.help.is_empty(), "{refused:?}");
        refused
    }
}

/// A root as an operator names it.
pub(crate) fn root(threshold: usize, keys: &[KeyId]) -> Root {
    Root { threshold: u32::try_from(threshold).unwrap(), keys: keys.to_vec() }
}

pub(crate) fn put(path: &Path, bytes: &[u8]) {
    presetter_disk::write(path, bytes).unwrap();
}

/// A handed over file by hand, as another program would write it: texts with who signs them, and public keys.
pub(crate) fn by_hand(steps: &[(&str, &[&PrivateKey])], keys: &[&PrivateKey]) -> Value {
    let step = |(text, signers): &(&str, &[&PrivateKey])| {
        let signatures: Vec<Value> = signers.iter().map(|key| signature(text, key)).collect();
        json!({ "trust": text, "signatures": signatures })
    };
    json!({
        "mediaType": "application/vnd.presetter.trust-store.v1+json",
        "steps": steps.iter().map(step).collect::<Vec<_>>(),
        "keys": keys.iter().map(|key| key.public().to_pem()).collect::<Vec<_>>(),
    })
}

/// A signature by hand: DSSE's pre-authentication encoding, spelled out.
pub(crate) fn signature(text: &str, key: &PrivateKey) -> Value {
    let signed = format!("DSSEv1 39 application/vnd.presetter.trust.v1+toml {} {text}", text.len());
    json!({ "keyid": id(key).to_string(), "sig": STANDARD.encode(key.sign(signed.as_bytes())) })
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}
