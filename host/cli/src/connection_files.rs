//! `presetter connection edit | export | import`: connections as text.
//!
//! Keeps: what comes in is checked against its kind before anything is replaced; all of it is taken, or nothing. Process
//! spawning in this crate is the person's own editor, and stands here alone.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use presetter_connection::{Connection, Reference};

use crate::ask;
use crate::connection::bundle_from;
use crate::connection_show::{network_rows, served};
use crate::connection_sources::fits;
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs;
use crate::output::count;
use crate::select::{self, stored};
use crate::world::World;

/// Prints connections to hand over.
pub(crate) fn export(world: &World, names: &[String]) -> Result<Exit, Failure> {
    let names = if names.is_empty() {
        world.store().list().map_err(stored)?.into_iter().map(|c| c.name).collect()
    } else {
        names
            .iter()
            .map(|name| select::stored_connection(world, name).map(|c| c.name))
            .collect::<Result<Vec<_>, _>>()?
    };
    let text = world.store().export(&names).map_err(stored)?;
    let _ = world.console.raw(&text);
    Ok(Exit::Ok)
}

/// Takes connections that `export` printed, when they were shown and a person agreed.
pub(crate) fn import(world: &World, file: &Path, replace: bool, yes: bool) -> Result<Exit, Failure> {
    let (name, text) = inputs::read(file)?;
    let advice = "nothing was imported; take a text that `presetter connection export` wrote";
    let connections = world.store().import(&text, &name, "").map_err(|error| stored(error).help(advice))?;
    let known = world.store().list().map_err(stored)?;
    for connection in &connections {
        if !replace && known.iter().any(|k| k.name == connection.name) {
            return Err(Failure::usage(format!(
                "there is a connection \"{}\" already; nothing was imported",
                connection.name
            ))
            .help("add --replace to replace it"));
        }
        whole_check(world, connection)
            .map_err(|failure| failure.help(format!("connection \"{}\"; nothing was imported", connection.name)))?;
    }
    for connection in &connections {
        tell(world, connection, known.iter().find(|known| known.name == connection.name));
    }
    let what = count(connections.len(), "connection");
    if !yes {
        if !world.interactive {
            return Err(Failure::usage(format!("nobody said yes to {what}; nothing was imported"))
                .help("look at what they send where; to import them: --yes"));
        }
        if !ask::agreed(world, &format!("Import {what}?")) {
            world.console.say("nothing was imported");
            return Ok(Exit::Ok);
        }
    }
    for connection in &connections {
        world.store().add(connection, replace).map_err(stored)?;
    }
    world.console.say(&format!("{what} imported"));
    Ok(Exit::Ok)
}

/// Whoever wrote the file chose the address, the sources, the program, the authority, the proxy: a person must see them.
fn tell(world: &World, connection: &Connection, before: Option<&Connection>) {
    let instead = match before {
        Some(before) if before.base_url == connection.base_url => ", in place of the one that is there".to_owned(),
        Some(before) => format!(", in place of the one for {}", line(&before.base_url)),
        None => String::new(),
    };
    let (name, url) = (line(&connection.name), line(&connection.base_url));
    world.console.say(&format!("connection {name} for {url}{instead}"));
    let note = |reference: Option<&Reference>| match reference {
        Some(Reference::Cmd(_)) => "; it runs this program when the secret is needed",
        _ => "",
    };
    for (name, value) in served(connection).into_iter().chain(network_rows(connection)) {
        let reference = connection.client_certificate.as_ref().filter(|_| name == "client certificate");
        world.console.say(&format!("  {name}: {value}{}", note(reference)));
    }
    for source in connection.sources().filter(|source| before.is_some_and(|before| !before.serves(source))) {
        world.console.say(&format!("  new to it: {}", line(&source.to_string())));
    }
    for (name, reference) in &connection.secrets {
        let note = note(Some(reference));
        world.console.say(&format!("  secret {}: {}{note}", line(name), line(&reference.to_string())));
    }
}

/// Opens one in the person's editor.
pub(crate) fn edit(world: &World, name: &str) -> Result<Exit, Failure> {
    let before = select::stored_connection(world, name)?;
    let editor = world.editor.clone().ok_or_else(|| {
        Failure::usage("no editor is known").help("set the variable EDITOR, or use `presetter connection set`")
    })?;
    let text = world.store().export(std::slice::from_ref(&before.name)).map_err(stored)?;
    let broken = |error: std::io::Error| Failure::new(Exit::Internal, format!("cannot write a copy to edit: {error}"));
    // A private copy: references tell where secrets are.
    let mut copy = tempfile::Builder::new().prefix("presetter-").suffix(".toml").tempfile().map_err(broken)?;
    copy.write_all(text.as_bytes()).map_err(broken)?;
    run_editor(&editor, copy.path())?;

    let edited = fs::read_to_string(copy.path()).map_err(broken)?;
    if edited == text {
        world.console.say("nothing is changed");
        return Ok(Exit::Ok);
    }
    let unchanged = format!("nothing was saved: connection \"{}\" is as it was before", before.name);
    let kept = |failure: Failure| failure.help(unchanged.as_str());
    let mut connections = world.store().import(&edited, "the edited text", "").map_err(|error| kept(stored(error)))?;
    let after = match (connections.pop(), connections.is_empty()) {
        (Some(after), true) => after,
        _ => return Err(kept(Failure::usage("the text must hold one connection"))),
    };
    if after.sources().ne(before.sources()) {
        let failure = Failure::new(Exit::Trust, "the sources that a connection serves are not changed in an editor");
        return Err(kept(failure.help("use `presetter connection allow` and `presetter connection disallow`")));
    }
    whole_check(world, &after).map_err(kept)?;
    let renamed = after.name != before.name;
    if renamed && world.store().list().map_err(stored)?.iter().any(|known| known.name == after.name) {
        return Err(kept(Failure::usage(format!("there is a connection \"{}\" already", after.name))));
    }
    world.store().add(&after, !renamed).map_err(stored)?;
    if renamed {
        world.store().remove(&before.name).map_err(stored)?;
    }
    world.console.say(&format!("connection {} is changed", line(&after.name)));
    Ok(Exit::Ok)
}

/// Everything that can be wrong with a connection.
fn whole_check(world: &World, connection: &Connection) -> Result<(), Failure> {
    connection.sources().try_for_each(|source| fits(connection, &bundle_from(world, connection, source)?))
}

fn run_editor(editor: &str, file: &Path) -> Result<(), Failure> {
    let words = shlex::split(editor).filter(|words| !words.is_empty());
    let words = words
        .ok_or_else(|| Failure::usage("the variable EDITOR is no command").help("set it to a program, such as nano"))?;
    let wrong = |why: String| {
        Failure::usage(format!("the editor {} {why}", words[0]))
            .help("set the variable EDITOR to the editor of your choice")
    };
    let status = Command::new(&words[0])
        .args(&words[1..])
        .arg(file)
        .status()
        .map_err(|e| wrong(format!("cannot be started: {e}")))?;
    if status.success() { Ok(()) } else { Err(wrong("reported a failure; nothing is changed".to_owned())) }
}
