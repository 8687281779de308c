//! What a new preset is to be, before any of it is written.
//!
//! Owns plain data: curl lines and OpenAPI documents become this, and the files are written from it. Invariants: every input
//! that a request names is there; a sample is a value that its input takes; nothing in it is a credential.

use presetter_manifest::{Effect, InputKind, Repeat};
use presetter_template::encode;
use serde_json::{Map, Value};

use super::account::Account;
use super::template::{Line, Piece, json_string};

/// A preset to be made.
#[derive(Debug, Clone)]
pub(crate) struct Blueprint {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) summary: String,
    pub(crate) object: String,
    pub(crate) effect: Effect,
    pub(crate) repeat: Option<Repeat>,
    pub(crate) inputs: Vec<NewInput>,
    pub(crate) method: String,
    pub(crate) path: Vec<Line>,
    pub(crate) query: Vec<(String, Line)>,
    pub(crate) headers: Vec<(String, Line)>,
    pub(crate) body: Option<Body>,
    /// 404 proves that the thing is not there.
    pub(crate) not_found: bool,
    pub(crate) outputs: Vec<Output>,
    pub(crate) answer: SampleAnswer,
    pub(crate) account: Account,
    /// What could not be said, and what an author has to decide: for the file and for the person.
    pub(crate) notes: Vec<String>,
}

/// An input to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewInput {
    pub(crate) name: String,
    pub(crate) kind: InputKind,
    pub(crate) required: bool,
    pub(crate) default: Option<Value>,
    pub(crate) allowed: Vec<Value>,
    pub(crate) max_length: Option<usize>,
    pub(crate) help: String,
    /// What the first case gives; without it, the case leaves the input out.
    pub(crate) sample: Option<Value>,
}

/// A body to be sent.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Json(Shape),
    Form(Vec<(String, Line)>),
}

/// JSON with inputs in it.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Literal(Value),
    Input(String),
    Object(Vec<(String, Shape)>),
}

/// An output to be made: a value of the answer, by the keys that lead to it.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) name: String,
    /// The key below the answer.
    pub(crate) key: String,
    /// An answer without it is no success.
    pub(crate) needed: bool,
    pub(crate) help: String,
}

/// What the API answers in the first case.
#[derive(Debug, Clone)]
pub(crate) struct SampleAnswer {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
}

impl NewInput {
    /// A required input with a sample.
    pub(crate) fn required(name: String, kind: InputKind, help: String, sample: Value) -> Self {
        Self {
            name,
            kind,
            required: true,
            default: None,
            allowed: Vec::new(),
            max_length: None,
            help,
            sample: Some(sample),
        }
    }

    /// Whether it always has a value.
    pub(crate) fn always(&self) -> bool {
        self.required || self.default.is_some()
    }

    /// The value that the first case has for it.
    pub(crate) fn value(&self) -> Option<&Value> {
        self.sample.as_ref().or(self.default.as_ref())
    }
}

impl Blueprint {
    /// The inside of a tag for an input.
    pub(crate) fn hole(&self, name: &str) -> String {
        let always = self.inputs.iter().any(|input| input.name == name && input.always());
        if always { name.to_owned() } else { format!("optional {name}") }
    }

    /// The value of an input in the first case.
    fn value(&self, name: &str) -> Option<&Value> {
        self.inputs.iter().find(|input| input.name == name).and_then(NewInput::value)
    }

