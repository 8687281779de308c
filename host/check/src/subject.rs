//! What the rules look at: a bundle and those of its presets that are right in themselves.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use presetter_bundle::Folder;
use presetter_manifest::{Bundle, Preset, Request};

use crate::places::Places;

/// The text of one manifest.
#[derive(Debug)]
pub(crate) struct Source {
    /// As messages name it.
    pub(crate) file: String,
    pub(crate) text: Arc<str>,
    pub(crate) places: Places,
}

/// One manifest, read and right in itself.
#[derive(Debug)]
pub(crate) struct Manifest<T> {
    /// The preset's name, or the bundle's.
    pub(crate) name: String,
    pub(crate) source: Source,
    pub(crate) is: T,
}

/// A bundle under check.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) folder: Folder,
    pub(crate) path: PathBuf,
    pub(crate) bundle: Manifest<Bundle>,
    pub(crate) presets: Vec<Manifest<Preset>>,
}

impl Source {
    pub(crate) fn new(file: String, text: &str) -> Self {
        Self { places: Places::of(text), file, text: text.into() }
    }
}

impl Subject {
    /// A preset of the bundle that is right in itself.
    pub(crate) fn preset(&self, name: &str) -> Option<&Preset> {
        self.presets.iter().find(|preset| preset.name == name).map(|preset| &preset.is)
    }

    /// The names of the kinds of connection that a preset works with.
    pub(crate) fn kinds<'a>(&'a self, preset: &'a Preset) -> impl Iterator<Item = &'a str> {
        self.bundle.is.connections.keys().map(String::as_str).filter(|kind| preset.works_with(kind))
    }

    /// The requests of a preset, one for each way in which it is run, each once.
    pub(crate) fn requests<'a>(&'a self, preset: &'a Preset) -> Vec<&'a Request> {
        requests(&self.bundle.is, preset)
    }

    /// Whether code of an author's own decides what is sent: then requests are not known from manifests.
    pub(crate) fn has_code(&self) -> bool {
        self.bundle.is.component.is_some() || self.presets.iter().any(|preset| preset.is.script.is_some())
    }

    /// Whether code of an author's own decides what this preset sends.
    pub(crate) fn is_code(&self, preset: &Preset) -> bool {
        self.bundle.is.component.is_some() || preset.script.is_some()
    }

    /// Whether there is a folder below the bundle's that holds a file of this ending.
    pub(crate) fn has_file(&self, folder: &Path, ending: &str) -> bool {
        let entries = std::fs::read_dir(self.path.join(folder)).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.path().extension().is_some_and(|e| e == ending) && entry.path().is_file())
    }
}

/// The requests of a preset, one for each way in which it is run, each once.
pub(crate) fn requests<'a>(bundle: &Bundle, preset: &'a Preset) -> Vec<&'a Request> {
    let mut kinds: Vec<&str> = bundle.connections.keys().map(String::as_str).collect();
    kinds.retain(|kind| preset.works_with(kind));
    if bundle.connections.is_empty() {
        kinds.push("");
    }
    let mut found: Vec<&Request> = Vec::new();
    for kind in kinds {
        let own = preset.variants.get(kind).and_then(|variant| variant.request.as_ref());
        let request = own.or(preset.request.as_ref());
        found.extend(request.filter(|request| !found.iter().any(|known| std::ptr::eq(*known, *request))));
    }
    found
}
