//! The log itself.
//!
//! Owns: appending. Keeps: one writer at a time; a line is written in one step, and taken back if that fails; what a crash
//! left at the end is cut off by the next entry, which says so; a segment is on the disk before the next one is begun.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use presetter_secret::Redactor;
use serde_json::Value;

use crate::end::End;
use crate::lines::Entries;
use crate::verify::{self, Verified};
use crate::{Entry, Error, Head, Kind, body, lock, platform, segment, time};

/// When a new segment is begun, in bytes.
const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// The log of a user.
#[derive(Debug, Clone)]
pub struct Log {
    folder: PathBuf,
    segment_bytes: u64,
}

/// An entry to be written.
#[derive(Debug)]
pub struct New<'a> {
    /// What it tells.
    pub kind: Kind,
    /// The run's UUID.
    pub run: &'a str,
    /// The account: [`Begun`](crate::Begun) or [`Ended`](crate::Ended) as JSON.
    pub body: Value,
    /// Whether it must be on the disk, and survive a power cut, before it is acknowledged.
    pub durable: bool,
}

impl Log {
    /// The log in a folder, which is made when the first entry is written.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), segment_bytes: SEGMENT_BYTES }
    }

    /// The same, with segments of another size than 64 MiB.
    #[must_use]
    pub fn with_segments_of(self, bytes: u64) -> Self {
        Self { segment_bytes: bytes, ..self }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Appends an entry, redacted. Waits for other writers.
    ///
    /// # Errors
    /// The log cannot be written, or does not end with an entry that another could be chained to. Nothing was appended.
    pub fn append(&self, new: New<'_>, redactor: &Redactor) -> Result<Head, Error> {
        let body = body::ready(new.body, redactor);
        platform::folder(&self.folder)?;
        let _held = lock::take(&self.folder)?;
        let end = End::of(&self.folder)?;
        let entry = Entry {
            seq: end.head.seq.saturating_add(1),
            prev: end.head.hash,
            at: time::now(),
            kind: new.kind,
            run: new.run.to_owned(),
            mended: (end.torn > 0).then_some(end.torn),
            body,
        };
        let (line, hash) = entry.line().map_err(|e| Error::new(&self.folder, e.to_string(), ""))?;
        let rolls = end.number == 0 || (end.offset > 0 && end.offset + line.len() as u64 > self.segment_bytes);
        if end.torn > 0 {
            // Also where the line goes into the next segment: verification takes only the newest to have a torn end.
            let path = segment::path(&self.folder, end.number);
            cut(&platform::open(&path, false)?, &path, end.offset)?;
        }
        if rolls && end.number > 0 {
            // Its entries may have been acknowledged without this. A power cut must not take them and leave the next segment:
            // that would look as if somebody had cut the log.
            let path = segment::path(&self.folder, end.number);
            let synced = platform::open(&path, false)?.sync_data();
            synced.map_err(|e| Error::io(&path, "sync this file", &e))?;
        }
        let (number, offset) = if rolls { (end.number.saturating_add(1), 0) } else { (end.number, end.offset) };
        let path = segment::path(&self.folder, number);
        let mut file = platform::open(&path, rolls)?;
        write(&mut file, offset, &line, new.durable).map_err(|e| {
            // Half a line would be mended by the next entry; better that there is nothing to mend.
            let _ = file.set_len(offset);
            Error::io(&path, "write to this file", &e)
        })?;
        if new.durable && rolls {
            platform::sync_folder(&self.folder).map_err(|e| Error::io(&self.folder, "sync this folder", &e))?;
        }
        Ok(Head { seq: entry.seq, hash })
    }

    /// The last entry's number and hash, from the end of the log alone.
    ///
    /// # Errors
    /// The log cannot be read, or does not end with an entry.
    pub fn head(&self) -> Result<Head, Error> {
        End::within(&segment::snapshot(&self.folder)?).map(|end| end.head)
    }

    /// All entries, oldest first, as they are now. Memory stays flat.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn entries(&self) -> Result<Entries, Error> {
        Ok(Entries::new(segment::snapshot(&self.folder)?))
    }

    /// Looks at every byte: that no entry was changed, left out or moved. With a `kept` head also that nothing was removed
    /// from the end, and that the chain was not computed anew up to there.
    ///
    /// # Errors
    /// The log cannot be read. What is wrong with it is no error: [`Verified::problem`] tells.
    pub fn verify(&self, kept: Option<&Head>) -> Result<Verified, Error> {
        verify::verify(segment::snapshot(&self.folder)?, &self.folder, kept)
    }
}

fn cut(file: &File, path: &Path, end: u64) -> Result<(), Error> {
    file.set_len(end).map_err(|e| Error::io(path, "cut off the torn end of this file", &e))
}

fn write(file: &mut File, offset: u64, line: &[u8], durable: bool) -> std::io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(line)?;
    if durable { file.sync_data() } else { Ok(()) }
}
