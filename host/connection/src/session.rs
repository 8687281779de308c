//! The session of one connection: one login for all who wait, and no storm of logins.
//!
//! Owns when a login is made. The rules, each of which a test holds:
//!
//! - A session in hand or on disk is used until it ends. Who needs one while a login is under way waits for that login, in
//!   this process and in others.
//! - A refused session is renewed only if it is still the newest: if another has come since, that one is used.
//! - Logins because of a refusal are at least [`COOL_DOWN`] apart, also across processes, so that a server that refuses
//!   everything, or an account that may not do one thing (403), costs two logins and no more. The exception is a 401 to a
//!   session that has been accepted before: that one did end.
//! - A login that the server refused is not tried again within [`COOL_DOWN`] by anybody with the same secrets: vendors lock
//!   accounts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use presetter_secret::Secret;
use tokio::sync::Mutex;

use crate::expiry::Cause;
use crate::login::Opened;
use crate::seal::Binding;
use crate::shelf::{Shelf, Stored, StoredFailure, StoredSession};
use crate::{Clock, Error};

/// The least time between two logins of which the second was made because the server refused the first one's session, and
/// between two logins that the server refused.
pub const COOL_DOWN: Duration = Duration::from_secs(10);

/// A session is used for at least this long, whatever lifetime the server gave it: else every request would log in.
const LEAST_USE_MS: u64 = 1000;
/// A session is renewed before it ends: by this much or a tenth of its life, whichever is less.
const MARGIN_MS: u64 = 60_000;
/// How far in the future a session may have been opened before the clock must have been set back.
const SKEW_MS: u64 = 60_000;

/// A session in use.
pub(crate) struct Session {
    generation: u64,
    pub(crate) token: Secret,
    opened_ms: u64,
    pub(crate) expires_ms: Option<u64>,
    /// Whether the server has accepted it, as far as this process knows.
    accepted: AtomicBool,
}

impl Session {
    /// The server accepted the session.
    pub(crate) fn accept(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    fn usable(&self, now: u64) -> bool {
        if self.opened_ms > now.saturating_add(SKEW_MS) {
            return false;
        }
        let Some(expires) = self.expires_ms else { return true };
        let margin = MARGIN_MS.min(expires.saturating_sub(self.opened_ms) / 10);
        now < expires.saturating_sub(margin).max(self.opened_ms.saturating_add(LEAST_USE_MS))
    }

    fn is(&self, other: &Session) -> bool {
        self.generation == other.generation && self.token.ct_eq(&other.token)
    }
}

/// What sessions need of the connection.
#[async_trait]
pub(crate) trait Opener: Send + Sync {
    /// What a stored session is bound to. Nothing if none can be stored.
    async fn binding(&self, shelf: &Shelf) -> Result<Option<Binding>, Error>;
    /// Logs in.
    async fn open(&self) -> Result<Opened, Error>;
    /// A token appeared, from a login or from the disk.
    fn learned(&self, token: &Secret);
}

pub(crate) struct Sessions {
    opener: Box<dyn Opener>,
    shelf: Shelf,
    clock: Arc<dyn Clock>,
    current: RwLock<Option<Arc<Session>>>,
    gate: Mutex<Memory>,
    /// How many logins have failed.
    failures: std::sync::atomic::AtomicU64,
}

/// What is known to this process alone; behind the gate that one login at a time passes.
#[derive(Default)]
struct Memory {
    last_generation: u64,
    renewed_ms: Option<u64>,
    /// The last failed login: its number, its time, its error.
    failure: Option<(u64, u64, Error)>,
}

/// Why a session is wanted.
#[derive(Clone, Copy)]
enum Want<'a> {
    /// For a request.
    Any,
    /// In place of one that the server refused.
    InsteadOf(&'a Session, Cause),
    /// Because a person asks for a login.
    Fresh,
}

impl Sessions {
    pub(crate) fn new(opener: Box<dyn Opener>, shelf: Shelf, clock: Arc<dyn Clock>) -> Self {
        Self { opener, shelf, clock, current: RwLock::default(), gate: Mutex::default(), failures: Default::default() }
    }

    /// A session for a request.
    pub(crate) async fn get(&self) -> Result<Arc<Session>, Error> {
        if let Some(session) = self.satisfying(Want::Any) {
            return Ok(session);
        }
        // Only `InsteadOf` can end without a session and without an error.
        self.pass(Want::Any).await?.ok_or(Error::Cancelled)
    }

    /// Whether a request would get a session without a look at the disk and without a login.
    pub(crate) fn has_one(&self) -> bool {
        self.satisfying(Want::Any).is_some()
    }

    /// A session in place of one that the server refused; nothing if that one is so fresh that it cannot have ended.
    pub(crate) async fn renew(&self, refused: &Session, cause: Cause) -> Result<Option<Arc<Session>>, Error> {
        let want = Want::InsteadOf(refused, cause);
        match self.satisfying(want) {
            Some(session) => Ok(Some(session)),
            None => self.pass(want).await,
        }
    }

    /// A new login in any case, because a person asks for one.
    pub(crate) async fn open_now(&self) -> Result<Arc<Session>, Error> {
        self.pass(Want::Fresh).await?.ok_or(Error::Cancelled)
    }

