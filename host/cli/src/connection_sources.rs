//! `presetter connection allow | disallow`: which sources a connection serves.
//!
//! Owns: the words by which a person names a source, and what is shown of one before it gets at credentials. Keeps: nothing
//! is allowed that was not shown and agreed to, or whose bundle does not take the connection as it is; the last source stays.

use std::path::Path;

use presetter_bundle::{Bundle, Reference};
use presetter_connection::{Connection, Source};
use presetter_manifest::is_bundle_name;
use presetter_manifest::nearest;

use crate::args::{AllowArgs, DisallowArgs};
use crate::ask;
use crate::connection::{check, kind_of, typed};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::grants::{filled, paths, words};
use crate::output::aligned;
use crate::packages::load;
use crate::select::{self, quoted, stored};
use crate::world::World;

/// Lets a connection serve one more source.
pub(crate) fn allow(world: &World, args: &AllowArgs) -> Result<Exit, Failure> {
    let before = select::stored_connection(world, &args.name)?;
    let bundle = opened(world, &args.source)?;
    let source = bundle.source();
    if before.serves(source) {
        world.console.say(&format!("connection {} serves {} already", line(&before.name), line(&source.to_string())));
        return Ok(Exit::Ok);
    }
    let mut after = before.clone();
    after.allow(source.clone());
    fits(&after, &bundle)?;
    tell(world, &after, &bundle)?;
    if args.dry_run {
        world.console.say("nothing is changed: this was a dry run");
        return Ok(Exit::Ok);
    }
    if !args.yes && !agreed(world, args)? {
        world.console.say("nothing is changed");
        return Ok(Exit::Ok);
    }
    world.store().add(&after, true).map_err(stored)?;
    world.console.say(&format!("connection {} serves it from now on", line(&after.name)));
    Ok(Exit::Ok)
}

/// Takes a source away from a connection.
pub(crate) fn disallow(world: &World, args: &DisallowArgs) -> Result<Exit, Failure> {
    let mut connection = select::stored_connection(world, &args.name)?;
    let named: Vec<Source> = connection.sources().filter(|source| is_named(source, &args.source)).cloned().collect();
    let commands = |prefix: &str, sources: &[Source]| {
        let command = |source: &Source| {
            format!("\npresetter connection disallow {} {}", quoted(&args.name), quoted(&word(source, prefix)))
        };
        sources.iter().map(command).collect::<String>()
    };
    let source = match named.as_slice() {
        [source] => source,
        [] => {
            let all: Vec<Source> = connection.sources().cloned().collect();
            return Err(Failure::usage(format!("connection \"{}\" does not serve \"{}\"", args.name, args.source))
                .help(format!("what it serves is taken away by:{}", commands("", &all))));
        }
        several => {
            return Err(Failure::usage(format!("connection \"{}\" serves several of that name", args.name))
                .help(format!("say which:{}", commands(":", several))));
        }
    };
    if !connection.disallow(source) {
        return Err(Failure::usage(format!("connection \"{}\" serves nothing else than {source}", args.name))
            .help(format!("allow another before, or remove it: presetter connection remove {}", quoted(&args.name))));
    }
    // A login of the source that goes may have put anything in a session's place. Without it the next run logs in.
    world.store().forget_session(&connection.name).map_err(stored)?;
    world.store().add(&connection, true).map_err(stored)?;
    world.console.say(&format!(
        "connection {} does not serve {} any more; its session is forgotten",
        line(&connection.name),
        line(&source.to_string())
    ));
    Ok(Exit::Ok)
}

/// The bundle that a person names: BUNDLE, BUNDLE/PRESET, a folder, or a preset in one.
fn opened(world: &World, text: &str) -> Result<Bundle, Failure> {
    if is_path(text) {
        if Path::new(text).join("bundle.toml").is_file() {
            return Ok(Bundle::open_folder(Path::new(text))?);
        }
        return select::open(world, &select::reference(text)?);
    }
    // What is installed but not trusted is an error, and no reason to look for anything else.
    if is_bundle_name(text) {
        let bundle = match load::installed(world, text)? {
            Some(installed) => Some(installed),
            None => Bundle::built_in(text).transpose()?,
        };
        if let Some(bundle) = bundle {
            return Ok(bundle);
        }
    }
    if let Ok(reference) = text.parse::<Reference>() {
        return select::open(world, &reference);
    }
    let meant = nearest(text, Bundle::built_in_names()).map(|name| format!("did you mean {name}?"));
    Err(Failure::new(Exit::Invalid, format!("there is no bundle \"{text}\""))
        .help(meant.unwrap_or_default())
        .help("a bundle in a folder is named by its path, as in ./presets/mosyle"))
}

/// A bundle's name never begins so.
fn is_path(text: &str) -> bool {
    text.starts_with(['.', '/', '\\']) || Path::new(text).is_absolute()
}

