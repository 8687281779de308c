//! `presetter.lock`: the packages that a project runs, each by its digest, so that it runs the same ones everywhere.
//!
//! Keeps: the file says nothing about trust. What it names is verified like any other package; it only says that nothing else will do.

use std::fmt;
use std::fs;
use std::path::Path;

use presetter_disk as disk;
use presetter_manifest::is_bundle_name;
use presetter_package::Digest;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::form::{self, FORMAT, text};
use crate::index::Origin;
use crate::{Error, Installed};

const HELP: &str = "put it back from the project's history, or write it anew: presetter install PACKAGE --lock";
/// Most bytes of the file.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockFile {
    format: u32,
    #[serde(default, rename = "bundle", skip_serializing_if = "Vec::is_empty")]
    bundles: Vec<Locked>,
}

/// A bundle that is locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(with = "text")]
    pub version: Version,
    /// The digest of its manifest.
    #[serde(with = "text")]
    pub digest: Digest,
    /// Where it can be had.
    pub origin: Origin,
}

/// How what is installed differs from what is locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmet<'a> {
    /// It is not installed.
    Missing(&'a Locked),
    /// Another version of it is used.
    OtherVersion(&'a Locked, Version),
    /// The same version, of other bytes.
    OtherDigest(&'a Locked, Digest),
}

impl Default for LockFile {
    fn default() -> Self {
        Self { format: FORMAT, bundles: Vec::new() }
    }
}

impl LockFile {
    /// Its name.
    pub const NAME: &'static str = "presetter.lock";

    /// Reads it; nothing if there is none.
    ///
    /// # Errors
    /// It cannot be read or is not as it must be.
    pub fn read(path: &Path) -> Result<Option<Self>, Error> {
        if fs::symlink_metadata(path).is_err_and(|why| why.kind() == std::io::ErrorKind::NotFound) {
            return Ok(None);
        }
        let text = presetter_bundle::read_text(path, MAX_BYTES).map_err(|why| Error::new(why.to_string(), HELP))?;
        let lock: Self = form::read(path, &text, HELP)?;
        for (at, locked) in lock.bundles.iter().enumerate() {
            let name = &locked.name;
            if !is_bundle_name(name) {
                return Err(Error::malformed(path, format!("{name:?} cannot be the name of a bundle"), HELP));
            }
            if lock.bundles[..at].iter().any(|other| other.name == *name) {
                return Err(Error::malformed(path, format!("{name} stands there twice"), HELP));
            }
        }
        Ok(Some(lock))
    }

    /// Writes it, in one step.
    ///
    /// # Errors
    /// The system's reason.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let text = toml::to_string(self).map_err(|why| Error::io(path, "written", &why))?;
        let text = format!("# The bundles of this project. Written by presetter; keep it with the project.\n{text}");
        disk::write_shared(path, text.as_bytes()).map_err(|why| Error::io(path, "written", &why))
    }

    /// What is locked, by name.
    #[must_use]
    pub fn bundles(&self) -> &[Locked] {
        &self.bundles
    }

    /// What is locked of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Locked> {
        self.bundles.iter().find(|locked| locked.name == name)
    }

    /// Locks a bundle as it is installed, in the file of this folder. A package that lies in the project is named by its way from
    /// there, which is the same for everyone who has the project.
    pub fn lock(&mut self, bundle: &Installed, folder: &Path) {
        let Some(current) = bundle.current() else { return };
        let (version, digest) = (current.version.clone(), current.digest);
        let origin = match &current.origin {
            Origin::File(file) => match Path::new(file).strip_prefix(folder) {
                Ok(way) => Origin::File(way.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")),
                Err(_) => current.origin.clone(),
            },
            Origin::Registry(_) => current.origin.clone(),
        };
        self.unlock(&bundle.name);
        let at = self.bundles.partition_point(|other| other.name < bundle.name);
        self.bundles.insert(at, Locked { name: bundle.name.clone(), version, digest, origin });
    }

    /// Takes a bundle out. False if it was not there.
    pub fn unlock(&mut self, name: &str) -> bool {
        let before = self.bundles.len();
        self.bundles.retain(|locked| locked.name != name);
        self.bundles.len() < before
    }

    /// What of it is not as it is installed.
    #[must_use]
    pub fn unmet(&self, installed: &[Installed]) -> Vec<Unmet<'_>> {
        let unmet = self.bundles.iter().filter_map(|locked| {
            let Locked { name, version, digest, .. } = locked;
            match installed.iter().find(|bundle| bundle.name == *name) {
                None => Some(Unmet::Missing(locked)),
                Some(bundle) if bundle.version != *version => Some(Unmet::OtherVersion(locked, bundle.version.clone())),
                Some(bundle) if bundle.digest != *digest => Some(Unmet::OtherDigest(locked, bundle.digest)),
                Some(_) => None,
            }
        });
        unmet.collect()
    }

    /// That a package is the one that is locked.
    ///
    /// # Errors
    /// Its bundle is not locked, or is locked as another package.
    pub fn expect(&self, name: &str, version: &Version, digest: Digest) -> Result<(), Error> {
        let Some(locked) = self.get(name) else {
            let message = format!("{name} is not in {}", Self::NAME);
            return Err(Error::new(message, "to add it, install it without --locked"));
        };
        if locked.version == *version && locked.digest == digest {
            return Ok(());
        }
        let message =
            format!("{name} is locked as {} ({}), and this is {version} ({digest})", locked.version, locked.digest);
        let help = match locked.version == *version {
            true => "a version is one package for ever: tell whoever you have it from",
            false => "to use it from now on, install it without --locked",
        };
        Err(Error::new(message, help))
    }
}

