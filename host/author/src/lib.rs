//! New presets, and pages about presets.
#![forbid(unsafe_code)]

pub mod new;
pub mod pages;
