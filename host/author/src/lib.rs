//! New presets, and pages about presets.
#![forbid(unsafe_code)]
