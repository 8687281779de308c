//! Keys: ECDSA on P-256 with SHA-256, and nothing else, so that no signature can choose how it is checked.
//!
//! Invariant: one key has one identity, the SHA-256 of its canonical SPKI DER (the point uncompressed), however it was
//! spelled. Private keys are read and written only encrypted.

mod describe;
mod private;
mod public;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use private::PrivateKey;
pub use public::PublicKey;
pub(crate) use public::signature_form;

use crate::Digest;

/// The identity of a key: the digest of its canonical SPKI DER.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Digest);

impl KeyId {
    /// The identity that a digest of an SPKI stands for, as written in a trust store.
    #[must_use]
    pub const fn from_digest(digest: Digest) -> Self {
        Self(digest)
    }

    /// The digest itself.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.0
    }

    /// The 32 bytes, by which a signature names its key.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// As a Sigstore bundle names the key: the 32 bytes in base64.
    #[must_use]
    pub fn hint(&self) -> String {
        STANDARD.encode(self.as_bytes())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for KeyId {
    type Err = crate::NotADigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Why a key was not read, made or used. Says nothing of what is secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not the form that is read here; says what it is, if that is known, and what to do.
    #[error("{0}")]
    Form(String),
    /// A key of another algorithm or curve.
    #[error("this is {0}; only ECDSA keys on the curve P-256 can sign bundles")]
    Algorithm(String),
    /// The point is not on the curve, or is the point at infinity.
    #[error("this is no valid key on the curve P-256")]
    Invalid,
    /// The private key is encrypted, and no passphrase was given.
    #[error("the private key is encrypted: its passphrase is needed")]
    NoPassphrase,
    /// The passphrase does not open the private key.
    #[error("the passphrase does not open this private key")]
    WrongPassphrase,
    /// A private key is never written without a passphrase.
    #[error("the passphrase is empty: a private key is not kept without one")]
    EmptyPassphrase,
    /// The system gave no random numbers.
    #[error("the system gave no random numbers")]
    Random,
    /// The signature is not canonical DER of two numbers in range.
    #[error("the signature is not two numbers in range, in canonical DER")]
    SignatureForm,
    /// The signature is not of this message by this key.
    #[error("the signature does not fit the key and what was signed")]
    Signature,
}
