//! Changes to a trust store, as a person asks for them.
//!
//! A change makes the next [`Document`] as a value and nothing else. Whether the result keeps the rules is for [`crate::form`] to
//! say, which reads the text that is made of it; here is only what that text alone cannot show.

use jiff::Timestamp;
use presetter_package::{Digest, KeyId, PublicKey};

use crate::document::{Denied, Deny, Document, Key, Root, Rule, Status};
use crate::step::PublicKeys;
use crate::{Code, Pattern, Refused, advice};

/// One change. Several may be made in one version.
#[derive(Debug, Clone)]
pub enum Change {
    /// Adds a key, or gives one that is there another owner or other dates.
    AddKey(NewKey),
    /// Revokes a key, for ever. One that is not in the store can then never be added.
    RevokeKey {
        /// Which.
        id: KeyId,
        /// Why, for people.
        reason: String,
    },
    /// Revokes one version of a bundle, for ever.
    RevokeDigest {
        /// Which.
        digest: Digest,
        /// Why, for people.
        reason: String,
    },
    /// Adds a rule, or puts it in place of the one for the same bundles.
    SetRule(Rule),
    /// Takes a rule out.
    RemoveRule(Pattern),
    /// Another root.
    SetRoot(Root),
    /// A later expiry.
    Extend(Timestamp),
}

/// A key to add.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The key.
    pub key: PublicKey,
    /// Whose it is, for people.
    pub owner: String,
    /// Its signatures on bundles count from then on,
    pub not_before: Timestamp,
    /// and before then.
    pub not_after: Timestamp,
}

impl NewKey {
    pub(crate) fn described(&self) -> Key {
        Key {
            id: self.key.id(),
            owner: self.owner.clone(),
            not_before: self.not_before,
            not_after: self.not_after,
            status: Status::Active,
        }
    }
}

/// The next version, and the keys that it adds.
///
/// # Errors
/// A change cannot be made, or all of them together change nothing.
pub(crate) fn make(before: &Document, changes: &[Change]) -> Result<(Document, PublicKeys), Refused> {
    let mut document = before.clone();
    let mut keys = PublicKeys::new();
    for change in changes {
        one(&mut document, change)?;
        if let Change::AddKey(new) = change {
            keys.insert(new.key.id(), new.key.clone());
        }
    }
    if document == *before {
        return Err(bad("this changes nothing: the trust store says so already", advice::LIST));
    }
    document.version = before.version.checked_add(1).ok_or_else(|| bad("there is no higher version", ""))?;
    Ok((document, keys))
}

fn one(document: &mut Document, change: &Change) -> Result<(), Refused> {
    match change {
        Change::AddKey(new) => {
            let key = new.described();
            if let Some(reason) = document.denied(Denied::Key(key.id)) {
                let message = format!("key {} is revoked ({reason})", key.id);
                return Err(bad(
                    message,
                    "a revoked key never comes back: make a new one with `presetter key generate FILE`",
                ));
            }
            match document.keys.iter_mut().find(|known| known.id == key.id) {
                Some(known) => *known = key,
                None => document.keys.push(key),
            }
        }
        Change::RevokeKey { id, reason } => {
            deny(document, Denied::Key(*id), reason);
            if let Some(key) = document.keys.iter_mut().find(|key| key.id == *id) {
                key.status = Status::Revoked;
            }
        }
        Change::RevokeDigest { digest, reason } => deny(document, Denied::Digest(*digest), reason),
        Change::SetRule(rule) => {
            if let Some(id) = rule.keys.iter().find(|id| document.denied(Denied::Key(**id)).is_some()) {
                let message = format!("{} is revoked and cannot sign bundles", document.named(*id));
                return Err(bad(message, "make the rule with other keys"));
            }
            match document.rules.iter_mut().find(|known| known.pattern == rule.pattern) {
                Some(known) => *known = rule.clone(),
                None => document.rules.push(rule.clone()),
            }
        }
        Change::RemoveRule(pattern) => {
            let before = document.rules.len();
            document.rules.retain(|rule| rule.pattern != *pattern);
            if document.rules.len() == before {
                return Err(bad(format!("there is no rule for {pattern}"), advice::LIST));
            }
        }
        Change::SetRoot(root) => document.root = root.clone(),
        Change::Extend(expires) if *expires < document.expires => {
            let message = format!("the trust store expires at {} already, which is later", document.expires);
            return Err(bad(message, "name a later time"));
        }
        Change::Extend(expires) => document.expires = *expires,
    }
    Ok(())
}

/// The first reason stays.
fn deny(document: &mut Document, what: Denied, reason: &str) {
    if document.denied(what).is_none() {
        document.denied.push(Deny { what, reason: reason.to_owned() });
    }
}

pub(crate) fn bad(message: impl Into<String>, help: impl Into<String>) -> Refused {
    Refused::new(Code::BadChange, message, help)
}
