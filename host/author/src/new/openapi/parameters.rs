//! The parameters of an operation: the path, query and headers, and an input for each.

use std::collections::HashMap;

use presetter_manifest::InputKind;
use presetter_template::encode;
use serde_json::Value;

use super::document::Document;
use super::sample;
use super::schema::{Schema, list};
use crate::new::Error;
use crate::new::account::Account;
use crate::new::blueprint::NewInput;
use crate::new::call::is_repeat_key;
use crate::new::credentials::is_token;
use crate::new::names::Names;
use crate::new::secrets;
use crate::new::template::{Line, Piece, input};
use crate::new::toml_text::{line, representable};

/// The most parameters of an operation.
const MOST: usize = 200;
/// Headers that are set otherwise (OpenAPI: "shall be ignored"), and those for credentials.
const OWN: [&str; 5] = ["accept", "content-type", "authorization", "cookie", "content-length"];

/// What was made of an operation so far.
#[derive(Default)]
pub(crate) struct Made {
    pub(crate) inputs: Vec<NewInput>,
    pub(crate) names: Names,
    pub(crate) path: Vec<Line>,
    pub(crate) query: Vec<(String, Line)>,
    pub(crate) headers: Vec<(String, Line)>,
}

impl Made {
    /// An input for a value of this schema; its name.
    pub(crate) fn input(
        &mut self,
        document: &Document,
        schema: &Schema<'_>,
        wanted: &[&str],
        needed: bool,
        help: &str,
    ) -> String {
        let name = self.names.give(wanted);
        let known = wanted.first().copied().unwrap_or_default();
        let own = |value: &Value| sample::usable(value) && !sample::has_null(value);
        let plain = Schema { allowed: Vec::new(), ..schema.clone() };
        let allowed = schema.allowed.iter().filter(|value| sample::fits(&plain, value) && own(value));
        let mut allowed: Vec<Value> = allowed.map(representable).collect();
        if allowed.len() != schema.allowed.len() {
            allowed.clear();
        }
        let default = schema.default.filter(|value| sample::fits(schema, value) && own(value)).map(representable);
        // A required text may not be blank: where nothing but blanks can be given, one is the default.
        let only_blank = !allowed.is_empty() && allowed.iter().all(sample::is_blank);
        let needed = needed && !only_blank;
        let default = default.filter(|value| !needed || !sample::is_blank(value));
        let default = if only_blank { default.or_else(|| allowed.first().cloned()) } else { default };
        let mut value = representable(&sample::of(document, schema, known));
        // One of a list stays as the list has it: 1 is not 1.0 there.
        if schema.kind == InputKind::Number && allowed.is_empty() {
            value = value.as_f64().map_or(value, Value::from);
        }
        let help = if schema.help.is_empty() { help.to_owned() } else { schema.help.clone() };
        self.inputs.push(NewInput {
            kind: schema.kind,
            required: needed && default.is_none(),
            // What has a default is left to it in the first case, as most people will.
            sample: if default.is_some() { None } else { Some(value) },
            allowed,
            max_length: schema.max_length.filter(|_| schema.kind == InputKind::String),
            default,
            help,
            name: name.clone(),
        });
        name
    }
}

/// What the parameters of an operation become.
pub(crate) fn of(
    document: &Document,
    item: &Value,
    operation: &Value,
    path: &str,
    account: &Account,
    notes: &mut Vec<String>,
) -> Result<Made, Error> {
    let mut made = Made::default();
    let mut known: Vec<(&str, &str, &Value)> = Vec::new();
    // What the operation says goes before what its path says.
    for value in list(operation, "parameters").chain(list(item, "parameters")).take(MOST) {
        let Some(is) = document.look(value) else {
            notes.push(
                "a parameter is a reference that leads nowhere, or out of the document; it was left out".to_owned(),
            );
            continue;
        };
        let text = |key: &str| is.get(key).and_then(Value::as_str).unwrap_or_default();
        if !known.iter().any(|(place, name, _)| *place == text("in") && *name == text("name")) {
            known.push((text("in"), text("name"), is));
        }
    }
    made.path = template(document, path, &known, &mut made.inputs, &mut made.names)?;
    for (place, name, is) in known {
        let shown = line(name, 60);
        let slot = account.slots.iter().any(|slot| slot.name.eq_ignore_ascii_case(name));
        let needed = is.get("required").and_then(Value::as_bool).unwrap_or_default();
        match place {
            "query" if slot || name.is_empty() => {}
            "header" if slot || OWN.contains(&name.to_ascii_lowercase().as_str()) => {}
            "header" if !is_token(name) => {
                notes.push(format!("the header `{shown}` has no legal name; it was left out"))
            }
            "header" if !presetter_egress::may_be_sent(name) => {
                notes.push(format!("no preset may send the header `{shown}`; it was left out"));
            }
            "header" if secrets::by_name(name) && !is_repeat_key(name) => {
                notes.push(format!("the header `{shown}` looks like a credential: make a slot of the kind for it"));
            }
            "query" | "header" => {
                let Some(mut schema) = text_schema(document, is, &shown, notes) else { continue };
                if place == "header" {
                    keep(&mut schema, is_line);
                }
                let help = format!("the {} `{shown}`", if place == "query" { "query parameter" } else { "header" });
                let id = made.input(document, &schema, &[name], needed, &help);
                let list = if place == "query" { &mut made.query } else { &mut made.headers };
                list.push((name.to_owned(), input(&id)));
            }
            "cookie" => notes.push(format!("the cookie `{shown}` was left out: cookies are a connection's")),
            _ => {}
        }
    }
    Ok(made)
}

