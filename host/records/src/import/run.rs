//! The import itself: rows in batches, each found, checked and changed.

use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;

use presetter_rows::{Naming, Row, Source};

use super::one::{Ended, ID, Import, Outcome, STATE};
use super::seen::Seen;
use super::{ImportError, ImportEvent, ImportOptions, ImportReport, Progress, Refused};
use crate::write::Writer;
use crate::{Cause, Effect, Fields, Format, Kind, Records, StoreError, unique};

/// How many rows are committed at once, and about how many bytes of them.
const BATCH: usize = 1000;
const BATCH_BYTES: usize = 8 * 1024 * 1024;

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
        let mut source = Source::open(reader, format, options.separator, naming(&fields, options)?)?;
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

/// What headers mean: fields, and the two columns that are none.
fn naming(fields: &Fields, options: &ImportOptions) -> Result<Naming, ImportError> {
    let mut names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
    names.extend([ID.to_owned(), STATE.to_owned()]);
    for field in options.columns.keys().filter(|name| !names.contains(name)) {
        fields.get(field)?;
    }
    let given = options.columns.iter().map(|(field, header)| (field.as_str(), header.as_str()));
    Ok(Naming::new("field", names, given, options.ignore_unknown)?)
}
