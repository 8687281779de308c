//! Whether the log is as it was written.
//!
//! Owns: walking the chain, and saying in one sentence what is wrong first. After the first fault nothing further is
//! looked at: nothing behind it can be relied on.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::lines::{Line, Lines, Place};
use crate::segment::{self, Segment};
use crate::{Entry, Error, Head};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many entries are right, from the first on.
    pub entries: u64,
    /// How many files the log has.
    pub files: usize,
    /// The last entry that is right.
    pub head: Head,
    /// How many entries say that they cut off what a crash had left before them.
    pub mended: u64,
    /// What a crash left at the end.
    pub torn: Option<Torn>,
    /// The first thing that is wrong.
    pub problem: Option<Problem>,
}

/// Part of a line at the end of the log, which was never acknowledged. The next entry cuts it off, and says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: u64,
    /// How much of it there is.
    pub bytes: u64,
}

/// Something wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; 0 where it is the file itself.
    pub line: u64,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file.display(), self.fault),
            line => write!(f, "{}:{line}: {}", self.file.display(), self.fault),
        }
    }
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The line is not one that Presetter wrote.
    #[error("this line is not an entry as Presetter writes them")]
    Foreign,
    /// The line was changed.
    #[error("this entry was changed after it was written: its hash does not fit it")]
    Edited,
    /// Entries are missing.
    #[error("{} missing before entry {found}", missing(*wanted, *found))]
    Gap {
        /// The number that should stand here.
        wanted: u64,
        /// The number that stands here.
        found: u64,
    },
    /// An entry stands here that belongs further up.
    #[error("entry {found} stands here, where entry {wanted} should: entries were moved or repeated")]
    Moved {
        /// The number that should stand here.
        wanted: u64,
        /// The number that stands here.
        found: u64,
    },
    /// It continues another log.
    #[error("entry {seq} does not continue the entry before it: one of the two was replaced")]
    Unchained {
        /// The number of the entry.
        seq: u64,
    },
    /// A file is missing.
    #[error("this file is missing")]
    FileMissing,
    /// The last line of a file that is not the newest has no line break.
    #[error("this line was cut short")]
    CutShort,
    /// The log is shorter than it was.
    #[error(
        "the newest entries were removed: the log ends with entry {ends}, and entry {kept} was there when its head was kept"
    )]
    HeadRemoved {
        /// The last entry.
        ends: u64,
        /// The entry that was kept.
        kept: u64,
    },
    /// Another entry stands where the head was.
    #[error("entry {seq} is not the one whose head was kept: the log was written anew, from here or from before")]
    HeadDiffers {
        /// The number of the entry.
        seq: u64,
    },
}

fn missing(wanted: u64, found: u64) -> String {
    match found - 1 {
        last if last == wanted => format!("entry {wanted} is"),
        last => format!("entries {wanted} to {last} are"),
    }
}

pub(crate) fn verify(segments: Vec<Segment>, folder: &Path, kept: Option<&Head>) -> Result<Verified, Error> {
    let mut found =
        Verified { entries: 0, files: segments.len(), head: Head::none(), mended: 0, torn: None, problem: None };
    let last = segments.len().saturating_sub(1);
    for (at, segment) in segments.iter().enumerate() {
        let wanted = at as u64 + 1;
        if segment.number != wanted {
            found.problem = Some(problem(Place::of(&segment::path(folder, wanted)), Fault::FileMissing));
            return Ok(found);
        }
        let mut lines = Lines::open(segment)?;
        while let Some(line) = lines.next()? {
            let fault = match line {
                Line::Whole => found.take(&lines.bytes, kept).err(),
                Line::TooLong => Some(Fault::Foreign),
                Line::Torn if at == last => {
                    let Place { file, line } = lines.place.clone();
                    found.torn = Some(Torn { file, line, bytes: lines.bytes.len() as u64 });
                    None
                }
                Line::Torn => Some(Fault::CutShort),
            };
            if let Some(fault) = fault {
                found.problem = Some(problem(lines.place, fault));
                return Ok(found);
            }
        }
    }
    if let Some(kept) = kept.filter(|kept| kept.seq > found.head.seq) {
        let file = segments.last().map_or(folder, |segment| &segment.path);
        let fault = Fault::HeadRemoved { ends: found.head.seq, kept: kept.seq };
        found.problem = Some(problem(Place::of(file), fault));
    }
    Ok(found)
}

fn problem(Place { file, line }: Place, fault: Fault) -> Problem {
    Problem { file, line, fault }
}

impl Verified {
    /// One more entry, if it is right.
    fn take(&mut self, line: &[u8], kept: Option<&Head>) -> Result<(), Fault> {
        let (entry, hash) = Entry::read(line)?;
        let (wanted, seq) = (self.head.seq + 1, entry.seq);
        if seq > wanted {
            return Err(Fault::Gap { wanted, found: seq });
        }
        if seq < wanted {
            return Err(Fault::Moved { wanted, found: seq });
        }
        if entry.prev != self.head.hash {
            return Err(Fault::Unchained { seq });
        }
        if kept.is_some_and(|kept| kept.seq == seq && kept.hash != hash) {
            return Err(Fault::HeadDiffers { seq });
        }
        self.entries += 1;
        self.mended += u64::from(entry.mended.is_some());
        self.head = Head { seq, hash };
        Ok(())
    }
}
