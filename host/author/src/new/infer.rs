//! From values that a person gave to inputs: names, types, samples.
//!
//! Owns the guesses. Invariant: an input's sample is a value that the input takes, and no credential: what may be one is
//! replaced by a sample before an input is made of it.

use presetter_manifest::InputKind;
use serde_json::{Map, Value};

use super::blueprint::{NewInput, Shape};
use super::names::{Names, singular, words};
use super::secrets::{self, Secrets};
use super::toml_text::representable;

/// Values deeper than this stand in one input.
const DEPTH: usize = 4;
/// A body with more values than this is one input.
const MOST: usize = 40;

/// Makes inputs.
#[derive(Default)]
pub(crate) struct Inputs {
    pub(crate) made: Vec<NewInput>,
    pub(crate) names: Names,
    pub(crate) secrets: Secrets,
    pub(crate) notes: Vec<String>,
}

impl Inputs {
    /// The sample of a value: itself, unless it may be a credential.
    fn harmless(&mut self, name: &str, text: &str) -> String {
        let secret =
            !text.is_empty() && (secrets::by_name(name) || secrets::by_look(text) || self.secrets.in_text(text));
        if !secret {
            return text.to_owned();
        }
        self.secrets.add(text);
        self.notes.push(format!("the value of {} looks like a secret; a sample stands in its place", shown(name)));
        secrets::sample(name)
    }

    /// An input for a text of a query or form. Of a query it need not be given.
    pub(crate) fn text(&mut self, name: &str, text: &str, where_: &str, required: bool) -> String {
        let id = self.names.give(&[name]);
        let value = scalar(&self.harmless(name, text));
        let input = Self::of(id, &value, format!("{where_} {}", shown(name)));
        let name = input.name.clone();
        self.made.push(NewInput { required: input.required && required, ..input });
        name
    }

    /// An input for a part of a path, called after what stands before it.
    pub(crate) fn part(&mut self, before: Option<&str>, text: &str) -> String {
        let owner = before.map(|before| singular(&words(before).join("_"))).filter(|owner| !owner.is_empty());
        let what = if text.contains('@') { "email" } else { "id" };
        let name = owner.as_ref().map_or_else(|| what.to_owned(), |owner| format!("{owner}_{what}"));
        let placed = placeholder(text);
        let id = self.names.give(&[placed.as_deref().unwrap_or(&name)]);
        let help = match &owner {
            Some(owner) => {
                format!("the {} of the {}", if what == "id" { "id" } else { "e-mail address" }, owner.replace('_', " "))
            }
            None => "a part of the address".to_owned(),
        };
        // A required text may not be blank, and a part of the address is required.
        let blank = text.trim().is_empty();
        if blank {
            self.notes.push("a part of the address is blank; a sample stands in its place".to_owned());
        }
        let value = match placed {
            None if !blank => scalar(&self.harmless("", text)),
            _ => Value::from("u1001"),
        };
        self.made.push(NewInput::required(id.clone(), kind_of(&value), help, value));
        id
    }

    /// A JSON body with an input for each value in it.
    pub(crate) fn body(&mut self, value: &Value) -> Shape {
        if value.is_null() {
            return Shape::Literal(Value::Null);
        }
        let Value::Object(members) = value else {
            let name = if value.is_array() { "list" } else { "body" };
            return self.whole(&[name], value, "the body");
        };
        if count(value) > MOST {
            return self.whole(&["body"], value, "the body");
        }
        self.members(members, &mut Vec::new())
    }

    fn members(&mut self, members: &Map<String, Value>, path: &mut Vec<String>) -> Shape {
        let member = |(key, value): (&String, &Value)| {
            path.push(key.clone());
            let shape = self.value(value, path);
            path.pop();
            (key.clone(), shape)
        };
        Shape::Object(members.iter().map(member).collect())
    }

    fn value(&mut self, value: &Value, path: &mut Vec<String>) -> Shape {
        let (leaf, full) = (path.last().cloned().unwrap_or_default(), path.join("_"));
        match value {
            // What null stands for is not known.
            Value::Null => Shape::Literal(Value::Null),
            // A program is written by the author, not given by who runs the preset.
            Value::String(text) if path.len() == 1 && leaf == "query" && is_graphql(text) => {
                let kept = !self.secrets.in_text(text) && !secrets::by_look(text);
                if kept { Shape::Literal(value.clone()) } else { self.whole(&[&leaf], value, "the query") }
            }
            Value::Object(members) if !members.is_empty() && path.len() < DEPTH => self.members(members, path),
            _ => self.whole(&[&leaf, &full], value, &format!("{} of the body", shown(&path.join(".")))),
        }
    }

