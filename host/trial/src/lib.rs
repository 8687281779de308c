//! Tests of presets against recorded answers.
//!
//! Owns: *cases* ([`cases`]: `PRESET/tests/NAME.toml` with its cassettes), running them with the real runtime, the preset's
//! real component and the real [`Access`](presetter_connection::Access), saying what came out otherwise than expected
//! ([`Suite`]), and the *faults* that are made for each preset from a case that passes ([`Suite::faults`]).
//!
//! Must never: open a socket, resolve a name, look up a secret, start a program, or read the time of day to decide anything:
//! the only transport is a cassette, secrets are samples, and time is virtual.
//!
//! Invariants: a case has the same result on every machine; sessions live in memory, so no case depends on another.
#![forbid(unsafe_code)]

mod case;
mod clock;
mod coverage;
mod expect_form;
mod faults;
mod form;
mod judge;
mod read;
mod sample;
mod suite;
mod update;
mod witness;

pub use case::{At, Case, CassetteFile, Expect, ExpectedRequest, members_without_nulls, without_nulls};
pub use coverage::{Coverage, Point, Took};
pub use faults::{Fault, FaultTrial, Insane};
pub use judge::Mismatch;
pub use read::{case, cases, cassette, tests_folder, usual_base_url};
pub use sample::{Samples, field as sample_field, offline};
pub use suite::{OpenError, Played, Suite, Trial};
pub use update::{New, new_case, updated};
pub use witness::Sent;
