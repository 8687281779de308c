//! What is kept of workflows beside the journal: which are active, and what a batch of roles would change.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use presetter_database::{OpenError, Schema};
use presetter_records::RecordId;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

/// The file of the workflows.
const SCHEMA: Schema = Schema { kind: *b"PrWf", steps: &[FIRST, SECOND] };

const FIRST: &str = "
CREATE TABLE activations (
    name TEXT PRIMARY KEY, definition TEXT NOT NULL, components TEXT NOT NULL, digest TEXT NOT NULL,
    by TEXT NOT NULL, at INTEGER NOT NULL, active INTEGER NOT NULL
) STRICT;
CREATE TABLE proposals (
    run TEXT NOT NULL, number INTEGER NOT NULL, change TEXT NOT NULL, PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE daemons (
    id TEXT PRIMARY KEY, pid INTEGER NOT NULL, address TEXT NOT NULL, started INTEGER NOT NULL, seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Proposals are found by what they are, and what was deactivated without a person's word is counted.
const SECOND: &str = "
DROP TABLE proposals;
CREATE TABLE proposals (
    run TEXT NOT NULL, digest TEXT NOT NULL, number INTEGER NOT NULL, change TEXT NOT NULL,
    PRIMARY KEY (run, digest, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE deactivations (
    scope TEXT NOT NULL, run TEXT NOT NULL, record TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (scope, run, record)
) STRICT, WITHOUT ROWID;
ALTER TABLE activations ADD COLUMN start INTEGER NOT NULL DEFAULT 0;
";

/// For so long deactivations without a person's word are counted.
const COUNTED: SignedDuration = SignedDuration::from_hours(24);

/// A workflow that was activated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// Its name.
    pub name: String,
    /// What is run: see [`Package::read`](crate::Package::read).
    pub definition: String,
    /// The digests of its presets, as JSON.
    pub components: String,
    /// The digest of what a person wrote.
    pub digest: String,
    /// Who activated it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Whether its trigger counts.
    pub active: bool,
    /// The number of the last change of records that happened before: what comes after it may begin it.
    pub start: u64,
}

/// A daemon that works on these files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daemon {
    /// Its own id.
    pub id: String,
    /// Its process.
    pub pid: u32,
    /// Where it answers; empty if nowhere.
    pub address: String,
    /// Since when it is there.
    pub started: Timestamp,
    /// When it was there last.
    pub seen: Timestamp,
}

/// The file.
#[derive(Debug)]
pub struct Store(Mutex<Connection>);

/// Why it could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the workflows cannot be read or written: {0}")]
pub struct StoreFault(String);

impl From<rusqlite::Error> for StoreFault {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

impl Store {
    /// Opens the file, which is made if there is none.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self(Mutex::new(presetter_database::open(path, &SCHEMA)?)))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a workflow, in place of one of the same name.
    ///
    /// # Errors
    /// The file.
    pub fn put(&self, activation: &Activation) -> Result<(), StoreFault> {
        let Activation { name, definition, components, digest, by, at, active, start } = activation;
        self.connection().execute(
            "INSERT OR REPLACE INTO activations (name, definition, components, digest, by, at, active, start)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![name, definition, components, digest, by, at.as_microsecond(), active, start.cast_signed()],
        )?;
        Ok(())
    }

    /// The workflow of that name, active or not any more.
    ///
    /// # Errors
    /// The file.
    pub fn get(&self, name: &str) -> Result<Option<Activation>, StoreFault> {
        let connection = self.connection();
        let mut select = connection.prepare_cached("SELECT * FROM activations WHERE name = ?1")?;
        Ok(select.query_row([name], activation).optional()?)
    }

    /// All, by name.
    ///
    /// # Errors
    /// The file.
    pub fn all(&self) -> Result<Vec<Activation>, StoreFault> {
        let connection = self.connection();
        let mut select = connection.prepare_cached("SELECT * FROM activations ORDER BY name")?;
        Ok(select.query_map([], activation)?.collect::<Result<_, _>>()?)
    }

    /// Says that a daemon is there, or that it is there still.
    ///
    /// # Errors
    /// The file.
    pub fn beat(&self, daemon: &Daemon) -> Result<(), StoreFault> {
        let Daemon { id, pid, address, started, seen } = daemon;
        let (started, seen) = (started.as_microsecond(), seen.as_microsecond());
        self.connection().execute(
            "INSERT OR REPLACE INTO daemons (id, pid, address, started, seen) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, pid, address, started, seen],
        )?;
        Ok(())
    }

    /// Says that a daemon has gone.
    ///
    /// # Errors
    /// The file.
    pub fn gone(&self, id: &str) -> Result<(), StoreFault> {
        self.connection().execute("DELETE FROM daemons WHERE id = ?1", [id])?;
        Ok(())
    }

    /// The daemons that were seen since.
    ///
    /// # Errors
    /// The file.
    pub fn daemons(&self, since: Timestamp) -> Result<Vec<Daemon>, StoreFault> {
        let connection = self.connection();
        connection.execute("DELETE FROM daemons WHERE seen < ?1", [since.as_microsecond()])?;
        let mut select =
            connection.prepare_cached("SELECT id, pid, address, started, seen FROM daemons ORDER BY started")?;
        let time = |micros: i64| Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MIN);
        let rows = select.query_map([], |row| {
            Ok(Daemon {
                id: row.get(0)?,
                pid: row.get(1)?,
                address: row.get(2)?,
                started: time(row.get(3)?),
                seen: time(row.get(4)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Takes an activation back; false if it was none.
    ///
    /// # Errors
    /// The file.
    pub fn deactivate(&self, name: &str) -> Result<bool, StoreFault> {
        let changed =
            self.connection().execute("UPDATE activations SET active = 0 WHERE name = ?1 AND active = 1", [name])?;
        Ok(changed > 0)
    }

    /// Keeps what a run's batch would change, under the digest of it: nobody who collects again takes its place.
    ///
    /// # Errors
    /// The file.
    pub(crate) fn propose(&self, run: &str, digest: &str, changes: &[String]) -> Result<(), StoreFault> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT OR IGNORE INTO proposals (run, digest, number, change) VALUES (?1, ?2, ?3, ?4)",
            )?;
            for (number, change) in (0_i64..).zip(changes) {
                insert.execute(params![run, digest, number, change])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// What a run's batch would change, in order.
    ///
    /// # Errors
    /// The file.
    pub(crate) fn proposed(&self, run: &str, digest: &str) -> Result<Vec<String>, StoreFault> {
        let connection = self.connection();
        let mut select =
            connection.prepare_cached("SELECT change FROM proposals WHERE run = ?1 AND digest = ?2 ORDER BY number")?;
        Ok(select.query_map([run, digest], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// The runs whose batches are kept.
    ///
    /// # Errors
    /// The file.
    pub(crate) fn proposing(&self) -> Result<Vec<String>, StoreFault> {
        let connection = self.connection();
        let mut select = connection.prepare_cached("SELECT DISTINCT run FROM proposals")?;
        Ok(select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Forgets what a run's batch would have changed.
    ///
    /// # Errors
    /// The file.
    pub(crate) fn forget(&self, run: &str) -> Result<(), StoreFault> {
        self.connection().execute("DELETE FROM proposals WHERE run = ?1", [run])?;
        Ok(())
    }

    /// How many records other runs have deactivated without a person's word, within a day; `scope` is what they are accounts of.
    ///
    /// # Errors
    /// The file.
    pub(crate) fn deactivated(&self, scope: &str, run: &str, now: Timestamp) -> Result<u64, StoreFault> {
        let connection = self.connection();
        let mut select = connection
            .prepare_cached("SELECT count(*) FROM deactivations WHERE scope = ?1 AND run <> ?2 AND at > ?3")?;
        let count: i64 = select.query_row(params![scope, run, since(now)], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// Counts deactivations without a person's word; again, it counts none twice.
    ///
    /// # Errors
    /// The file.
    pub(crate) fn count(&self, scope: &str, run: &str, records: &[RecordId], now: Timestamp) -> Result<(), StoreFault> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("DELETE FROM deactivations WHERE at <= ?1", [since(now)])?;
        for record in records {
            counted(&transaction, scope, run, *record, now)?;
        }
        Ok(transaction.commit()?)
    }

    /// Counts one deactivation, if that makes no more than `most` within a day; false if it would make more.
    ///
    /// # Errors
    /// The file.
    pub(crate) fn admit(
        &self,
        scope: &str,
        run: &str,
        record: RecordId,
        now: Timestamp,
        most: u64,
    ) -> Result<bool, StoreFault> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        counted(&transaction, scope, run, record, now)?;
        let count: i64 = transaction.query_row(
            "SELECT count(*) FROM deactivations WHERE scope = ?1 AND at > ?2",
            params![scope, since(now)],
            |row| row.get(0),
        )?;
        let admitted = count.unsigned_abs() <= most;
        if admitted {
            transaction.commit()?;
        }
        Ok(admitted)
    }
}

fn since(now: Timestamp) -> i64 {
    now.saturating_sub(COUNTED).unwrap_or(Timestamp::MIN).as_microsecond()
}

fn counted(
    connection: &Connection,
    scope: &str,
    run: &str,
    record: RecordId,
    now: Timestamp,
) -> Result<(), StoreFault> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO deactivations (scope, run, record, at) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![scope, run, record.to_string(), now.as_microsecond()])?;
    Ok(())
}

fn activation(row: &Row<'_>) -> rusqlite::Result<Activation> {
    let at: i64 = row.get("at")?;
    Ok(Activation {
        name: row.get("name")?,
        definition: row.get("definition")?,
        components: row.get("components")?,
        digest: row.get("digest")?,
        by: row.get("by")?,
        at: Timestamp::from_microsecond(at).unwrap_or(Timestamp::MIN),
        active: row.get("active")?,
        start: row.get::<_, i64>("start")?.unsigned_abs(),
    })
}
