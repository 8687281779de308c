//! Whether a rule can hold at all, as far as the status of an answer decides it.
//!
//! Owns an evaluation in three values: true, false, not known. Parts that look at nothing, or at nothing but the status, are
//! evaluated for it; all others are not known.

use presetter_expr::{Dialect, Program, Vars};
use serde_json::Value;

use crate::expr::{Expr, Form, parse};

/// A rule, ready to be asked.
#[derive(Debug)]
pub(crate) enum Truth {
    /// Decided by the status alone.
    Known(Program),
    And(Box<[Truth; 2]>),
    Or(Box<[Truth; 2]>),
    Not(Box<Truth>),
    Choose(Box<[Truth; 3]>),
    Unknown,
}

impl Truth {
    /// Reads a rule that compiles.
    pub(crate) fn of(rule: &str) -> Self {
        Self::read(&parse(rule), rule)
    }

    fn read(expr: &Expr, rule: &str) -> Self {
        let program = Program::compile(&rule[expr.span.clone()], Dialect::Full);
        if let Ok(program) = program
            && program.variables().iter().all(|name| name == "response_status")
        {
            return Self::Known(program);
        }
        let two = |parts: &[Expr; 2]| Box::new([Self::read(&parts[0], rule), Self::read(&parts[1], rule)]);
        match &expr.form {
            Form::And(parts) => Self::And(two(parts)),
            Form::Or(parts) => Self::Or(two(parts)),
            Form::Not(part) => Self::Not(Box::new(Self::read(part, rule))),
            Form::Choose(parts) => Self::Choose(Box::new([0, 1, 2].map(|at| Self::read(&parts[at], rule)))),
            _ => Self::Unknown,
        }
    }

    /// Whether it holds for a status; nothing if other things decide.
    pub(crate) fn at(&self, status: u16) -> Option<bool> {
        match self {
            Self::Known(program) => {
                let status = Value::from(status);
                // What cannot be evaluated is no matter of truth: kinds are another rule's.
                program.test(&Vars::new().with("response_status", &status)).ok()
            }
            Self::And(parts) => match [parts[0].at(status), parts[1].at(status)] {
                [Some(false), _] | [_, Some(false)] => Some(false),
                [Some(true), Some(true)] => Some(true),
                _ => None,
            },
            Self::Or(parts) => match [parts[0].at(status), parts[1].at(status)] {
                [Some(true), _] | [_, Some(true)] => Some(true),
                [Some(false), Some(false)] => Some(false),
                _ => None,
            },
            Self::Not(part) => part.at(status).map(|holds| !holds),
            Self::Choose(parts) => match (parts[0].at(status), parts[1].at(status), parts[2].at(status)) {
                (Some(true), then, _) => then,
                (Some(false), _, otherwise) => otherwise,
                (None, then, otherwise) => then.filter(|_| then == otherwise),
            },
            Self::Unknown => None,
        }
    }

    /// Whether it holds for none of these statuses, whatever else there is.
    pub(crate) fn never(&self, mut statuses: impl Iterator<Item = u16>) -> bool {
        statuses.all(|status| self.at(status) == Some(false))
    }

    /// Whether it holds for all of these statuses, whatever else there is.
    pub(crate) fn always(&self, mut statuses: impl Iterator<Item = u16>) -> bool {
        statuses.all(|status| self.at(status) == Some(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_status_decides_is_known() {
        for (rule, status, holds) in [
            ("response_status == 404", 404, Some(true)),
            ("response_status == 404 && response.x == 1", 200, Some(false)),
            ("response_status == 404 && response.x == 1", 404, None),
            ("response_status in [404, 410] || codes == []", 410, Some(true)),
            ("!(response_status >= 400)", 200, Some(true)),
            ("response.x == 1", 200, None),
            ("codes.exists(c, c == 'x')", 200, None),
            ("response.x ? false : response_status == 500", 200, Some(false)),
            ("false", 200, Some(false)),
            ("size(1) == 1", 200, None),
        ] {
            assert_eq!(Truth::of(rule).at(status), holds, "{rule} at {status}");
        }
        assert!(Truth::of("response_status == 401").never((200..500).filter(|status| *status != 401)));
        assert!(!Truth::of("response_status == 404").never(200..500));
        assert!(Truth::of("true || response.x").always(200..300));
    }
}
