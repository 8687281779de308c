//! The trust store from outside: what it takes, what it decides, and every attack that it must withstand.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

mod changes;
mod deciding;
mod form;
mod handed_over;
mod local;
mod properties;
mod rollback;
mod world;
