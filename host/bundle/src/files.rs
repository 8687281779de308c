//! A bundle's files, wherever they are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::Error;

/// The largest file of a bundle that is read, in bytes: room for a component, not for an accident.
pub const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// The largest file of text, in bytes: many times what a manifest may have, so that its reader is the one who says so.
const MAX_TEXT_BYTES: u64 = 4 * 1024 * 1024;
/// The most text that the JavaScript of one preset may have, in bytes: an interpreter has no memory for more.
const MAX_SCRIPT_BYTES: usize = 8 * 1024 * 1024;

/// The most files of JavaScript that one preset may have.
const MAX_SCRIPTS: usize = 256;
/// How many folders deep a bundle's files may lie.
const DEPTH: usize = 8;
/// The most files that a bundle's folder is looked through for.
const MAX_FILES: usize = 10_000;

/// A bundle that is built in: its name, and its files by path.
type BuiltIn = (&'static str, &'static [(&'static str, &'static str)]);
const BUILT_IN: &[BuiltIn] = include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// The names of the bundles that are built in.
pub(crate) fn built_in_names() -> Vec<&'static str> {
    BUILT_IN.iter().map(|(name, _)| *name).collect()
}

/// Where a bundle's files are read from.
#[derive(Debug, Clone)]
pub(crate) enum Files {
    BuiltIn(BuiltIn),
    Folder {
        /// As the person named it, for messages.
        named: PathBuf,
        /// Canonical.
        path: PathBuf,
        /// What was read. Each file is read once, so that what was checked and digested is what runs, whoever changes the
        /// folder meanwhile.
        read: Arc<Mutex<HashMap<String, Bytes>>>,
    },
    /// In memory: what was verified. No file is read for it.
    Package {
        /// The file that it is distributed as, for messages.
        named: String,
        files: Arc<BTreeMap<String, Content>>,
    },
}

/// A file of a package, as it was verified.
#[derive(Debug, Clone)]
pub struct Content {
    /// Its bytes.
    pub bytes: Bytes,
    /// Their sha256, in lower-case hex.
    pub sha256: String,
}

/// What was read of a folder.
fn known(read: &Mutex<HashMap<String, Bytes>>) -> MutexGuard<'_, HashMap<String, Bytes>> {
    read.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A text file beside a bundle's own, in UTF-8: a case, a cassette.
///
/// # Errors
/// It cannot be read, is larger than `most` bytes, or no text.
pub fn read_text(path: &Path, most: u64) -> Result<String, Error> {
    let text = read_within(path, most).and_then(to_text);
    text.map_err(|reason| Error::Io { file: path.display().to_string(), reason })
}

/// The bytes of a plain file. The error is a reason, for people.
fn read_within(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    // Opening a pipe would wait for a writer.
    if !path.is_file() {
        return Err("it is not a plain file".into());
    }
    let mut bytes = Vec::new();
    let opened = fs::File::open(path).map_err(|e| e.to_string())?;
    opened.take(most + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 > most {
        return Err(format!("it is larger than {most} bytes"));
    }
    Ok(bytes)
}

/// Bytes as text. The error is a reason, for people.
fn to_text(bytes: Vec<u8>) -> Result<String, String> {
    let text = String::from_utf8(bytes)
        .map_err(|e| format!("it is not UTF-8 text (byte {})", e.utf8_error().valid_up_to()))?;
    // Editors on Windows may write a byte order mark; no offset may depend on it.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// The files below a folder of a bundle, without what is hidden and without `node_modules` and `target`; links to folders are
/// not followed. Paths are below `root`, with `/`.
fn walk(root: &Path, folder: &str) -> Vec<String> {
    let (mut open, mut found) = (vec![(folder.to_owned(), 0)], Vec::new());
    while let Some((folder, depth)) = open.pop() {
        for entry in fs::read_dir(root.join(&folder)).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with('.') || name == "node_modules" || name == "target" || found.len() >= MAX_FILES {
                continue;
            }
            let full = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < DEPTH => open.push((full, depth + 1)),
                Ok(kind) if kind.is_dir() => {}
                _ => found.push(full),
            }
        }
    }
    found
}

