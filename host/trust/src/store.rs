//! The trust store of one user on the disk: loading it, applying what others signed, recording what was seen.
//!
//! Invariants: changes take one lock; a change whose record of what was seen cannot be written is refused before anything else
//! happens; what was refused leaves nothing behind. Readers take no lock: `seen.toml` is read before `trust.toml` and written after it,
//! so a reader never finds a store that looks older than what was seen.

use std::fs::File;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use presetter_disk as disk;
use presetter_package::Digest;
use semver::Version;
use serde::Serialize;

use crate::anchor::{Offer, Verified};
use crate::decide::{self, Candidate};
use crate::document::{Document, Root};
use crate::findings::Finding;
use crate::folder::Folder;
use crate::seen::{Seen, Standing};
use crate::step::{PublicKeys, Step};
use crate::{Code, Proposal, Refused, Trust, advice, file, plan};

/// Where the trust store is.
#[derive(Debug, Clone)]
pub struct Store {
    folder: Folder,
}

/// What was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// The version before, if there was one that could be used.
    pub from: Option<u64>,
    /// The version now. The same if there was nothing new.
    pub to: u64,
    /// What is new, a line each.
    pub changes: Vec<String>,
}

impl Store {
    /// The trust store below these folders. Nothing is read or made yet.
    #[must_use]
    pub fn open(config_dir: &Path, state_dir: &Path) -> Self {
        Self { folder: Folder::new(config_dir, state_dir) }
    }

