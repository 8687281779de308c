//! From what a person typed to what is run: the bundle, the preset, the connection, the settings.
//!
//! Owns: finding the one connection that fits, and saying what to type where none does. Keeps: a connection serves only the
//! sources that it was added for or allowed; nothing is chosen where two would fit.

use std::sync::Arc;

use presetter_bundle::{Bundle, PresetFile, Reference};
use presetter_connection::Connection;
use presetter_manifest::nearest;
use presetter_manifest::{ConnectionKind, short_name};
use serde_json::{Map, Value};

use crate::add_command::{Given, add_command};
use crate::connection_sources::word_of;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::packages::load;
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
        let failure = Failure::usage(message);
        match without_bundle(text) {
            Some(meant) => failure.help(format!("did you mean {meant}?")),
            None => failure.help("`presetter presets` lists what there is"),
        }
    })
}

/// The presets of built-in bundles whose name may have been typed without the bundle, in words: those of that very name, else the
/// nearest of each bundle.
fn without_bundle(text: &str) -> Option<String> {
    let nearest_in = |bundle: &'static str| {
        let names = Bundle::built_in(bundle)?.ok()?.preset_names();
        nearest(text, names.iter().map(String::as_str)).map(|name| (name == text, format!("{bundle}/{name}")))
    };
    let near: Vec<(bool, String)> = Bundle::built_in_names().into_iter().filter_map(nearest_in).collect();
    let exact = near.iter().any(|(exact, _)| *exact);
    let meant: Vec<String> = near.into_iter().filter(|(same, _)| *same == exact).map(|(_, name)| name).collect();
    let (last, others) = meant.split_last()?;
    Some(if others.is_empty() { last.clone() } else { format!("{} or {last}", others.join(", ")) })
}

/// Finds a preset.
pub(crate) fn preset(world: &World, text: &str) -> Result<Chosen, Failure> {
    let reference = reference(text)?;
    let bundle = open(world, &reference)?;
    chosen(reference, bundle)
}

fn chosen(reference: Reference, bundle: Bundle) -> Result<Chosen, Failure> {
    let preset = bundle.preset(reference.item()).map_err(|error| match error {
        presetter_bundle::Error::NotThere { message, hint } => {
            let names = bundle.preset_names();
            let meant = nearest(reference.item(), names.iter().map(String::as_str));
            let meant = meant.map(|name| format!("did you mean {}?", reference.sibling(name))).unwrap_or_default();
            Failure::new(Exit::Invalid, message).help(meant).help(hint)
        }
        other => other.into(),
    })?;
    Ok(Chosen { reference, bundle: Arc::new(bundle), preset })
}

/// Opens the bundle of a preset or kind: a folder where it is named by its path, else what is installed, which is verified, and else
/// what is built in.
pub(crate) fn open(world: &World, reference: &Reference) -> Result<Bundle, Failure> {
    if let Reference::Named { bundle, .. } = reference
        && let Some(installed) = load::installed(world, bundle)?
    {
        return Ok(installed);
    }
    of_program_or_folder(reference)
}

fn of_program_or_folder(reference: &Reference) -> Result<Bundle, Failure> {
    Bundle::open(reference).map_err(|error| match (error, reference) {
        (presetter_bundle::Error::NotThere { message, hint }, Reference::Named { bundle, .. }) => {
            let meant = nearest(bundle, Bundle::built_in_names());
            let meant = meant.map(|name| format!("did you mean {name}/{}?", reference.item())).unwrap_or_default();
            Failure::new(Exit::Invalid, message).help(meant).help(hint)
        }
        (other, _) => other.into(),
    })
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
    if !connection.serves(chosen.bundle.source()) {
        return Err(not_served(&connection, chosen));
    }
    if !chosen.preset.manifest.works_with(&connection.kind) {
        return Err(Failure::usage(format!(
            "{} does not work with connections of kind \"{}\", which \"{name}\" is",
            chosen.reference, connection.kind
        ))
        .help(format!("it works with: {}", kinds(chosen).map(|(kind, _)| kind).collect::<Vec<_>>().join(", "))));
    }
    Ok(connection)
}

/// A connection whose credentials this bundle must not get at.
fn not_served(connection: &Connection, chosen: &Chosen) -> Failure {
    let (name, source) = (&connection.name, chosen.bundle.source());
    let sources = connection.sources().map(ToString::to_string).collect::<Vec<_>>().join("; and ");
    let failure = Failure::new(
        Exit::Trust,
        format!("connection \"{name}\" serves {sources}; {} comes from {source}", chosen.reference),
    )
    .help("a connection serves only what was allowed for it, so that no other bundle gets at its credentials");
    let another = add_lines(chosen).join("\n");
    if may_serve(connection, chosen) {
        let allow = allow_command(connection, chosen);
        failure.help(format!("if you trust this one with them:\n{allow}")).help(format!("or add another:\n{another}"))
    } else {
        failure.help(format!("for this one, add another:\n{another}"))
    }
}

