//! Where the log ends: what the next entry is chained to, and where its line goes.
//!
//! Reads the end of the newest segment alone. Keeps: a line is whole if its line break is there; what stands after the last
//! line break was left by a crash in the middle of a write, and was acknowledged to nobody.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::segment::{self, Segment};
use crate::{Entry, Error, Head, MAX_LINE, platform};

/// The end of a log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// The last entry.
    pub(crate) head: Head,
    /// The newest segment; 0 if there is none.
    pub(crate) number: u64,
    /// Where its last whole line ends.
    pub(crate) offset: u64,
    /// How many bytes stand after that.
    pub(crate) torn: u64,
}

impl End {
    /// Finds it.
    pub(crate) fn of(folder: &Path) -> Result<Self, Error> {
        Self::within(&segment::list(folder)?)
    }

    /// Finds it in segments that were listed.
    pub(crate) fn within(segments: &[Segment]) -> Result<Self, Error> {
        let mut end = Self { head: Head::none(), number: 0, offset: 0, torn: 0 };
        if let Some(newest) = segments.last() {
            end.number = newest.number;
        }
        for (at, Segment { path, len, .. }) in segments.iter().rev().enumerate() {
            let mut file = platform::open_to_read(path)?;
            let tail = tail(&mut file, *len).map_err(|e| Error::io(path, "read this file", &e))?;
            let broken = || {
                let advice = format!(
                    "`presetter receipts verify` tells where; keep the folder as evidence under another name, and the next run begins a new log: mv {0} {0}.kept",
                    platform::quoted(path.parent().unwrap_or(path))
                );
                Error::new(path, "it does not end with an entry as Presetter writes them", advice)
            };
            let Some(tail) = tail else { return Err(broken()) };
            if at == 0 {
                (end.offset, end.torn) = (tail.end, len - tail.end);
            }
            // A segment without a whole line was made just before a crash: the one before it has the last.
            if let Some(line) = tail.line {
                let (entry, hash) = Entry::read(&line).map_err(|_| broken())?;
                end.head = Head { seq: entry.seq, hash };
                break;
            }
        }
        Ok(end)
    }
}

/// The end of a file.
struct Tail {
    /// The last whole line, without its line break.
    line: Option<Vec<u8>>,
    /// Where it ends, with its line break.
    end: u64,
}

/// Reads backwards in growing steps; nothing if a line is longer than any of ours.
fn tail(file: &mut File, len: u64) -> io::Result<Option<Tail>> {
    // A torn line may be as long as a whole one.
    let most = 2 * (MAX_LINE as u64 + 1) + 1;
    let mut step: u64 = 8 * 1024;
    loop {
        let from = len.saturating_sub(step.min(most));
        file.seek(SeekFrom::Start(from))?;
        // All at once: the size is known.
        let mut bytes = Vec::with_capacity(usize::try_from(len - from).unwrap_or_default());
        file.take(len - from).read_to_end(&mut bytes)?;
        let last = bytes.iter().rposition(|byte| *byte == b'\n');
        let before = last.and_then(|last| bytes[..last].iter().rposition(|byte| *byte == b'\n'));
        match (last, before) {
            (Some(last), Some(before)) => {
                return Ok(Some(Tail { line: Some(bytes[before + 1..last].to_vec()), end: from + last as u64 + 1 }));
            }
            (Some(last), None) if from == 0 => {
                return Ok(Some(Tail { line: Some(bytes[..last].to_vec()), end: last as u64 + 1 }));
            }
            (None, _) if from == 0 => return Ok(Some(Tail { line: None, end: 0 })),
            _ if step >= most => return Ok(None),
            _ => step *= 8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail_of(bytes: &[u8]) -> Option<(Option<Vec<u8>>, u64)> {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, bytes).unwrap();
        tail(&mut file, bytes.len() as u64).unwrap().map(|tail| (tail.line, tail.end))
    }

    #[test]
    fn the_last_whole_line_is_found_however_long_it_and_its_rest_are() {
        assert_eq!(tail_of(b""), Some((None, 0)));
        assert_eq!(tail_of(b"torn"), Some((None, 0)));
        assert_eq!(tail_of(b"a\n"), Some((Some(b"a".to_vec()), 2)));
        assert_eq!(tail_of(b"a\nb\ntorn"), Some((Some(b"b".to_vec()), 4)));
        for (before, line, torn) in
            [(0, 10_000, 0), (10_000, 8191, 1), (3, MAX_LINE, MAX_LINE), (70_000, 70_000, 70_000)]
        {
            let bytes =
                [vec![b'x'; before], b"\n".to_vec(), vec![b'y'; line], b"\n".to_vec(), vec![b'z'; torn]].concat();
            let found = tail_of(&bytes).unwrap();
            assert_eq!((found.0.unwrap().len(), found.1), (line, (before + line + 2) as u64), "{before} {line} {torn}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_not_taken_into_memory() {
        let bytes = [b"a\n".to_vec(), vec![b'x'; 3 * MAX_LINE], b"\n".to_vec()].concat();
        assert_eq!(tail_of(&bytes), None);
    }
}
