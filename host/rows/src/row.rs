//! A row of a file, whatever its format, and what reads one after the other.

use std::io::{self, BufReader, Chain, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::value::RawValue;

use crate::csv::Csv;
use crate::json::Json;
use crate::{Format, Naming, OpenError, Refused};

/// A row as it was read: its cells are not values yet.
#[derive(Debug)]
pub struct Row {
    /// The line on which it begins, counted from 1.
    pub line: u64,
    /// Its cells, each of another name.
    pub cells: Vec<Cell>,
}

/// A cell that belongs to a name.
#[derive(Debug)]
pub struct Cell {
    /// The name.
    pub field: Arc<str>,
    /// The header, where it is another.
    pub column: Option<Arc<str>>,
    /// What stands in it.
    pub content: Content,
}

/// What stands in a cell.
#[derive(Debug)]
pub enum Content {
    /// The text of a CSV cell.
    Text(String),
    /// A member's value as it was written.
    Json(Box<RawValue>),
}

impl Row {
    /// About how many bytes it holds.
    #[must_use]
    pub fn size(&self) -> usize {
        let size = |cell: &Cell| match &cell.content {
            Content::Text(text) => text.len(),
            Content::Json(json) => json.get().len(),
        };
        self.cells.iter().map(|cell| size(cell) + size_of::<Cell>()).sum()
    }
}

/// The bytes of a file, behind its byte order mark.
pub(crate) type Input<R> = BufReader<Chain<Cursor<Vec<u8>>, Counted<R>>>;

/// The rows of a file.
enum Rows<R: Read> {
    Csv(Box<Csv<R>>),
    Json(Box<Json<R>>),
}

/// Reads rows, and counts the bytes.
pub struct Source<R: Read> {
    rows: Rows<R>,
    bytes: Arc<AtomicU64>,
}

impl<R: Read> Source<R> {
    /// Reads the beginning. `separator` stands between the cells of CSV; none finds it in the header.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(reader: R, format: Format, separator: Option<u8>, naming: Naming) -> Result<Self, OpenError> {
        let bytes = Arc::new(AtomicU64::new(0));
        let mut reader = Counted { reader, bytes: bytes.clone() };
        let start = Cursor::new(start(&mut reader)?);
        let reader = BufReader::with_capacity(64 * 1024, start.chain(reader));
        let rows = match format {
            Format::Csv => Rows::Csv(Box::new(Csv::open(reader, separator, &naming)?)),
            Format::Json => Rows::Json(Box::new(Json::list(reader, naming)?)),
            Format::JsonLines => Rows::Json(Box::new(Json::lines(reader, naming))),
        };
        Ok(Self { rows, bytes })
    }

    /// The next row; none at the end.
    ///
    /// # Errors
    /// The file cannot be read on.
    #[expect(clippy::should_implement_trait, reason = "its errors are of two kinds, and none ends it twice")]
    pub fn next(&mut self) -> io::Result<Option<Result<Row, Refused>>> {
        match &mut self.rows {
            Rows::Csv(rows) => rows.next(),
            Rows::Json(rows) => rows.next(),
        }
    }

    /// How many bytes were read.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// The first bytes without the byte order mark; one of another encoding than UTF-8 is refused.
fn start(reader: &mut impl Read) -> Result<Vec<u8>, OpenError> {
    let mut start = Vec::new();
    reader.take(3).read_to_end(&mut start)?;
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        let reason = "this file is UTF-16; save it as UTF-8 (in Excel: CSV UTF-8)".to_owned();
        return Err(OpenError::Form { line: 1, reason });
    }
    if start == "\u{feff}".as_bytes() {
        start.clear();
    }
    Ok(start)
}

pub(crate) struct Counted<R> {
    reader: R,
    bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
