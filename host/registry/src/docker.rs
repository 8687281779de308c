//! Logins as `docker login` keeps them, which all tools for registries use.
//!
//! Owns reading the configuration's text and a helper's answer. It opens no file and starts no program: the text comes in,
//! and [`Helpers`] is somebody else's. As Docker does, a helper that is set up is asked alone, and one for a host comes
//! before the one for all.
//!
//! Must never put a value of the file into a message.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use presetter_secret::Secret;
use serde::Deserialize;

use crate::{Credentials, CredentialsError, Host, Login, text};

/// What Docker calls Docker Hub in its file, and asks helpers for.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";
/// The name with which a helper gives out an identity token in place of a password.
const TOKEN_USER: &str = "<token>";
/// Most bytes of the file, and of a helper's answer.
const MOST: usize = 1024 * 1024;

/// What `config.json` says about logins.
#[derive(Debug)]
pub struct Configuration(File);

#[derive(Debug, Default, Deserialize)]
struct File {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default, rename = "credHelpers")]
    helpers: BTreeMap<String, String>,
    #[serde(default, rename = "credsStore")]
    store: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

/// Where a host's login is.
#[derive(Debug)]
pub enum Found {
    /// In the file itself.
    Login(Login),
    /// A program has it: `docker-credential-NAME`.
    Helper(String),
}

impl Configuration {
    /// Nothing is set up.
    pub fn empty() -> Configuration {
        Configuration(File::default())
    }

    /// Reads the text of `config.json`. What it says beside logins is passed over.
    ///
    /// # Errors
    ///
    /// The place at which it cannot be read.
    pub fn parse(text: &str) -> Result<Configuration, CredentialsError> {
        if text.len() > MOST {
            return Err(unreadable("it is larger than 1 MiB".to_owned()));
        }
        // The reader's own words may repeat a value, so only the place is told.
        let parsed = serde_json::from_str(text);
        let place = |error: serde_json::Error| {
            unreadable(format!("it is wrong in line {}, column {}", error.line(), error.column()))
        };
        Ok(Configuration(parsed.map_err(place)?))
    }

    /// Where the login for `host` is; nothing if there is none.
    ///
    /// # Errors
    ///
    /// The entry is there and cannot be read, or names a helper that cannot be a program's name.
    pub fn find(&self, host: &Host) -> Result<Option<Found>, CredentialsError> {
        let File { auths, helpers, store } = &self.0;
        let for_host = helpers.iter().find(|(key, _)| same(key, host)).map(|(_, name)| name);
        if let Some(name) = for_host.or(Some(store)).filter(|name| !name.is_empty()) {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
            if !name.bytes().all(plain) {
                return Err(unreadable(format!("its helper `{}` is not a program's name", text::clean(name, 60))));
            }
            return Ok(Some(Found::Helper(name.clone())));
        }
        // The host as it is written comes before an address with it in it.
        let exact = auths.get_key_value(&host.to_string());
        let entry = exact.or_else(|| auths.iter().find(|(key, _)| same(key, host)));
        entry.map_or(Ok(None), |(key, entry)| Ok(entry.login(key)?.map(Found::Login)))
    }
}

/// Whether a key of the file means this host. Keys are hosts, or addresses as older versions wrote them.
fn same(key: &str, host: &Host) -> bool {
    let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let key = key.split('/').next().unwrap_or_default();
    key.parse::<Host>().is_ok_and(|key| key == *host || (key.is_docker_hub() && host.is_docker_hub()))
}

impl Entry {
    fn login(&self, key: &str) -> Result<Option<Login>, CredentialsError> {
        if !self.identitytoken.is_empty() {
            return Ok(Some(Login::Identity(Secret::new(self.identitytoken.clone()))));
        }
        if self.auth.is_empty() {
            let given = !self.username.is_empty();
            let password = || Secret::new(self.password.clone());
            return Ok(given.then(|| Login::Password { user: self.username.clone(), password: password() }));
        }
        let broken = || unreadable(format!("its entry for `{}` is damaged", text::clean(key, 100)));
        let bytes = STANDARD.decode(&self.auth).map_err(|_| broken())?;
        let pair = Secret::new(String::from_utf8(bytes).map_err(|_| broken())?);
        let (user, password) = pair.expose().split_once(':').filter(|(user, _)| !user.is_empty()).ok_or_else(broken)?;
        // Old versions of Docker filled up with zeros.
        let password = Secret::new(password.trim_matches('\0').to_owned());
        Ok(Some(Login::Password { user: user.to_owned(), password }))
    }
}

fn unreadable(why: String) -> CredentialsError {
    CredentialsError::new(
        format!("Docker's config.json cannot be used: {why}"),
        "Mend the file, or move it away and log in again with `docker login`.",
    )
}

/// Starts helpers. A helper is a program `docker-credential-NAME`, run with the argument `get`; it reads the server from
/// its standard input.
pub trait Helpers: Send + Sync {
    /// Runs the helper `name`, and gives back whether it ended well and what it printed to standard output.
    ///
    /// # Errors
    ///
    /// It cannot be run.
    fn get(&self, name: &str, server: &str) -> Result<(bool, Secret), CredentialsError>;
}

/// The logins of Docker's configuration.
#[derive(Debug)]
pub struct Docker<H> {
    configuration: Configuration,
    helpers: H,
}

impl<H: Helpers> Docker<H> {
    /// From what was read, and what starts helpers.
    pub fn new(configuration: Configuration, helpers: H) -> Docker<H> {
        Docker { configuration, helpers }
    }
}

impl<H: Helpers> Credentials for Docker<H> {
    fn for_host(&self, host: &Host) -> Result<Option<Login>, CredentialsError> {
        match self.configuration.find(host)? {
            None => Ok(None),
            Some(Found::Login(login)) => Ok(Some(login)),
            Some(Found::Helper(name)) => {
                let server = if host.is_docker_hub() { DOCKER_HUB.to_owned() } else { host.to_string() };
                let (ended_well, printed) = self.helpers.get(&name, &server)?;
                answer(&name, ended_well, &printed)
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// Reads what the helper `name` printed; nothing if it has no login for the server.
///
/// # Errors
///
/// It failed, or printed something else than a login. Nothing of it is repeated.
pub fn answer(name: &str, ended_well: bool, printed: &Secret) -> Result<Option<Login>, CredentialsError> {
    let help = format!("Try `docker-credential-{name} list`, or log in again with `docker login`.");
    if !ended_well {
        // What Docker's own helpers say, word for word.
        let none = printed.expose().trim().starts_with("credentials not found");
        let failed = CredentialsError::new(format!("docker-credential-{name} failed"), help);
        return if none { Ok(None) } else { Err(failed) };
    }
    let readable = (printed.len() <= MOST).then(|| serde_json::from_str(printed.expose()).ok()).flatten();
    let Some(Answer { username, secret }) = readable else {
        return Err(CredentialsError::new(format!("docker-credential-{name} printed no login"), help));
    };
    let secret = Secret::new(secret);
    let usable = !secret.is_empty() && !username.is_empty();
    Ok(usable.then_some(if username == TOKEN_USER {
        Login::Identity(secret)
    } else {
        Login::Password { user: username, password: secret }
    }))
}

#[cfg(test)]
mod tests;
