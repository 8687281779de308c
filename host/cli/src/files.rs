//! Writing the files of authors: cassettes, cases, pages.
//!
//! Owns the ways to write: a new file or folder, never over one that is there, and a file in place of another, whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

/// Writes a new file. Folders on the way are made.
///
/// # Errors
/// It is there already, or cannot be written.
pub(crate) fn create(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}

/// Writes a new file with what is people's: readable by this user alone. Folders on the way are made.
///
/// # Errors
/// It is there already, or cannot be written.
pub(crate) fn create_private(path: &Path, text: &str) -> io::Result<()> {
    presetter_disk::create(path, text.as_bytes())
}

/// Opens a new file for what is people's, to be written as it comes.
///
/// # Errors
/// It is there already, or cannot be made.
pub(crate) fn new_private(path: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A file with what is people's that is written as it comes, beside its place: it takes that when it is whole, and until then what is
/// there stays. Nothing is left of one that is dropped.
pub(crate) struct Coming {
    file: tempfile::NamedTempFile,
    place: PathBuf,
}

impl Coming {
    /// Begins one.
    ///
    /// # Errors
    /// It cannot be written there, or something other than a plain file has its name.
    pub(crate) fn begin(place: &Path) -> io::Result<Self> {
        // What stands for another file is written there.
        let place = place.canonicalize().unwrap_or_else(|_| place.to_owned());
        if fs::metadata(&place).is_ok_and(|found| !found.is_file()) {
            return Err(io::Error::other("it is not a plain file"));
        }
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::metadata(folder)?;
        // Its own message would name a file that nobody knows.
        let file = tempfile::Builder::new().prefix(".presetter-").tempfile_in(folder);
        Ok(Self { file: file.map_err(|error| io::Error::from(error.kind()))?, place })
    }

    /// Puts it in its place.
    ///
    /// # Errors
    /// It cannot be written; then what was there is as it was.
    pub(crate) fn place(self) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist(&self.place).map(drop).map_err(|error| error.error)
    }
}

impl io::Write for Coming {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl io::Seek for Coming {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Writes a new folder with files, whole or not at all. Folders on the way are made.
///
/// # Errors
/// It is there already, or cannot be written; a file would not lie in it, or two have one name.
pub(crate) fn create_folder(folder: &Path, files: &[(String, Vec<u8>)]) -> io::Result<()> {
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(above)?;
    // Made beside its place, so that it can be moved there in one step. The folder for the time being is this user's alone; what
    // is moved is as any other.
    let made = tempfile::Builder::new().prefix(".presetter-").tempdir_in(above)?;
    let whole = made.path().join("whole");
    fs::create_dir(&whole)?;
    for (name, bytes) in files {
        // Names may come from a stranger's manifest.
        if !Path::new(name).components().all(|part| matches!(part, Component::Normal(_))) {
            let message = format!("{name} would not lie in the folder");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let path = whole.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&whole))?;
        OpenOptions::new().write(true).create_new(true).open(path)?.write_all(bytes)?;
    }
    fs::rename(&whole, folder)
}

/// Puts a text in place of a file's, with the permissions that the file has.
///
/// # Errors
/// It cannot be written; then the file is as it was.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    // A link stays one: what it leads to is replaced.
    let path = path.canonicalize()?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(fs::metadata(&path)?.permissions())?;
    file.persist(&path).map(drop).map_err(|error| error.error)
}

/// Writes a file, in one step, over one that is there.
///
/// # Errors
/// It cannot be written; then what was there is as it was.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // As any file that a program writes: others may read it.
    let mut options = tempfile::Builder::new();
    options.prefix(".presetter-");
    #[cfg(unix)]
    options.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = options.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_folder_holds_its_files_and_nothing_lies_outside() {
        let home = tempfile::tempdir().unwrap();
        let above = home.path().join("above");
        let folder = above.join("new");
        let outside = home.path().join("outside").display().to_string();
        let file = |name: &str| (name.to_owned(), b"1".to_vec());
        for files in [
            vec![file(&outside)],
            vec![file("../../outside")],
            vec![file("a/../../../../outside")],
            vec![file("a"), file("a")],
        ] {
            assert!(create_folder(&folder, &files).is_err(), "{files:?}");
            assert_eq!(fs::read_dir(&above).unwrap().count(), 0, "{files:?}");
            assert!(!Path::new(&outside).exists(), "{files:?}");
        }
        create_folder(&folder, &[file("a/b"), file("c")]).unwrap();
        assert_eq!(fs::read_to_string(folder.join("a/b")).unwrap(), "1");
        assert!(create_folder(&folder, &[file("d")]).is_err(), "it is there");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_peoples_is_for_this_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tests/seen.har");
        create_private(&file, "1").unwrap();
        let mode = |path: &Path| std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions());
        assert_eq!(mode(&file) & 0o777, 0o600);
        assert_eq!(create_private(&file, "2").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn what_comes_takes_its_place_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("report");
        fs::write(&place, "before").unwrap();
        let mut coming = Coming::begin(&place).unwrap();
        coming.write_all(b"half").unwrap();
        assert_eq!(fs::read_to_string(&place).unwrap(), "before");
        drop(coming);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        let mut coming = Coming::begin(&place).unwrap();
        coming.write_all(b"whole").unwrap();
        coming.place().unwrap();
        assert_eq!(fs::read_to_string(&place).unwrap(), "whole");
        for no_place in [folder.path().to_owned(), folder.path().join("none/report")] {
            assert!(Coming::begin(&no_place).is_err(), "{}", no_place.display());
        }
    }

    #[test]
    fn what_is_there_is_replaced_only_on_purpose() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tests/new.har");
        create(&file, "1").unwrap();
        assert_eq!(create(&file, "2").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&file).unwrap(), "1");
        replace(&file, "3").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "3");
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
        assert!(replace(&folder.path().join("none"), "4").is_err());
    }
}
