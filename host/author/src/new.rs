//! Making a new preset: from nothing, a curl command, or an operation of an OpenAPI document.
//!
//! Owns the way from a source to the texts of files ([`make`]). Must never: read or write a file, or ask the network; a
//! secret of the source is in no text that leaves here, neither file nor message.
//!
//! Invariants: what is made is read back by `presetter-manifest` before it is given out, and takes its own samples; nothing
//! that a bundle has is changed but for what its `bundle.toml` gains, and its comments stay.

mod account;
mod base;
mod blueprint;
mod bundle_toml;
mod call;
mod case_toml;
mod credentials;
mod curl;
mod curl_options;
mod error;
mod example;
mod infer;
mod merge;
mod names;
mod openapi;
mod place;
mod preset_toml;
mod readme;
mod script;
mod secrets;
mod shell;
mod template;
mod toml_text;

use presetter_manifest::{Bundle, Diagnostics, MAX_MANIFEST_BYTES, Preset, check_inputs, is_name};
use serde_json::Value;

pub use self::error::Error;
pub use self::names::legal_name;

use self::blueprint::Blueprint;
use self::place::Placed;
use self::secrets::Secrets;

/// What a preset is made from.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// Nothing: an example that works, to be changed.
    Example,
    /// A curl command, as it is typed or copied.
    Curl(&'a str),
    /// One operation of an OpenAPI 3 document.
    OpenApi {
        /// The document's file, as messages name it.
        file: &'a str,
        /// Its text, JSON or YAML.
        text: &'a str,
        /// The operation: its `operationId`, or method and path.
        operation: &'a str,
    },
}

/// A bundle that is there already.
#[derive(Debug, Clone, Copy)]
pub struct Existing<'a> {
    /// How messages name its `bundle.toml`.
    pub file: &'a str,
    /// The text of it.
    pub text: &'a str,
    /// The names of its presets.
    pub presets: &'a [String],
}

/// What is to be made.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The bundle's name, a legal one.
    pub bundle: &'a str,
    /// The preset's name; without it, it follows from the source.
    pub preset: Option<&'a str>,
    /// JavaScript instead of a recipe.
    pub script: bool,
    /// The bundle, if it is there already.
    pub existing: Option<Existing<'a>>,
}

/// A preset that was made, as texts.
#[derive(Debug)]
pub struct Made {
    /// The preset's name.
    pub preset: String,
    /// The kind of connection that it is tested with.
    pub kind: String,
    /// The kind is new.
    pub new_kind: bool,
    /// The fields and secrets that the kind asks for: `--field` and `--secret`.
    pub asks: Vec<Ask>,
    /// The kind has no base URL: an operator gives it.
    pub needs_base_url: bool,
    /// The base URL goes by http to this machine: an operator allows it.
    pub this_machine: bool,
    /// Inputs of the first case, for an example.
    pub inputs: Vec<(String, Value)>,
    /// New files, relative to the bundle's folder, with `/`.
    pub files: Vec<(String, String)>,
    /// The text of `bundle.toml`: new, or with what it gained; nothing if the bundle has all that is needed.
    pub bundle: Option<String>,
    /// What the `bundle.toml` of a bundle that was there gained, in words.
    pub gained: Vec<String>,
    /// What a person should know and decide, a sentence each.
    pub notes: Vec<String>,
}

/// What an operator is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The name.
    pub name: String,
    /// Whether it is a secret.
    pub secret: bool,
}

