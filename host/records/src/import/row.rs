//! A row of a file, whatever its format, and what reads one after the other.

use std::cell::Cell as Shared;
use std::io::{self, BufReader, Chain, Cursor, Read};
use std::rc::Rc;

use serde_json::value::RawValue;

use super::csv::Csv;
use super::json::Json;
use super::naming::Naming;
use super::{ImportError, ImportOptions, Refused};
use crate::Format;

/// A row as it was read: its cells are not values yet.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) cells: Vec<Cell>,
}

/// A cell that belongs to a field, or to `id` or `state`.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) field: Rc<str>,
    /// The header, where it is another.
    pub(super) column: Option<Rc<str>>,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    Text(String),
    Json(Box<RawValue>),
}

impl Row {
    /// About how many bytes it holds.
    pub(super) fn size(&self) -> usize {
        let size = |cell: &Cell| match &cell.content {
            Content::Text(text) => text.len(),
            Content::Json(json) => json.get().len(),
        };
        self.cells.iter().map(|cell| size(cell) + size_of::<Cell>()).sum()
    }
}

/// The bytes of a file, behind its byte order mark.
pub(super) type Input<R> = BufReader<Chain<Cursor<Vec<u8>>, Counted<R>>>;

/// The rows of a file.
pub(super) enum Rows<R: Read> {
    Csv(Box<Csv<R>>),
    Json(Json<R>),
}

/// Reads rows, and counts the bytes.
pub(super) struct Source<R: Read> {
    rows: Rows<R>,
    bytes: Rc<Shared<u64>>,
}

impl<R: Read> Source<R> {
    pub(super) fn open(
        reader: R,
        format: Format,
        options: &ImportOptions,
        naming: Naming,
    ) -> Result<Self, ImportError> {
        let bytes = Rc::new(Shared::new(0));
        let mut reader = Counted { reader, bytes: bytes.clone() };
        let start = Cursor::new(start(&mut reader)?);
        let reader = BufReader::with_capacity(64 * 1024, start.chain(reader));
        let rows = match format {
            Format::Csv => Rows::Csv(Box::new(Csv::open(reader, options.separator, &naming)?)),
            Format::Json => Rows::Json(Json::list(reader, naming)?),
            Format::JsonLines => Rows::Json(Json::lines(reader, naming)),
        };
        Ok(Self { rows, bytes })
    }

    /// The next row; none at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<Row, Refused>>> {
        match &mut self.rows {
            Rows::Csv(rows) => rows.next(),
            Rows::Json(rows) => rows.next(),
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.get()
    }
}

/// The first bytes without the byte order mark; one of another encoding than UTF-8 is refused.
fn start(reader: &mut impl Read) -> Result<Vec<u8>, ImportError> {
    let mut start = Vec::new();
    reader.take(3).read_to_end(&mut start).map_err(unread)?;
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        let reason = "this file is UTF-16; save it as UTF-8 (in Excel: CSV UTF-8)".to_owned();
        return Err(ImportError::Form { line: 1, reason });
    }
    if start == "\u{feff}".as_bytes() {
        start.clear();
    }
    Ok(start)
}

/// Reading failed before any row was.
pub(super) fn unread(error: io::Error) -> ImportError {
    ImportError::Read { done: super::ImportReport::default(), error }
}

/// A row that is wrong as a whole.
pub(super) fn refused(line: u64, reason: impl Into<String>) -> Refused {
    Refused { line, field: None, column: None, reason: reason.into() }
}

pub(super) struct Counted<R> {
    reader: R,
    bytes: Rc<Shared<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.bytes.set(self.bytes.get() + read as u64);
        Ok(read)
    }
}
