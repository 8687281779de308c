//! What can go wrong below the seam.

use crate::seam::{EngineError, Failure};

/// Why something was not read or written; nothing was then, but for `Storage`.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The lease is another worker's, or the run has ended: record nothing.
    Lost,
    /// The run was cancelled: begin nothing.
    Cancelled,
    /// The run is over a bound: it ends with this failure.
    Limit(Failure),
    /// The caller's reason.
    Refused(EngineError),
    /// What is recorded of this run is no JSON of ours: the file was damaged. Other runs go on.
    Unreadable(String),
    /// The store's reason.
    Storage(String),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error.to_string())
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Unreadable(format!("what is recorded cannot be read: {error}"))
    }
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        Self::Refused(error)
    }
}

impl From<Fault> for EngineError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(error) => error,
            Fault::Storage(reason) | Fault::Unreadable(reason) => Self::Storage(reason),
            Fault::Limit(failure) => Self::Refused(failure.message),
            Fault::Cancelled => Self::TooLate("the run was cancelled".to_owned()),
            Fault::Lost => Self::TooLate("another worker has the run".to_owned()),
        }
    }
}
