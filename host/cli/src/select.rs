//! From what a person typed to what is run: the bundle, the preset, the connection, the settings.
//!
//! Owns: finding the one connection that fits, and saying what to type where none does. Keeps: a connection serves only the
//! source that it was added for; nothing is chosen where two would fit.

use std::sync::Arc;

use presetter_bundle::{Bundle, PresetFile, Reference};
use presetter_connection::Connection;
use presetter_manifest::ConnectionKind;
use serde_json::{Map, Value};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// A preset as it was typed, found and checked.
#[derive(Debug)]
pub(crate) struct Chosen {
    /// As typed.
    pub(crate) reference: Reference,
    /// Its bundle.
    pub(crate) bundle: Arc<Bundle>,
    /// The preset.
    pub(crate) preset: PresetFile,
}

/// Reads a PRESET or KIND.
pub(crate) fn reference(text: &str) -> Result<Reference, Failure> {
    text.parse::<Reference>().map_err(|message| {
        Failure::usage(message).help("`presetter presets` lists what there is")
    })
}

/// Finds a preset.
pub(crate) fn preset(text: &str) -> Result<Chosen, Failure> {
    let reference = reference(text)?;
    let bundle = Arc::new(Bundle::open(&reference)?);
    let preset = bundle.preset(reference.item())?;
    Ok(Chosen { reference, bundle, preset })
}

/// Finds the connection for a preset: the named one, else the only one that fits.
pub(crate) fn connection(world: &World, chosen: &Chosen, name: Option<&str>) -> Result<Connection, Failure> {
    match name {
        Some(name) => named(stored_connection(world, name)?, chosen),
        None => only(world.store().list().map_err(stored)?, chosen),
    }
}

/// The connection of that name, wherever it is used.
pub(crate) fn stored_connection(world: &World, name: &str) -> Result<Connection, Failure> {
    let store = world.store();
    // A name that is not there is a slip of the command line; a file that cannot be used is not.
    store.get(name).map_err(|error| {
        let exit = if store.path_of(name).exists() { Exit::Invalid } else { Exit::Usage };
        Failure::new(exit, error.message).help(error.advice)
    })
}

fn named(connection: Connection, chosen: &Chosen) -> Result<Connection, Failure> {
    let name = &connection.name;
    if connection.source != *chosen.bundle.source() {
        return Err(Failure::new(
            Exit::Trust,
            format!("connection \"{name}\" was added for {}; {} comes from {}", connection.source, chosen.reference, chosen.bundle.source()),
        )
        .help(format!(
            "a connection serves only the source that it was added for, so that no other bundle gets at its credentials. For this one, add another:\n{}",
            add_lines(chosen).join("\n")
        )));
    }
    if !chosen.preset.manifest.works_with(&connection.kind) {
        return Err(Failure::usage(format!("{} does not work with connections of kind \"{}\", which \"{name}\" is", chosen.reference, connection.kind))
            .help(format!("it works with: {}", kinds(chosen).map(|(kind, _)| kind).collect::<Vec<_>>().join(", "))));
    }
    Ok(connection)
}

fn only(all: Vec<Connection>, chosen: &Chosen) -> Result<Connection, Failure> {
    let fits = |c: &Connection| c.source == *chosen.bundle.source() && chosen.preset.manifest.works_with(&c.kind);
    let mut fitting: Vec<Connection> = all.into_iter().filter(fits).collect();
    match fitting.len() {
        1 => Ok(fitting.remove(0)),
        0 => Err(Failure::usage(format!("there is no connection for {} yet", chosen.reference))
            .help(format!("set one up; put your own values in place of the words in capitals:\n{}", add_lines(chosen).join("\n")))),
        _ => Err(Failure::usage(format!("several connections fit {}: {}", chosen.reference, World::names(&fitting)))
            .help(format!("say which: -c {}", fitting[0].name))),
    }
}

/// The kinds that a preset works with.
fn kinds(chosen: &Chosen) -> impl Iterator<Item = (&str, &ConnectionKind)> {
    let kinds = chosen.bundle.manifest().connections.iter();
    kinds.filter(|(name, _)| chosen.preset.manifest.works_with(name)).map(|(name, kind)| (name.as_str(), kind))
}

/// The command that adds a connection, for the first kind that fits, in lines to paste.
fn add_lines(chosen: &Chosen) -> Vec<String> {
    match kinds(chosen).next() {
        Some((name, kind)) => {
            let bundle = chosen.bundle.manifest().name.as_str();
            add_command(bundle, &chosen.reference.sibling(name).to_string(), kind)
        }
        None => vec!["the bundle declares no connection kind that fits".to_owned()],
    }
}

/// `presetter connection add NAME ...` with every field and secret of a kind filled in as a placeholder.
pub(crate) fn add_command(name: &str, kind_reference: &str, kind: &ConnectionKind) -> Vec<String> {
    let mut lines = vec![format!("presetter connection add {} --kind {}", quoted(name), quoted(kind_reference))];
    if kind.base_url.is_none() {
        lines.push("    --base-url https://HOST/PATH".to_owned());
    }
    let fields = kind.fields.iter().filter(|(_, field)| field.required);
    lines.extend(fields.map(|(field, _)| format!("    --field {}={}", quoted(field), shout(field))));
    let variable = |secret: &str| format!("{}_{}", shout(name), shout(secret));
    lines.extend(kind.secrets.keys().map(|secret| format!("    --secret {}=env:{}", quoted(secret), variable(secret))));
    let last = lines.len() - 1;
    for line in &mut lines[..last] {
        line.push_str(" \\");
    }
    lines
}

/// `access_token` as `ACCESS_TOKEN`.
fn shout(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// A word as a POSIX shell takes it for one.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// What the bundle assumes, corrected by the connection.
///
/// # Errors
/// The connection corrects something that the bundle does not know, or with a value that it does not take.
pub(crate) fn settings(bundle: &Bundle, connection: &Connection) -> Result<Map<String, Value>, Failure> {
    let declared = &bundle.manifest().settings;
    let mut settings: Map<String, Value> = declared.iter().map(|(name, s)| (name.clone(), s.default.clone())).collect();
    for (name, value) in &connection.settings {
        let remove = format!("go back to the bundle's own: presetter connection set {} --setting {name}=", connection.name);
        match declared.get(name) {
            None => {
                return Err(Failure::new(Exit::Invalid, format!("connection \"{}\" has the setting \"{name}\", which {} does not know", connection.name, bundle.file()))
                    .help(remove));
            }
            Some(setting) if !setting.kind.accepts(value) || setting.allowed.as_ref().is_some_and(|a| !a.contains(value)) => {
                return Err(Failure::new(Exit::Invalid, format!("the setting \"{name}\" of connection \"{}\" cannot be {value}", connection.name))
                    .help(remove));
            }
            Some(_) => drop(settings.insert(name.clone(), value.clone())),
        }
    }
    Ok(settings)
}

/// What is wrong with the files of connections.
pub(crate) fn stored(error: presetter_connection::StoreError) -> Failure {
    Failure::new(Exit::Invalid, error.message).help(error.advice)
}
