//! What packages, signatures and keys must withstand.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

mod bytes;
mod containers;
mod der;
mod imports;
mod keys;
mod manifests;
mod mutations;
mod round_trips;
mod signatures;
mod support;
