//! Who one is to a registry. Where that is kept is for whoever implements [`Credentials`]; [`crate::docker`] is one.
//!
//! Invariant: passwords and tokens are [`Secret`]s, so that nothing prints them.

use presetter_secret::Secret;

use crate::Host;

/// A login for one registry.
#[derive(Debug)]
pub enum Login {
    /// A name and a password.
    Password {
        /// The name.
        user: String,
        /// The password, or what the registry gave out in its place.
        password: Secret,
    },
    /// What a token service gave out for a password that was typed once (OAuth2's refresh token).
    Identity(Secret),
}

/// Where logins are.
pub trait Credentials: Send + Sync {
    /// The login for a registry; nothing if there is none, which is fine for what everyone may read.
    ///
    /// Called once for each log-in, after the registry has asked for one. May start a program and wait for it.
    ///
    /// # Errors
    ///
    /// There should be a login, and it cannot be read.
    fn for_host(&self, host: &Host) -> Result<Option<Login>, CredentialsError>;
}

/// No logins at all: what everyone may read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anonymous;

impl Credentials for Anonymous {
    fn for_host(&self, _: &Host) -> Result<Option<Login>, CredentialsError> {
        Ok(None)
    }
}

/// Why a login could not be read, and what to do. Holds nothing of the login.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CredentialsError {
    message: String,
    help: String,
}

impl CredentialsError {
    /// From words that hold nothing secret.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> CredentialsError {
        CredentialsError { message: message.into(), help: help.into() }
    }

    /// What a person can do.
    pub fn help(&self) -> &str {
        &self.help
    }
}
