//! From sources to a component.
//!
//! Owns: the interpreters that are built into the program, the document in which a bundle's sources are handed to one, and the
//! component that such a document is loaded into once and for all. Never: writes a file, or gives a component anything to reach.
//! Keeps true: what is embedded here imports nothing but the contract; the same sources and the same interpreter are packed
//! into the same bytes.

#![forbid(unsafe_code)]

mod error;
mod pack;
mod rebuild;
mod snapshot;

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use presetter_bundle::{Bundle, Error};

pub use error::PackError;
pub use pack::{PackedBundle, pack};
pub use rebuild::{Rebuilt, rebuild};
pub use snapshot::snapshot;

/// A component that runs presets written as data: the world `bundle-interpreter` of `wit/preset.wit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interpreter {
    /// Its name: `recipe`.
    pub name: &'static str,
    /// The component, not yet loaded with any sources.
    pub component: &'static [u8],
    /// The SHA-256 of [`Self::component`], 64 lower-case hexadecimal digits.
    pub sha256: &'static str,
}

/// The interpreter of recipes: presets written only as data.
pub const RECIPE: Interpreter = Interpreter {
    name: "recipe",
    component: include_bytes!(env!("PRESETTER_RECIPE_COMPONENT")),
    sha256: env!("PRESETTER_RECIPE_SHA256"),
};

/// The interpreter of scripts: presets written in JavaScript, and recipes beside them.
pub const SCRIPT: Interpreter = Interpreter {
    name: "script",
    component: include_bytes!(env!("PRESETTER_SCRIPT_COMPONENT")),
    sha256: env!("PRESETTER_SCRIPT_SHA256"),
};

/// What a script is given, as TypeScript declares it: documentation, and completions in an editor.
pub const SCRIPT_TYPES: &str = include_str!("../../../plugins/script/presetter.d.ts");

/// The interpreter that runs these sources: that of recipes unless a preset among them runs a script.
#[must_use]
pub fn interpreter(sources: &[(String, String)]) -> Interpreter {
    // JavaScript is among them only where a manifest names a script.
    let script = sources.iter().any(|(path, _)| path.ends_with(".js") || path.ends_with(".mjs"));
    if script { SCRIPT } else { RECIPE }
}

/// What runs a preset.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The component: the bundle's own, or an interpreter's.
    pub component: Bytes,
    /// Its SHA-256, in lower-case hex.
    pub sha256: Cow<'static, str>,
    /// Whether it is the bundle's own, which its author built.
    pub own: bool,
    /// Whether it is an interpreter that holds the bundle's sources already.
    pub packed: bool,
    /// The sources, where they had to be read to know which interpreter it is.
    sources: Option<Vec<(String, String)>>,
}

impl Parts {
    /// What stands before an error about the component: the line that names it; nothing for what the program brings.
    #[must_use]
    pub fn origin(&self, bundle: &Bundle) -> String {
        match &bundle.manifest().component {
            Some(file) if self.own => format!("{}: component {file}: ", bundle.file()),
            _ => String::new(),
        }
    }

    /// The document that the component is to load before it runs the preset that these are the parts of, if it is an interpreter that is not loaded yet.
    ///
    /// # Errors
    /// As [`Bundle::sources_for`].
    pub fn document(&self, bundle: &Bundle, preset: &str, is_interpreter: bool) -> Result<Option<String>, Error> {
        if !is_interpreter || self.packed {
            return Ok(None);
        }
        Ok(Some(match &self.sources {
            Some(sources) => document(sources, true),
            None => document(&bundle.sources_for(preset)?, true),
        }))
    }
}

/// The component that runs a preset of a bundle, with those that the preset names.
///
/// # Errors
/// The bundle's own component cannot be read; else as [`Bundle::sources_for`].
pub fn parts(bundle: &Bundle, preset: &str) -> Result<Parts, Error> {
    Ok(match bundle.component()? {
        Some(component) => {
            let own = bundle.manifest().component.is_some();
            let sha256 = bundle.component_digest()?.unwrap_or_default().into();
            Parts { component, sha256, own, packed: !own, sources: None }
        }
        None => {
            let sources = bundle.sources_for(preset)?;
            let Interpreter { component, sha256, .. } = interpreter(&sources);
            let sha256 = sha256.into();
            Parts {
                component: Bytes::from_static(component),
                sha256,
                own: false,
                packed: false,
                sources: Some(sources),
            }
        }
    })
}

/// The document that an interpreter's `load` takes: JSON `{"files": {PATH: TEXT}}`.
///
/// Paths are relative to the bundle's folder, with `/`. Files stand in the order of their paths, so that the same
/// bundle always gives the same bytes; of two with the same path the last one counts.
#[must_use]
pub fn source_document(files: &[(String, String)]) -> String {
    document(files, false)
}

/// `checked`: their manifests were read as [`Bundle`] reads them, and `load` need not look for mistakes in them once more.
fn document(files: &[(String, String)], checked: bool) -> String {
    let files: BTreeMap<&str, &str> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    match checked {
        true => serde_json::json!({ "checked": true, "files": files }),
        false => serde_json::json!({ "files": files }),
    }
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::{RECIPE, SCRIPT, interpreter, source_document};

    #[test]
    fn the_digest_is_the_components() {
        use sha2::Digest as _;
        for interpreter in [RECIPE, SCRIPT] {
            assert_eq!(hex::encode(sha2::Sha256::digest(interpreter.component)), interpreter.sha256);
        }
    }

    #[test]
    fn an_interpreter_imports_nothing_but_the_contract() {
        for interpreter in [RECIPE, SCRIPT] {
            assert_eq!(presetter_guests::foreign_imports(interpreter.component).unwrap(), Vec::<String>::new());
        }
    }

    #[test]
    fn an_interpreter_holds_no_path_of_the_machine_that_built_it() {
        let home = std::env::home_dir().unwrap();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        // That paths are in there at all: those of panics, with the machine's part mapped away.
        let mapped = b"/cargo/registry/";
        for component in [RECIPE, SCRIPT].map(|interpreter| interpreter.component) {
            for path in [home.join(".cargo"), home.join(".rustup"), root.to_owned()] {
                let path = path.to_str().unwrap().as_bytes();
                assert!(!component.windows(path.len()).any(|bytes| bytes == path));
            }
            assert!(component.windows(mapped.len()).any(|bytes| bytes == mapped));
        }
    }

    #[test]
    fn scripts_have_their_own_interpreter() {
        let sources = |files: &[&str]| -> Vec<(String, String)> {
            files.iter().map(|file| ((*file).to_owned(), String::new())).collect()
        };
        assert_eq!(interpreter(&sources(&["bundle.toml", "a/preset.toml"])), RECIPE);
        for file in ["a/run.js", "lib/x.mjs"] {
            assert_eq!(interpreter(&sources(&["bundle.toml", "a/preset.toml", file])), SCRIPT);
        }
    }

    #[test]
    fn the_source_document_does_not_depend_on_the_order_of_files() {
        let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let one = [file("users/preset.toml", "title = \"\u{e9}\"\n"), file("bundle.toml", "")];
        let other = [one[1].clone(), one[0].clone()];
        let expected = r#"{"files":{"bundle.toml":"","users/preset.toml":"title = \"é\"\n"}}"#;
        assert_eq!(source_document(&one), expected);
        assert_eq!(source_document(&other), expected);
        assert_eq!(source_document(&[]), r#"{"files":{}}"#);
    }
}
