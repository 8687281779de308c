//! Why a package, or a part of one, is not taken.
//!
//! Each refusal has a code word that stays (for programs and tests), the place in the file where it was noticed, and words
//! for people. Invariant: nothing of the bytes that were refused is repeated but escaped and cut short.

use std::fmt;

/// The kinds of refusal. Their words are in machine-readable output: they never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The bytes could not be read, or what they were handed to failed.
    Io,
    /// Not a package at all: a zip, something compressed, another tar.
    NotAPackage,
    /// It ends too early.
    Truncated,
    /// Something follows its end.
    Trailing,
    /// The header of an entry is not the one that must be there.
    Header,
    /// The space after an entry is not zero.
    Padding,
    /// The file `oci-layout` is another one.
    Layout,
    /// The file `index.json` is not as it must be.
    Index,
    /// A blob is not what its digest or size says.
    Blob,
    /// The manifest of a signature is not as it must be.
    Referrer,
    /// More signatures than are looked at.
    TooManySignatures,
    /// The same signature twice.
    DuplicateSignature,
    /// A signature, or the manifest, or the whole is larger than the bounds allow.
    TooLarge,
    /// A signature is not in the one form that is taken.
    SignatureMalformed,
    /// A signature that names a known key is not of that key.
    SignatureWrong,
    /// A known key signed something else than a bundle.
    SignaturePredicate,
    /// A known key signed another artifact.
    SignatureOther,
    /// A known key signed a statement that is not in the one form that is taken.
    SignatureStatement,
    /// The manifest is not as it must be.
    Manifest,
    /// The name of the bundle is none, or another than was asked for.
    Name,
    /// The version is none, or another than was asked for.
    Version,
    /// A path of a file is not one that means the same everywhere.
    Title,
    /// Two paths of files are the same on some system.
    TitleCollision,
    /// The files are not in order.
    Order,
    /// A file has another media type than its path says.
    MediaType,
    /// An OCI layout has no bundle, or several.
    Import,
}

impl Reason {
    /// The code word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Io => "io",
            Self::NotAPackage => "not-a-package",
            Self::Truncated => "truncated",
            Self::Trailing => "trailing",
            Self::Header => "header",
            Self::Padding => "padding",
            Self::Layout => "layout",
            Self::Index => "index",
            Self::Blob => "blob",
            Self::Referrer => "referrer",
            Self::TooManySignatures => "too-many-signatures",
            Self::DuplicateSignature => "duplicate-signature",
            Self::TooLarge => "too-large",
            Self::SignatureMalformed => "signature-malformed",
            Self::SignatureWrong => "signature-wrong",
            Self::SignaturePredicate => "signature-predicate",
            Self::SignatureOther => "signature-other",
            Self::SignatureStatement => "signature-statement",
            Self::Manifest => "manifest",
            Self::Name => "name",
            Self::Version => "version",
            Self::Title => "title",
            Self::TitleCollision => "title-collision",
            Self::Order => "order",
            Self::MediaType => "media-type",
            Self::Import => "import",
        }
    }
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Refused {
    /// Its kind.
    pub reason: Reason,
    /// The byte of the file at which it was noticed, from 0, if it has a place there.
    pub at: Option<u64>,
    /// What is wrong, for people.
    pub message: String,
}

impl Refused {
    pub(crate) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, at: None, message: message.into() }
    }

    /// The same, with its place; one that it already has is nearer and is kept.
    pub(crate) fn at(mut self, at: u64) -> Self {
        self.at.get_or_insert(at);
        self
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.at {
            Some(at) => write!(f, " (byte {at} of the file) [{}]", self.reason.word()),
            None => write!(f, " [{}]", self.reason.word()),
        }
    }
}

/// A stranger's text, so that it can be shown: ASCII, no control characters, not long.
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 120;
    let mut shown: String = text.chars().take(MOST).flat_map(char::escape_default).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push_str("...");
    }
    shown
}
