//! One way to open an SQLite file, for every room that keeps one.
//!
//! Owns: how a database comes to be, who may read it, how it is brought up to date, and the settings of every connection.
//! Never: what is in it; the tables belong to the rooms that keep them.
//!
//! Invariants: a database is complete or not there, and its owner's alone; it is written ahead (WAL) from its first byte, and every
//! change that was committed is on the disk; a file of another kind or of a newer program is never written to; it is brought up to
//! date whole or not at all.
#![forbid(unsafe_code)]

mod blank;
mod open;

pub use open::{OpenError, PATIENCE, open};

/// What a room keeps in its file.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// Marks the file as one of this room (`PRAGMA application_id`), as four letters.
    pub kind: [u8; 4],
    /// Each makes the tables of the version before it those of the next; the first starts from nothing. One that was released
    /// never changes: what comes later is one more.
    pub steps: &'static [&'static str],
}

impl Schema {
    fn application(&self) -> i32 {
        i32::from_be_bytes(self.kind)
    }

    /// The version that a file has once all steps are done (`PRAGMA user_version`).
    fn version(&self) -> i32 {
        i32::try_from(self.steps.len()).unwrap_or(i32::MAX)
    }
}