    /// Through the gate, one at a time: memory, then disk, then the lock of all processes, disk again, then a login.
    async fn pass(&self, want: Want<'_>) -> Result<Option<Arc<Session>>, Error> {
        let failures_before = self.failures.load(Ordering::SeqCst);
        let mut memory = self.gate.lock().await;
        if let Some(session) = self.satisfying(want) {
            return Ok(Some(session));
        }
        self.failed_lately(&memory, want, failures_before)?;
        let binding = self.counted(&mut memory, self.opener.binding(&self.shelf).await)?;
        let stored = self.shelf.read(binding.as_ref()).await;
        self.adopt(&mut memory, &stored);
        if let Some(session) = self.satisfying(want) {
            return Ok(Some(session));
        }
        let _held = self.shelf.lock().await?;
        let stored = self.shelf.read(binding.as_ref()).await;
        self.adopt(&mut memory, &stored);
        if let Some(session) = self.satisfying(want) {
            return Ok(Some(session));
        }
        self.failed_lately(&memory, want, failures_before)?;
        if !self.may_login(&memory, want) {
            return Ok(None);
        }
        self.login(&mut memory, want, binding.as_ref(), stored).await.map(Some)
    }

    async fn login(
        &self,
        memory: &mut Memory,
        want: Want<'_>,
        binding: Option<&Binding>,
        stored: Stored,
    ) -> Result<Arc<Session>, Error> {
        // The time before the login: a token's life is never thought longer than it is.
        let opened_ms = self.clock.now_ms();
        let renewed_ms = match want {
            Want::InsteadOf(..) => Some(opened_ms),
            Want::Any | Want::Fresh => memory.renewed_ms,
        };
        memory.renewed_ms = renewed_ms;
        let opened = match self.opener.open().await {
            Ok(opened) => opened,
            Err(error) => {
                if let Error::Auth { reason, advice } = &error
                    && !self.shelf.asks_a_person()
                {
                    let failure = StoredFailure { at_ms: opened_ms, reason: reason.clone(), advice: advice.clone() };
                    let session = stored.session.filter(|_| matches!(want, Want::Fresh));
                    self.shelf.write(binding, &Stored { session, renewed_ms, failure: Some(failure) }).await;
                }
                return self.counted(memory, Err(error));
            }
        };
        memory.last_generation += 1;
        memory.failure = None;
        let session = Session {
            generation: memory.last_generation,
            token: opened.token,
            opened_ms,
            expires_ms: opened.lasts_ms.map(|ms| opened_ms.saturating_add(ms)),
            accepted: AtomicBool::new(false),
        };
        self.opener.learned(&session.token);
        let session = Arc::new(session);
        // In use before it is on disk: whatever comes between, this process has it.
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(session.clone());
        let stored = StoredSession {
            generation: session.generation,
            token: session.token.duplicate(),
            opened_ms,
            expires_ms: session.expires_ms,
        };
        self.shelf.write(binding, &Stored { session: Some(stored), renewed_ms, failure: None }).await;
        Ok(session)
    }

    /// The session in hand, if it is what is wanted.
    fn satisfying(&self, want: Want<'_>) -> Option<Arc<Session>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        let wanted = match want {
            Want::Any => true,
            Want::InsteadOf(refused, _) => !current.is(refused),
            Want::Fresh => false,
        };
        (wanted && current.usable(self.clock.now_ms())).then_some(current)
    }

    /// Takes over what another process has stored since.
    fn adopt(&self, memory: &mut Memory, stored: &Stored) {
        // A time in the future is none: the clock was set back since.
        let renewed_ms = stored.renewed_ms.filter(|at| *at <= self.clock.now_ms());
        memory.renewed_ms = memory.renewed_ms.max(renewed_ms);
        if let Some(failure) = &stored.failure {
            let newer = memory.failure.as_ref().is_none_or(|(_, at, _)| *at < failure.at_ms);
            let since_session = stored.session.as_ref().is_none_or(|s| s.opened_ms < failure.at_ms);
            if newer && since_session {
                let error = Error::auth(failure.reason.clone(), failure.advice.clone());
                memory.failure = Some((0, failure.at_ms, error));
            }
        }
        let Some(found) = &stored.session else { return };
        memory.last_generation = memory.last_generation.max(found.generation);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        // What is in hand may be newer than what is stored, if storing it failed.
        let newer = current.as_ref().is_none_or(|c| {
            (found.opened_ms, found.generation) > (c.opened_ms, c.generation) && !c.token.ct_eq(&found.token)
        });
        if newer {
            self.opener.learned(&found.token);
            *current = Some(Arc::new(Session {
                generation: found.generation,
                token: found.token.duplicate(),
                opened_ms: found.opened_ms,
                expires_ms: found.expires_ms,
                accepted: AtomicBool::new(false),
            }));
        }
    }

    fn may_login(&self, memory: &Memory, want: Want<'_>) -> bool {
        let Want::InsteadOf(refused, cause) = want else { return true };
        let accepted = refused.accepted.load(Ordering::Relaxed);
        !self.lately(memory.renewed_ms) || (cause != Cause::Status && accepted)
    }

    /// The error of a login that failed while this one waited, or that the server refused a moment ago.
    fn failed_lately(&self, memory: &Memory, want: Want<'_>, failures_before: u64) -> Result<(), Error> {
        match (&memory.failure, want) {
            (Some((number, at, error)), Want::Any | Want::InsteadOf(..)) => {
                let refused = matches!(error, Error::Auth { .. }) && self.lately(Some(*at));
                if *number > failures_before || refused { Err(error.clone()) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    /// Remembers an error for those who wait.
    fn counted<T>(&self, memory: &mut Memory, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &result {
            let number = self.failures.fetch_add(1, Ordering::SeqCst) + 1;
            memory.failure = Some((number, self.clock.now_ms(), error.clone()));
        }
        result
    }

    /// Whether a time is less than the cool-down ago. A time in the future is none: the clock was set back.
    fn lately(&self, at_ms: Option<u64>) -> bool {
        let now = self.clock.now_ms();
        at_ms.is_some_and(|at| at <= now && now - at < COOL_DOWN.as_millis() as u64)
    }
}
