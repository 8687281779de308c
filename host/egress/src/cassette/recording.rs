//! A transport that keeps what passes through another one.
//!
//! Owns what was kept until it is taken, once, with masks: only after a run are all its secrets known, tokens too. Must
//! never: change, delay or repeat a request, or show anything that is not masked. Invariants: what a rule forbids was not
//! sent, and is not kept; memory is bounded.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::exchange::{Exchange, NoAnswer};
use super::mask::Masks;
use crate::{Error, Policy, Request, Response, Transport};

/// The most that is kept of a run, in bytes of bodies: what [`har::read`](crate::har::read) takes, with room for the rest.
const MOST: usize = 24 * 1024 * 1024;

/// The most credentials that are learned from answers. An answer with more is not kept.
const MOST_LEARNED: usize = 256;

/// The time of day, in milliseconds since 1970.
type Now = dyn Fn() -> u64 + Send + Sync;

/// Keeps what passes through another transport.
pub struct Recording {
    inner: Arc<dyn Transport>,
    now: Box<Now>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Nothing in the place of what is not kept after all: numbers given out stay true.
    exchanges: Vec<Option<Exchange>>,
    bytes: usize,
    left_out: usize,
}

/// What a recording holds, with masks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// In the order in which they were sent.
    pub exchanges: Vec<Exchange>,
    /// How many more there were, for which there was no room.
    pub left_out: usize,
}

impl Recording {
    /// Keeps what passes through `inner`. `now` is the time of day, in milliseconds since 1970.
    pub fn new(inner: Arc<dyn Transport>, now: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self { inner, now: Box::new(now), kept: Mutex::default() }
    }

    /// Takes what was kept. To be called when the redactor knows every secret and token. What answers hand out under the name
    /// of a credential (a refresh token, a key that was made) the redactor learns here.
    pub fn take(&self, masks: &Masks) -> Recorded {
        let Kept { exchanges, mut left_out, .. } = std::mem::take(&mut *self.kept());
        let (mut exchanges, mut room): (Vec<Exchange>, _) = (exchanges.into_iter().flatten().collect(), MOST_LEARNED);
        let before = exchanges.len();
        exchanges.retain(|exchange| exchange.answer.as_ref().map_or(true, |answer| masks.learn(answer, &mut room)));
        left_out += before - exchanges.len();
        Recorded { exchanges: exchanges.into_iter().map(|exchange| masks.exchange(exchange)).collect(), left_out }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a request that goes out. Its number, if there is room.
    fn begin(&self, request: &Request) -> Option<usize> {
        let mut kept = self.kept();
        kept.bytes += request.body.as_ref().map_or(0, |body| body.len());
        if kept.bytes > MOST {
            kept.left_out += 1;
            return None;
        }
        kept.exchanges.push(Some(Exchange {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
            // What it stays if the run ends before the answer.
            answer: Err(NoAnswer { arrived: true, reason: "the run ended before an answer came".to_owned() }),
            started_ms: (self.now)(),
            took: Duration::ZERO,
        }));
        Some(kept.exchanges.len() - 1)
    }

    fn end(&self, number: usize, result: &Result<Response, Error>, took: Duration) {
        let mut kept = self.kept();
        // The recording may have been taken meanwhile.
        let Some(mut exchange) = kept.exchanges.get_mut(number).and_then(Option::take) else { return };
        // As the file keeps it.
        exchange.took = Duration::from_millis(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        exchange.answer = match result {
            // It was never sent.
            Err(Error::Denied { .. }) => return,
            Err(error) => Err(NoAnswer::of(error)),
            Ok(response) => {
                kept.bytes += response.body.len();
                if kept.bytes > MOST {
                    kept.left_out += 1;
                    return;
                }
                Ok(response.clone())
            }
        };
        kept.exchanges[number] = Some(exchange);
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording").field("exchanges", &self.kept().exchanges.len()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for Recording {
    async fn send(&self, policy: &Policy, request: Request) -> Result<Response, Error> {
        let number = self.begin(&request);
        let started = Instant::now();
        let result = self.inner.send(policy, request).await;
        if let Some(number) = number {
            self.end(number, &result, started.elapsed());
        }
        result
    }
}
