//! A connection in use, shared by all runs of a process.
//!
//! Owns the way of one request: checked with markers in the secrets' places, then a session, then real credentials, then
//! sent, then followed where it redirects and the preset allows it, then judged for the session's end, then scrubbed.
//! Invariants: a request that no grant allows costs no login; no request is sent more than twice, and the second time only
//! if the first was not carried out; a client certificate is shown to the connection's own origin alone.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use indexmap::IndexMap;
use presetter_egress::{Limits, Policy, Request, Transport};
use presetter_manifest::{ConnectionKind, GrantRequest, Limit};
use presetter_secret::{Redactor, Secret};
use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use crate::expiry::{self, Cause};
use crate::login::{self, Opened};
use crate::plan::Plan;
use crate::redirect::Trail;
use crate::seal::Binding;
use crate::session::{Opener, Session, Sessions};
use crate::shelf::Shelf;
use crate::values::Values;
use crate::vault::Vault;
use crate::{
    Answer, Clock, Connection, Error, Outgoing, Preview, Reference, Surroundings, grants, inject, scrub, store, target,
};

/// What a connection needs of the program around it.
pub struct AccessContext {
    /// The door to the network.
    pub transport: Arc<dyn Transport>,
    /// The environment and the terminal.
    pub surroundings: Arc<dyn Surroundings>,
    /// Where sessions are kept, sealed; without it they live in memory alone, as long as the [`Access`].
    pub state_dir: Option<PathBuf>,
    /// Learns every secret and token before it is used.
    pub redactor: Redactor,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The bundle's file, for messages: `bundle.toml of mosyle`.
    pub bundle_file: String,
    /// Bounds of each exchange.
    pub limits: Limits,
}

/// The bounds of each exchange in a run with these limits.
#[must_use]
pub fn exchange_limits(limits: &presetter_manifest::Limits) -> Limits {
    Limits {
        request_bytes: limits.size(Limit::RequestSize),
        response_bytes: limits.size(Limit::AnswerSize),
        ..Limits::default()
    }
}

/// What is known of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInfo {
    /// When it ends; nothing if the vendor does not say, or if the kind needs no login.
    pub expires: Option<SystemTime>,
}

/// A connection in use.
pub struct Access {
    core: Arc<Core>,
    /// For kinds that log in.
    sessions: Option<Sessions>,
}

/// What requests and logins share.
struct Core {
    connection: Connection,
    fields: Value,
    base: Url,
    plan: Plan,
    /// For every address but those of the connection's own origin.
    policy: Policy,
    /// The same with the client certificate, for that origin alone. Made when it is first needed.
    home: OnceCell<Policy>,
    vault: Vault,
    redactor: Redactor,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    logins: AtomicU32,
    /// Whether the redactor knows the pairs of HTTP Basic in the slots.
    pairs_known: AtomicBool,
    /// Whether all secrets of the slots were looked up once.
    secrets_known: AtomicBool,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("connection", &self.core.connection).finish_non_exhaustive()
    }
}

impl Access {
    /// Makes a connection ready. Gets no secret and sends nothing yet.
    ///
    /// # Errors
    /// [`Error::Invalid`] if its base URL, its kind or a grant is not well formed.
    pub fn open(
        connection: Connection,
        kind: ConnectionKind,
        grants: &[GrantRequest],
        context: AccessContext,
    ) -> Result<Self, Error> {
        store::check_name(&connection.name).map_err(|error| Error::Invalid(error.to_string()))?;
        let base = target::base(&connection.base_url, connection.allow_private).map_err(|why| {
            Error::Invalid(format!("the base URL of connection {} cannot be used: {why}", connection.name))
        })?;
        let policy = grants::policy(&base, grants, &connection, &context.bundle_file, context.limits)?;
        let plan = Plan::compile(&kind)?;
        let vault = Vault::new(&connection, context.surroundings.clone(), context.redactor.clone());
        let shelf = Shelf::new(context.state_dir, connection.clone(), context.surroundings);
        let fields =
            connection.fields.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        let core = Arc::new(Core {
            connection,
            fields: Value::Object(fields),
            base,
            plan,
            policy,
            home: OnceCell::new(),
            vault,
            redactor: context.redactor,
            transport: context.transport,
            clock: context.clock.clone(),
            logins: AtomicU32::new(0),
            pairs_known: AtomicBool::new(false),
            secrets_known: AtomicBool::new(false),
        });
        let logs_in = core.plan.login.is_some();
        let sessions = logs_in.then(|| Sessions::new(Box::new(CoreOpener(core.clone())), shelf, context.clock));
        Ok(Self { core, sessions })
    }

