//! Compiled code, kept between runs of the program.
//!
//! Compiling a component takes about a second, mapping the result less than a millisecond. The cache is one folder that only
//! its owner can use; entries are named by the component's sha256 and wasmtime's compatibility hash, written by rename.
//! This is the one module of the project that touches unsafe code: mapping native code trusts the file, so the folder
//! must be ours alone, and is not used otherwise.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// A folder of compiled code.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: Option<PathBuf>,
}

impl Cache {
    /// A cache in a folder, which is made if it is not there. Without a folder, or where the folder cannot be trusted,
    /// nothing is kept and everything works, slower.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder: folder.filter(|f| private::make(f).is_ok()) }
    }

    /// The compiled component, if the cache has it.
    pub(crate) fn find(&self, engine: &Engine, bytes: &[u8]) -> Option<Component> {
        map(engine, &self.entry(engine, bytes)?)
    }

    /// Compiles a component now, and keeps it.
    pub(crate) fn compile(&self, engine: &Engine, bytes: &[u8]) -> wasmtime::Result<Component> {
        let Some(entry) = self.entry(engine, bytes) else {
            return Component::from_binary(engine, bytes);
        };
        let compiled = engine.precompile_component(bytes)?;
        if store(&entry, &compiled).is_ok()
            && let Some(component) = map(engine, &entry)
        {
            return Ok(component);
        }
        Component::from_binary(engine, bytes)
    }

    fn entry(&self, engine: &Engine, bytes: &[u8]) -> Option<PathBuf> {
        let mut compatibility = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut compatibility);
        let name = format!("{}-{:016x}.cwasm", hex::encode(Sha256::digest(bytes)), compatibility.finish());
        self.folder.as_ref().map(|folder| folder.join(name))
    }
}

/// Maps an entry, if it is there and ours alone.
fn map(engine: &Engine, entry: &Path) -> Option<Component> {
    private::check_file(entry).ok()?;
    #[allow(unsafe_code)]
    // SAFETY: the file was written by this module (a compiled component of this very wasmtime, whose own header is
    // checked as well) into a folder that only this user can write to, and by rename, so it is whole. Whoever can change it
    // can already run code as this user.
    unsafe {
        Component::deserialize_file(engine, entry).ok()
    }
}

fn store(entry: &Path, compiled: &[u8]) -> io::Result<()> {
    let mut nonce = [0u8; 8];
    getrandom::fill(&mut nonce).map_err(|e| io::Error::other(e.to_string()))?;
    let temporary = entry.with_extension(format!("{}.tmp", hex::encode(nonce)));
    private::write(&temporary, compiled)?;
    let renamed = fs::rename(&temporary, entry);
    if renamed.is_err() {
        // Nothing half-done stays; the error itself is the one to report.
        drop(fs::remove_file(&temporary));
    }
    renamed
}

/// Files and folders that are the user's alone. Where the system has no such modes, the platform's private
/// application folder has to do.
mod private {
    use std::path::Path;
    use std::{fs, io};

    #[cfg(unix)]
    pub(super) fn make(folder: &Path) -> io::Result<()> {
        use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let meta = fs::symlink_metadata(folder)?;
        if meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw() && meta.mode() & 0o077 == 0 {
            return Ok(());
        }
        Err(io::Error::other("the folder is not this user's alone"))
    }

    #[cfg(unix)]
    pub(super) fn check_file(file: &Path) -> io::Result<()> {
        use std::os::unix::fs::MetadataExt as _;
        let meta = fs::symlink_metadata(file)?;
        if meta.is_file() && meta.uid() == rustix::process::geteuid().as_raw() && meta.mode() & 0o077 == 0 {
            return Ok(());
        }
        Err(io::Error::other("the file is not this user's alone"))
    }

    #[cfg(unix)]
    pub(super) fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        let mut opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        opened.write_all(bytes)
    }

    #[cfg(not(unix))]
    pub(super) fn make(folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)
    }

    #[cfg(not(unix))]
    pub(super) fn check_file(file: &Path) -> io::Result<()> {
        fs::metadata(file).map(|_| ())
    }

    #[cfg(not(unix))]
    pub(super) fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::write(file, bytes)
    }
}