fn is_script(name: &str) -> bool {
    name.ends_with(".js") || name.ends_with(".mjs")
}

impl Files {
    pub(crate) fn built_in(name: &str) -> Option<Self> {
        BUILT_IN.iter().find(|(known, _)| *known == name).map(|found| Self::BuiltIn(*found))
    }

    pub(crate) fn folder(named: &Path) -> Result<Self, Error> {
        let io = |e: std::io::Error| Error::Io { file: named.display().to_string(), reason: e.to_string() };
        Ok(Self::Folder { named: named.to_owned(), path: named.canonicalize().map_err(io)?, read: Arc::default() })
    }

    /// The name of a file in messages.
    pub(crate) fn display(&self, file: &str) -> String {
        match self {
            Self::BuiltIn((name, _)) => format!("{name}/{file}"),
            Self::Folder { named, .. } => named.join(file).display().to_string(),
            Self::Package { named, .. } => format!("{named}/{file}"),
        }
    }

    /// Whether a file is there.
    pub(crate) fn has(&self, file: &str) -> bool {
        match self {
            Self::BuiltIn((_, files)) => files.iter().any(|(name, _)| *name == file),
            Self::Folder { path, read, .. } => known(read).contains_key(file) || path.join(file).is_file(),
            Self::Package { files, .. } => files.contains_key(file),
        }
    }

    /// The names of the folders that hold a `preset.toml`, sorted.
    pub(crate) fn presets(&self) -> Vec<String> {
        let names: BTreeSet<String> = match self {
            Self::BuiltIn((_, files)) => {
                files.iter().filter_map(|(name, _)| name.strip_suffix("/preset.toml")).map(str::to_owned).collect()
            }
            Self::Folder { path, read, .. } => {
                let there = fs::read_dir(path).into_iter().flatten().flatten();
                let there = there.filter(|entry| entry.path().join("preset.toml").is_file());
                let there = there.filter_map(|entry| entry.file_name().into_string().ok());
                let read = known(read);
                let known = read.keys().filter_map(|name| name.strip_suffix("/preset.toml")).map(str::to_owned);
                there.chain(known).collect()
            }
            Self::Package { files, .. } => {
                let names = files.keys().filter_map(|name| name.strip_suffix("/preset.toml"));
                // As in a folder, where a preset lies in the bundle's own folder.
                names.filter(|name| !name.contains('/')).map(str::to_owned).collect()
            }
        };
        names.into_iter().collect()
    }

    /// The JavaScript that a preset's script may import, sorted: below the preset's folder and below the folder `lib` of
    /// the bundle, without what is hidden, and without `tests` and `node_modules`.
    pub(crate) fn scripts(&self, preset: &str) -> Result<Vec<String>, Error> {
        let named: Vec<String> = match self {
            Self::BuiltIn((_, files)) => files.iter().map(|(name, _)| (*name).to_owned()).collect(),
            // What was read before counts, as everywhere, whatever became of the folder.
            Self::Folder { path, read, .. } => {
                let there = [preset, "lib"].into_iter().flat_map(|folder| walk(path, folder));
                there.chain(known(read).keys().cloned()).collect()
            }
            Self::Package { files, .. } => files.keys().cloned().collect(),
        };
        let ours = |name: &String| match name.split('/').collect::<Vec<_>>().as_slice() {
            [folder, inner @ ..] => (*folder == preset || *folder == "lib") && !inner.contains(&"tests"),
            [] => false,
        };
        let found: BTreeSet<String> = named.into_iter().filter(|name| ours(name) && is_script(name)).collect();
        if found.len() > MAX_SCRIPTS {
            let reason = format!("it has more than {MAX_SCRIPTS} files of JavaScript");
            return Err(Error::Io { file: self.display(preset), reason });
        }
        Ok(found.into_iter().collect())
    }

