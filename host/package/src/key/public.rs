//! Public keys: reading, their one spelling, checking signatures.

use std::fmt;

use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use pkcs8::der::Decode as _;
use pkcs8::der::pem::LineEnding;
use pkcs8::{Document, EncodePublicKey as _, SubjectPublicKeyInfoRef};

use super::describe::{broken, must_be_p256, one_pem_block, other_block};
use super::{KeyError, KeyId};
use crate::Digest;

/// A public key on P-256. Two are equal if they are the same point.
#[derive(Clone)]
pub struct PublicKey {
    key: VerifyingKey,
    spki: Vec<u8>,
    pem: String,
    id: KeyId,
}

impl PublicKey {
    /// From a SubjectPublicKeyInfo in PEM, as OpenSSL and cosign write it.
    ///
    /// # Errors
    /// [`KeyError::Form`], [`KeyError::Algorithm`], [`KeyError::Invalid`].
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let label = one_pem_block(pem)?;
        if label != "PUBLIC KEY" {
            return Err(other_block(label, "public"));
        }
        let (_, document) = Document::from_pem(pem).map_err(|_| broken())?;
        Self::from_der(document.as_bytes())
    }

    /// From a SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    /// [`KeyError::Form`], [`KeyError::Algorithm`], [`KeyError::Invalid`].
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let spki = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| broken())?;
        must_be_p256(&spki.algorithm)?;
        let point = spki.subject_public_key.as_bytes().ok_or(KeyError::Invalid)?;
        Self::new(VerifyingKey::from_sec1_bytes(point).map_err(|_| KeyError::Invalid)?)
    }

    pub(super) fn new(key: VerifyingKey) -> Result<Self, KeyError> {
        // Encoded again, uncompressed: the identity is of the point and not of how somebody spelled it.
        let spki = key.to_public_key_der().map_err(|_| KeyError::Invalid)?;
        let pem = spki.to_pem("PUBLIC KEY", LineEnding::LF).map_err(|_| KeyError::Invalid)?;
        let id = KeyId::from_digest(Digest::of(spki.as_bytes()));
        Ok(Self { key, spki: spki.into_vec(), pem, id })
    }

    /// Its identity.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The canonical SubjectPublicKeyInfo in DER, of which the identity is the digest.
    #[must_use]
    pub fn to_der(&self) -> &[u8] {
        &self.spki
    }

    /// The canonical SubjectPublicKeyInfo in PEM.
    #[must_use]
    pub fn to_pem(&self) -> &str {
        &self.pem
    }

    /// Checks an ECDSA signature with SHA-256 over the message, in canonical DER.
    ///
    /// A valid signature has a twin (`n - s` in place of `s`) that anyone can compute, and both are taken, since other
    /// tools write either: signature bytes are therefore never an identity of anything.
    ///
    /// # Errors
    /// [`KeyError::SignatureForm`], [`KeyError::Signature`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), KeyError> {
        let signature = signature_form(signature)?;
        self.key.verify(message, &signature).map_err(|_| KeyError::Signature)
    }
}

/// The signature, if it is two numbers from 1 to n-1 in the one DER that they have.
pub(crate) fn signature_form(der: &[u8]) -> Result<Signature, KeyError> {
    let signature = Signature::from_der(der).map_err(|_| KeyError::SignatureForm)?;
    if signature.to_der().as_bytes() == der { Ok(signature) } else { Err(KeyError::SignatureForm) }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.id).finish()
    }
}
