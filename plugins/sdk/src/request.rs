//! A request that a preset puts together itself.

use serde_json::Value;

/// A request that a preset puts together itself, nothing in it encoded: the host encodes each part for its place, so that no value
/// changes the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub(crate) method: String,
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Body>,
}

/// The body, as the contract has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) kind: &'static str,
    pub(crate) data: Vec<u8>,
}

impl Request {
    /// A request: `GET`, `HEAD`, `POST`, `PUT`, `PATCH` or `DELETE`, and the path below the connection's base URL, a segment each:
    /// `["users", &id]`. A segment that is empty, `.` or `..` is refused.
    #[must_use]
    pub fn new<S: Into<String>>(method: &str, path: impl IntoIterator<Item = S>) -> Self {
        let path = path.into_iter().map(Into::into).collect();
        Self { method: method.into(), path, query: Vec::new(), headers: Vec::new(), body: None }
    }

    /// With a query parameter more.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// With a header more. Those for credentials, and those that frame a message, are refused.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, value: &Value) -> Self {
        self.body("json", value.to_string())
    }

    /// With a form body.
    #[must_use]
    pub fn form<'a>(self, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let fields: Vec<Value> = fields.into_iter().map(|(name, value)| Value::from(vec![name, value])).collect();
        self.body("form", Value::from(fields).to_string())
    }

    /// With a body of plain text.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.body("text", text)
    }

    /// With the body template of the preset's `[request]`, rendered by the host with these values, a JSON object.
    #[must_use]
    pub fn template(self, values: &Value) -> Self {
        self.body("template", values.to_string())
    }

    fn body(mut self, kind: &'static str, data: impl Into<String>) -> Self {
        self.body = Some(Body { kind, data: data.into().into_bytes() });
        self
    }
}
