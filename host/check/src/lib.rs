//! What can be known about a bundle without running it: `presetter check`.
//!
//! Owns: collecting the errors of all manifests of a bundle, the *lints* ([`LINTS`], a rule in a module of its own under `rules`),
//! how both are shown, and mending what can be mended without a decision ([`mend`]). Never does: running anything, asking the
//! network, looking up a secret, saying anything of the syntax of scripts: their interpreter knows it ([`Report::add`]).
//!
//! Invariants: a warning is only told of a manifest that is right in itself, and one about the whole bundle only if all its
//! manifests are: what is not known is not called unused. Every finding has a place in a file. A file is written by
//! rename, whole or not at all, and only if it still holds the text that was checked.
#![forbid(unsafe_code)]

mod allow;
#[cfg(test)]
mod draft;
mod expr;
mod expr_kinds;
mod expr_lex;
mod expr_truth;
mod finding;
mod grants;
mod lint;
mod mend;
mod mend_errors;
mod places;
mod read;
mod rules;
mod show;
mod subject;
mod target;
mod texts;

pub use finding::{Edit, Finding, Level, Mend, Report};
pub use grants::used_grants;
pub use lint::{LINTS, Lint, page};
pub use mend::{Mended, mend};
pub use read::check;
pub use show::{github, json};
pub use target::Target;
