//! Files to which lines are only ever added.
//!
//! Invariants: a line is on the disk when adding it returns; a line that a crash left half written is cut off before the next one; nothing
//! is written through a link.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Adds a line to a file for this user alone, which is made if need be.
///
/// # Errors
/// The line has a line break in it; something that is no plain file has the name; else the system's.
pub fn append_line(path: &Path, line: &str) -> io::Result<()> {
    if line.contains('\n') {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a line has no line break"));
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    super::folder(parent)?;
    let new = fs::symlink_metadata(path).is_err();
    let mut file = own_file(path)?;
    let end = whole_lines(&mut file)?;
    file.set_len(end)?;
    file.seek(SeekFrom::Start(end))?;
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_all()?;
    if new { super::synced(parent) } else { Ok(()) }
}

/// Opens a plain file of this user alone to read and to write, which is made if need be. The folder must be there.
///
/// # Errors
/// Something that is no plain file has the name, or a link; else the system's.
pub fn own_file(path: &Path) -> io::Result<File> {
    let plain = |found: &fs::Metadata| match found.is_file() {
        true => Ok(()),
        false => Err(io::Error::other("it is not a plain file")),
    };
    // Looked at before it is opened: opening a pipe would wait for a reader.
    if let Ok(found) = fs::symlink_metadata(path) {
        plain(&found)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    let file = options.open(path)?;
    plain(&file.metadata()?)?;
    Ok(file)
}

/// Where the last whole line ends.
fn whole_lines(file: &mut File) -> io::Result<u64> {
    const STEP: u64 = 4096;
    let mut end = file.metadata()?.len();
    while end > 0 {
        let start = end.saturating_sub(STEP);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        Read::by_ref(file).take(end - start).read_to_end(&mut bytes)?;
        if let Some(at) = bytes.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_and_half_ones_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/log");
        let long = "x".repeat(10_000);
        for (left, is) in [
            ("", "new\n".to_owned()),
            ("half", "new\n".to_owned()),
            ("one\n", "one\nnew\n".to_owned()),
            ("one\nha", "one\nnew\n".to_owned()),
            (&format!("one\n{long}"), "one\nnew\n".to_owned()),
            (&format!("{long}\n"), format!("{long}\nnew\n")),
        ] {
            super::super::folder(&dir.path().join("a")).unwrap();
            fs::write(&path, left).unwrap();
            append_line(&path, "new").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), is);
        }
        assert!(append_line(&path, "a\nb").is_err());
        fs::remove_file(&path).unwrap();
        append_line(&path, "first").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "first\n");
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target");
        let path = dir.path().join("log");
        std::os::unix::fs::symlink(&target, &path).unwrap();
        assert!(append_line(&path, "x").is_err() && !target.exists());
        fs::write(&target, "").unwrap();
        assert!(append_line(&path, "x").is_err());
        assert_eq!(fs::read(&target).unwrap(), b"");
        assert!(append_line(dir.path(), "x").is_err());
    }
}
