//! Bundles in OCI registries.
#![forbid(unsafe_code)]
