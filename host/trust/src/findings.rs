//! What is amiss with a trust store that is in order: what ends soon, what can no longer be met, what is of no use.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use presetter_package::KeyId;
use serde::Serialize;

use crate::document::{Document, Key, KeyState, Rule};
use crate::{Trust, advice};

/// How long before its end something is spoken of.
pub(crate) const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Something that a person should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A word for programs that stays the same.
    pub code: &'static str,
    /// Whether something does not work already.
    pub level: Level,
    /// One sentence, without a full stop.
    pub message: String,
    /// What to do, with the command.
    pub help: String,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It will be, or is untidy.
    Warning,
    /// Something does not work.
    Error,
}

impl Finding {
    pub(crate) fn warning(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, level: Level::Warning, message: message.into(), help: help.into() }
    }

    fn error(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { level: Level::Error, ..Self::warning(code, message, help) }
    }
}

impl Trust {
    /// Everything that is amiss.
    #[must_use]
    pub fn check(&self, now: Timestamp) -> Vec<Finding> {
        let document = self.document();
        let mut findings = self.warnings.clone();
        findings.extend(expiry(document, now));
        findings.extend(root(document, now));
        findings.extend(document.rules.iter().filter_map(|rule| reach(document, rule, now)));
        findings.extend(keys(document, now));
        findings
    }
}

/// The store's own expiry: nothing, soon, or past.
pub(crate) fn expiry(document: &Document, now: Timestamp) -> Option<Finding> {
    let expires = document.expires;
    if document.expired(now) {
        let message = format!("the trust store expired at {expires}: nothing is trusted by it");
        return Some(Finding::error("store-expired", message, advice::RENEW));
    }
    soon(expires, now)
        .then(|| Finding::warning("store-expires", format!("the trust store expires at {expires}"), advice::RENEW))
}

/// A key that is valid now and not for long.
pub(crate) fn key_expiry(key: &Key, now: Timestamp) -> Option<Finding> {
    (key.state(now) == KeyState::Valid && soon(key.not_after, now)).then(|| {
        let message = format!("the key of {} ({}) expires at {}", key.owner, key.id, key.not_after);
        Finding::warning("key-expires", message, advice::renew_key(&key.owner))
    })
}

fn soon(end: Timestamp, now: Timestamp) -> bool {
    end.duration_since(now) <= SOON
}

fn root(document: &Document, now: Timestamp) -> Vec<Finding> {
    let root = &document.root;
    let mut findings = Vec::new();
    if root.keys.len() == root.threshold as usize {
        findings.push(Finding::warning(
            "root-no-spare",
            format!(
                "the root needs all of its keys ({}): if one is lost, the store can never change again",
                root.keys.len()
            ),
            "add a spare one, and keep it elsewhere: presetter trust root --threshold N --key FILE --key FILE",
        ));
    }
    for key in root.keys.iter().filter_map(|id| document.key(*id)) {
        if key.state(now) == KeyState::Expired {
            findings.push(Finding::warning(
                "root-key-expired",
                format!("the key of {} ({}) is of the root and expired at {}", key.owner, key.id, key.not_after),
                "the root is not bound by that date, but a key that old is best replaced: presetter trust root",
            ));
        }
    }
    findings
}

/// A rule that its keys cannot meet now, or soon.
fn reach(document: &Document, rule: &Rule, now: Timestamp) -> Option<Finding> {
    let keys: Vec<&Key> = rule.keys.iter().filter_map(|id| document.key(*id)).collect();
    let valid = keys.iter().filter(|key| key.state(now) == KeyState::Valid).count();
    let lasting = keys.iter().filter(|key| key.state(now) == KeyState::Valid && !soon(key.not_after, now)).count();
    let threshold = rule.threshold as usize;
    let help = advice::other_keys(&rule.pattern);
    if valid < threshold {
        let message =
            format!("rule {} asks for {threshold} signatures, and {valid} of its keys are valid", rule.pattern);
        Some(Finding::error("rule-unreachable", message, help))
    } else if lasting < threshold {
        let message = format!(
            "rule {} asks for {threshold} signatures, and soon only {lasting} of its keys are valid",
            rule.pattern
        );
        Some(Finding::warning("rule-unreachable-soon", message, help))
    } else {
        None
    }
}

fn keys(document: &Document, now: Timestamp) -> Vec<Finding> {
    let used: BTreeSet<KeyId> = document.uses().into_keys().collect();
    let in_rules: BTreeSet<KeyId> = document.rules.iter().flat_map(|rule| rule.keys.iter().copied()).collect();
    let mut findings = Vec::new();
    for key in &document.keys {
        let Key { id, owner, .. } = key;
        match key.state(now) {
            KeyState::Revoked if in_rules.contains(id) => findings.push(Finding::warning(
                "key-revoked-in-rule",
                format!("the key of {owner} ({id}) is revoked and still stands in a rule"),
                "give the rule other keys: presetter trust rule",
            )),
            KeyState::Revoked => {}
            _ if !used.contains(id) => findings.push(Finding::warning(
                "key-unused",
                format!("the key of {owner} ({id}) is used by no rule"),
                format!("use it in a rule, or revoke it: presetter trust revoke-key {id} --reason TEXT"),
            )),
            KeyState::Expired if in_rules.contains(id) => findings.push(Finding::warning(
                "key-expired",
                format!("the key of {owner} ({id}) expired at {}", key.not_after),
                advice::renew_key(owner),
            )),
            KeyState::NotYetValid if in_rules.contains(id) => findings.push(Finding::warning(
                "key-not-yet-valid",
                format!("the key of {owner} ({id}) is valid from {}", key.not_before),
                "nothing needs to be done if that is meant so",
            )),
            _ => findings.extend(key_expiry(key, now).filter(|_| in_rules.contains(id))),
        }
    }
    findings
}
