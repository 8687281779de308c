//! The import itself: rows in batches, each found, checked and changed.

use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;

use indexmap::IndexMap;
use rusqlite::Connection;

use super::naming::{ID, Naming, STATE};
use super::row::{Content, Row, Source, refused};
use super::seen::Seen;
use super::{ImportError, ImportEvent, ImportOptions, ImportReport, Mode, Progress, Refused, RowChange, WhenArchived};
use crate::neutral::restore;
use crate::stored::Differences;
use crate::write::{WriteError, Writer};
use crate::{
    Action, Cause, Change, Effect, Field, FieldChange, Fields, Format, Kind, RecordId, Records, StoreError, Value,
    stored, unique,
};

/// How many rows are committed at once, and about how many bytes of them.
const BATCH: usize = 1000;
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// What came of a row.
enum Outcome {
    Refused(Refused),
    Changed(RowChange),
    Unchanged,
    Skipped,
}

/// Why a row ended early.
enum Ended {
    Refused(Refused),
    Store(StoreError),
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Records {
    /// Imports a file, a batch of rows at a time. `watch` is told of refused rows, changes and progress after each batch is
    /// committed, and may stop it then.
    ///
    /// # Errors
    /// See [`ImportError`]. A row that is wrong is no error: it is refused, and told.
    pub fn import(
        &mut self,
        reader: impl Read,
        format: Format,
        options: &ImportOptions,
        cause: &Cause,
        watch: &mut dyn FnMut(ImportEvent<'_>) -> ControlFlow<()>,
    ) -> Result<ImportReport, ImportError> {
        if cause.step.is_some() || !cause.bounded() {
            return Err(ImportError::Cause);
        }
        let fields = self.keyed(options)?;
        for (name, value) in &options.constants {
            let misfit = |misfit| ImportError::Key(format!("{name} {misfit}"));
            fields.get(name)?.kind.check(value).map_err(misfit)?;
        }
        let mut source = Source::open(reader, format, options, Naming::new(&fields, options)?)?;
        let seen = Seen::new()?;
        let mut report = ImportReport::default();
        loop {
            let (batch, ended) = batch(&mut source);
            if batch.is_empty() && ended.is_ok() {
                return Ok(report);
            }
            let failed = |error| ImportError::Store { done: report, error };
            let outcomes = self.batch(batch, options, cause, &seen).map_err(failed)?;
            let told = tell(&outcomes, &mut report, watch);
            let progress = ImportEvent::Progress(Progress { rows: report.rows, bytes: source.bytes() });
            if told.is_break() || watch(progress).is_break() {
                report.stopped = true;
                return Ok(report);
            }
            ended.map_err(|error| ImportError::Read { done: report, error })?;
        }
    }

    /// The fields, with the keys being looked up.
    fn keyed(&mut self, options: &ImportOptions) -> Result<Arc<Fields>, ImportError> {
        let by_id = options.keys.iter().any(|key| key == ID);
        if options.keys.is_empty() || (by_id && options.keys.len() > 1) {
            let message = "an import needs a key: fields by which a row finds its record, or id alone";
            return Err(ImportError::Key(message.to_owned()));
        }
        let transaction = self.begin()?;
        let keys = if by_id { &[] } else { options.keys.as_slice() };
        let fields = unique::keyed(&transaction, options.object, keys)??;
        if let Some(key) = keys.iter().find(|key| fields.get(key).is_ok_and(|field| field.kind == Kind::LongText)) {
            return Err(ImportError::Key(format!("{key} is a long_text, which cannot be a key")));
        }
        transaction.commit().map_err(StoreError::from)?;
        Ok(fields)
    }

    fn batch(
        &mut self,
        rows: Vec<Result<Row, Refused>>,
        options: &ImportOptions,
        cause: &Cause,
        seen: &Seen,
    ) -> Result<Vec<Outcome>, StoreError> {
        let at = self.now();
        let transaction = self.begin()?;
        let mut writer = Writer::new(&transaction, cause, at);
        let fields = writer.fields(options.object)?;
        let mut outcomes = Vec::with_capacity(rows.len());
        for row in rows {
            let done = row.map_err(Ended::Refused).and_then(|row| {
                Import { connection: &transaction, writer: &mut writer, fields: &fields, options, seen }.row(row)
            });
            outcomes.push(match done {
                Ok(outcome) => outcome,
                Err(Ended::Refused(refused)) => Outcome::Refused(refused),
                Err(Ended::Store(error)) => return Err(error),
            });
        }
        if !options.dry_run {
            transaction.commit()?;
        }
        Ok(outcomes)
    }
}

/// The next rows, and whether reading went well.
fn batch<R: Read>(source: &mut Source<R>) -> (Vec<Result<Row, Refused>>, std::io::Result<()>) {
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while rows.len() < BATCH && bytes < BATCH_BYTES {
        match source.next() {
            Ok(None) => break,
            Ok(Some(row)) => {
                bytes += row.as_ref().map_or(0, Row::size);
                rows.push(row);
            }
            Err(error) => return (rows, Err(error)),
        }
    }
    (rows, Ok(()))
}

fn tell(
    outcomes: &[Outcome],
    report: &mut ImportReport,
    watch: &mut dyn FnMut(ImportEvent<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut told = ControlFlow::Continue(());
    for outcome in outcomes {
        report.rows += 1;
        let event = match outcome {
            Outcome::Refused(refused) => {
                report.refused += 1;
                ImportEvent::Refused(refused)
            }
            Outcome::Changed(change) => {
                let created = change.effect == Effect::Created;
                *(if created { &mut report.created } else { &mut report.updated }) += 1;
                ImportEvent::Changed(change)
            }
            Outcome::Unchanged => {
                report.unchanged += 1;
                continue;
            }
            Outcome::Skipped => {
                report.skipped += 1;
                continue;
            }
        };
        // The batch is done: it is counted to its end, also if nobody listens any more.
        if told.is_continue() {
            told = watch(event);
        }
    }
    told
}

/// One row's way.
struct Import<'i, 'c> {
    connection: &'i Connection,
    writer: &'i mut Writer<'c>,
    fields: &'i Fields,
    options: &'i ImportOptions,
    seen: &'i Seen,
}

impl Import<'_, '_> {
    fn row(&mut self, row: Row) -> Result<Outcome, Ended> {
        let line = row.line;
        let (id, mut set) = self.values(row)?;
        for (name, value) in &self.options.constants {
            set.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let target = self.target(line, id, &set)?;
        if self.options.keep_empty {
            set.retain(|_, value| !value.is_empty());
        }
        let action = match (target, self.options.mode) {
            (None, Mode::UpdateOnly) | (Some(_), Mode::CreateOnly) => return Ok(Outcome::Skipped),
            (None, _) => Action::Create(self.options.object),
            (Some((id, false)), _) => Action::Edit(id),
            (Some((id, true)), _) => Action::Reactivate(id),
        };
        let change = Change { action, set, only_if: IndexMap::new() };
        let (result, differences) = self.writer.change(&change).map_err(|error| match error {
            WriteError::Refused(refusal) => Ended::Refused(refused(line, refusal.to_string())),
            WriteError::Store(error) => Ended::Store(error),
        })?;
        if result.effect == Effect::Unchanged {
            return Ok(Outcome::Unchanged);
        }
        let provisional = self.options.dry_run && result.effect == Effect::Created;
        let record = (!provisional).then_some(result.record);
        let fields = self.changes(differences);
        Ok(Outcome::Changed(RowChange { line, record, effect: result.effect, fields }))
    }

    /// The values of a row, and its id if it has one.
    fn values(&self, row: Row) -> Result<(Option<String>, IndexMap<String, Value>), Ended> {
        let (mut id, mut set) = (None, IndexMap::new());
        for cell in row.cells {
            let wrong = |reason: String| {
                let field = Some(cell.field.to_string());
                let column = cell.column.as_deref().map(str::to_owned);
                Ended::Refused(Refused { line: row.line, field, column, reason })
            };
            if matches!(&*cell.field, ID | STATE) {
                let text = match &cell.content {
                    Content::Text(text) => text.clone(),
                    Content::Json(json) => serde_json::from_str::<Option<String>>(json.get())
                        .map_err(|_| wrong("stands in quotes".to_owned()))?
                        .unwrap_or_default(),
                };
                if &*cell.field == ID {
                    id = Some(text);
                } else if !text.is_empty() && text != "active" {
                    return Err(wrong("is not active: an import makes active records; leave the row out".to_owned()));
                }
                continue;
            }
            let kind = &self.fields.get(&cell.field).map_err(|unknown| wrong(unknown.to_string()))?.kind;
            let value = match &cell.content {
                Content::Text(text) if self.options.restore => kind.parse(restore(text)),
                Content::Text(text) => kind.parse(text),
                Content::Json(json) => kind.read_raw(json),
            };
            set.insert(cell.field.to_string(), value.map_err(|misfit| wrong(misfit.to_string()))?);
        }
        Ok((id, set))
    }

    /// The record that a row means, and whether it is to be reactivated.
    fn target(
        &self,
        line: u64,
        id: Option<String>,
        set: &IndexMap<String, Value>,
    ) -> Result<Option<(RecordId, bool)>, Ended> {
        let wrong = |field: &str, reason: String| {
            Ended::Refused(Refused { line, field: Some(field.to_owned()), column: None, reason })
        };
        if self.options.keys == [ID] {
            let text = id.filter(|id| !id.is_empty()).ok_or_else(|| wrong(ID, "is the key, and empty".to_owned()))?;
            let id: RecordId = text.parse().map_err(|error: crate::NoId| wrong(ID, error.to_string()))?;
            self.once(line, &text)?;
            if id.object() != self.options.object || !unique::exists(self.connection, id)? {
                return Err(wrong(ID, format!("no {} have the id {id}", self.options.object)));
            }
            return Ok(Some((id, false)));
        }
        let mut keys = Vec::new();
        let mut noted = Vec::new();
        for name in &self.options.keys {
            let field = self.fields.get(name).map_err(|unknown| wrong(name, unknown.to_string()))?;
            // Another process may have removed the field since, and declared another of its name.
            if !field.looked_up {
                return Err(wrong(
                    name,
                    "is another field than when the import began; import the file again".to_owned(),
                ));
            }
            let empty = || wrong(name, "is the key, and empty".to_owned());
            let value = set.get(name).ok_or_else(empty)?;
            noted.push(field.key(value).ok_or_else(empty)?);
            keys.push((field, value));
        }
        // As JSON, so that no two lists of keys are one text.
        self.once(line, &stored::write(&noted)?)?;
        self.found(line, &keys)
    }

    /// A key is in a file once.
    fn once(&self, line: u64, key: &str) -> Result<(), Ended> {
        match self.seen.note(key, line)? {
            None => Ok(()),
            Some(first) => {
                let reason = format!("lines {first} and {line} have the same key; the first was taken as it came");
                Err(Ended::Refused(refused(line, reason)))
            }
        }
    }

    fn found(&self, line: u64, keys: &[(&Field, &Value)]) -> Result<Option<(RecordId, bool)>, Ended> {
        let Some(((first, value), further)) = keys.split_first() else { return Ok(None) };
        let (mut active, mut archived) = (Vec::new(), Vec::new());
        'records: for found in unique::find(self.connection, first, self.options.object, value, unique::SAME)? {
            for (field, value) in further {
                if !found.has_key(self.connection, field, value)? {
                    continue 'records;
                }
            }
            if found.archived { &mut archived } else { &mut active }.push(found.id);
            if active.len() > 1 {
                break;
            }
        }
        let wrong = |reason| Err(Ended::Refused(refused(line, reason)));
        match (active.as_slice(), archived.as_slice(), self.options.when_archived) {
            ([one, other, ..], _, _) => wrong(format!(
                "several records have this key ({one}, {other}); archive all but one, or take another key"
            )),
            ([id], _, _) => Ok(Some((*id, false))),
            ([], [], _) | ([], _, WhenArchived::Create) => Ok(None),
            ([], [id, ..], WhenArchived::Refuse) => {
                wrong(format!("its record {id} is archived; reactivate it, or say what to do with archived ones"))
            }
            ([], [id], WhenArchived::Reactivate) => Ok(Some((*id, true))),
            ([], [one, other, ..], WhenArchived::Reactivate) => {
                wrong(format!("several archived records have this key ({one}, {other}); reactivate the right one"))
            }
        }
    }

    fn changes(&self, differences: Differences) -> Vec<FieldChange> {
        let named = |(number, (old, new)): (i64, (Option<stored::Stored>, stored::Stored))| {
            let field = self.fields.numbered(number)?.name.clone();
            Some(FieldChange { field, old: old.map(|old| old.0), new: new.0 })
        };
        differences.into_iter().filter_map(named).collect()
    }
}
