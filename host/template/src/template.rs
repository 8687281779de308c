//! The compiled template, as callers see it.
//!
//! Owns the public type and what is checked once at compile time per context. A template holds no value and can be
//! rendered any number of times, from any thread.

use std::fmt;
use std::ops::Range;

use serde_json::Value;

use crate::json::{self, Json, Part};
use crate::path::Path;
use crate::render::{RenderError, Renderer};
use crate::scan::scan;
use crate::tree::{self, Hole, Node};
use crate::{Problem, Scope, render_text};

/// What a template's result is for. It decides how values are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// A JSON document: `{{x}}` is a JSON value, or escaped text inside a string.
    Json,
    /// One segment of a URL's path.
    PathSegment,
    /// One name or value in a URL's query.
    Query,
    /// The value of an HTTP header.
    Header,
    /// One name or value of an `application/x-www-form-urlencoded` body.
    Form,
    /// Plain text, nothing encoded.
    Text,
    /// Like text, but a template that is exactly one `{{x}}` stands for the JSON value itself: mappings and inputs.
    Value,
}

/// What a template's author was allowed to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Allows `{{{x}}}` and `{{&x}}`, which insert text without encoding it. A JSON result is still parsed again, and
    /// a URL or header still holds only characters that are legal there, but such a value can change the structure.
    pub unsafe_raw: bool,
}

/// A name that a template refers to, outside of what its own loops define.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The name and the steps into its value.
    pub path: Path,
    /// Where it is used: the first place that needs it, else the first place of all; the bytes of the whole tag.
    pub span: Range<usize>,
    /// Whether rendering succeeds without it: every use is `{{optional x}}`, the condition of a block, or inside a
    /// block that is only rendered when it is there.
    pub optional: bool,
}

/// A compiled template. A clone shares nothing with it.
#[derive(Clone)]
pub struct Template(Box<Inner>);

#[derive(Clone)]
struct Inner {
    context: Context,
    variables: Vec<Variable>,
    elements: Vec<Variable>,
    blocks: Vec<Range<usize>>,
    body: Body,
    source_len: usize,
}

#[derive(Clone)]
enum Body {
    Json(Json),
    Text(Vec<Part>),
    /// `Context::Value` with exactly one hole.
    Hole(Hole),
}

impl Template {
    /// Compiles a template for a context.
    ///
    /// # Errors
    /// Everything that is wrong with the source, as far as it can be told apart; spans lie in `source`.
    pub fn compile(source: &str, context: Context) -> Result<Self, Vec<Problem>> {
        Self::compile_with(source, context, Options::default())
    }

    /// The same with options.
    ///
    /// # Errors
    /// As [`Template::compile`].
    pub fn compile_with(source: &str, context: Context, options: Options) -> Result<Self, Vec<Problem>> {
        let tree::Built { nodes, variables, elements, blocks } = tree::build(scan(source, context, options)?)?;
        let body = match (context, nodes.as_slice()) {
            (Context::Json, nodes) => Body::Json(json::parse(source, nodes).map_err(|problem| vec![problem])?),
            (Context::Value, [Node::Hole(hole)]) => Body::Hole(hole.clone()),
            (_, nodes) => Body::Text(render_text::parts(source, context, nodes).map_err(|problem| vec![problem])?),
        };
        Ok(Self(Box::new(Inner { context, variables, elements, blocks, body, source_len: source.len() })))
    }

    /// What the template was compiled for.
    #[must_use]
    pub fn context(&self) -> Context {
        self.0.context
    }

    /// Every path that the scope must or may know, each once, in the order of their first use.
    #[must_use]
    pub fn variables(&self) -> &[Variable] {
        &self.0.variables
    }

    /// What loops over lists of the scope use of the elements: the path of the list, then the steps from an element. So
    /// `{{#each rows}}{{name}}{{/each}}` has `rows.name` here, and `{{this}}` in its place the list's own path.
    #[must_use]
    pub fn elements(&self) -> &[Variable] {
        &self.0.elements
    }

    /// The opening tag of every block (`if`, `unless`, `each`, `with`), in the order in which they begin: the places that
    /// [`Scope::took`] names.
    #[must_use]
    pub fn blocks(&self) -> &[Range<usize>] {
        &self.0.blocks
    }

    /// The result as text, encoded for the context. JSON comes compact.
    ///
    /// # Errors
    /// All missing names at once; a value of the wrong kind for its place; a bound of [`crate::bounds`].
    pub fn render(&self, scope: &dyn Scope) -> Result<String, RenderError> {
        match &self.0.body {
            Body::Json(json) => self.json(scope, json).map(|(text, _)| text),
            Body::Text(parts) => self.text(scope, parts),
            Body::Hole(hole) => self.text(scope, std::slice::from_ref(&Part::Hole(hole.clone()))),
        }
    }

    /// The result as a JSON value: in [`Context::Value`] a template that is exactly one `{{x}}` gives that value
    /// (an absent `{{optional x}}` gives null); in [`Context::Json`] it is the body; else the text as a string.
    ///
    /// # Errors
    /// As [`Template::render`].
    pub fn render_value(&self, scope: &dyn Scope) -> Result<Value, RenderError> {
        match &self.0.body {
            Body::Json(json) => self.json(scope, json).map(|(_, value)| value),
            Body::Text(parts) => self.text(scope, parts).map(Value::String),
            Body::Hole(hole) => {
                let mut renderer = Renderer::new(scope);
                let value = renderer.whole_value(hole);
                renderer.finish()?;
                Ok(value.unwrap_or_default())
            }
        }
    }

    fn json(&self, scope: &dyn Scope, json: &Json) -> Result<(String, Value), RenderError> {
        let mut renderer = Renderer::new(scope);
        let written = renderer.document(json);
        let text = renderer.finish()?;
        let whole = 0..self.0.source_len;
        if written != Ok(true) {
            let problem = Problem::new("the body would be empty: its only value is absent", whole);
            return Err(problem.into());
        }
        match serde_json::from_str(&text) {
            Ok(value) => Ok((text, value)),
            Err(error) => {
                let problem = Problem::new(format!("the result is not valid JSON: {error}"), whole);
                Err(problem.with_hint("check the values that are inserted unencoded").into())
            }
        }
    }

    fn text(&self, scope: &dyn Scope, parts: &[Part]) -> Result<String, RenderError> {
        let mut renderer = Renderer::new(scope);
        // A bound that was hit is among the renderer's problems.
        let _stopped = renderer.text_parts(parts, self.0.context);
        let text = renderer.finish()?;
        render_text::check(&text, self.0.context)
            .map_err(|refused| Problem::new(refused.to_string(), 0..self.0.source_len).into())
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.variables.iter().map(|v| v.path.to_string()).collect();
        f.debug_struct("Template").field("context", &self.0.context).field("variables", &names).finish_non_exhaustive()
    }
}
