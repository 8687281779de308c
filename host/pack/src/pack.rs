//! A bundle as it is distributed: its sources, what belongs to them, and one component.
//!
//! Owns: which files these are. Must never: write them.

use presetter_bundle::{Bundle, Packed, sources_digest};
use sha2::{Digest as _, Sha256};

use crate::{PackError, interpreter, snapshot, source_document};

/// A packed bundle, in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedBundle {
    /// Name and version: `acme-1.0.0`.
    pub name: String,
    /// Its files, sorted by path, paths with `/`.
    pub files: Vec<(String, Vec<u8>)>,
    /// The sha256 of its component, in lower-case hex.
    pub component_sha256: String,
    /// The interpreter that is in the component; nothing for a component of the bundle's own.
    pub interpreter: Option<&'static str>,
}

/// Packs a bundle. `component` is one that the author built, for a bundle whose manifest names a component; without it
/// the file that the manifest names is taken.
///
/// # Errors
/// See [`PackError`].
pub fn pack(bundle: &Bundle, component: Option<Vec<u8>>) -> Result<PackedBundle, PackError> {
    let manifest = bundle.manifest();
    let sources = bundle.sources()?;
    let mut files: Vec<(String, Vec<u8>)> = bundle.companions()?;
    files.extend(sources.iter().map(|(name, text)| (name.clone(), text.clone().into_bytes())));
    let (component_sha256, interpreter) = match (&manifest.component, component) {
        (Some(file), given) => {
            let bytes = match given {
                Some(bytes) => bytes,
                None => bundle.component()?.unwrap_or_default(),
            };
            let digest = hex::encode(Sha256::digest(&bytes));
            files.push((file.as_str().to_owned(), bytes));
            (digest, None)
        }
        (None, Some(_)) => return Err(PackError::NoPlace(bundle.file().to_owned())),
        (None, None) => {
            let interpreter = interpreter(&sources);
            let bytes = snapshot(interpreter.component, &source_document(&sources))?;
            let record = Packed {
                interpreter: interpreter.name.to_owned(),
                interpreter_sha256: interpreter.sha256.to_owned(),
                packed_by: env!("CARGO_PKG_VERSION").to_owned(),
                sources_sha256: sources_digest(&sources),
                component_sha256: hex::encode(Sha256::digest(&bytes)),
            };
            let text = toml::to_string(&record).map_err(|e| PackError::Broken(e.to_string()))?;
            files.push((Packed::FILE.to_owned(), text.into_bytes()));
            files.push((Packed::COMPONENT.to_owned(), bytes));
            (record.component_sha256, Some(interpreter.name))
        }
    };
    files.sort();
    let name = format!("{}-{}", manifest.name, manifest.version);
    Ok(PackedBundle { name, files, component_sha256, interpreter })
}