    /// What the operator set up.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.core.connection
    }

    /// What may be called.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.core.policy
    }

    /// The redactor that knows this connection's secrets, as far as they were needed.
    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        &self.core.redactor
    }

    /// Whether the redactor can recognise every secret of this connection: each was looked up, but for those that a person
    /// types and did not have to. Before that, a text that a person gave may hold a secret that nobody recognises.
    #[must_use]
    pub fn knows_its_secrets(&self) -> bool {
        self.core.vault.is_learned()
    }

    /// How many logins were tried.
    #[must_use]
    pub fn logins(&self) -> u32 {
        self.core.logins.load(Ordering::Relaxed)
    }

    /// The request exactly as it would be sent, with each secret shown as `[secret NAME]` and the token as
    /// `[session token]`. Gets no secret, opens no socket.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::TooLarge`] and [`Error::Invalid`] as [`Access::send`] would say.
    pub fn preview(&self, request: &Outgoing) -> Result<Preview, Error> {
        let (built, values) = self.core.rehearse(request)?;
        let headers = built.headers.iter().map(|(name, value)| (name.clone(), values.unmask(value))).collect();
        let body = built.body.map(|bytes| match std::str::from_utf8(&bytes) {
            Ok(text) => values.unmask(text),
            Err(_) => format!("[{} bytes]", bytes.len()),
        });
        Ok(Preview { method: built.method, url: values.unmask(built.url.as_str()), headers, body })
    }

    /// Sends a request with its credentials. Opens a session if there is none, and renews it at most once.
    ///
    /// # Errors
    /// See [`Error`]. A status that says no (also 401 and 403 where the kind does not call it the end of a session) is an
    /// answer.
    pub async fn send(&self, request: &Outgoing) -> Result<Answer, Error> {
        self.send_watched(request, &|_| ()).await
    }

    /// As [`Access::send`], and tells when the request itself (not a login) goes out and is answered. Who is told knows at
    /// any moment whether an unanswered write is under way, also when this future is dropped.
    ///
    /// # Errors
    /// See [`Access::send`].
    pub async fn send_watched(&self, request: &Outgoing, wire: &(dyn Fn(Wire) + Sync)) -> Result<Answer, Error> {
        let core = &self.core;
        // What is refused costs no login and no look at a secret. Where neither is to come, the request itself is looked at.
        let at_hand =
            self.sessions.as_ref().is_none_or(Sessions::has_one) && core.secrets_known.load(Ordering::Relaxed);
        match at_hand {
            true => core.may_change(request)?,
            false => _ = core.rehearse(request)?,
        }
        let Some(sessions) = &self.sessions else { return Ok(core.exchange(request, None, wire).await?.answer) };
        let session = sessions.get().await?;
        let ended = core.exchange(request, Some(&session), wire).await?;
        let Some(cause) = core.over(&ended, &session) else { return Ok(ended.answer) };
        let answer = ended.answer;
        // A success whose body says that the session is over may still have been carried out. So may what was answered with
        // a status that is no client error; the manifest's check allows none, and nothing rests on that alone.
        let refused = cause == Cause::Unauthorized || cause == Cause::Status && (400..500).contains(&answer.status);
        let resend = refused || !request.writes;
        if !resend {
            // For the next request. If it fails, that one tells; here there is an answer, which must not be lost.
            let _ = sessions.renew(&session, cause).await;
            return core.refused(answer, cause, request);
        }
        match sessions.renew(&session, cause).await? {
            Some(renewed) => {
                let ended = core.exchange(request, Some(&renewed), wire).await?;
                match core.over(&ended, &renewed) {
                    Some(cause) => core.refused(ended.answer, cause, request),
                    None => Ok(ended.answer),
                }
            }
            None => core.refused(answer, cause, request),
        }
    }

    /// Logs in now, whatever session there is; for kinds that need no login, gets the secrets. For testing a connection.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn login_now(&self) -> Result<SessionInfo, Error> {
        let Some(sessions) = &self.sessions else {
            self.core.home().await?;
            self.core.vault.get(self.core.connection.secrets.keys().map(String::as_str)).await?;
            return Ok(SessionInfo { expires: None });
        };
        let session = sessions.open_now().await?;
        Ok(SessionInfo { expires: session.expires_ms.and_then(|ms| UNIX_EPOCH.checked_add(Duration::from_millis(ms))) })
    }
}

