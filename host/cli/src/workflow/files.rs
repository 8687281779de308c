//! Where workflows, syncs and mappings lie, and reading them.

use std::path::{Path, PathBuf};

use presetter_disk::{self as disk, Guard};
use presetter_manifest::{is_name, suggest};
use presetter_workflow::{ENDING, Mappings, Workflow, sync};

use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 256 * 1024;

/// The folder of workflows, syncs and mappings.
pub(super) fn folder(world: &World) -> PathBuf {
    world.dirs.config.join("workflows")
}

/// A file that a person named by its name or its path.
pub(super) struct Found {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// Reads `NAME` + ending from the folder, or a path that ends so.
pub(super) fn find(world: &World, named: &str, ending: &str, what: &str) -> Result<Found, Failure> {
    let by_path = named.ends_with(ending) || named.contains(['/', '\\']);
    let path = if by_path { world.cwd.join(named) } else { folder(world).join(format!("{named}{ending}")) };
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = name.strip_suffix(ending).unwrap_or_default().to_owned();
    if !is_name(&name) {
        return Err(Failure::usage(format!("\"{}\" is no name of a {what}", line(named)))
            .help(format!("a name has lower-case letters, digits and -; its file is NAME{ending}")));
    }
    match read(&path)? {
        Some(text) => Ok(Found { name, path, text }),
        None => {
            let names = names(world, ending)?;
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            let hint = match known.is_empty() || by_path {
                true => format!("its file would be {}", line(&path.display().to_string())),
                false => suggest(&name, &known),
            };
            Err(Failure::usage(format!("there is no {what} \"{}\"", line(named))).help(hint))
        }
    }
}

/// The names of all files with that ending in the folder.
pub(super) fn names(world: &World, ending: &str) -> Result<Vec<String>, Failure> {
    let folder = folder(world);
    let listed = match std::fs::read_dir(&folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(&folder, &error.to_string())),
    };
    let mut names = Vec::new();
    for entry in listed {
        let entry = entry.map_err(|error| unreadable(&folder, &error.to_string()))?;
        if let Some(name) = entry.file_name().to_str().and_then(|name| name.strip_suffix(ending)) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn read(path: &Path) -> Result<Option<String>, Failure> {
    let bytes = disk::read(path, MAX_BYTES, Guard::Settings).map_err(|why| unreadable(path, &why.to_string()))?;
    let Some(bytes) = bytes else { return Ok(None) };
    String::from_utf8(bytes).map(Some).map_err(|_| unreadable(path, "it is not text (UTF-8)"))
}

fn unreadable(path: &Path, why: &str) -> Failure {
    Failure::new(Exit::Invalid, format!("cannot read {}: {why}", line(&path.display().to_string())))
}

/// A workflow, read.
pub(super) fn workflow(world: &World, named: &str) -> Result<Workflow, Failure> {
    let found = find(world, named, ENDING, "workflow")?;
    let file = found.path.display().to_string();
    Workflow::parse(&found.name, &file, &found.text).map_err(|wrong| Failure::at(Exit::Invalid, wrong))
}

/// A sync, read.
pub(super) fn sync(world: &World, named: &str) -> Result<sync::Sync, Failure> {
    let found = find(world, named, sync::ENDING, "sync")?;
    let file = found.path.display().to_string();
    sync::Sync::parse(&found.name, &file, &found.text).map_err(|wrong| Failure::at(Exit::Invalid, wrong))
}

/// The mappings; none if there is no file.
pub(super) fn mappings(world: &World) -> Result<Mappings, Failure> {
    let path = folder(world).join("mappings.toml");
    match read(&path)? {
        None => Ok(Mappings::default()),
        Some(text) => {
            Mappings::parse(&path.display().to_string(), &text).map_err(|wrong| Failure::at(Exit::Invalid, wrong))
        }
    }
}
