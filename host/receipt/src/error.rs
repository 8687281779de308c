//! Why the log could not be read or written.

use std::io;
use std::path::{Path, PathBuf};

/// Why the log could not be read or written: the file, what is wrong with it, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}", file.display())]
pub struct Error {
    /// The file or folder.
    pub file: PathBuf,
    /// What is wrong, without a full stop.
    pub why: String,
    /// What to do about it.
    pub advice: String,
}

impl Error {
    pub(crate) fn new(file: &Path, why: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { file: file.to_owned(), why: why.into(), advice: advice.into() }
    }

    /// What the system says to something that was tried with a file.
    pub(crate) fn io(file: &Path, doing: &str, error: &io::Error) -> Self {
        let advice = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some room on that disk".to_owned(),
            io::ErrorKind::ReadOnlyFilesystem => "keep the program's state on a disk that can be written".to_owned(),
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                "something else stands there; move it away".to_owned()
            }
            io::ErrorKind::PermissionDenied => {
                format!("see who may use it: ls -ld {}", crate::platform::quoted(file))
            }
            _ => String::new(),
        };
        Self::new(file, format!("cannot {doing}: {error}"), advice)
    }
}
