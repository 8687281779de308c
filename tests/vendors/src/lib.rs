//! Stand-ins for the APIs of Jamf Pro and Okta, for tests and for recording cassettes.
//!
//! Owns: a server on 127.0.0.1 that answers as one of the two vendors documents it, as far as the bundles `presets/jamf` and
//! `presets/okta` ask; its users, and the log of every request that it got.
//!
//! Must never: listen on anything but the loopback address, call out, or hold a real secret (the accounts are made of the
//! constants below).
//!
//! Keeps: by default it behaves as the documents say; what differs is a switch in [`Switches`]. Nothing is random, and the only
//! clock is the one by which a Jamf token says when it expires. Comments mark what it does as **S** (stated by the vendor's
//! documents), **I** (inferred) or **U** (unknown: our choice, which no preset may rely on).
#![forbid(unsafe_code)]

mod http;
mod jamf;
mod okta;
mod server;
mod switches;

pub use server::{Logged, StandIn, Vendor};
pub use switches::Switches;

/// The user name that logs in at Jamf Pro.
pub const JAMF_USERNAME: &str = "standin-api";

/// Its password. It has characters that JSON, URLs and shells treat specially, so that a search for leaked secrets sees a
/// difference between the ways to write it.
pub const JAMF_PASSWORD: &str = r#"test-"pass"/word+1%"#;

/// The API token of the one Okta account.
pub const OKTA_TOKEN: &str = "00standin-not-a-real-token-0123456789";
