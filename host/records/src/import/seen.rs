//! The keys that a file has had so far, and on which line: on disk once they are many, in a database of SQLite's own that is gone
//! when it is closed.

use rusqlite::{Connection, OptionalExtension, params};

use crate::StoreError;

pub(super) struct Seen {
    connection: Connection,
}

impl Seen {
    pub(super) fn new() -> Result<Self, StoreError> {
        let connection = Connection::open("")?;
        connection.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
             CREATE TABLE seen (key TEXT PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID; BEGIN;",
        )?;
        Ok(Self { connection })
    }

    /// Notes a key; the line that had it before, if one had.
    pub(super) fn note(&self, key: &str, line: u64) -> Result<Option<u64>, StoreError> {
        let line = i64::try_from(line).unwrap_or(i64::MAX);
        let mut insert =
            self.connection.prepare_cached("INSERT INTO seen (key, line) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
        if insert.execute(params![key, line])? > 0 {
            return Ok(None);
        }
        let mut find = self.connection.prepare_cached("SELECT line FROM seen WHERE key = ?1")?;
        let line: Option<i64> = find.query_row([key], |row| row.get(0)).optional()?;
        Ok(line.map(i64::unsigned_abs))
    }
}
