//! A bundle from the bytes of a signed package.
//!
//! Owns the way from verified bytes to a [`Bundle`]. Must never: read a file. What was verified is what runs, whoever changes what lies on the disk
//! meanwhile. Keeps: what `bundle.toml` calls itself is what was verified; all that is checked of a folder is checked here too.

use std::collections::BTreeMap;
use std::sync::Arc;

use presetter_connection::Source;
use presetter_manifest::{Diagnostics, file_name};
use presetter_template::Problem;

use crate::files::{Content, Files};
use crate::{Bundle, Error};

impl Bundle {
    /// The bundle in a package whose signatures and digests were verified. `name` and `version` are those that were verified,
    /// `files` its files by path, with their digests as they were verified.
    ///
    /// # Errors
    /// Two files have one path; `bundle.toml` is not there, is wrong, or calls itself otherwise.
    pub fn from_package(
        name: &str,
        version: &str,
        files: Vec<(String, Content)>,
        source: Source,
    ) -> Result<Self, Error> {
        let named = format!("{}-{version}.preset", file_name(name));
        let count = files.len();
        let files: BTreeMap<String, Content> = files.into_iter().collect();
        if files.len() != count {
            return Err(Error::Io { file: named, reason: "two of its files have one path".into() });
        }
        let bundle = Self::read(Files::Package { named, files: Arc::new(files) }, |_| source)?;
        let manifest = bundle.manifest();
        let mut problems = Vec::new();
        if manifest.name.as_str() != name {
            let message = format!("the package is signed as \"{name}\", and calls itself \"{}\"", manifest.name);
            problems.push(Problem::new(message, manifest.name.span()).with_hint(ADVICE));
        }
        let written = manifest.version.to_string();
        if written != version {
            let message = format!("the package is signed as version {version}, and calls itself {written}");
            let start = bundle.text().find(&written).unwrap_or_default();
            problems.push(Problem::new(message, start..start + written.len()).with_hint(ADVICE));
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(Diagnostics::of(bundle.file(), bundle.text(), problems)));
        }
        Ok(bundle)
    }
}

const ADVICE: &str =
    "do not use it, and tell whoever signed it: a package bears the name and the version of its bundle.toml";

#[cfg(test)]
mod tests {
    use std::fs;

    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::{Packed, sources_digest};

    const BUNDLE: &str = "name = 'acme/jamf'\nversion = '1.0.0-rc.1+b2'\ncontract = '0.1'\ntitle = 'Acme'\n[connections.open]\ntitle = 'Open'\nauth = 'none'\n";
    const PRESET: &str = "title = 'Thing'\neffect = 'read'\n[request]\nmethod = 'GET'\npath = ['things']\n";

    fn source() -> Source {
        Source::Signed { bundle: "acme/jamf".into(), signers: vec![format!("sha256:{}", "0".repeat(64))] }
    }

    fn opened(name: &str, version: &str, files: &[(&str, &str)]) -> Result<Bundle, Error> {
        let content = |text: &str| Content { bytes: text.to_owned().into(), sha256: hex::encode(Sha256::digest(text)) };
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), content(text))).collect();
        Bundle::from_package(name, version, files, source())
    }

    fn usual(more: &[(&str, &str)]) -> Bundle {
        let files = [&[("bundle.toml", BUNDLE), ("thing/preset.toml", PRESET)], more].concat();
        opened("acme/jamf", "1.0.0-rc.1+b2", &files).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn it_is_read_from_memory_as_a_folder_is_from_the_disk() {
        let bundle = usual(&[("deep/er/preset.toml", PRESET), ("README.md", "# Acme")]);
        assert_eq!(bundle.preset_names(), ["thing"]);
        assert_eq!(bundle.preset("thing").unwrap().file, "acme-jamf-1.0.0-rc.1+b2.preset/thing/preset.toml");
        assert_eq!(bundle.source(), &source());
        assert_eq!(bundle.companions().unwrap(), [("README.md".to_owned(), b"# Acme".to_vec())]);
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("thing")).unwrap();
        fs::write(folder.path().join("bundle.toml"), BUNDLE).unwrap();
        fs::write(folder.path().join("thing/preset.toml"), PRESET).unwrap();
        let other = Bundle::open_folder(folder.path()).unwrap();
        assert_eq!(bundle.digest("thing").unwrap(), other.digest("thing").unwrap());
        for name in ["../thing", "deep/er", "", "no"] {
            assert!(matches!(bundle.preset(name), Err(Error::NotThere { .. })), "{name}");
        }
    }

    #[test]
    fn it_is_called_what_was_verified() {
        for (name, version, told) in [
            ("acme/okta", "1.0.0-rc.1+b2", "calls itself \"acme/jamf\""),
            ("jamf", "1.0.0-rc.1+b2", "calls itself \"acme/jamf\""),
            ("acme/jamf", "1.0.0", "calls itself 1.0.0-rc.1+b2"),
            ("acme/jamf", "1.0.0-rc.1", "calls itself 1.0.0-rc.1+b2"),
            ("acme/jamf", "1.0.0-rc.1+b3", "calls itself 1.0.0-rc.1+b2"),
        ] {
            let error = opened(name, version, &[("bundle.toml", BUNDLE)]).unwrap_err().to_string();
            assert!(error.contains(told) && error.contains(".preset/bundle.toml:"), "{error}");
        }
        let version = opened("acme/jamf", "2.0.0", &[("bundle.toml", BUNDLE)]).unwrap_err().to_string();
        assert!(version.contains("bundle.toml:2:12"), "{version}");
    }

    #[test]
    fn what_is_not_there_or_is_there_twice_is_refused() {
        assert!(matches!(opened("acme/jamf", "1.0.0", &[]), Err(Error::Io { .. })));
        let twice = opened("acme/jamf", "1.0.0", &[("bundle.toml", BUNDLE), ("bundle.toml", BUNDLE)]);
        assert!(twice.unwrap_err().to_string().contains("one path"));
        let script = format!("script = 'run.js'\n{}", &PRESET[..PRESET.find("[request]").unwrap()]);
        let error = usual(&[("thing2/preset.toml", &script)]).preset("thing2").unwrap_err().to_string();
        assert!(error.contains("there is no file thing2/run.js"), "{error}");
    }

    #[test]
    fn a_packed_one_runs_its_component_and_is_checked_as_in_a_folder() {
        let sources = usual(&[]).sources().unwrap();
        let record = |component: &str| {
            let packed = Packed {
                interpreter: "recipe".into(),
                interpreter_sha256: "0".repeat(64),
                packed_by: "0.1.0".into(),
                sources_sha256: sources_digest(&sources),
                component_sha256: hex::encode(Sha256::digest(component)),
            };
            toml::to_string(&packed).unwrap()
        };
        let right = usual(&[("packed.toml", &record("code")), ("component.wasm", "code")]);
        assert_eq!(right.component().unwrap().unwrap(), "code");
        let wrong = usual(&[("packed.toml", &record("code")), ("component.wasm", "evil")]);
        assert!(wrong.component().unwrap_err().to_string().contains("changed since the bundle was packed"));
        assert_eq!(usual(&[]).component().unwrap(), None);
    }
}
