//! The manifests of Presetter: `bundle.toml` and `preset.toml` as types.
//!
//! Owns: the shape of what an author writes, the rules that can be known from one file alone, and the errors that
//! point into it. Never does: IO, HTTP, running anything. It also compiles to Wasm, because the recipe interpreter
//! reads the same files with the same code.
//!
//! Invariants: an unknown key is an error; every text that is a template or an expression keeps its place in the
//! file; what [`Bundle::parse`] and [`Preset::parse`] accept has templates and expressions that compile.
#![forbid(unsafe_code)]

mod bundle;
mod check;
mod connection;
mod diagnostic;
mod filled;
mod host;
mod input;
mod json;
mod limits;
mod name;
mod near;
mod preset;
#[cfg(test)]
mod schema;
mod source;
mod text;
mod trace;

pub use bundle::{Bundle, CONTRACT, GrantRequest, Pace, Setting, SettingKind};
pub use connection::{
    AuthKind, ConnectionKind, Expired, Field, Login, SecretField, Slot, SlotPlace, TokenPlace, TokenSource,
};
pub use diagnostic::{Diagnostic, Diagnostics, steers};
pub use filled::Filled;
pub use input::{Input, InputKind, check_inputs, parse_text_value};
pub use json::JsonShape;
pub use limits::{Allowed, Limit, Limits, Lowered, Unit};
pub use name::{file_name, is_bundle_name, is_name, short_name};
pub use near::{nearest, suggest};
pub use preset::{
    Answer, Batch, BatchKey, Effect, Find, Mixup, Pages, Preset, Probe, Repeat, Request, Several, Variant,
};
pub use source::{MAX_MANIFEST_BYTES, read as read_toml};
pub use text::Text;
pub use trace::{Origin, Point, points};
