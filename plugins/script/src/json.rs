//! JavaScript's values and JSON.
//!
//! Stricter than `JSON.stringify`: what JSON cannot hold is an error that names it, for it would be gone without a word.

use boa_engine::object::builtins::JsArray;
use boa_engine::property::PropertyKey;
use boa_engine::value::JsVariant;
use boa_engine::{Context, JsError, JsNativeError, JsObject, JsResult, JsString, JsValue, js_string};
use serde_json::{Map, Number, Value};

/// How deep a value may be nested: as deep as the host reads JSON.
const DEPTH: usize = 64;
/// Whole numbers up to here are exact in JavaScript.
const EXACT: f64 = 9_007_199_254_740_991.0;

/// A TypeError.
pub(crate) fn type_error(message: impl Into<String>) -> JsError {
    JsNativeError::typ().with_message(message.into()).into()
}

/// A value of a script as JSON; nothing for `undefined`. `name` is what it is called in errors.
pub(crate) fn to_json(value: &JsValue, name: &str, context: &mut Context) -> JsResult<Option<Value>> {
    Reader { context, depth: 0 }.value(value, name)
}

/// A value of a script that has to be an object of JSON; nothing for `undefined` and `null`.
pub(crate) fn to_object(value: &JsValue, name: &str, context: &mut Context) -> JsResult<Option<Map<String, Value>>> {
    match to_json(value, name, context)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map)),
        Some(_) => Err(type_error(format!("{name} must be an object"))),
    }
}

struct Reader<'a> {
    context: &'a mut Context,
    depth: usize,
}

impl Reader<'_> {
    fn value(&mut self, value: &JsValue, name: &str) -> JsResult<Option<Value>> {
        let cannot = |what: &str| Err(type_error(format!("{name} is {what}, which JSON cannot hold")));
        match value.variant() {
            JsVariant::Undefined => Ok(None),
            JsVariant::Null => Ok(Some(Value::Null)),
            JsVariant::Boolean(flag) => Ok(Some(flag.into())),
            JsVariant::Integer32(number) => Ok(Some(number.into())),
            JsVariant::Float64(number) => match whole(number) {
                Some(whole) => Ok(Some(whole.into())),
                None => match Number::from_f64(number) {
                    Some(number) => Ok(Some(Value::Number(number))),
                    None => cannot(&number.to_string()),
                },
            },
            JsVariant::String(text) => Ok(Some(text.to_std_string_lossy().into())),
            JsVariant::BigInt(_) => cannot("a BigInt"),
            JsVariant::Symbol(_) => cannot("a symbol"),
            JsVariant::Object(object) if object.is_callable() => cannot("a function"),
            JsVariant::Object(object) => {
                if self.depth == DEPTH {
                    let what = format!("{name} is nested deeper than {DEPTH}, or contains itself");
                    return Err(type_error(what));
                }
                self.depth += 1;
                let read = self.object(&object, name);
                self.depth -= 1;
                read
            }
        }
    }

    fn object(&mut self, object: &JsObject, name: &str) -> JsResult<Option<Value>> {
        // As with JSON.stringify: a Date says itself how it is written.
        let to_json = object.get(js_string!("toJSON"), self.context)?;
        if let Some(to_json) = to_json.as_callable() {
            let value = to_json.call(&object.clone().into(), &[], self.context)?;
            return self.value(&value, name);
        }
        if object.is_array() {
            let list = JsArray::from_object(object.clone())?;
            let mut values = Vec::new();
            for at in 0..list.length(self.context)? {
                let value = list.get(at, self.context)?;
                values.push(self.value(&value, &format!("{name}[{at}]"))?.unwrap_or_default());
            }
            return Ok(Some(Value::Array(values)));
        }
        let what = class(object, self.context)?;
        if ["Map", "Set", "WeakMap", "WeakSet", "Promise"].contains(&what.as_str()) {
            let hint = if what == "Promise" { "await it first" } else { "make an object or a list of it" };
            return Err(type_error(format!("{name} is a {what}, which JSON cannot hold: {hint}")));
        }
        let mut map = Map::new();
        for (key, value) in entries(object, self.context)? {
            if let Some(value) = self.value(&value, &format!("{name}.{key}"))? {
                map.insert(key, value);
            }
        }
        Ok(Some(Value::Object(map)))
    }
}

/// The own enumerable properties of an object, in order.
pub(crate) fn entries(object: &JsObject, context: &mut Context) -> JsResult<Vec<(String, JsValue)>> {
    let copy = JsObject::with_object_proto(context.intrinsics());
    copy.copy_data_properties::<PropertyKey>(&object.clone().into(), Vec::new(), context)?;
    let mut entries = Vec::new();
    for key in copy.own_property_keys(context)? {
        let name = match &key {
            PropertyKey::String(name) => name.to_std_string_lossy(),
            PropertyKey::Index(index) => index.get().to_string(),
            PropertyKey::Symbol(_) => continue,
        };
        entries.push((name, copy.get(key, context)?));
    }
    Ok(entries)
}

/// What an object is, as `Object.prototype.toString` says it.
fn class(object: &JsObject, context: &mut Context) -> JsResult<String> {
    let tag = object.get(boa_engine::JsSymbol::to_string_tag(), context)?;
    Ok(tag.as_string().map(|tag| tag.to_std_string_lossy()).unwrap_or_default())
}

/// A whole number that JavaScript holds exactly.
#[allow(clippy::cast_possible_truncation, reason = "it was looked at before")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// A text of JavaScript.
pub(crate) fn text(text: &str) -> JsString {
    JsString::from(text)
}
