//! What can go wrong with a registry, in words for someone who is no programmer.
//!
//! Must never hold a secret, or a stranger's words that did not go through [`crate::text`].

use std::{io, time::Duration};

use presetter_egress as egress;
use presetter_package::Digest;

use crate::CredentialsError;

/// Why something with a registry did not work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The reference says neither a tag nor a digest.
    #[error("{place} names no version")]
    NoVersion {
        /// Host and repository.
        place: String,
    },
    /// The registry says that it has no such thing.
    #[error("{what} is not there{said}")]
    NotFound {
        /// What, and where it was looked for.
        what: String,
        /// The registry's own words, or nothing.
        said: String,
    },
    /// The registry, or the token service that it named, does not let this through.
    #[error("{host} refuses access to {what}{said}")]
    Denied {
        /// Who refuses.
        host: String,
        /// What was to be read or written.
        what: String,
        /// Whether there was a login to show.
        logged_in: bool,
        /// The registry's own words, or nothing.
        said: String,
    },
    /// The login for a registry could not be read.
    #[error("the login for {host} cannot be used: {source}")]
    Login {
        /// The registry.
        host: String,
        /// Why.
        source: CredentialsError,
    },
    /// The registry asks for a login in a way that is not known, or not safe.
    #[error("{host} asks for a login in a way that is not followed: {why}")]
    Challenge {
        /// The registry.
        host: String,
        /// What is wrong with it.
        why: String,
    },
    /// What came is not what the registry, or a digest, says it is.
    #[error("{host} cannot be believed: {lie}")]
    Untrue {
        /// The registry.
        host: String,
        /// What does not fit.
        lie: String,
    },
    /// Something else than a bundle is at this place.
    #[error("{what} is no bundle: it is {kind}")]
    NotABundle {
        /// What was read.
        what: String,
        /// What the registry says it is.
        kind: String,
    },
    /// A redirect that is not followed.
    #[error("{what} is said to be elsewhere, and that redirect is not followed: {why}")]
    Redirect {
        /// What was read or written.
        what: String,
        /// Which rule forbids it.
        why: String,
    },
    /// Something is larger than its bound.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// What.
        what: String,
        /// The bound.
        limit: u64,
    },
    /// The registry has no time now.
    #[error("{host} is busy, and gives no answer about {what}")]
    Busy {
        /// The registry.
        host: String,
        /// What was to be read or written.
        what: String,
        /// When it may have time again, if it says so.
        after: Option<Duration>,
    },
    /// No answer.
    #[error("{what}: {source}")]
    Network {
        /// What was to be read or written.
        what: String,
        /// Why there is none.
        source: egress::Error,
    },
    /// An answer that the specification does not foresee.
    #[error("{host} answered with status {status} about {what}{said}")]
    Unexpected {
        /// The registry.
        host: String,
        /// The status.
        status: u16,
        /// What was to be read or written.
        what: String,
        /// The registry's own words, or nothing.
        said: String,
    },
    /// A tag has another content already, and nobody said that it may be moved.
    #[error("{place} has the tag {tag} already, for another content: {there}")]
    Taken {
        /// Host and repository.
        place: String,
        /// The tag.
        tag: String,
        /// What it stands for now.
        there: Digest,
    },
    /// Others changed the list of signatures each time that it was to be written.
    #[error("the list of signatures of {what} is being changed by somebody else at the same time")]
    Contended {
        /// The bundle.
        what: String,
    },
    /// Where the bytes of a blob go to, or come from, on this machine.
    #[error("{what} cannot be kept here: {source}")]
    Part {
        /// The blob.
        what: String,
        /// The system's reason.
        source: io::Error,
    },
}

impl Error {
    /// What a person can do about it.
    pub fn help(&self) -> String {
        match self {
            Error::NoVersion { place } => {
                format!("Say which: {place}:VERSION. `presetter versions {place}` lists them.")
            }
            Error::NotFound { .. } => {
                "Check the spelling. Many registries say this too of what a login may not see: try `docker login`."
                    .to_owned()
            }
            Error::Denied { host, logged_in: false, .. } => {
                format!("No login is known for it. Log in with `docker login {host}`, which Presetter uses too.")
            }
            Error::Denied { host, .. } => format!(
                "The login that is known for it may not do this, or is no longer valid. Ask whoever runs the registry, or log in again with `docker login {host}`."
            ),
            Error::Login { source, .. } => source.help().to_owned(),
            Error::Challenge { .. } => {
                "Nothing secret was sent. Tell whoever runs the registry; a registry behind a web login cannot be used."
                    .to_owned()
            }
            Error::Untrue { .. } => {
                "Nothing of it was used. Try again; if it stays so, the registry or something on the way to it is damaged or not to be trusted."
                    .to_owned()
            }
            Error::NotABundle { .. } => {
                "Check the repository and the tag; a bundle gets there by `presetter push`.".to_owned()
            }
            Error::Redirect { .. } => "Tell whoever runs the registry.".to_owned(),
            Error::TooLarge { .. } => "A bundle is smaller than that; check that the reference is the right one.".to_owned(),
            Error::Busy { after: Some(after), .. } => format!("Try again in {} s.", after.as_secs()),
            Error::Busy { after: None, .. } | Error::Contended { .. } => "Try again later.".to_owned(),
            Error::Network { source: egress::Error::Denied { .. }, .. } => {
                "If it is in your own network, and you trust it, say --allow-private.".to_owned()
            }
            Error::Network { .. } => {
                "Check the registry's name and your network. What was loaded already is not loaded again.".to_owned()
            }
            Error::Unexpected { .. } => "Check that a registry is at this address; if so, try again later.".to_owned(),
            Error::Taken { .. } => {
                "A version stands for one content for ever: raise the version in bundle.toml and pack again.".to_owned()
            }
            Error::Part { .. } => "Check the disk, and that the folder can be written to.".to_owned(),
        }
    }
}