/// Whether a connection would be of use, if only it were allowed to serve.
fn may_serve(connection: &Connection, chosen: &Chosen) -> bool {
    let kinds = &chosen.bundle.manifest().connections;
    chosen.preset.manifest.works_with(&connection.kind) && kinds.contains_key(&connection.kind)
}

fn allow_command(connection: &Connection, chosen: &Chosen) -> String {
    let source = word_of(&chosen.reference);
    format!("presetter connection allow {} {}", quoted(&connection.name), quoted(&source))
}

fn only(all: Vec<Connection>, chosen: &Chosen) -> Result<Connection, Failure> {
    let fits = |c: &Connection| c.serves(chosen.bundle.source()) && chosen.preset.manifest.works_with(&c.kind);
    let (mut fitting, others): (Vec<Connection>, Vec<Connection>) = all.into_iter().partition(fits);
    match fitting.len() {
        1 => Ok(fitting.remove(0)),
        0 => {
            // The same bundle from elsewhere: a folder of it, or a signed one.
            let bundle = chosen.bundle.source().bundle();
            let same = others.iter().filter(|c| c.source.bundle() == bundle && may_serve(c, chosen));
            let allow = same.map(|c| format!("\n{}", allow_command(c, chosen))).collect::<String>();
            let failure = Failure::usage(format!("there is no connection for {} yet", chosen.reference)).help(format!(
                "set one up; put your own values in place of the words in capitals:\n{}",
                add_lines(chosen).join("\n")
            ));
            Err(if allow.is_empty() {
                failure
            } else {
                failure.help(format!("or trust it with one that you have:{allow}"))
            })
        }
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
            // A connection's name has no slash.
            let bundle = short_name(chosen.bundle.manifest().name.as_str());
            add_command(bundle, &chosen.reference.sibling(name).to_string(), kind, &Given::default())
        }
        None => vec!["the bundle declares no connection kind that fits".to_owned()],
    }
}

/// A word as a POSIX shell takes it for one.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// What the bundle assumes, corrected by the connection.
///
/// # Errors
/// The connection corrects something that the bundle does not know, or with a value that it does not take.
pub(crate) fn settings(bundle: &Bundle, connection: &Connection) -> Result<Map<String, Value>, Failure> {
    let declared = &bundle.manifest().settings;
    let mut settings = bundle.manifest().assumed_settings();
    for (name, value) in &connection.settings {
        let remove =
            format!("go back to the bundle's own: presetter connection set {} --setting {name}=", connection.name);
        match declared.get(name) {
            None => {
                return Err(Failure::new(
                    Exit::Invalid,
                    format!(
                        "connection \"{}\" has the setting \"{name}\", which {} does not know",
                        connection.name,
                        bundle.file()
                    ),
                )
                .help(remove));
            }
            Some(setting) if !setting.takes(value) => {
                return Err(Failure::new(
                    Exit::Invalid,
                    format!("the setting \"{name}\" of connection \"{}\" cannot be {value}", connection.name),
                )
                .help(remove));
            }
            Some(_) => drop(settings.insert(name.clone(), value.clone())),
        }
    }
    Ok(settings)
}

/// What is wrong with the files of connections.
pub(crate) fn stored(error: presetter_connection::StoreError) -> Failure {
    // What a reference to a secret may be is a list, which reads better as help.
    let (message, forms) = match error.message.find('\n').and_then(|end| error.message[..end].rfind("; ")) {
        Some(cut) => (&error.message[..cut], &error.message[cut + 2..]),
        None => (error.message.as_str(), ""),
    };
    Failure::new(Exit::Invalid, message).help(forms).help(error.advice)
}

#[cfg(test)]
mod tests {
    use presetter_bundle::Source;
    use serde_json::json;

    use super::*;

    fn preset(name: &str) -> Result<Chosen, Failure> {
        let reference = reference(name)?;
        let bundle = of_program_or_folder(&reference)?;
        super::chosen(reference, bundle)
    }

    fn chosen(name: &str) -> Chosen {
        preset(name).unwrap()
    }

    fn connection(name: &str, kind: &str, source: Source) -> Connection {
        Connection::new(name, kind, source, "https://a.example")
    }

