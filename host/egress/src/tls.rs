//! Whom a connection trusts beside the system's authorities, and how it shows who it is.
//!
//! Owns reading both from PEM, and the words for what is wrong with it. Must never put a private key into a message.
//! Invariant: what is read here is accepted by the TLS library later, so that a mistake is told before anything is sent.

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use presetter_secret::Secret;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};

/// What is particular about a connection's TLS. The default is what every program of the machine does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Tls {
    /// Trusted beside the system's.
    pub authorities: Authorities,
    /// Shown to a server that asks for a certificate.
    pub identity: Option<Identity>,
}

/// Certificates of authorities; public data.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Authorities(Arc<[CertificateDer<'static>]>);

/// The given text holds no certificate that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no certificate in PEM form; it must begin with -----BEGIN CERTIFICATE-----")]
pub struct BadCertificate;

impl Authorities {
    /// Reads one certificate or several.
    ///
    /// # Errors
    ///
    /// [`BadCertificate`] if there is none, or one that can't be read.
    pub fn from_pem(pem: &[u8]) -> Result<Authorities, BadCertificate> {
        let found: Vec<_> =
            CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| BadCertificate)?;
        // An entry that is no certificate inside would be found out only when the first client is built.
        let mut store = RootCertStore::empty();
        if found.is_empty() || found.iter().any(|der| store.add(der.clone()).is_err()) {
            return Err(BadCertificate);
        }
        Ok(Authorities(found.into()))
    }

    /// As the client takes them.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = reqwest::Certificate> {
        // They were read once already, so none is dropped here.
        self.0.iter().filter_map(|der| reqwest::Certificate::from_der(der).ok())
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} authorities", self.0.len())
    }
}

/// A client's certificate, with those between it and its authority, and its private key.
#[derive(Clone)]
pub struct Identity {
    certificates: Arc<[CertificateDer<'static>]>,
    pem: Arc<Secret>,
}

/// Why a text is no [`Identity`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadIdentity {
    /// Nothing to show.
    #[error(
        "there is no certificate in it; it needs the client's certificate (-----BEGIN CERTIFICATE-----) and its private key"
    )]
    NoCertificate,
    /// Nothing to prove it with.
    #[error(
        "there is no private key in it; put the key (-----BEGIN PRIVATE KEY-----) into the same text as the certificate"
    )]
    NoKey,
    /// Nobody is there to type the password when it is needed.
    #[error("its private key is encrypted; take the password off with `openssl pkey`, and let only yourself read it")]
    Encrypted,
    /// Which one is meant cannot be known.
    #[error("there are several private keys in it; leave only the one of the client's certificate")]
    SeveralKeys,
    /// The pair does not fit.
    #[error("its private key does not belong to its first certificate; the client's own certificate goes first")]
    Mismatch,
    /// Damaged, or of a kind that TLS does not know.
    #[error("a part of it cannot be read; it must be certificates and one private key in PEM form")]
    Unreadable,
}

impl Identity {
    /// Reads the client's certificate, further ones of its chain, and the private key, in PEM form.
    ///
    /// # Errors
    ///
    /// [`BadIdentity`]; its words repeat nothing of the text.
    pub fn from_pem(pem: Arc<Secret>) -> Result<Identity, BadIdentity> {
        let text = pem.expose().as_bytes();
        let read = CertificateDer::pem_slice_iter(text).collect::<Result<Vec<_>, _>>();
        let certificates = read.map_err(|_| BadIdentity::Unreadable)?;
        if certificates.is_empty() {
            return Err(BadIdentity::NoCertificate);
        }
        let keys = PrivateKeyDer::pem_slice_iter(text).collect::<Result<Vec<_>, _>>();
        let mut keys = keys.map_err(|_| BadIdentity::Unreadable)?;
        let key = match (keys.pop(), keys.is_empty()) {
            (Some(key), true) => key,
            (Some(_), false) => return Err(BadIdentity::SeveralKeys),
            (None, _) if pem.expose().contains("ENCRYPTED") => return Err(BadIdentity::Encrypted),
            (None, _) => return Err(BadIdentity::NoKey),
        };
        let provider = rustls::crypto::ring::default_provider();
        CertifiedKey::from_der(certificates.clone(), key, &provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => BadIdentity::Mismatch,
            // A key in the old form says in its header that it is encrypted.
            _ if pem.expose().contains("ENCRYPTED") => BadIdentity::Encrypted,
            _ => BadIdentity::Unreadable,
        })?;
        let identity = Identity { certificates: certificates.into(), pem };
        // The client reads the text once more, and takes no part of another kind (a request, a list of revocations).
        identity.client().map(|_| identity.clone()).map_err(|_| BadIdentity::Unreadable)
    }

    /// As the client takes it.
    pub(crate) fn client(&self) -> reqwest::Result<reqwest::Identity> {
        reqwest::Identity::from_pem(self.pem.expose().as_bytes())
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Identity) -> bool {
        self.certificates == other.certificates && self.pem.ct_eq(&other.pem)
    }
}

impl Eq for Identity {}

impl Hash for Identity {
    /// By the public part alone: what is equal has the same.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.certificates.hash(state);
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} certificates and [secret]", self.certificates.len())
    }
}
