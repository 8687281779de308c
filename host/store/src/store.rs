//! The folder of data: what is installed, and changing it.
//!
//! Invariants: one process changes at a time; readers take no lock, and find the state before a change or after it; only a
//! verified package comes in, and only with an approval that covers all that it may do.

use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::Path;

use jiff::Timestamp;
use presetter_disk as disk;
use presetter_package::{Bounds, Digest};
use presetter_trust::Trust;
use semver::Version;

use crate::approved::{Approval, Approved};
use crate::history::{self, Entry};
use crate::index::{Index, Installed, Kept, Origin};
use crate::layout::Layout;
use crate::plan::{self, Wanted};
use crate::verified::{Ask, Rejected, Verified};
use crate::{Error, Permissions, change, difference};

/// What is installed, in one folder.
#[derive(Debug, Clone)]
pub struct Store {
    layout: Layout,
}

/// A verified package that may be installed, with its bytes.
#[derive(Debug)]
pub struct Incoming {
    verified: Verified,
    bytes: Vec<u8>,
    origin: Origin,
}

/// Who makes a change, when, and why.
#[derive(Debug, Clone, Copy)]
pub struct Note<'a> {
    /// Who.
    pub by: &'a str,
    /// Why, if it is said.
    pub why: Option<&'a str>,
    /// When.
    pub at: Timestamp,
}

