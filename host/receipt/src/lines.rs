//! Reading the log line by line.
//!
//! Keeps: memory is bounded by one line, whatever stands in the files.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Take};
use std::path::{Path, PathBuf};
use std::vec;

use crate::segment::Segment;
use crate::verify::Fault;
use crate::{Entry, Error, MAX_LINE, platform};

/// A place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: PathBuf,
    /// From 1.
    pub(crate) line: u64,
}

/// One line, in its reader's buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A whole one.
    Whole,
    /// The end of a file, without a line break.
    Torn,
    /// Longer than any of ours; its rest was skipped.
    TooLong,
}

/// The lines of one segment, up to the length that it had when it was looked at.
#[derive(Debug)]
pub(crate) struct Lines {
    from: BufReader<Take<File>>,
    pub(crate) place: Place,
    /// The last line read, without its line break.
    pub(crate) bytes: Vec<u8>,
}

impl Lines {
    pub(crate) fn open(segment: &Segment) -> Result<Self, Error> {
        let file = platform::open_to_read(&segment.path)?;
        let place = Place { file: segment.path.clone(), line: 0 };
        Ok(Self { from: BufReader::with_capacity(64 * 1024, file.take(segment.len)), place, bytes: Vec::new() })
    }

    /// Reads the next line; nothing at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Line>, Error> {
        self.bytes.clear();
        self.place.line += 1;
        let read = self.read();
        read.map_err(|e| Error::io(&self.place.file, "read this file", &e))
    }

    fn read(&mut self) -> io::Result<Option<Line>> {
        let mut too_long = false;
        let mut any = false;
        loop {
            let buffer = self.from.fill_buf()?;
            if buffer.is_empty() {
                return Ok(any.then_some(if too_long { Line::TooLong } else { Line::Torn }));
            }
            any = true;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let part = &buffer[..end.unwrap_or(buffer.len())];
            too_long |= self.bytes.len() + part.len() > MAX_LINE;
            if !too_long {
                self.bytes.extend_from_slice(part);
            }
            let taken = part.len() + usize::from(end.is_some());
            self.from.consume(taken);
            if end.is_some() {
                return Ok(Some(if too_long { Line::TooLong } else { Line::Whole }));
            }
        }
    }
}

/// A line that is no entry, or whose hash does not fit it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {fault}", file.display())]
pub struct Unreadable {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// Entries, oldest first. The chain is not looked at, each entry's own hash is. A torn end is passed over: what was never
/// acknowledged never happened.
#[derive(Debug)]
pub struct Entries {
    segments: vec::IntoIter<Segment>,
    lines: Option<Lines>,
}

impl Entries {
    pub(crate) fn new(segments: Vec<Segment>) -> Self {
        Self { segments: segments.into_iter(), lines: None }
    }

    fn step(&mut self) -> Result<Option<Result<Entry, Unreadable>>, Error> {
        loop {
            let Some(lines) = &mut self.lines else {
                let Some(segment) = self.segments.next() else { return Ok(None) };
                self.lines = Some(Lines::open(&segment)?);
                continue;
            };
            let fault = match lines.next()? {
                None | Some(Line::Torn) => {
                    self.lines = None;
                    continue;
                }
                Some(Line::TooLong) => Fault::Foreign,
                Some(Line::Whole) => match Entry::read(&lines.bytes) {
                    Ok((entry, _)) => return Ok(Some(Ok(entry))),
                    Err(fault) => fault,
                },
            };
            let Place { file, line } = lines.place.clone();
            return Ok(Some(Err(Unreadable { file, line, fault })));
        }
    }
}

impl Iterator for Entries {
    /// The outer error ends the reading; the inner one tells of one line.
    type Item = Result<Result<Entry, Unreadable>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_err() {
            (self.segments, self.lines) = (Vec::new().into_iter(), None);
        }
        step.transpose()
    }
}

impl Place {
    pub(crate) fn of(file: &Path) -> Self {
        Self { file: file.to_owned(), line: 0 }
    }
}
