//! The records as a whole: the file, the clock, and the two things that are done most: changing and reading one.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use presetter_database::OpenError;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::cause::done;
use crate::change::CHANGES;
use crate::record::Raw;
use crate::schema::SCHEMA;
use crate::write::{WriteError, Writer};
use crate::{
    Applied, ApplyError, Cause, Change, Fields, FindError, Matcher, Object, Record, RecordId, StoreError, Value,
    stored, unique,
};

/// Tells what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The records. One of these belongs to one thread at a time; any number of them, in any number of processes, may be open at once:
/// each reads what was committed, and those that write wait for each other.
pub struct Records {
    pub(crate) connection: Connection,
    clock: Clock,
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").finish_non_exhaustive()
    }
}

impl Records {
    /// Opens the file, which is made if there is none.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_with(path, Arc::new(Timestamp::now))
    }

    /// As [`Records::open`], with another clock.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_with(path: &Path, clock: Clock) -> Result<Self, OpenError> {
        let connection = presetter_database::open(path, &SCHEMA)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self { connection, clock })
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// A transaction that writes: it waits for those of other processes here, and not at its end.
    pub(crate) fn begin(&mut self) -> Result<Transaction<'_>, StoreError> {
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    /// The fields of an object's records.
    ///
    /// # Errors
    /// The file.
    pub fn fields(&self, object: Object) -> Result<Arc<Fields>, StoreError> {
        Fields::load(&self.connection, object)
    }

    /// Applies changes in order, all or none. A cause that names a step of a run is applied once: again, it changes nothing, and
    /// what is returned is what came of it then, whatever the changes are now.
    ///
    /// # Errors
    /// See [`ApplyError`]; nothing was changed then.
    pub fn apply(&mut self, changes: &[Change], cause: &Cause) -> Result<Applied, ApplyError> {
        self.apply_all(&[(changes, cause)])
    }

    /// As [`Records::apply`], for changes that have different causes: all are applied together, or none. Only the first cause may
    /// name a step of a run; it stands for all of them.
    ///
    /// # Errors
    /// See [`ApplyError`]; nothing was changed then.
    pub fn apply_all(&mut self, groups: &[(&[Change], &Cause)]) -> Result<Applied, ApplyError> {
        let count = groups.iter().map(|(changes, _)| changes.len()).sum();
        if count > CHANGES {
            return Err(ApplyError::TooMany(count));
        }
        let named = groups.iter().skip(1).any(|(_, cause)| cause.step.is_some());
        if named || !groups.iter().all(|(_, cause)| cause.bounded()) {
            return Err(ApplyError::Cause);
        }
        let at = self.now();
        let transaction = self.begin()?;
        let step = groups.first().and_then(|(_, cause)| cause.step.as_ref());
        if let Some(step) = step
            && let Some(results) = done(&transaction, step)?
        {
            return Ok(Applied { repeated: true, results: stored::read(&results)? });
        }
        let mut results = Vec::with_capacity(count);
        let mut first = None;
        for (changes, cause) in groups {
            let mut writer = Writer::new(&transaction, cause, at);
            for change in *changes {
                match writer.change(change) {
                    Ok((result, _)) => results.push(result),
                    Err(WriteError::Refused(reason)) => {
                        return Err(ApplyError::Refused { index: results.len(), reason });
                    }
                    Err(WriteError::Store(error)) => return Err(error.into()),
                }
            }
            if cause.step.is_some() {
                first = Some(writer.cause()?);
            }
        }
        if let Some(number) = first {
            let results = stored::write(&results)?;
            transaction.execute("UPDATE causes SET results = ?1 WHERE number = ?2", params![results, number])?;
        }
        transaction.commit()?;
        Ok(Applied { repeated: false, results })
    }

    /// The record of that id.
    ///
    /// # Errors
    /// The file.
    pub fn get(&self, id: RecordId) -> Result<Option<Record>, StoreError> {
        let fields = self.fields(id.object())?;
        let mut statement = self.connection.prepare_cached(
            "SELECT number, archived, body, created, changed FROM records WHERE number = ?1 AND object = ?2",
        )?;
        let raw = statement.query_row([id.number(), id.object().number()], Raw::from_row).optional()?;
        raw.map(|raw| raw.record(&fields)).transpose()
    }

    /// The ids of the records that have this value in this field, active ones first, at most 1000. Values are compared exactly,
    /// e-mail addresses without case. A field that no import was keyed by is searched for through all records.
    ///
    /// # Errors
    /// There is no such field, or the file.
    pub fn find(&self, object: Object, field: &str, value: &Value) -> Result<Vec<RecordId>, FindError> {
        const MOST: usize = 1000;
        let fields = self.fields(object)?;
        let field = fields.get(field)?;
        if field.looked_up {
            let found = unique::find(&self.connection, field, object, value, MOST as u32)?;
            return Ok(found.into_iter().map(|found| found.id).collect());
        }
        let Some(key) = field.key(value) else { return Ok(Vec::new()) };
        let (mut active, mut archived) = (Vec::new(), Vec::new());
        for record in self.list(object, None, &Matcher::any()) {
            let record = record?;
            if record.numbered(field.number).and_then(|value| field.key(value)).as_ref() == Some(&key) {
                let found = if record.is_active() { &mut active } else { &mut archived };
                found.push(record.id());
            }
        }
        active.append(&mut archived);
        active.truncate(MOST);
        Ok(active)
    }
}
