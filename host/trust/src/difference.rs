//! What one version says that another did not, in plain words: what a signer signs, and what an import brings.

use crate::document::{Document, Key, Root, Rule, Status};

impl Document {
    /// What would be new, a line each; all of it if there was nothing before.
    #[must_use]
    pub fn difference(&self, before: Option<&Self>) -> Vec<String> {
        let mut lines = Vec::new();
        if before.is_none_or(|before| before.root != self.root) {
            lines.push(format!("the root is {}", self.signed_by(&self.root.keys, self.root.threshold)));
        }
        if before.is_none_or(|before| before.expires != self.expires) {
            lines.push(format!("it expires at {}", self.expires));
        }
        for key in &self.keys {
            let known = before.and_then(|before| before.key(key.id));
            if known != Some(key) {
                lines.push(key_line(key, known));
            }
        }
        for rule in &self.rules {
            let known = before.and_then(|before| before.rules.iter().find(|known| known.pattern == rule.pattern));
            if known != Some(rule) {
                let must = self.signed_by(&rule.keys, rule.threshold);
                lines.push(format!("bundles {} must be signed by {must}", rule.pattern));
            }
        }
        let rules = before.map_or(&[][..], |before| &before.rules);
        for rule in rules.iter().filter(|rule| self.rules.iter().all(|now| now.pattern != rule.pattern)) {
            lines.push(format!("there is no rule for {} any more", rule.pattern));
        }
        for deny in &self.denied {
            if before.is_none_or(|before| before.denied(deny.what) != Some(&deny.reason)) {
                lines.push(format!("{} is revoked: {}", deny.what, deny.reason));
            }
        }
        lines
    }

    /// A root in words: `2 of 3: Ada (sha256:...), ...`.
    pub(crate) fn root_in_full(&self, root: &Root) -> String {
        self.signed_by(&root.keys, root.threshold)
    }

    fn signed_by(&self, keys: &[presetter_package::KeyId], threshold: u32) -> String {
        format!("{threshold} of {}: {}", keys.len(), self.named_all(keys.iter().copied()))
    }
}

impl Rule {
    /// As a sentence of few words: `2 of 3 keys`.
    #[must_use]
    pub fn in_short(&self) -> String {
        in_short(self.threshold, self.keys.len())
    }
}

impl Root {
    /// As a sentence of few words: `2 of 3 keys`.
    #[must_use]
    pub fn in_short(&self) -> String {
        in_short(self.threshold, self.keys.len())
    }
}

fn in_short(threshold: u32, keys: usize) -> String {
    format!("{threshold} of {keys} {}", if keys == 1 { "key" } else { "keys" })
}

fn key_line(key: &Key, before: Option<&Key>) -> String {
    let Key { id, owner, not_before, not_after, status } = key;
    if *status == Status::Revoked {
        return format!("key {id} of {owner} counts no more");
    }
    let verb = if before.is_some() { "is now of" } else { "is added, of" };
    format!("key {id} {verb} {owner}, for signatures from {not_before} until {not_after}")
}
