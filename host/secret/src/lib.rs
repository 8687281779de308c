//! The secret type, and the one redactor before every sink.
//!
//! Owns how a secret is held in memory ([`Secret`]) and how it is kept out of everything that is printed, stored or
//! given to a guest ([`Redactor`]). It does no IO and knows no connection: where secrets come from is for
//! `presetter-connection`, what is a sink is for whoever writes to it.
//!
//! Invariants: a secret has one door, [`Secret::expose`]; no message or `Debug` text of this crate holds one; the
//! redactor errs on the side of taking out too much.

#![forbid(unsafe_code)]

mod forms;
mod redactor;
mod secret;
mod sieve;
mod view;

pub use forms::SHORT;
pub use redactor::Redactor;
pub use secret::Secret;
