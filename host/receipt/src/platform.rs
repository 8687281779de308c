//! What the system knows of users and files.
//!
//! The one module of this crate with Unix-only calls. Elsewhere the folders of a user are private by the system's
//! defaults, and only the kind of a file is checked.
//!
//! Keeps: what is written is readable by its owner alone; nothing is added to a file that others could have changed.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use serde::Serialize;

use crate::Error;

/// Who runs the program, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Who {
    /// The user's name, as the environment has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The user's number, as the system has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The machine's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

impl Who {
    /// The user of this process, who calls himself `user`.
    #[must_use]
    pub fn here(user: Option<String>) -> Self {
        #[cfg(unix)]
        let (uid, host) = {
            let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
            (Some(rustix::process::getuid().as_raw()), Some(host))
        };
        #[cfg(not(unix))]
        let (uid, host) = (None, None);
        Self { user, uid, host }
    }
}

/// A path as a shell takes it for one word.
pub(crate) fn quoted(path: &Path) -> String {
    let path = path.to_string_lossy();
    shlex::try_quote(&path).map_or_else(|_| path.clone().into_owned(), |quoted| quoted.into_owned())
}

/// Makes a folder for this user alone, and those above it; one that is there must be this user's alone.
pub(crate) fn folder(path: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|e| Error::io(path, "make this folder", &e))?;
    let found = fs::metadata(path).map_err(|e| Error::io(path, "look at this folder", &e))?;
    ours(path, &found, "700")
}

/// Opens a file for reading and writing. `new` makes it; else it is there, plain, and this user's alone.
pub(crate) fn open(path: &Path, new: bool) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(new).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Looked at before it is opened: opening a pipe would wait for a writer.
    plain(path)?;
    let file = options.open(path).map_err(|e| Error::io(path, "open this file", &e))?;
    let found = file.metadata().map_err(|e| Error::io(path, "look at this file", &e))?;
    ours(path, &found, "600")?;
    Ok(file)
}

/// Opens a file for reading alone, whoever owns it: an auditor may read the log of another user.
pub(crate) fn open_to_read(path: &Path) -> Result<File, Error> {
    plain(path)?;
    File::open(path).map_err(|e| Error::io(path, "open this file", &e))
}

fn plain(path: &Path) -> Result<(), Error> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(Error::new(path, "this is not a plain file", "move it away")),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn ours(path: &Path, found: &fs::Metadata, mode: &str) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt as _;
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(Error::new(
            path,
            "it belongs to another user",
            "run presetter as that user, or with a home of your own",
        ));
    }
    if found.mode() & 0o077 != 0 {
        let why = format!("it can be read or changed by others (mode {:04o})", found.mode() & 0o7777);
        return Err(Error::new(path, why, format!("run: chmod {mode} {}", quoted(path))));
    }
    Ok(())
}

#[cfg(not(unix))]
fn ours(_: &Path, _: &fs::Metadata, _: &str) -> Result<(), Error> {
    Ok(())
}

/// Makes sure that a file that is new in a folder is still there after a power cut.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(path)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
