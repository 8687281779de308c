//! Lists: the records that match, in the order of their ids, a page of rows at a time.
//!
//! A page is read whole and its statement ended, so that whoever walks a list slowly keeps nobody from writing, and the file from
//! growing. Rows are matched here by the same code that matches one record: there is no second meaning of a rule in SQL.

use std::collections::VecDeque;
use std::iter::FusedIterator;
use std::sync::Arc;

use rusqlite::{Connection, params};

use crate::record::Raw;
use crate::{Fields, Matcher, Object, Record, RecordId, Records, State, StoreError};

/// How many rows are read at once, and how many bytes of them.
const PAGE: usize = 1000;
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Records that match, one after the other; made by [`Records::list`]. After an error it ends.
#[derive(Debug)]
pub struct Listing<'r> {
    connection: &'r Connection,
    matcher: &'r Matcher,
    object: Object,
    state: Option<State>,
    fields: Option<Arc<Fields>>,
    page: VecDeque<Raw>,
    after: i64,
    ended: bool,
}

impl Records {
    /// The records that match, by id, as they are when their page is read. `state` none is all of them.
    ///
    /// The first thousand, or four megabytes, are read at once; what changes meanwhile in those that follow is seen.
    #[must_use]
    pub fn list<'r>(&'r self, object: Object, state: Option<State>, matcher: &'r Matcher) -> Listing<'r> {
        let page = VecDeque::new();
        Listing { connection: &self.connection, matcher, object, state, fields: None, page, after: 0, ended: false }
    }

    /// How many records match.
    ///
    /// # Errors
    /// The file.
    pub fn count(&self, object: Object, state: Option<State>, matcher: &Matcher) -> Result<u64, StoreError> {
        if matcher.is_any(object) {
            let mut select = self
                .connection
                .prepare_cached("SELECT count(*) FROM records WHERE object = ?1 AND (?2 IS NULL OR archived = ?2)")?;
            let archived = state.map(|state| state == State::Archived);
            let count: i64 = select.query_row(params![object.number(), archived], |row| row.get(0))?;
            return Ok(count.unsigned_abs());
        }
        let mut count = 0;
        for record in self.list(object, state, matcher) {
            record?;
            count += 1;
        }
        Ok(count)
    }
}

impl Listing<'_> {
    /// Goes on after this record.
    #[must_use]
    pub fn after(mut self, id: RecordId) -> Self {
        self.after = id.number();
        self
    }

    fn read(&mut self) -> Result<Option<Record>, StoreError> {
        let fields = match &self.fields {
            Some(fields) => fields.clone(),
            None => self.fields.insert(Fields::load(self.connection, self.object)?).clone(),
        };
        loop {
            while let Some(raw) = self.page.pop_front() {
                let record = raw.record(&fields)?;
                if self.matcher.matches(&record) {
                    return Ok(Some(record));
                }
            }
            if !self.turn()? {
                return Ok(None);
            }
        }
    }

    /// Reads the next page; whether there was one.
    fn turn(&mut self) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT number, archived, body, created, changed FROM records
             WHERE object = ?1 AND number > ?2 AND (?3 IS NULL OR archived = ?3) ORDER BY number LIMIT ?4",
        )?;
        let archived = self.state.map(|state| state == State::Archived);
        let page = i64::try_from(PAGE).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![self.object.number(), self.after, archived, page])?;
        let mut bytes = 0;
        while bytes < PAGE_BYTES
            && let Some(row) = rows.next()?
        {
            let raw = Raw::from_row(row)?;
            bytes += raw.body.len();
            self.after = raw.number;
            self.page.push_back(raw);
        }
        Ok(!self.page.is_empty())
    }
}

impl Iterator for Listing<'_> {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = self.read().transpose();
        self.ended = !matches!(item, Some(Ok(_)));
        item
    }
}

impl FusedIterator for Listing<'_> {}
