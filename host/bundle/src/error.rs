//! Why a bundle could not be had.

use presetter_manifest::Diagnostics;

/// Why a bundle or one of its presets could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A manifest is wrong; each mistake has its place.
    #[error("{0}")]
    Invalid(Diagnostics),
    /// There is no such thing.
    #[error("{message}")]
    NotThere {
        /// What is not there.
        message: String,
        /// What to do instead.
        hint: String,
    },
    /// A file could not be read.
    #[error("cannot read {file}: {reason}")]
    Io {
        /// The file as the person would name it.
        file: String,
        /// The system's words.
        reason: String,
    },
}

impl From<Diagnostics> for Error {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Invalid(diagnostics)
    }
}
