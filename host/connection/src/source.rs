//! Where a bundle comes from, and which of that a connection serves.
//!
//! Owns the comparison of what a bundle is with what an operator allowed. Invariants: a connection serves its own source and
//! those that were allowed for it, and nothing else; a signed bundle is known by its name together with a key that validly
//! signed it, so that a name alone never gets at credentials; a connection has at least one source.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Connection;

/// Where a bundle comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
#[non_exhaustive]
pub enum Source {
    /// Built into the program.
    BuiltIn {
        /// The bundle's name.
        bundle: String,
    },
    /// A folder of sources.
    Folder {
        /// The folder, canonical.
        path: PathBuf,
        /// The bundle's name.
        bundle: String,
    },
    /// A signed bundle.
    Signed {
        /// The bundle's name.
        bundle: String,
        /// Of a bundle: the ids of the keys that validly signed it, `sha256:...`. Of a connection: of the keys that it
        /// takes such a bundle from; one of them is enough.
        signers: Vec<String>,
    },
}

impl Source {
    /// The bundle's name.
    #[must_use]
    pub fn bundle(&self) -> &str {
        match self {
            Self::BuiltIn { bundle } | Self::Folder { bundle, .. } | Self::Signed { bundle, .. } => bundle,
        }
    }

    /// Whether a bundle from `offered` is of this source.
    #[must_use]
    pub fn covers(&self, offered: &Self) -> bool {
        match (self, offered) {
            (Self::Signed { bundle, signers }, Self::Signed { bundle: name, signers: by }) => {
                bundle == name && by.iter().any(|signer| signers.contains(signer))
            }
            (known, offered) => known == offered,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn { bundle } => write!(f, "{bundle}, built into the program"),
            Self::Folder { path, bundle } => write!(f, "{bundle}, in {}", path.display()),
            Self::Signed { bundle, signers } => write!(f, "{bundle}, signed by {}", signers.join(" or ")),
        }
    }
}

impl Connection {
    /// All sources that it serves, the one that it was added for first.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        std::iter::once(&self.source).chain(&self.allowed)
    }

    /// Whether it serves a bundle from there.
    #[must_use]
    pub fn serves(&self, offered: &Source) -> bool {
        self.sources().any(|source| source.covers(offered))
    }

    /// Lets it serve one more source. Keys of a signed bundle that it knows are added to those that it takes it from.
    pub fn allow(&mut self, source: Source) {
        if let Source::Signed { bundle, signers } = &source {
            for known in std::iter::once(&mut self.source).chain(&mut self.allowed) {
                if let Source::Signed { bundle: name, signers: keys } = known
                    && name == bundle
                {
                    let new: Vec<String> = signers.iter().filter(|signer| !keys.contains(signer)).cloned().collect();
                    keys.extend(new);
                    return;
                }
            }
        }
        if !self.serves(&source) {
            self.allowed.push(source);
        }
    }

    /// Takes one of its sources away, as [`Connection::sources`] gives it. False if it has no such source, or no other one.
    pub fn disallow(&mut self, source: &Source) -> bool {
        if let Some(at) = self.allowed.iter().position(|known| known == source) {
            self.allowed.remove(at);
            return true;
        }
        if self.source != *source || self.allowed.is_empty() {
            return false;
        }
        self.source = self.allowed.remove(0);
        true
    }
}

/// The form in a file: neither folder nor signers for what is built in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    pub(crate) bundle: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) folder: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) signers: Vec<String>,
}

impl From<Source> for Form {
    fn from(source: Source) -> Self {
        let (bundle, folder, signers) = match source {
            Source::BuiltIn { bundle } => (bundle, None, Vec::new()),
            Source::Folder { path, bundle } => (bundle, Some(path), Vec::new()),
            Source::Signed { bundle, signers } => (bundle, None, signers),
        };
        Self { bundle, folder, signers }
    }
}

impl TryFrom<Form> for Source {
    type Error = &'static str;

    /// The error repeats nothing of the form.
    fn try_from(form: Form) -> Result<Self, Self::Error> {
        let Form { bundle, folder, signers } = form;
        if !signers.iter().all(|signer| is_key_id(signer)) {
            return Err("each of the signers is the id of a key: sha256: and 64 digits, 0 to 9 and a to f");
        }
        match (folder, signers.is_empty()) {
            (Some(path), true) => Ok(Self::Folder { path, bundle }),
            (Some(_), false) => Err("a source has a folder or signers, not both"),
            (None, true) => Ok(Self::BuiltIn { bundle }),
            (None, false) => Ok(Self::Signed { bundle, signers }),
        }
    }
}

/// Whether a text has the form of a key's id.
fn is_key_id(text: &str) -> bool {
    let digits = text.strip_prefix("sha256:").unwrap_or_default();
    digits.len() == 64 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(letter: &str) -> String {
        format!("sha256:{}", letter.repeat(64))
    }

    fn signed(bundle: &str, keys: &[&str]) -> Source {
        Source::Signed { bundle: bundle.into(), signers: keys.iter().map(|k| key(k)).collect() }
    }

    fn folder(path: &str) -> Source {
        Source::Folder { path: path.into(), bundle: "acme/jamf".into() }
    }

    fn built_in() -> Source {
        Source::BuiltIn { bundle: "acme/jamf".into() }
    }

    #[test]
    fn a_signed_bundle_is_served_by_its_name_and_one_of_its_keys() {
        let of = |source: Source| Connection::new("c", "k", source, "https://h");
        let c = of(signed("acme/jamf", &["a", "b"]));
        for (offered, is) in [
            (signed("acme/jamf", &["a"]), true),
            (signed("acme/jamf", &["c", "b"]), true),
            (signed("acme/jamf", &["c"]), false),
            (signed("acme/jamf", &[]), false),
            (signed("acme/jamf2", &["a"]), false),
            (signed("jamf", &["a"]), false),
            (built_in(), false),
            (folder("/a"), false),
        ] {
            assert_eq!(c.serves(&offered), is, "{offered}");
        }
        for own in [built_in(), folder("/a"), signed("acme/jamf", &["a"])] {
            for other in [built_in(), folder("/a"), folder("/a/b"), signed("acme/jamf", &["a"])] {
                assert_eq!(of(own.clone()).serves(&other), own == other, "{own}: {other}");
            }
        }
    }

    #[test]
    fn sources_are_added_and_taken_away_but_for_the_last() {
        let mut c = Connection::new("c", "k", built_in(), "https://h");
        c.allow(built_in());
        c.allow(folder("/a"));
        c.allow(signed("acme/jamf", &["a"]));
        c.allow(signed("acme/jamf", &["b", "a"]));
        c.allow(signed("acme/okta", &["a"]));
        let all = [built_in(), folder("/a"), signed("acme/jamf", &["a", "b"]), signed("acme/okta", &["a"])];
        assert_eq!(c.sources().cloned().collect::<Vec<_>>(), all);
        assert!(!c.disallow(&folder("/b")) && !c.disallow(&signed("acme/jamf", &["a"])));
        for source in &all[..3] {
            assert!(c.disallow(source) && !c.serves(source), "{source}");
        }
        assert_eq!(c.source, all[3], "the next takes the place of the first");
        assert!(!c.disallow(&all[3]) && c.serves(&all[3]), "the last stays");
    }
}
