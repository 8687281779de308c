//! Bundles that are installed.
#![forbid(unsafe_code)]
