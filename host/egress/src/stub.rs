//! A transport without a network, for tests of other crates.
//!
//! Keeps every rule that [`Live`](crate::Live) keeps ([`admit`], the bounds of an answer); only names are not resolved.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;

use crate::{Error, Policy, Request, Response, Transport, admit, bounds};

type Answer = dyn Fn(&Request) -> Result<Response, Error> + Send + Sync;

/// Answers from a closure or a queue, and counts what got past the policy.
pub struct Stub {
    answer: Box<Answer>,
    sent: AtomicUsize,
}

impl Stub {
    /// Answers each admitted request with what `answer` says.
    pub fn new(answer: impl Fn(&Request) -> Result<Response, Error> + Send + Sync + 'static) -> Stub {
        Stub { answer: Box::new(answer), sent: AtomicUsize::new(0) }
    }

    /// Answers with `answers` in turn, and with [`Error::NotSent`] once they are used up.
    pub fn queue(answers: impl IntoIterator<Item = Result<Response, Error>>) -> Stub {
        let left = Mutex::new(answers.into_iter().collect::<VecDeque<_>>());
        Stub::new(move |request| {
            let next = left.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            next.unwrap_or_else(|| {
                Err(Error::NotSent { reason: format!("the test has no answer left for {request:?}") })
            })
        })
    }

    /// How many requests the policy let through.
    pub fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for Stub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stub").field("sent", &self.sent()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for Stub {
    async fn send(&self, policy: &Policy, request: Request) -> Result<Response, Error> {
        admit(policy, &request)?;
        self.sent.fetch_add(1, Ordering::SeqCst);
        bounds::within(&policy.limits, (self.answer)(&request)?)
    }
}
