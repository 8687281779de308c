//! A bundle as the rest of the program sees it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use presetter_connection::Source;
use presetter_manifest::{Diagnostics, Preset};
use presetter_template::Problem;
use sha2::{Digest, Sha256};

use crate::files::{self, Files};
use crate::{Error, Reference};

/// A bundle whose `bundle.toml` was read and checked. Its presets are read when asked for.
#[derive(Debug, Clone)]
pub struct Bundle {
    pub(crate) files: Files,
    file: String,
    text: Arc<str>,
    manifest: presetter_manifest::Bundle,
    source: Source,
    /// The sha256 of the component that the bundle brings, once it was looked at: files are read once. That of a packed bundle was found
    /// to be as it was packed by then.
    pub(crate) component_sha256: Arc<OnceLock<String>>,
    /// The presets that were read so far. What is right is read once; what is wrong is told each time.
    presets: Arc<Mutex<HashMap<String, PresetFile>>>,
}

/// One preset of a bundle, read and checked.
#[derive(Debug, Clone)]
pub struct PresetFile {
    /// Its name in the bundle: `create-user`.
    pub name: String,
    /// Its manifest as messages name it: `./presets/mosyle/create-user/preset.toml`.
    pub file: String,
    /// The manifest's text.
    pub text: Arc<str>,
    /// The manifest.
    pub manifest: Preset,
}

impl Bundle {
    /// The bundle that a preset or a connection kind belongs to.
    ///
    /// # Errors
    /// There is no such bundle, or its `bundle.toml` is wrong.
    pub fn open(reference: &Reference) -> Result<Self, Error> {
        match reference {
            Reference::Path { folder, .. } => Self::open_folder(folder),
            Reference::Named { bundle, .. } => Self::built_in(bundle).unwrap_or_else(|| {
                Err(Error::NotThere {
                    message: format!("there is no bundle \"{bundle}\""),
                    hint: format!(
                        "built in: {}; a bundle in a folder is named by its path, as in ./{reference}",
                        files::built_in_names().join(", ")
                    ),
                })
            }),
        }
    }

    /// A bundle in source form.
    ///
    /// # Errors
    /// The folder is not there or no bundle, or its `bundle.toml` is wrong.
    pub fn open_folder(folder: &Path) -> Result<Self, Error> {
        Self::files_of(folder).and_then(Self::read_folder)
    }

    /// The files of a folder that holds a `bundle.toml`.
    pub(crate) fn files_of(folder: &Path) -> Result<Files, Error> {
        let shown = folder.display();
        if !folder.join("bundle.toml").is_file() {
            return Err(Error::NotThere {
                message: format!("{shown} is not a bundle's folder: it has no file bundle.toml"),
                hint: "the path of a preset is its bundle's folder, then its name: ./presets/mosyle/create-user".into(),
            });
        }
        Files::folder(folder)
    }

    /// The bundle of a folder's files.
    pub(crate) fn read_folder(files: Files) -> Result<Self, Error> {
        let Files::Folder { path, .. } = &files else { unreachable!("a folder's files are a folder") };
        let path = path.clone();
        Self::read(files, |bundle| Source::Folder { path, bundle })
    }

