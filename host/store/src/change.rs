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
    let packages = |name: &str| digest_of(name).is_some_and(|digest| !index.keeps(digest));
    let approvals = |name: &str| bundle_of(name).is_some_and(|bundle| index.get(&bundle).is_none());
    let none = |_: &str| false;
    let folders: [(_, &dyn Fn(&str) -> bool); 3] =
        [(layout.packages(), &packages), (layout.approvals(), &approvals), (layout.root().to_owned(), &none)];
    for (folder, idle) in folders {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            // Whoever writes here holds the lock: what is half written was left by one that was killed.
            let left = |name: &str| name.starts_with(disk::UNFINISHED);
            if name.to_str().is_some_and(|name| left(name) || idle(name)) {
                let _ = disk::remove(&entry.path());
            }
        }
    }
}
