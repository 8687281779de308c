//! Where everything lies below the folder of data.
//!
//! Invariant: a name and a digest lead to one file each, below the folder: names are checked before they come here, and have no dot.

use std::path::{Path, PathBuf};

use presetter_package::Digest;

/// The folder of data.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    pub(crate) fn index(&self) -> PathBuf {
        self.root.join("installed.toml")
    }

    pub(crate) fn history(&self) -> PathBuf {
        self.root.join("history.jsonl")
    }

    pub(crate) fn packages(&self) -> PathBuf {
        self.root.join("packages")
    }

    pub(crate) fn package(&self, digest: Digest) -> PathBuf {
        self.packages().join(format!("{}.preset", digest.hex()))
    }

    pub(crate) fn approvals(&self) -> PathBuf {
        self.root.join("approved")
    }

    /// The approvals of a bundle. A dot stands for the slash after a scope: no other bundle has this file.
    pub(crate) fn approved(&self, bundle: &str) -> PathBuf {
        self.approvals().join(format!("{}.toml", bundle.replace('/', ".")))
    }
}

/// The digest whose package has this file name.
pub(crate) fn digest_of(file: &str) -> Option<Digest> {
    Digest::from_hex(file.strip_suffix(".preset")?).ok()
}

/// The bundle whose approvals have this file name.
pub(crate) fn bundle_of(file: &str) -> Option<String> {
    Some(file.strip_suffix(".toml")?.replace('.', "/")).filter(|name| presetter_manifest::is_bundle_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_and_its_file_belong_together() {
        let layout = Layout::new(Path::new("/d"));
        for (name, file) in [("jamf", "jamf.toml"), ("acme/jamf", "acme.jamf.toml"), ("acme-jamf", "acme-jamf.toml")] {
            assert_eq!(layout.approved(name), Path::new("/d/approved").join(file));
            assert_eq!(bundle_of(file).as_deref(), Some(name));
        }
        for other in ["jamf", ".toml", "a.b.c.toml", "..toml", "Jamf.toml", ".new-x"] {
            assert_eq!(bundle_of(other), None, "{other}");
        }
        let digest = Digest::of(b"x");
        let file = layout.package(digest);
        assert_eq!(file.file_name().and_then(|name| digest_of(name.to_str()?)), Some(digest));
        assert_eq!(digest_of(&format!("{}.preset", digest.hex().to_uppercase())), None);
    }
}