    /// Every file of the bundle, sorted; of a folder without what is hidden.
    pub(crate) fn all(&self) -> Result<Vec<String>, Error> {
        let mut all: Vec<String> = match self {
            Self::BuiltIn((_, files)) => files.iter().map(|(name, _)| (*name).to_owned()).collect(),
            Self::Folder { path, .. } => walk(path, ""),
            Self::Package { files, .. } => files.keys().cloned().collect(),
        };
        if all.len() >= MAX_FILES {
            let reason = format!("it has more than {MAX_FILES} files");
            return Err(Error::Io { file: self.display(""), reason });
        }
        all.sort();
        Ok(all)
    }

    /// The JavaScript of [`Self::scripts`], each file with its text.
    pub(crate) fn script_texts(&self, preset: &str) -> Result<Vec<(String, String)>, Error> {
        let (mut texts, mut bytes) = (Vec::new(), 0);
        for file in self.scripts(preset)? {
            let text = self.text(&file)?;
            bytes += text.len();
            if bytes > MAX_SCRIPT_BYTES {
                let reason = format!("its JavaScript, with that of lib, has more than {MAX_SCRIPT_BYTES} bytes");
                return Err(Error::Io { file: self.display(preset), reason });
            }
            texts.push((file, text));
        }
        Ok(texts)
    }

    /// The bytes of a file below the bundle's folder.
    pub(crate) fn read(&self, file: &str) -> Result<Bytes, Error> {
        self.bytes(file, MAX_FILE_BYTES)
    }

    /// The sha256 of a file with these bytes, in lower-case hex.
    pub(crate) fn sha256(&self, file: &str, bytes: &[u8]) -> String {
        let verified = match self {
            Self::Package { files, .. } => files.get(file),
            _ => None,
        };
        verified.map_or_else(|| hex::encode(Sha256::digest(bytes)), |content| content.sha256.clone())
    }

    /// The bytes of a file, if it has no more than `most`.
    fn bytes(&self, file: &str, most: u64) -> Result<Bytes, Error> {
        let error = |reason: String| Error::Io { file: self.display(file), reason };
        match self {
            Self::BuiltIn((_, files)) => {
                let found = files.iter().find(|(name, _)| *name == file);
                found
                    .map(|(_, text)| Bytes::from_static(text.as_bytes()))
                    .ok_or_else(|| error("it is not part of the bundle".into()))
            }
            Self::Folder { path, read, .. } => {
                if let Some(bytes) = known(read).get(file) {
                    return Ok(bytes.clone());
                }
                if !Path::new(file).components().all(|c| matches!(c, Component::Normal(_))) {
                    return Err(error("a bundle's files lie below its folder".into()));
                }
                let full = path.join(file).canonicalize().map_err(|e| error(e.to_string()))?;
                if !full.starts_with(path) {
                    return Err(error("it is a link that leaves the bundle's folder".into()));
                }
                let bytes = Bytes::from(read_within(&full, most).map_err(error)?);
                // Of two who read it at once both have what the first of them did.
                Ok(known(read).entry(file.to_owned()).or_insert(bytes).clone())
            }
            Self::Package { files, .. } => match files.get(file) {
                Some(Content { bytes, .. }) if bytes.len() as u64 > most => {
                    Err(error(format!("it is larger than {most} bytes")))
                }
                Some(Content { bytes, .. }) => Ok(bytes.clone()),
                None => Err(error("it is not part of the bundle".into())),
            },
        }
    }

    /// A text file, in UTF-8.
    pub(crate) fn text(&self, file: &str) -> Result<String, Error> {
        to_text(self.bytes(file, MAX_TEXT_BYTES)?.into())
            .map_err(|reason| Error::Io { file: self.display(file), reason })
    }
}