    /// A line as the first case sends it, before it is encoded; nothing if an input in it has no value.
    fn sent(&self, line: &Line) -> Option<String> {
        line.iter()
            .map(|piece| match piece {
                Piece::Literal(text) => Some(text.clone()),
                Piece::Input(name) => self.value(name).map(|value| match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                }),
            })
            .collect()
    }

    /// The address that the first case asks for, below the base URL. Credentials in the query are masked as cassettes mask
    /// them.
    pub(crate) fn sample_url(&self) -> String {
        let part = |line: &Line| encode::path_segment(&self.sent(line).unwrap_or_default()).unwrap_or_default();
        let path: Vec<String> = self.path.iter().map(part).collect();
        let pair = |name: &str, value: &str| format!("{}={}", encode::query(name), encode::query(value));
        let own = self.query.iter().filter_map(|(name, line)| Some(pair(name, &self.sent(line)?)));
        let masked = self.account.query_masks().into_iter().map(|(name, mask)| pair(&name, &mask));
        let query: Vec<String> = own.chain(masked).collect();
        if query.is_empty() { path.join("/") } else { format!("{}?{}", path.join("/"), query.join("&")) }
    }

    /// The body that the first case sends, and its media type.
    pub(crate) fn sample_body(&self) -> Option<(String, &'static str)> {
        match self.body.as_ref()? {
            Body::Json(shape) => {
                let value = self.filled(shape).unwrap_or(Value::Null);
                Some((serde_json::to_string_pretty(&value).unwrap_or_default(), "application/json"))
            }
            Body::Form(pairs) => {
                let sent = pairs.iter().filter_map(|(name, line)| Some((name, self.sent(line)?)));
                let pairs = sent.map(|(name, value)| format!("{}={}", encode::form(name), encode::form(&value)));
                Some((pairs.collect::<Vec<_>>().join("&"), "application/x-www-form-urlencoded"))
            }
        }
    }

    fn filled(&self, shape: &Shape) -> Option<Value> {
        match shape {
            Shape::Literal(value) => Some(value.clone()),
            Shape::Input(name) => self.value(name).cloned(),
            Shape::Object(members) => {
                let kept = members.iter().filter_map(|(key, shape)| Some((key.clone(), self.filled(shape)?)));
                Some(Value::Object(kept.collect()))
            }
        }
    }

    /// A JSON body as a template.
    pub(crate) fn template(&self, shape: &Shape) -> String {
        self.indented(shape, 0)
    }

    fn indented(&self, shape: &Shape, depth: usize) -> String {
        let line = |depth: usize| format!("\n{}", "  ".repeat(depth));
        match shape {
            Shape::Input(name) => format!("{{{{{}}}}}", self.hole(name)),
            Shape::Object(members) if members.is_empty() => "{}".to_owned(),
            Shape::Object(members) => {
                let member = |(key, shape): &(String, Shape)| {
                    format!("{}{}: {}", line(depth + 1), json_string(key), self.indented(shape, depth + 1))
                };
                format!("{{{}{}}}", members.iter().map(member).collect::<Vec<_>>().join(","), line(depth))
            }
            Shape::Literal(value) => literal(value, depth),
        }
    }

    /// The outputs of the first case: what its answer has of them.
    pub(crate) fn sample_outputs(&self) -> Map<String, Value> {
        let body = self.answer.body.as_ref();
        let found =
            self.outputs.iter().filter_map(|output| Some((output.name.clone(), body?.get(&output.key)?.clone())));
        found.filter(|(_, value)| !value.is_null()).collect()
    }
}

/// A JSON value as part of a JSON template.
fn literal(value: &Value, depth: usize) -> String {
    let line = |depth: usize| format!("\n{}", "  ".repeat(depth));
    match value {
        Value::String(text) => json_string(text),
        Value::Array(list) if !list.is_empty() => {
            let each: Vec<String> =
                list.iter().map(|value| format!("{}{}", line(depth + 1), literal(value, depth + 1))).collect();
            format!("[{}{}]", each.join(","), line(depth))
        }
        Value::Object(members) if !members.is_empty() => {
            let member = |(key, value): (&String, &Value)| {
                format!("{}{}: {}", line(depth + 1), json_string(key), literal(value, depth + 1))
            };
            format!("{{{}{}}}", members.iter().map(member).collect::<Vec<_>>().join(","), line(depth))
        }
        other => other.to_string(),
    }
}
