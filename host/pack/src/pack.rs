//! A bundle as it is distributed: its sources, what belongs to them, and one component.
//!
//! Owns: which files these are. Must never: write them.
//! Keeps true: every file has a path below the bundle's folder, and one path is one file.

use std::path::{Component, Path};

use presetter_bundle::{Bundle, Packed, sources_digest};
use presetter_manifest::file_name;
use sha2::{Digest as _, Sha256};

use crate::{PackError, interpreter, snapshot, source_document};

/// A packed bundle, in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedBundle {
    /// Name and version as a file's name: `acme-1.0.0`, `acme-jamf-1.0.0`.
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
            placed(bundle, file.as_str(), &files)?;
            let bytes = match given {
                Some(bytes) => bytes,
                None => bundle.component()?.unwrap_or_default().into(),
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
    let name = format!("{}-{}", file_name(manifest.name.as_str()), manifest.version);
    Ok(PackedBundle { name, files, component_sha256, interpreter })
}

/// Whether a component can lie where the manifest says. The path is a stranger's: whoever packs writes there.
fn placed(bundle: &Bundle, component: &str, files: &[(String, Vec<u8>)]) -> Result<(), PackError> {
    let below = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
    // Nor in place of another file, in whatever case the system writes names, nor of what a loaded bundle is known by.
    let taken = files.iter().map(|(name, _)| name.as_str()).chain([Packed::FILE]);
    let what = match component {
        "" => "no path",
        path if !below(Path::new(path)) || path.contains(['\\', ':']) => "no path below the bundle's folder",
        path if taken.into_iter().any(|name| name.eq_ignore_ascii_case(path)) => "another file of the bundle",
        _ => return Ok(()),
    };
    Err(PackError::BadPlace { file: bundle.file().to_owned(), component: component.to_owned(), what })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use presetter_bundle::Bundle;

    use super::pack;
    use crate::PackError;

    const BUNDLE: &str = "name = 'acme'\nversion = '1.0.0'\ncontract = '0.1'\ntitle = 'Acme'\n[[grants]]\nmethods = ['GET']\npaths = ['things/*']\n[connections.open]\ntitle = 'Open'\nauth = 'none'\nbase_url = 'https://acme.example'\n";

    #[test]
    fn a_component_lies_below_the_folder_and_in_no_other_files_place() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("README.md"), "Acme").unwrap();
        let packed = |component: &str| {
            let text = BUNDLE.replace("title = 'Acme'", &format!("component = '{component}'\ntitle = 'Acme'"));
            fs::write(folder.path().join("bundle.toml"), text).unwrap();
            pack(&Bundle::open_folder(folder.path()).unwrap(), Some(b"code".to_vec()))
        };
        for (component, word) in [
            ("/etc/own.wasm", "no path below"),
            ("../own.wasm", "no path below"),
            ("a/../../own.wasm", "no path below"),
            ("C:\\own.wasm", "no path below"),
            ("", "no path"),
            ("bundle.toml", "another file"),
            ("readme.md", "another file"),
            ("packed.toml", "another file"),
        ] {
            let error = packed(component).unwrap_err();
            assert!(matches!(&error, PackError::BadPlace { what, .. } if what.contains(word)), "{component}: {error}");
        }
        let files = packed("code/own.wasm").unwrap().files;
        assert!(files.iter().any(|(name, bytes)| name == "code/own.wasm" && bytes == b"code"));
    }
}
