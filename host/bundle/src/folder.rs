//! A bundle's folder as it is, whether or not its manifests are right: for who tells an author all that is wrong.
//!
//! Owns nothing but the way in: files are read as [`Bundle`] reads them, once, within the same bounds, never from outside of
//! the folder. So what is told of a text is told of the text that [`Folder::bundle`] checks.

use std::path::Path;

use crate::files::Files;
use crate::{Bundle, Error};

/// A folder that holds a `bundle.toml`.
#[derive(Debug, Clone)]
pub struct Folder {
    files: Files,
}

impl Folder {
    /// Opens a folder.
    ///
    /// # Errors
    /// It is not there, or it has no `bundle.toml`.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        Bundle::files_of(folder).map(|files| Self { files })
    }

    /// Its bundle, from the files as they were read here.
    ///
    /// # Errors
    /// `bundle.toml` is wrong.
    pub fn bundle(&self) -> Result<Bundle, Error> {
        Bundle::read_folder(self.files.clone())
    }

    /// The names of the folders below it that hold a `preset.toml`, sorted.
    #[must_use]
    pub fn preset_names(&self) -> Vec<String> {
        self.files.presets()
    }

    /// How messages name a file of the bundle.
    #[must_use]
    pub fn shown(&self, file: &str) -> String {
        self.files.display(file)
    }

    /// Whether a file of the bundle is there.
    #[must_use]
    pub fn has(&self, file: &str) -> bool {
        self.files.has(file)
    }

    /// A text file of the bundle.
    ///
    /// # Errors
    /// It is not there, too large, no UTF-8, or outside of the folder.
    pub fn text(&self, file: &str) -> Result<String, Error> {
        self.files.text(file)
    }

    /// The JavaScript that a preset's script may import, as paths below the bundle's folder, sorted.
    ///
    /// # Errors
    /// There are too many files.
    pub fn scripts(&self, preset: &str) -> Result<Vec<String>, Error> {
        self.files.scripts(preset)
    }
}
