//! Records.
#![forbid(unsafe_code)]
