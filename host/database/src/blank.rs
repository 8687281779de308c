//! A database that is not there yet: made under another name, and given its own when it is complete.

use std::fs::File;
use std::io;
use std::path::Path;

use presetter_disk::UNFINISHED;
use rusqlite::Connection;

use crate::{OpenError, Schema};

/// Makes the file, unless another process is first; then that one's serves.
pub(crate) fn make(path: &Path, schema: &Schema) -> Result<(), OpenError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    presetter_disk::folder(parent)?;
    // A name that nobody else has, for a file that its owner alone can read: SQLite writes into what is there.
    let unfinished = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(parent)?.into_temp_path();
    let mut connection = Connection::open(&unfinished)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction = connection.transaction()?;
    transaction.pragma_update(None, "application_id", schema.application())?;
    for step in schema.steps {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", schema.version())?;
    transaction.commit()?;
    // Closing the last connection brings everything into the file itself, and removes what stood beside it.
    connection.close().map_err(|(_, error)| error)?;
    File::open(&unfinished)?.sync_all()?;
    match unfinished.persist_noclobber(path) {
        Err(failed) if failed.error.kind() != io::ErrorKind::AlreadyExists => return Err(failed.error.into()),
        _ => {}
    }
    #[cfg(unix)]
    File::open(parent)?.sync_all()?;
    Ok(())
}
