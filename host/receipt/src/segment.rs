//! The files of the log: `000001.jsonl`, `000002.jsonl`, ...
//!
//! Owns their names and their order. Other files in the folder mean nothing.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::{Error, lock};

/// A file of the log, as long as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) path: PathBuf,
    pub(crate) len: u64,
}

/// The path of a segment.
pub(crate) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:06}.jsonl"))
}

/// The segments in their order; none if there is no log.
pub(crate) fn list(folder: &Path) -> Result<Vec<Segment>, Error> {
    let failed = |e: io::Error| Error::io(folder, "list this folder", &e);
    let mut segments = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(segments),
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".jsonl")).and_then(|name| name.parse().ok());
        if let Some(number) = number.filter(|number| path(folder, *number).file_name() == Some(name.as_os_str())) {
            let path = path(folder, number);
            let len = fs::metadata(&path).map_err(|e| Error::io(&path, "look at this file", &e))?.len();
            segments.push(Segment { number, path, len });
        }
    }
    segments.sort_by_key(|segment| segment.number);
    Ok(segments)
}

/// The segments as they are between two entries: nobody is seen in the middle of a line.
pub(crate) fn snapshot(folder: &Path) -> Result<Vec<Segment>, Error> {
    let _held = lock::take_to_read(folder);
    list(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_segments_are_listed_and_in_the_order_of_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(list(&folder.path().join("none")), Ok(Vec::new()));
        for name in ["000002.jsonl", "000010.jsonl", "1234567.jsonl", "000001.jsonl"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        for name in [
            "lock",
            "3.jsonl",
            "000004.json",
            "+00005.jsonl",
            "000001.jsonl.bak",
            "x.jsonl",
            "99999999999999999999.jsonl",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let numbers: Vec<(u64, u64)> = list(folder.path()).unwrap().iter().map(|s| (s.number, s.len)).collect();
        assert_eq!(numbers, [(1, 12), (2, 12), (10, 12), (1_234_567, 13)]);
    }
}