    /// The file `trust.toml`, whether it exists or not.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.trust_file()
    }

    /// The store as it is now, checked. It may have expired: see [`Document::expired`].
    ///
    /// # Errors
    /// [`Code::NoStore`]; or what is wrong with it.
    pub fn current(&self) -> Result<Trust, Refused> {
        let seen = self.folder.seen()?;
        self.load(seen)
    }

    fn load(&self, seen: Option<Seen>) -> Result<Trust, Refused> {
        let path = self.folder.trust_file();
        let shown = path.display().to_string();
        let Some(text) = self.folder.trust()? else {
            return Err(Refused::new(Code::NoStore, "there is no trust store, so nothing is trusted", advice::INIT));
        };
        let by_hand =
            "it is signed, so a change by hand is never taken; take over what was signed: presetter trust import FILE";
        let document = crate::form::read(&shown, &text).map_err(|at| Refused::malformed(at, by_hand))?;
        let keys = self.folder.keys(&document)?;
        let step = self.folder.step(document.version)?.filter(|step| step.text == text).ok_or_else(|| {
            let message = format!("{shown} is not what its root has signed as version {}", document.version);
            Refused::new(Code::BadSignature, message, by_hand)
        })?;
        step.own_root(&shown, &keys)?;
        let mut warnings = Vec::new();
        match seen.as_ref().map(|seen| seen.store) {
            Some(Some(known)) => self.follows_seen(known, &step, &document, &keys)?,
            Some(None) => {}
            None => warnings.push(Finding::warning(
                "seen-missing",
                format!("{} is not there: if bundles are installed, nothing tells their older versions from newer ones until \
                         they were seen again", self.folder.seen_file().display()),
                "put it back from a backup, or look at what is installed: presetter list",
            )),
        }
        Ok(Trust::new(document, step, keys, seen.unwrap_or_default(), warnings))
    }

    /// That the store is the one that was seen, or follows it by the signatures of every version between: who can write it but is
    /// not of its root gains nothing.
    fn follows_seen(
        &self,
        (version, digest): (u64, presetter_package::Digest),
        step: &Step,
        document: &Document,
        keys: &PublicKeys,
    ) -> Result<(), Refused> {
        let shown = self.folder.trust_file().display().to_string();
        if document.version < version {
            let message = format!("{shown} is version {}, and version {version} was seen here", document.version);
            return Err(Refused::new(Code::OldStore, message, advice::IMPORT));
        }
        if document.version == version {
            return if step.digest() == digest {
                Ok(())
            } else {
                let message =
                    format!("{shown} is another version {version} than the one that was seen here ({digest})");
                Err(Refused::new(Code::Fork, message, advice::IMPORT))
            };
        }
        let signed = |version: u64| {
            self.folder.step(version)?.ok_or_else(|| {
                let message = format!("{} is not there", self.folder.signatures_file(version).display());
                Refused::new(Code::Gap, message, advice::IMPORT)
            })
        };
        let known = signed(version)?;
        if known.digest() != digest {
            let message = format!("{shown} does not follow the version {version} that was seen here ({digest})");
            return Err(Refused::new(Code::Fork, message, advice::IMPORT));
        }
        // Its keys are here, whatever stands in the new text.
        let mut keys = keys.clone();
        keys.extend(self.folder.keys(&known.document(&shown)?)?);
        let mut before = known.own_root(&shown, &keys)?;
        for next in version + 1..document.version {
            before = signed(next)?.follows(&before, &shown, &keys)?;
        }
        step.follows(&before, &shown, &keys).map(drop)
    }

    /// Takes over a proposal or an export, if its last version follows what this machine trusts.
    ///
    /// `named` is the root that the operator was told by somebody: needed where there is no store yet, and checked wherever it is
    /// given. The last version must have exactly this root.
    ///
    /// # Errors
    /// Why not. Then everything is as it was.
    pub fn apply(&self, proposal: &Proposal, named: Option<&Root>, now: Timestamp) -> Result<Applied, Refused> {
        self.take("the proposal", &proposal.steps, &proposal.keys, named, now)
    }

    /// Takes over the file form of a proposal or an export; `file` is how it is called in errors. See [`Store::apply`].
    ///
    /// # Errors
    /// Why not. Then everything is as it was.
    pub fn import(&self, file: &str, json: &[u8], named: Option<&Root>, now: Timestamp) -> Result<Applied, Refused> {
        let (steps, keys) = file::read(file, json)?;
        self.take(file, &steps, &keys, named, now)
    }

    fn take(
        &self,
        file: &str,
        steps: &[Step],
        keys: &PublicKeys,
        named: Option<&Root>,
        now: Timestamp,
    ) -> Result<Applied, Refused> {
        if steps.is_empty() {
            return Err(Refused::new(
                Code::Malformed,
                format!("{file} holds no version of a trust store"),
                advice::IMPORT,
            ));
        }
        let (seen, _held) = self.begin()?;
        let current = self.load(Some(seen.clone()));
        let offer = Offer { file, steps, keys, named };
        let verified = offer.verify(current.as_ref(), &seen, now)?;
        for act in self.plan(&verified, keys, current.as_ref().ok(), &seen) {
            act.run()?;
        }
        let before = current.as_ref().ok().map(Trust::document);
        let last = verified.last().map(|(_, document)| document);
        Ok(Applied {
            from: before.map(|before| before.version),
            to: last.or(before).map_or(0, |document| document.version),
            changes: last.map(|last| last.difference(before)).unwrap_or_default(),
        })
    }

    pub(crate) fn plan(
        &self,
        verified: &Verified,
        keys: &PublicKeys,
        current: Option<&Trust>,
        seen: &Seen,
    ) -> Vec<plan::Act> {
        let known = current.into_iter().flat_map(Trust::keys);
        let keys = keys.iter().chain(known).map(|(id, key)| (*id, key.clone())).collect();
        plan::of(&self.folder, verified, &keys, seen)
    }

    /// The store for another machine: every version that is here and fits into one file, the newest in any case.
    ///
    /// # Errors
    /// As for [`Store::current`].
    pub fn export(&self) -> Result<Proposal, Refused> {
        let trust = self.current()?;
        let mut steps = vec![trust.step().clone()];
        let mut bytes = trust.text().len();
        let mut after = trust.document().clone();
        // Backwards, for as long as what is here holds: an older version that does not is of use to nobody.
        while steps.len() < file::MOST_STEPS {
            let Some(step) = self.folder.step(after.version - 1).ok().flatten() else { break };
            let shown = self.folder.signatures_file(after.version - 1).display().to_string();
            let Ok(document) = step.own_root(&shown, trust.keys()) else { break };
            bytes += step.text.len();
            let follows = steps.last().map(|next| next.follows(&document, &shown, trust.keys()));
            if bytes > file::MOST_BYTES / 4 || follows.is_none_or(|follows| follows.is_err()) {
                break;
            }
            steps.push(step);
            after = document;
        }
        steps.reverse();
        Proposal::of("the export", steps, trust.keys().clone())
    }

    /// That what is seen from now on can be recorded: to be asked before something is done that needs it.
    ///
    /// # Errors
    /// [`Code::SeenNotWritable`]; or the record is damaged.
    pub fn prepare(&self) -> Result<(), Refused> {
        self.begin().map(drop)
    }

    /// Records that a bundle was verified and is used from now on, and the store's own version with it.
    ///
    /// # Errors
    /// [`Code::Rollback`], [`Code::OtherDigest`]: another process has recorded a newer version since. [`Code::SeenNotWritable`].
    pub fn record_seen(&self, trust: &Trust, candidate: &Candidate<'_>) -> Result<(), Refused> {
        let Candidate { name, version, digest, .. } = *candidate;
        let store = trust.version();
        // What is known already needs no lock and no writing: a run on a disk that cannot be written goes on.
        if let Some(seen) = self.folder.seen()?
            && seen.store.is_some_and(|(known, _)| known >= store.version)
            && seen.standing(name, version, digest) != Standing::New
        {
            return decide::standing(seen.standing(name, version, digest), candidate);
        }
        let (mut seen, _held) = self.begin()?;
        decide::standing(seen.standing(name, version, digest), candidate)?;
        seen.add(name, version, digest);
        seen.add_store(store.version, store.digest);
        self.write(&seen)
    }

    /// Records what is installed and leaves now. An install that was killed before it recorded what it had put there leaves that
    /// to the next run; after a removal there would be none. Lowers nothing and judges nothing.
    ///
    /// # Errors
    /// [`Code::SeenNotWritable`]; or the record is damaged.
    pub fn record_removed(&self, name: &str, version: &Version, digest: Digest) -> Result<(), Refused> {
        if self.folder.seen()?.is_some_and(|seen| seen.standing(name, version, digest) != Standing::New) {
            return Ok(());
        }
        let (mut seen, _held) = self.begin()?;
        seen.add(name, version, digest);
        self.write(&seen)
    }

    fn write(&self, seen: &Seen) -> Result<(), Refused> {
        disk::write(&self.folder.seen_file(), seen.text().as_bytes()).map_err(|why| self.not_writable(&why))
    }

    /// The lock, and what was seen, where a file was just written to see that it can be.
    fn begin(&self) -> Result<(Seen, File), Refused> {
        let path = self.folder.seen_file();
        // A file that somebody made read-only is to stay as it is. A rename would not mind.
        if std::fs::metadata(&path).is_ok_and(|found| found.permissions().readonly()) {
            return Err(self.not_writable(&"it is read-only"));
        }
        let lock = disk::lock_file(&self.folder.lock_file()).and_then(|file| file.lock().map(|()| file));
        let lock = lock.map_err(|why| self.not_writable(&why))?;
        let probe = self.folder.probe_file();
        disk::write(&probe, b"").and_then(|()| disk::remove(&probe)).map_err(|why| self.not_writable(&why))?;
        Ok((self.folder.seen()?.unwrap_or_default(), lock))
    }

    fn not_writable(&self, why: &dyn std::fmt::Display) -> Refused {
        let message = format!("{} cannot be written: {why}", self.folder.seen_file().display());
        let help =
            "without it an older version could be put in place of a newer one; make it and its folder writable for you";
        Refused::new(Code::SeenNotWritable, message, help)
    }
}

#[cfg(test)]
mod tests;
