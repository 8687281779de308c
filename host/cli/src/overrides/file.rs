//! The files that overrides are kept in: `overrides/BUNDLE/PRESET.toml` in the folder of settings.
//!
//! Keeps: a file is complete or not there, readable by its owner alone; one that is wrong, or that others can change, is an
//! error and not passed over; a name never leads out of the folder.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use presetter_connection::Source;
use presetter_disk::{self as disk, Guard};
use presetter_manifest::{is_bundle_name, read_toml};
use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// The largest file that is read, in bytes: a template has at most 64 KiB, and may need escapes.
const MAX_BYTES: u64 = 256 * 1024;

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    /// The preset's name in its bundle.
    pub(super) preset: String,
    /// The digest of the body that the preset had itself when it was set: `sha256:...`.
    pub(super) made_for: String,
    /// The template in its place.
    pub(super) body: String,
    /// Where the bundle came from; it is used for no other.
    pub(super) source: Source,
}

/// The file of a preset's override, whether it is there or not.
///
/// # Errors
/// The names are none.
pub(super) fn path(world: &World, bundle: &str, preset: &str) -> Result<PathBuf, Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !is_bundle_name(bundle) || preset.is_empty() || !preset.chars().all(plain) {
        return Err(Failure::new(Exit::Invalid, format!("\"{bundle}/{preset}\" names no preset")));
    }
    Ok(folder(world).join(bundle).join(format!("{preset}.toml")))
}

fn folder(world: &World) -> PathBuf {
    world.dirs.config.join("overrides")
}

/// The override in a file; nothing if there is none.
pub(super) fn read(path: &Path) -> Result<Option<Kept>, Failure> {
    let name = path.display().to_string();
    let unread = |why: String| Failure::new(Exit::Invalid, format!("the override {name} is not used: {why}"));
    let Some(bytes) = disk::read(path, MAX_BYTES, Guard::Settings).map_err(|why| unread(why.to_string()))? else {
        return Ok(None);
    };
    let text = String::from_utf8(bytes).map_err(|_| unread("it is not text (UTF-8)".to_owned()))?;
    let kept: Kept = read_toml(&name, &text).map_err(|wrong| Failure::at(Exit::Invalid, wrong))?;
    // A file that was moved is not another preset's override.
    let own = Path::new("overrides").join(kept.source.bundle()).join(format!("{}.toml", kept.preset));
    if !path.ends_with(own) {
        let moved = unread(format!("it is for {}/{}, and was moved here", kept.source.bundle(), kept.preset));
        return Err(moved.help("remove it, and set it with `presetter override`"));
    }
    Ok(Some(kept))
}

/// Writes an override.
pub(super) fn write(path: &Path, kept: &Kept) -> Result<(), Failure> {
    let failed = |why: String| Failure::new(Exit::Internal, format!("{} cannot be written: {why}", path.display()));
    let text = toml::to_string_pretty(kept).map_err(|why| failed(why.to_string()))?;
    let head = "# A body in place of a preset's own, kept by `presetter override`.\n\n";
    disk::write(path, format!("{head}{text}").as_bytes()).map_err(|why| failed(why.to_string()))
}

/// Removes an override; false if there is none.
pub(super) fn remove(path: &Path) -> Result<bool, Failure> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(false),
        Err(why) => Err(Failure::new(Exit::Internal, format!("{} cannot be removed: {why}", path.display()))),
    }
}

/// The files of all overrides, sorted. Bundles may have a scope, so that their folders lie one or two deep.
pub(super) fn all(world: &World) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![(folder(world), 0)];
    while let Some((folder, deep)) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(why) if why.kind() == ErrorKind::NotFound => continue,
            Err(why) => {
                return Err(Failure::new(Exit::Internal, format!("{} cannot be read: {why}", folder.display())));
            }
        };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if path.is_dir() && deep < 2 {
                folders.push((path, deep + 1));
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(bundle: &str) -> Kept {
        Kept {
            preset: "users".into(),
            made_for: "sha256:0".into(),
            body: "{ \"a\": '''{{b}}''',\n \"c\": \"\\n\" }".into(),
            source: Source::BuiltIn { bundle: bundle.into() },
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_a_moved_file_is_not() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("overrides/acme/jamf/users.toml");
        assert!(read(&path).unwrap().is_none());
        write(&path, &kept("acme/jamf")).unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), kept("acme/jamf"));
        let moved = home.path().join("overrides/acme/okta/users.toml");
        disk::write(&moved, &fs::read(&path).unwrap()).unwrap();
        assert!(read(&moved).unwrap_err().render(false).contains("it is for acme/jamf/users"));
        disk::write(&path, b"preset = 'users'\nbody = 1\n").unwrap();
        assert!(read(&path).unwrap_err().render(false).contains("users.toml:2:8"));
        assert!(remove(&path).unwrap() && !remove(&path).unwrap());
    }
}
