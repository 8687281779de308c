//! Sealing: what is written of a session is useless without the key, and for any other connection.
//!
//! Owns the key file and the sealed form. XChaCha20-Poly1305 under a random key of 32 bytes in a file of mode 0600; the
//! connection's name, kind, own source, base URL and a keyed fingerprint of its fields and secrets are bound to it as
//! associated data. The sources that it was allowed beside its own are not: the account is the same, so they share the session.
//! Someone with the sealed file alone gains nothing: not the token, and not whether a guessed password is right.
//!
//! Invariant: whatever does not open exactly is nothing.

use std::io;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::vault::Secrets;
use crate::{Connection, Reference};
use presetter_disk::{self as disk, Guard};

/// The first bytes of a sealed file, with the version of its form.
const MAGIC: &[u8; 4] = b"PSS1";
const NONCE: usize = 24;
const KEY: usize = 32;

/// What a sealed session is bound to.
pub(crate) struct Binding(Vec<u8>);

/// The keys of this machine's user.
pub(crate) struct Keys {
    seal: Zeroizing<[u8; KEY]>,
    fingerprint: Zeroizing<[u8; KEY]>,
}

impl Keys {
    /// Reads the key file `session.key`, or makes it.
    ///
    /// # Errors
    /// One sentence: the file has the wrong owner, mode or size, or cannot be written. It is never replaced.
    pub(crate) fn open(state: &Path) -> Result<Self, String> {
        let path = state.join("session.key");
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        if let Some(keys) = Self::read(&path)? {
            return Ok(keys);
        }
        // Two processes that start at once must not each make one.
        let lock = disk::lock_file(&state.join("session.key.lock")).map_err(|e| failed(&e))?;
        lock.lock().map_err(|e| failed(&e))?;
        if let Some(keys) = Self::read(&path)? {
            return Ok(keys);
        }
        let mut key = Zeroizing::new([0; KEY]);
        getrandom::fill(&mut *key).map_err(|e| failed(&e))?;
        disk::write(&path, &*key).map_err(|e| failed(&e))?;
        Ok(Self::derive(&key))
    }

    fn read(path: &Path) -> Result<Option<Self>, String> {
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let Some(bytes) = disk::read(path, KEY as u64, Guard::Ours).map_err(|e| failed(&e))? else {
            return Ok(None);
        };
        let bytes = Zeroizing::new(bytes);
        let key = <&[u8; KEY]>::try_from(&bytes[..]).map_err(|_| failed(&"it is not a key; remove it"))?;
        Ok(Some(Self::derive(key)))
    }

    fn derive(key: &[u8; KEY]) -> Self {
        let sub = |purpose: &str| Zeroizing::new(mac(key, &[purpose.as_bytes()]));
        Self { seal: sub("presetter session seal 1"), fingerprint: sub("presetter secret fingerprint 1") }
    }

    /// What a session of this connection is bound to. A secret that a person types each time counts by its reference alone,
    /// so that a stored session spares the question.
    pub(crate) fn bind(&self, connection: &Connection, secrets: &Secrets) -> Binding {
        let mut parts: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        let mut part = |bytes: &[u8]| parts.push(Zeroizing::new(bytes.to_vec()));
        for (name, value) in &connection.fields {
            part(name.as_bytes());
            part(value.as_bytes());
        }
        part(b"secrets");
        for (name, reference) in &connection.secrets {
            part(name.as_bytes());
            part(reference.to_string().as_bytes());
            let secret = secrets.iter().find(|(known, _)| known == name && *reference != Reference::Prompt);
            part(secret.map_or(&[], |(_, secret)| secret.expose().as_bytes()));
        }
        // A server may tie a token to the certificate that it was asked for with.
        if let Some(reference) = &connection.client_certificate {
            part(b"client certificate");
            part(reference.to_string().as_bytes());
        }
        let parts: Vec<&[u8]> = parts.iter().map(|p| p.as_slice()).collect();
        let fingerprint = mac(&self.fingerprint, &parts);
        let source = connection.source.to_string();
        Binding(joined(&[
            connection.name.as_bytes(),
            connection.kind.as_bytes(),
            source.as_bytes(),
            connection.base_url.as_bytes(),
            &fingerprint,
        ]))
    }

    /// Seals a text.
    pub(crate) fn seal(&self, binding: &Binding, plain: &[u8]) -> io::Result<Vec<u8>> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(io::Error::other)?;
        let payload = Payload { msg: plain, aad: &binding.0 };
        let sealed =
            self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| io::Error::other("sealing failed"))?;
        Ok([MAGIC.as_slice(), &nonce, &sealed].concat())
    }

    /// Opens what was sealed under the same key for the same binding; anything else is nothing.
    pub(crate) fn open_sealed(&self, binding: &Binding, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let rest = sealed.strip_prefix(MAGIC)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: rest, aad: &binding.0 };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).ok().map(Zeroizing::new)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.seal).into())
    }
}

/// The file that holds the session of a connection.
pub(crate) fn session_file(state: &Path, connection: &str) -> PathBuf {
    state.join("sessions").join(format!("{connection}.sealed"))
}

/// Each part behind its length, so that no two lists give the same bytes.
fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().flat_map(|part| (part.len() as u64).to_be_bytes().into_iter().chain(part.iter().copied())).collect()
}

fn mac(key: &[u8; KEY], parts: &[&[u8]]) -> [u8; KEY] {
    // HMAC pads a key to the hash's block of 64 bytes with zeros (RFC 2104).
    let mut block = Zeroizing::new([0; 64]);
    block[..KEY].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
