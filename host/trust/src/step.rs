//! From one version to the next: what both roots must have signed, and what a version may not take back.
//!
//! Invariants: signatures of the old root are checked over bytes before these are parsed; a version is never skipped; a step needs the
//! thresholds of the old and of the new root; keys and revocations stay.

use std::collections::{BTreeMap, BTreeSet};

use presetter_package::{Digest, KeyId, PublicKey};

use crate::document::{Document, Root};
use crate::envelope::{self, Signature};
use crate::{Code, Refused, advice, form};

/// Public keys by their identity. Where they come from does not matter: a key's identity is its content.
pub(crate) type PublicKeys = BTreeMap<KeyId, PublicKey>;

/// One version: its exact text, and who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) text: String,
    pub(crate) signatures: Vec<Signature>,
}

impl Step {
    /// The digest of its text.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }

    /// Its text as a value. Proves nothing.
    pub(crate) fn document(&self, file: &str) -> Result<Document, Refused> {
        form::read(file, &self.text).map_err(|at| Refused::malformed(at, "get it again from who signed it"))
    }

    /// Which keys of a root have signed it.
    pub(crate) fn signed_by(&self, root: &Root, keys: &PublicKeys) -> Result<BTreeSet<KeyId>, Refused> {
        let of_root = |id: KeyId| root.keys.contains(&id).then(|| keys.get(&id)).flatten();
        envelope::signers(&self.text, &self.signatures, of_root)
    }

    /// That a root's threshold is met; `whose` is how it is called.
    fn enough(&self, root: &Root, keys: &PublicKeys, whose: &str) -> Result<(), Refused> {
        let signed = self.signed_by(root, keys)?.len();
        if signed >= root.threshold as usize && root.threshold > 0 {
            return Ok(());
        }
        Err(Refused::new(
            Code::RootThreshold,
            format!("{signed} of the {} signatures are there that {whose} asks for", root.threshold),
            advice::SIGN,
        ))
    }

    /// That it stands by itself: its own root has signed it. Whether that root may be trusted is another question.
    pub(crate) fn own_root(&self, file: &str, keys: &PublicKeys) -> Result<Document, Refused> {
        let document = self.document(file)?;
        have_all(&document, keys)?;
        self.enough(&document.root, keys, "its root")?;
        Ok(document)
    }

    /// That it follows a version, by both roots.
    pub(crate) fn follows(&self, before: &Document, file: &str, keys: &PublicKeys) -> Result<Document, Refused> {
        self.enough(&before.root, keys, &format!("the root of version {}", before.version))?;
        let document = self.may_follow(before, file, keys)?;
        self.enough(&document.root, keys, &format!("the new root of version {}", document.version))?;
        Ok(document)
    }

    /// That it would follow a version if enough had signed it.
    pub(crate) fn may_follow(&self, before: &Document, file: &str, keys: &PublicKeys) -> Result<Document, Refused> {
        let document = self.document(file)?;
        if before.version.checked_add(1) != Some(document.version) {
            return Err(Refused::new(
                Code::Gap,
                format!("version {} does not follow version {}", document.version, before.version),
                "every version between is needed: ask who keeps the trust store to export it again",
            ));
        }
        let lost_key = before.keys.iter().find(|key| document.key(key.id).is_none());
        let lost_denial = before.denied.iter().find(|deny| document.denied(deny.what).is_none());
        let lost = lost_key.map(|key| format!("key {}", key.id));
        if let Some(lost) = lost.or_else(|| lost_denial.map(|deny| format!("the revocation of {}", deny.what))) {
            return Err(Refused::new(
                Code::BadChange,
                format!("version {} leaves out {lost}", document.version),
                "keys and revocations stay in a trust store for ever: ask who made it to keep them",
            ));
        }
        have_all(&document, keys)?;
        Ok(document)
    }
}

/// That the public key of each key is there.
fn have_all(document: &Document, keys: &PublicKeys) -> Result<(), Refused> {
    match document.keys.iter().find(|key| !keys.contains_key(&key.id)) {
        None => Ok(()),
        Some(key) => Err(Refused::new(
            Code::Malformed,
            format!("the public key of {} is not there", document.named(key.id)),
            "get the trust store again from who keeps it",
        )),
    }
}
