//! Whether two requests are the same for an author, and if not, where they differ.
//!
//! Owns the comparison: method, address, query as pairs in any order, and the body by what it means (JSON by its values, a
//! form by its fields). Headers are left out: browsers and proxies record many that no preset sends. Must never: compare
//! what holds a secret in plain on one side and its mask on the other; the caller masks.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::Url;

use super::exchange::media_type;

/// How much of a value a message repeats, in characters.
const SHOWN: usize = 200;
/// The most differences that are told of one body.
const MOST: usize = 20;

/// One thing in which a request differs from what was recorded, or from what a case expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where: `method`, `host`, `path`, `query page`, `body /options/page`.
    pub what: String,
    /// What was expected there; nothing if it should be absent.
    pub expected: Option<String>,
    /// What is there; nothing if it is absent.
    pub got: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_none = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
        write!(f, "{}: expected {}, got {}", self.what, or_none(&self.expected), or_none(&self.got))
    }
}

/// What of a request is compared.
#[derive(Debug, Clone)]
pub struct Compared {
    pub(crate) method: String,
    pub(crate) origin: String,
    pub(crate) path: Vec<String>,
    query: BTreeMap<String, Vec<String>>,
    content: Content,
}

/// A body by what it means.
#[derive(Debug, Clone, PartialEq)]
enum Content {
    None,
    Json(Value),
    Form(BTreeMap<String, Vec<String>>),
    Text(String),
    Bytes(Bytes),
}

impl Compared {
    /// Takes a request apart. `headers` tell the body's media type alone.
    #[must_use]
    pub fn new(method: &str, url: &Url, headers: &[(String, String)], body: Option<&Bytes>) -> Self {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Self {
            method: method.to_owned(),
            origin: format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default()),
            path: url.path().split('/').map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect(),
            query: multiset(url.query_pairs()),
            content: Content::of(&media_type(headers), body),
        }
    }

    /// Where the other differs from this one, which is what was expected. Empty if they are the same request.
    #[must_use]
    pub fn differences(&self, got: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut plain = |what: &str, expected: &str, got: &str| {
            if expected != got {
                found.push(difference(what, Some(expected.to_owned()), Some(got.to_owned())));
            }
        };
        plain("method", &self.method, &got.method);
        plain("host", &self.origin, &got.origin);
        plain("path", &self.path.join("/"), &got.path.join("/"));
        pairs("query", &self.query, &got.query, &mut found);
        self.body_differences(got, &mut found);
        found
    }

    /// Where the bodies differ.
    pub(crate) fn body_differences(&self, got: &Self, found: &mut Vec<Difference>) {
        match (&self.content, &got.content) {
            (Content::Json(expected), Content::Json(got)) => json("body ", expected, got, found),
            (Content::Form(expected), Content::Form(got)) => pairs("body", expected, got, found),
            // Who expects a form need not say that it is one.
            (Content::Form(expected), Content::Text(text)) => pairs("body", expected, &form(text), found),
            (Content::Text(text), Content::Form(got)) => pairs("body", &form(text), got, found),
            (expected, got) if expected == got => {}
            (expected, got) => found.push(difference("body", expected.shown(), got.shown())),
        }
    }
}

impl Content {
    fn of(media: &str, body: Option<&Bytes>) -> Self {
        let Some(body) = body.filter(|body| !body.is_empty()) else { return Self::None };
        let Ok(text) = std::str::from_utf8(body) else { return Self::Bytes(body.clone()) };
        if media == "application/x-www-form-urlencoded" {
            return Self::Form(form(text));
        }
        match serde_json::from_str(text) {
            Ok(value) => Self::Json(value),
            Err(_) => Self::Text(text.to_owned()),
        }
    }

    fn shown(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Json(value) => Some(shown(&value.to_string())),
            Self::Form(fields) => Some(shown(&format!("the form {fields:?}"))),
            Self::Text(text) => Some(shown(&format!("{text:?}"))),
            Self::Bytes(bytes) => Some(format!("{} bytes that are no text", bytes.len())),
        }
    }
}

fn form(text: &str) -> BTreeMap<String, Vec<String>> {
    multiset(url::form_urlencoded::parse(text.as_bytes()))
}

/// Pairs by name, the values of a name in order, whatever order the pairs came in.
fn multiset<A: Into<String>, B: Into<String>>(pairs: impl Iterator<Item = (A, B)>) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs {
        all.entry(name.into()).or_default().push(value.into());
    }
    all.values_mut().for_each(|values| values.sort());
    all
}

fn pairs(
    what: &str,
    expected: &BTreeMap<String, Vec<String>>,
    got: &BTreeMap<String, Vec<String>>,
    found: &mut Vec<Difference>,
) {
    let told = |values: Option<&Vec<String>>| values.map(|values| shown(&values.join(", ")));
    let names = expected.keys().chain(got.keys().filter(|name| !expected.contains_key(*name)));
    for name in names.filter(|name| expected.get(*name) != got.get(*name)) {
        found.push(difference(&format!("{what} {name}"), told(expected.get(name)), told(got.get(name))));
    }
}

