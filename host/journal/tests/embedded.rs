//! The embedded engine passes the cases that every engine passes.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

mod common;

presetter_journal::conformance_tests!(common::make);
