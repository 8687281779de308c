//! Everything but JSON: text with holes, encoded for a URL, a header, a form, or not at all.
//!
//! Owns how parts become one text. The author's text is encoded together with the values, so that `{{a}}/x` in a
//! path segment stays one segment.

use std::borrow::Cow;

use serde_json::Value;

use crate::encode::{self, Refused};
use crate::json::Part;
use crate::kinds::kind_of;
use crate::render::{Renderer, Stop};
use crate::tree::{Block, Hole, Node};
use crate::{Context, Problem};

/// Turns nodes into parts; checks what is known without any value.
pub(crate) fn parts(source: &str, context: Context, nodes: &[Node]) -> Result<Vec<Part>, Problem> {
    let mut list = Vec::new();
    for node in nodes {
        list.push(match node {
            Node::Text(ranges) => {
                for range in ranges {
                    let control = source[range.clone()].char_indices().find(|(_, c)| c.is_control());
                    if let (Context::Header, Some((at, c))) = (context, control) {
                        let at = range.start + at;
                        let refused =
                            encode::header_value(c.encode_utf8(&mut [0; 4])).map_or_else(|e| e.0, |_| String::new());
                        return Err(Problem::new(refused, at..at + c.len_utf8()));
                    }
                }
                Part::Text(ranges.iter().map(|range| &source[range.clone()]).collect())
            }
            Node::Hole(hole) => Part::Hole(hole.clone()),
            Node::Block(block) => Part::Block(Box::new(Block {
                kind: block.kind,
                source: block.source.clone(),
                shown: block.shown.clone(),
                span: block.span.clone(),
                then: parts(source, context, &block.then)?,
                otherwise: parts(source, context, &block.otherwise)?,
            })),
        });
    }
    Ok(list)
}

/// The last check of a whole result.
pub(crate) fn check(text: &str, context: Context) -> Result<String, Refused> {
    match context {
        Context::PathSegment => encode::check_segment(text)?,
        Context::Header => return encode::header_value(text),
        Context::Json | Context::Query | Context::Form | Context::Text | Context::Value => {}
    }
    Ok(text.to_owned())
}

fn encoded(text: &str, context: Context, raw: bool) -> Result<Cow<'_, str>, Refused> {
    Ok(match (context, raw) {
        (Context::PathSegment, true) => encode::raw_in_url(text, "", "a path segment")?.into(),
        (Context::Query | Context::Form, true) => encode::raw_in_url(text, "/?", "a query or form")?.into(),
        // One piece of a segment may be empty or a dot: the whole is checked at the end.
        (Context::PathSegment | Context::Query, false) => encode::query(text).into(),
        (Context::Form, false) => encode::form(text).into(),
        (Context::Header, _) => encode::header_value(text)?.into(),
        (Context::Json, false) => encode::json_string(text).into(),
        (Context::Json, true) | (Context::Text | Context::Value, _) => text.into(),
    })
}

impl Renderer<'_> {
    /// Writes a text. In [`Context::Json`] it is the inside of a string, whose literal parts are escaped already.
    pub(crate) fn text_parts(&mut self, parts: &[Part], context: Context) -> Result<(), Stop> {
        for part in parts {
            self.step()?;
            match part {
                Part::Text(text) if context == Context::Json => self.push(text)?,
                Part::Text(text) => {
                    // Literal text was checked at compile time; nothing else can be refused.
                    if let Ok(text) = encoded(text, context, false) {
                        self.push(&text)?;
                    }
                }
                Part::Hole(hole) => self.text_hole(hole, context)?,
                Part::Block(block) => self.block(block, |renderer, parts| renderer.text_parts(parts, context))?,
            }
        }
        Ok(())
    }

    fn text_hole(&mut self, hole: &Hole, context: Context) -> Result<(), Stop> {
        let Some(value) = self.value(hole) else {
            return Ok(());
        };
        let text: Cow<'_, str> = match &*value {
            Value::Null => {
                if !hole.optional {
                    self.missing(hole);
                }
                return Ok(());
            }
            Value::Bool(b) => b.to_string().into(),
            Value::Number(n) => n.to_string().into(),
            Value::String(s) => s.as_str().into(),
            Value::Array(_) | Value::Object(_) if matches!(context, Context::Text | Context::Value) => {
                self.check_depth(&value, 0, hole)?;
                return self.push_json(&value);
            }
            Value::Array(_) | Value::Object(_) => {
                self.wrong_kind(hole, &value, context);
                return Ok(());
            }
        };
        // An encoded text is never shorter: what is too large already need not be encoded.
        if text.len() > crate::bounds::OUTPUT {
            return self.push(&text);
        }
        match encoded(&text, context, hole.raw) {
            Ok(text) => self.push(&text),
            Err(refused) => {
                let message = format!("\"{}\" does not fit here: {refused}", hole.shown);
                self.problem("refused", Problem::new(message, hole.span.clone()));
                self.spend(text.len())
            }
        }
    }

    fn wrong_kind(&mut self, hole: &Hole, value: &Value, context: Context) {
        let place = match context {
            Context::Json => "inside a JSON string",
            Context::PathSegment => "in a URL's path",
            Context::Query => "in a URL's query",
            Context::Header => "in a header",
            Context::Form => "in a form",
            Context::Text | Context::Value => "in a text",
        };
        let message = format!("\"{}\" is {}, which cannot stand {place}", hole.shown, kind_of(value));
        let hint = if context == Context::Json {
            "write it without the quotes around it, or name one value inside it"
        } else {
            "name one value inside it, or use {{#each}}"
        };
        self.problem("kind", Problem::new(message, hole.span.clone()).with_hint(hint));
    }
}
