//! One version or more of a trust store with their signatures, as one file: a proposal that others sign, or an export.
//!
//! Must never be what trust is decided by: what it says of earlier versions is only what the file says. [`crate::Store::apply`] finds out
//! whether it follows what this machine trusts.
//!
//! Invariants: each version but the first follows the one before by both roots' signatures, the last perhaps but for their number;
//! no signature of a root's key is a wrong one.

use jiff::Timestamp;
use presetter_package::{KeyId, PrivateKey};
use serde::Serialize;

use crate::change::{NewKey, bad};
use crate::document::{Document, Root, as_texts};
use crate::envelope::Signature;
use crate::step::{PublicKeys, Step};
use crate::{Change, Code, Refused, Trust, advice, change, file, write};

/// Versions of a trust store, to hand over.
#[derive(Debug, Clone)]
pub struct Proposal {
    pub(crate) steps: Vec<Step>,
    pub(crate) keys: PublicKeys,
    /// The last version, as a value, and the one before it, if the file has it.
    last: Document,
    before: Option<Document>,
}

/// Which signatures a proposal still needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Needs {
    /// From the root of the version before, as far as the file has it.
    pub old: Option<Need>,
    /// From its own root.
    pub new: Need,
}

/// What one root asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    /// How many keys must sign.
    pub threshold: u32,
    /// Those that have.
    #[serde(serialize_with = "as_texts")]
    pub signed: Vec<KeyId>,
    /// Those that could.
    #[serde(serialize_with = "as_texts")]
    pub others: Vec<KeyId>,
}

impl Proposal {
    /// The first version of a new trust store, whose root has all of these keys.
    ///
    /// # Errors
    /// [`Code::BadChange`]: it would not keep the rules, or has expired.
    pub fn first(keys: &[NewKey], threshold: u32, expires: Timestamp, now: Timestamp) -> Result<Self, Refused> {
        let root = Root { threshold, keys: keys.iter().map(|new| new.key.id()).collect() };
        let described = keys.iter().map(NewKey::described).collect();
        let document = Document { version: 1, expires, root, keys: described, rules: Vec::new(), denied: Vec::new() };
        let keys = keys.iter().map(|new| (new.key.id(), new.key.clone())).collect();
        Self::made(Vec::new(), &document, keys, None, now)
    }

    /// The next version.
    ///
    /// # Errors
    /// [`Code::BadChange`]: a change cannot be made, all of them change nothing, or the result would not keep the rules or has expired.
    pub fn next(current: &Trust, changes: &[Change], now: Timestamp) -> Result<Self, Refused> {
        let (document, new_keys) = change::make(current.document(), changes)?;
        let keys = current.keys().clone().into_iter().chain(new_keys).collect();
        Self::made(vec![current.step().clone()], &document, keys, Some(current.document()), now)
    }

    fn made(
        mut steps: Vec<Step>,
        document: &Document,
        keys: PublicKeys,
        before: Option<&Document>,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        if document.expired(now) {
            let message = format!("this trust store would have expired at {}", document.expires);
            return Err(bad(message, "renew it first, or in the same step: presetter trust renew"));
        }
        let step = Step { text: write::text(document), signatures: Vec::new() };
        // Read again: what is proposed keeps the rules because its text does.
        let read = match before {
            Some(before) => step.may_follow(before, "trust.toml", &keys),
            None => step.document("trust.toml"),
        };
        let last = read.map_err(in_words)?;
        steps.push(step);
        Ok(Self { steps, keys, last, before: before.cloned() })
    }

    /// Reads the file form; `file` is how it is called in errors.
    ///
    /// # Errors
    /// It is not in that form, or breaks an invariant of the module.
    pub fn read(file: &str, json: &[u8]) -> Result<Self, Refused> {
        let (steps, keys) = file::read(file, json)?;
        Self::of(file, steps, keys)
    }

