//! What stands beside a packed bundle's component: from what it was made.
//!
//! Owns the form of `packed.toml`. Keeps: a packed bundle whose sources or component are not those that the record names is
//! refused, so that nobody who changes what is read goes on running what was packed. The record is no signature: whoever can
//! write all three decides what runs, and only packing the sources anew shows that they belong together.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::bundle::{digest, sorted};
use crate::{Bundle, Error};

/// The record of a packed bundle: the file `packed.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packed {
    /// The name of the interpreter that holds the sources: `recipe`.
    pub interpreter: String,
    /// The sha256 of that interpreter, in lower-case hex.
    pub interpreter_sha256: String,
    /// The version of the program that packed it.
    pub packed_by: String,
    /// The sha256 over the sources that are in it, in lower-case hex: [`sources_digest`].
    pub sources_sha256: String,
    /// The sha256 of the component, in lower-case hex.
    pub component_sha256: String,
}

impl Packed {
    /// The record's file.
    pub const FILE: &'static str = "packed.toml";
    /// The component's file.
    pub const COMPONENT: &'static str = "component.wasm";
}

/// The sha256 over the sources of a bundle, in lower-case hex.
#[must_use]
pub fn sources_digest(sources: &[(String, String)]) -> String {
    digest(sorted(sources))
}

impl Bundle {
    /// The record, if this bundle is a packed one.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn packed(&self) -> Result<Option<Packed>, Error> {
        if !self.files.has(Packed::FILE) {
            return Ok(None);
        }
        let text = self.files.text(Packed::FILE)?;
        Ok(Some(presetter_manifest::read_toml(&self.files.display(Packed::FILE), &text)?))
    }

    /// The component of a packed bundle, if it is one.
    pub(crate) fn packed_component(&self) -> Result<Option<Bytes>, Error> {
        let Some(packed) = self.packed()? else { return Ok(None) };
        let changed = |file: &str, what: &str| Error::NotThere {
            message: format!("{}: {what} changed since the bundle was packed", self.files.display(file)),
            hint: "pack it anew from its sources: what is read must be what runs".into(),
        };
        let component = self.files.read(Packed::COMPONENT)?;
        if self.component_sha256.get().is_some() {
            return Ok(Some(component));
        }
        if self.files.sha256(Packed::COMPONENT, &component) != packed.component_sha256 {
            return Err(changed(Packed::COMPONENT, "the component was"));
        }
        if sources_digest(&self.sources()?) != packed.sources_sha256 {
            return Err(changed("bundle.toml", "it, a preset or a script was"));
        }
        self.component_sha256.get_or_init(|| packed.component_sha256);
        Ok(Some(component))
    }

    /// The sources of all presets: what [`Bundle::sources_for`] gives for each, every file once, in the order of their paths.
    ///
    /// # Errors
    /// A preset is wrong.
    pub fn sources(&self) -> Result<Vec<(String, String)>, Error> {
        let mut sources = BTreeMap::from([("bundle.toml".to_owned(), self.text().to_string())]);
        for preset in self.preset_names() {
            sources.extend(self.sources_for(&preset)?);
        }
        Ok(sources.into_iter().collect())
    }

    /// The files beside the sources that travel with a bundle, sorted: the tests of its presets, and what is written for people
    /// (`README.md`, `CHANGELOG.md`, licences, Markdown below `docs`). With their contents.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn companions(&self) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let presets = self.preset_names();
        let travels = |file: &String| match file.split('/').collect::<Vec<_>>().as_slice() {
            [name] => ["README.md", "CHANGELOG.md"].contains(name) || name.starts_with("LICENSE"),
            [preset, "tests", .., name] => {
                presets.iter().any(|known| known == preset) && (name.ends_with(".toml") || name.ends_with(".har"))
            }
            ["docs", .., name] => name.ends_with(".md"),
            _ => false,
        };
        let names = self.files.all()?;
        names.into_iter().filter(travels).map(|name| self.files.read(&name).map(|bytes| (name, bytes.into()))).collect()
    }
}
