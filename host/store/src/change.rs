//! A change of what is installed, as steps in their order.
//!
//! Owns the order, by which a process that is killed between any two steps, or within one, leaves the old state or the new one:
//! what the new state needs comes first, then the state itself in one step, then what only tells of it or clears up.

use std::fs;
use std::path::Path;

use presetter_disk as disk;
use presetter_package::Digest;

use crate::Error;
use crate::approved::Approved;
use crate::history::{self, Entry};
use crate::index::Index;
use crate::layout::{Layout, bundle_of, digest_of};

/// One step. Each can be done again.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// The package, under its digest.
    Package(Digest, &'a [u8]),
    /// What was approved of it.
    Approve(&'a str, Approved),
    /// The state. From here on the change has taken place.
    Commit(Index),
    /// The line of the history.
    Record(Entry),
    /// What nothing leads to any more goes.
    Collect(Index),
}

/// Brings the history up to the state: a process that was killed may not have got to it.
pub(crate) fn catch_up(layout: &Layout, index: &Index) -> Result<u64, Error> {
    let recorded = history::read(&layout.history())?.last().map_or(0, |entry| entry.number);
    match &index.last {
        Some(last) if last.number > recorded => {
            history::append(&layout.history(), last)?;
            Ok(last.number)
        }
        _ => Ok(recorded),
    }
}

/// Does one step.
pub(crate) fn take(layout: &Layout, step: &Step<'_>) -> Result<(), Error> {
    match step {
        Step::Package(digest, bytes) => write(&layout.package(*digest), bytes),
        Step::Approve(bundle, approved) => {
            let path = layout.approved(bundle);
            let text = approved.text().map_err(|why| Error::io(&path, "written", &why))?;
            write(&path, text.as_bytes())
        }
        Step::Commit(index) => {
            let path = layout.index();
            let text = index.text().map_err(|why| Error::io(&path, "written", &why))?;
            write(&path, text.as_bytes())
        }
        Step::Record(entry) => history::append(&layout.history(), entry),
        Step::Collect(index) => {
            collect(layout, index);
            Ok(())
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    disk::write(path, bytes).map_err(|why| Error::io(path, "written", &why))
}

/// Removes what nothing leads to. What cannot be removed hinders nobody, and is tried again by the next change.
fn collect(layout: &Layout, index: &Index) {
    clear(&layout.packages(), |name| digest_of(name).is_some_and(|digest| !index.keeps(digest)));
    clear(&layout.approvals(), |name| bundle_of(name).is_some_and(|bundle| index.get(&bundle).is_none()));
    clear(layout.root(), |_| false);
}

/// Removes of a folder the files whose names are idle, and those that were left half written: whoever writes here holds the lock, so
/// one that was killed left them.
fn clear(folder: &Path, idle: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(disk::UNFINISHED) || idle(name)) {
            let _ = disk::remove(&entry.path());
        }
    }
}
