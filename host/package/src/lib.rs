//! A bundle as bytes: the artifact, its file form, signatures and keys.
//!
//! Owns the format of packages (`NAME-VERSION.preset`) and of signatures, and everything about a package that can be known
//! from its bytes and a set of keys. Does no IO but through the readers and writers that it is given, knows no time, and
//! decides about no trust: which keys are trusted for what is `presetter-trust`'s.
//!
//! To make a package: [`Artifact::build`], [`sign`], [`Artifact::add_signature`], [`Artifact::write`]. To verify one, in
//! this order: [`open`], [`Opened::signers`], *the decision whether these suffice*, [`Opened::manifest`] and
//! [`Manifest::expect`], [`Opened::content`]; nothing of it counts before the last has returned.
//!
//! Invariants: a package has one form, byte for byte; reading is bounded ([`Bounds`]) before anyone is known to have signed
//! it; no message repeats a stranger's bytes unescaped.
#![forbid(unsafe_code)]

mod artifact;
mod bounds;
mod digest;
mod import;
mod index;
mod json;
mod key;
mod manifest;
pub mod media;
mod oci;
mod open;
mod referrer;
mod refused;
mod signature;
mod tar;
mod title;

pub use artifact::Artifact;
pub use bounds::Bounds;
pub use digest::{Digest, NotADigest};
pub use import::{Layout, import};
pub use key::{KeyError, KeyId, PrivateKey, PublicKey};
pub use manifest::{Layer, Manifest};
pub use oci::{EMPTY_BLOB, Pointer};
pub use open::{Head, Opened, open};
pub use referrer::{foreign_signature_of, referrer};
pub use refused::{Reason, Refused};
pub use signature::{Fault, Keys, SignatureError, Verdict, check_signature, claimed_signer, sign};
