//! Runs as recorded steps.
#![forbid(unsafe_code)]
