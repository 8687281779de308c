//! Who watches a run: the terminal, a plan, later the journal and the recorder.

use std::time::Duration;

use async_trait::async_trait;
use presetter_connection::{Access, Answer, Error, Outgoing, Preview};
use serde_json::Value;

/// What an observer says to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Send it.
    Proceed,
    /// Do not; the run ends as cancelled.
    Veto,
}

/// A request on its way out, before any credential is in it.
pub struct Sending<'a> {
    pub(crate) access: &'a Access,
    pub(crate) request: &'a Outgoing,
}

impl Sending<'_> {
    /// The request exactly as it would be sent, secrets masked. Opens no socket and resolves no secret.
    ///
    /// # Errors
    /// What keeps it from being sent: no grant, a read-only connection, a slot that the component tried to fill.
    pub fn preview(&self) -> Result<Preview, Error> {
        self.access.preview(self.request)
    }

    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.request.method
    }

    /// The path below the connection's base URL, as it will be sent.
    #[must_use]
    pub fn path(&self) -> String {
        self.request.path.join("/")
    }

    /// Whether it may change something.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.request.writes
    }
}

/// The server asks that a request be sent again later, and what was done about that before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// After this.
    pub wait: Duration,
    /// How often this request was sent again already.
    pub repeats: u32,
    /// How long the run has waited already, by [`Patience::Run`].
    pub waited: Duration,
}

/// Who waits where a server asks for time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Nobody: the answer stands.
    None,
    /// The run, in its own time.
    Run,
    /// Whoever watches: [`RunObserver::before_send`] of the repeat returns when it is time, which is no time of the run.
    Observer,
}

/// Waiting that a server may ask for, in all of a run that waits by itself.
const WAITED: Duration = Duration::from_secs(30);
/// How often such a run sends a request again because the server asked for it.
const REPEATS: u32 = 3;

/// Watches a run. Every method does nothing unless it is written.
#[async_trait]
pub trait RunObserver: Send + Sync {
    /// Awaited before each request of the preset (not before logins), and may veto it.
    async fn before_send(&self, sending: &Sending<'_>) -> Verdict {
        let _ = sending;
        Verdict::Proceed
    }

    /// A block (`{{#if}}` and its like) of a request's template was rendered, by its first part (`then`) or by what stands for
    /// it otherwise. `preset` names whose request it is; `place` is where the block begins in its `preset.toml`, in bytes.
    fn block(&self, preset: &str, place: usize, then: bool) {
        let _ = (preset, place, then);
    }

    /// A request of the preset is handed to the transport now: told for each repeat of it, and for each redirect that is
    /// followed, never for a login.
    fn leaving(&self) {}

    /// The answer itself, already free of secrets; [`RunObserver::answered`] follows.
    fn answer(&self, answer: &Answer) {
        let _ = answer;
    }

    /// A request was answered, or not: `Err` has the kind of failure.
    fn answered(&self, answer: Result<u16, &'static str>, took: Duration) {
        let _ = (answer, took);
    }

    /// Awaited after that, before the component gets the answer: whoever has others wait may let them go first.
    async fn going_on(&self) {}

    /// The server asks to come again later: who waits. By itself a run does, 30 s in all and three times for a request.
    fn patience(&self, asked: &Asked) -> Patience {
        let lasts = asked.repeats < REPEATS && asked.waited.saturating_add(asked.wait) <= WAITED;
        if lasts { Patience::Run } else { Patience::None }
    }

    /// The server asked to wait; the request will be sent again.
    fn waiting(&self, status: u16, wait: Duration) {
        let _ = (status, wait);
    }

    /// A listed row. The component goes on when this returns.
    async fn row(&self, row: Value) {
        let _ = row;
    }

    /// The component logs a line.
    fn log(&self, level: &str, message: &str) {
        let _ = (level, message);
    }
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl RunObserver for Quiet {}
