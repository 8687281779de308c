//! Whether versions that somebody hands over follow what this machine trusts.
//!
//! Three things can hold the first of them: the version that is here; the digest of a version that was seen here, if the store itself
//! is lost or damaged; or the root that the operator names. Never the file itself.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::document::{Document, Root};
use crate::seen::Seen;
use crate::step::{PublicKeys, Step};
use crate::{Code, Refused, Trust, advice};

/// What is handed over.
pub(crate) struct Offer<'a> {
    pub(crate) file: &'a str,
    pub(crate) steps: &'a [Step],
    pub(crate) keys: &'a PublicKeys,
    /// The root that the operator named: the last one must be that, all of its keys and its threshold. Else a single one of
    /// several keys could stand for a root that it makes up.
    pub(crate) named: Option<&'a Root>,
}

/// Versions that hold, the first right after what is here or in its place.
pub(crate) type Verified = Vec<(Step, Document)>;

impl Offer<'_> {
    /// What is new to this machine; nothing if it has the last version already.
    pub(crate) fn verify(
        &self,
        current: Result<&Trust, &Refused>,
        seen: &Seen,
        now: Timestamp,
    ) -> Result<Verified, Refused> {
        let verified = match current {
            Ok(trust) => self.after(trust)?,
            Err(why) => self.anew(why, seen)?,
        };
        let Some((_, document)) = verified.last() else { return Ok(verified) };
        self.is_named(document)?;
        if document.expired(now) {
            let message = format!("version {} of the trust store expired at {}", document.version, document.expires);
            return Err(Refused::new(Code::Expired, message, advice::IMPORT));
        }
        Ok(verified)
    }

    /// What follows the version that is here.
    fn after(&self, trust: &Trust) -> Result<Verified, Refused> {
        let keys = self.keys.iter().chain(trust.keys()).map(|(id, key)| (*id, key.clone())).collect();
        let here = self.steps.iter().position(|step| step.text == trust.text());
        let rest = here.map_or(self.steps, |at| &self.steps[at + 1..]);
        let mut verified = Verified::new();
        for step in rest {
            let before = verified.last().map_or(trust.document(), |(_, document)| document);
            let document = step
                .follows(before, self.file, &keys)
                .map_err(|why| if here.is_none() { self.explained(trust.document(), why) } else { why })?;
            verified.push((step.clone(), document));
        }
        Ok(verified)
    }

    /// Why nothing in the file follows what is here, in more words than that it does not.
    fn explained(&self, here: &Document, why: Refused) -> Refused {
        let versions: Vec<u64> =
            self.steps.iter().filter_map(|step| Some(step.document(self.file).ok()?.version)).collect();
        let (Some(first), Some(last)) = (versions.first(), versions.last()) else { return why };
        if versions.contains(&here.version) {
            let message =
                format!("{} has another version {} of the trust store than this machine", self.file, here.version);
            let help = format!(
                "if it is a proposal that came too late, {}; else somebody may be trying to deceive you: \
                                ask who keeps the trust store",
                advice::AGAIN
            );
            Refused::new(Code::Fork, message, help)
        } else if *last < here.version {
            let message =
                format!("{} has version {last} of the trust store; version {} is here", self.file, here.version);
            Refused::new(Code::OldStore, message, advice::IMPORT)
        } else if here.version.checked_add(1).is_some_and(|next| *first > next) {
            let message = format!(
                "{} begins with version {first} of the trust store; version {} is here",
                self.file, here.version
            );
            let help = "every version between is needed: ask who keeps the trust store to export it whole";
            Refused::new(Code::Gap, message, help)
        } else {
            why
        }
    }

    /// A store where there is none that can be used; `why` says so.
    fn anew(&self, why: &Refused, seen: &Seen) -> Result<Verified, Refused> {
        let known = seen.store.and_then(|(_, digest)| self.steps.iter().position(|step| step.digest() == digest));
        if known.is_none() && why.code != Code::NoStore {
            return Err(why.clone());
        }
        if known.is_none() && self.named.is_none() {
            return Err(Refused::new(
                Code::UnexpectedRoot,
                "there is no trust store here yet, and nothing is trusted because it comes first",
                "ask somebody you know for the ids of all its root keys: presetter trust import FILE --root KEYID --root KEYID",
            ));
        }
        let mut verified = Verified::new();
        for step in &self.steps[known.unwrap_or(0)..] {
            let document = match verified.last() {
                None => step.own_root(self.file, self.keys)?,
                Some((_, before)) => step.follows(before, self.file, self.keys)?,
            };
            verified.push((step.clone(), document));
        }
        let (Some((version, digest)), Some((last, document))) = (seen.store, verified.last()) else {
            return Ok(verified);
        };
        let other = verified.iter().any(|(step, document)| document.version == version && step.digest() != digest);
        if document.version < version || other {
            let code = if other { Code::Fork } else { Code::OldStore };
            return Err(Refused::new(
                code,
                format!(
                    "this machine has seen version {version} of a trust store ({digest}), and this is {}",
                    last.digest()
                ),
                "take over that one or a newer one; if it was given up on purpose, remove seen.toml in the state folder of trust: \
                 then nothing tells older versions of bundles from newer ones",
            ));
        }
        Ok(verified)
    }

    /// That the root is the named one.
    fn is_named(&self, document: &Document) -> Result<(), Refused> {
        let keys = |root: &Root| root.keys.iter().copied().collect::<BTreeSet<_>>();
        match self.named {
            Some(named) if named.threshold != document.root.threshold || keys(named) != keys(&document.root) => {
                Err(Refused::new(
                    Code::UnexpectedRoot,
                    // Not which they are: whoever copied them from here would trust the file for what it says of itself.
                    format!(
                        "the root of version {} is another than the one that you named, which is {}",
                        document.version,
                        document.root_in_full(named)
                    ),
                    "name each key of the root, and by --threshold how many of them sign, as somebody you know tells you; if they \
                     told you this, the file is not theirs",
                ))
            }
            _ => Ok(()),
        }
    }
}
