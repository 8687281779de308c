//! JSON: the tree of a template becomes a compact document.
//!
//! Owns commas, dropped properties and repeated keys. Whatever the values are, the objects, lists and strings of the
//! result are those of the tree.

use std::collections::HashSet;

use serde_json::Value;

use crate::json::{Element, Json, Member, Part};
use crate::render::{Renderer, Stop};
use crate::tree::Hole;
use crate::{Context, Problem, bounds};

/// Where an object or a list stands while it is written.
struct Place {
    /// Containers around its items.
    depth: usize,
    /// Nothing was written yet, so no comma comes first.
    empty: bool,
    /// The keys of an object.
    keys: HashSet<String>,
}

impl Place {
    fn inside(depth: usize) -> Self {
        Self { depth: depth + 1, empty: true, keys: HashSet::new() }
    }
}

impl Renderer<'_> {
    /// Writes the whole document; says whether there was a value at all.
    pub(crate) fn document(&mut self, json: &Json) -> Result<bool, Stop> {
        self.json(json, 0)
    }

    /// Writes one value, `depth` containers deep. False: it is absent and nothing was written.
    fn json(&mut self, json: &Json, depth: usize) -> Result<bool, Stop> {
        self.step()?;
        match json {
            Json::Literal(text) => self.push(text)?,
            Json::String(parts) => self.string(parts)?,
            Json::Object(members) => {
                self.push("{")?;
                self.members(members, &mut Place::inside(depth))?;
                self.push("}")?;
            }
            Json::Array(elements) => {
                self.push("[")?;
                self.elements(elements, &mut Place::inside(depth))?;
                self.push("]")?;
            }
            Json::Hole(hole) => return self.json_hole(hole, depth),
            Json::Block(block) => {
                let mut written = false;
                self.block(block, |renderer, value| {
                    if let Some(value) = value {
                        written = renderer.json(value, depth)?;
                    }
                    Ok(())
                })?;
                return Ok(written);
            }
        }
        Ok(true)
    }

    fn json_hole(&mut self, hole: &Hole, depth: usize) -> Result<bool, Stop> {
        let Some(value) = self.value(hole) else {
            return Ok(!hole.optional);
        };
        match &*value {
            Value::String(text) if hole.raw => self.push(text)?,
            value => {
                self.check_depth(value, depth, hole)?;
                self.push_json(value)?;
            }
        }
        Ok(true)
    }

    fn string(&mut self, parts: &[Part]) -> Result<(), Stop> {
        self.push("\"")?;
        self.text_parts(parts, Context::Json)?;
        self.push("\"")
    }

    fn elements(&mut self, elements: &[Element], place: &mut Place) -> Result<(), Stop> {
        for element in elements {
            match element {
                Element::Item(value) => {
                    let before = self.len();
                    self.comma(place)?;
                    let written = self.json(value, place.depth)?;
                    self.settle(place, before, written);
                }
                Element::Block(block) => {
                    self.step()?;
                    self.block(block, |renderer, elements| renderer.elements(elements, place))?;
                }
            }
        }
        Ok(())
    }

    fn members(&mut self, members: &[Member], place: &mut Place) -> Result<(), Stop> {
        for member in members {
            match member {
                Member::Pair { key, span, value } => {
                    let before = self.len();
                    self.comma(place)?;
                    let start = self.len();
                    self.string(key)?;
                    let name = serde_json::from_slice::<String>(self.written(start)).ok();
                    self.push(":")?;
                    let written = self.json(value, place.depth)?;
                    self.settle(place, before, written);
                    let Some(name) = name.filter(|_| written) else {
                        continue;
                    };
                    if !place.keys.insert(name.clone()) {
                        let message = format!("the property {} would be there twice", Value::from(name));
                        let problem = Problem::new(message, span.clone());
                        self.problem("key", problem.with_hint("each property of an object needs a name of its own"));
                    }
                }
                Member::Block(block) => {
                    self.step()?;
                    self.block(block, |renderer, members| renderer.members(members, place))?;
                }
            }
        }
        Ok(())
    }

    fn comma(&mut self, place: &Place) -> Result<(), Stop> {
        if place.empty { Ok(()) } else { self.push(",") }
    }

    /// Keeps what was written, or takes it back with its comma.
    fn settle(&mut self, place: &mut Place, before: usize, written: bool) {
        if written {
            place.empty = false;
        } else {
            self.truncate(before);
        }
    }
}

const _: () = assert!(bounds::JSON_NESTING < bounds::VALUE_DEPTH);
