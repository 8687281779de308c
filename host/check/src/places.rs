//! Where the keys and values of a manifest stand: what the types of a manifest do not keep.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A manifest's keys and values with their places. Of a text that is no TOML it knows none.
#[derive(Debug)]
pub(crate) struct Places {
    root: Vec<Entry>,
    /// The first line that says something: where what has no place of its own is shown.
    first: Range<usize>,
}

/// A key with its value.
#[derive(Debug)]
struct Entry {
    key: String,
    /// Of the key.
    span: Range<usize>,
    value: Value,
}

/// A value with its place.
#[derive(Debug)]
struct Value {
    span: Range<usize>,
    what: What,
}

#[derive(Debug)]
enum What {
    Text(String),
    List(Vec<Value>),
    Table(Vec<Entry>),
    /// A number, a date, true or false.
    Other,
}

/// A text in a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text<'a> {
    /// The keys that lead to it; a place in a list is a number.
    pub(crate) path: Vec<String>,
    /// As TOML decodes it.
    pub(crate) value: &'a str,
    /// With its quotes.
    pub(crate) span: Range<usize>,
}

impl Places {
    /// The places of a manifest's text.
    pub(crate) fn of(text: &str) -> Self {
        let root = DeTable::parse(text).map(|root| table(root.get_ref())).unwrap_or_default();
        let mut at = 0;
        let mut first = 0..0;
        for line in text.split_inclusive('\n') {
            if !line.trim().is_empty() && !line.starts_with('#') {
                first = at..at + line.trim_end().len();
                break;
            }
            at += line.len();
        }
        Self { root, first }
    }

    /// The key at the end of a path, else the nearest one before it.
    pub(crate) fn key(&self, path: &[&str]) -> Range<usize> {
        let mut table = &self.root;
        let mut found = self.first.clone();
        let mut keys = path.iter();
        while let Some(entry) = keys.next().and_then(|name| entry(table, name)) {
            found = entry.span.clone();
            match &entry.value.what {
                What::Table(inner) => table = inner,
                _ => break,
            }
        }
        found
    }

    /// The value at the end of a path; a place in a list is a number.
    pub(crate) fn value(&self, path: &[&str]) -> Option<Range<usize>> {
        let (first, rest) = path.split_first()?;
        let value = &entry(&self.root, first)?.value;
        let found = rest.iter().try_fold(value, |value, step| match &value.what {
            What::Table(inner) => entry(inner, step).map(|entry| &entry.value),
            What::List(list) => list.get(step.parse::<usize>().ok()?),
            What::Text(_) | What::Other => None,
        });
        found.map(|value| value.span.clone())
    }

    /// All texts, in the order of the file.
    pub(crate) fn texts(&self) -> Vec<Text<'_>> {
        let mut found = Vec::new();
        for entry in &self.root {
            collect(vec![entry.key.clone()], &entry.value, &mut found);
        }
        found.sort_by_key(|text| text.span.start);
        found
    }
}

fn entry<'t>(table: &'t [Entry], name: &str) -> Option<&'t Entry> {
    table.iter().find(|entry| entry.key == name)
}

fn table(table: &DeTable<'_>) -> Vec<Entry> {
    let entries = table.iter();
    entries.map(|(key, is)| Entry { key: key.get_ref().to_string(), span: key.span(), value: value(is) }).collect()
}

fn value(value: &Spanned<DeValue<'_>>) -> Value {
    let what = match value.get_ref() {
        DeValue::String(text) => What::Text(text.to_string()),
        DeValue::Array(list) => What::List(list.iter().map(self::value).collect()),
        DeValue::Table(inner) => What::Table(table(inner)),
        _ => What::Other,
    };
    Value { span: value.span(), what }
}

fn collect<'t>(path: Vec<String>, value: &'t Value, found: &mut Vec<Text<'t>>) {
    let below = |step: String| [path.as_slice(), &[step]].concat();
    match &value.what {
        What::Text(text) => found.push(Text { path, value: text, span: value.span.clone() }),
        What::List(list) => {
            list.iter().enumerate().for_each(|(at, value)| collect(below(at.to_string()), value, found));
        }
        What::Table(table) => {
            table.iter().for_each(|entry| collect(below(entry.key.clone()), &entry.value, found));
        }
        What::Other => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# c\n\ntitle = 'x'\n[inputs]\nid = { type = 'string' }\nn.type = 'list'\n[for.\"a b\".request]\npath = ['a', 'é']\n[[grants]]\nhost = 'h'\n";

    fn shown(span: Range<usize>) -> &'static str {
        &TEXT[span]
    }

    #[test]
    fn keys_are_found_however_they_are_written() {
        let places = Places::of(TEXT);
        assert_eq!(shown(places.key(&["inputs", "id"])), "id");
        assert_eq!(shown(places.key(&["inputs", "id", "type"])), "type");
        assert_eq!(shown(places.key(&["inputs", "n"])), "n");
        assert_eq!(shown(places.key(&["for", "a b"])), "\"a b\"");
        assert_eq!(shown(places.key(&["inputs", "gone"])), "inputs");
        assert_eq!(shown(places.key(&["gone"])), "title = 'x'");
    }

    #[test]
    fn values_and_texts_are_found() {
        let places = Places::of(TEXT);
        assert_eq!(shown(places.value(&["for", "a b", "request", "path", "1"]).unwrap()), "'é'");
        assert_eq!(shown(places.value(&["grants", "0", "host"]).unwrap()), "'h'");
        assert!(places.value(&["inputs", "gone"]).is_none());
        let texts: Vec<_> = places.texts().into_iter().map(|t| (t.path.join("."), t.value.to_owned())).collect();
        assert_eq!(texts[0], ("title".to_owned(), "x".to_owned()));
        assert!(texts.contains(&("for.a b.request.path.0".to_owned(), "a".to_owned())), "{texts:?}");
        assert_eq!(texts.len(), 6);
    }

    #[test]
    fn a_text_that_is_no_toml_has_a_first_line() {
        let places = Places::of("# c\nx = = 1\n");
        assert_eq!(places.key(&["x"]), 4..11);
        assert!(places.texts().is_empty());
    }
}
