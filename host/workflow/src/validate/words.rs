//! What values are, and the words for what does not fit.

use std::ops::Range;

use jiff::civil::Date;
use presetter_manifest::{InputKind, Text};
use presetter_records::{Fields, Filter, FilterError, NoField, Operator, Rule};
use serde_json::Value;

use crate::definition::{Filled, Source};

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    Text,
    Integer,
    Number,
    Boolean,
    List,
    Object,
}

impl Gives {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

pub(super) fn fits(gives: Gives, input: InputKind) -> bool {
    matches!(
        (gives, input),
        (Gives::Text, InputKind::String)
            | (Gives::Integer, InputKind::Integer | InputKind::Number)
            | (Gives::Number, InputKind::Number)
            | (Gives::Boolean, InputKind::Boolean)
            | (Gives::List, InputKind::List)
            | (Gives::Object, InputKind::Object)
    )
}

/// What to say of a field that does not exist, and what to do.
pub(super) fn no_field(error: &NoField) -> (String, String) {
    let message = format!("{} have no field \"{}\"", error.object, error.name);
    let or = if error.hint.ends_with('?') { " Or" } else { "; or" };
    (message, format!("{}{or} declare it by `presetter records fields --declare FILE`", error.hint))
}

/// What to say of a rule that does not fit, and what to do.
pub(super) fn unfit(error: &FilterError, rule: &Rule, fields: &Fields, today: Date) -> (String, String) {
    match error {
        FilterError::NoField(error) => no_field(error),
        FilterError::Operator { kind, .. } => {
            let fits = |operator: &Operator| {
                let value = (!matches!(operator, Operator::IsEmpty | Operator::IsNotEmpty)).then_some("1");
                let asked = Filter::rule(&rule.field, *operator, value).compile(fields, today);
                !matches!(asked, Err(FilterError::Operator { .. }))
            };
            let possible: Vec<&str> = Operator::ALL.into_iter().filter(fits).map(Operator::name).collect();
            (error.to_string(), format!("of a {kind} can be asked: {}", possible.join(", ")))
        }
        FilterError::Arity { needed: false, .. } => (error.to_string(), "leave out what stands behind it".to_owned()),
        _ => split(&error.to_string()),
    }
}

/// A sentence that says what to do after a semicolon.
pub(super) fn split(text: &str) -> (String, String) {
    match text.rsplit_once("; ") {
        // Not in the middle of what a person wrote.
        Some((message, hint)) if message.matches('"').count() % 2 == 0 => (message.to_owned(), hint.to_owned()),
        _ => (text.to_owned(), String::new()),
    }
}

/// What to give in place of a value of the wrong kind.
pub(super) fn other(filled: &Filled, gives: Gives, takes: InputKind) -> String {
    match (&filled.value, takes) {
        (Source::Plain(Value::Number(number)), InputKind::String) => format!("write \"{number}\""),
        (Source::Plain(Value::Bool(value)), InputKind::String) => format!("write \"{value}\""),
        (Source::Plain(_), InputKind::String) => "write one text in quotes; it may have several {{tags}}".to_owned(),
        (Source::Template(text, template), InputKind::Integer | InputKind::Number | InputKind::Boolean)
            if template.variables().is_empty() =>
        {
            format!(
                "write it without quotes, as in {}",
                if takes == InputKind::Boolean { "true" } else { number(text) }
            )
        }
        (Source::Template(..), InputKind::String) => match gives {
            Gives::Text => String::new(),
            _ => "take a field that is a text, or put text beside the tag".to_owned(),
        },
        (Source::Template(..), InputKind::Integer | InputKind::Number) => "take a field of the type number".to_owned(),
        (Source::Template(..), InputKind::Boolean) => "take a field of the type checkbox".to_owned(),
        _ => format!("give {}", takes.name()),
    }
}

pub(super) fn number(text: &Text) -> &str {
    let text = text.as_str().trim();
    if text.parse::<f64>().is_ok_and(f64::is_finite) { text } else { "1" }
}

/// The properties of a name that an expression reads by a dot, each with its place. Texts and comments are passed over.
pub(super) fn properties<'t>(text: &'t str, root: &str) -> Vec<(&'t str, Range<usize>)> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (mut found, mut at) = (Vec::new(), 0);
    let mut before = ' ';
    while let Some(c) = text[at..].chars().next() {
        if matches!(c, '"' | '\'') {
            let raw = matches!(before, 'r' | 'R');
            at += quoted(&text[at..], c, raw);
            before = c;
        } else if text[at..].starts_with("//") {
            at += text[at..].find('\n').unwrap_or(text.len() - at);
        } else if part(c) {
            let end = text[at..].find(|c| !part(c)).map_or(text.len(), |length| at + length);
            let name = text[end..].strip_prefix('.').map(|rest| &rest[..rest.find(|c| !part(c)).unwrap_or(rest.len())]);
            if let (true, Some(name)) = (&text[at..end] == root && before != '.', name)
                && !text[end + 1 + name.len()..].starts_with('(')
                && !name.is_empty()
            {
                found.push((name, at..end + 1 + name.len()));
            }
            before = text[..end].chars().next_back().unwrap_or(' ');
            at = end;
        } else {
            before = c;
            at += c.len_utf8();
        }
    }
    found
}

/// The length of the text in quotes with which `text` begins.
pub(super) fn quoted(text: &str, quote: char, raw: bool) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = !raw,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Whether the address of a webhook is a secret itself: a query, or a part of its path that nobody would write by hand.
pub(super) fn bears_a_secret(address: &str) -> bool {
    let Some((_, rest)) = address.split_once("://") else { return false };
    let (_, path) = rest.split_once('/').unwrap_or_default();
    let long = |part: &str| part.len() >= 16 && part.contains(|letter: char| letter.is_ascii_digit());
    rest.contains(['?', '@']) || path.split('/').any(long)
}
