//! Files that are nobody else's business: owner, modes, and writing by rename.
//!
//! The one module with Unix-only calls. Elsewhere than on Unix the folders of a user are private by the system's defaults,
//! and only size and kind are checked.
//!
//! Invariants: what is written is complete or not there, readable by its owner alone; what is read is a plain file below a
//! bound of size, whose owner and mode are as [`Guard`] asks.
#![forbid(unsafe_code)]

mod append;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

pub use append::{append_line, own_file};

/// How the names of files begin that are not complete yet. One that a killed process left may be removed.
pub const UNFINISHED: &str = ".new-";

/// What others may do with a file that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Nothing, and it must belong to this user: a key or a token.
    Ours,
    /// Nothing, whoever owns it: a secret that something else put there.
    Secret,
    /// Not write, and it must belong to this user or to the system's administrator: settings, which could name a program to run.
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
    check(&file.metadata()?, path, guard)?;
    let mut bytes = Vec::with_capacity(usize::try_from(file.metadata()?.len().min(bound)).unwrap_or_default() + 1);
    file.take(bound + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bound {
        zeroize::Zeroize::zeroize(&mut bytes);
        return Err(ReadError::TooLarge(bound));
    }
    Ok(Some(bytes))
}

/// Looks at a file as [`read`] would, without opening it; says whether there is one.
///
/// For files that a library opens itself. Opening and closing one here would drop the locks that this process holds on it
/// (POSIX: a process loses all its locks on a file with the first handle that it closes).
///
/// # Errors
/// See [`ReadError`].
pub fn look(path: &Path, guard: Guard) -> Result<bool, ReadError> {
    match fs::symlink_metadata(path) {
        Ok(found) => check(&found, path, guard).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Writes a file in one step, readable by its owner alone, in a folder that is made if need be.
///
/// # Errors
/// The system's; then what was there is as it was.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().ok_or_else(|| io::Error::other("the path has no folder"))?;
    let file = unfinished(parent, bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    synced(parent)
}

/// As [`write`], for what can be had again: the disk is not waited for. After a power cut the file may be empty, or as it was before.
///
/// # Errors
/// The system's; then what was there is as it was.
pub fn write_lightly(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().ok_or_else(|| io::Error::other("the path has no folder"))?;
    unfinished(parent, bytes)?.persist(path).map_err(|error| error.error).map(drop)
}

/// Writes a file that is not there yet, in one step, readable by its owner alone.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if something has its name; else the system's.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = unfinished(parent, bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    synced(parent)
}

/// A file that has no name of its own yet, in a folder that is made if need be; on Unix with mode 0600.
fn unfinished(parent: &Path, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    folder(parent)?;
    let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(parent)?;
    file.write_all(bytes)?;
    Ok(file)
}

/// Writes a file in one step that others may read too, as the user's settings (umask) say, in a folder that is there.
///
/// # Errors
/// The system's; then what was there is as it was.
pub fn write_shared(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.prefix(UNFINISHED).tempfile_in(parent)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    synced(parent)
}

/// Removes a file; one that is not there is gone already.
///
/// # Errors
/// The system's.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The new name too is to be there after a power cut.
fn synced(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
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

/// Makes a folder for this user alone, in which nobody else can put anything, or another in its place.
///
/// # Errors
/// It is there and others may use it; somebody else may rename one of the folders that it is in (OpenSSH asks the same of the way to its
/// keys: `StrictModes`); else the system's.
pub fn safe_folder(path: &Path) -> io::Result<()> {
    folder(path)?;
    safe(path)
}

#[cfg(unix)]
fn safe(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    const STICKY: u32 = 0o1000;
    let refused = |path: &Path, why: &str| Err(io::Error::other(format!("{} {why}", path.display())));
    let own = rustix::process::geteuid().as_raw();
    let found = fs::symlink_metadata(path)?;
    if !found.is_dir() || found.uid() != own || found.mode() & 0o077 != 0 {
        return refused(path, "is not this user's alone");
    }
    let path = path.canonicalize()?;
    for above in path.ancestors().skip(1) {
        let found = fs::metadata(above)?;
        // A user's own group, where users have one each, is the user.
        let group = found.mode() & 0o020 != 0 && found.gid() != rustix::process::getegid().as_raw();
        let others = (group || found.mode() & 0o002 != 0) && found.mode() & STICKY == 0;
        if others || ![0, own].contains(&found.uid()) {
            return refused(above, "can be changed by others");
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn safe(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Lets no core file be written of this process: its memory holds secrets. Where the system has no such limit, nothing is done.
pub fn no_core_file() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        // To lower a limit is always allowed.
        let _ = setrlimit(Resource::Core, none);
    }
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
fn check(found: &fs::Metadata, path: &Path, guard: Guard) -> Result<(), ReadError> {
    use std::os::unix::fs::MetadataExt;

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
    let own = rustix::process::geteuid().as_raw();
    if mode & forbidden != 0 {
        return Err(ReadError::Refused(format!(
            "it can be {what} by others (mode {mode:04o}); run: chmod {advice} {quoted}"
        )));
    }
    // What the administrator put there is no stranger's.
    let owner = match guard {
        Guard::Ours => found.uid() == own,
        Guard::Settings => [own, 0].contains(&found.uid()),
        Guard::Secret => true,
    };
    if !owner {
        return Err(ReadError::Refused("it belongs to another user".into()));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check(found: &fs::Metadata, _: &Path, _: Guard) -> Result<(), ReadError> {
    if found.is_file() { Ok(()) } else { Err(ReadError::Refused("it is not a plain file".into())) }
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
    fn what_is_there_is_not_created_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/file");
        create(&path, b"one").unwrap();
        assert_eq!(create(&path, b"two").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        std::os::unix::fs::symlink("nowhere", dir.path().join("link")).unwrap();
        assert_eq!(create(&dir.path().join("link"), b"two").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 1, "nothing half done is left");
    }

    #[test]
    fn what_is_gone_can_be_removed_and_a_folder_cannot() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        write(&path, b"one").unwrap();
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert!(!path.exists());
        assert!(remove(dir.path()).is_err());
    }

    #[test]
    fn a_folder_is_safe_where_nobody_else_can_move_it() {
        let dir = tempfile::tempdir().unwrap();
        let (above, leaf) = (dir.path().join("above"), dir.path().join("above/leaf"));
        safe_folder(&leaf).unwrap();
        safe_folder(&leaf).unwrap();
        for (path, mode, fine) in [
            (&above, 0o777, false),
            (&above, 0o772, false),
            (&above, 0o770, true),
            (&above, 0o1777, true),
            (&above, 0o755, true),
            (&leaf, 0o750, false),
            (&leaf, 0o705, false),
            (&leaf, 0o700, true),
        ] {
            set(path, mode);
            assert_eq!(safe_folder(&leaf).is_ok(), fine, "{} {mode:o}", path.display());
        }
        std::os::unix::fs::symlink(&leaf, dir.path().join("link")).unwrap();
        assert!(safe_folder(&dir.path().join("link")).is_err());
    }

    /// Only an administrator can give a file to another user: as one, all of it is looked at, else what is left.
    #[test]
    fn a_strangers_settings_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        write(&path, b"1").unwrap();
        set(&path, 0o644);
        assert!(read(&path, 10, Guard::Settings).is_ok());
        if std::os::unix::fs::chown(&path, Some(12345), None).is_ok() {
            for guard in [Guard::Settings, Guard::Ours] {
                assert!(matches!(read(&path, 10, guard), Err(ReadError::Refused(_))), "{guard:?}");
            }
            set(&path, 0o600);
            assert!(read(&path, 10, Guard::Secret).is_ok(), "whoever put a secret there");
        }
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
                assert_eq!(look(&path, guard).is_ok(), fine, "{mode:o} {guard:?}");
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
        assert!(look(&path, Guard::Ours).unwrap() && !look(&dir.path().join("none"), Guard::Ours).unwrap());
        // What stands for another file is read as that one, and not for a library to write to.
        std::os::unix::fs::symlink(&path, dir.path().join("link")).unwrap();
        assert!(read(&dir.path().join("link"), 10, Guard::Ours).is_ok());
        assert!(matches!(look(&dir.path().join("link"), Guard::Ours), Err(ReadError::Refused(_))));
    }
}
