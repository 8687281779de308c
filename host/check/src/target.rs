//! What a person points at: a bundle's folder, or one preset's.

use std::path::{Path, PathBuf};

use presetter_bundle::Error;

/// A bundle, or one preset of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The bundle's folder, as messages name it.
    pub folder: PathBuf,
    /// The one preset that is meant.
    pub preset: Option<String>,
}

impl Target {
    /// What a folder is: it holds a `bundle.toml`, or a `preset.toml` and lies in one that holds a `bundle.toml`.
    ///
    /// # Errors
    /// It is neither.
    pub fn of(dir: &Path) -> Result<Self, Error> {
        if dir.join("bundle.toml").is_file() {
            return Ok(Self { folder: dir.to_owned(), preset: None });
        }
        // `.` has a name only when it is resolved, and its parent is `..`.
        let parent = match (dir.file_name(), dir.parent()) {
            (Some(_), Some(parent)) if !parent.as_os_str().is_empty() => parent.to_owned(),
            (Some(_), _) => PathBuf::from("."),
            _ if dir == Path::new(".") => PathBuf::from(".."),
            _ => dir.join(".."),
        };
        let name = dir.canonicalize().ok().and_then(|full| Some(full.file_name()?.to_str()?.to_owned()));
        match name {
            Some(name) if dir.join("preset.toml").is_file() && parent.join("bundle.toml").is_file() => {
                Ok(Self { folder: parent, preset: Some(name) })
            }
            _ => Err(Error::NotThere {
                message: format!("{} is neither a bundle's folder nor a preset's", dir.display()),
                hint: "a bundle's folder holds bundle.toml; a preset's folder holds preset.toml, and lies in a bundle's folder".into(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_is_a_bundle_or_a_preset_or_neither() {
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path().join("acme");
        let preset = bundle.join("get-user");
        fs::create_dir_all(preset.join("tests")).unwrap();
        assert!(Target::of(&bundle).is_err());
        fs::write(bundle.join("bundle.toml"), "").unwrap();
        assert_eq!(Target::of(&bundle).unwrap(), Target { folder: bundle.clone(), preset: None });
        assert!(Target::of(&preset).is_err(), "a folder without preset.toml");
        fs::write(preset.join("preset.toml"), "").unwrap();
        let one = Target { folder: bundle.clone(), preset: Some("get-user".into()) };
        assert_eq!(Target::of(&preset).unwrap(), one);
        let dotted = Target::of(&preset.join(".")).unwrap();
        assert_eq!(dotted.preset.as_deref(), Some("get-user"));
        let below = Target::of(&preset.join("tests/..")).unwrap();
        assert_eq!(below.preset.as_deref(), Some("get-user"));
        assert!(Target::of(&folder.path().join("nowhere")).is_err());
    }
}
