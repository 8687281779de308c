//! Values made up from a schema: what the first case gives, and what it is answered.
//!
//! Owns the making-up. Invariants: a sample of an input is one that the input takes; nothing that looks like a credential is
//! taken over from a document's examples.

use presetter_manifest::InputKind;
use serde_json::{Map, Value};

use super::document::Document;
use super::schema::Schema;
use crate::new::call::depth;
use crate::new::infer::kind_of;
use crate::new::{names, secrets};

/// Objects and lists of an example inside one another.
const DEEPEST: usize = 6;
/// The same of what is made up.
const MADE_UP: usize = 3;
/// Members of the outermost object that are made up.
const MOST_MEMBERS: usize = 60;
/// Members of an object inside of it, beside those that it must have.
const INNER_MEMBERS: usize = 3;
/// The longest example that is taken over, in bytes of JSON.
const MOST_BYTES: usize = 4 * 1024;

/// A value of a schema, called by this name.
pub(crate) fn of(document: &Document, schema: &Schema<'_>, name: &str) -> Value {
    within(document, schema, name, 0)
}

/// An example of a document, if it is small, simple, and no credential.
pub(crate) fn usable(example: &Value) -> bool {
    depth(example) <= DEEPEST && !has_secret(example) && example.to_string().len() <= MOST_BYTES
}

/// Whether a value has a null in it, which a case cannot hold.
pub(crate) fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}

/// Whether a value is a text with nothing in it, which a required input does not take.
pub(crate) fn is_blank(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim().is_empty())
}

fn has_secret(value: &Value) -> bool {
    match value {
        Value::String(text) => secrets::by_look(text),
        Value::Array(list) => list.iter().any(has_secret),
        Value::Object(members) => members.iter().any(|(name, member)| {
            secrets::by_look(name) || secrets::by_name(name) && member.is_string() || has_secret(member)
        }),
        _ => false,
    }
}

/// Whether a value is one of an input's.
pub(crate) fn fits(schema: &Schema<'_>, value: &Value) -> bool {
    let kind = match (schema.kind, value) {
        (InputKind::Number, Value::Number(_)) => true,
        (kind, value) => !value.is_null() && kind_of(value) == kind,
    };
    let short = |most| value.as_str().is_none_or(|text| text.chars().count() <= most);
    kind && (schema.allowed.is_empty() || schema.allowed.contains(value)) && schema.max_length.is_none_or(short)
}

fn within(document: &Document, schema: &Schema<'_>, name: &str, level: usize) -> Value {
    let given = schema.example.into_iter().chain(schema.default).chain(&schema.allowed);
    let mut given = given.filter(|value| fits(schema, value) && usable(value) && !has_null(value) && !is_blank(value));
    // One of a list is a word of the API, and no secret.
    let word = schema.kind != InputKind::String || !schema.allowed.is_empty();
    if let Some(value) = given.next().filter(|_| word || !secrets::by_name(name)) {
        return value.clone();
    }
    match schema.kind {
        InputKind::Boolean => true.into(),
        InputKind::Integer => schema.minimum.unwrap_or(1).max(1).into(),
        InputKind::Number => 1.5.into(),
        InputKind::String => text(schema, name).into(),
        InputKind::List => {
            let items = schema.items.filter(|_| level < MADE_UP).map(|items| Schema::of(document, items));
            let one = items.map(|items| within(document, &items, &names::singular(name), level + 1));
            one.into_iter().collect()
        }
        InputKind::Object if level >= MADE_UP => Value::Object(Map::new()),
        InputKind::Object => {
            let mut members = Map::new();
            let room = if level == 0 { MOST_MEMBERS } else { INNER_MEMBERS };
            for (name, property) in &schema.properties {
                let is = Schema::of(document, property);
                let wanted = members.len() < room || schema.required.contains(name) && members.len() < MOST_MEMBERS;
                if wanted && !is.write_only {
                    members.insert((*name).to_owned(), within(document, &is, name, level + 1));
                }
            }
            Value::Object(members)
        }
    }
}

fn text(schema: &Schema<'_>, name: &str) -> String {
    let text = match schema.format {
        "date-time" => "2026-01-01T00:00:00Z".to_owned(),
        "date" => "2026-01-01".to_owned(),
        "time" => "12:00:00Z".to_owned(),
        "email" => "sarah@example.com".to_owned(),
        "uuid" => "123e4567-e89b-12d3-a456-426614174000".to_owned(),
        "uri" | "url" => "https://example.com".to_owned(),
        "ipv4" => "192.0.2.1".to_owned(),
        "byte" => "c2FtcGxl".to_owned(),
        _ => secrets::sample(name),
    };
    text.chars().take(schema.max_length.unwrap_or(usize::MAX)).collect()
}
