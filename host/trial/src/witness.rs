//! Who watches a case: every request that goes out, logins told apart, and the rows.
//!
//! Owns the account of one run. Must never: change what passes. Invariant: a request is written down with its secrets
//! masked; by the time that it is sent, the redactor knows all that are in it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use presetter_egress::{Compared, Error, Masks, NoAnswer, Policy, Request, Response, Transport};
use presetter_runtime::{RunObserver, Sending, Verdict};
use presetter_secret::Redactor;
use serde_json::Value;
use url::Url;

use crate::coverage::Took;

/// A request that went out, with masks.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Whether it opened a session.
    pub login: bool,
    /// Whether it may change something.
    pub writes: bool,
    /// The method.
    pub method: String,
    /// The whole address.
    pub url: Url,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Bytes>,
    /// The status of its answer, or how there was none.
    pub answer: Result<u16, NoAnswer>,
}

impl Sent {
    /// What of it is compared with other requests.
    #[must_use]
    pub fn compared(&self) -> Compared {
        Compared::new(&self.method, &self.url, &self.headers, self.body.as_ref())
    }
}

/// What was seen of a run.
#[derive(Default)]
struct Seen {
    /// The next request is the preset's own.
    own: bool,
    /// The preset's request on its way, with its repeats, may change something.
    writes: bool,
    sent: Vec<Sent>,
    rows: Vec<Value>,
    took: Vec<Took>,
}

/// Watches one run.
#[derive(Clone, Default)]
pub(crate) struct Witness {
    seen: Arc<Mutex<Seen>>,
}

impl Witness {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A transport that is watched.
    pub(crate) fn watching(&self, inner: Arc<dyn Transport>, redactor: Redactor) -> Arc<dyn Transport> {
        Arc::new(Watched { inner, witness: self.clone(), masks: Masks::new(redactor) })
    }

    /// What was seen: the requests, the rows, and the blocks that were rendered.
    pub(crate) fn take(&self) -> (Vec<Sent>, Vec<Value>, Vec<Took>) {
        let Seen { sent, rows, took, .. } = std::mem::take(&mut *self.seen());
        (sent, rows, took)
    }
}

#[async_trait]
impl RunObserver for Witness {
    async fn before_send(&self, sending: &Sending<'_>) -> Verdict {
        self.seen().writes = sending.writes();
        Verdict::Proceed
    }

    fn block(&self, preset: &str, place: usize, then: bool) {
        let took = Took { preset: preset.to_owned(), place, then };
        let mut seen = self.seen();
        // A loop may come to one a thousand times.
        if !seen.took.contains(&took) {
            seen.took.push(took);
        }
    }

    fn leaving(&self) {
        self.seen().own = true;
    }

    async fn row(&self, row: Value) {
        self.seen().rows.push(row);
    }
}

struct Watched {
    inner: Arc<dyn Transport>,
    witness: Witness,
    masks: Masks,
}

#[async_trait]
impl Transport for Watched {
    async fn send(&self, policy: &Policy, request: Request) -> Result<Response, Error> {
        let headers = self.masks.headers(&request.headers);
        let media = media_type(&headers);
        let (own, writes) = {
            let mut seen = self.witness.seen();
            (std::mem::take(&mut seen.own), seen.writes)
        };
        let mut sent = Sent {
            login: !own,
            writes: own && writes,
            method: request.method.clone(),
            url: self.masks.url(&request.url),
            body: request.body.as_ref().map(|body| self.masks.body(&media, body)),
            headers,
            answer: Err(NoAnswer { arrived: true, reason: String::new() }),
        };
        let result = self.inner.send(policy, request).await;
        sent.answer = match &result {
            Ok(response) => Ok(response.status),
            // What a rule forbids was never sent.
            Err(Error::Denied { .. }) => return result,
            Err(error) => Err(NoAnswer::of(error)),
        };
        self.witness.seen().sent.push(sent);
        result
    }
}

/// The media type that headers name.
fn media_type(headers: &[(String, String)]) -> String {
    let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let text = found.map_or("", |(_, value)| value.as_str());
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
