//! The sources of a bundle, read and compiled.

use std::collections::HashMap;

use presetter_manifest::{Bundle, Diagnostics, Preset};
use serde_json::{Value, json};

use crate::recipe::Recipe;

/// The recipes of a bundle, by preset and by connection kind.
#[derive(Default)]
pub(crate) struct Recipes {
    /// Kind `""` stands for every kind that has no variant of its own.
    compiled: HashMap<(String, String), Recipe>,
}

impl Recipes {
    /// Reads the document that `load` gets. The error is the JSON list that the contract asks for.
    pub(crate) fn load(source: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(source).map_err(|e| complaint("", &e.to_string()))?;
        let files = document["files"].as_object().ok_or_else(|| complaint("", "there is no \"files\""))?;
        let text = |file: &str| files.get(file).and_then(Value::as_str);
        let bundle = text("bundle.toml").ok_or_else(|| complaint("bundle.toml", "it is missing"))?;
        let bundle = Bundle::parse("bundle.toml", bundle).map_err(|d| listed(&d))?;
        let mut recipes = Self::default();
        for (file, text) in files {
            let (Some(name), Some(text)) = (file.strip_suffix("/preset.toml"), text.as_str()) else { continue };
            let preset = Preset::parse(file, text, &bundle).map_err(|d| listed(&d))?;
            let kinds = preset.variants.keys().map(String::as_str).chain([""]);
            for kind in kinds {
                let recipe =
                    Recipe::compile(&preset.for_kind(kind), &bundle.answer).map_err(|p| complaint(file, &p.message))?;
                recipes.compiled.insert((name.to_owned(), kind.to_owned()), recipe);
            }
        }
        Ok(recipes)
    }

    /// A preset as it is for one kind of connection.
    pub(crate) fn get(&self, name: &str, kind: &str) -> Option<&Recipe> {
        let variant = self.compiled.get(&(name.to_owned(), kind.to_owned()));
        variant.or_else(|| self.compiled.get(&(name.to_owned(), String::new())))
    }
}

fn complaint(file: &str, message: &str) -> String {
    json!([{ "file": file, "message": message, "start": 0, "end": 0, "hint": null }]).to_string()
}

fn listed(diagnostics: &Diagnostics) -> String {
    let list = diagnostics.0.iter().map(|d| {
        let p = &d.problem;
        json!({ "file": d.file, "message": p.message, "start": p.span.start, "end": p.span.end, "hint": p.hint })
    });
    Value::Array(list.collect()).to_string()
}
