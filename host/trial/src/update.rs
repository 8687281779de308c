//! Writing into a case what came out.
//!
//! Owns the text of cases: what `[expect]` becomes, and a whole new case. Must never: touch a file, or anything of a text
//! but the expectations that differ: comments, order and all other keys stay. Invariant: a text in which nothing differs is
//! not changed at all.

use presetter_egress::Masks;
use serde_json::{Map, Value};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table};

use crate::case::{Case, members_without_nulls};
use crate::suite::{Played, Trial};
use crate::witness::Sent;

/// The most rows that a new case expects one by one: more say little, and hide what matters.
const MOST_ROWS: usize = 50;

/// The case's text with what came out as what is expected; nothing if it is so already, or if a request had no recorded
/// answer, so that what came out says nothing of the preset.
///
/// # Errors
/// The text is no TOML any more.
pub fn updated(case: &Case, trial: &Trial) -> Result<Option<String>, String> {
    if trial.passed() || trial.unanswered > 0 {
        return Ok(None);
    }
    let mut document: DocumentMut = case.text.parse().map_err(|error: toml_edit::TomlError| error.to_string())?;
    let fresh = case.expect.outcome.is_none();
    let expect = document.entry("expect").or_insert_with(|| Item::Table(Table::new()));
    let Some(expect) = expect.as_table_like_mut() else { return Err("[expect] is no table".to_owned()) };
    let differs = |what: &str| trial.mismatches.iter().any(|mismatch| mismatch.what.split(' ').next() == Some(what));
    let played = &trial.played;
    if fresh || differs("outcome") {
        fill_outcome(expect, played);
        // What belonged to the other outcome was not looked at.
        for (key, empty) in [("outputs", played.outputs.is_empty()), ("rows", played.rows.is_empty())] {
            if empty {
                expect.remove(key);
            }
        }
    }
    let other = differs("outcome");
    if fresh {
        fill_rest(expect, played);
    }
    for (key, text) in
        [("class", &played.outcome.class), ("evidence", &played.outcome.evidence), ("message", &played.outcome.message)]
    {
        if differs(key) && expect.contains_key(key) {
            match text.is_empty() {
                true => drop(expect.remove(key)),
                false => put(expect, key, text.as_str().into()),
            }
        }
    }
    if differs("logins") {
        put(expect, "logins", i64::from(played.logins).into());
    }
    if differs("outputs") || other && expect.contains_key("outputs") {
        put_object(expect, "outputs", &members_without_nulls(&played.outputs));
    }
    if differs("row") || differs("rows") || other && expect.contains_key("rows") {
        put_list(expect, "rows", &played.rows.iter().map(object).collect::<Vec<_>>());
    }
    if differs("request") || differs("requests") {
        put_requests(expect, case, &played.sent);
    }
    let text = document.to_string();
    Ok((text != *case.text).then_some(text))
}

/// What a new case is made of.
#[derive(Debug)]
pub struct New<'a> {
    /// For people.
    pub title: &'a str,
    /// The kind of connection.
    pub connection: &'a str,
    /// The cassette's file, if it has not the case's name.
    pub cassette: Option<&'a str>,
    /// The inputs as they were given.
    pub inputs: &'a Map<String, Value>,
    /// The settings that differ from the bundle's.
    pub settings: &'a Map<String, Value>,
    /// The connection's plain fields.
    pub fields: &'a Map<String, Value>,
    /// Whether the run looked whether its write took place.
    pub confirm: bool,
    /// What came out.
    pub played: &'a Played,
    /// What is masked in all of it.
    pub masks: &'a Masks,
}

/// The text of a new case.
#[must_use]
pub fn new_case(new: &New<'_>) -> String {
    let mut document = DocumentMut::new();
    let masked = |values: &Map<String, Value>| {
        let mut value = Value::Object(members_without_nulls(values));
        new.masks.value(&mut value);
        object(&value)
    };
    document["title"] = toml_edit::value(new.masks.text(new.title));
    document["connection"] = toml_edit::value(new.connection);
    if let Some(file) = new.cassette {
        document["cassettes"] = toml_edit::value(Array::from_iter([file]));
    }
    if new.confirm {
        document["confirm"] = toml_edit::value(true);
    }
    for (key, values) in [("inputs", new.inputs), ("settings", new.settings), ("fields", new.fields)] {
        let values = masked(values);
        if !values.is_empty() {
            document[key] = Item::Table(table(&values));
        }
    }
    let mut played = new.played.clone();
    played.outputs = masked(&played.outputs);
    played.rows.iter_mut().for_each(|row| new.masks.value(row));
    for text in [&mut played.outcome.message, &mut played.outcome.evidence] {
        *text = new.masks.text(text);
    }
    let mut expect = Table::new();
    fill_outcome(&mut expect, &played);
    fill_rest(&mut expect, &played);
    document["expect"] = Item::Table(expect);
    document.to_string()
}

/// The outcome, and what belongs to it.
fn fill_outcome(expect: &mut dyn toml_edit::TableLike, played: &Played) {
    let outcome = &played.outcome;
    put(expect, "outcome", outcome.kind.to_string().into());
    let well = matches!(outcome.kind, presetter_runtime::Kind::Ok | presetter_runtime::Kind::NotFound);
    for (key, text, kept) in
        [("class", &outcome.class, !well), ("message", &outcome.message, !well), ("evidence", &outcome.evidence, true)]
    {
        match kept && !text.is_empty() {
            true => put(expect, key, text.as_str().into()),
            false => drop(expect.remove(key)),
        }
    }
}