/// Where two JSON values differ, each place by its pointer (RFC 6901).
pub(crate) fn json(at: &str, expected: &Value, got: &Value, found: &mut Vec<Difference>) {
    if found.len() >= MOST {
        return;
    }
    let below = |key: &str| format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
    let text = |value: Option<&Value>| value.map(|value| shown(&value.to_string()));
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            let names = expected.keys().chain(got.keys().filter(|name| !expected.contains_key(*name)));
            for name in names {
                match (expected.get(name), got.get(name)) {
                    (Some(expected), Some(got)) => json(&below(name), expected, got, found),
                    (expected, got) => found.push(difference(&below(name), text(expected), text(got))),
                }
            }
        }
        (Value::Array(expected), Value::Array(got)) => {
            for index in 0..expected.len().max(got.len()) {
                match (expected.get(index), got.get(index)) {
                    (Some(expected), Some(got)) => json(&below(&index.to_string()), expected, got, found),
                    (expected, got) => found.push(difference(&below(&index.to_string()), text(expected), text(got))),
                }
            }
        }
        (expected, got) if same(expected, got) => {}
        (expected, got) => found.push(difference(at, text(Some(expected)), text(Some(got)))),
    }
}

/// Whether two scalars are the same value: `1` and `1.0` are.
fn same(a: &Value, b: &Value) -> bool {
    let whole = |value: &Value| value.is_i64() || value.is_u64();
    match (a, b) {
        (Value::Number(x), Value::Number(y)) if !whole(a) || !whole(b) => x.as_f64() == y.as_f64(),
        (a, b) => a == b,
    }
}

fn difference(what: &str, expected: Option<String>, got: Option<String>) -> Difference {
    Difference { what: what.trim_end().to_owned(), expected, got }
}

/// A value as a message repeats it.
fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}

/// Where two JSON values differ, each place by its pointer below `what`.
#[must_use]
pub fn json_differences(what: &str, expected: &Value, got: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    json(what, expected, got, &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(method: &str, url: &str, media: &str, body: &str) -> Compared {
        let headers = [("content-TYPE".to_owned(), media.to_owned())];
        Compared::new(method, &Url::parse(url).unwrap(), &headers, Some(&Bytes::copy_from_slice(body.as_bytes())))
    }

    fn told(expected: &Compared, got: &Compared) -> Vec<String> {
        expected.differences(got).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_means_the_same_is_the_same() {
        let json = compared("POST", "https://h/a%7Eb?x=1&y=a+b&x=2", "application/json", r#"{"a":1,"b":[1.0,"x"]}"#);
        let same = compared("POST", "https://h:443/a~b?y=a%20b&x=2&x=1", "text/plain", " {\"b\":[1,\"x\"],\n\"a\":1}");
        assert_eq!(told(&json, &same), [""; 0]);
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        let fields = compared("POST", "https://h/", form, "a=1&b=x+y&a=0");
        assert_eq!(told(&fields, &compared("POST", "https://h/", form, "b=x%20y&a=0&a=1")), [""; 0]);
        assert_eq!(told(&fields, &compared("POST", "https://h/", "", "b=x%20y&a=0&a=1")), [""; 0]);
        assert_eq!(told(&compared("GET", "https://h/", "", ""), &compared("GET", "https://h/", form, "")), [""; 0]);
    }

    #[test]
    fn each_difference_has_its_place() {
        let expected =
            compared("POST", "https://h/v1/users?page=1&q=a", "", r#"{"o":{"a~/b":1,"list":[1,2]},"same":0}"#);
        let got = compared(
            "PUT",
            "http://h:8080/v1/user?page=2&r=b",
            "",
            r#"{"o":{"a~/b":"1","list":[1]},"same":0,"new":{}}"#,
        );
        assert_eq!(
            told(&expected, &got),
            [
                "method: expected POST, got PUT",
                "host: expected https://h, got http://h:8080",
                "path: expected /v1/users, got /v1/user",
                "query page: expected 1, got 2",
                "query q: expected a, got nothing",
                "query r: expected nothing, got b",
                "body /o/a~0~1b: expected 1, got \"1\"",
                "body /o/list/1: expected 2, got nothing",
                "body /new: expected nothing, got {}",
            ]
        );
        assert_eq!(
            told(&compared("GET", "https://h/", "", ""), &compared("GET", "https://h/", "", "x")),
            ["body: expected nothing, got \"x\""]
        );
        assert_eq!(
            told(&compared("GET", "https://h/", "", "1"), &compared("GET", "https://h/", "", "2")),
            ["body: expected 1, got 2"]
        );
    }

    #[test]
    fn a_large_difference_is_cut() {
        let expected = compared("POST", "https://h/", "", &format!("[{}0]", "0,".repeat(1000)));
        let got = compared("POST", "https://h/", "", &format!("[{}1]", "1,".repeat(1000)));
        assert_eq!(expected.differences(&got).len(), MOST);
        let long = compared("POST", "https://h/", "", &format!("\"{}\"", "é".repeat(1000)));
        assert!(expected.differences(&long)[0].got.as_ref().unwrap().chars().count() < 250);
    }
}
