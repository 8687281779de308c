//! One request with what came of it, as a cassette holds it.
//!
//! Owns plain data. Invariant: what is made by [`Recording`](crate::Recording) holds masks in the places of secrets; what is
//! read from a file holds what the file does, so `Debug` shows names and sizes alone.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use url::Url;

use crate::{Error, Response, shown};

/// One request and what came of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The HTTP method.
    pub method: String,
    /// The whole address.
    pub url: Url,
    /// The request's headers, names as they were sent.
    pub headers: Vec<(String, String)>,
    /// The request's body.
    pub body: Option<Bytes>,
    /// The answer, or how there was none.
    pub answer: Result<Response, NoAnswer>,
    /// When it was sent, in milliseconds since 1970, UTC; 0 where that is not known.
    pub started_ms: u64,
    /// How long the answer took.
    pub took: Duration,
}

/// How a request got no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAnswer {
    /// Whether it may have reached the server.
    pub arrived: bool,
    /// What went wrong, in the words of the transport; empty where that is not known.
    pub reason: String,
}

impl NoAnswer {
    /// The error, as a transport gave it.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        let reason = match error {
            Error::NotSent { reason } | Error::Unanswered { reason } => reason.clone(),
            other => other.to_string(),
        };
        Self { arrived: error.may_have_arrived(), reason }
    }

    /// The error that a transport gives for it. `at` is the request, for one whose reason is not known.
    pub(crate) fn error(&self, at: &str) -> Error {
        let reason = match self.reason.is_empty() {
            true => format!("{at}: no answer came, when this was recorded"),
            false => self.reason.clone(),
        };
        if self.arrived { Error::Unanswered { reason } } else { Error::NotSent { reason } }
    }

    /// The word in a file.
    pub(crate) fn word(&self) -> &'static str {
        if self.arrived { UNANSWERED } else { NOT_SENT }
    }
}

/// The words that a file has for what was never answered.
const UNANSWERED: &str = "unanswered";
pub(crate) const NOT_SENT: &str = "not-sent";

impl Exchange {
    /// The media type that the request names, without its parameters, in lower case; empty if it names none.
    #[must_use]
    pub fn media_type(&self) -> String {
        media_type(&self.headers)
    }
}

/// The media type among headers, without its parameters, in lower case.
pub(crate) fn media_type(headers: &[(String, String)]) -> String {
    let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let text = found.map_or("", |(_, value)| value.as_str());
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("method", &self.method)
            .field("url", &shown(&self.url))
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .field("answer", &self.answer)
            .finish_non_exhaustive()
    }
}