/// Where a preset's request is. Each redirect that is followed goes out and is answered like a request of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// It goes out now.
    Leaving,
    /// Its answer was read.
    Answered,
}

/// The last answer to a request.
struct Exchanged {
    answer: Answer,
    /// Whether it comes from the connection's own origin.
    home: bool,
}

impl Core {
    /// Builds the request with markers, and checks it as the transport will.
    fn rehearse(&self, request: &Outgoing) -> Result<(Request, Values), Error> {
        self.may_change(request)?;
        let values = Values::masked(&self.fields, self.vault.references().keys().map(String::as_str))?;
        let built = inject::build(&self.base, request, &self.plan.slots, &values)?;
        presetter_egress::admit(&self.policy, &built).map_err(|error| self.owned(error.into()))?;
        Ok((built, values))
    }

    /// Nothing is changed through a connection that is for reading.
    fn may_change(&self, request: &Outgoing) -> Result<(), Error> {
        let connection = &self.connection;
        if connection.read_only && request.writes {
            return Err(Error::denied(
                format!("the connection {} is read-only, and this request may change something", connection.name),
                format!("If it may write: presetter connection set {} --read-only false", connection.name),
            ));
        }
        Ok(())
    }

    /// The network's advice is for whoever adds a connection; this one is there already.
    fn owned(&self, error: Error) -> Error {
        match error {
            Error::Denied { reason, advice } if advice.contains("--allow-private") => {
                let name = &self.connection.name;
                let advice = format!(
                    "If this server is in your own network: presetter connection set {name} --allow-private true"
                );
                Error::Denied { reason, advice }
            }
            other => other,
        }
    }

    /// The policy for the connection's own origin.
    async fn home(&self) -> Result<&Policy, Error> {
        self.home
            .get_or_try_init(|| async {
                let mut policy = self.policy.clone();
                policy.tls.identity = self.vault.client_certificate().await?;
                Ok(policy)
            })
            .await
    }

    /// One exchange with real credentials, and those that redirects of it lead to.
    async fn exchange(
        &self,
        request: &Outgoing,
        session: Option<&Session>,
        wire: &(dyn Fn(Wire) + Sync),
    ) -> Result<Exchanged, Error> {
        let home = self.home().await?;
        let secrets = self.vault.get(self.plan.slot_secrets.iter().map(String::as_str)).await?;
        self.secrets_known.store(true, Ordering::Relaxed);
        let values = || {
            let secrets = secrets.iter().map(|(name, secret)| (name.as_str(), &**secret));
            Values::real(&self.fields, secrets, session.map(|s| &s.token))
        };
        let mut trail = Trail::begin(request, &self.base)?;
        let mut built = {
            let values = values();
            if !self.pairs_known.swap(true, Ordering::Relaxed) {
                inject::learn_pairs(self.plan.slots.iter().map(|slot| &slot.filling), &values, &self.redactor)?;
            }
            inject::build(&self.base, request, &self.plan.slots, &values)?
        };
        // Before it counts as going out: what is refused here never did.
        presetter_egress::admit(home, &built).map_err(|error| self.owned(error.into()))?;
        loop {
            let policy = if trail.is_home() { home } else { &self.policy };
            wire(Wire::Leaving);
            let response = self.transport.send(policy, built).await;
            let response =
                response.map_err(|error| trail.explain(self.owned(error.into()), &self.policy, &self.redactor))?;
            wire(Wire::Answered);
            let Some(next) = trail.next(&response, &self.redactor)?.cloned() else {
                let token = self.plan.login.as_ref().map(|login| &login.token);
                let answer = scrub::answer(response, &self.redactor, token);
                return Ok(Exchanged { answer, home: trail.is_home() });
            };
            built = if trail.is_home() {
                inject::rebuild(&next, request, &self.plan.slots, &values())?
            } else {
                trail.bare()
            };
        }
    }

