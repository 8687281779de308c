//! Packages: signing, verifying, handing on, installing, and whom to trust with that.
//!
//! Owns: the commands around a signed bundle. What is a package, is trusted, or is installed is decided by the crates of these names;
//! here it is asked for, shown, and agreed to.

pub(crate) mod fetch;
pub(crate) mod install;
pub(crate) mod installed;
pub(crate) mod keys;
pub(crate) mod load;
mod logins;
mod place;
pub(crate) mod progress;
mod pull;
pub(crate) mod sign;
pub(crate) mod transfer;
pub(crate) mod trust;
pub(crate) mod verify;
