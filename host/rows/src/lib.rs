//! Rows of a file: CSV, a JSON list, or an object a line, one after the other.
//!
//! Owns: how such files are read: the byte order mark, separators, quotes, which column is meant, the line on which a row begins.
//! Never: what a row is for; more of a file in memory than a row; a stop at a row that is wrong.
//!
//! Invariants: a row is held within [`ROW`] bytes and [`COLUMNS`] cells; one that is wrong is refused with its line, and the next is
//! read.
#![forbid(unsafe_code)]

mod csv;
mod json;
mod naming;
mod row;

use std::io;

use serde::Serialize;

pub use naming::{Naming, Taken};
pub use row::{Cell, Content, Row, Source};

/// The largest row, in bytes.
pub const ROW: usize = 4 * 1024 * 1024;
/// The most columns of a file.
pub const COLUMNS: usize = 1000;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A header, and a line for each row.
    Csv,
    /// A list of objects.
    Json,
    /// An object a line.
    JsonLines,
}

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The line on which it begins, counted from 1.
    pub line: u64,
    /// The field that is wrong, if it is one.
    pub field: Option<String>,
    /// The header of its column, if it has another name.
    pub column: Option<String>,
    /// Why.
    pub reason: String,
}

impl Refused {
    /// A row that is wrong as a whole.
    pub fn whole(line: u64, reason: impl Into<String>) -> Self {
        Self { line, field: None, column: None, reason: reason.into() }
    }
}

/// Why no row can be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The header, or the form of the file.
    #[error("line {line}: {reason}")]
    Form {
        /// The line.
        line: u64,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// It could not be read.
    #[error("the file could not be read: {0}")]
    Read(#[from] io::Error),
}

/// How much of a text is quoted in a message, in characters.
const QUOTED: usize = 40;

/// A text for a message: without what could steer a terminal, and shortened.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(QUOTED).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}
