//! A schema of a document, as far as an input or an output needs it.
//!
//! Owns what `allOf`, `oneOf`, `anyOf`, `nullable` and lists of types come to. Keeps within bounds: what is too deep or goes
//! in a circle is a value of any shape.

use indexmap::IndexMap;
use presetter_manifest::InputKind;
use serde_json::Value;

use super::document::Document;
use crate::new::toml_text::line;

/// Schemas inside one another, by `allOf` and choices.
const DEEPEST: usize = 12;
/// The longest list of values that is written out.
const MOST_VALUES: usize = 100;
/// The longest help, in characters.
const HELP: usize = 160;

/// A schema, flat.
#[derive(Debug, Clone)]
pub(crate) struct Schema<'a> {
    pub(crate) kind: InputKind,
    pub(crate) properties: IndexMap<&'a str, &'a Value>,
    pub(crate) required: Vec<&'a str>,
    pub(crate) allowed: Vec<Value>,
    pub(crate) default: Option<&'a Value>,
    pub(crate) example: Option<&'a Value>,
    pub(crate) help: String,
    pub(crate) format: &'a str,
    pub(crate) items: Option<&'a Value>,
    pub(crate) read_only: bool,
    pub(crate) write_only: bool,
    pub(crate) max_length: Option<usize>,
    pub(crate) minimum: Option<i64>,
    /// It may be null.
    pub(crate) nullable: bool,
    /// It is one of several shapes.
    pub(crate) choice: bool,
}

impl<'a> Schema<'a> {
    /// What a schema comes to.
    pub(crate) fn of(document: &'a Document, value: &'a Value) -> Self {
        Self::within(document, value, 0)
    }

    fn any() -> Self {
        Self {
            kind: InputKind::Object,
            properties: IndexMap::new(),
            required: Vec::new(),
            allowed: Vec::new(),
            default: None,
            example: None,
            help: String::new(),
            format: "",
            items: None,
            read_only: false,
            write_only: false,
            max_length: None,
            minimum: None,
            nullable: false,
            choice: false,
        }
    }

    fn within(document: &'a Document, value: &'a Value, depth: usize) -> Self {
        let mut schema = Self::any();
        let Some(is) = document.look(value).filter(|_| depth < DEEPEST) else { return schema };
        let mut known = schema.own(is);
        for part in list(is, "allOf") {
            let part = Self::within(document, part, depth + 1);
            known = known || part.kind != InputKind::Object || !part.properties.is_empty();
            schema.merge(part, is.get("type").is_none());
        }
        let choices: Vec<&Value> = list(is, "oneOf").chain(list(is, "anyOf")).collect();
        schema.nullable |= choices.iter().any(|choice| choice.get("type") == Some(&"null".into()));
        let real: Vec<&Value> =
            choices.into_iter().filter(|choice| choice.get("type") != Some(&"null".into())).collect();
        match &real[..] {
            [] => {}
            [only] => {
                let only = Self::within(document, only, depth + 1);
                known = true;
                schema.merge(only, is.get("type").is_none());
            }
            several => {
                let kinds: Vec<InputKind> =
                    several.iter().take(20).map(|choice| Self::within(document, choice, depth + 1).kind).collect();
                let scalar = |kind: &InputKind| !matches!(kind, InputKind::Object | InputKind::List);
                schema.choice = true;
                if !known {
                    known = true;
                    schema.kind = match kinds.first() {
                        Some(first) if kinds.iter().all(|kind| kind == first) => *first,
                        _ if kinds.iter().all(scalar) => InputKind::String,
                        _ => InputKind::Object,
                    };
                }
            }
        }
        if !known {
            schema.kind = match &schema.allowed[..] {
                [] if schema.items.is_some() => InputKind::List,
                [] if is.get("format").is_some() => InputKind::String,
                [] => InputKind::Object,
                [first, ..] => crate::new::infer::kind_of(first),
            };
        }
        schema
    }

    /// Takes what a schema says itself; whether that tells its type.
    fn own(&mut self, is: &'a Value) -> bool {
        let text = |name: &str| is.get(name).and_then(Value::as_str).unwrap_or_default();
        let flag = |name: &str| is.get(name).and_then(Value::as_bool).unwrap_or_default();
        let types: Vec<&str> = match is.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect(),
            _ => Vec::new(),
        };
        let kind = |name: &str| match name {
            "string" => Some(InputKind::String),
            "integer" => Some(InputKind::Integer),
            "number" => Some(InputKind::Number),
            "boolean" => Some(InputKind::Boolean),
            "array" => Some(InputKind::List),
            "object" => Some(InputKind::Object),
            _ => None,
        };
        let told = match &types[..] {
            [one] => kind(one),
            [] => None,
            // A text can hold any of several simple ones.
            several if !several.contains(&"object") && !several.contains(&"array") => Some(InputKind::String),
            _ => Some(InputKind::Object),
        };
        self.kind = told.unwrap_or(InputKind::Object);
        self.choice = types.len() > 1;
        let listed =
            is.get("type").and_then(Value::as_array).is_some_and(|types| types.iter().any(|name| name == "null"));
        self.nullable = flag("nullable") || listed || list(is, "enum").any(Value::is_null);
        if let Some(Value::Object(members)) = is.get("properties") {
            self.properties = members.iter().map(|(name, value)| (name.as_str(), value)).collect();
        }
        self.required = list(is, "required").filter_map(Value::as_str).collect();
        let only = is.get("const").into_iter();
        let values: Vec<Value> = list(is, "enum").chain(only).filter(|value| !value.is_null()).cloned().collect();
        self.allowed = if values.len() <= MOST_VALUES { values } else { Vec::new() };
        self.default = is.get("default").filter(|value| !value.is_null());
        self.example = is.get("example").or_else(|| list(is, "examples").next()).filter(|value| !value.is_null());
        self.help = line(if text("description").is_empty() { text("title") } else { text("description") }, HELP);
        self.format = is.get("format").and_then(Value::as_str).unwrap_or_default();
        self.items = is.get("items");
        self.read_only = flag("readOnly");
        self.write_only = flag("writeOnly");
        let most = is.get("maxLength").and_then(Value::as_u64).filter(|most| *most > 0);
        self.max_length = most.and_then(|most| usize::try_from(most).ok());
        self.minimum = is.get("minimum").and_then(Value::as_i64);
        told.is_some() || !self.properties.is_empty()
    }

    /// Adds what a part of it says.
    fn merge(&mut self, part: Self, untyped: bool) {
        if untyped && self.properties.is_empty() {
            self.kind = part.kind;
        }
        for (name, value) in part.properties {
            self.properties.entry(name).or_insert(value);
        }
        self.required.extend(part.required);
        if self.allowed.is_empty() {
            self.allowed = part.allowed;
        }
        if self.help.is_empty() {
            self.help = part.help;
        }
        if self.format.is_empty() {
            self.format = part.format;
        }
        self.default = self.default.or(part.default);
        self.example = self.example.or(part.example);
        self.items = self.items.or(part.items);
        self.read_only |= part.read_only;
        self.write_only |= part.write_only;
        self.max_length = self.max_length.or(part.max_length);
        self.minimum = self.minimum.or(part.minimum);
        self.nullable |= part.nullable;
        self.choice |= part.choice;
    }
}

/// The values of a list, none if it is none.
pub(crate) fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}