/// The schema of a parameter that is sent as a text; nothing, and a note, if it cannot be.
fn text_schema<'a>(document: &'a Document, is: &'a Value, name: &str, notes: &mut Vec<String>) -> Option<Schema<'a>> {
    let mut schema = match is.get("schema") {
        Some(schema) => Schema::of(document, schema),
        // JSON in a parameter: whoever runs the preset writes it.
        None => Schema { kind: InputKind::String, ..Schema::of(document, &Value::Null) },
    };
    let help = is.get("description").and_then(Value::as_str).map(|text| line(text, 160)).unwrap_or_default();
    if !help.is_empty() {
        schema.help = help;
    }
    schema.example = is.get("example").or(schema.example);
    match schema.kind {
        InputKind::List => {
            let note = format!("`{name}` takes a list: its input is a text, with commas between several values");
            notes.push(note);
            let help = if schema.help.is_empty() { format!("the parameter `{name}`") } else { schema.help };
            let one = Schema::of(document, schema.items.unwrap_or(&Value::Null));
            let example = one.example.filter(|value| value.is_string());
            let plain = Schema::of(document, &Value::Null);
            Some(Schema {
                kind: InputKind::String,
                help: format!("{help}; several with commas between"),
                example,
                ..plain
            })
        }
        InputKind::Object if schema.properties.is_empty() && !schema.choice => {
            Some(Schema { kind: InputKind::String, default: None, allowed: Vec::new(), ..schema })
        }
        InputKind::Object => {
            notes.push(format!("`{name}` takes an object, which a parameter of a preset cannot be; it was left out"));
            None
        }
        _ => Some(schema),
    }
}

/// The path as lines: `/users/{id}.json` has a part with a literal and an input.
fn template(
    document: &Document,
    path: &str,
    known: &[(&str, &str, &Value)],
    inputs: &mut Vec<NewInput>,
    names: &mut Names,
) -> Result<Vec<Line>, Error> {
    let mut given: HashMap<String, String> = HashMap::new();
    let mut made = Made { inputs: std::mem::take(inputs), names: std::mem::take(names), ..Made::default() };
    let mut lines = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let mut pieces: Line = Vec::new();
        let mut rest = part;
        while let Some((before, inside, after)) = hole(rest) {
            if !before.is_empty() {
                pieces.push(Piece::Literal(before.to_owned()));
            }
            let id = match given.get(inside) {
                Some(id) => id.clone(),
                None => {
                    let is =
                        known.iter().find(|(place, name, _)| *place == "path" && *name == inside).map(|(_, _, is)| *is);
                    let nothing = Value::Null;
                    let mut schema = Schema::of(document, is.and_then(|is| is.get("schema")).unwrap_or(&nothing));
                    if matches!(schema.kind, InputKind::Object | InputKind::List) {
                        schema = Schema {
                            kind: InputKind::String,
                            default: None,
                            example: None,
                            allowed: Vec::new(),
                            ..schema
                        };
                    }
                    if let Some(text) = is.and_then(|is| is.get("description")).and_then(Value::as_str) {
                        schema.help = line(text, 160);
                    }
                    schema.example = is.and_then(|is| is.get("example")).or(schema.example);
                    keep(&mut schema, is_part);
                    let help = format!("the part `{}` of the path", line(inside, 60));
                    made.input(document, &schema, &[inside], true, &help)
                }
            };
            given.insert(inside.to_owned(), id.clone());
            pieces.push(Piece::Input(id));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest.to_owned()));
        }
        let literal = pieces.iter().all(|piece| matches!(piece, Piece::Literal(_)));
        let odd = [".", "..", "%2e", "%2e%2e"].contains(&part.to_ascii_lowercase().as_str());
        if literal && odd || part.contains(['\\', '?', '#']) || part.chars().any(char::is_control) {
            let help = "its parts are divided by / alone, and none is . or ..";
            return Err(Error::usage("the path of the operation cannot be sent", help));
        }
        lines.push(pieces);
    }
    (*inputs, *names) = (made.inputs, made.names);
    Ok(lines)
}

/// Leaves out what cannot be sent where the value of a schema goes.
fn keep(schema: &mut Schema<'_>, can_be_sent: fn(&Value) -> bool) {
    schema.example = schema.example.filter(|value| can_be_sent(value));
    schema.default = schema.default.filter(|value| can_be_sent(value));
    schema.allowed.retain(can_be_sent);
}

/// Whether a value can be a header's.
fn is_line(value: &Value) -> bool {
    value.as_str().is_none_or(|text| !text.chars().any(char::is_control))
}

/// Whether a value can be a part of a path.
fn is_part(value: &Value) -> bool {
    value.as_str().is_none_or(|text| {
        !text.trim().is_empty()
            && !text.contains(['/', '\\'])
            && encode::path_segment(text).is_ok()
            && !text.chars().any(char::is_control)
    })
}

fn hole(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (inside, after) = rest.split_once('}')?;
    Some((before, inside, after))
}

#[cfg(test)]
mod tests;
