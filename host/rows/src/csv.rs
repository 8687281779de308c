//! Rows of CSV.
//!
//! A row is held within [`ROW`] bytes: of one that is larger the rest is read past without being kept. So a quote that is never
//! closed costs no memory, and the row in which it was opened is named.

use std::collections::HashMap;
use std::io::{self, BufRead, Chain, Cursor, Read};
use std::sync::Arc;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::row::Input;
use crate::{COLUMNS, Cell, Content, Naming, OpenError, ROW, Refused, Row};

/// A column: its header, and the field it belongs to unless it is left alone.
struct Column {
    header: Arc<str>,
    field: Option<Arc<str>>,
}

pub(crate) struct Csv<R: Read> {
    input: Chain<Cursor<Vec<u8>>, Input<R>>,
    parser: Reader,
    /// The line that is read next, counted from 1.
    line: u64,
    columns: Vec<Column>,
    cells: Vec<u8>,
    ends: Vec<usize>,
}

const LARGE: &str = "this row has more than 4 MiB; perhaps a quote in it is not closed";

/// The cells of a row, or why it is none.
type Cells = Result<Vec<String>, &'static str>;

impl<R: Read> Csv<R> {
    /// Reads the header.
    pub(crate) fn open(mut reader: Input<R>, separator: Option<u8>, naming: &Naming) -> Result<Self, OpenError> {
        let start = first_line(&mut reader)?;
        let separator = match separator {
            None => separator_of(&start),
            Some(separator) if b",;\t".contains(&separator) => separator,
            Some(_) => {
                let reason = "cells are separated by a comma, a semicolon or a tab".to_owned();
                return Err(OpenError::Form { line: 1, reason });
            }
        };
        let mut csv = Self {
            input: Cursor::new(start).chain(reader),
            parser: ReaderBuilder::new().delimiter(separator).build(),
            line: 1,
            columns: Vec::new(),
            cells: vec![0; 4096],
            ends: vec![0; 64],
        };
        let form = |line, reason: &str| OpenError::Form { line, reason: reason.to_owned() };
        match csv.record()? {
            None => return Err(form(1, "the file is empty; its first line names the columns")),
            Some((line, Err(reason))) => return Err(form(line, reason)),
            Some((line, Ok(headers))) => {
                csv.columns = columns(headers, naming).map_err(|reason| OpenError::Form { line, reason })?;
            }
        }
        Ok(csv)
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<Result<Row, Refused>>> {
        let Some((line, cells)) = self.record()? else { return Ok(None) };
        let cells = match cells {
            Err(reason) => return Ok(Some(Err(Refused::whole(line, reason)))),
            Ok(cells) => cells,
        };
        if cells.len() != self.columns.len() {
            let reason = format!("this row has {} cells, and the header {}", cells.len(), self.columns.len());
            return Ok(Some(Err(Refused::whole(line, reason))));
        }
        let named = cells.into_iter().zip(&self.columns).filter_map(|(text, column)| {
            let field = column.field.clone()?;
            let header = (field != column.header).then(|| column.header.clone());
            Some(Cell { field, column: header, content: Content::Text(text) })
        });
        Ok(Some(Ok(Row { line, cells: named.collect() })))
    }

    /// The next row that is not an empty line, and the line on which it begins.
    fn record(&mut self) -> io::Result<Option<(u64, Cells)>> {
        if !self.skip_ends()? {
            return Ok(None);
        }
        let begins = self.line;
        let (mut filled, mut ended, mut bytes, mut wrong) = (0, 0, 0, None);
        // At the end of the file one line end is given, which ends any row but one with an open quote.
        let mut closed = false;
        loop {
            let input = self.input.fill_buf()?;
            let at_end = input.is_empty();
            let given: &[u8] = match at_end {
                false => input,
                true if closed => b"",
                true => b"\n",
            };
            let (result, taken, wrote, fields) =
                self.parser.read_record(given, &mut self.cells[filled..], &mut self.ends[ended..]);
            if at_end {
                closed |= taken > 0;
            } else {
                self.line += given[..taken].iter().filter(|byte| **byte == b'\n').count() as u64;
                self.input.consume(taken);
                bytes += taken;
            }
            (filled, ended) = (filled + wrote, ended + fields);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.cells.len() < ROW => self.cells.resize(self.cells.len() * 2, 0),
                ReadRecordResult::OutputFull => {
                    filled = 0;
                    wrong = Some(LARGE);
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() < COLUMNS => self.ends.resize(COLUMNS + 1, 0),
                ReadRecordResult::OutputEndsFull => {
                    ended = 0;
                    wrong = Some("this row has more than 1000 cells");
                }
                ReadRecordResult::Record if at_end && taken == 0 => {
                    wrong =
                        Some("a quote that this row opens is never closed; all that follows was taken for its text");
                    break;
                }
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
            }
            if bytes > ROW {
                wrong = wrong.or(Some(LARGE));
            }
        }
        Ok(Some((begins, wrong.map_or_else(|| self.texts(ended), Err))))
    }

    fn texts(&self, ended: usize) -> Cells {
        let mut begin = 0;
        let mut texts = Vec::with_capacity(ended);
        for end in &self.ends[..ended] {
            let bytes = self.cells.get(begin..*end).unwrap_or_default();
            let text = std::str::from_utf8(bytes).map_err(|_| "this row is not UTF-8; save the file as UTF-8")?;
            texts.push(text.to_owned());
            begin = *end;
        }
        Ok(texts)
    }

    /// Goes past line ends; whether anything follows.
    fn skip_ends(&mut self) -> io::Result<bool> {
        loop {
            let input = self.input.fill_buf()?;
            let ends = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if ends == 0 {
                return Ok(!input.is_empty());
            }
            self.line += input[..ends].iter().filter(|byte| **byte == b'\n').count() as u64;
            self.input.consume(ends);
        }
    }
}

fn columns(headers: Vec<String>, naming: &Naming) -> Result<Vec<Column>, String> {
    if headers.len() > COLUMNS {
        return Err(format!("a file has at most {COLUMNS} columns, and this one {}", headers.len()));
    }
    let mut columns = Vec::with_capacity(headers.len());
    let mut seen: HashMap<Arc<str>, Arc<str>> = HashMap::new();
    for header in headers {
        let header: Arc<str> = header.trim().into();
        let field = naming.name(&header)?;
        if let Some(field) = &field
            && seen.insert(field.clone(), header.clone()).is_some()
        {
            return Err(format!("two columns are {field}; remove one"));
        }
        columns.push(Column { header, field });
    }
    for (field, header) in &naming.given {
        if !columns.iter().any(|column| *column.header == **header) {
            return Err(format!("no column is called {header:?}, which was said to be {field}"));
        }
    }
    Ok(columns)
}

/// The first line with a cell in it, to its end outside of quotes, and what stood before it; of a very long one its beginning.
fn first_line(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let (mut quoted, mut begun) = (false, false);
    while line.len() < ROW {
        let input = reader.fill_buf()?;
        if input.is_empty() {
            break;
        }
        let mut end = None;
        for (at, byte) in input.iter().enumerate() {
            match byte {
                b'"' => quoted = !quoted,
                b'\n' | b'\r' if begun && !quoted => end = Some(at + 1),
                _ => {}
            }
            begun |= !matches!(byte, b'\n' | b'\r');
            if end.is_some() {
                break;
            }
        }
        let taken = end.unwrap_or(input.len());
        line.extend_from_slice(&input[..taken]);
        reader.consume(taken);
        if end.is_some() {
            break;
        }
    }
    Ok(line)
}

/// What stands most often in the header outside of quotes; a comma if nothing does.
fn separator_of(line: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in line {
        quoted ^= *byte == b'"';
        for (separator, count) in &mut counts {
            *count += usize::from(!quoted && byte == separator);
        }
    }
    // The first of those that are equal.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(separator, _)| separator)
}

#[cfg(test)]
mod tests {
    use super::separator_of;

    #[test]
    fn the_separator_is_found_outside_of_quotes() {
        assert_eq!(separator_of(b"email"), b',');
        assert_eq!(separator_of(b"a,b;c,d"), b',');
        assert_eq!(separator_of(b"a;b"), b';');
        assert_eq!(separator_of(b"\"a,b,c\";d"), b';');
        assert_eq!(separator_of(b"a\tb"), b'\t');
    }
}