    pub(crate) fn of(file: &str, steps: Vec<Step>, keys: PublicKeys) -> Result<Self, Refused> {
        let Some((last, earlier)) = steps.split_last() else {
            return Err(Refused::new(
                Code::Malformed,
                format!("{file} holds no version of a trust store"),
                advice::IMPORT,
            ));
        };
        let mut before: Option<Document> = None;
        for step in earlier {
            before = Some(match &before {
                None => step.own_root(file, &keys)?,
                Some(before) => step.follows(before, file, &keys)?,
            });
        }
        let last = match &before {
            None => last.document(file)?,
            Some(before) => last.may_follow(before, file, &keys)?,
        };
        let proposal = Self { steps, keys, last, before };
        proposal.needs()?;
        Ok(proposal)
    }

    /// The file form: one JSON text, for people to read as well.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        file::write(&self.steps, &self.keys)
    }

    /// The last version. Whoever signs it is to be shown how it differs from what *their machine* has ([`Document::difference`] with
    /// [`crate::Store::current`]): the versions before it in the file may be made up to hide something.
    #[must_use]
    pub const fn document(&self) -> &Document {
        &self.last
    }

    /// The `trust.toml` of the last version.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.last_step().text
    }

    fn last_step(&self) -> &Step {
        // There is one: see `of` and `made`.
        &self.steps[self.steps.len() - 1]
    }

    /// Signs the last version. Twice is as good as once.
    ///
    /// # Errors
    /// [`Code::BadChange`]: the key is of neither root.
    pub fn sign(&mut self, key: &PrivateKey) -> Result<(), Refused> {
        let id = key.public().id();
        let roots = std::iter::once(&self.last).chain(&self.before);
        if !roots.into_iter().any(|document| document.root.keys.contains(&id)) {
            return Err(bad(
                format!("key {id} is not one of the root, old or new"),
                format!("sign with one of these: {}", self.last.named_all(self.last.root.keys.iter().copied())),
            ));
        }
        let signature = Signature::new(self.text(), key);
        self.add(signature);
        Ok(())
    }

    /// Takes over the signatures that a copy of the same proposal has.
    ///
    /// # Errors
    /// [`Code::BadChange`]: it is another proposal.
    pub fn merge(&mut self, other: &Self) -> Result<(), Refused> {
        if self.text() != other.text() {
            return Err(bad("these are two different proposals", advice::AGAIN));
        }
        for signature in &other.last_step().signatures {
            self.add(signature.clone());
        }
        self.needs().map(drop)
    }

    fn add(&mut self, signature: Signature) {
        if let Some(step) = self.steps.last_mut()
            && step.signatures.iter().all(|known| known.key != signature.key)
        {
            step.signatures.push(signature);
        }
    }

    /// Which signatures it has and needs.
    ///
    /// # Errors
    /// [`Code::BadSignature`].
    pub fn needs(&self) -> Result<Needs, Refused> {
        let need = |root: &Root| {
            let signed = self.last_step().signed_by(root, &self.keys)?;
            let others = root.keys.iter().copied().filter(|id| !signed.contains(id)).collect();
            Ok(Need { threshold: root.threshold, signed: signed.into_iter().collect(), others })
        };
        let old = self.before.as_ref().map(|before| need(&before.root)).transpose()?;
        Ok(Needs { old, new: need(&self.last.root)? })
    }
}

impl Needs {
    /// Whether enough have signed, as far as the file knows.
    #[must_use]
    pub fn met(&self) -> bool {
        self.old.iter().chain([&self.new]).all(Need::met)
    }
}

impl Need {
    /// Whether enough have signed.
    #[must_use]
    pub fn met(&self) -> bool {
        self.signed.len() >= self.threshold as usize
    }
}

/// A rule that a text of our own making breaks: what was asked for is the mistake, not a place in a file.
fn in_words(refused: Refused) -> Refused {
    match refused.at.as_ref().and_then(|at| at.0.first()) {
        Some(first) => bad(first.problem.message.clone(), first.problem.hint.clone().unwrap_or_default()),
        None => refused,
    }
}