    /// One input for a whole value.
    fn whole(&mut self, wanted: &[&str], value: &Value, help: &str) -> Shape {
        let name = self.names.give(wanted);
        let value = self.cleaned(wanted.first().copied().unwrap_or_default(), value);
        let input = Self::of(name.clone(), &value, help.to_owned());
        self.made.push(input);
        Shape::Input(name)
    }

    /// A value without credentials, and without nulls, which TOML has not.
    fn cleaned(&mut self, name: &str, value: &Value) -> Value {
        match value {
            Value::String(text) => self.harmless(name, text).into(),
            Value::Number(number) if secrets::by_name(name) => {
                self.secrets.add(&number.to_string());
                0.into()
            }
            Value::Number(_) => representable(value),
            Value::Array(list) => {
                list.iter().filter(|element| !element.is_null()).map(|element| self.cleaned(name, element)).collect()
            }
            Value::Object(members) => {
                let kept = members.iter().filter(|(_, member)| !member.is_null());
                let cleaned: Map<String, Value> =
                    kept.map(|(key, member)| (key.clone(), self.cleaned(key, member))).collect();
                Value::Object(cleaned)
            }
            other => other.clone(),
        }
    }

    /// An input that takes a value: required, but where the value is one to start from.
    fn of(name: String, value: &Value, help: String) -> NewInput {
        let kind = kind_of(value);
        let mut input = NewInput::required(name, kind, help, value.clone());
        let blank = value.as_str().is_some_and(|text| text.trim().is_empty());
        if kind == InputKind::Boolean || blank {
            // A switch has a usual position, and a required text may not be blank.
            input = NewInput { required: false, default: Some(value.clone()), sample: None, ..input };
        }
        input
    }
}

/// The type of a value.
pub(crate) fn kind_of(value: &Value) -> InputKind {
    match value {
        Value::Bool(_) => InputKind::Boolean,
        Value::Number(number) if number.is_i64() => InputKind::Integer,
        Value::Number(_) => InputKind::Number,
        Value::Array(_) => InputKind::List,
        Value::Object(_) => InputKind::Object,
        Value::String(_) | Value::Null => InputKind::String,
    }
}

/// A text as the value that it most likely is. `0123` stays a text.
pub(crate) fn scalar(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => number.into(),
            _ => text.into(),
        },
    }
}

/// Whether a part of a path is a value rather than a word of the API. Behind a word that names many, one digit tells: `users/u1`.
pub(crate) fn is_value(before: Option<&str>, part: &str) -> bool {
    let bytes = part.as_bytes();
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = bytes.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let version = part.starts_with('v') && part[1..].bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let uuid = part.len() == 36 && part.bytes().filter(|b| *b == b'-').count() == 4 && digits > 0;
    let date = part.len() == 10 && digits == 8 && part.matches('-').count() == 2;
    let odd = !part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:~".contains(&b));
    placeholder(part).is_some()
        || !version && digits > 0 && before.is_some_and(|before| singular(before) != before)
        || !version && (digits > 0 && letters == 0 || digits >= 2 && letters > 0 || uuid || date)
        || odd
        || part.len() >= 20 && digits > 0
}

/// What documents write where a value belongs: `{id}`, `:id`, `<id>`, `$ID`.
fn placeholder(part: &str) -> Option<String> {
    let inside = |open: &str, close: &str| part.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    let name = inside("{{", "}}")
        .or_else(|| inside("${", "}"))
        .or_else(|| inside("{", "}"))
        .or_else(|| inside("<", ">"))
        .or_else(|| inside("[", "]"))
        .or_else(|| part.strip_prefix(':'))
        .or_else(|| part.strip_prefix('$'))?;
    let fine = name.chars().all(|c| c.is_ascii_alphanumeric() || "_- .".contains(c))
        && name.chars().any(|c| c.is_ascii_alphabetic());
    fine.then(|| name.to_owned()).filter(|name| !secrets::by_look(name))
}

fn is_graphql(text: &str) -> bool {
    let text = text.trim_start();
    ["query", "mutation", "{", "fragment"].iter().any(|word| text.starts_with(word)) && text.contains('{')
}

