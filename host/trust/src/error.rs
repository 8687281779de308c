//! Why something is not trusted, or not done: one sentence, what to do about it, and a word that stays the same.

use std::fmt;
use std::path::Path;

use presetter_manifest::Diagnostics;
use serde::{Serialize, Serializer};

/// The kind of a refusal. The words are for programs and stay the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Code {
    /// A file cannot be read or written.
    Io,
    /// A file, or a part of it, is not in the form that it must have.
    Malformed,
    /// There is no trust store.
    NoStore,
    /// There is a trust store already.
    StoreExists,
    /// A change that cannot be made.
    BadChange,
    /// A signature is not of these bytes by this key.
    BadSignature,
    /// Too few keys of the root have signed.
    RootThreshold,
    /// The root is not the one that the operator named, or none was named.
    UnexpectedRoot,
    /// A version between is missing.
    Gap,
    /// Two different trust stores of one version.
    Fork,
    /// A trust store that is older than what was seen.
    OldStore,
    /// The trust store is past its expiry.
    Expired,
    /// No rule is for this bundle.
    NoRule,
    /// No key that is known has signed.
    Unsigned,
    /// Too few keys of the rule have signed.
    Threshold,
    /// Too few have signed, and one that has is revoked.
    RevokedKey,
    /// The bundle is revoked.
    RevokedDigest,
    /// A bundle's version is older than one that was seen.
    Rollback,
    /// A bundle's version was seen with another digest.
    OtherDigest,
    /// What was seen cannot be recorded.
    SeenNotWritable,
}

impl Code {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Io => "io",
            Self::Malformed => "malformed",
            Self::NoStore => "no-store",
            Self::StoreExists => "store-exists",
            Self::BadChange => "bad-change",
            Self::BadSignature => "bad-signature",
            Self::RootThreshold => "root-threshold",
            Self::UnexpectedRoot => "unexpected-root",
            Self::Gap => "gap",
            Self::Fork => "fork",
            Self::OldStore => "old-store",
            Self::Expired => "expired",
            Self::NoRule => "no-rule",
            Self::Unsigned => "unsigned",
            Self::Threshold => "threshold",
            Self::RevokedKey => "revoked-key",
            Self::RevokedDigest => "revoked-digest",
            Self::Rollback => "rollback",
            Self::OtherDigest => "other-digest",
            Self::SeenNotWritable => "seen-not-writable",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A refusal. What it quotes may come from a stranger's file, and is to be shown without what steers a terminal.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// Its kind.
    pub code: Code,
    /// One sentence, without a full stop.
    pub message: String,
    /// What to do, with the command; may have several lines.
    pub help: String,
    /// Where in a file, if it is about one. The message is then that of the first place.
    pub at: Option<Diagnostics>,
}

impl Refused {
    pub(crate) fn new(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: help.into(), at: None }
    }

    /// A file that is not in its form; the places say where.
    pub(crate) fn malformed(at: Diagnostics, help: impl Into<String>) -> Self {
        let message = at.0.first().map_or_else(String::new, |first| {
            let (line, column) = first.position();
            format!("{}:{line}:{column}: {}", first.file, first.problem.message)
        });
        Self { code: Code::Malformed, message, help: help.into(), at: Some(at) }
    }

    pub(crate) fn io(path: &Path, what: &str, why: &dyn fmt::Display) -> Self {
        let help = "check that you may write there and that the disk is not full";
        Self::new(Code::Io, format!("{} cannot be {what}: {why}", path.display()), help)
    }
}
