//! The answers of an operation: what a preset returns of them, and what the first case is answered.

use presetter_manifest::InputKind;
use serde_json::Value;

use super::document::Document;
use super::sample;
use super::schema::Schema;
use crate::new::blueprint::{Output, SampleAnswer};
use crate::new::names;
use crate::new::secrets;
use crate::new::toml_text::line;

/// The most outputs of a preset.
const MOST: usize = 30;

/// The answer of a success, and the outputs that it has.
pub(crate) fn of(
    document: &Document,
    operation: &Value,
    method: &str,
    notes: &mut Vec<String>,
) -> (SampleAnswer, Vec<Output>) {
    let answers = operation.get("responses").and_then(Value::as_object);
    let success = |code: &str| code.len() == 3 && code.starts_with('2');
    let mut codes: Vec<&String> = answers.iter().flat_map(|all| all.keys()).filter(|code| success(code)).collect();
    codes.sort();
    let code = codes.first().map_or("default", |code| code.as_str());
    // `2XX` is any of them; nothing may be answered with 1xx or 3xx here.
    let status = code.parse().ok().filter(|status| (200..300).contains(status)).unwrap_or(200);
    let nothing = SampleAnswer { status, body: None };
    if method == "HEAD" || status == 204 || status == 205 {
        return (nothing, Vec::new());
    }
    let content =
        answers.and_then(|all| all.get(code)).and_then(|is| document.look(is)).and_then(|is| is.get("content"));
    let content = content.and_then(Value::as_object);
    let json = |name: &str| {
        let media = name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        media == "application/json" || media.ends_with("+json") || media == "*/*"
    };
    let Some((_, is)) = content.and_then(|content| content.iter().find(|(name, _)| json(name))) else {
        if content.is_some_and(|content| !content.is_empty()) {
            notes.push("the answer is not JSON; `{{response}}` is its text".to_owned());
        }
        return (nothing, Vec::new());
    };
    let schema = Schema::of(document, is.get("schema").unwrap_or(&Value::Null));
    let examples = is.get("examples").and_then(Value::as_object).into_iter().flatten();
    let named = examples
        .filter_map(|(_, example)| document.get(example, "value").or_else(|| document.look(example)?.get("value")));
    let given = is.get("example").into_iter().chain(named).chain(schema.example).find(|value| sample::usable(value));
    let body = given.cloned().unwrap_or_else(|| sample::of(document, &schema, "answer"));
    if body.is_array() {
        notes.push(
            "the answer is a list: [pages] and [rows] list it row by row, see presets/mosyle/users of Presetter"
                .to_owned(),
        );
    }
    let outputs = outputs(document, &schema, &body);
    (SampleAnswer { status, body: Some(body) }, outputs)
}

/// The simple values at the top of the answer.
fn outputs(document: &Document, schema: &Schema<'_>, body: &Value) -> Vec<Output> {
    let simple = |value: &Value| !value.is_object() && !value.is_array() && !value.is_null();
    // The key, its help, and whether an answer always has it.
    let mut known: Vec<(&str, String, bool)> = Vec::new();
    for (name, value) in &schema.properties {
        let is = Schema::of(document, value);
        if !matches!(is.kind, InputKind::Object | InputKind::List) && !is.write_only {
            known.push((name, is.help, schema.required.contains(name) && !is.nullable));
        }
    }
    if known.is_empty() {
        let members = body.as_object().into_iter().flatten().filter(|(_, value)| simple(value));
        known.extend(members.map(|(name, _)| (name.as_str(), String::new(), false)));
    }
    let mut outputs: Vec<Output> = Vec::new();
    for (key, help, always) in known {
        // A tag ends at the first braces, wherever they stand; what is secret is no output.
        let name = names::snake(key, "value");
        let plain = !key.is_empty() && !key.contains(['{', '}', '<', '>']) && !key.chars().any(char::is_control);
        if plain && !secrets::by_name(key) && !outputs.iter().any(|output| output.name == name) && outputs.len() < MOST
        {
            let help = if help.is_empty() { format!("`{}` of the answer", line(key, 60)) } else { help };
            let needed = always && body.get(key).is_some_and(simple);
            outputs.push(Output { name, key: key.to_owned(), needed, help });
        }
    }
    // An example may have another type there than its schema: it is an answer all the same.
    anchored(outputs, |output| body.get(&output.key).is_some_and(|value| !value.is_null()))
}

/// At least one output is needed: else an answer that is cut, or of another API, would be a success with nothing in it.
fn anchored(mut outputs: Vec<Output>, is_there: impl Fn(&Output) -> bool) -> Vec<Output> {
    if !outputs.iter().any(|output| output.needed) {
        let by_name = |name: &str| outputs.iter().position(|output| output.name == name && is_there(output));
        let id = by_name("id").or_else(|| outputs.iter().position(|o| o.name.ends_with("_id") && is_there(o)));
        if let Some(at) = id.or_else(|| outputs.iter().position(&is_there)) {
            outputs[at].needed = true;
        }
    }
    outputs
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_output_is_needed_also_where_an_example_is_of_another_type() {
        let document = Document::read("a.json", r#"{ "openapi": "3.1.0" }"#).unwrap();
        for (value, needed) in [(json!([]), true), (json!({}), true), (json!("x"), true), (json!(null), false)] {
            let schema = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
            let content = json!({ "application/json": { "schema": schema, "example": { "a": value } } });
            let operation = json!({ "responses": { "200": { "content": content } } });
            let (_, outputs) = of(&document, &operation, "GET", &mut Vec::new());
            assert_eq!(outputs.iter().map(|output| output.needed).collect::<Vec<_>>(), [needed], "{value}");
        }
    }
}