/// Makes a preset.
///
/// # Errors
/// What keeps it from being made, without any secret of the source.
pub fn make(wanted: &Wanted<'_>, source: &Source<'_>) -> Result<Made, Error> {
    let (mut blueprint, secrets) = match source {
        Source::Example => (example::blueprint(wanted.bundle), Secrets::default()),
        Source::Curl(line) => call::blueprint(curl::Call::parse(line)?, wanted.bundle)?,
        Source::OpenApi { file, text, operation } => (openapi::blueprint(file, text, operation)?, Secrets::default()),
    };
    name(&mut blueprint, wanted)?;
    let existing = wanted.existing.map(|existing| Ok((existing, Bundle::parse(existing.file, existing.text)?)));
    let existing: Option<(Existing<'_>, Bundle)> = existing.transpose().map_err(Error::Invalid)?;
    let placed = place::place(&mut blueprint, existing.as_ref().map(|(_, bundle)| bundle));
    if let Some((_, bundle)) = &existing
        && bundle.connections.contains_key(&blueprint.name)
    {
        let message = format!("\"{}\" is the name of a connection kind of this bundle", blueprint.name);
        return Err(Error::usage(message, "name the preset with --preset NAME"));
    }
    let (bundle, gained) = match existing {
        None => (Some(bundle_toml::text(&blueprint, &placed, wanted.bundle)), Vec::new()),
        Some((existing, bundle)) => {
            let gain = merge::text(&blueprint, &placed, &existing, &bundle)?;
            gain.map_or((None, Vec::new()), |(text, gained)| (Some(text), gained))
        }
    };
    let made = Made { gained, ..written(wanted, &blueprint, &placed, bundle) };
    checked(made, wanted, &secrets)
}

/// Gives the preset its name.
fn name(blueprint: &mut Blueprint, wanted: &Wanted<'_>) -> Result<(), Error> {
    let there = |name: &str| wanted.existing.is_some_and(|e| e.presets.iter().any(|preset| preset == name));
    if let Some(name) = wanted.preset {
        if !is_name(name) {
            let help = format!("use lower-case letters, digits and -, at most 64: --preset {}", legal_name(name));
            return Err(Error::usage(format!("\"{}\" cannot be a preset's name", name.escape_debug()), help));
        }
        name.clone_into(&mut blueprint.name);
    }
    if ["lib", "tests"].contains(&blueprint.name.as_str()) {
        blueprint.name = format!("{}-preset", blueprint.name);
    }
    if there(&blueprint.name) {
        let message = format!("the bundle has a preset \"{}\" already; nothing was changed", blueprint.name);
        let free = (2..).map(|number| format!("{}-{number}", blueprint.name)).find(|name| !there(name));
        let help = format!("name the new one: --preset {}", free.unwrap_or_default());
        return Err(Error::usage(message, help));
    }
    Ok(())
}

fn written(wanted: &Wanted<'_>, blueprint: &Blueprint, placed: &Placed, bundle: Option<String>) -> Made {
    let folder = &blueprint.name;
    let mut files = vec![(format!("{folder}/preset.toml"), preset_toml::text(blueprint, placed, wanted.script))];
    if wanted.script {
        files.push((format!("{folder}/run.js"), script::run(blueprint)));
        files.push((format!("{folder}/presetter.d.ts"), presetter_pack::SCRIPT_TYPES.to_owned()));
    }
    let (case, cassette) = case_toml::texts(blueprint, placed, wanted.bundle);
    files.push((format!("{folder}/tests/first.toml"), case));
    files.push((format!("{folder}/tests/first.har"), cassette));
    if wanted.existing.is_none() {
        files.push(("README.md".to_owned(), readme::text(blueprint, placed, wanted.bundle)));
    }
    let inputs = blueprint.inputs.iter().filter_map(|input| Some((input.name.clone(), input.sample.clone()?)));
    Made {
        preset: blueprint.name.clone(),
        kind: placed.kind.clone(),
        new_kind: placed.new,
        asks: placed.asks.clone(),
        needs_base_url: blueprint.account.base_url.is_none(),
        this_machine: blueprint.account.base_url.as_ref().is_some_and(|url| url.starts_with("http:")),
        inputs: inputs.collect(),
        files,
        bundle,
        gained: Vec::new(),
        notes: blueprint.notes.clone(),
    }
}

/// Looks at what was made as the program will: it is read, it is small enough, and no secret is in it.
fn checked(made: Made, wanted: &Wanted<'_>, secrets: &Secrets) -> Result<Made, Error> {
    let bundle = made.bundle.as_deref().map(|text| ("bundle.toml", text));
    let files = made.files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    let all: Vec<(&str, &str)> = bundle.into_iter().chain(files).collect();
    let own = wanted.existing.map_or("", |existing| existing.text);
    for (path, text) in &all {
        if text.len() > MAX_MANIFEST_BYTES && path.ends_with(".toml") {
            let message = format!("{path} would have {} bytes; a manifest may have {MAX_MANIFEST_BYTES}", text.len());
            return Err(Error::usage(message, "shorten the values: they are samples of a test"));
        }
        if secrets.in_text(text) && !secrets.in_text(own) {
            return Err(Error::usage(
                "a secret of the command is also one of its names: of a parameter, a field or a part of the address",
                "put another word there, such as SECRET, and run it again",
            ));
        }
    }
    if secrets.in_text(&made.notes.join("\n")) {
        return Err(Error::Fault("a secret would be told".to_owned()));
    }
    let text = made.bundle.as_deref().unwrap_or(own);
    let fault = |diagnostics: Diagnostics| match secrets.in_text(&diagnostics.to_string()) {
        true => Error::Fault("what was made is not valid".to_owned()),
        false => Error::Fault(format!("what was made is not valid: {diagnostics}")),
    };
    let bundle = Bundle::parse("bundle.toml", text).map_err(fault)?;
    for (path, text) in made.files.iter().filter(|(path, _)| path.ends_with("/preset.toml")) {
        let preset = Preset::parse(path, text, &bundle).map_err(fault)?;
        let samples = made.inputs.iter().cloned().collect();
        check_inputs(&preset, samples).map_err(|problems| fault(Diagnostics::of(path, text, problems)))?;
    }
    Ok(made)
}
