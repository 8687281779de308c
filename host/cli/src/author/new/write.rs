//! Writing what `presetter new` made.
//!
//! Owns the way from texts to files: all or nothing. Everything is written into a folder beside its place first, then moved
//! there; what was moved is moved back if the rest cannot be. Keeps: nothing that is there is replaced but a `bundle.toml`
//! that gains something, and that only if it is still as it was read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use presetter_author::new::Made;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;

/// What is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing.
    Nothing,
    /// An empty folder.
    Empty,
    /// A bundle.
    Bundle,
}

impl Place {
    /// What a folder is.
    ///
    /// # Errors
    /// There is something else.
    pub(super) fn of(folder: &Path) -> Result<Self, Failure> {
        if folder.as_os_str().is_empty() || folder.symlink_metadata().is_err() {
            return Ok(Self::Nothing);
        }
        if folder.join("bundle.toml").is_file() {
            return Ok(Self::Bundle);
        }
        let shown = folder.display();
        match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
            Ok(true) => Ok(Self::Empty),
            Ok(false) => {
                Err(Failure::usage(format!("the folder {shown} is not empty, and no bundle: it has no bundle.toml"))
                    .help("name a folder that is not there yet; nothing was changed"))
            }
            Err(_) => Err(Failure::usage(format!("{shown} is there already, and no folder that can be read"))
                .help("name a folder that is not there yet; nothing was changed")),
        }
    }
}

/// Writes what was made. `read` is the text of a bundle's `bundle.toml` as it was read.
pub(super) fn write(folder: &Path, place: &Place, made: &Made, read: Option<&str>) -> Result<(), Failure> {
    if *place == Place::Bundle && folder.join(&made.preset).symlink_metadata().is_ok() {
        let message = format!("{} is there already; nothing was changed", folder.join(&made.preset).display());
        return Err(Failure::usage(message).help("name the preset with --preset NAME"));
    }
    let written = match place {
        Place::Nothing => files::create_folder(folder, &whole(made)),
        Place::Empty => parts(folder, made, None),
        Place::Bundle => parts(folder, made, read),
    };
    written.map_err(|error| {
        Failure::new(Exit::Invalid, format!("cannot write {}: {error}; nothing was changed", folder.display()))
    })
}

/// All files of a new bundle.
fn whole(made: &Made) -> Vec<(String, Vec<u8>)> {
    let manifest = made.bundle.iter().map(|text| ("bundle.toml".to_owned(), text));
    let files = made.files.iter().map(|(path, text)| (path.clone(), text)).chain(manifest);
    files.map(|(path, text)| (path, text.clone().into_bytes())).collect()
}

/// New files in a folder, moved into it one by one; then what its `bundle.toml` gains.
fn parts(folder: &Path, made: &Made, read: Option<&str>) -> io::Result<()> {
    let beside = aside(folder)?;
    let manifest = made.bundle.iter().filter(|_| read.is_none()).map(|text| ("bundle.toml", text));
    let mut moves: Vec<(PathBuf, PathBuf)> = Vec::new();
    for (path, text) in made.files.iter().map(|(path, text)| (path.as_str(), text)).chain(manifest) {
        files::create(&beside.path().join(path), text)?;
        let top = path.split('/').next().unwrap_or(path);
        if !moves.iter().any(|(_, to)| to.ends_with(top)) {
            moves.push((beside.path().join(top), folder.join(top)));
        }
    }
    let mut moved: Vec<&(PathBuf, PathBuf)> = Vec::new();
    let all = moves.iter().try_for_each(|pair| {
        if pair.1.symlink_metadata().is_ok() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} is there already", pair.1.display())));
        }
        fs::rename(&pair.0, &pair.1)?;
        moved.push(pair);
        Ok(())
    });
    let gained = all.and_then(|()| match (read, &made.bundle) {
        (Some(read), Some(text)) => gain(&folder.join("bundle.toml"), read, text),
        _ => Ok(()),
    });
    if gained.is_err() {
        // What cannot be moved back is told by the error that is told anyway.
        moved.iter().rev().for_each(|(from, to)| drop(fs::rename(to, from)));
    }
    gained
}

/// Puts a new text in the place of the one that was read.
fn gain(file: &Path, read: &str, text: &str) -> io::Result<()> {
    let now = fs::read_to_string(file)?;
    if now.strip_prefix('\u{feff}').unwrap_or(&now) != read.strip_prefix('\u{feff}').unwrap_or(read) {
        return Err(io::Error::other(format!("{} changed meanwhile; run the same command again", file.display())));
    }
    files::replace(file, text)
}

fn aside(parent: &Path) -> io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix(".presetter-new-").tempdir_in(parent)
}

#[cfg(test)]
mod tests {
    use presetter_author::new::{Existing, Source, Wanted, make};

    use super::*;

    fn made(bundle: &str, text: Option<&str>) -> Made {
        let existing = text.map(|text| Existing { file: "bundle.toml", text, presets: &[] });
        let wanted = Wanted { bundle, preset: None, script: false, existing };
        let line = "curl -X DELETE https://api.acme.example/users/u1";
        make(&wanted, &if text.is_some() { Source::Curl(line) } else { Source::Example }).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_bundle_is_written_and_added_to() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("deep/acme");
        assert_eq!(Place::of(&folder).unwrap(), Place::Nothing);
        write(&folder, &Place::Nothing, &made("acme", None), None).unwrap();
        assert_eq!(names(&folder), ["README.md", "bundle.toml", "get-user"]);
        assert_eq!(names(folder.parent().unwrap()), ["acme"], "nothing is left beside it");
        let text = fs::read_to_string(folder.join("bundle.toml")).unwrap();
        let more = made("acme", Some(&text));
        assert_eq!(Place::of(&folder).unwrap(), Place::Bundle);
        write(&folder, &Place::Bundle, &more, Some(&text)).unwrap();
        assert_eq!(names(&folder), ["README.md", "bundle.toml", "delete-user", "get-user"]);
        assert_eq!(fs::read_to_string(folder.join("bundle.toml")).unwrap(), more.bundle.unwrap());
    }

    #[test]
    fn an_empty_folder_is_filled_and_another_is_not() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(Place::of(home.path()).unwrap(), Place::Empty);
        write(home.path(), &Place::Empty, &made("acme", None), None).unwrap();
        assert_eq!(names(home.path()), ["README.md", "bundle.toml", "get-user"]);
        fs::remove_file(home.path().join("bundle.toml")).unwrap();
        assert!(Place::of(home.path()).is_err() && Place::of(&home.path().join("README.md")).is_err());
    }

    #[test]
    fn what_cannot_be_finished_is_undone() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("acme");
        write(&folder, &Place::Nothing, &made("acme", None), None).unwrap();
        let text = fs::read_to_string(folder.join("bundle.toml")).unwrap();
        let more = made("acme", Some(&text));
        // An editor was faster.
        fs::write(folder.join("bundle.toml"), format!("{text}\n# mine\n")).unwrap();
        let told = write(&folder, &Place::Bundle, &more, Some(&text)).unwrap_err().render(false);
        assert!(told.contains("changed meanwhile"), "{told}");
        assert_eq!(names(&folder), ["README.md", "bundle.toml", "get-user"]);
        assert!(fs::read_to_string(folder.join("bundle.toml")).unwrap().ends_with("# mine\n"));
        // A folder of that name is somebody's.
        fs::create_dir(folder.join("delete-user")).unwrap();
        assert!(write(&folder, &Place::Bundle, &more, Some(&text)).is_err());
        assert_eq!(names(&folder.join("delete-user")), [""; 0]);
    }
}