    /// A bundle that is built into the program; nothing if there is none of that name.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Result<Self, Error>> {
        Files::built_in(name).map(|files| Self::read(files, |bundle| Source::BuiltIn { bundle }))
    }

    /// The names of the bundles that are built in.
    #[must_use]
    pub fn built_in_names() -> Vec<&'static str> {
        files::built_in_names()
    }

    pub(crate) fn read(files: Files, source: impl FnOnce(String) -> Source) -> Result<Self, Error> {
        let file = files.display("bundle.toml");
        let text: Arc<str> = files.text("bundle.toml")?.into();
        let manifest = match &files {
            // Tests check all of them, as a bundle in a folder is checked here.
            Files::BuiltIn(_) => presetter_manifest::Bundle::read_checked(&file, &text)?,
            _ => presetter_manifest::Bundle::parse(&file, &text)?,
        };
        let source = source(manifest.name.as_str().to_owned());
        Ok(Self { files, file, text, manifest, source, component_sha256: Arc::default(), presets: Arc::default() })
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &presetter_manifest::Bundle {
        &self.manifest
    }

    /// The text of `bundle.toml`.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// `bundle.toml` as messages name it.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// How messages name a file of the bundle.
    #[must_use]
    pub fn shown(&self, file: &str) -> String {
        self.files.display(file)
    }

    /// Where it came from: what a connection is bound to.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The names of its presets, sorted.
    #[must_use]
    pub fn preset_names(&self) -> Vec<String> {
        self.files.presets()
    }

    /// One preset, checked, together with the presets that it names (a probe, a mix-up).
    ///
    /// # Errors
    /// There is no such preset, or its manifest is wrong.
    pub fn preset(&self, name: &str) -> Result<PresetFile, Error> {
        let preset = self.preset_alone(name)?;
        let named = preset.manifest.probe.iter().map(|p| (&p.preset, &p.inputs));
        let named = named.chain(preset.manifest.mixup.iter().map(|m| (&m.preset, &m.inputs)));
        for (other, inputs) in named {
            let wrong = |message: String, hint: String| {
                let problem = Problem::new(message, other.span()).with_hint(hint);
                Error::Invalid(Diagnostics::of(&preset.file, &preset.text, vec![problem]))
            };
            if !self.preset_names().iter().any(|known| known == other.as_str()) {
                let known = self.preset_names().join(", ");
                return Err(wrong(format!("the bundle has no preset \"{other}\""), format!("possible here: {known}")));
            }
            let target = self.preset_alone(other.as_str())?;
            if target.manifest.effect.writes() {
                return Err(wrong(
                    format!("\"{other}\" changes something; here stands a preset that only reads"),
                    "its effect must be \"read\"".into(),
                ));
            }
            if let Some(input) = inputs.keys().find(|input| !target.manifest.inputs.contains_key(*input)) {
                let known = target.manifest.inputs.keys().cloned().collect::<Vec<_>>().join(", ");
                return Err(wrong(format!("\"{other}\" has no input \"{input}\""), format!("its inputs: {known}")));
            }
        }
        Ok(preset)
    }

    fn preset_alone(&self, name: &str) -> Result<PresetFile, Error> {
        let known = || self.presets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(preset) = known().get(name) {
            return Ok(preset.clone());
        }
        let preset = self.read_preset(name)?;
        known().insert(name.to_owned(), preset.clone());
        Ok(preset)
    }

    fn read_preset(&self, name: &str) -> Result<PresetFile, Error> {
        let relative = format!("{name}/preset.toml");
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if !plain || !self.files.has(&relative) {
            return Err(Error::NotThere {
                message: format!("bundle \"{}\" has no preset \"{name}\"", self.manifest.name),
                hint: format!("its presets: {}", self.preset_names().join(", ")),
            });
        }
        let file = self.files.display(&relative);
        let text: Arc<str> = self.files.text(&relative)?.into();
        let manifest = match &self.files {
            Files::BuiltIn(_) => Preset::read_checked(&file, &text)?,
            _ => Preset::parse(&file, &text, &self.manifest)?,
        };
        if let Some(script) = manifest.script.as_ref().filter(|s| !self.files.has(&format!("{name}/{s}"))) {
            let problem = Problem::new(format!("there is no file {name}/{script}"), script.span())
                .with_hint("a script lies in the folder of its preset");
            return Err(Error::Invalid(Diagnostics::of(&file, &text, vec![problem])));
        }
        Ok(PresetFile { name: name.to_owned(), file, text, manifest })
    }

    /// The component that the bundle brings: its own, or the one that it was packed into.
    ///
    /// # Errors
    /// The file cannot be read; a packed bundle is not as it was packed.
    pub fn component(&self) -> Result<Option<Bytes>, Error> {
        match &self.manifest.component {
            Some(file) => self.files.read(file.as_str()).map(Some),
            None => self.packed_component(),
        }
    }

    /// The sha256 of that component, in lower-case hex, if the bundle brings one.
    ///
    /// # Errors
    /// As [`Bundle::component`].
    pub fn component_digest(&self) -> Result<Option<String>, Error> {
        if self.component_sha256.get().is_none()
            && let Some(bytes) = self.component()?
            && let Some(file) = &self.manifest.component
        {
            self.component_sha256.get_or_init(|| self.files.sha256(file.as_str(), &bytes));
        }
        Ok(self.component_sha256.get().cloned())
    }

    /// The sources that an interpreter needs to run one preset: `bundle.toml`, the preset, and those that it names; with a
    /// script all JavaScript below the preset's folder (but for its `tests`) and below the bundle's folder `lib`.
    ///
    /// # Errors
    /// As [`Bundle::preset`].
    pub fn sources_for(&self, name: &str) -> Result<Vec<(String, String)>, Error> {
        let preset = self.preset(name)?;
        let mut sources = vec![("bundle.toml".to_owned(), self.text.to_string())];
        let mut wanted = vec![preset];
        while let Some(preset) = wanted.pop() {
            let path = format!("{}/preset.toml", preset.name);
            if sources.iter().any(|(known, _)| *known == path) {
                continue;
            }
            for other in
                preset.manifest.probe.iter().map(|p| &p.preset).chain(preset.manifest.mixup.iter().map(|m| &m.preset))
            {
                wanted.push(self.preset(other.as_str())?);
            }
            sources.push((path, preset.text.to_string()));
            if preset.manifest.script.is_some() {
                for (file, text) in self.files.script_texts(&preset.name)? {
                    if !sources.iter().any(|(known, _)| *known == file) {
                        sources.push((file, text));
                    }
                }
            }
        }
        Ok(sources)
    }

    /// The sha256 over everything that can influence a run of a preset, in lower-case hex.
    ///
    /// # Errors
    /// As [`Bundle::sources_for`] and [`Bundle::component`].
    pub fn digest(&self, preset: &str) -> Result<String, Error> {
        let sources = self.sources_for(preset)?;
        let component = self.component_digest()?;
        let component = component.iter().map(|sha256| ("component", sha256.as_bytes()));
        Ok(digest(sorted(&sources).chain(component)))
    }
}

