//! Why a preset cannot be made.

use std::fmt;

use presetter_manifest::Diagnostics;

/// Why a preset cannot be made. No message holds a value of the source.
#[derive(Debug)]
pub enum Error {
    /// What was given cannot be followed.
    Usage {
        /// One sentence, without a full stop.
        message: String,
        /// What to do about it.
        help: String,
    },
    /// A file that was given is wrong, in a way that cannot be shown.
    Unreadable {
        /// One sentence, without a full stop, with the place.
        message: String,
        /// What to do about it.
        help: String,
    },
    /// A file that was given is wrong, each mistake with its place.
    Invalid(Diagnostics),
    /// A fault of the program.
    Fault(String),
}

impl Error {
    pub(crate) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: help.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage { message, help } | Self::Unreadable { message, help } => write!(f, "{message}; {help}"),
            Self::Invalid(diagnostics) => diagnostics.fmt(f),
            Self::Fault(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {}
