//! Whether a bundle is trusted: the one decision, as a function of values.
//!
//! It gets the keys whose signatures on the bundle are valid (`presetter-package` found them), and says whether these keys are enough.
//!
//! Invariants: what no rule is for is refused; a key counts once; a key that is revoked, expired or not yet valid counts for nothing,
//! and hinders nothing either, since anyone who holds a revoked key can add its signature; an expired store trusts nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use presetter_manifest::is_bundle_name;
use presetter_package::{Digest, KeyId};
use semver::Version;
use serde::Serialize;

use crate::document::{Denied, KeyState, Rule, as_text, as_texts};
use crate::findings::{self, Finding};
use crate::seen::Standing;
use crate::{Code, Refused, Trust, advice};

/// A bundle that is to be trusted.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its name, as its manifest says and as it was asked for.
    pub name: &'a str,
    /// Its version, likewise.
    pub version: &'a Version,
    /// The digest of its manifest.
    pub digest: Digest,
    /// The keys that signed it validly; one may stand there twice.
    pub signers: &'a [KeyId],
    /// That somebody went back to it on purpose. It is for one digest, so that no other old version comes in by it.
    pub rollback_to: Option<Digest>,
}

/// Why a bundle is trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The rule.
    pub rule: Rule,
    /// How many keys had to sign.
    pub threshold: u32,
    /// Those that did, and count.
    #[serde(serialize_with = "as_texts")]
    pub signers: Vec<KeyId>,
    /// The version of the trust store that said so.
    pub store: u64,
    /// Its digest.
    #[serde(serialize_with = "as_text")]
    pub store_digest: Digest,
    /// What to tell, on every use.
    pub warnings: Vec<Finding>,
}

impl Trust {
    /// Decides.
    ///
    /// # Errors
    /// It is not trusted: why, and what to do.
    pub fn decide(&self, candidate: &Candidate<'_>, now: Timestamp) -> Result<Decision, Refused> {
        let document = self.document();
        let Candidate { name, digest, signers, .. } = *candidate;
        if !is_bundle_name(name) {
            let message = format!("{name:?} cannot be the name of a bundle");
            return Err(Refused::new(Code::Malformed, message, "names are like jamf or acme/jamf"));
        }
        if document.expired(now) {
            let message = format!("the trust store expired at {}: nothing is trusted by it", document.expires);
            return Err(Refused::new(Code::Expired, message, advice::RENEW));
        }
        if let Some(reason) = document.denied(Denied::Digest(digest)) {
            let message = format!("{name} {} is revoked: {reason}", candidate.version);
            return Err(Refused::new(Code::RevokedDigest, message, advice::other_version(name)));
        }
        let rule = document.rule_for(name).ok_or_else(|| {
            let message = format!("no rule says who may sign {name}");
            Refused::new(Code::NoRule, message, advice::rule(name, signers))
        })?;
        let signers = self.enough(candidate, rule, now)?;
        standing(self.seen.standing(name, candidate.version, digest), candidate)?;
        let mut warnings = self.warnings.clone();
        warnings.extend(findings::expiry(document, now));
        let counted = signers.iter().filter_map(|id| document.key(*id));
        warnings.extend(counted.filter_map(|key| findings::key_expiry(key, now)));
        let store = self.version();
        Ok(Decision {
            rule: rule.clone(),
            threshold: rule.threshold,
            signers,
            store: store.version,
            store_digest: store.digest,
            warnings,
        })
    }

    /// The signers that count, if they are enough for the rule.
    fn enough(&self, candidate: &Candidate<'_>, rule: &Rule, now: Timestamp) -> Result<Vec<KeyId>, Refused> {
        let document = self.document();
        let mut counted = Vec::new();
        let mut others = Vec::new();
        let mut revoked = None;
        for id in candidate.signers.iter().copied().collect::<BTreeSet<_>>() {
            let Some(key) = document.key(id) else { continue };
            let state = key.state(now);
            if state == KeyState::Valid && rule.keys.contains(&id) {
                counted.push(id);
                continue;
            }
            let why = match state {
                KeyState::Revoked => {
                    let reason = document.denied(Denied::Key(id)).unwrap_or("no reason is given");
                    revoked = revoked.or(Some(id));
                    format!("is revoked: {reason}")
                }
                _ if !rule.keys.contains(&id) => format!("is not for bundles {}", rule.pattern),
                KeyState::NotYetValid => format!("is valid only from {}", key.not_before),
                _ => format!("expired at {}", key.not_after),
            };
            others.push(format!("the key of {} ({id}) {why}", key.owner));
        }
        if counted.len() >= rule.threshold as usize && rule.threshold > 0 {
            return Ok(counted);
        }
        Err(self.too_few(candidate, rule, &counted, &others, revoked))
    }

    fn too_few(
        &self,
        candidate: &Candidate<'_>,
        rule: &Rule,
        counted: &[KeyId],
        others: &[String],
        revoked: Option<KeyId>,
    ) -> Refused {
        let Candidate { name, version, .. } = candidate;
        let (code, help) = match revoked {
            Some(_) => (Code::RevokedKey, advice::other_signer(name)),
            None if counted.is_empty() && others.is_empty() => (Code::Unsigned, advice::signatures(name)),
            None => (Code::Threshold, advice::signatures(name)),
        };
        let mut message = if code == Code::Unsigned {
            format!(
                "no key of the trust store has signed {name} {version}; rule {} asks for {}",
                rule.pattern, rule.threshold
            )
        } else {
            let (have, needed) = (counted.len(), rule.threshold);
            format!("{name} {version} has {have} of the {needed} signatures that rule {} asks for", rule.pattern)
        };
        for other in others {
            message.push_str("; ");
            message.push_str(other);
        }
        Refused::new(code, message, help)
    }
}

/// That nothing newer was seen, and nothing else of the same version.
pub(crate) fn standing(standing: Standing<'_>, candidate: &Candidate<'_>) -> Result<(), Refused> {
    let Candidate { name, version, digest, .. } = candidate;
    match standing {
        Standing::New | Standing::Same => Ok(()),
        Standing::OtherDigest(known) => Err(Refused::new(
            Code::OtherDigest,
            format!("{name} {version} was seen here with other content: it was {known} and is {digest}"),
            "a version is signed once: ask its maker for one with a higher version",
        )),
        Standing::Older(_) if candidate.rollback_to == Some(*digest) => Ok(()),
        Standing::Older(highest) => Err(Refused::new(
            Code::Rollback,
            format!("{name} {version} is older than {highest}, which was seen here"),
            format!(
                "take a newer one; to go back to one that is kept (presetter list): presetter rollback {name} --to {version}"
            ),
        )),
    }
}
