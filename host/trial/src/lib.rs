//! Tests of presets against recorded answers.
#![forbid(unsafe_code)]
