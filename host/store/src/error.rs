//! Why something was not done with what is installed.

use std::fmt;
use std::path::Path;

/// Why not: what is wrong, and what to do. Nothing was changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// One sentence, without a full stop.
    pub message: String,
    /// What to do, with the command if there is one.
    pub help: String,
}

impl Error {
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }

    /// A file that could not be read or written.
    pub(crate) fn io(path: &Path, what: &str, why: &dyn fmt::Display) -> Self {
        let help = "check that it is yours, that you may write there, and that the disk is not full";
        Self::new(format!("{} cannot be {what}: {why}", path.display()), help)
    }

    /// A file that is not in its form.
    pub(crate) fn malformed(path: &Path, why: impl fmt::Display, help: &str) -> Self {
        Self::new(format!("{}: {why}", path.display()), help)
    }
}
