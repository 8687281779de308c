//! The inputs of a preset: their types, and the check of what is given. Types are never guessed: `"0123"` stays a text.

use indexmap::IndexMap;
use presetter_template::Problem;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Preset, suggest};

/// One input.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What values it takes.
    #[serde(rename = "type")]
    pub kind: InputKind,
    /// Whether the preset cannot run without it. A required text may not be blank either.
    #[serde(default)]
    pub required: bool,
    /// The value if none is given.
    pub default: Option<Value>,
    /// The values that are possible, if they are few.
    #[serde(rename = "enum")]
    pub allowed: Option<Vec<Value>>,
    /// The longest text, in characters.
    pub max_length: Option<usize>,
    /// For people: what it is and where to find it.
    #[serde(default)]
    pub help: String,
}

/// The type of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum InputKind {
    /// A text.
    String,
    /// A whole number of at most 64 bits.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A JSON list.
    List,
    /// A JSON object.
    Object,
}

impl Input {
    /// Whether a run always has a value for it: it is required, or has a default.
    #[must_use]
    pub fn is_always_there(&self) -> bool {
        self.required || self.default.is_some()
    }

    /// Whether nothing runs unless somebody gives it.
    #[must_use]
    pub fn must_be_given(&self) -> bool {
        self.required && self.default.is_none()
    }
}

impl InputKind {
    /// The type in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "a text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::List => "a JSON list",
            Self::Object => "a JSON object",
        }
    }

    /// Whether a value is of this type as it is.
    #[must_use]
    pub fn accepts(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::List => value.is_array(),
            Self::Object => value.is_object(),
        }
    }
}

impl Input {
    /// What is wrong with a value, if anything, in one sentence.
    fn complaint(&self, name: &str, value: &Value) -> Option<Problem> {
        let problem = |message: String| Some(Problem::new(message, 0..0));
        if !self.kind.accepts(value) {
            let hint = match (self.kind, value) {
                (InputKind::String, Value::Number(_) | Value::Bool(_)) => format!("put it in quotes: \"{value}\""),
                _ => self.describe(),
            };
            return problem(format!("input \"{name}\" takes {}, not {}", self.kind.name(), short(value)))
                .map(|p| p.with_hint(hint));
        }
        if let Some(allowed) = &self.allowed
            && !allowed.contains(value)
        {
            let allowed: Vec<String> = allowed.iter().map(plain).collect();
            return problem(format!("input \"{name}\" cannot be {}", short(value)))
                .map(|p| p.with_hint(format!("possible values: {}", allowed.join(", "))));
        }
        let text = value.as_str()?;
        if self.required && text.trim().is_empty() {
            return problem(format!("input \"{name}\" is empty, and the preset needs it; nothing was sent"));
        }
        match self.max_length {
            Some(max) if text.chars().count() > max => {
                problem(format!("input \"{name}\" has {} characters; {max} are possible", text.chars().count()))
            }
            _ => None,
        }
    }

    /// What it takes, for a hint.
    fn describe(&self) -> String {
        if self.help.is_empty() { format!("it takes {}", self.kind.name()) } else { format!("it is: {}", self.help) }
    }
}

/// Turns the text of `--set NAME=TEXT` into a value of the declared type, strictly.
///
/// # Errors
/// What is wrong, with advice.
pub fn parse_text_value(preset: &Preset, name: &str, text: &str) -> Result<Value, Problem> {
    let input = declared(&preset.inputs, name)?;
    let value = match input.kind {
        InputKind::String => Some(Value::from(text)),
        InputKind::Integer => {
            text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from)).ok()
        }
        InputKind::Number => serde_json::from_str::<Value>(text).ok().filter(Value::is_number),
        InputKind::Boolean => text.parse::<bool>().ok().map(Value::from),
        InputKind::List | InputKind::Object => serde_json::from_str(text).ok().filter(|v| input.kind.accepts(v)),
    };
    value.ok_or_else(|| {
        Problem::new(format!("input \"{name}\" takes {}, not \"{}\"", input.kind.name(), cut(text)), 0..0)
            .with_hint(input.describe())
    })
}

/// Checks what is given against what a preset declares, and adds defaults. A value of `null` counts as not given.
///
/// # Errors
/// Everything that is wrong, each with advice; nothing has been sent then.
pub fn check_inputs(preset: &Preset, given: Map<String, Value>) -> Result<Map<String, Value>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut checked = Map::new();
    for (name, value) in given {
        match declared(&preset.inputs, &name) {
            Err(problem) => problems.push(problem),
            Ok(_) if value.is_null() => {}
            Ok(input) => {
                problems.extend(input.complaint(&name, &value));
                checked.insert(name, value);
            }
        }
    }
    for (name, input) in &preset.inputs {
        match &input.default {
            _ if checked.contains_key(name) => {}
            Some(default) => drop(checked.insert(name.clone(), default.clone())),
            None if input.required => {
                let hint = format!(
                    "give it with --set {name}=VALUE{}{}",
                    if input.help.is_empty() { "" } else { "; it is: " },
                    input.help
                );
                problems.push(Problem::new(format!("input \"{name}\" is missing"), 0..0).with_hint(hint));
            }
            None => {}
        }
    }
    let one_of: Vec<&str> = preset.needs_one_of.iter().map(|t| t.as_str()).collect();
    if !one_of.is_empty() && !one_of.iter().any(|name| checked.contains_key(*name)) && problems.is_empty() {
        let problem = Problem::new(format!("at least one of these inputs is needed: {}", one_of.join(", ")), 0..0);
        problems.push(problem.with_hint(format!("give it with --set {}=VALUE", one_of[0])));
    }
    if problems.is_empty() { Ok(checked) } else { Err(problems) }
}

fn declared<'a>(inputs: &'a IndexMap<String, Input>, name: &str) -> Result<&'a Input, Problem> {
    inputs.get(name).ok_or_else(|| {
        let known: Vec<&str> = inputs.keys().map(String::as_str).collect();
        Problem::new(format!("this preset has no input \"{}\"", cut(name)), 0..0).with_hint(suggest(name, &known))
    })
}

/// A value as a person would type it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn short(value: &Value) -> String {
    cut(&value.to_string())
}

/// At most 60 characters: messages stay readable whatever is given.
fn cut(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}
