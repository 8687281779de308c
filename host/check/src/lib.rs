//! What can be known about a bundle without running it.
#![forbid(unsafe_code)]
