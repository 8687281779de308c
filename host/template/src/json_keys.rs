//! No object names a property twice.
//!
//! Owns the check at compile time, for names without holes; names with holes are checked when they are rendered.
//! Two branches of one block may use the same name, and so may two blocks: only one of them may come to be.

use std::collections::HashSet;

use crate::Problem;
use crate::json::{Element, Json, Member, Part};

/// Checks every object in a value.
pub(crate) fn check(value: &Json) -> Result<(), Problem> {
    match value {
        Json::Literal(_) | Json::String(_) | Json::Hole(_) => Ok(()),
        Json::Object(members) => object(members, &mut HashSet::new()),
        Json::Array(elements) => array(elements),
        Json::Block(block) => block.then.iter().chain(&block.otherwise).try_for_each(check),
    }
}

fn array(elements: &[Element]) -> Result<(), Problem> {
    elements.iter().try_for_each(|element| match element {
        Element::Item(value) => check(value),
        Element::Block(block) => array(&block.then).and_then(|()| array(&block.otherwise)),
    })
}

/// `outer` holds the names that surely or possibly stand beside these members; it leaves as it came.
fn object(members: &[Member], outer: &mut HashSet<String>) -> Result<(), Problem> {
    let mut own = Vec::new();
    for member in members {
        let Member::Pair { key, span, value } = member else {
            continue;
        };
        check(value)?;
        let Some(name) = plain(key) else { continue };
        if !outer.insert(name.clone()) {
            let message = format!("the property {} is there twice", serde_json::Value::from(name));
            return Err(Problem::new(message, span.clone()).with_hint("keep one of them"));
        }
        own.push(name);
    }
    for member in members {
        if let Member::Block(block) = member {
            object(&block.then, outer)?;
            object(&block.otherwise, outer)?;
        }
    }
    for name in own {
        outer.remove(&name);
    }
    Ok(())
}

/// A name without holes, its escapes read.
fn plain(key: &[Part]) -> Option<String> {
    let texts: Option<String> =
        key.iter().map(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None }).collect();
    serde_json::from_str(&format!("\"{}\"", texts?)).ok()
}
