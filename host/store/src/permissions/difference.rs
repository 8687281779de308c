//! What another version of a bundle may do that this one may not, and the other way round, in plain words.
//!
//! Owns the judgement whether a change widens: whether the bundle may do anything, or is given anything, that it was not approved
//! for. Invariants: between equals there is no change; what cannot be proven to be no wider counts as wider.

use presetter_manifest::{Limit, Limits, Lowered};

use super::{Component, Permissions, kinds, presets, requests};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// It, in a sentence without beginning and end: `may now also send DELETE to https://api.acme.example/users/*`.
    pub words: String,
    /// Whether it needs to be approved.
    pub widens: bool,
}

/// From what was approved to what another version asks for.
#[must_use]
pub fn difference(old: &Permissions, new: &Permissions) -> Vec<Change> {
    let mut telling = Telling { first: false, changes: Vec::new() };
    telling.all(old, new);
    telling.changes
}

impl Permissions {
    /// All of it in plain words, a line each: what a person approves who knows no version yet.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut telling = Telling { first: true, changes: Vec::new() };
        telling.all(&Self::default(), self);
        telling.changes.into_iter().map(|change| change.words).collect()
    }
}

/// The changes so far.
pub(super) struct Telling {
    /// There is no version before.
    pub(super) first: bool,
    changes: Vec<Change>,
}

impl Telling {
    pub(super) fn wider(&mut self, words: String) {
        self.changes.push(Change { words, widens: true });
    }

    pub(super) fn other(&mut self, words: String) {
        self.changes.push(Change { words, widens: false });
    }

    pub(super) fn may(&self) -> &'static str {
        if self.first { "may" } else { "may now also" }
    }

    fn all(&mut self, old: &Permissions, new: &Permissions) {
        requests::difference(old, new, self);
        kinds::difference(old, new, self);
        self.component(old.component.as_ref(), new.component.as_ref());
        presets::difference(old, new, self);
        self.limits(old, new);
    }

    fn component(&mut self, old: Option<&Component>, new: Option<&Component>) {
        let now = if self.first { "" } else { "now " };
        let (Some(new), old) = (new, old) else {
            if old.is_some() {
                self.other("no longer brings a component: Presetter's own interpreter runs it".into());
            }
            return;
        };
        if old.is_some_and(|old| old.digest == new.digest) {
            return;
        }
        match (new.interpreter(), old.map(Component::interpreter)) {
            // It does what the sources say, and these run without a component too.
            (Some(with), before) if before != Some(Some(with)) => {
                self.other(format!("{now}runs a component that its sources make with the interpreter {with}"));
            }
            (Some(_), _) => {}
            (None, before) => {
                let claim = new.packed_with.as_ref().map(|with| {
                    format!(
                        "; it says that it was packed with the interpreter {with}, and its sources do not give it here"
                    )
                });
                let claim = claim.unwrap_or_default();
                // Whoever may bring any component may bring this one.
                match (before, old) {
                    (Some(None), Some(old)) => self.other(format!(
                        "runs another component of its own: {}, before {}{claim}",
                        new.digest, old.digest
                    )),
                    _ => self.wider(format!("{now}runs a component of its own, {}{claim}", new.digest)),
                }
            }
        }
    }

    fn limits(&mut self, old: &Permissions, new: &Permissions) {
        let [before, now] = [old, new].map(|p| Limits::of(&Lowered::default(), &p.limits));
        for limit in Limit::ALL {
            let (was, is) = (before.show(limit), now.show(limit));
            match now.get(limit).cmp(&before.get(limit)) {
                std::cmp::Ordering::Greater => self.wider(format!("may use up more: {limit} {is}, before {was}")),
                std::cmp::Ordering::Less if self.first => self.other(format!("uses up no more {limit} than {is}")),
                std::cmp::Ordering::Less => self.other(format!("may use up less: {limit} {is}, before {was}")),
                std::cmp::Ordering::Equal => {}
            }
        }
    }
}
