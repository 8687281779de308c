//! The host's side of the contract: what happens when a component calls `http`, `rows`, `log` or `clock`.

use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use presetter_connection::{Answer, Body, Error, Outgoing, Wire};
use presetter_manifest::{Diagnostics, Limit, Repeat};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::contract::presetter::preset::{clock, http, log, rows, types};
use crate::floor::{Failure, Fingerprint, Floor};
use crate::json::{self, Unread};
use crate::limits::{Ceiling, LimitHit};
use crate::observer::{Asked, Patience, RunObserver, Sending, Verdict};
use crate::request;
use crate::retry;
use crate::runner::{Ready, Setup};

/// What the run's owner keeps when the component is gone, however it went.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) floor: Floor,
    pub(crate) diagnostics: Option<Diagnostics>,
    pub(crate) times: Times,
    pub(crate) vetoed: bool,
}

/// What the host did for a component, and how long that took.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Times {
    /// Requests put together from templates.
    pub(crate) render: Duration,
    /// Until a request went out: a session, credentials.
    pub(crate) connection: Duration,
    /// From then until its answer was there; also what a server asked to wait.
    pub(crate) wait: Duration,
    /// Until whoever watches let it go on: the run waited for others, and that is no time of its own.
    held: Duration,
    /// Since when it is held now.
    since: Option<Instant>,
}

