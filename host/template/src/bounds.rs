//! The bounds that every template and every rendering stays within.
//!
//! Owns numbers only. Templates come from strangers: each bound is checked by our own code before a third-party
//! parser sees the text, so that nothing here depends on how robust that parser is.

/// Bytes of one template's source. A request body that a person wrote is a few kilobytes.
pub const SOURCE: usize = 64 * 1024;

/// Blocks inside blocks, where each `{{else if ..}}` counts as one more. Block parsers recurse, and deep nesting
/// would overflow their stack (one megabyte in a Wasm guest).
pub const NESTING: usize = 32;

/// Names, brackets and literals inside one tag, or steps in one path. Keeps the price of one look-up small.
pub const TOKENS: usize = 256;

/// Tags and pieces of text in one template. The `handlebars` crate finds a tag's column by counting from the start,
/// so its time grows with the square of this number.
pub const PIECES: usize = 4096;

/// Objects and arrays inside one another in a JSON template, as its author wrote it: our parser recurses.
pub const JSON_NESTING: usize = 64;

/// Objects and lists inside one another in a value, and in a finished body. `serde_json` reads back no more
/// (its limit of 128 is exclusive), so a deeper body could not be checked.
pub const VALUE_DEPTH: usize = 127;

/// Rounds of all `{{#each}}` of one rendering together: nested loops multiply.
pub const ITERATIONS: usize = 100_000;

/// Tags and pieces visited in one rendering: loops that write nothing cost time all the same.
pub const STEPS: usize = 2_000_000;

/// Bytes of rendered output. A 134-byte template with nested loops could ask for 32 MB. What is
/// written and taken back (a property whose optional value is absent) counts as well.
pub const OUTPUT: usize = 8 * 1024 * 1024;

/// Problems reported for one text; more help nobody.
pub const PROBLEMS: usize = 50;
