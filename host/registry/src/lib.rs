//! Bundles in OCI registries: a client of the OCI distribution specification, by the one door to the network.
//!
//! Owns what a reference is, how one logs in, and how manifests, blobs, signatures and lists are read and written. It knows
//! bytes and digests; what a bundle or a signature says is for `presetter-package`, and whether it is trusted for
//! `presetter-trust`.
//!
//! Must never: believe a registry's word about bytes (each digest and size is computed here); show a login to anyone but the
//! registry and the token service that it names ([`Repository`] has the only way); follow a redirect but for blobs; read
//! what has no bound; open a file or start a program (logins come in by [`Credentials`], bytes go out by [`Part`]).
//!
//! Invariant: a tag is looked at once ([`Repository::resolve`]); all that follows is named by the digest that it had then.
#![forbid(unsafe_code)]

mod attach;
mod auth;
mod blob;
mod bounds;
mod challenge;
pub mod docker;
mod error;
mod login;
mod manifest;
mod page;
mod redirect;
mod reference;
mod referrers;
mod registry;
mod repository;
mod text;
mod upload;
mod versions;
mod wait;
mod wire;

pub use blob::{Part, Progress};
pub use error::Error;
pub use login::{Anonymous, Credentials, CredentialsError, Login};
pub use manifest::{Resolved, Tagging};
pub use reference::{BadReference, Host, Reference, Tag};
pub use referrers::Signatures;
pub use registry::{Options, Registry};
pub use repository::{Access, Repository, Target};
pub use versions::Versions;
pub use wait::{Clock, Wait};