impl fmt::Display for Unmet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(locked) => write!(f, "{} {} is locked and not installed", locked.name, locked.version),
            Self::OtherVersion(locked, version) => {
                write!(f, "{} is locked as {} and installed as {version}", locked.name, locked.version)
            }
            Self::OtherDigest(locked, digest) => write!(
                f,
                "{} {} is locked as {} and installed as {digest}: the same version, of other bytes",
                locked.name, locked.version, locked.digest
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{NOW, World, time};

    #[test]
    fn what_is_locked_is_told_from_what_is_not() {
        let world = World::new();
        let (data, store) = world.store();
        let path = data.path().join(LockFile::NAME);
        assert_eq!(LockFile::read(&path).unwrap(), None);
        world.put(&store, "1.0.0", "");
        let installed = store.list().unwrap();
        let mut lock = LockFile::default();
        lock.lock(&installed[0], data.path());
        lock.lock(&installed[0], data.path());
        lock.write(&path).unwrap();
        let read = LockFile::read(&path).unwrap().unwrap();
        assert_eq!((&read, read.bundles().len()), (&lock, 1));
        assert_eq!(read.unmet(&installed), []);
        assert_eq!(read.unmet(&[]), [Unmet::Missing(&read.bundles()[0])]);

        let locked = &read.bundles()[0];
        let (right, other) = (locked.version.clone(), Version::new(2, 0, 0));
        read.expect("acme/jamf", &right, locked.digest).unwrap();
        let told = |version: &Version, digest| read.expect("acme/jamf", version, digest).unwrap_err().help;
        assert!(told(&right, Digest::of(b"x")).contains("one package for ever"));
        assert!(told(&other, Digest::of(b"x")).contains("without --locked"));
        assert!(read.expect("acme/okta", &right, locked.digest).unwrap_err().message.contains("not in presetter.lock"));

        let mut changed = installed.clone();
        changed[0].digest = Digest::of(b"x");
        assert_eq!(read.unmet(&changed), [Unmet::OtherDigest(locked, Digest::of(b"x"))]);
        world.put(&store, "2.0.0", "");
        let now = store.list().unwrap();
        assert_eq!(read.unmet(&now)[0].to_string(), "acme/jamf is locked as 1.0.0 and installed as 2.0.0");
        lock.lock(&now[0], data.path());
        assert_eq!(lock.unmet(&now), []);
        // What lies in the project is found wherever the project is.
        let mut near = now[0].clone();
        for kept in &mut near.kept {
            kept.origin = Origin::File(data.path().join("bundles").join("jamf.preset").display().to_string());
        }
        lock.lock(&near, data.path());
        assert_eq!(lock.bundles()[0].origin, Origin::File("bundles/jamf.preset".into()));
        assert!(lock.unlock("acme/jamf") && !lock.unlock("acme/jamf") && time(NOW) == now[0].kept[0].at);
    }

    #[test]
    fn a_strange_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(LockFile::NAME);
        let digest = Digest::of(b"x");
        let row = format!(
            "[[bundle]]\nname = 'acme/jamf'\nversion = '1.0.0'\ndigest = '{digest}'\norigin = {{ file = 'x' }}\n"
        );
        let right = format!("format = 1\n{row}");
        std::fs::write(&path, &right).unwrap();
        assert_eq!(LockFile::read(&path).unwrap().unwrap().bundles()[0].digest, digest);
        for (text, told) in [
            (right.replace("format = 1", "format = 2"), "knows form 1"),
            (right.replace("format = 1", ""), "format"),
            (format!("{right}{row}"), "twice"),
            (right.replace("acme/jamf", "../x"), "cannot be the name"),
            (right.replace("sha256:", "sha512:"), "not a digest"),
            (right.replace("origin", "from"), "line"),
            (right.replace("file = ", "ftp = "), "line 6"),
        ] {
            std::fs::write(&path, text).unwrap();
            let why = LockFile::read(&path).unwrap_err();
            assert!(why.message.contains(told), "{told}: {why}");
        }
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(LockFile::read(&path).is_err());
    }
}
