//! Records as a file: CSV, JSON or JSON Lines, one record after the other.

use std::io::{self, Write};
use std::ops::ControlFlow;

use serde_json::{Map, Value as Json};

use crate::neutral::neutralise;
use crate::{Fields, Matcher, NoField, Object, Record, Records, State, StoreError, Value};

/// How a file is written. In CSV what is empty and what was never set are both an empty cell; in JSON what is empty is `null`, and
/// what was never set is not there.
pub use presetter_rows::Format;

/// How records are written.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    /// The columns, by name; besides fields there are `id` and `state`. None is those two and all fields.
    pub columns: Option<Vec<String>>,
    /// Between the cells of CSV: `,`, `;` or a tab.
    pub separator: u8,
    /// Puts `'` before texts that a spreadsheet would run (those that begin with `=`, `+`, `-`, `@`, a tab or a carriage return) in
    /// CSV; importing takes it away. Without it, open the file in no spreadsheet.
    pub neutralise: bool,
    /// Begins CSV with a byte order mark, by which Excel knows UTF-8.
    pub mark: bool,
}

impl Default for ExportOptions {
    fn default() -> Self {
        Self { columns: None, separator: b',', neutralise: true, mark: false }
    }
}

/// Why an export ended early; what was written until then is not complete.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// No field has this name.
    #[error(transparent)]
    NoField(#[from] NoField),
    /// The separator.
    #[error("cells are separated by a comma, a semicolon or a tab")]
    Separator,
    /// Where it is written to.
    #[error("the file could not be written: {0}")]
    Write(#[from] io::Error),
    /// Progress said so.
    #[error("the export was stopped after {0} records; the file is not complete")]
    Stopped(u64),
    /// The records.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How many records lie between two calls of progress.
const STRIDE: u64 = 1000;

/// What a column has.
enum Column {
    Id,
    State,
    Field(i64, String),
}

impl Column {
    fn name(&self) -> &str {
        match self {
            Self::Id => "id",
            Self::State => "state",
            Self::Field(_, name) => name,
        }
    }

    fn value(&self, record: &Record) -> Option<Value> {
        match self {
            Self::Id => Some(Value::Text(record.id().to_string())),
            Self::State => Some(Value::Text(record.state().name().to_owned())),
            Self::Field(number, _) => record.numbered(*number).cloned(),
        }
    }
}

impl Records {
    /// Writes the records that match, by id; how many they were. `progress` is told their number now and then, and may stop it.
    ///
    /// # Errors
    /// See [`ExportError`].
    #[allow(clippy::too_many_arguments, reason = "what is exported, where to, and how; each is said once")]
    pub fn export(
        &self,
        writer: impl Write,
        format: Format,
        object: Object,
        state: Option<State>,
        matcher: &Matcher,
        options: &ExportOptions,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<u64, ExportError> {
        let columns = columns(&*self.fields(object)?, options)?;
        let mut sink = Sink::begin(writer, format, &columns, options)?;
        let mut count = 0;
        for record in self.list(object, state, matcher) {
            sink.record(&record?, &columns)?;
            count += 1;
            if count % STRIDE == 0 && progress(count).is_break() {
                return Err(ExportError::Stopped(count));
            }
        }
        sink.end()?;
        Ok(count)
    }
}

fn columns(fields: &Fields, options: &ExportOptions) -> Result<Vec<Column>, ExportError> {
    let field = |field: &crate::Field| Column::Field(field.number, field.name.clone());
    match &options.columns {
        None => Ok([Column::Id, Column::State].into_iter().chain(fields.iter().map(field)).collect()),
        Some(names) => names
            .iter()
            .map(|name| match name.as_str() {
                "id" => Ok(Column::Id),
                "state" => Ok(Column::State),
                name => Ok(field(fields.get(name)?)),
            })
            .collect(),
    }
}

enum Sink<W: Write> {
    Csv { writer: Box<csv::Writer<W>>, neutralise: bool },
    Json { writer: W, lines: bool, first: bool },
}

impl<W: Write> Sink<W> {
    fn begin(mut writer: W, format: Format, columns: &[Column], options: &ExportOptions) -> Result<Self, ExportError> {
        match format {
            Format::Csv => {
                if !b",;\t".contains(&options.separator) {
                    return Err(ExportError::Separator);
                }
                if options.mark {
                    writer.write_all("\u{feff}".as_bytes())?;
                }
                let mut writer = csv::WriterBuilder::new().delimiter(options.separator).from_writer(writer);
                writer.write_record(columns.iter().map(Column::name)).map_err(io::Error::from)?;
                Ok(Self::Csv { writer: Box::new(writer), neutralise: options.neutralise })
            }
            Format::Json | Format::JsonLines => {
                let lines = format == Format::JsonLines;
                if !lines {
                    writer.write_all(b"[")?;
                }
                Ok(Self::Json { writer, lines, first: true })
            }
        }
    }

    fn record(&mut self, record: &Record, columns: &[Column]) -> Result<(), ExportError> {
        match self {
            Self::Csv { writer, neutralise: neutral } => {
                for column in columns {
                    // Numbers and dates are what they are: -5 is no formula.
                    match column.value(record).unwrap_or(Value::Empty) {
                        Value::Text(text) if *neutral => writer.write_field(neutralise(&text).as_bytes()),
                        value => writer.write_field(value.to_text()),
                    }
                    .map_err(io::Error::from)?;
                }
                writer.write_record(None::<&[u8]>).map_err(io::Error::from)?;
            }
            Self::Json { writer, lines, first } => {
                let object: Map<String, Json> = columns
                    .iter()
                    .filter_map(|column| Some((column.name().to_owned(), column.value(record)?.to_json())))
                    .collect();
                if !*lines {
                    writer.write_all(if *first { b"\n" } else { b",\n" })?;
                }
                *first = false;
                serde_json::to_writer(&mut *writer, &object).map_err(io::Error::from)?;
                if *lines {
                    writer.write_all(b"\n")?;
                }
            }
        }
        Ok(())
    }

    fn end(self) -> io::Result<()> {
        match self {
            Self::Csv { mut writer, .. } => writer.flush(),
            Self::Json { mut writer, lines, first } => {
                if !lines {
                    writer.write_all(if first { b"]\n" } else { b"\n]\n" })?;
                }
                writer.flush()
            }
        }
    }
}
