//! Pages of a guide, played as their readers would: files are written, commands are run, and what is printed is compared with what
//! the page says.
//!
//! Owns: the rules for fences. ```` ```console ```` holds lines `$ COMMAND` and what each prints; a fence with a path (```` ```toml a/b.toml ````) is a
//! whole file; ```` ```toml part of a/b.toml ```` stands in that file as it is then. Any other fence is an error: nothing that a page shows is
//! untested. A comment `<!-- server: {"/v1/users": {"status": 200, "body": {}}} -->` gives the API's answers from there on.

mod play;
mod read;

pub use play::{Differs, play};
pub use read::{Line, Part, parts};
