//! The first case of a new preset, and its cassette.
//!
//! Owns both, so that they fit: what the one expects to be sent is what the other answers.

use std::time::Duration;

use bytes::Bytes;
use presetter_egress::{Exchange, Response, har};
use presetter_manifest::short_name;
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value, value};
use url::Url;

use super::blueprint::Blueprint;
use super::place::Placed;
use super::template::fixed;
use super::toml_text::{before, block, comment, json, line};

/// When the answer was given, of which nobody knows: the beginning of 2026.
const WHEN_MS: u64 = 1_767_225_600_000;

/// The texts of `first.toml` and `first.har`.
pub(crate) fn texts(blueprint: &Blueprint, placed: &Placed, bundle: &str) -> (String, String) {
    (case(blueprint, placed), cassette(blueprint, bundle))
}

fn case(blueprint: &Blueprint, placed: &Placed) -> String {
    let mut document = DocumentMut::new();
    let top = document.as_table_mut();
    top["title"] = value(format!("{}: it works", line(&blueprint.title, 80)));
    top["connection"] = value(&placed.kind);
    let why = "The answer in first.har is made up. Record a true one: presetter run ... --record tests/NAME.har";
    before(top, "title", &comment(why));
    let given: Vec<_> =
        blueprint.inputs.iter().filter_map(|input| Some((&input.name, input.sample.as_ref()?))).collect();
    if !given.is_empty() {
        let mut inputs = Table::new();
        given.iter().for_each(|(name, sample)| drop(inputs.insert(name, Item::Value(json(sample)))));
        top["inputs"] = Item::Table(inputs);
    }
    let mut expect = Table::new();
    expect["outcome"] = value("ok");
    let outputs = blueprint.sample_outputs();
    if !outputs.is_empty() {
        let members = outputs.iter().map(|(name, output)| (name.as_str(), json(output)));
        expect["outputs"] = value(members.collect::<InlineTable>());
    }
    let mut request = Table::new();
    request["method"] = value(&blueprint.method);
    request["url"] = value(blueprint.sample_url());
    if let Some((body, _)) = blueprint.sample_body() {
        request["body"] = Item::Value(if body.contains('\n') { block(&body) } else { Value::from(body) });
    }
    let mut requests = ArrayOfTables::new();
    requests.push(request);
    expect["requests"] = Item::ArrayOfTables(requests);
    top["expect"] = Item::Table(expect);
    document.to_string()
}

fn cassette(blueprint: &Blueprint, bundle: &str) -> String {
    let base = blueprint.account.base_url.clone().unwrap_or_else(|| format!("https://{}.example", short_name(bundle)));
    let below = blueprint.sample_url();
    let gap = if below.is_empty() || below.starts_with('?') { "" } else { "/" };
    let Ok(url) = Url::parse(&format!("{base}{gap}{below}")) else {
        // A base URL was read as one; the rest is encoded.
        return har::write(&[], &har::Note::default());
    };
    let named = blueprint.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let media = named.and_then(|(_, line)| fixed(line));
    let sent = blueprint.sample_body().map(|(body, usual)| (body, media.unwrap_or_else(|| usual.to_owned())));
    let answer = blueprint.answer.body.as_ref();
    let headers = answer.map(|_| ("content-type".to_owned(), "application/json".to_owned()));
    let exchange = Exchange {
        method: blueprint.method.clone(),
        url,
        headers: sent.iter().map(|(_, media)| ("Content-Type".to_owned(), media.clone())).collect(),
        body: sent.map(|(body, _)| Bytes::from(body)),
        answer: Ok(Response {
            status: blueprint.answer.status,
            headers: headers.into_iter().collect(),
            body: answer.map(|body| Bytes::from(body.to_string())).unwrap_or_default(),
        }),
        started_ms: WHEN_MS,
        took: Duration::ZERO,
    };
    let note = har::Note {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        comment: "The answer is made up by `presetter new`.".to_owned(),
    };
    har::write(&[exchange], &note)
}
