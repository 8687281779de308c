//! What an operator set up: one TOML file for each connection.
//!
//! Owns the files, and handing them over (export, import); their form is in `form`. Must never: write a secret's value; only
//! references to secrets are known here. Invariants: each file is complete or not there, readable by its owner alone; an
//! error about a file never repeats its text, where somebody may have typed a secret.

mod form;

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use presetter_manifest::Allowed;
use serde_json::Value;

use self::form::{Exported, Form, read};
use crate::{Reference, Source, seal};
use presetter_disk::{self as disk, Guard};

/// Most bytes of a connection's file, and of what is imported.
const MAX_BYTES: u64 = 1024 * 1024;

/// What an operator set up once to reach one account.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    /// Its name: letters, digits, `-`, `_` and `.`, at most 64, beginning with a letter or digit.
    pub name: String,
    /// The kind's name in the bundle: `session`.
    pub kind: String,
    /// The source that it was added for. Settings and limits are read by that bundle's words.
    pub source: Source,
    /// The further sources that it was allowed to serve.
    pub allowed: Vec<Source>,
    /// Where the vendor's API begins.
    pub base_url: String,
    /// Whether plain http and addresses in private networks are allowed.
    pub allow_private: bool,
    /// Whether presets that write are refused.
    pub read_only: bool,
    /// A file of authorities that are trusted beside the system's, in PEM form.
    pub ca: Option<PathBuf>,
    /// Where a client certificate with its private key comes from, in PEM form.
    pub client_certificate: Option<Reference>,
    /// The proxy that all requests go through.
    pub proxy: Option<String>,
    /// Plain values.
    pub fields: IndexMap<String, String>,
    /// Where each secret comes from.
    pub secrets: IndexMap<String, Reference>,
    /// Assumptions of the bundle that the operator corrected.
    pub settings: IndexMap<String, Value>,
    /// Limits that the operator raised or lowered for its runs.
    pub limits: Allowed,
}

impl Connection {
    /// A connection with nothing but what every one has.
    #[must_use]
    pub fn new(name: &str, kind: &str, source: Source, base_url: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            source,
            allowed: Vec::new(),
            base_url: base_url.to_owned(),
            allow_private: false,
            read_only: false,
            ca: None,
            client_certificate: None,
            proxy: None,
            fields: IndexMap::new(),
            secrets: IndexMap::new(),
            settings: IndexMap::new(),
            limits: Allowed::default(),
        }
    }
}

/// Why a connection could not be read or written: what is wrong, with which file, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}\n{advice}")]
pub struct StoreError {
    /// What is wrong, and where.
    pub message: String,
    /// What to do.
    pub advice: String,
}

fn error(message: impl Into<String>, advice: impl Into<String>) -> StoreError {
    StoreError { message: message.into(), advice: advice.into() }
}

/// The connections of one user.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    state: PathBuf,
}

impl Store {
    /// Connections below `config_dir`, their sessions below `state_dir`. Nothing is read or made yet.
    #[must_use]
    pub fn new(config_dir: &Path, state_dir: &Path) -> Self {
        Self { folder: config_dir.join("connections"), state: state_dir.to_owned() }
    }

    /// The file of a connection, whether it exists or not.
    #[must_use]
    pub fn path_of(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.toml"))
    }

    /// Writes a connection. A relative path in it is made absolute from the present folder.
    ///
    /// # Errors
    /// The name is none, or is taken and `replace` is false; a setting cannot be written; the system's reason.
    pub fn add(&self, connection: &Connection, replace: bool) -> Result<(), StoreError> {
        let name = &connection.name;
        check_name(name)?;
        let path = self.path_of(name);
        if !replace && path.exists() {
            return Err(error(
                format!("there is a connection {name} already, in {}", path.display()),
                format!("change it with `presetter connection set {name}`, remove it, or choose another name"),
            ));
        }
        let mut form = Form::of(connection);
        let references = form.secrets.values_mut().chain(form.client_certificate.as_mut());
        let files = references.filter_map(|reference| match reference {
            Reference::File(file) => Some(file),
            _ => None,
        });
        for file in files.chain(form.ca.as_mut()) {
            if let Ok(absolute) = std::path::absolute(&*file) {
                *file = absolute;
            }
        }
        let text = toml::to_string_pretty(&form).map_err(|_| {
            error(
                format!("connection {name} has a setting that a file cannot hold"),
                "a setting's value cannot have null in it; leave it out",
            )
        })?;
        disk::write(&path, text.as_bytes()).map_err(|why| {
            error(
                format!("{} cannot be written: {why}", path.display()),
                "check that you may write there and that the disk is not full",
            )
        })
    }

