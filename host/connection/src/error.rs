//! Why a request has no answer, in words for someone who is no programmer.
//!
//! Must never hold a secret, a token, a body, or a query. The kinds are those of the contract (`wit/http.wit`).

use presetter_egress::Part;
use presetter_manifest::Limit;

/// Why there is no answer.
///
/// `Clone`, because all runs that waited for one login get its one error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A rule forbids the request. Nothing was sent.
    #[error("not allowed: {reason}\n{advice}")]
    Denied {
        /// What is forbidden, and by which rule.
        reason: String,
        /// What a person can do about it.
        advice: String,
    },
    /// No session or credential could be had, or the server does not accept it.
    #[error("no access: {reason}\n{advice}")]
    Auth {
        /// What went wrong, with the vendor's words if there were any.
        reason: String,
        /// What a person can do about it.
        advice: String,
    },
    /// Nothing of the request reached the server.
    #[error("nothing was sent: {reason}")]
    NotSent {
        /// What went wrong, and what to check.
        reason: String,
    },
    /// The request may have reached the server, and no usable answer came back.
    #[error("sent, but no usable answer came: {reason}")]
    Unanswered {
        /// What went wrong, and what to check.
        reason: String,
    },
    /// The request or its answer is larger than its limit.
    #[error("{reason}")]
    TooLarge {
        /// What is too large, and the limit.
        reason: String,
        /// Whether it was the answer, so that the server has seen the request.
        arrived: bool,
        /// The limit that was hit, where it is one that an operator can raise.
        limit: Option<Limit>,
    },
    /// The request, the connection or the connection kind is not well formed. Nothing was sent.
    #[error("{0}")]
    Invalid(String),
    /// The run was cancelled.
    #[error("cancelled before an answer came")]
    Cancelled,
}

impl Error {
    /// The kind as the contract names it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "denied",
            Self::Auth { .. } => "auth",
            Self::NotSent { .. } => "not-sent",
            Self::Unanswered { .. } => "unanswered",
            Self::TooLarge { .. } => "too-large",
            Self::Invalid(_) => "template",
            Self::Cancelled => "cancelled",
        }
    }

    /// What happened, without the advice.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Denied { reason, .. } => format!("not allowed: {reason}"),
            Self::Auth { reason, .. } => format!("no access: {reason}"),
            other => other.to_string(),
        }
    }

    /// What a person can do about it, where there is something.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        match self {
            Self::Denied { advice, .. } | Self::Auth { advice, .. } => Some(advice),
            _ => None,
        }
    }

    /// Whether the server may have acted on the request, so that repeating a write could do it twice.
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::Unanswered { .. } | Self::Cancelled => true,
            Self::TooLarge { arrived, .. } => *arrived,
            _ => false,
        }
    }

    pub(crate) fn denied(reason: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Denied { reason: reason.into(), advice: advice.into() }
    }

    pub(crate) fn auth(reason: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Auth { reason: reason.into(), advice: advice.into() }
    }
}

impl From<presetter_egress::Error> for Error {
    fn from(error: presetter_egress::Error) -> Self {
        use presetter_egress::Error as Egress;
        let arrived = error.may_have_arrived();
        match error {
            Egress::Denied { reason, advice } => Self::Denied { reason, advice },
            Egress::NotSent { reason } => Self::NotSent { reason },
            Egress::Unanswered { reason } => Self::Unanswered { reason },
            Egress::Cancelled => Self::Cancelled,
            Egress::TooLarge { part, .. } => {
                let limit = match part {
                    Part::RequestBody => Some(Limit::RequestSize),
                    Part::AnswerBody => Some(Limit::AnswerSize),
                    _ => None,
                };
                Self::TooLarge { reason: error.to_string(), arrived, limit }
            }
            // A kind that egress may add later: said as it is, and taken for the worse case if need be.
            other if arrived => Self::Unanswered { reason: other.to_string() },
            other => Self::NotSent { reason: other.to_string() },
        }
    }
}
