//! How the program ends: one enum of exit codes, and the one place that finds the code for an outcome.
//!
//! Owns: the codes and their order. Keeps: where several apply, the first in [`Exit::ORDER`] is it; a run that may have
//! changed something without anyone knowing is never hidden by a lesser trouble.

use std::process::ExitCode;

use presetter_runtime::{Kind, Report};

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 7: something was sent, no answer was seen.
    Unknown,
    /// 5: denied by policy, or a sandbox limit.
    Denied,
    /// 6: credentials or session.
    Credentials,
    /// 8: the network.
    Network,
    /// 9: a connection or bundle that is not trusted with the other.
    Trust,
    /// 4: there is proof that the thing does not exist.
    NotFound,
    /// 1: the API said no, or the preset failed.
    Failed,
    /// 3: an invalid preset, template or input. Nothing was sent.
    Invalid,
    /// 2: the command line.
    Usage,
    /// 70: a fault of the program.
    Internal,
    /// 0: all is well.
    Ok,
}

impl Exit {
    /// The order in which codes go before others.
    const ORDER: [Self; 11] = [
        Self::Unknown,
        Self::Denied,
        Self::Credentials,
        Self::Network,
        Self::Trust,
        Self::NotFound,
        Self::Failed,
        Self::Invalid,
        Self::Usage,
        Self::Internal,
        Self::Ok,
    ];

    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Invalid => 3,
            Self::NotFound => 4,
            Self::Denied => 5,
            Self::Credentials => 6,
            Self::Unknown => 7,
            Self::Network => 8,
            Self::Trust => 9,
            Self::Internal => 70,
        }
    }

    /// The one of two that counts.
    pub(crate) fn or(self, other: Self) -> Self {
        Self::ORDER.into_iter().find(|exit| *exit == self || *exit == other).unwrap_or(self)
    }

    /// The code for a run.
    pub(crate) fn of(report: &Report) -> Self {
        Self::of_outcome(report.outcome.kind, &report.outcome.class, report.sent())
    }

    fn of_outcome(kind: Kind, class: &str, sent: bool) -> Self {
        match (kind, class) {
            (Kind::Ok, _) => Self::Ok,
            (Kind::NotFound, _) => Self::NotFound,
            (Kind::Unknown, _) => Self::Unknown,
            (_, class) => Self::of_class(class, sent),
        }
    }

    /// The code for a class of failure, in the words of the contract (`wit/types.wit`, `wit/http.wit`).
    pub(crate) fn of_class(class: &str, sent: bool) -> Self {
        match class {
            "denied" | "limit" | "too-large" => Self::Denied,
            "auth" => Self::Credentials,
            "network" | "not-sent" | "unanswered" => Self::Network,
            "trust" => Self::Trust,
            "internal" => Self::Internal,
            "input" | "template" if !sent => Self::Invalid,
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_contract() {
        assert_eq!(Exit::ORDER.map(Exit::code), [7, 5, 6, 8, 9, 4, 1, 3, 2, 70, 0]);
        assert_eq!(Exit::Ok.or(Exit::Failed), Exit::Failed);
        assert_eq!(Exit::Failed.or(Exit::Unknown), Exit::Unknown);
        assert_eq!(Exit::NotFound.or(Exit::Failed), Exit::NotFound);
        assert_eq!(Exit::Ok.or(Exit::Ok), Exit::Ok);
    }

    #[test]
    fn outcomes_have_their_codes() {
        let failed = |class| Exit::of_outcome(Kind::Failed, class, true).code();
        assert_eq!(Exit::of_outcome(Kind::Ok, "", true).code(), 0);
        assert_eq!(Exit::of_outcome(Kind::NotFound, "", true).code(), 4);
        assert_eq!(Exit::of_outcome(Kind::Unknown, "network", true).code(), 7);
        for (class, code) in [
            ("refused", 1),
            ("auth", 6),
            ("network", 8),
            ("denied", 5),
            ("limit", 5),
            ("server", 1),
            ("rate", 1),
            ("incomplete", 1),
            ("ambiguous", 1),
            ("answer", 1),
            ("cancelled", 1),
            ("preset", 1),
            ("a class of tomorrow", 1),
        ] {
            assert_eq!(failed(class), code, "{class}");
        }
        for class in ["input", "template"] {
            assert_eq!(Exit::of_outcome(Kind::Failed, class, false).code(), 3, "{class}");
            assert_eq!(failed(class), 1, "{class}: code 3 says that nothing was sent");
        }
    }
}
