//! Private keys: making, reading and writing them encrypted, signing.
//!
//! Must never show or write a key in the clear. The key's memory is wiped when it is dropped.

use std::fmt;

use p256::SecretKey;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::elliptic_curve::Generate as _;
use pkcs8::der::Decode as _;
use pkcs8::der::asn1::OctetString;
use pkcs8::der::pem::LineEnding;
use pkcs8::pkcs5::{self, EncryptionScheme, pbes2, scrypt};
use pkcs8::{
    Document, EncodePrivateKey as _, EncryptedPrivateKeyInfoOwned, EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef,
    SecretDocument,
};

use super::describe::{broken, must_be_p256, one_pem_block, other_block};
use super::{KeyError, PublicKey};

const LABEL: &str = "ENCRYPTED PRIVATE KEY";

/// What opening a key that was written here costs: 16 MiB five times over. OpenSSL refuses to use more than 32 MiB, so
/// that more work is had by repeating it.
const LOG_N: u8 = 14;
const R: u32 = 8;
const P: u32 = 5;

/// The most memory that a key file may ask for to be opened (scrypt).
const MEMORY: u64 = 256 << 20;
/// The most rounds that a key file may ask for to be opened (PBKDF2).
const ROUNDS: u32 = 10_000_000;

/// A private key on P-256.
pub struct PrivateKey {
    key: SigningKey,
    public: PublicKey,
}

impl PrivateKey {
    /// A new key.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn generate() -> Result<Self, KeyError> {
        Self::new(SigningKey::try_generate().map_err(|_| KeyError::Random)?)
    }

    fn new(key: SigningKey) -> Result<Self, KeyError> {
        let public = PublicKey::new(*key.verifying_key())?;
        Ok(Self { key, public })
    }

    /// From an encrypted PKCS#8 in PEM (PBES2 with scrypt or PBKDF2), as this crate and OpenSSL write it.
    ///
    /// # Errors
    /// [`KeyError::Form`] with advice, also for a key that is not encrypted; [`KeyError::NoPassphrase`],
    /// [`KeyError::WrongPassphrase`], [`KeyError::Algorithm`], [`KeyError::Invalid`].
    pub fn from_pem(pem: &str, passphrase: Option<&[u8]>) -> Result<Self, KeyError> {
        let label = one_pem_block(pem)?;
        if label != LABEL {
            return Err(other_block(label, "private"));
        }
        let (_, document) = SecretDocument::from_pem(pem).map_err(|_| broken())?;
        let encrypted = EncryptedPrivateKeyInfoRef::from_der(document.as_bytes()).map_err(|_| unknown_encryption())?;
        affordable(&encrypted.encryption_algorithm)?;
        let passphrase = passphrase.ok_or(KeyError::NoPassphrase)?;
        let plain = encrypted.decrypt(passphrase).map_err(|error| match error {
            pkcs8::Error::EncryptedPrivateKey(
                pkcs5::Error::UnsupportedAlgorithm { .. }
                | pkcs5::Error::NoPbes1CryptSupport
                | pkcs5::Error::AlgorithmParametersInvalid { .. },
            ) => unknown_encryption(),
            // What a wrong passphrase decrypts to has no valid padding, or is no DER.
            _ => KeyError::WrongPassphrase,
        })?;
        let info = PrivateKeyInfoRef::from_der(plain.as_bytes()).map_err(|_| KeyError::WrongPassphrase)?;
        must_be_p256(&info.algorithm)?;
        Self::new(SecretKey::try_from(info).map_err(|_| KeyError::Invalid)?.into())
    }

    /// As an encrypted PKCS#8 in PEM: PBES2 with scrypt and AES-256-CBC, which OpenSSL opens.
    ///
    /// # Errors
    /// [`KeyError::EmptyPassphrase`], [`KeyError::Random`].
    pub fn to_encrypted_pem(&self, passphrase: &[u8]) -> Result<String, KeyError> {
        if passphrase.is_empty() {
            return Err(KeyError::EmptyPassphrase);
        }
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        getrandom::fill(&mut salt).and_then(|()| getrandom::fill(&mut iv)).map_err(|_| KeyError::Random)?;
        let plain = self.key.to_pkcs8_der().map_err(|_| KeyError::Invalid)?;
        encrypt(&plain, passphrase, &salt, iv).map_err(|_| KeyError::Invalid)
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a message: ECDSA with SHA-256, deterministic (RFC 6979), in DER.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: DerSignature = self.key.sign(message);
        signature.as_bytes().to_vec()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("public", &self.public.id()).finish_non_exhaustive()
    }
}

/// The PEM of a key, encrypted.
fn encrypt(plain: &SecretDocument, passphrase: &[u8], salt: &[u8], iv: [u8; 16]) -> Result<String, pkcs8::Error> {
    let scrypt = scrypt::Params::new(LOG_N, R, P).map_err(|_| pkcs5::Error::EncryptFailed)?;
    let parameters = pbes2::Parameters::generate_scrypt_aes256cbc(scrypt, salt, iv)?;
    let encrypted_data = OctetString::new(parameters.encrypt(passphrase, plain.as_bytes())?)?;
    let info = EncryptedPrivateKeyInfoOwned { encryption_algorithm: parameters.into(), encrypted_data };
    Ok(Document::encode_msg(&info)?.to_pem(LABEL, LineEnding::LF)?)
}

/// Refuses a key file that takes more memory or time to open than any honest one.
fn affordable(scheme: &EncryptionScheme) -> Result<(), KeyError> {
    let Some(parameters) = scheme.pbes2() else { return Err(unknown_encryption()) };
    let fine = match &parameters.kdf {
        pbes2::Kdf::Scrypt(scrypt) => {
            let memory = u64::from(scrypt.block_size).saturating_mul(128).saturating_mul(scrypt.cost_parameter);
            memory > 0 && memory <= MEMORY && scrypt.parallelization <= 16
        }
        pbes2::Kdf::Pbkdf2(pbkdf2) => pbkdf2.iteration_count <= ROUNDS,
        _ => return Err(unknown_encryption()),
    };
    let why = "opening this private key would take too much memory or time: encrypt it again with usual settings";
    if fine { Ok(()) } else { Err(KeyError::Form(why.into())) }
}

fn unknown_encryption() -> KeyError {
    let text = "the private key is damaged, or encrypted in a way that is not read here; encrypt it again: openssl pkcs8 -topk8 -v2 \
                aes-256-cbc -in KEY -out ENCRYPTED";
    KeyError::Form(text.into())
}