    fn mosyle() -> Source {
        Source::BuiltIn { bundle: "mosyle".into() }
    }

    fn folder() -> Source {
        Source::Folder { path: "/elsewhere".into(), bundle: "mosyle".into() }
    }

    #[test]
    fn a_slip_in_a_name_is_noticed() {
        for (typed, meant) in [
            ("user-by-email", "did you mean mosyle/user-by-email?"),
            ("create-user", "did you mean jamf/create-user, mosyle/create-user or okta/create-user?"),
            ("mosyle/userbyemail", "did you mean mosyle/user-by-email?"),
            ("mosile/users", "did you mean mosyle/users?"),
        ] {
            let shown = preset(typed).unwrap_err().render(false);
            assert!(shown.contains(&format!("\nhelp: {meant}")), "{shown}");
        }
        assert!(!preset("mosyle/quite-another").unwrap_err().render(false).contains("did you mean"));
    }

    #[test]
    fn the_only_one_that_fits_is_taken() {
        let all = vec![
            connection("a", "session", mosyle()),
            connection("b", "manager-session", mosyle()),
            connection("c", "session", folder()),
        ];
        assert_eq!(only(all, &chosen("mosyle/create-user")).unwrap().name, "a");
    }

    #[test]
    fn several_are_listed() {
        let all = vec![connection("a", "session", mosyle()), connection("b", "basic", mosyle())];
        let failure = only(all, &chosen("mosyle/create-user")).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        let shown = failure.render(false);
        assert_eq!(shown, "error: several connections fit mosyle/create-user: a, b\nhelp: say which: -c a");
    }

    #[test]
    fn none_gives_the_command_to_type() {
        let failure = only(Vec::new(), &chosen("mosyle/create-user")).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert_eq!(
            failure.render(false),
            "error: there is no connection for mosyle/create-user yet\n\
             help: set one up; put your own values in place of the words in capitals:\n      \
             presetter connection add mosyle --kind mosyle/session \\\n          \
             --field email=EMAIL \\\n          \
             --secret password=env:MOSYLE_PASSWORD \\\n          \
             --secret access_token=env:MOSYLE_ACCESS_TOKEN"
        );
    }

    #[test]
    fn a_connection_serves_its_own_sources_alone() {
        let mut c = connection("c", "session", folder());
        let failure = named(c.clone(), &chosen("mosyle/users")).unwrap_err();
        assert_eq!(failure.exit, Exit::Trust);
        let shown = failure.render(false);
        assert!(shown.contains("presetter connection allow c mosyle\n") && shown.contains("connection add"), "{shown}");
        c.kind = "of-no-use".into();
        let shown = named(c.clone(), &chosen("mosyle/users")).unwrap_err().render(false);
        assert!(!shown.contains("connection allow"), "{shown}");
        c.kind = "session".into();
        let shown = only(vec![c.clone()], &chosen("mosyle/users")).unwrap_err().render(false);
        assert!(shown.ends_with("that you have:\n      presetter connection allow c mosyle"), "{shown}");
        c.allow(mosyle());
        assert!(named(c.clone(), &chosen("mosyle/users")).is_ok());
        assert_eq!(only(vec![c], &chosen("mosyle/users")).unwrap().name, "c");
    }

    #[test]
    fn a_kind_that_the_preset_does_not_know_is_refused() {
        let failure = named(connection("m", "manager-session", mosyle()), &chosen("mosyle/create-user")).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.render(false).contains("it works with: session, basic"), "{}", failure.render(false));
    }

    #[test]
    fn settings_are_the_bundles_until_the_connection_corrects_them() {
        let bundle = chosen("mosyle/users").bundle;
        let mut with = connection("m", "session", mosyle());
        with.settings.insert("page_size".into(), json!(50));
        let found = settings(&bundle, &with).unwrap();
        assert_eq!((&found["page_size"], &found["create_operation"]), (&json!(50), &json!("create_user")));
        with.settings.insert("page_size".into(), json!("50"));
        assert_eq!(settings(&bundle, &with).unwrap_err().exit, Exit::Invalid);
        with.settings.shift_remove("page_size");
        with.settings.insert("no_such".into(), json!(1));
        assert!(settings(&bundle, &with).unwrap_err().render(false).contains("connection set m --setting no_such="));
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        for word in ["a b", "it's", "", "$HOME", "a\"b", "plain", "~x"] {
            assert_eq!(shlex::split(&quoted(word)), Some(vec![word.to_owned()]), "{word}");
        }
        assert_eq!(quoted("mosyle/create-user"), "mosyle/create-user");
    }
}
