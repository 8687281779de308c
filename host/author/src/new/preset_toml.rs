//! `preset.toml` of a new preset.
//!
//! Owns its order and its comments: what an author has to decide stands where it is decided.

use presetter_manifest::{Effect, InputKind, Repeat};
use serde_json::Value as Json;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value, value};

use super::blueprint::{Blueprint, Body, NewInput};
use super::place::Placed;
use super::template::{Line, written};
use super::toml_text::{before, block, comment, json, rule, schema};

/// The text of the manifest.
pub(crate) fn text(blueprint: &Blueprint, placed: &Placed, script: bool) -> String {
    let mut document = DocumentMut::new();
    let top = document.as_table_mut();
    top["title"] = value(&blueprint.title);
    top["summary"] = value(&blueprint.summary);
    if !blueprint.object.is_empty() {
        top["object"] = value(&blueprint.object);
    }
    top["effect"] = value(blueprint.effect.name());
    if let Some(repeat) = blueprint.repeat {
        top["repeat"] = value(repeat_name(repeat));
        before(top, "repeat", &about_repeat(blueprint, repeat));
    }
    if placed.named {
        top["connections"] = value([placed.kind.as_str()].into_iter().collect::<Array>());
    }
    if script {
        top["script"] = value("run.js");
    }
    if !blueprint.inputs.is_empty() {
        let mut inputs = Table::new();
        for input in &blueprint.inputs {
            inputs[&input.name] = value(input_table(input));
        }
        top["inputs"] = Item::Table(inputs);
    }
    top["request"] = Item::Table(request(blueprint));
    if blueprint.not_found {
        let mut answer = Table::new();
        answer["not_found_when"] = Item::Value(rule("response_status == 404"));
        let why = "A 404 is proof that there is no such thing only if the API also answers it for nothing else.";
        before(&mut answer, "not_found_when", &comment(why));
        top["answer"] = Item::Table(answer);
    }
    let mut end = String::new();
    if blueprint.outputs.is_empty() {
        if !script && blueprint.answer.body.is_some() {
            end = format!(
                "\n{}# [outputs]\n# id = \"{{{{response.id}}}}\"\n",
                comment("Values of the answer that a workflow may use. Record an answer, then name them:")
            );
        }
    } else {
        let mut outputs = Table::new();
        for output in &blueprint.outputs {
            outputs[&output.name] = match (script, output.needed) {
                (true, _) => value(&output.help),
                (false, true) => value(format!("{{{{response{}}}}}", key(&output.key))),
                (false, false) => value(format!("{{{{optional response{}}}}}", key(&output.key))),
            };
        }
        if let Some(needed) = blueprint.outputs.iter().find(|output| output.needed && !script) {
            let why =
                "An answer without it is no success. Where the API may leave a value out: {{optional response.NAME}}";
            before(&mut outputs, &needed.name, &comment(why));
        }
        top[if script { "returns" } else { "outputs" }] = Item::Table(outputs);
    }
    let notes: String = blueprint.notes.iter().map(|note| comment(&format!("Note: {note}."))).collect();
    before(top, "title", &format!("{}{notes}", schema("preset")));
    document.to_string() + &end
}

fn repeat_name(repeat: Repeat) -> &'static str {
    match repeat {
        Repeat::Natural => "natural",
        Repeat::Key => "key",
        Repeat::Probe => "probe",
        Repeat::None => "none",
    }
}

/// What an author has to know to decide.
fn about_repeat(blueprint: &Blueprint, repeat: Repeat) -> String {
    let method = &blueprint.method;
    comment(&match repeat {
        Repeat::Natural => format!(
            "Decide: HTTP says that {method} twice is the same as once (RFC 9110, 9.2.2). If this API does otherwise, write \"none\"."
        ),
        Repeat::Key => "Decide: the vendor must take a request with the same key for a repeat, and do it once.".to_owned(),
        Repeat::None | Repeat::Probe => "Decide: \"none\" is never sent twice. Write \"natural\" if twice is the same as once, \"key\" if a \
             header bears a key by which the vendor knows a repeat, \"probe\" with a table [probe] if another preset can see whether \
             it took place."
            .to_owned(),
    })
}

fn input_table(input: &NewInput) -> InlineTable {
    let mut table = InlineTable::new();
    table.insert("type", kind_name(input.kind).into());
    if input.required && input.default.is_none() {
        table.insert("required", true.into());
    }
    if let Some(default) = &input.default {
        table.insert("default", json(default));
    }
    if !input.allowed.is_empty() {
        table.insert("enum", json(&Json::Array(input.allowed.clone())));
    }
    if let Some(most) = input.max_length.and_then(|most| i64::try_from(most).ok()) {
        table.insert("max_length", most.into());
    }
    table.insert("help", input.help.as_str().into());
    table
}

pub(crate) fn kind_name(kind: InputKind) -> &'static str {
    match kind {
        InputKind::String => "string",
        InputKind::Integer => "integer",
        InputKind::Number => "number",
        InputKind::Boolean => "boolean",
        InputKind::List => "list",
        InputKind::Object => "object",
    }
}

fn request(blueprint: &Blueprint) -> Table {
    let template = |line: &Line| written(line, |name| blueprint.hole(name));
    let pairs = |pairs: &[(String, Line)]| -> Item {
        let texts = pairs.iter().map(|(name, line)| (name.as_str(), Value::from(template(line))));
        match pairs.len() {
            0..=2 => value(texts.collect::<InlineTable>()),
            _ => {
                let mut table = Table::new();
                texts.for_each(|(name, text)| drop(table.insert(name, Item::Value(text))));
                Item::Table(table)
            }
        }
    };
    let mut table = Table::new();
    table["method"] = value(&blueprint.method);
    table["path"] = value(blueprint.path.iter().map(template).collect::<Array>());
    let body = blueprint.body.as_ref();
    let mut lists: Vec<(&str, &[(String, Line)])> = vec![("query", &blueprint.query), ("headers", &blueprint.headers)];
    if let Some(Body::Form(form)) = body {
        lists.push(("form", form));
    }
    lists.retain(|(_, list)| !list.is_empty());
    let (short, long): (Vec<_>, Vec<_>) = lists.into_iter().partition(|(_, list)| list.len() <= 2);
    short.into_iter().for_each(|(key, list)| table[key] = pairs(list));
    if let Some(Body::Json(shape)) = body {
        let text = blueprint.template(shape);
        table["body"] = Item::Value(if text.contains('\n') { block(&text) } else { Value::from(text) });
    }
    // Tables of their own come last: what follows one belongs to it.
    long.into_iter().for_each(|(key, list)| table[key] = pairs(list));
    if blueprint.effect == Effect::Read && blueprint.method == "POST" {
        before(
            &mut table,
            "method",
            &comment("A POST that only asks. If it can change something, effect = \"update\"."),
        );
    }
    table
}

/// The key of an answer in a template: `.id`, `["a b"]`.
fn key(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.starts_with(|c: char| c.is_ascii_alphabetic());
    if plain { format!(".{name}") } else { format!("[{}]", Json::from(name)) }
}