/// What a case that expected nothing is to expect beside the outcome.
fn fill_rest(expect: &mut dyn toml_edit::TableLike, played: &Played) {
    if played.logins > 0 {
        put(expect, "logins", i64::from(played.logins).into());
    }
    let outputs = members_without_nulls(&played.outputs);
    if !outputs.is_empty() {
        put_object(expect, "outputs", &outputs);
    }
    if (1..=MOST_ROWS).contains(&played.rows.len()) {
        put_list(expect, "rows", &played.rows.iter().map(object).collect::<Vec<_>>());
    }
}

/// Puts a value in the place of another, whose comments stay.
fn put(table: &mut dyn toml_edit::TableLike, key: &str, value: toml_edit::Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = value;
            *old.decor_mut() = decor;
        }
        None => drop(table.insert(key, Item::Value(value))),
    }
}

/// Puts an object in the place of another, member by member.
fn put_object(expect: &mut dyn toml_edit::TableLike, key: &str, members: &Map<String, Value>) {
    let Some(old) = expect.get_mut(key).and_then(Item::as_table_like_mut) else {
        expect.insert(key, Item::Value(inline(members).into()));
        return;
    };
    merge(old, members);
    // A member that is new stands beside the space at the end.
    if let Some(inline) = expect.get_mut(key).and_then(Item::as_inline_table_mut) {
        inline.fmt();
    }
}

/// Makes a table hold these members and no others. What is so already is not touched.
fn merge(old: &mut dyn toml_edit::TableLike, members: &Map<String, Value>) {
    let gone: Vec<String> =
        old.iter().map(|(name, _)| name.to_owned()).filter(|name| !members.contains_key(name)).collect();
    gone.iter().for_each(|name| drop(old.remove(name)));
    for (name, member) in members {
        let new = value(member);
        let same = old.get(name).and_then(Item::as_value).is_some_and(|old| bare(old) == bare(&new));
        if !same {
            put(old, name, new);
        }
    }
}

fn put_list(expect: &mut dyn toml_edit::TableLike, key: &str, list: &[Map<String, Value>]) {
    if let Some(Item::ArrayOfTables(old)) = expect.get_mut(key) {
        (list.len()..old.len()).rev().for_each(|number| drop(old.remove(number)));
        for (number, members) in list.iter().enumerate() {
            match old.get_mut(number) {
                Some(old) => merge(old, members),
                None => old.push(table(members)),
            }
        }
        return;
    }
    // One element a line: a change then shows as the change of a line.
    let mut array = Array::new();
    for element in list {
        let mut element = toml_edit::Value::InlineTable(inline(element));
        element.decor_mut().set_prefix("\n    ");
        array.push_formatted(element);
    }
    if !array.is_empty() {
        array.set_trailing_comma(true);
        array.set_trailing("\n");
    }
    put(expect, key, array.into());
}

/// The requests that were sent. Of one that was expected already, only what it says.
fn put_requests(expect: &mut dyn toml_edit::TableLike, case: &Case, sent: &[Sent]) {
    let expected = case.expect.requests.as_deref().unwrap_or_default();
    let one = |(number, sent): (usize, &Sent)| {
        let old = expected.get(number).map(|old| &old.value);
        let mut members = Map::new();
        members.insert("method".to_owned(), sent.method.as_str().into());
        members.insert("url".to_owned(), below(case, sent).into());
        let body = sent.body.as_ref().map(|body| String::from_utf8_lossy(body).into_owned());
        if let Some(body) = body.filter(|_| old.is_none_or(|old| old.body.is_some())) {
            members.insert("body".to_owned(), body.into());
        }
        let headers = old.into_iter().flat_map(|old| old.headers.keys());
        let its = headers.filter_map(|name| {
            let (_, value) = sent.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name))?;
            Some((name.clone(), Value::from(value.as_str())))
        });
        let its: Map<String, Value> = its.collect();
        if !its.is_empty() {
            members.insert("headers".to_owned(), Value::Object(its));
        }
        members
    };
    let list: Vec<Map<String, Value>> = sent.iter().filter(|sent| !sent.login).enumerate().map(one).collect();
    put_list(expect, "requests", &list);
}

/// An address as cases write it: what comes below the base URL, or all of it.
fn below(case: &Case, sent: &Sent) -> String {
    let base = case.base_url.as_str().trim_end_matches('/');
    let rest = sent.url.as_str().strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    rest.map_or_else(|| sent.url.to_string(), |rest| rest.trim_start_matches('/').to_owned())
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().map(members_without_nulls).unwrap_or_default()
}

/// A table of its own, each member on a line.
fn table(members: &Map<String, Value>) -> Table {
    let mut table = Table::new();
    for (name, member) in members {
        table.insert(name, Item::Value(value(member)));
    }
    table
}

fn inline(members: &Map<String, Value>) -> InlineTable {
    members.iter().map(|(name, member)| (name.clone(), value(member))).collect()
}

/// A JSON value in TOML, which has no null.
fn value(json: &Value) -> toml_edit::Value {
    match json {
        Value::Null => "".into(),
        Value::Bool(truth) => (*truth).into(),
        Value::String(text) => text.as_str().into(),
        Value::Array(list) => toml_edit::Value::Array(list.iter().map(value).collect()),
        Value::Object(members) => toml_edit::Value::InlineTable(inline(members)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(number)) => number.into(),
            // Every number of JSON is one of the two.
            (None, None) => number.to_string().into(),
        },
    }
}

/// A value as it is, whatever stands around it.
fn bare(value: &toml_edit::Value) -> String {
    let mut value = value.clone();
    value.decor_mut().clear();
    value.to_string()
}

#[cfg(test)]
mod tests;
