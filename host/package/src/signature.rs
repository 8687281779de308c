//! Signatures of bundles: a Sigstore bundle v0.3 with a DSSE envelope around an in-toto statement, as cosign writes it with
//! a key.
//!
//! The order is the protection: the form of the envelope first, then the key by its hint, then the signature over exactly
//! the bytes that were signed, and only then is what was signed parsed. The algorithm is the key's, never the signature's.
//! Nothing attached to a signature, such as entries of logs or certificates, is looked at: it is refused
//! (CVE-2022-23649). Signature bytes are never an identity of anything: valid ones can be changed by anyone.

mod envelope;
mod statement;

use std::fmt;

use crate::key::signature_form;
use crate::{Digest, KeyId, PrivateKey, PublicKey, Reason};
use envelope::Signed;

pub(crate) use statement::PREDICATE;

/// Keys that signatures may name.
pub trait Keys {
    /// The key of this identity, if it is known.
    fn by_hint(&self, hint: &[u8; 32]) -> Option<&PublicKey>;
}

impl Keys for Vec<PublicKey> {
    fn by_hint(&self, hint: &[u8; 32]) -> Option<&PublicKey> {
        self.iter().find(|key| key.id().as_bytes() == hint)
    }
}

/// What a well-formed signature turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// This key signed this artifact.
    Valid(KeyId),
    /// The key that it names is not known; nothing more was looked at.
    Unknown,
}

/// Why a signature is worth nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureError {
    /// It is not in the one form that is taken; says why.
    Malformed(String),
    /// It names a known key, and yet is not that key's signature of this artifact.
    Bad {
        /// The key.
        key: KeyId,
        /// What is wrong.
        fault: Fault,
    },
}

/// What is wrong with a signature that names a known key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The key did not make it, or something was changed since.
    Wrong,
    /// The key signed a statement of another kind, such as an attestation.
    Predicate,
    /// The key signed another artifact.
    Other,
    /// The key signed a statement in a form that is not taken; says why.
    Statement(String),
}

impl SignatureError {
    /// The kind of refusal.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Malformed(_) => Reason::SignatureMalformed,
            Self::Bad { fault: Fault::Wrong, .. } => Reason::SignatureWrong,
            Self::Bad { fault: Fault::Predicate, .. } => Reason::SignaturePredicate,
            Self::Bad { fault: Fault::Other, .. } => Reason::SignatureOther,
            Self::Bad { fault: Fault::Statement(_), .. } => Reason::SignatureStatement,
        }
    }
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => write!(f, "a signature is malformed: {why}"),
            Self::Bad { key, fault } => match fault {
                Fault::Wrong => write!(f, "a signature names the key {key}, which did not make it"),
                Fault::Predicate => write!(f, "what the key {key} signed is not the signature of a bundle"),
                Fault::Other => write!(f, "what the key {key} signed is another artifact"),
                Fault::Statement(why) => write!(f, "what the key {key} signed is malformed: {why}"),
            },
        }
    }
}

impl std::error::Error for SignatureError {}

/// Signs the manifest of this digest: a Sigstore bundle. The same key and digest give the same bytes.
#[must_use]
pub fn sign(manifest: Digest, key: &PrivateKey) -> Vec<u8> {
    let statement = statement::of(manifest);
    let signature = key.sign(&envelope::to_sign(envelope::PAYLOAD_TYPE, &statement));
    envelope::encode(&key.public().id(), &statement, &signature)
}

/// Checks one signature (a Sigstore bundle) of the manifest of this digest.
///
/// # Errors
/// See [`SignatureError`].
pub fn check_signature(bundle: &[u8], manifest: Digest, keys: &dyn Keys) -> Result<Verdict, SignatureError> {
    let signed = taken_apart(bundle)?;
    let hint = signed.signer.as_bytes();
    // Whatever looks keys up, the identity is the key's own.
    let Some(key) = keys.by_hint(hint).filter(|key| key.id().as_bytes() == hint) else { return Ok(Verdict::Unknown) };
    let bad = |fault| SignatureError::Bad { key: key.id(), fault };
    let message = envelope::to_sign(envelope::PAYLOAD_TYPE, &signed.payload);
    key.verify(&message, &signed.signature).map_err(|_| bad(Fault::Wrong))?;
    statement::check(&signed.payload, manifest).map_err(bad)?;
    Ok(Verdict::Valid(key.id()))
}

/// Which key a signature says it is of. Nothing is verified: anyone can write anyone's name.
///
/// # Errors
/// [`SignatureError::Malformed`].
pub fn claimed_signer(bundle: &[u8]) -> Result<KeyId, SignatureError> {
    taken_apart(bundle).map(|signed| signed.signer)
}

/// Whether a signature could be one of this manifest, whoever made it: its form and its statement fit.
pub(crate) fn could_be_of(bundle: &[u8], manifest: Digest) -> Result<KeyId, SignatureError> {
    let Signed { signer, payload, .. } = taken_apart(bundle)?;
    statement::check(&payload, manifest).map_err(|fault| SignatureError::Bad { key: signer, fault })?;
    Ok(signer)
}

/// A signature of which everything has the one form that is taken; nothing is verified.
fn taken_apart(bundle: &[u8]) -> Result<Signed, SignatureError> {
    let signed = envelope::parse(bundle).map_err(SignatureError::Malformed)?;
    signature_form(&signed.signature).map_err(|error| SignatureError::Malformed(error.to_string()))?;
    Ok(signed)
}
