//! Contextual Handlebars: templates that know where each value stands.
//!
//! Owns templates of request bodies (JSON), URL path segments, query and form values, headers and plain text, and the
//! one grammar by which values are named ([`Path`]). A template is compiled once, within [`bounds`], and rendered
//! with any values: a value is encoded for its place, and can never change the structure around it.
//!
//! It must never read a clock, a file, the environment or the network, and never panic, hang or overflow the stack,
//! whatever the template or the values are: both come from strangers. It also runs inside Wasm guests.
//!
//! How a template is read: `scan` finds tags and checks all bounds, `handlebars` gives the block structure of a
//! normalised text, `tree` resolves names, `json` reads the JSON around the holes; `render` writes.
//!
//! # What a template may say
//!
//! - `{{x}}` and `<<x>>` are the same; `{{optional x}}` may be absent. `{{! .. }}` and `{{!-- .. --}}` are comments; `~` at
//!   either end of a tag removes the white space there. `\{{` and `\<<` are literal; a backslash before a tag is written
//!   `\\` (in JSON that is JSON's own escape).
//! - `{{#if x}}`, `{{#unless x}}`, `{{#each x}}`, `{{#with x}}`, each with `{{else}}` or `{{else if y}}`. False are: absent,
//!   null, false, 0, the empty text, list and object.
//! - Inside `each` and `with` plain names belong to the element, as in Handlebars; `../x` and `@root.x` reach outside.
//!   `as |item index|` names element and place (or key). There are `this`, `@index`, `@key`, `@first`, `@last`.
//! - null is a value in JSON's value position; inside a string and in every other context it counts as missing.
#![forbid(unsafe_code)]

pub mod bounds;
mod cursor;
pub mod encode;
mod json;
mod json_keys;
mod json_text;
mod kinds;
mod lex;
pub mod path;
mod problem;
mod quoted;
mod render;
mod render_json;
mod render_text;
mod scan;
mod scope;
mod tag;
mod tag_block;
mod tag_reader;
mod template;
mod tree;

pub use path::{Path, Step};
pub use problem::Problem;
pub use render::RenderError;
pub use scope::{Names, Scope};
pub use template::{Context, Options, Template, Variable};
