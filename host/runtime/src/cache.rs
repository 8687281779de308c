//! Compiled code, kept between runs of the program.
//!
//! Compiling a component takes about a second, mapping the result less than a millisecond. The cache is one folder that only
//! its owner can use; entries are named by the component's sha256 and wasmtime's compatibility hash, written by rename.
//! This is the one module of the project that touches unsafe code: mapping native code trusts the file, so the folder
//! must be ours alone, and is not used otherwise.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use presetter_disk::{self as disk, Guard};
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
        Self { folder: folder.filter(|folder| disk::safe_folder(folder).is_ok()) }
    }

    /// The compiled component with this sha256, if the cache has it.
    pub(crate) fn find(&self, engine: &Engine, sha256: &str) -> Option<Component> {
        map(engine, &self.entry(engine, sha256)?)
    }

    /// Compiles a component now, and keeps it.
    pub(crate) fn compile(&self, engine: &Engine, bytes: &[u8]) -> wasmtime::Result<Component> {
        // Of these bytes, whatever they were said to be: what is kept under a name must be what the name says.
        let Some(entry) = self.entry(engine, &digest(bytes)) else {
            return Component::from_binary(engine, bytes);
        };
        let compiled = engine.precompile_component(bytes)?;
        if disk::write(&entry, &compiled).is_ok()
            && let Some(component) = map(engine, &entry)
        {
            return Ok(component);
        }
        Component::from_binary(engine, bytes)
    }

    fn entry(&self, engine: &Engine, sha256: &str) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        let mut compatibility = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut compatibility);
        Some(folder.join(format!("{sha256}-{:016x}.cwasm", compatibility.finish())))
    }
}

/// The name of a component in the cache: its sha256 in lower-case hex.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Maps an entry, if it is there and ours alone.
fn map(engine: &Engine, entry: &Path) -> Option<Component> {
    disk::look(entry, Guard::Ours).ok().filter(|there| *there)?;
    #[allow(unsafe_code)]
    // SAFETY: the file was written by this module (a compiled component of this very wasmtime, whose own header is
    // checked as well) into a folder that only this user can write to or put another in the place of, and it got its name when it
    // was whole and on the disk. Whoever can change it can already run code as this user.
    unsafe {
        Component::deserialize_file(engine, entry).ok()
    }
}