/// Sources in the order of their paths.
pub(crate) fn sorted(sources: &[(String, String)]) -> impl Iterator<Item = (&str, &[u8])> {
    let mut files: Vec<(&str, &[u8])> = sources.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    files.sort_unstable();
    files.into_iter()
}

/// The sha256 over names and contents, in lower-case hex.
pub(crate) fn digest<'f>(files: impl Iterator<Item = (&'f str, &'f [u8])>) -> String {
    let mut hash = Sha256::new();
    for (name, bytes) in files {
        // Lengths first: no two lists of files give the same bytes.
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const BUNDLE: &str = "name = 'acme'\nversion = '1.0.0'\ncontract = '0.1'\ntitle = 'Acme'\n[[grants]]\nmethods = ['GET']\npaths = ['things/*']\n[connections.open]\ntitle = 'Open'\nauth = 'none'\nbase_url = 'https://acme.example'\n";
    const PRESET: &str = "title = 'Thing'\neffect = 'read'\n[inputs]\nid = { type = 'string', required = true }\n[request]\nmethod = 'GET'\npath = ['things', '{{id}}']\n";

    fn folder(preset: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("bundle.toml"), BUNDLE).unwrap();
        fs::create_dir(folder.path().join("thing")).unwrap();
        fs::write(folder.path().join("thing/preset.toml"), preset).unwrap();
        folder
    }

    #[test]
    fn every_built_in_preset_is_right() {
        for name in Bundle::built_in_names() {
            let bundle = Bundle::built_in(name).unwrap().unwrap();
            assert!(bundle.preset_names().len() >= 4, "{:?}", bundle.preset_names());
            for preset in bundle.preset_names() {
                bundle.preset(&preset).unwrap_or_else(|e| panic!("{e}"));
            }
        }
    }

    #[test]
    fn a_folder_is_read_and_its_digest_follows_its_content() {
        let folder = folder(PRESET);
        let bundle = Bundle::open_folder(folder.path()).unwrap();
        assert_eq!(bundle.preset_names(), ["thing"]);
        let before = bundle.digest("thing").unwrap();
        fs::write(folder.path().join("thing/preset.toml"), format!("{PRESET}# x\n")).unwrap();
        assert_eq!(before, bundle.digest("thing").unwrap(), "what was checked is what runs");
        assert_ne!(before, Bundle::open_folder(folder.path()).unwrap().digest("thing").unwrap());
        fs::remove_dir_all(folder.path()).unwrap();
        assert!(bundle.preset("thing").is_ok() && bundle.preset_names() == ["thing"]);
    }

    #[test]
    fn errors_point_into_the_file() {
        let folder = folder(&PRESET.replace("{{id}}", "{{idd}}"));
        let error = Bundle::open_folder(folder.path()).unwrap().preset("thing").unwrap_err().to_string();
        assert!(error.contains("preset.toml:7:20"), "{error}");
        assert!(error.contains("did you mean \"id\"?"), "{error}");
    }

    #[test]
    fn no_more_text_is_read_than_a_script_may_have() {
        let folder = folder(&format!("script = 'run.js'\n{PRESET}"));
        let script = |name: &str, bytes: u64| {
            let file = fs::File::create(folder.path().join("thing").join(name)).unwrap();
            file.set_len(bytes).unwrap();
        };
        let sources = || Bundle::open_folder(folder.path()).unwrap().sources_for("thing");
        script("run.js", 4 * 1024 * 1024);
        assert_eq!(sources().unwrap().len(), 3);
        script("more.js", 4 * 1024 * 1024);
        script("most.js", 1);
        let error = sources().unwrap_err().to_string();
        assert!(error.contains("its JavaScript, with that of lib, has more than"), "{error}");
        // Nothing of it lies on the disk, so that a small archive can hold it.
        script("more.js", 1 << 40);
        let error = sources().unwrap_err().to_string();
        assert!(error.contains("more.js") && error.contains("larger than 4194304 bytes"), "{error}");
    }

    #[test]
    fn a_preset_name_cannot_leave_the_folder() {
        let folder = folder(PRESET);
        let bundle = Bundle::open_folder(folder.path()).unwrap();
        for name in ["../thing", "thing/..", "/etc", "", "no"] {
            assert!(matches!(bundle.preset(name), Err(Error::NotThere { .. })), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leaves_the_folder_is_refused() {
        let folder = folder(PRESET);
        let outside = tempfile::NamedTempFile::new().unwrap();
        fs::remove_file(folder.path().join("thing/preset.toml")).unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("thing/preset.toml")).unwrap();
        let error = Bundle::open_folder(folder.path()).unwrap().preset("thing").unwrap_err().to_string();
        assert!(error.contains("leaves the bundle's folder"), "{error}");
    }
}
