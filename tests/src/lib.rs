//! End-to-end tests: goldens of the command line, crowds of processes, the search for leaked secrets, the rules of the
//! house.
//!
//! Owns: what these tests share: the real program, found or built ([`program`]); a stage with a home folder of its own and
//! a Mosyle look-alike ([`Stage`]); the golden cases under `tests/cli/` ([`Case`]); the arena of hostile guests ([`Arena`])
//! with the server that they talk to ([`Server`]); the one search for secrets ([`Search`]).
//!
//! Must never: read the developer's own environment or folders, reach anything but 127.0.0.1, or wait for a time to pass.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

mod arena;
mod case;
mod diff;
mod golden;
pub mod guest;
pub mod guide;
mod normal;
mod program;
mod referrers;
mod registry;
mod secrets;
mod server;
mod soak;
mod stage;
pub mod team;

pub use arena::{Arena, Play, Played, secrets, write_bundle};
pub use case::Case;
pub use diff::diff;
pub use golden::{Shown, cases, compare};
pub use normal::Normal;
pub use program::{program, root, scratch};
pub use referrers::ReferrersRegistry;
pub use registry::{DockerRegistry, REGISTRY_PASSWORD, left_out};
pub use secrets::{Search, forms};
pub use server::{Heard, SESSION, Server};
pub use soak::{Counted, soak};
pub use stage::{Ended, Stage};
pub use team::Team;
