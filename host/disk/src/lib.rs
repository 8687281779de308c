//! Files that are nobody else's business: owner, modes, and writing by rename.
//!
//! The one module with Unix-only calls. Elsewhere than on Unix the folders of a user are private by the system's defaults,
//! and only size and kind are checked.
//!
//! Invariants: what is written is complete or not there, readable by its owner alone; what is read is a plain file below a
//! bound of size, whose owner and mode are as [`Guard`] asks.
#![forbid(unsafe_code)]

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

/// What others may do with a file that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Nothing, and it must belong to this user: a key or a token.
    Ours,
    /// Nothing, whoever owns it: a secret that something else put there.
    Secret,
    /// Not write: settings, which could name a program to run.
    Settings,
}

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system's reason.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Owner or mode are wrong, or it is not a plain file; says what to do.
    #[error("{0}")]
    Refused(String),
    /// Larger than the bound.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
}

/// Reads a file of at most `bound` bytes; nothing if there is none.
///
/// # Errors
/// See [`ReadError`].
pub fn read(path: &Path, bound: u64, guard: Guard) -> Result<Option<Vec<u8>>, ReadError> {
    // Looked at before it is opened: opening a pipe would wait for a writer.
    match fs::metadata(path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Err(ReadError::Refused("it is not a plain file".into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let file = File::open(path)?;
    check(&file, path, guard)?;
    let mut bytes = Vec::with_capacity(usize::try_from(file.metadata()?.len().min(bound)).unwrap_or_default() + 1);
    file.take(bound + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bound {
        zeroize::Zeroize::zeroize(&mut bytes);
        return Err(ReadError::TooLarge(bound));
    }
    Ok(Some(bytes))
}

/// Writes a file in one step, readable by its owner alone, in a folder that is made if need be.
///
/// # Errors
/// The system's; then what was there is as it was.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().ok_or_else(|| io::Error::other("the path has no folder"))?;
    folder(parent)?;
    // Made with mode 0600 on Unix.
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(parent)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The new name too is to be there after a power cut.
    #[cfg(unix)]
    File::open(parent)?.sync_all()?;
    Ok(())
}

/// Makes a folder, and those above it, for this user alone. One that exists keeps its mode.
///
/// # Errors
/// The system's.
pub fn folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a file to lock, empty and for this user alone.
///
/// # Errors
/// The system's.
pub fn lock_file(path: &Path) -> io::Result<File> {
    if let Some(parent) = path.parent() {
        folder(parent)?;
    }
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn check(file: &File, path: &Path, guard: Guard) -> Result<(), ReadError> {
    use std::os::unix::fs::MetadataExt;

    let found = file.metadata()?;
    if !found.is_file() {
        return Err(ReadError::Refused("it is not a plain file".into()));
    }
    let mode = found.mode() & 0o777;
    let shown = path.display();
    let quoted = shlex::try_quote(&path.to_string_lossy()).map_or_else(|_| shown.to_string(), |p| p.into_owned());
    let (forbidden, what, advice) = match guard {
        Guard::Ours | Guard::Secret => (0o077, "read or changed", "600"),
        Guard::Settings => (0o022, "changed", "go-w"),
    };
    if mode & forbidden != 0 {
        return Err(ReadError::Refused(format!(
            "it can be {what} by others (mode {mode:04o}); run: chmod {advice} {quoted}"
        )));
    }
    if guard == Guard::Ours && found.uid() != rustix::process::geteuid().as_raw() {
        return Err(ReadError::Refused("it belongs to another user".into()));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check(file: &File, _: &Path, _: Guard) -> Result<(), ReadError> {
    if file.metadata()?.is_file() { Ok(()) } else { Err(ReadError::Refused("it is not a plain file".into())) }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_written_is_its_owners_alone_and_complete() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/file");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(read(&path, 3, Guard::Ours).unwrap().unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(dir.path().join("a")).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(dir.path().join("a/b")).unwrap().count(), 1, "nothing half done is left");
    }

    #[test]
    fn modes_bounds_and_kinds_are_checked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("it's");
        write(&path, b"1234").unwrap();
        for (mode, ours, secret, settings) in [
            (0o600, true, true, true),
            (0o400, true, true, true),
            (0o640, false, false, true),
            (0o604, false, false, true),
            (0o620, false, false, false),
            (0o666, false, false, false),
        ] {
            set(&path, mode);
            for (guard, fine) in [(Guard::Ours, ours), (Guard::Secret, secret), (Guard::Settings, settings)] {
                match read(&path, 10, guard) {
                    Ok(_) => assert!(fine, "{mode:o} {guard:?}"),
                    Err(ReadError::Refused(why)) => {
                        assert!(!fine, "{mode:o} {guard:?}");
                        assert!(why.contains("chmod"), "{why}");
                    }
                    Err(other) => panic!("{other}"),
                }
            }
        }
        set(&path, 0o600);
        assert!(matches!(read(&path, 3, Guard::Ours), Err(ReadError::TooLarge(3))));
        assert!(matches!(read(dir.path(), 3, Guard::Secret), Err(ReadError::Refused(_))));
        assert!(read(&dir.path().join("none"), 3, Guard::Ours).unwrap().is_none());
    }
}