impl Times {
    /// How long the run was held, up to now.
    pub(crate) fn held(&self) -> Duration {
        self.held + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

/// The state of one instance.
pub(crate) struct Host {
    pub(crate) ceiling: Ceiling,
    pub(crate) shared: Arc<Shared>,
    /// Requests that the component has asked for.
    asked: u64,
    logged_lines: u64,
    logged_bytes: u64,
    retry_waited: Duration,
}

/// A longer line of the component's log is cut.
const LOG_LINE_BYTES: usize = 4096;

/// What one run knows.
pub(crate) struct Shared {
    /// What it has in common with other runs of the preset.
    pub(crate) ready: Arc<Ready>,
    pub(crate) observer: Arc<dyn RunObserver>,
    ledger: Mutex<Ledger>,
    /// So that no component can make two requests that pass for one.
    prints: RandomState,
}

impl Shared {
    pub(crate) fn new(ready: Arc<Ready>, observer: Arc<dyn RunObserver>) -> Self {
        Self { ready, observer, ledger: Mutex::default(), prints: RandomState::new() }
    }

    fn setup(&self) -> &Setup {
        &self.ready.setup
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            ceiling: Ceiling::new(&shared.setup().limits),
            shared,
            asked: 0,
            logged_lines: 0,
            logged_bytes: 0,
            retry_waited: Duration::ZERO,
        }
    }

    /// What the component is told of a request: never a secret, also not in the words of an error.
    fn told(&self, result: Result<http::Answer, http::Error>) -> Result<http::Answer, http::Error> {
        result.map_err(|mut error| {
            let redactor = self.shared.setup().access.redactor();
            error.message = redactor.text(&error.message);
            error.details = redactor.text(&error.details);
            error
        })
    }

    /// Counts one more request, whatever becomes of it.
    fn ask(&mut self) -> wasmtime::Result<()> {
        self.asked += 1;
        if self.asked > self.shared.setup().limits.get(Limit::Requests) {
            return Err(self.hit(Limit::Requests));
        }
        Ok(())
    }

    /// The error that ends a run at a limit.
    fn hit(&self, limit: Limit) -> wasmtime::Error {
        LimitHit::of(&self.shared.setup().limits, limit).into()
    }

    /// Reads a component's JSON; too deep a nesting ends the run, anything else wrong is told.
    fn read<T: DeserializeOwned>(&self, text: &[u8]) -> wasmtime::Result<Result<T, String>> {
        match json::read(text, &self.shared.setup().limits) {
            Ok(value) => Ok(Ok(value)),
            Err(Unread::Malformed(why)) => Ok(Err(why)),
            Err(Unread::Beyond(hit)) => Err(hit.into()),
        }
    }

    /// Waits for whoever watches.
    async fn held<T>(&self, until: impl Future<Output = T>) -> T {
        self.shared.ledger().times.since = Some(Instant::now());
        let done = until.await;
        let times = &mut self.shared.ledger().times;
        (times.held, times.since) = (times.held(), None);
        done
    }

    /// Sends a request: watched, counted, repeated only when the server asks for it, and entered in the ledger.
    async fn deliver(&mut self, outgoing: Outgoing) -> wasmtime::Result<Result<http::Answer, http::Error>> {
        let shared = self.shared.clone();
        if shared.ledger().vetoed {
            return Ok(Err(error("cancelled", "the run was stopped", &Value::Null)));
        }
        let print = fingerprint(&shared.prints, &outgoing);
        // Other methods that are no read cannot be granted at all.
        if !shared.ready.writes && matches!(outgoing.method.as_str(), "PUT" | "PATCH" | "DELETE") {
            let reason = format!("the preset says that it only reads, and asks for {}", outgoing.method);
            let advice =
                "A preset that changes something says so: effect = \"update\", or what it is, in its preset.toml.";
            let denied = Error::Denied { reason, advice: advice.into() };
            return Ok(Err(self.enter(print, outgoing.writes, &denied)));
        }
        let repeatable = !outgoing.writes || matches!(shared.ready.repeat, Repeat::Natural | Repeat::Key);
        if outgoing.writes && !repeatable && shared.ledger().floor.has_open_write() {
            let message = "an earlier write of this run was not answered, and nothing is written on top of it";
            return Ok(Err(error("denied", message, &Value::Null)));
        }
        let mut attempt = 0;
        loop {
            if attempt > 0 {
                self.ask()?;
            }
            let sending = Sending { access: &shared.setup().access, request: &outgoing };
            if self.held(shared.observer.before_send(&sending)).await == Verdict::Veto {
                shared.ledger().vetoed = true;
                return Ok(Err(error(
                    "cancelled",
                    "the request was not sent: whoever watches the run said no",
                    &Value::Null,
                )));
            }
            let started = Instant::now();
            let left = OnceLock::new();
            let wire = |wire| match wire {
                Wire::Leaving => {
                    left.get_or_init(Instant::now);
                    shared.ledger().floor.sending(print, outgoing.writes);
                    shared.observer.leaving();
                }
                Wire::Answered => shared.ledger().floor.answered(print),
            };
            let sent = shared.setup().access.send_watched(&outgoing, &wire).await;
            let took = started.elapsed();
            let before = left.get().map_or(took, |left| left.duration_since(started));
            {
                let times = &mut shared.ledger().times;
                times.connection += before;
                times.wait += took - before;
            }
            match sent {
                Ok(answer) => {
                    shared.observer.answer(&answer);
                    shared.observer.answered(Ok(answer.status), took);
                    let again = self.again(&answer, repeatable, attempt);
                    self.answered(print, outgoing.writes, &answer);
                    // Who goes on by it must have heard that the server asks for time.
                    if let Some((wait, _)) = again {
                        shared.observer.waiting(answer.status, wait);
                    }
                    self.held(shared.observer.going_on()).await;
                    let Some((wait, patience)) = again else { return Ok(Ok(seen(answer))) };
                    if patience == Patience::Run {
                        self.retry_waited += wait;
                        shared.ledger().times.wait += wait;
                        shared.setup().clock.sleep(wait).await;
                    }
                    attempt += 1;
                }
                Err(failed) => {
                    shared.observer.answered(Err(failed.kind()), took);
                    let told = self.enter(print, outgoing.writes, &failed);
                    self.held(shared.observer.going_on()).await;
                    if let Error::TooLarge { limit: Some(limit), .. } = failed {
                        return Err(self.hit(limit));
                    }
                    return Ok(Err(told));
                }
            }
        }
    }

    /// How long to wait before the request is sent again, and who does; if the server asked for it and somebody has the patience.
    fn again(&self, answer: &Answer, repeatable: bool, repeats: u32) -> Option<(Duration, Patience)> {
        // Where there is no randomness, all come back at once, which the server has to bear.
        let random = || getrandom::u32().map_or(0.0, |random| f64::from(random) / f64::from(u32::MAX));
        let asked = answer.headers.iter().find(|(name, _)| name == "retry-after").map(|(_, value)| value.as_str());
        let now = self.shared.setup().clock.now_ms();
        let wait = retry::wait(answer.status, asked, repeatable, repeats, now, random)?;
        let patience = self.shared.observer.patience(&Asked { wait, repeats, waited: self.retry_waited });
        (patience != Patience::None).then_some((wait, patience))
    }

    /// Enters an answer in the ledger. A gateway that got none itself (502, 504) proves nothing about a write.
    fn answered(&self, print: Fingerprint, writes: bool, answer: &Answer) {
        let mut ledger = self.shared.ledger();
        match refusal(answer) {
            Some(failure) if writes && matches!(answer.status, 502 | 504) => {
                ledger.floor.unanswered(print, writes, failure)
            }
            refusal => {
                ledger.floor.settled(print, writes, refusal);
                if writes && (200..300).contains(&answer.status) {
                    ledger.floor.done(print);
                }
            }
        }
    }

    /// Enters a request without an answer in the ledger, and says it to the component.
    fn enter(&self, print: Fingerprint, writes: bool, failed: &Error) -> http::Error {
        let class = match failed.kind() {
            "denied" => "denied",
            "limit" | "too-large" => "limit",
            "auth" => "auth",
            "cancelled" => "cancelled",
            "template" => "input",
            _ => "network",
        };
        let failure = match failed {
            Error::TooLarge { limit: Some(limit), .. } => {
                let hit = LimitHit::of(&self.shared.setup().limits, *limit);
                let advice = hit.advice(
                    &self.shared.setup().access.connection().name,
                    self.shared.setup().bundle.manifest().name.as_str(),
                );
                Failure { class, message: hit.to_string(), hint: Some(advice) }
            }
            failed => Failure { class, message: failed.reason(), hint: failed.advice().map(str::to_owned) },
        };
        let mut ledger = self.shared.ledger();
        if failed.may_have_arrived() {
            ledger.floor.unanswered(print, writes, failure);
        } else {
            // Also what was denied only when its name was looked up.
            ledger.floor.not_sent(print);
            ledger.floor.settled(print, writes, Some(failure));
        }
        // The person is told by the floor. Where an operator keeps secrets is not the component's to know.
        let reason = match failed {
            Error::Auth { .. } => "no access: no session could be had, or a secret is not there".to_owned(),
            failed => failed.reason(),
        };
        error(failed.kind(), &reason, &Value::Null)
    }
}

/// What the status of an answer says about the run, if it is bad for it whatever the component makes of it.
fn refusal(answer: &Answer) -> Option<Failure> {
    let status = answer.status;
    let (class, message) = match status {
        401 | 403 | 407 => ("auth", format!("the API refused the credentials (HTTP {status})")),
        429 => ("rate", "the API asks to come back later (HTTP 429)".to_owned()),
        500.. => ("server", format!("the API failed (HTTP {status})")),
        _ => return None,
    };
    Some(Failure { class, message, hint: None })
}

fn fingerprint(prints: &RandomState, request: &Outgoing) -> Fingerprint {
    let mut hash = prints.build_hasher();
    (&request.method, &request.path, &request.query, &request.headers, request.writes).hash(&mut hash);
    match &request.body {
        None => {}
        Some(Body::Json(text)) => ("json", text).hash(&mut hash),
        Some(Body::Text { text, .. }) => ("text", text).hash(&mut hash),
        Some(Body::Form(pairs)) => ("form", pairs).hash(&mut hash),
        Some(Body::Bytes { bytes, .. }) => ("bytes", bytes).hash(&mut hash),
    }
    hash.finish()
}

fn seen(answer: Answer) -> http::Answer {
    // A cookie is a credential of the connection's, not the component's.
    let headers = answer.headers.into_iter().filter(|(name, _)| name != "set-cookie");
    http::Answer {
        status: answer.status,
        headers: headers.map(|(name, value)| types::Pair { name, value }).collect(),
        body: answer.body.to_vec(),
    }
}

fn error(kind: &str, message: &str, details: &Value) -> http::Error {
    let details = if details.is_object() { details.to_string() } else { "{}".into() };
    http::Error { kind: kind.into(), message: message.into(), details }
}

impl http::Host for Host {
    async fn call(&mut self, preset: String, values: String) -> wasmtime::Result<Result<http::Answer, http::Error>> {
        self.ask()?;
        let shared = self.shared.clone();
        let Some(prepared) = shared.ready.requests.get(&preset) else {
            let message =
                format!("preset \"{}\" does not name a preset \"{preset}\" with a request", shared.setup().preset.name);
            return Ok(Err(error("template", &message, &Value::Null)));
        };
        let values: Map<String, Value> = match self.read(values.as_bytes())? {
            Ok(values) => values,
            Err(why) => {
                return Ok(Err(error("template", &format!("the values are no JSON object: {why}"), &Value::Null)));
            }
        };
        let tell = |place, then| shared.observer.block(&preset, place, then);
        let started = Instant::now();
        let rendered = prepared.render(&values, &shared.ready.settings, &tell);
        shared.ledger().times.render += started.elapsed();
        match rendered {
            Ok(outgoing) => self.deliver(outgoing).await.map(|result| self.told(result)),
            Err(diagnostics) => {
                let message = diagnostics.0.iter().map(|d| d.problem.message.clone()).collect::<Vec<_>>().join("; ");
                shared.ledger().diagnostics = Some(diagnostics);
                Ok(Err(error("template", &message, &Value::Null)))
            }
        }
    }

