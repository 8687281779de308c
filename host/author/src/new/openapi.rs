//! From one operation of an OpenAPI 3 document to a blueprint.
//!
//! Owns finding the operation, and putting its parts together. Must never: follow a reference out of the document. What a
//! preset cannot say becomes a note; nothing is left out in silence.

mod answers;
mod body;
mod document;
mod parameters;
mod sample;
mod schema;
mod security;
mod servers;
mod yaml;

use presetter_manifest::Effect;
use presetter_manifest::nearest;
use serde_json::Value;

use self::document::Document;
use super::Error;
use super::account::Account;
use super::blueprint::Blueprint;
use super::call::{is_repeat_key, repeat};
use super::names;
use super::template::fixed;
use super::toml_text::line;

const METHODS: [&str; 6] = ["get", "post", "put", "patch", "delete", "head"];
/// How many operations a message lists.
const LISTED: usize = 20;

/// An operation where it was found.
#[derive(Clone, Copy)]
struct Operation<'a> {
    method: &'static str,
    path: &'a str,
    item: &'a Value,
    is: &'a Value,
}

impl Operation<'_> {
    fn id(&self) -> Option<&str> {
        self.is.get("operationId").and_then(Value::as_str)
    }

    /// As a person would name it.
    fn shown(&self) -> String {
        let plain = || format!("{} {}", self.method.to_uppercase(), self.path);
        line(&self.id().map_or_else(plain, str::to_owned), 80)
    }
}

/// A blueprint of an operation.
pub(crate) fn blueprint(file: &str, text: &str, wanted: &str) -> Result<Blueprint, Error> {
    let document = Document::read(file, text)?;
    let operation = find(&document, file, wanted)?;
    let method = operation.method.to_uppercase();
    let mut notes = Vec::new();
    let mut account = Account::open(servers::base_url(&document, operation.item, operation.is, &mut notes));
    security::add(&document, operation.is, &mut account, &mut notes);
    let mut made = parameters::of(&document, operation.item, operation.is, operation.path, &account, &mut notes)?;
    let body = body::of(&document, operation.is, &mut made, &mut notes);
    let (answer, outputs) = answers::of(&document, operation.is, &method, &mut notes);
    if operation.is.get("deprecated").and_then(Value::as_bool).unwrap_or_default() {
        notes.push("the document says that this operation is deprecated".to_owned());
    }
    let effect = match operation.method {
        "get" | "head" => Effect::Read,
        "post" => Effect::Create,
        "delete" => Effect::Delete,
        _ => Effect::Update,
    };
    let parts: Vec<Option<String>> = made.path.iter().map(fixed).collect();
    let named: Vec<Option<&str>> = parts.iter().map(Option::as_deref).collect();
    let by_path = names::preset(&method, &named);
    let name = operation.id().map_or_else(|| by_path.clone(), |id| names::kebab(id, &by_path));
    let text = |key: &str| operation.is.get(key).and_then(Value::as_str).unwrap_or_default();
    let title = Some(line(text("summary"), 100)).filter(|title| !title.is_empty());
    let title = title.unwrap_or_else(|| names::capital(&names::spoken(&name)));
    let summary = Some(line(text("description"), 300)).filter(|summary| !summary.is_empty());
    let keyed = made.headers.iter().any(|(name, line)| is_repeat_key(name) && fixed(line).is_none());
    Ok(Blueprint {
        summary: summary.unwrap_or_else(|| line(&format!("Sends {method} {}.", operation.path), 300)),
        title,
        object: parts.iter().flatten().next_back().map(|part| names::snake(part, "")).unwrap_or_default(),
        name,
        effect,
        repeat: effect.writes().then(|| repeat(&method, keyed)),
        not_found: effect == Effect::Read && parts.iter().any(Option::is_none),
        inputs: made.inputs,
        method,
        path: made.path,
        query: made.query,
        headers: made.headers,
        body,
        outputs,
        answer,
        account,
        notes,
    })
}

/// Every operation of the document.
fn all(document: &Document) -> Vec<Operation<'_>> {
    let paths = document.root.get("paths").and_then(Value::as_object);
    let items = paths.into_iter().flatten().filter_map(|(path, item)| Some((path.as_str(), document.look(item)?)));
    items
        .flat_map(|(path, item)| {
            METHODS.into_iter().filter_map(move |method| {
                let is = item.get(method).filter(|is| is.is_object())?;
                Some(Operation { method, path, item, is })
            })
        })
        .collect()
}

/// The operation of an `operationId`, or of `METHOD /path`.
fn find<'a>(document: &'a Document, file: &str, wanted: &str) -> Result<Operation<'a>, Error> {
    let all = all(document);
    let (method, path) = wanted.trim().split_once(char::is_whitespace).unwrap_or(("", ""));
    let same = |found: &&Operation<'_>| {
        found.id() == Some(wanted) || method.eq_ignore_ascii_case(found.method) && found.path == path.trim()
    };
    if let Some(found) = all.iter().find(same) {
        return Ok(*found);
    }
    let known: Vec<String> = all.iter().map(Operation::shown).collect();
    let paths: Vec<String> = all.iter().map(|o| format!("{} {}", o.method.to_uppercase(), o.path)).collect();
    let message = format!("{file} has no operation \"{}\"", line(wanted, 80));
    let near = nearest(wanted, known.iter().chain(&paths).map(String::as_str));
    let rest = known.len().saturating_sub(LISTED);
    let mut list = known.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if rest > 0 {
        list = format!("{list}, and {rest} more");
    }
    Err(Error::usage(
        message,
        match near {
            Some(near) => format!("did you mean \"{}\"?\nthere are: {list}", line(near, 80)),
            None if all.is_empty() => {
                "it has none at all; a document in several files must be bundled into one first".to_owned()
            }
            None => format!("there are: {list}"),
        },
    ))
}
