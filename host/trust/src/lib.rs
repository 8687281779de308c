//! Whose signatures count: keys, rules, revocations, and what was seen.
//!
//! Owns: the trust store (`trust.toml`, its keys, the root's signatures on every version of it), what this machine has seen, changes
//! to both, and the decision whether a bundle is trusted. Signatures on bundles are checked by `presetter-package`, which gets its
//! keys from here.
//!
//! Must never: trust on first use; read the clock (times are values); write a file but through `presetter-disk`; keep anything of what
//! it refused.
//!
//! Invariants:
//! - A version follows another only with the thresholds of both roots, and none is skipped ([`Store::apply`]).
//! - What is loaded is signed by its root, complete, and not older than, nor other than, what was seen ([`Store::current`]).
//! - After a crash the old version is there whole, or the new one.
//! - A store that has expired trusts nothing, and can still be renewed.
#![forbid(unsafe_code)]

mod advice;
mod anchor;
mod change;
mod decide;
mod difference;
mod document;
mod envelope;
mod error;
mod file;
mod findings;
mod folder;
mod form;
mod pattern;
mod plan;
mod proposal;
mod seen;
mod step;
mod store;
mod trust;
mod write;

pub use change::{Change, NewKey};
pub use decide::{Candidate, Decision};
pub use document::{Denied, Deny, Document, Key, KeyState, Root, Rule, Status};
pub use envelope::PAYLOAD_TYPE;
pub use error::{Code, Refused};
pub use findings::{Finding, Level};
pub use pattern::{NoPattern, Pattern};
pub use proposal::{Need, Needs, Proposal};
pub use store::{Applied, Store};
pub use trust::{KeyInfo, StoreVersion, Trust};
