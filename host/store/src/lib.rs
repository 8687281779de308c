//! Bundles that are installed, what an operator approved of each, and what was done when, by whom and why.
//!
//! Owns the folder of data ([`Store`]), the permissions of bundles and how they differ ([`Permissions`], [`difference`]), and a project's
//! `presetter.lock` ([`LockFile`]). Must never: take in a package that was not verified against the trust store ([`Verified`] is all it
//! takes), read the clock (times are values), ask the network, run anything.
//!
//! Invariants: a process that is killed at any point leaves the state before a change or the one after it; a package lies under its
//! digest and is never changed; what is approved is approved for one digest; no name in any file leads out of the folder, and nothing is
//! written through a link.
#![forbid(unsafe_code)]

mod approved;
mod change;
mod error;
mod form;
mod history;
mod index;
mod layout;
mod lockfile;
mod permissions;
mod plan;
#[cfg(test)]
mod sample;
mod store;
mod verified;

pub use approved::Approval;
pub use error::Error;
pub use history::{Entry, Signed, Version, What};
pub use index::{Installed, Kept, Origin};
pub use lockfile::{LockFile, Locked, Unmet};
pub use permissions::{Change, Component, Input, Kind, Permissions, Preset, Requests, RunsAs, difference};
pub use store::{Incoming, Note, Store};
pub use verified::{Ask, Rejected, Verified};
