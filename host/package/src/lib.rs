//! A bundle as bytes: the artifact, its file form, signatures and keys. No IO.
#![forbid(unsafe_code)]