    async fn send(&mut self, request: http::Request) -> wasmtime::Result<Result<http::Answer, http::Error>> {
        self.ask()?;
        let shared = self.shared.clone();
        let prepared = shared.ready.requests.get(&shared.setup().preset.name);
        if let Some(http::Body { kind, data, .. }) = &request.body
            && ["template", "json", "form"].contains(&kind.as_str())
        {
            json::within(data, &shared.setup().limits)?;
        }
        match request::explicit(
            request,
            prepared,
            &shared.ready.settings,
            shared.ready.writes,
            shared.ready.redirects.clone(),
        ) {
            Ok(outgoing) => self.deliver(outgoing).await.map(|result| self.told(result)),
            Err(message) => Ok(Err(error("template", &message, &Value::Null))),
        }
    }
}

impl rows::Host for Host {
    async fn emit(&mut self, row: String) -> wasmtime::Result<Result<(), http::Error>> {
        if row.len() as u64 > self.shared.setup().limits.get(Limit::OutputSize) {
            return Err(self.hit(Limit::OutputSize));
        }
        let row = self.read(row.as_bytes())?;
        let mut row: Value = row.map_err(|why| wasmtime::Error::msg(format!("a row is not JSON: {why}")))?;
        self.shared.setup().access.redactor().value(&mut row);
        self.shared.observer.row(row).await;
        Ok(Ok(()))
    }
}

impl log::Host for Host {
    async fn log(&mut self, level: String, message: String) -> wasmtime::Result<()> {
        self.logged_lines += 1;
        self.logged_bytes += message.len() as u64;
        let amounts = [(Limit::LogLines, self.logged_lines), (Limit::LogSize, self.logged_bytes)];
        if let Some((limit, _)) =
            amounts.into_iter().find(|(limit, used)| *used > self.shared.setup().limits.get(*limit))
        {
            return Err(self.hit(limit));
        }
        // Before it is cut: half a secret would not be known any more.
        let message = self.shared.setup().access.redactor().text(&message);
        let mut end = message.len().min(LOG_LINE_BYTES);
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        let level = if ["debug", "info", "warn", "error"].contains(&level.as_str()) { level.as_str() } else { "info" };
        self.shared.observer.log(level, &message[..end]);
        Ok(())
    }
}

impl clock::Host for Host {
    async fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.shared.setup().clock.now_ms())
    }

    async fn wait(&mut self, milliseconds: u64) -> wasmtime::Result<Result<(), http::Error>> {
        // Longer than the run may last is as good as for ever; the wall clock ends it.
        let wait = Duration::from_millis(milliseconds).min(self.shared.setup().limits.time(Limit::WallTime));
        self.shared.setup().clock.sleep(wait).await;
        Ok(Ok(()))
    }
}

impl types::Host for Host {}
