//! From TOML text to a type, with errors that help.

use std::ops::Range;

use presetter_template::Problem;
use serde::de::DeserializeOwned;

use crate::{Diagnostics, suggest};

/// The largest manifest that is read, in bytes. Ours have a few thousand; the bound keeps a stranger's file from
/// costing memory in the parser.
pub const MAX_MANIFEST_BYTES: usize = 256 * 1024;

/// Reads one manifest, or another small TOML file of the program's.
///
/// # Errors
/// It is not TOML or not of that type; each mistake has its place.
pub fn read<T: DeserializeOwned>(file: &str, source: &str) -> Result<T, Diagnostics> {
    if source.len() > MAX_MANIFEST_BYTES {
        let problem = Problem::new(
            format!("this file has {} bytes; a manifest may have {MAX_MANIFEST_BYTES}", source.len()),
            0..0,
        );
        return Err(Diagnostics::of(file, "", vec![problem]));
    }
    toml::from_str(source).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        Diagnostics::of(file, source, vec![explain(error.message(), source, span)])
    })
}

/// TOML's and serde's words, in ours.
fn explain(message: &str, source: &str, span: Range<usize>) -> Problem {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match (message, quoted.as_slice()) {
        (m, [name, known @ ..]) if m.starts_with("unknown field") => {
            let span = key_span(source, &span, name);
            Problem::new(format!("there is no key \"{name}\" here"), span).with_hint(suggest(name, known))
        }
        (m, [name, known @ ..]) if m.starts_with("unknown variant") => {
            Problem::new(format!("\"{name}\" is not one of the values that are possible here"), span)
                .with_hint(suggest(name, known))
        }
        (m, [name, ..]) if m.starts_with("missing field") => {
            Problem::new(format!("the key \"{name}\" is missing"), first_line(source, span))
                .with_hint(format!("add a line `{name} = ...`"))
        }
        (m, _) if m.starts_with("invalid type") => Problem::new(wrong_type(m), span),
        (m, _) if m.contains("string values must be quoted") => {
            Problem::new("a text stands in quotes", span).with_hint("write for example effect = \"update\"")
        }
        (m, [name, ..]) if m.starts_with("duplicate") => {
            Problem::new(format!("the key \"{name}\" stands here twice"), span)
        }
        _ => Problem::new(message.trim().replace('\n', ", "), span),
    }
}

/// `invalid type: string "x", expected a sequence`, as an author would say it.
fn wrong_type(message: &str) -> String {
    let expected = message.rsplit_once("expected ").map_or("something else", |(_, e)| e);
    match expected {
        e if e.contains("sequence") => {
            "this takes a list: [\"...\"], and for a table [[NAME]] with two brackets".to_owned()
        }
        e if e.contains("map") || e.starts_with("struct") => "this takes a table: { ... } or [NAME]".to_owned(),
        e if e.contains("string") => "this takes a text in quotes".to_owned(),
        e if e.contains("bool") => "this is true or false, without quotes".to_owned(),
        e if ["u16", "u32", "u64", "usize", "i64"].iter().any(|n| e.contains(n)) => {
            "this takes a whole number, without quotes".to_owned()
        }
        _ => message.trim().replace('\n', ", "),
    }
}

/// The unknown key itself, where the parser points at its whole table.
fn key_span(source: &str, span: &Range<usize>, name: &str) -> Range<usize> {
    let inside = source.get(span.clone()).unwrap_or("");
    match inside.find(name) {
        Some(at) => span.start + at..span.start + at + name.len(),
        None => span.clone(),
    }
}

/// A table may span the whole file; its first line is enough to point at: for a file, the first that is no comment.
fn first_line(source: &str, mut span: Range<usize>) -> Range<usize> {
    while span.start == 0 && span.end == 0 || source[span.start..].starts_with(['#', '\n']) {
        let rest = source[span.start..].trim_start_matches('\n');
        let start = source.len() - rest.len();
        let comment = if rest.starts_with('#') { rest.find('\n').map_or(rest.len(), |at| at + 1) } else { 0 };
        span = start + comment..source.len();
        if comment == 0 {
            break;
        }
    }
    let inside = source.get(span.clone()).unwrap_or("");
    span.start..span.start + inside.find('\n').unwrap_or(inside.len())
}
