//! What can go wrong with the file itself, whatever was asked of it.

use rusqlite::ErrorCode;

/// Why the records could not be read or written. Nothing of what was asked was done then.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process was writing for too long.
    #[error("another process has been writing to the records for too long; try again when it is done")]
    Busy,
    /// The disk is full.
    #[error("the disk that has the records is full; make room, and try again")]
    Full,
    /// SQLite finds the file broken.
    #[error("the records are damaged ({0}); put a copy of the file in its place")]
    Damaged(String),
    /// What stands in a table is not what this program writes.
    #[error(
        "the records have contents that this program does not understand ({0}); put a copy of the file in its place"
    )]
    Contents(String),
    /// SQLite's reason, where it is none of these.
    #[error("the records could not be used: {0}")]
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error.to_string()),
            _ => Self::Database(error),
        }
    }
}
