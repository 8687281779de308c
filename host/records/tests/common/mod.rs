//! What the tests share: records in a folder of their own, with a clock that the test turns.
#![allow(dead_code, reason = "each test uses a part")]

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use jiff::civil::Date;
use presetter_records::{
    Action, Cause, Change, Declaration, Filter, Format, ImportError, ImportEvent, ImportOptions, ImportReport, Kind,
    Matcher, Object, RecordId, Records, Refused, RowChange, State, Undeclared, Value,
};

pub(crate) struct House {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) records: Records,
}

impl House {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(1_700_000_000));
        let records = open(folder.path().join("records.db"), &clock);
        Self { folder, clock, records }
    }

    /// The records once more, as another process would open them.
    pub(crate) fn again(&self) -> Records {
        open(self.folder.path().join("records.db"), &self.clock)
    }

    pub(crate) fn later(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn create(&mut self, object: Object, set: &[(&str, Value)]) -> RecordId {
        let mut change = Change::new(Action::Create(object));
        for (field, value) in set {
            change = change.set(field, value.clone());
        }
        self.records.apply(&[change], &Cause::person("ada")).unwrap().results[0].record
    }

    pub(crate) fn edit(&mut self, id: RecordId, field: &str, value: Value) {
        let change = Change::new(Action::Edit(id)).set(field, value);
        self.records.apply(&[change], &Cause::person("ada")).unwrap();
    }

    pub(crate) fn act(&mut self, action: Action) {
        self.records.apply(&[Change::new(action)], &Cause::person("ada")).unwrap();
    }

    pub(crate) fn declare(&mut self, fields: &[(Object, &str, Kind)]) {
        let declarations: Vec<_> = fields.iter().map(|(object, name, kind)| declaration(*object, name, kind)).collect();
        self.records.declare(&declarations, Undeclared::Keep, &Cause::fields("ada")).unwrap();
    }

    pub(crate) fn matcher(&self, object: Object, filter: &Filter) -> Matcher {
        filter.compile(&self.records.fields(object).unwrap(), today()).unwrap()
    }

    pub(crate) fn ids(&self, object: Object, state: Option<State>, filter: &Filter) -> Vec<String> {
        let matcher = self.matcher(object, filter);
        self.records.list(object, state, &matcher).map(|record| record.unwrap().id().to_string()).collect()
    }

    pub(crate) fn text(&self, id: RecordId, field: &str) -> String {
        self.records.get(id).unwrap().unwrap().get(field).map_or("-".to_owned(), Value::to_text)
    }

    pub(crate) fn import(&mut self, text: &str, format: Format, options: &ImportOptions) -> Imported {
        self.try_import(text.as_bytes(), format, options).unwrap()
    }

    pub(crate) fn try_import(
        &mut self,
        reader: impl std::io::Read,
        format: Format,
        options: &ImportOptions,
    ) -> Result<Imported, ImportError> {
        let (mut refused, mut changed) = (Vec::new(), Vec::new());
        let cause = Cause::import("people.csv", "ada");
        let report = self.records.import(reader, format, options, &cause, &mut |event| {
            match event {
                ImportEvent::Refused(row) => refused.push(row.clone()),
                ImportEvent::Changed(row) => changed.push(row.clone()),
                ImportEvent::Progress(_) => {}
            }
            ControlFlow::Continue(())
        })?;
        Ok(Imported { report, refused, changed })
    }
}

pub(crate) struct Imported {
    pub(crate) report: ImportReport,
    pub(crate) refused: Vec<Refused>,
    pub(crate) changed: Vec<RowChange>,
}

impl Imported {
    pub(crate) fn counts(&self) -> [u64; 5] {
        let report = self.report;
        [report.created, report.updated, report.unchanged, report.skipped, report.refused]
    }

    /// Line and reason of each refused row.
    pub(crate) fn reasons(&self) -> Vec<(u64, &str)> {
        self.refused.iter().map(|row| (row.line, row.reason.as_str())).collect()
    }
}

fn open(path: PathBuf, clock: &Arc<AtomicI64>) -> Records {
    let clock = clock.clone();
    let now = move || Timestamp::from_second(clock.load(Ordering::SeqCst)).unwrap();
    Records::open_with(&path, Arc::new(now)).unwrap()
}

pub(crate) fn declaration(object: Object, name: &str, kind: &Kind) -> Declaration {
    let (title, help) = (String::new(), String::new());
    Declaration { object, name: name.to_owned(), kind: kind.clone(), title, help, was: None }
}

pub(crate) fn today() -> Date {
    "2026-03-15".parse().unwrap()
}

pub(crate) fn text(text: &str) -> Value {
    Value::text(text)
}

pub(crate) fn date(text: &str) -> Value {
    Value::Date(text.parse().unwrap())
}
