//! Where a trust store is on the disk, and reading its files one by one.
//!
//! `config/trust/` has `trust.toml`, `keys/HEX.pub` and `signatures-VERSION.json`, of every version one, so that other machines can be
//! brought here from any version; `state/trust/` has `seen.toml` and `lock`. Nothing here is believed because it is there.

use std::path::{Path, PathBuf};

use presetter_disk::{self as disk, Guard};
use presetter_manifest::MAX_MANIFEST_BYTES;
use presetter_package::{KeyId, PublicKey};

use crate::document::Document;
use crate::seen::Seen;
use crate::step::{PublicKeys, Step};
use crate::{Code, Refused, advice, envelope, write};

const MOST_ENVELOPE: u64 = 1 << 20;
const MOST_KEY: u64 = 16 << 10;

/// The folders of one trust store.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    config: PathBuf,
    state: PathBuf,
}

impl Folder {
    pub(crate) fn new(config_dir: &Path, state_dir: &Path) -> Self {
        Self { config: config_dir.join("trust"), state: state_dir.join("trust") }
    }

    pub(crate) fn trust_file(&self) -> PathBuf {
        self.config.join("trust.toml")
    }

    pub(crate) fn key_file(&self, id: KeyId) -> PathBuf {
        self.config.join(write::file(id))
    }

    pub(crate) fn signatures_file(&self, version: u64) -> PathBuf {
        self.config.join(format!("signatures-{version}.json"))
    }

    pub(crate) fn seen_file(&self) -> PathBuf {
        self.state.join("seen.toml")
    }

    /// A file that is written and removed to see whether that can be done.
    pub(crate) fn probe_file(&self) -> PathBuf {
        self.state.join(".new-probe")
    }

    pub(crate) fn lock_file(&self) -> PathBuf {
        self.state.join("lock")
    }

    /// The text of `trust.toml`, if there is one.
    pub(crate) fn trust(&self) -> Result<Option<String>, Refused> {
        text(&self.trust_file(), MAX_MANIFEST_BYTES as u64)
    }

    /// What was seen, if that is known.
    pub(crate) fn seen(&self) -> Result<Option<Seen>, Refused> {
        let path = self.seen_file();
        // A line for every bundle: the bound of manifests is enough for some thousand.
        let Some(text) = text(&path, MAX_MANIFEST_BYTES as u64)? else { return Ok(None) };
        let help = "put it back from a backup; if it is lost, remove it: then nothing tells older versions from newer ones \
                    until they were seen again";
        Seen::read(&path.display().to_string(), &text).map(Some).map_err(|at| Refused::malformed(at, help))
    }

    /// A version with its signatures, as it was signed.
    pub(crate) fn step(&self, version: u64) -> Result<Option<Step>, Refused> {
        let path = self.signatures_file(version);
        let Some(json) = text(&path, MOST_ENVELOPE)? else { return Ok(None) };
        match envelope::from_json(json.as_bytes()) {
            Ok((text, signatures)) => Ok(Some(Step { text, signatures })),
            Err(why) => Err(Refused::new(
                Code::Malformed,
                format!("{} is not in its form: {why}", path.display()),
                advice::IMPORT,
            )),
        }
    }

    /// The public keys of a version. Each is what its identity says.
    pub(crate) fn keys(&self, document: &Document) -> Result<PublicKeys, Refused> {
        let mut keys = PublicKeys::new();
        for key in &document.keys {
            let path = self.key_file(key.id);
            let refused = |why: String| {
                let message = format!("{}, the key of {}, {why}", path.display(), key.owner);
                Refused::new(Code::Malformed, message, advice::IMPORT)
            };
            let pem = text(&path, MOST_KEY)?.ok_or_else(|| refused("is not there".to_owned()))?;
            let public = PublicKey::from_pem(&pem).map_err(|why| refused(format!("cannot be read: {why}")))?;
            if public.id() != key.id {
                return Err(refused(format!("is another key: {}", public.id())));
            }
            keys.insert(key.id, public);
        }
        Ok(keys)
    }

    /// Files that no version up to this one has, left by a change that did not come to its end.
    pub(crate) fn leftovers(&self, document: &Document) -> Vec<PathBuf> {
        let listed: Vec<PathBuf> = document.keys.iter().map(|key| self.key_file(key.id)).collect();
        let half_written = |name: &str| name.starts_with(".new-");
        let mut leftovers = Vec::new();
        for (path, name) in entries(&self.config).into_iter().chain(entries(&self.state)) {
            let version =
                name.strip_prefix("signatures-").and_then(|rest| rest.strip_suffix(".json")?.parse::<u64>().ok());
            if half_written(&name) || version.is_some_and(|version| version > document.version) {
                leftovers.push(path);
            }
        }
        for (path, name) in entries(&self.config.join("keys")) {
            if half_written(&name) || name.ends_with(".pub") && !listed.contains(&path) {
                leftovers.push(path);
            }
        }
        leftovers
    }
}

/// The files in a folder; of one that cannot be read, none.
fn entries(folder: &Path) -> Vec<(PathBuf, String)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.path(), entry.file_name().into_string().ok()?))).collect()
}

fn text(path: &Path, bound: u64) -> Result<Option<String>, Refused> {
    let bytes = disk::read(path, bound, Guard::Settings).map_err(|why| {
        let message = format!("{} is not used: {why}", path.display());
        Refused::new(
            Code::Io,
            message,
            "then try again, or take the trust store over anew: presetter trust import FILE",
        )
    })?;
    let text = bytes.map(String::from_utf8).transpose();
    text.map_err(|_| Refused::new(Code::Malformed, format!("{} is not text (UTF-8)", path.display()), advice::IMPORT))
}