    /// Whether an answer says that the session is over.
    fn over(&self, Exchanged { answer, home }: &Exchanged, session: &Session) -> Option<Cause> {
        // Another server knows nothing of it.
        if !home {
            return None;
        }
        let cause = expiry::over(&self.plan.expiry, answer);
        // A server in trouble has not looked at the session.
        if cause.is_none() && answer.status < 500 && answer.status != 429 {
            session.accept();
        }
        cause
    }

    /// What a refusal of a fresh session becomes. 403 goes to the preset: it may as well mean that the account may not do
    /// this one thing. So does a write that was answered with success.
    fn refused(&self, answer: Answer, cause: Cause, request: &Outgoing) -> Result<Answer, Error> {
        if cause == Cause::Status || (cause == Cause::Body && request.writes) {
            return Ok(answer);
        }
        let said = scrub::said(&answer.body, &self.redactor);
        let reason = format!("the server refused a session that was just opened (status {}){said}", answer.status);
        Err(Error::auth(reason, self.advice()))
    }

    async fn open_session(&self) -> Result<Opened, Error> {
        let Some(plan) = &self.plan.login else {
            return Err(Error::Invalid("the connection kind has no login".into()));
        };
        let home = self.home().await?;
        let names = plan.secrets();
        let secrets = self.vault.get(names.iter().map(String::as_str)).await?;
        let secrets = secrets.iter().map(|(name, secret)| (name.as_str(), &**secret));
        let values = Values::real(&self.fields, secrets, None);
        inject::learn_pairs(&plan.basic, &values, &self.redactor)?;
        let reader = login::Reader {
            redactor: &self.redactor,
            advice: self.advice(),
            connection: &self.connection.name,
            now_ms: self.clock.now_ms(),
        };
        self.logins.fetch_add(1, Ordering::Relaxed);
        let opened = login::open(plan, &self.base, &values, &self.transport, home, &reader).await;
        let opened = opened.map_err(|error| self.owned(error));
        if matches!(opened, Err(Error::Auth { .. })) {
            self.secrets_known.store(false, Ordering::Relaxed);
            self.vault.forget().await;
        }
        opened
    }

    /// What a person can do about refused credentials: which come from where.
    fn advice(&self) -> String {
        let name = &self.connection.name;
        let from: IndexMap<&String, &Reference> = self.vault.references().iter().collect();
        let from: Vec<String> =
            from.iter().map(|(secret, reference)| format!("{secret} comes from {reference}")).collect();
        let from = if from.is_empty() { String::new() } else { format!(" ({})", from.join(", ")) };
        format!("Check the credentials and the base URL of connection {name}: presetter connection show {name}{from}")
    }
}

/// The door from sessions to the connection.
struct CoreOpener(Arc<Core>);

#[async_trait]
impl Opener for CoreOpener {
    async fn binding(&self, shelf: &Shelf) -> Result<Option<Binding>, Error> {
        let references = self.0.vault.references().iter();
        let names = references.filter(|(_, reference)| **reference != Reference::Prompt).map(|(name, _)| name.as_str());
        let names: Vec<&str> = names.collect();
        Ok(shelf.bind(&self.0.vault.get(names).await?).await)
    }

    async fn open(&self) -> Result<Opened, Error> {
        self.0.open_session().await
    }

    fn learned(&self, token: &Secret) {
        self.0.redactor.add("session token", token);
    }
}
