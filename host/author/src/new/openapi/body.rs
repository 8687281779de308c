//! The body of an operation: JSON or a form, with an input for each value.

use presetter_manifest::InputKind;
use serde_json::Value;

use super::document::Document;
use super::parameters::Made;
use super::schema::Schema;
use crate::new::blueprint::{Body, Shape};
use crate::new::template::{Line, input, literal};
use crate::new::toml_text::line;

/// Objects inside one another that have inputs of their own.
const DEEPEST: usize = 3;
/// A body with more values than this is one input.
const MOST: usize = 60;

/// What the request body of an operation becomes.
pub(crate) fn of(document: &Document, operation: &Value, made: &mut Made, notes: &mut Vec<String>) -> Option<Body> {
    let asked = operation.get("requestBody")?;
    let Some(is) = document.look(asked) else {
        notes.push(
            "the request body is a reference that leads nowhere, or out of the document; it was left out".to_owned(),
        );
        return None;
    };
    let needed = is.get("required").and_then(Value::as_bool).unwrap_or_default();
    let content = is.get("content").and_then(Value::as_object)?;
    let media = |name: &str| name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let find = |fits: &dyn Fn(&str) -> bool| content.iter().find(|(name, _)| fits(&media(name)));
    if let Some((name, is)) = find(&|name| name == "application/json").or_else(|| find(&|name| name.ends_with("+json")))
    {
        if media(name) != "application/json" {
            made.headers.push(("Content-Type".to_owned(), literal(&media(name))));
        }
        let schema = Schema::of(document, is.get("schema").unwrap_or(&Value::Null));
        return Some(Body::Json(json(document, &schema, needed, made)));
    }
    if let Some((_, is)) = find(&|name| name == "application/x-www-form-urlencoded") {
        let schema = Schema::of(document, is.get("schema").unwrap_or(&Value::Null));
        return Some(Body::Form(form(document, &schema, made, notes)));
    }
    let names: Vec<String> = content.keys().take(5).map(|name| line(name, 60)).collect();
    notes.push(format!("the body is {}, which a recipe cannot send; it was left out", names.join(" or ")));
    None
}

fn json(document: &Document, schema: &Schema<'_>, needed: bool, made: &mut Made) -> Shape {
    let open = schema.kind == InputKind::Object && !schema.properties.is_empty();
    if !open || count(document, schema, 0) > MOST {
        // The whole body cannot be left out of a request.
        return Shape::Input(made.input(document, schema, &["body"], needed || !open, "the body"));
    }
    object(document, schema, &mut Vec::new(), made)
}

fn object(document: &Document, schema: &Schema<'_>, path: &mut Vec<String>, made: &mut Made) -> Shape {
    let mut members = Vec::new();
    for (name, value) in &schema.properties {
        let is = Schema::of(document, value);
        if is.read_only {
            continue;
        }
        let needed = schema.required.contains(name);
        path.push((*name).to_owned());
        // An object that may be left out is one input, so that it can be.
        let open =
            needed && is.kind == InputKind::Object && !is.properties.is_empty() && !is.choice && path.len() < DEEPEST;
        let shape = if open {
            object(document, &is, path, made)
        } else {
            let help = format!("`{}` of the body", line(&path.join("."), 60));
            Shape::Input(made.input(document, &is, &[name, &path.join("_")], needed, &help))
        };
        path.pop();
        members.push(((*name).to_owned(), shape));
    }
    Shape::Object(members)
}

/// How many values a body would have inputs for.
fn count(document: &Document, schema: &Schema<'_>, level: usize) -> usize {
    let mut values = 0;
    for (name, value) in schema.properties.iter().take(MOST + 1) {
        let open = level + 1 < DEEPEST && schema.required.contains(name);
        let inside = open.then(|| Schema::of(document, value)).filter(|is| !is.properties.is_empty());
        values += inside.map_or(1, |is| count(document, &is, level + 1));
        if values > MOST {
            break;
        }
    }
    values
}

fn form(document: &Document, schema: &Schema<'_>, made: &mut Made, notes: &mut Vec<String>) -> Vec<(String, Line)> {
    let mut fields = Vec::new();
    for (name, value) in schema.properties.iter().take(MOST) {
        let mut is = Schema::of(document, value);
        if is.read_only {
            continue;
        }
        let shown = line(name, 60);
        if matches!(is.kind, InputKind::Object | InputKind::List) {
            notes.push(format!("the field `{shown}` takes more than a text; its input is a text as the form sends it"));
            let plain = Schema::of(document, &Value::Null);
            is = Schema { kind: InputKind::String, help: is.help, ..plain };
        }
        let needed = schema.required.contains(name);
        let id = made.input(document, &is, &[name], needed, &format!("the field `{shown}`"));
        fields.push(((*name).to_owned(), input(&id)));
    }
    fields
}