/// How the source of a bundle is typed.
pub(crate) fn word_of(reference: &Reference) -> String {
    match reference {
        Reference::Path { folder, .. } => folder.display().to_string(),
        Reference::Named { bundle, .. } => bundle.clone(),
    }
}

/// How a source is typed; with what tells it from another of its name, if `:` is asked for.
fn word(source: &Source, tell_apart: &str) -> String {
    match source {
        Source::Folder { path, .. } => path.display().to_string(),
        Source::Signed { bundle, .. } if !tell_apart.is_empty() => format!("signed:{bundle}"),
        Source::BuiltIn { bundle } if !tell_apart.is_empty() => format!("built-in:{bundle}"),
        source => source.bundle().to_owned(),
    }
}

fn is_named(source: &Source, text: &str) -> bool {
    let there = || is_path(text).then(|| Path::new(text).canonicalize().or_else(|_| std::path::absolute(text)));
    match source {
        Source::Folder { path, .. } => there().is_some_and(|folder| folder.is_ok_and(|folder| folder == *path)),
        source => text == word(source, "") || text == word(source, ":"),
    }
}

/// Whether a bundle takes a connection as it is.
pub(crate) fn fits(connection: &Connection, bundle: &Bundle) -> Result<(), Failure> {
    let kind = kind_of(bundle, &connection.kind)?;
    check(connection, kind, &typed(bundle.source(), &connection.kind))?;
    select::settings(bundle, connection).map(drop)
}

/// Shows what is about to be allowed.
fn tell(world: &World, connection: &Connection, bundle: &Bundle) -> Result<(), Failure> {
    let (manifest, kind) = (bundle.manifest(), kind_of(bundle, &connection.kind)?);
    let mut rows = vec![
        ("source".to_owned(), line(&bundle.source().to_string())),
        ("version".to_owned(), format!("{}, and {}", line(&manifest.version.to_string()), later(bundle.source()))),
    ];
    for grant in &manifest.grants {
        let at = match &grant.host {
            Some(host) => format!("at {host}, without credentials"),
            None => format!("below {}", connection.base_url),
        };
        rows.push(("may send".to_owned(), line(&format!("{} {} {at}", words(&grant.methods), paths(grant)))));
    }
    rows.push(("filled in".to_owned(), line(&filled(kind).join(", "))));
    world.console.say(&format!("connection {} would also serve:", line(&connection.name)));
    world.console.say(&aligned(&rows, "  ", false).join("\n"));
    Ok(())
}

/// What else is served with this version of a bundle.
fn later(source: &Source) -> &'static str {
    match source {
        Source::Folder { .. } => "whatever is in that folder later",
        Source::Signed { .. } => "every later one that one of these keys signs",
        _ => "what later versions of the program have in its place",
    }
}

fn agreed(world: &World, args: &AllowArgs) -> Result<bool, Failure> {
    if world.interactive {
        return Ok(ask::agreed(world, "allow it?"));
    }
    let command = format!("presetter connection allow {} {} --yes", quoted(&args.name), quoted(&args.source));
    Err(Failure::usage("nothing is changed: nobody is there to be asked")
        .help(format!("if it may have the connection's credentials: {command}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(bundle: &str) -> Source {
        Source::Signed { bundle: bundle.into(), signers: vec!["sha256:0".into()] }
    }

    #[test]
    fn a_source_is_named_by_its_bundle_or_its_folder() {
        let built_in = Source::BuiltIn { bundle: "mosyle".into() };
        let folder = Source::Folder { path: "/srv/mosyle".into(), bundle: "mosyle".into() };
        for (source, text, is) in [
            (&built_in, "mosyle", true),
            (&built_in, "built-in:mosyle", true),
            (&built_in, "signed:mosyle", false),
            (&built_in, "/srv/mosyle", false),
            (&signed("acme/jamf"), "acme/jamf", true),
            (&signed("acme/jamf"), "signed:acme/jamf", true),
            (&signed("acme/jamf"), "jamf", false),
            (&folder, "/srv/mosyle", true),
            (&folder, "/srv", false),
            (&folder, "mosyle", false),
        ] {
            assert_eq!(is_named(source, text), is, "{source}: {text}");
        }
    }

    #[test]
    fn a_bundle_is_opened_by_its_name_or_that_of_a_preset() {
        let home = tempfile::tempdir().unwrap();
        let world = &crate::world::tests::bare(home.path(), &crate::console::tests::Page::default());
        for text in ["mosyle", "mosyle/users"] {
            assert_eq!(opened(world, text).unwrap().source(), &Source::BuiltIn { bundle: "mosyle".into() });
        }
        let failure = opened(world, "mosile").unwrap_err().render(false);
        assert!(failure.starts_with("error: there is no bundle \"mosile\"\nhelp: did you mean mosyle?"), "{failure}");
        assert!(opened(world, "mosile/users").unwrap_err().render(false).contains("did you mean mosyle/users?"));
    }
}
