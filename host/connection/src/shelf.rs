//! The stored session of one connection: reading, writing, locking.
//!
//! Owns the sealed file and the lock file beside it. Must never fail a run: a file that cannot be used is nothing, with a
//! note on why; the run then logs in. Invariant: only who holds the lock writes.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use presetter_secret::Secret;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use zeroize::Zeroize;

use crate::seal::{self, Binding, Keys};
use crate::vault::Secrets;
use crate::{Connection, Error, Reference, Surroundings};
use presetter_disk::{self as disk, Guard};

/// Most bytes of a sealed file: a token and a few numbers.
const MAX_BYTES: u64 = 256 * 1024;
/// How long another process may hold the lock; it may be waiting for a person to type a password.
const LOCK_TIME: Duration = Duration::from_secs(120);

/// What is remembered of a connection's logins.
#[derive(Default)]
pub(crate) struct Stored {
    pub(crate) session: Option<StoredSession>,
    /// When a login was last made because the server refused a session, in milliseconds since 1970.
    pub(crate) renewed_ms: Option<u64>,
    /// The login that failed since.
    pub(crate) failure: Option<StoredFailure>,
}

pub(crate) struct StoredSession {
    pub(crate) generation: u64,
    pub(crate) token: Secret,
    pub(crate) opened_ms: u64,
    pub(crate) expires_ms: Option<u64>,
}

/// A login that the server refused.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredFailure {
    pub(crate) at_ms: u64,
    pub(crate) reason: String,
    pub(crate) advice: String,
}

/// The form under the seal.
#[derive(Serialize, Deserialize)]
struct Form {
    session: Option<FormSession>,
    renewed_ms: Option<u64>,
    failure: Option<StoredFailure>,
}

#[derive(Serialize, Deserialize)]
struct FormSession {
    generation: u64,
    token: String,
    opened_ms: u64,
    expires_ms: Option<u64>,
}

impl Drop for FormSession {
    fn drop(&mut self) {
        self.token.zeroize();
    }
}

pub(crate) struct Shelf {
    /// Without it nothing is stored, and there is nobody to share a lock with.
    state: Option<PathBuf>,
    connection: Connection,
    surroundings: Arc<dyn Surroundings>,
    /// Read once a process. Without usable keys nothing is stored.
    keys: OnceCell<Option<Keys>>,
}

/// The lock; released when dropped, also when the process dies. Empty where no lock can be had.
pub(crate) struct Held {
    _file: Option<File>,
}

impl Shelf {
    pub(crate) fn new(state: Option<PathBuf>, connection: Connection, surroundings: Arc<dyn Surroundings>) -> Self {
        Self { state, connection, surroundings, keys: OnceCell::new() }
    }

    /// What the session is bound to; nothing if sessions cannot be stored here.
    pub(crate) async fn bind(&self, secrets: &Secrets) -> Option<Binding> {
        Some(self.keys().await?.bind(&self.connection, secrets))
    }

    /// Whether a person types a secret of this connection. What was typed is no part of the binding, so that a refused login
    /// must not be remembered: the next may be typed right.
    pub(crate) fn asks_a_person(&self) -> bool {
        self.connection.secrets.values().any(|reference| *reference == Reference::Prompt)
    }

    /// What is stored for this binding.
    pub(crate) async fn read(&self, binding: Option<&Binding>) -> Stored {
        let (Some(keys), Some(binding), Some(state)) = (self.keys().await, binding, &self.state) else {
            return Stored::default();
        };
        let path = seal::session_file(state, &self.connection.name);
        let sealed = match disk::read(&path, MAX_BYTES, Guard::Ours) {
            Ok(Some(sealed)) => sealed,
            Ok(None) => return Stored::default(),
            Err(error) => {
                self.note(&format!("the stored session {} is not used: {error}", path.display()));
                return Stored::default();
            }
        };
        let form = keys.open_sealed(binding, &sealed).and_then(|plain| serde_json::from_slice::<Form>(&plain).ok());
        let Some(form) = form else {
            self.note(&format!(
                "the stored session of {} belongs to other settings or secrets, or was changed; it is discarded",
                self.connection.name
            ));
            return Stored::default();
        };
        let session = form.session.map(|mut s| StoredSession {
            generation: s.generation,
            token: Secret::new(std::mem::take(&mut s.token)),
            opened_ms: s.opened_ms,
            expires_ms: s.expires_ms,
        });
        Stored { session, renewed_ms: form.renewed_ms, failure: form.failure }
    }

    /// Stores, for those who come after. To be called with the lock held.
    pub(crate) async fn write(&self, binding: Option<&Binding>, stored: &Stored) {
        let (Some(keys), Some(binding), Some(state)) = (self.keys().await, binding, &self.state) else { return };
        let session = stored.session.as_ref().map(|s| FormSession {
            generation: s.generation,
            token: s.token.expose().to_owned(),
            opened_ms: s.opened_ms,
            expires_ms: s.expires_ms,
        });
        let form = Form { session, renewed_ms: stored.renewed_ms, failure: stored.failure.clone() };
        let path = seal::session_file(state, &self.connection.name);
        let written = serde_json::to_vec(&form).map_err(std::io::Error::other).and_then(|mut plain| {
            let sealed = keys.seal(binding, &plain);
            plain.zeroize();
            // A session that a power cut takes costs a login.
            disk::write_lightly(&path, &sealed?)
        });
        if let Err(error) = written {
            self.note(&format!(
                "the session could not be stored in {}: {error}; the next run logs in again",
                path.display()
            ));
        }
    }

    /// Waits for the lock that all processes share.
    ///
    /// Asked for again and again instead of waited for in the system: such a wait could not be cancelled.
    ///
    /// # Errors
    /// [`Error::NotSent`] if another process has held it for two minutes.
    pub(crate) async fn lock(&self) -> Result<Held, Error> {
        let Some(state) = &self.state else { return Ok(Held { _file: None }) };
        let path = state.join("sessions").join(format!("{}.lock", self.connection.name));
        let file = match disk::lock_file(&path) {
            Ok(file) => file,
            Err(error) => {
                self.note(&format!("{} cannot be made: {error}; other processes may log in as well", path.display()));
                return Ok(Held { _file: None });
            }
        };
        let begin = tokio::time::Instant::now();
        let mut pause = Duration::from_millis(2);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Held { _file: Some(file) }),
                Err(std::fs::TryLockError::Error(error)) => {
                    self.note(&format!(
                        "{} cannot be locked: {error}; other processes may log in as well",
                        path.display()
                    ));
                    return Ok(Held { _file: None });
                }
                Err(std::fs::TryLockError::WouldBlock) if begin.elapsed() > LOCK_TIME => {
                    let reason = format!(
                        "another run has been logging in with connection {} for {} seconds; end it, or wait for it",
                        self.connection.name,
                        LOCK_TIME.as_secs()
                    );
                    return Err(Error::NotSent { reason });
                }
                Err(std::fs::TryLockError::WouldBlock) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_millis(50));
                }
            }
        }
    }

    async fn keys(&self) -> Option<&Keys> {
        let keys = self.keys.get_or_init(|| async {
            let state = self.state.as_ref()?;
            Keys::open(state).map_err(|error| self.note(&format!("no session is stored: {error}"))).ok()
        });
        keys.await.as_ref()
    }

    fn note(&self, message: &str) {
        self.surroundings.note(message);
    }
}

#[cfg(test)]
mod tests;
