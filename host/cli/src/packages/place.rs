//! Where a package is, as a person writes it: a file, a registry, a folder, an installed bundle's name.
//!
//! Keeps: what looks like a path is one; a reference has a host, so that no word is taken for a registry by accident.

use std::path::{Path, PathBuf};

use presetter_registry::Reference;
use semver::Version;

use crate::console::line;
use crate::failure::Failure;

/// Where a package is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file.
    File(PathBuf),
    /// A folder with an OCI layout.
    Layout(PathBuf),
    /// A folder with sources, which nobody has signed.
    Sources(PathBuf),
    /// A registry.
    Registry(Reference),
    /// A bundle's name alone.
    Name(String),
}

impl Place {
    /// The version that is asked for by a tag. A digest says more than any tag beside it.
    pub(crate) fn version(&self) -> Option<Version> {
        match self {
            Self::Registry(reference) if reference.digest().is_none() => reference.tag()?.version(),
            _ => None,
        }
    }

    /// Reads one.
    ///
    /// # Errors
    /// It is none of these.
    pub(crate) fn of(text: &str) -> Result<Self, Failure> {
        let path = Path::new(text);
        if path.is_dir() {
            let layout = path.join("oci-layout").is_file();
            return Ok(if layout { Self::Layout(path.into()) } else { Self::Sources(path.into()) });
        }
        let like_a_path = ["./", "../", "/", ".\\", "..\\", "~"].iter().any(|start| text.starts_with(start));
        if like_a_path || text.ends_with(".preset") || path.is_file() {
            return Ok(Self::File(path.into()));
        }
        if presetter_manifest::is_bundle_name(text) {
            return Ok(Self::Name(text.to_owned()));
        }
        match text.parse::<Reference>() {
            Ok(reference) => Ok(Self::Registry(reference)),
            Err(error) => Err(Failure::usage(line(&error.to_string()))
                .help("or name a file NAME-VERSION.preset, with ./ in front if it has another ending")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_by_its_form() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("layout")).unwrap();
        std::fs::write(folder.path().join("layout/oci-layout"), "").unwrap();
        let of = |text: &str| Place::of(text).unwrap();
        assert_eq!(of("acme-1.0.0.preset"), Place::File("acme-1.0.0.preset".into()));
        assert_eq!(of("./acme"), Place::File("./acme".into()));
        assert_eq!(of("acme"), Place::Name("acme".into()));
        assert_eq!(of("acme/jamf"), Place::Name("acme/jamf".into()));
        assert!(matches!(of("registry.example/acme/jamf:1.0.0"), Place::Registry(_)));
        assert!(matches!(of("127.0.0.1:5000/acme"), Place::Registry(_)));
        assert!(matches!(of(folder.path().to_str().unwrap()), Place::Sources(_)));
        assert!(matches!(of(folder.path().join("layout").to_str().unwrap()), Place::Layout(_)));
        for wrong in ["", "Acme", "acme:1.0.0", "a/b/c"] {
            assert!(Place::of(wrong).is_err(), "{wrong}");
        }
    }
}
