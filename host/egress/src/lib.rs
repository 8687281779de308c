//! The only door to the network.
//!
//! Owns: what a request may reach ([`Policy`]), the rules that every transport keeps ([`admit`]), the check of every
//! resolved address ([`address`]), the transports ([`Live`] for the network, [`Cassette`] for recorded answers, [`Stub`] for
//! tests), and the recording of what passes ([`Recording`]) with its file ([`har`]).
//!
//! Must never: send what no [`Grant`] allows, follow a redirect, repeat a request, read a proxy from the environment, or
//! put a header's value, a body, a query, user info or a private key into a message.
//!
//! Invariants: no matching grant means deny; every address is checked when it is connected to, so that a name that changes
//! its address gains nothing; a connection made under one policy is never used under another; [`Error::NotSent`] is said only where provably nothing of the request reached the server.
#![forbid(unsafe_code)]

pub mod address;
mod bounds;
mod cassette;
mod cause;
mod error;
mod head;
mod live;
mod message;
mod path;
mod policy;
mod progress;
mod proxy;
mod resolver;
mod stub;
mod tls;

use async_trait::async_trait;

pub use cassette::{
    Cassette, Compared, Difference, Exchange, Masks, Miss, Nearest, NoAnswer, Recorded, Recording, Tape, har,
    json_differences,
};
pub use error::{Error, Part};
pub use head::may_be_sent;
pub use live::Live;
pub use message::{Request, Response, shown};
pub use path::{BadPattern, PathPattern};
pub use policy::{Grant, Limits, Policy, admit, check};
pub use proxy::{BadProxy, Proxy};
pub use resolver::{Resolver, SystemResolver};
pub use stub::Stub;
pub use tls::{Authorities, BadCertificate, BadIdentity, Identity, Tls};

/// Something that carries a request to a server and brings the answer back.
///
/// Every implementation calls [`admit`] before anything else and keeps to `policy.limits`. Dropping the future cancels the
/// exchange; the caller then cannot know whether the server acted.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends `request` once, if `policy` allows it, and reads the whole answer.
    ///
    /// Any answer with a status is `Ok`, also 3xx (returned as it is), 4xx and 5xx.
    ///
    /// # Errors
    ///
    /// See [`Error`]; [`Error::may_have_arrived`] tells whether the server may have acted.
    async fn send(&self, policy: &Policy, request: Request) -> Result<Response, Error>;
}
