//! How an exchange can fail, in words for someone who is no programmer.
//!
//! Must never hold a header's value, a body, a query or user info. The kinds answer the one question that a write needs:
//! may the server have acted?

use std::fmt;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A rule forbids the request. Nothing of it was sent.
    #[error("not allowed: {reason}\n{advice}")]
    Denied {
        /// What is forbidden, and by which rule.
        reason: String,
        /// What a person can do to allow it, or to do without.
        advice: String,
    },
    /// Provably nothing of the request reached the server: a name not found, no connection, no TLS.
    #[error("nothing was sent: {reason}")]
    NotSent {
        /// What went wrong, and what to check.
        reason: String,
    },
    /// The request may have reached the server, and no complete, readable answer came back.
    #[error("sent, but no usable answer came: {reason}")]
    Unanswered {
        /// What went wrong, and what to check.
        reason: String,
    },
    /// Something is larger than its limit. A request that is too large was not sent; an answer that is too large was.
    #[error("{part} is larger than its limit of {limit} {}", .part.unit())]
    TooLarge {
        /// What is too large.
        part: Part,
        /// The limit, in [`Part::unit`].
        limit: usize,
    },
    /// The run was cancelled while the exchange was under way; the server may have acted.
    #[error("cancelled before an answer came")]
    Cancelled,
}

impl Error {
    /// Whether the server may have seen the request, so that repeating a write could do it twice.
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Error::Denied { .. } | Error::NotSent { .. } => false,
            Error::Unanswered { .. } | Error::Cancelled => true,
            Error::TooLarge { part, .. } => match part {
                Part::RequestHead | Part::RequestBody => false,
                Part::AnswerHeaderBytes | Part::AnswerHeaderCount | Part::AnswerBody => true,
            },
        }
    }
}

/// What a limit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The address and the headers of a request, together.
    RequestHead,
    /// The body of a request.
    RequestBody,
    /// All headers of an answer together, names and values.
    AnswerHeaderBytes,
    /// The number of headers of an answer.
    AnswerHeaderCount,
    /// The body of an answer, after decompression.
    AnswerBody,
}

impl Part {
    /// What the limit counts.
    pub fn unit(self) -> &'static str {
        match self {
            Part::AnswerHeaderCount => "headers",
            _ => "bytes",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::RequestHead => "nothing was sent: the request's address with its headers",
            Part::RequestBody => "nothing was sent: the request's body",
            Part::AnswerHeaderBytes => "the server's answer was dropped: its headers' size",
            Part::AnswerHeaderCount => "the server's answer was dropped: its number of headers",
            Part::AnswerBody => "the server's answer was dropped: its body",
        })
    }
}
