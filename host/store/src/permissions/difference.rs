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
        let packed = |component: &Component| component.packed_with.clone();
        match (old, new) {
            (_, Some(Component { digest, packed_with: None })) if old.is_none_or(|old| packed(old).is_some()) => {
                self.wider(format!("{now}runs a component of its own, {digest}"));
            }
            (_, Some(Component { packed_with: Some(with), .. }))
                if old.is_none_or(|old| packed(old).as_ref() != Some(with)) =>
            {
                let words = format!("{now}runs a component that was packed, as it says, with the interpreter {with}");
                // Whoever may bring any component may bring this one.
                let own = old.is_some_and(|old| packed(old).is_none());
                if own { self.other(words) } else { self.wider(words) }
            }
            (Some(old), Some(new)) if old.digest != new.digest && packed(new).is_none() => {
                self.other(format!("runs another component of its own: {}, before {}", new.digest, old.digest));
            }
            (Some(_), None) => self.other("no longer brings a component: Presetter's own interpreter runs it".into()),
            _ => {}
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
