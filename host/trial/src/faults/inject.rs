//! A transport that answers from a cassette, and does one thing wrong.
//!
//! Owns: which faults there are for the answers of a case, and putting one in its place. Keeps every rule of a transport
//! ([`admit`]), also where the fault is no answer.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use presetter_egress::{Cassette, Error, Policy, Request, Response, Transport, admit};

use super::kind::Fault;
use super::spoil;

/// A fault at a request.
#[derive(Debug, Clone)]
pub(crate) struct Injection {
    pub(crate) fault: Fault,
    /// The request's number, from 0.
    pub(crate) at: usize,
    /// What is said in place of the answer.
    pub(crate) instead: Result<Response, Error>,
}

/// An answer of the untouched run, with the path that was asked.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    path: String,
    response: Option<Response>,
}

/// All faults for the answers of a run.
pub(crate) fn matrix(answers: &[Answered]) -> Vec<Injection> {
    let numbered = || answers.iter().enumerate();
    numbered()
        .flat_map(|(at, _)| Fault::ALL.into_iter().filter_map(move |fault| injection(answers, at, fault)))
        .collect()
}

/// A fault at a request; nothing where it would change nothing.
fn injection(answers: &[Answered], at: usize, fault: Fault) -> Option<Injection> {
    let answered = &answers[at];
    let original = answered.response.as_ref();
    let instead = match fault {
        Fault::Unauthorized => Ok(status(401, None)),
        Fault::Forbidden => Ok(status(403, None)),
        Fault::LaterWithTime => Ok(status(429, Some("2"))),
        Fault::Later => Ok(status(429, None)),
        Fault::ServerError => Ok(status(500, None)),
        Fault::NotSent => Err(Error::NotSent { reason: "a fault that a test makes: no connection".to_owned() }),
        Fault::Unanswered => Err(Error::Unanswered { reason: "a fault that a test makes: no answer came".to_owned() }),
        Fault::Cut => Ok(spoil::cut(original?)?),
        Fault::NoJson => Ok(spoil::with_body(original?, "<html>a page in place of an answer")),
        Fault::WrongTypes | Fault::ListsForObjects | Fault::EmptyLists | Fault::ShortLists => {
            Ok(spoil::values(fault, original?)?)
        }
        Fault::RepeatedPage => {
            let before = answers[..at].last().filter(|before| before.path == answered.path)?;
            let page = before.response.clone().filter(|before| Some(before) != original)?;
            // A page has something on it; an answer without lists says something else.
            spoil::values(Fault::EmptyLists, &page)?;
            Ok(page)
        }
    };
    Some(Injection { fault, at, instead })
}

fn status(status: u16, retry_after: Option<&str>) -> Response {
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    headers.extend(retry_after.map(|seconds| ("retry-after".to_owned(), seconds.to_owned())));
    Response { status, headers, body: Bytes::from_static(b"{\"error\":\"a fault that a test makes\"}") }
}

/// Answers from a cassette but for one request.
pub(crate) struct Injected {
    cassette: Cassette,
    injection: Option<Injection>,
    answers: Mutex<Vec<Answered>>,
}

impl Injected {
    pub(crate) fn new(cassette: Cassette, injection: Option<Injection>) -> Self {
        Self { cassette, injection, answers: Mutex::default() }
    }

    /// What was answered so far.
    pub(crate) fn answers(&self) -> Vec<Answered> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Transport for Injected {
    async fn send(&self, policy: &Policy, request: Request) -> Result<Response, Error> {
        admit(policy, &request)?;
        let path = request.url.path().to_owned();
        let number = self.answers.lock().unwrap_or_else(PoisonError::into_inner).len();
        let result = match self.injection.as_ref().filter(|injection| injection.at == number) {
            Some(injection) => injection.instead.clone(),
            None => self.cassette.send(policy, request).await,
        };
        let answered = Answered { path, response: result.as_ref().ok().cloned() };
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).push(answered);
        result
    }
}
