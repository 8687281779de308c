//! Where bundles come from: a folder, the bytes of a signed package, or the program itself.
//!
//! Owns: naming (`bundle/preset` against a path), reading a bundle's files within bounds, its digest. Never does: HTTP,
//! running anything, writing anything, verifying a signature (`presetter-package`, `presetter-trust`).
//!
//! Invariants: a file is read only from below the bundle's folder, never through a symbolic link that leaves it; the
//! digest covers every file that can influence a run.
#![forbid(unsafe_code)]

mod bundle;
mod complaint;
mod error;
mod files;
mod folder;
mod package;
mod packed;
mod reference;

pub use bundle::{Bundle, PresetFile};
pub use complaint::complaints;
pub use error::Error;
pub use files::{Content, MAX_FILE_BYTES, read_text};
pub use folder::Folder;
pub use packed::{Packed, sources_digest};
pub use presetter_connection::Source;
pub use reference::Reference;
