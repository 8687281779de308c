//! A change of the disk as a list of steps. Each step is there whole or not at all, and after any number of them a reader finds the
//! old trust store or the new one: what the new one needs comes first, under names that the old one does not use; then `trust.toml`
//! by one rename; then what is left over goes.

use std::path::PathBuf;

use presetter_disk as disk;

use crate::document::Document;
use crate::folder::Folder;
use crate::seen::Seen;
use crate::step::{PublicKeys, Step};
use crate::{Refused, envelope};

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Writes a file whole.
    Write(PathBuf, Vec<u8>),
    /// Removes a file.
    Remove(PathBuf),
}

impl Act {
    pub(crate) fn run(&self) -> Result<(), Refused> {
        match self {
            Self::Write(path, bytes) => disk::write(path, bytes).map_err(|why| Refused::io(path, "written", &why)),
            Self::Remove(path) => disk::remove(path).map_err(|why| Refused::io(path, "removed", &why)),
        }
    }
}

/// The steps that bring a store to the last of some verified versions. The key files and signatures of versions before these stay.
pub(crate) fn of(folder: &Folder, steps: &[(Step, Document)], keys: &PublicKeys, seen: &Seen) -> Vec<Act> {
    let Some((last, document)) = steps.last() else { return Vec::new() };
    let mut acts = Vec::new();
    for key in document.keys.iter().filter_map(|key| keys.get(&key.id)) {
        acts.push(Act::Write(folder.key_file(key.id()), key.to_pem().as_bytes().to_vec()));
    }
    for (step, document) in steps {
        let json = envelope::to_json(&step.text, &step.signatures);
        acts.push(Act::Write(folder.signatures_file(document.version), json));
    }
    acts.push(Act::Write(folder.trust_file(), last.text.clone().into_bytes()));
    let mut seen = seen.clone();
    seen.add_store(document.version, last.digest());
    acts.push(Act::Write(folder.seen_file(), seen.text().into_bytes()));
    acts.extend(folder.leftovers(document).into_iter().map(Act::Remove));
    acts
}
