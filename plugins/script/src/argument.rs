//! The arguments that a script gives to the functions of `host`.

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsResult, JsValue};
use interpreter::{Body, Request};
use serde_json::Value;

use crate::json::{self, entries, type_error};

const REQUEST: [&str; 8] = ["method", "path", "query", "headers", "json", "form", "text", "template"];

/// The options of a function: an object with none but the known names; nothing for `undefined`.
pub(crate) fn options(
    value: Option<&JsValue>,
    name: &str,
    known: &[&str],
    context: &mut Context,
) -> JsResult<Vec<(String, JsValue)>> {
    let Some(value) = value.filter(|value| !value.is_undefined() && !value.is_null()) else { return Ok(Vec::new()) };
    let object = value.as_object().ok_or_else(|| type_error(format!("{name} must be an object")))?;
    let options = entries(&object, context)?;
    if let Some((strange, _)) = options.iter().find(|(key, _)| !known.contains(&key.as_str())) {
        return Err(type_error(format!("{name} has no \"{strange}\"; it has {}", known.join(", "))));
    }
    Ok(options.into_iter().filter(|(_, value)| !value.is_undefined()).collect())
}

/// An option by its name.
pub(crate) fn option<'o>(options: &'o [(String, JsValue)], name: &str) -> Option<&'o JsValue> {
    options.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// A value that has to be a text.
pub(crate) fn string(value: &JsValue, name: &str) -> JsResult<String> {
    let text = value.as_string().ok_or_else(|| type_error(format!("{name} must be a text")))?;
    Ok(text.to_std_string_lossy())
}

/// The request of `host.send`.
pub(crate) fn request(value: Option<&JsValue>, context: &mut Context) -> JsResult<Request> {
    let options = options(value, "the request", &REQUEST, context)?;
    let method = option(&options, "method").ok_or_else(|| type_error("the request needs a method: \"GET\""))?;
    let path = option(&options, "path")
        .ok_or_else(|| type_error("the request needs a path, a list of segments: [\"users\", id]"))?;
    Ok(Request {
        method: string(method, "the method")?,
        path: segments(path, context)?,
        query: pairs(option(&options, "query"), "query", context)?,
        headers: pairs(option(&options, "headers"), "headers", context)?,
        body: body(&options, context)?,
    })
}

/// A path. A text would be cut at whatever a value contains, so there is only the list.
fn segments(path: &JsValue, context: &mut Context) -> JsResult<Vec<String>> {
    let list = path.as_object().filter(boa_engine::JsObject::is_array).ok_or_else(|| {
        type_error("the path must be a list of segments, such as [\"users\", id]: each is encoded for its place")
    })?;
    let list = JsArray::from_object(list)?;
    let mut segments = Vec::new();
    for at in 0..list.length(context)? {
        let name = format!("path[{at}]");
        let segment = scalar(&list.get(at, context)?, &name)?;
        segments.push(segment.ok_or_else(|| type_error(format!("{name} has no value")))?);
    }
    Ok(segments)
}

/// Names and values: an object, or a list of pairs. What is undefined or null is left out, a list is repeated.
fn pairs(value: Option<&JsValue>, name: &str, context: &mut Context) -> JsResult<Vec<(String, String)>> {
    let Some(object) = value.filter(|value| !value.is_null()) else { return Ok(Vec::new()) };
    let wrong = || type_error(format!("{name} must be an object, or a list of pairs [name, value]"));
    let object = object.as_object().ok_or_else(wrong)?;
    let mut given = Vec::new();
    if object.is_array() {
        let list = JsArray::from_object(object)?;
        for at in 0..list.length(context)? {
            let pair = list.get(at, context)?.as_object().filter(boa_engine::JsObject::is_array).ok_or_else(wrong)?;
            let pair = JsArray::from_object(pair)?;
            if pair.length(context)? != 2 {
                return Err(wrong());
            }
            let key = string(&pair.get(0, context)?, &format!("the name in {name}[{at}]"))?;
            given.push((key, pair.get(1, context)?));
        }
    } else {
        given = entries(&object, context)?;
    }
    let mut pairs = Vec::new();
    for (key, value) in given {
        let name = format!("{name}.{key}");
        match value.as_object().filter(boa_engine::JsObject::is_array) {
            Some(list) => {
                let list = JsArray::from_object(list)?;
                for at in 0..list.length(context)? {
                    let value = scalar(&list.get(at, context)?, &format!("{name}[{at}]"))?;
                    pairs.extend(value.map(|value| (key.clone(), value)));
                }
            }
            None => pairs.extend(scalar(&value, &name)?.map(|value| (key, value))),
        }
    }
    Ok(pairs)
}

/// A text, a number or a flag as a text; nothing for undefined and null.
fn scalar(value: &JsValue, name: &str) -> JsResult<Option<String>> {
    if value.is_undefined() || value.is_null() {
        return Ok(None);
    }
    if let Some(text) = value.as_string() {
        return Ok(Some(text.to_std_string_lossy()));
    }
    if value.is_boolean() || value.as_number().is_some_and(f64::is_finite) {
        return Ok(Some(value.display().to_string()));
    }
    Err(type_error(format!("{name} must be a text, a number or true or false")))
}

/// The body: one of its kinds, or none.
fn body(options: &[(String, JsValue)], context: &mut Context) -> JsResult<Option<Body>> {
    let given: Vec<&str> = REQUEST[4..].iter().copied().filter(|kind| option(options, kind).is_some()).collect();
    let &[kind] = given.as_slice() else {
        let several = || type_error(format!("a request has one body, and this one has {}", given.join(" and ")));
        return if given.is_empty() { Ok(None) } else { Err(several()) };
    };
    let value = option(options, kind).cloned().unwrap_or_default();
    let (kind, data) = match kind {
        "json" => ("json", json::to_json(&value, "json", context)?.unwrap_or_default().to_string()),
        "form" => {
            let pairs = pairs(Some(&value), "form", context)?;
            let list = pairs.into_iter().map(|(name, value)| Value::from(vec![name, value]));
            ("form", Value::Array(list.collect()).to_string())
        }
        "text" => ("text", string(&value, "text")?),
        _ => {
            let values = json::to_object(&value, "template", context)?.unwrap_or_default();
            ("template", Value::Object(values).to_string())
        }
    };
    Ok(Some(Body { kind, data: data.into_bytes(), media: None }))
}