/// Whether a body only asks, by GraphQL.
pub(crate) fn only_asks(body: &Value) -> bool {
    body.get("query").and_then(Value::as_str).is_some_and(|text| is_graphql(text) && !text.contains("mutation"))
}

/// How many values there are.
fn count(value: &Value) -> usize {
    match value {
        Value::Object(members) => members.values().map(count).sum(),
        _ => 1,
    }
}

/// A name of a stranger in a help text: on one line, not too long.
fn shown(name: &str) -> String {
    if name.is_empty() {
        return "a part of the address".to_owned();
    }
    let plain: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).take(60).collect();
    format!("`{}`", plain.trim())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_of_a_path_are_known() {
        for part in [
            "42",
            "u1001",
            "123e4567-e89b-12d3-a456-426614174000",
            "sarah@example.com",
            "cus_9s6XKzkNRiz8i3",
            "{id}",
            ":user",
            "$USER_ID",
            "2026-01-01",
            "a b",
            "<id>",
            "{{user_id}}",
        ] {
            assert!(is_value(None, part), "{part}");
        }
        for part in ["users", "v1", "v2.1", "oauth2", "s3", "user-groups", "users:batch", "me"] {
            assert!(!is_value(None, part), "{part}");
            assert!(!is_value(Some("health"), part), "{part}");
        }
    }

    #[test]
    fn a_blank_part_of_a_path_has_a_sample() {
        for text in [" ", "\u{a0}", "\u{3000} "] {
            assert!(is_value(None, text), "{text:?}");
            let mut inputs = Inputs::default();
            assert_eq!(inputs.part(Some("users"), text), "user_id");
            assert_eq!(inputs.made[0].sample, Some(json!("u1001")), "{text:?}");
            assert_eq!(inputs.notes.len(), 1);
        }
    }

    #[test]
    fn behind_a_word_that_names_many_stands_one() {
        assert!(is_value(Some("users"), "u1") && !is_value(Some("user"), "u1"));
        assert!(!is_value(Some("versions"), "v1") && !is_value(Some("users"), "me"));
    }

    #[test]
    fn a_body_becomes_inputs() {
        let mut inputs = Inputs::default();
        let body = json!({
            "user": { "name": "Sarah", "tags": ["a"], "deep": { "er": { "est": { "x": 1 } } } },
            "company": { "name": "Acme" }, "active": true, "note": "", "none": null, "size": 1.5, "big": u64::MAX,
            "password": "hunter2-and-more",
        });
        inputs.body(&body);
        let made: Vec<String> = inputs
            .made
            .iter()
            .map(|i| {
                format!(
                    "{} {:?} {} {:?} {:?}",
                    i.name,
                    i.kind,
                    i.required,
                    i.default,
                    i.sample.as_ref().map(Value::to_string)
                )
            })
            .collect();
        assert_eq!(
            made,
            [
                r#"name String true None Some("\"Sarah\"")"#,
                r#"tags List true None Some("[\"a\"]")"#,
                r#"est Object true None Some("{\"x\":1}")"#,
                r#"company_name String true None Some("\"Acme\"")"#,
                "active Boolean false Some(Bool(true)) None",
                r#"note String false Some(String("")) None"#,
                r#"size Number true None Some("1.5")"#,
                r#"big Number true None Some("1.8446744073709552e+19")"#,
                r#"password String true None Some("\"sample-password\"")"#,
            ]
        );
        assert!(inputs.secrets.in_text("hunter2-and-more") && inputs.notes.len() == 1);
    }

    #[test]
    fn a_graphql_query_is_the_authors() {
        let mut inputs = Inputs::default();
        let body = json!({ "query": "query Q($id: ID!) { user(id: $id) { name } }", "variables": { "id": "u1" } });
        assert!(only_asks(&body));
        assert!(matches!(inputs.body(&body), Shape::Object(members) if matches!(members[0].1, Shape::Literal(_))));
        assert_eq!(inputs.made.len(), 1);
        assert!(!only_asks(&json!({ "query": "mutation { x }" })) && !only_asks(&json!({ "query": "text" })));
    }

    #[test]
    fn types_of_texts_are_not_guessed_too_far() {
        for (text, value) in [
            ("1", json!(1)),
            ("-5", json!(-5)),
            ("0123", json!("0123")),
            ("1.0", json!("1.0")),
            ("true", json!(true)),
            ("", json!("")),
            ("+1", json!("+1")),
        ] {
            assert_eq!(scalar(text), value);
        }
    }
}