    /// Reads a connection.
    ///
    /// # Errors
    /// There is none of this name; its file can be changed by others, or is not well formed.
    pub fn get(&self, name: &str) -> Result<Connection, StoreError> {
        check_name(name)?;
        let path = self.path_of(name);
        let bytes = disk::read(&path, MAX_BYTES, Guard::Settings)
            .map_err(|why| error(format!("{} is not used: {why}", path.display()), "then try again"))?;
        let Some(bytes) = bytes else {
            let known = self.names()?;
            let advice = match known.as_slice() {
                [] => "there are none yet; add one with `presetter connection add NAME --kind BUNDLE/KIND`".to_owned(),
                known => format!("there are: {}", known.join(", ")),
            };
            return Err(error(format!("there is no connection {name}"), advice));
        };
        let advice = format!("mend it with `presetter connection edit {name}`, or remove it and add it again");
        let form: Form = read(&path.display().to_string(), &bytes, &advice)?;
        form.named(name).map_err(|why| error(format!("{}: {why}", path.display()), advice))
    }

    /// All connections, by name.
    ///
    /// # Errors
    /// The first file that cannot be read.
    pub fn list(&self) -> Result<Vec<Connection>, StoreError> {
        self.names()?.iter().map(|name| self.get(name)).collect()
    }

    /// Removes a connection and its session.
    ///
    /// # Errors
    /// There is none of this name, or the system's reason.
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        check_name(name)?;
        let path = self.path_of(name);
        // The session first: should the second step fail, what is left is a connection without one.
        for (path, must) in [
            (seal::session_file(&self.state, name), false),
            (self.state.join("sessions").join(format!("{name}.lock")), false),
            (path, true),
        ] {
            match std::fs::remove_file(&path) {
                Ok(()) => {}
                Err(why) if why.kind() == std::io::ErrorKind::NotFound && !must => {}
                Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
                    return Err(error(
                        format!("there is no connection {name}"),
                        "see which there are with `presetter connection list`",
                    ));
                }
                Err(why) => {
                    return Err(error(
                        format!("{} cannot be removed: {why}", path.display()),
                        "check that you may write there",
                    ));
                }
            }
        }
        Ok(())
    }

    /// Removes the session of a connection, if there is one: the next run logs in.
    ///
    /// # Errors
    /// The name is none, or the system's reason.
    pub fn forget_session(&self, name: &str) -> Result<(), StoreError> {
        check_name(name)?;
        let path = seal::session_file(&self.state, name);
        match std::fs::remove_file(&path) {
            Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
                Err(error(format!("{} cannot be removed: {why}", path.display()), "check that you may write there"))
            }
            _ => Ok(()),
        }
    }

    /// Connections as text to hand over: references to secrets, never a secret.
    ///
    /// # Errors
    /// As for [`Store::get`].
    pub fn export(&self, names: &[String]) -> Result<String, StoreError> {
        let mut connections = IndexMap::new();
        for name in names {
            connections.insert(name.clone(), Form::of(&self.get(name)?));
        }
        let text = toml::to_string_pretty(&Exported { connections }).map_err(|_| {
            error("a connection could not be written as text", "see it with `presetter connection show NAME`")
        })?;
        Ok(format!(
            "# Connections of presetter. No secret is in this file, only where each comes from.\n\
             # Take them over with: presetter connection import FILE\n\n{text}"
        ))
    }

    /// Reads what [`Store::export`] wrote. Stores nothing. `from` names the text for people, `advice` is what to do if it is
    /// not well formed; it may be empty, if the caller says it.
    ///
    /// # Errors
    /// The text is not well formed, or a name in it is none.
    pub fn import(&self, text: &str, from: &str, advice: &str) -> Result<Vec<Connection>, StoreError> {
        if text.len() as u64 > MAX_BYTES {
            return Err(error(
                format!("{from} is larger than {MAX_BYTES} bytes"),
                "a text with fewer connections is taken",
            ));
        }
        let exported: Exported = read(from, text.as_bytes(), advice)?;
        let connections = exported.connections.into_iter();
        connections
            .map(|(name, form)| {
                check_name(&name)?;
                form.named(&name).map_err(|why| error(format!("{from}: connection {name}: {why}"), advice))
            })
            .collect()
    }

    fn names(&self) -> Result<Vec<String>, StoreError> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(why) => {
                return Err(error(
                    format!("{} cannot be read: {why}", self.folder.display()),
                    "check that you may read it",
                ));
            }
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let names = names.filter_map(|file| file.strip_suffix(".toml").map(str::to_owned));
        let mut names: Vec<String> = names.filter(|name| check_name(name).is_ok()).collect();
        names.sort_unstable();
        Ok(names)
    }
}

/// Whether a text can name a connection, and so a file.
pub(crate) fn check_name(name: &str) -> Result<(), StoreError> {
    let fine = name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !name.ends_with('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if fine {
        return Ok(());
    }
    Err(error(
        format!("{name:?} cannot be the name of a connection"),
        "use letters, digits, -, _ and . (at most 64, beginning with a letter or digit)",
    ))
}
