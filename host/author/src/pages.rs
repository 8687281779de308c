//! Pages about a bundle, in Markdown: an index, and one for each preset.
//!
//! Owns what stands on a page, and which files of a folder are pages. Must never: run anything, write, or let a text of a vendor change
//! what is around it (see `markdown`). Keeps: the same bundle and the same samples give the same bytes; a page names no folder of the
//! machine that it was made on.

mod index;
mod markdown;
mod outcomes;
mod preset;
mod request;
mod sample;
mod words;

use presetter_bundle::{Bundle, PresetFile};

pub use sample::{Answered, Sample, Sent};

/// The first line of every page: a file that does not begin with it is not ours to write.
pub const MARK: &str = "<!-- Made by `presetter docs`: what is changed here is lost. -->";

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The file's name: `index.md`, `create-user.md`.
    pub file: String,
    /// Its text.
    pub text: String,
}

impl Page {
    fn new(name: &str, parts: &[String]) -> Self {
        let body = parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("\n\n");
        Self { file: format!("{name}.md"), text: format!("{MARK}\n\n{body}\n") }
    }
}

/// The page about a bundle.
#[must_use]
pub fn index(bundle: &Bundle, presets: &[PresetFile]) -> Page {
    Page::new("index", &index::parts(bundle, presets))
}

/// The page about a preset. Of the samples the first that ended `ok` gives the request.
#[must_use]
pub fn preset(bundle: &Bundle, preset: &PresetFile, samples: &[Sample]) -> Page {
    Page::new(&preset.name, &preset::parts(bundle, preset, samples))
}
