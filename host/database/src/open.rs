//! Opening: the file is looked at before SQLite touches it, and brought up to date before anyone reads it.

use std::io;
use std::path::Path;
use std::time::Duration;

use presetter_disk::{Guard, ReadError};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::{Schema, blank};

/// How long a connection waits for another process that is writing.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Why a database was not opened. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is not this user's alone, or no plain file; says what to do.
    #[error("{0}")]
    Refused(String),
    /// Something else has this name.
    #[error("it is no file of this program; move it away, and a new one is made")]
    Foreign,
    /// A later version of the program has changed it.
    #[error(
        "a newer version of this program has used it (its form is {found}, this one knows {known}); use the newer program"
    )]
    Newer {
        /// The form that the file has.
        found: i32,
        /// The latest that this program knows.
        known: i32,
    },
    /// SQLite finds it broken.
    #[error("it is damaged ({0}); put a copy of it in its place")]
    Damaged(String),
    /// Another process has been writing for longer than [`PATIENCE`].
    #[error("another process has been writing to it for {} s; try again when it is done", PATIENCE.as_secs())]
    Busy,
    /// The system's reason.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// SQLite's reason, where it is none of these.
    #[error("{0}")]
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Foreign,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged(error.to_string()),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            _ => Self::Database(error),
        }
    }
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => Self::Io(error),
            other => Self::Refused(other.to_string()),
        }
    }
}

/// Opens a room's database, which is made if there is none and brought up to date if it is older.
///
/// A connection belongs to one thread at a time; any number of them, in any number of processes, may be open at once.
///
/// # Errors
/// See [`OpenError`].
pub fn open(path: &Path, schema: &Schema) -> Result<Connection, OpenError> {
    if !presetter_disk::look(path, Guard::Ours)? {
        blank::make(path, schema)?;
        presetter_disk::look(path, Guard::Ours)?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    known(&connection, schema)?;
    settings(&connection)?;
    update(&mut connection, schema)?;
    Ok(connection)
}

/// The form of a file that is this room's and not from a later program.
fn known(connection: &Connection, schema: &Schema) -> Result<i32, OpenError> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    if number("application_id")? != schema.application() {
        return Err(OpenError::Foreign);
    }
    let found = number("user_version")?;
    match found {
        0 => Err(OpenError::Foreign),
        _ if found > schema.version() => Err(OpenError::Newer { found, known: schema.version() }),
        _ => Ok(found),
    }
}

fn settings(connection: &Connection) -> Result<(), OpenError> {
    // What was committed outlives a power cut.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A file that somebody prepared gets nothing to run, and a broken page is noticed.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    Ok(())
}

fn update(connection: &mut Connection, schema: &Schema) -> Result<(), OpenError> {
    if known(connection, schema)? == schema.version() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Read again: another process may have done it while this one waited.
    let found = known(&transaction, schema)?;
    for step in schema.steps.iter().skip(usize::try_from(found).unwrap_or_default()) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", schema.version())?;
    transaction.commit()?;
    Ok(())
}
