//! `fields.toml`: declarations as people write them, with errors that name line and column.
//!
//! ```toml
//! [users.cost_centre]
//! type = "short_text"
//! title = "Cost centre"
//!
//! [users.shirt]
//! type = "dropdown"
//! options = ["S", "M", "L"]
//! was = "size"
//! ```

use std::ops::Range;

use indexmap::IndexMap;
use serde::Deserialize;
use toml::Spanned;

use super::Declaration;
use crate::reading::quoted;
use crate::{Kind, Object};

/// The largest file, in bytes.
const FILE: usize = 1024 * 1024;

/// The declarations of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldsFile {
    /// In the order of the file, object by object.
    pub declarations: Vec<Declaration>,
}

/// What is wrong in a file of fields, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct FieldsFileError {
    /// The file as it was named.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1 in characters.
    pub column: usize,
    /// The place in bytes, for who shows the line.
    pub span: Range<usize>,
    /// What is wrong, and what to write.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    users: Table,
    #[serde(default)]
    saas_users: Table,
    #[serde(default)]
    software: Table,
}

type Table = IndexMap<Spanned<String>, Entry>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(rename = "type")]
    kind: Spanned<String>,
    options: Option<Spanned<Vec<String>>>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    help: String,
    was: Option<String>,
}

impl FieldsFile {
    /// Reads a file's text; `file` is its name for errors.
    ///
    /// # Errors
    /// The first mistake, with its place.
    pub fn parse(file: &str, source: &str) -> Result<Self, FieldsFileError> {
        let error = |span: Range<usize>, message: String| {
            let (line, column) = position(source, span.start);
            FieldsFileError { file: file.to_owned(), line, column, span, message }
        };
        if source.len() > FILE {
            return Err(error(0..0, format!("this file has {} bytes; {FILE} are possible", source.len())));
        }
        let read: File = toml::from_str(source)
            .map_err(|problem| error(problem.span().unwrap_or(0..0), problem.message().trim().replace('\n', ", ")))?;
        let tables =
            [(Object::Users, read.users), (Object::SaasUsers, read.saas_users), (Object::Software, read.software)];
        let mut declarations = Vec::new();
        for (object, table) in tables {
            for (name, entry) in table {
                declarations.push(declaration(object, &name, entry).map_err(|(span, message)| error(span, message))?);
            }
        }
        Ok(Self { declarations })
    }
}

fn declaration(object: Object, name: &Spanned<String>, entry: Entry) -> Result<Declaration, (Range<usize>, String)> {
    let kind = entry.kind.get_ref();
    if !Kind::DECLARABLE.contains(&kind.as_str()) {
        let hint = presetter_manifest::suggest(kind, &Kind::DECLARABLE);
        return Err((entry.kind.span(), format!("there is no type {}; {hint}", quoted(kind))));
    }
    let place = entry.options.as_ref().map_or(entry.kind.span(), Spanned::span);
    let (dropdown, options) = (kind == "dropdown", entry.options.map(Spanned::into_inner));
    if dropdown != options.is_some() {
        let message = if dropdown { "a dropdown has options = [\"...\"]" } else { "only a dropdown has options" };
        return Err((place, message.to_owned()));
    }
    let Some(kind) = Kind::from_name(kind, options.unwrap_or_default()) else {
        return Err((entry.kind.span(), "there is no such type".to_owned()));
    };
    let name_place = name.span();
    let (title, help, was) = (entry.title, entry.help, entry.was);
    let declaration = Declaration { object, name: name.get_ref().clone(), kind, title, help, was };
    match declaration.wrong() {
        Some(message) => Err((if dropdown && message.contains("option") { place } else { name_place }, message)),
        None => Ok(declaration),
    }
}

/// Line and column of a place in bytes.
fn position(source: &str, mut at: usize) -> (usize, usize) {
    at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    let before = &source[..at];
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(source: &str) -> (usize, usize, String) {
        let error = FieldsFile::parse("fields.toml", source).unwrap_err();
        (error.line, error.column, error.message)
    }

    #[test]
    fn fields_are_read_in_order() {
        let source = "[users.zone]\ntype = \"short_text\"\ntitle = \"Zone\"\n[users.shirt]\ntype = \"dropdown\"\n\
                      options = [\"S\", \"M\"]\nwas = \"size\"\n[saas_users.mosyle_user_id]\ntype = \"short_text\"\n";
        let read = FieldsFile::parse("fields.toml", source).unwrap().declarations;
        let names: Vec<_> = read.iter().map(|d| (d.object, d.name.as_str(), d.kind.name())).collect();
        assert_eq!(
            names,
            [
                (Object::Users, "zone", "short_text"),
                (Object::Users, "shirt", "dropdown"),
                (Object::SaasUsers, "mosyle_user_id", "short_text")
            ]
        );
        assert_eq!(read[1].was.as_deref(), Some("size"));
        assert_eq!(read[1].kind.options(), ["S", "M"]);
    }

    #[test]
    fn a_mistake_has_its_place() {
        let (line, column, message) = wrong("# é\n[users.a]\ntype = \"numbr\"\n");
        assert_eq!((line, column), (3, 8));
        assert!(message.contains("did you mean \"number\"?"), "{message}");
        assert_eq!(wrong("[users.Bad]\ntype = \"number\"\n").0, 1);
        assert_eq!(wrong("[users.id]\ntype = \"number\"\n").0, 1);
        assert_eq!(wrong("[users.a]\ntype = \"dropdown\"\n").0, 2);
        assert_eq!(wrong("[users.a]\ntype = \"number\"\noptions = [\"x\"]\n").0, 3);
        assert_eq!(wrong("[users.a]\ntype = \"dropdown\"\noptions = [\"x\", \"x\"]\n").0, 3);
        assert_eq!(wrong("[users.a]\ntype = \"email\"\n").0, 2);
        assert_eq!(wrong("[people.a]\ntype = \"number\"\n").0, 1);
        assert_eq!(wrong("[users.a]\ntype = \"number\"\nsize = 3\n").0, 3);
        assert_eq!(wrong("[users.a]\ntype = \n").0, 2);
    }
}
