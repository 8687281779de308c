//! The sources of a bundle, read and compiled.

use std::cell::OnceCell;
use std::collections::HashMap;

use indexmap::IndexMap;
use presetter_manifest::{Answer, Bundle, Diagnostics, Preset, Text};
use presetter_template::Problem;
use serde_json::{Value, json};

use crate::recipe::Recipe;

/// The files that `load` is given, by path.
#[derive(Debug, Default)]
pub struct Files {
    texts: IndexMap<String, String>,
    /// Who gives them has checked the manifests: they are read, and compiled when they are needed.
    checked: bool,
}

impl Files {
    /// Reads the document that `load` gets.
    ///
    /// # Errors
    /// The JSON list that the contract asks for.
    pub fn read(source: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(source).map_err(|e| complaint("", &e.to_string()))?;
        let files = document["files"].as_object().ok_or_else(|| complaint("", "there is no \"files\""))?;
        let text = |(path, text): (&String, &Value)| Some((path.clone(), text.as_str()?.to_owned()));
        let checked = document["checked"].as_bool().unwrap_or_default();
        Ok(Self { texts: files.iter().filter_map(text).collect(), checked })
    }

    /// The text of a file.
    #[must_use]
    pub fn text(&self, file: &str) -> Option<&str> {
        self.texts.get(file).map(String::as_str)
    }

    /// All of them: path and text.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }
}

/// The presets of a bundle, by name and by connection kind. A clone shares nothing with them.
#[derive(Default, Clone)]
pub struct Recipes {
    /// Kind `""` stands for every kind that has no variant of its own.
    compiled: HashMap<(String, String), OnceCell<Recipe>>,
    /// What is compiled when it is needed: presets by name, and what the bundle says of answers.
    presets: HashMap<String, Preset>,
    shared: Answer,
    /// The presets that run a script, and its file below the preset's folder.
    scripts: IndexMap<String, Text>,
}

impl std::fmt::Debug for Recipes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recipes").field("presets", &self.compiled.len()).finish_non_exhaustive()
    }
}

impl Recipes {
    /// Compiles the manifests among the files: now, or what was checked before when it is needed. A component that is packed holds all of
    /// them compiled; one that loads them for a run needs few.
    ///
    /// # Errors
    /// The JSON list that the contract asks for.
    pub fn compile(files: &Files) -> Result<Self, String> {
        let bundle = files.text("bundle.toml").ok_or_else(|| complaint("bundle.toml", "it is missing"))?;
        let read = if files.checked { Bundle::read_checked } else { Bundle::parse };
        let bundle = read("bundle.toml", bundle).map_err(|d| listed(&d))?;
        let mut recipes = Self::default();
        for (file, text) in files.iter() {
            let Some(name) = file.strip_suffix("/preset.toml") else { continue };
            let preset = match files.checked {
                true => Preset::read_checked(file, text),
                false => Preset::parse(file, text, &bundle),
            };
            let preset = preset.map_err(|d| listed(&d))?;
            for kind in preset.variants.keys().map(String::as_str).chain([""]) {
                let recipe = match files.checked {
                    true => OnceCell::new(),
                    false => Recipe::compile(&preset.for_kind(kind), &bundle.answer)
                        .map_err(|p| complaint(file, &p.message))?
                        .into(),
                };
                recipes.compiled.insert((name.to_owned(), kind.to_owned()), recipe);
            }
            recipes.scripts.extend(preset.script.clone().map(|script| (name.to_owned(), script)));
            if files.checked {
                recipes.presets.insert(name.to_owned(), preset);
            }
        }
        recipes.shared = bundle.answer;
        Ok(recipes)
    }

    /// The same, gathered in one place: nothing that reading left lies between its parts. The memory of runs begins behind it.
    #[must_use]
    pub fn gathered(self) -> Self {
        // What is still to be compiled is for one run alone.
        if self.presets.is_empty() {
            return crate::kept(|| self.clone());
        }
        crate::loaded();
        self
    }

    /// A preset as it is for one kind of connection.
    #[must_use]
    pub fn get(&self, name: &str, kind: &str) -> Option<&Recipe> {
        let at = |kind: &str| self.compiled.get_key_value(&(name.to_owned(), kind.to_owned()));
        let ((_, kind), recipe) = at(kind).or_else(|| at(""))?;
        if recipe.get().is_none() {
            // Who said that it was checked answers for it.
            let _ = recipe.set(Recipe::compile(&self.presets.get(name)?.for_kind(kind), &self.shared).ok()?);
        }
        recipe.get()
    }

    /// The presets that run a script: their names, and its file below the preset's folder.
    pub fn scripts(&self) -> impl Iterator<Item = (&str, &Text)> {
        self.scripts.iter().map(|(name, script)| (name.as_str(), script))
    }
}

/// What `load` answers to what is wrong: each problem with its file.
pub fn complaints<'p>(problems: impl IntoIterator<Item = (&'p str, &'p Problem)>) -> String {
    let one = |(file, p): (&str, &Problem)| json!({ "file": file, "message": p.message, "start": p.span.start, "end": p.span.end, "hint": p.hint });
    Value::Array(problems.into_iter().map(one).collect()).to_string()
}

/// What `load` answers to one thing that has no place.
#[must_use]
pub fn complaint(file: &str, message: &str) -> String {
    complaints([(file, &Problem::new(message, 0..0))])
}

fn listed(diagnostics: &Diagnostics) -> String {
    complaints(diagnostics.0.iter().map(|d| (d.file.as_str(), &d.problem)))
}