impl Incoming {
    /// Verifies the bytes of a package.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn read(bytes: Vec<u8>, origin: Origin, ask: &Ask<'_>) -> Result<Self, Rejected> {
        Ok(Self { verified: Verified::read(bytes.as_slice(), ask)?, bytes, origin })
    }

    /// The same, with the component shown to be what its sources make: whoever says so has packed them again.
    #[must_use]
    pub fn rebuilt(mut self) -> Self {
        self.verified.component_is_rebuilt();
        self
    }

    /// What was verified.
    #[must_use]
    pub const fn verified(&self) -> &Verified {
        &self.verified
    }

    /// The file form of the package.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where it comes from.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Store {
    /// What is installed below a folder of data. Nothing is read or made yet.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self { layout: Layout::new(data) }
    }

    /// All that is installed, by name.
    ///
    /// # Errors
    /// `installed.toml` cannot be read or is not as it must be.
    pub fn list(&self) -> Result<Vec<Installed>, Error> {
        Index::load(&self.layout.index()).map(|index| index.bundles)
    }

    /// A bundle that is installed.
    ///
    /// # Errors
    /// As [`Store::list`].
    pub fn find(&self, name: &str) -> Result<Option<Installed>, Error> {
        Index::load(&self.layout.index()).map(|index| index.get(name).cloned())
    }

    /// What was approved of a package of a bundle.
    ///
    /// # Errors
    /// The file cannot be read or is not as it must be.
    pub fn approval(&self, name: &str, digest: Digest) -> Result<Option<Approval>, Error> {
        if !presetter_manifest::is_bundle_name(name) {
            return Ok(None);
        }
        Approved::load(&self.layout.approved(name), name).map(|approved| approved.of(digest).cloned())
    }

    /// What was done, the oldest first.
    ///
    /// # Errors
    /// A file cannot be read or is not as it must be.
    pub fn history(&self) -> Result<Vec<Entry>, Error> {
        let mut entries = history::read(&self.layout.history())?;
        let last = Index::load(&self.layout.index())?.last;
        let lags = |last: &Entry| entries.last().is_none_or(|entry| entry.number < last.number);
        entries.extend(last.filter(lags));
        Ok(entries)
    }

    /// The package of the version that is used, to be verified.
    ///
    /// # Errors
    /// The bundle is not installed, or its package is gone.
    pub fn open(&self, name: &str) -> Result<(Installed, File), Error> {
        let mut before = None;
        loop {
            let found = self.find(name)?.ok_or_else(|| not_installed(name))?;
            match self.package(found.digest) {
                // Another process may have changed what is used since; what it took away is looked for no longer.
                Err(why) if why.kind() == ErrorKind::NotFound && before != Some(found.digest) => {
                    before = Some(found.digest)
                }
                Ok(file) => return Ok((found, file)),
                Err(why) => return Err(self.gone(name, found.digest, &why)),
            }
        }
    }

    /// The package of a version that is kept, to be verified.
    ///
    /// # Errors
    /// It is not kept, or gone.
    pub fn open_version(&self, name: &str, version: &Version) -> Result<(Kept, File), Error> {
        let installed = self.find(name)?.ok_or_else(|| not_installed(name))?;
        let kept = installed.kept(version).cloned().ok_or_else(|| {
            let known: Vec<String> = installed.kept.iter().map(|kept| kept.version.to_string()).collect();
            Error::new(format!("{name} {version} is not kept"), format!("kept are: {}", known.join(", ")))
        })?;
        let file = self.package(kept.digest).map_err(|why| self.gone(name, kept.digest, &why))?;
        Ok((kept, file))
    }

    fn package(&self, digest: Digest) -> std::io::Result<File> {
        File::open(self.layout.package(digest))
    }

    fn gone(&self, name: &str, digest: Digest, why: &std::io::Error) -> Error {
        let path = self.layout.package(digest);
        let help = format!("install it again: presetter remove {name}, then presetter install");
        Error::new(format!("{name} is installed, but its package {} cannot be read: {why}", path.display()), help)
    }

    /// The bundle that is used, verified anew from its package, and no wider than what was approved of it.
    ///
    /// # Errors
    /// It is not installed; it is not trusted any more; it is not what was installed or approved.
    pub fn load(&self, name: &str, trust: &Trust, bounds: Bounds, now: Timestamp) -> Result<Verified, Rejected> {
        let (installed, file) = self.open(name)?;
        let digest = installed.digest;
        let ask = Ask {
            trust,
            name: Some(name),
            version: Some(&installed.version),
            digest: Some(digest),
            rollback_to: installed.went_back.then_some(digest),
            bounds,
            now,
        };
        let verified = Verified::read(BufReader::new(file), &ask)?;
        let approved = self.approval(name, digest)?.ok_or_else(|| not_approved(name, &installed.version, ""))?;
        covered(&verified, &approved.permissions)?;
        Ok(verified)
    }

    /// Installs a bundle that is not there yet. The same package again is put right where something of it is missing.
    ///
    /// # Errors
    /// Another package of this name is installed; the approval does not cover all that it may do; the system's reason.
    pub fn install(&self, incoming: &Incoming, approved: &Permissions, note: &Note<'_>) -> Result<Installed, Error> {
        self.change(&Wanted::Install(incoming, approved), note)
    }

    /// Puts another version in place of the one that is used, which is kept.
    ///
    /// # Errors
    /// The bundle is not installed, or in a newer version, or this version of it is another package; the approval does not cover
    /// all that it may do; the system's reason.
    pub fn upgrade(&self, incoming: &Incoming, approved: &Permissions, note: &Note<'_>) -> Result<Installed, Error> {
        self.change(&Wanted::Upgrade(incoming, approved), note)
    }

    /// Goes back to a version that is kept, by what was approved of it then. `to` is its package, from [`Store::open_version`].
    ///
    /// # Errors
    /// It is not kept, or nothing was approved of it; the system's reason.
    pub fn rollback(&self, to: &Verified, note: &Note<'_>) -> Result<Installed, Error> {
        self.change(&Wanted::Rollback(to), note)
    }

    /// Removes a bundle, all versions of it, and what was approved.
    ///
    /// # Errors
    /// It is not installed; the system's reason.
    pub fn remove(&self, name: &str, note: &Note<'_>) -> Result<Installed, Error> {
        self.change(&Wanted::Remove(name), note)
    }

    fn change(&self, wanted: &Wanted<'_>, note: &Note<'_>) -> Result<Installed, Error> {
        let path = self.layout.lock();
        let lock = disk::lock_file(&path).and_then(|file| file.lock().map(|()| file));
        let lock = lock.map_err(|why| Error::io(&path, "locked", &why))?;
        let plan = plan::plan(&self.layout, wanted, note)?;
        for step in &plan.steps {
            change::take(&self.layout, step)?;
        }
        drop(lock);
        Ok(plan.bundle)
    }
}

pub(crate) fn not_installed(name: &str) -> Error {
    let help = format!("install it: presetter install {name}; what is installed: presetter list");
    Error::new(format!("{name:?} is not installed"), help)
}

/// That what was approved covers all that a package may do.
pub(crate) fn covered(verified: &Verified, approved: &Permissions) -> Result<(), Error> {
    let more = difference(approved, verified.permissions()).into_iter().filter(|change| change.widens);
    let more: Vec<String> = more.map(|change| change.words).collect();
    if more.is_empty() { Ok(()) } else { Err(not_approved(verified.name(), verified.version(), &more.join("; "))) }
}

pub(crate) fn not_approved(name: &str, version: &Version, what: &str) -> Error {
    let colon = if what.is_empty() { "" } else { ": " };
    let help = format!("to be asked again: presetter remove {name}, then presetter install");
    Error::new(format!("{name} {version} may do what was not approved{colon}{what}"), help)
}

#[cfg(test)]
mod tests;
