//! Goldens: files beside a case that say what it showed when a person last looked at it.
//!
//! `PRESETTER_GOLDENS=update` writes them anew. They are then to be read, not just committed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::diff::diff;

/// What a case shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// The exit code and a line break.
    pub exit: String,
    /// The requests that reached the server.
    pub sent: String,
}

impl Shown {
    /// The files of a case, with what is to stand in each.
    fn files(&self) -> [(&'static str, &str); 4] {
        [("out", &self.out), ("err", &self.err), ("exit", &self.exit), ("sent", &self.sent)]
    }
}

/// The folders of all cases, sorted by name.
pub fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cli");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

/// Compares what a case showed with its goldens, or writes them. What differs, if anything does.
pub fn compare(folder: &Path, shown: &Shown, update: bool) -> Option<String> {
    let mut differs = String::new();
    for (name, found) in shown.files() {
        let file = folder.join(name);
        if update {
            fs::write(&file, found).unwrap();
            continue;
        }
        let wanted = fs::read_to_string(&file).unwrap_or_default();
        let lines = diff(&wanted, found);
        if !lines.is_empty() {
            differs.push_str(&format!("  {name}:\n{lines}"));
        }
    }
    (!differs.is_empty()).then_some(differs)
}
