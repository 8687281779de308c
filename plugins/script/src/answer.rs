//! An answer as a script sees it: `{ status, ok, headers, body, text }`.

use std::rc::Rc;

use boa_engine::object::ObjectInitializer;
use boa_engine::property::{Attribute, PropertyDescriptor};
use boa_engine::{Context, Finalize, JsData, JsObject, JsResult, JsString, JsValue, NativeFunction, Trace, js_string};
use interpreter::{Answer, Raw};
use serde_json::{Map, Value};

use crate::json::{text, type_error};

/// What stands behind the object.
#[derive(Trace, Finalize, JsData)]
#[boa_gc(unsafe_empty_trace)]
pub(crate) struct Received {
    pub(crate) answer: Rc<Answer>,
    text: String,
    /// Whose request it answers, by whose rules it is judged.
    pub(crate) preset: String,
    /// What the rules know as inputs.
    pub(crate) inputs: Map<String, Value>,
}

/// The object for an answer to a preset's request.
pub(crate) fn object(raw: Raw, preset: &str, inputs: Map<String, Value>, context: &mut Context) -> JsResult<JsObject> {
    let text = String::from_utf8_lossy(&raw.body).into_owned();
    let answer = Rc::new(Answer::new(raw));
    let mut headers = Map::new();
    for (name, value) in &answer.headers {
        // A header that comes twice means the list of both (RFC 9110, 5.3).
        let joined = match headers.get(name).and_then(Value::as_str) {
            Some(before) => format!("{before}, {value}"),
            None => value.clone(),
        };
        headers.insert(name.to_ascii_lowercase(), joined.into());
    }
    let headers = JsValue::from_json(&Value::Object(headers), context)?;
    let status = answer.status;
    // Made when they are asked for: most answers are wanted in one form only, and may be large.
    let lazy = [body as fn(&JsValue, &[JsValue], &mut Context) -> JsResult<JsValue>, whole_text];
    let [body, whole] = lazy.map(|function| NativeFunction::from_fn_ptr(function).to_js_function(context.realm()));
    let received = Received { answer, text, preset: preset.to_owned(), inputs };
    let seen = Attribute::ENUMERABLE | Attribute::CONFIGURABLE;
    Ok(ObjectInitializer::with_native_data(received, context)
        .property(js_string!("status"), status, seen)
        .property(js_string!("ok"), (200..300).contains(&status), seen)
        .property(js_string!("headers"), headers, seen)
        .accessor(js_string!("body"), Some(body), None, seen)
        .accessor(js_string!("text"), Some(whole), None, seen)
        .build())
}

/// Reads the answer behind an object.
pub(crate) fn of<T>(value: &JsValue, name: &str, read: impl FnOnce(&Received) -> T) -> JsResult<T> {
    let object = value.as_object();
    let received = object.as_ref().and_then(|object| object.downcast_ref::<Received>());
    let wrong = || type_error(format!("{name} takes an answer, as host.call and host.send give it"));
    received.map(|received| read(&received)).ok_or_else(wrong)
}

fn body(this: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let answer = of(this, "body", |received| received.answer.clone())?;
    let value = JsValue::from_json(&answer.response, context)?;
    kept(this, js_string!("body"), value, context)
}

fn whole_text(this: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let value = of(this, "text", |received| text(&received.text))?;
    kept(this, js_string!("text"), value.into(), context)
}

/// Puts a value in the place of what made it.
fn kept(this: &JsValue, name: JsString, value: JsValue, context: &mut Context) -> JsResult<JsValue> {
    if let Some(object) = this.as_object() {
        let property = PropertyDescriptor::builder().value(value.clone()).enumerable(true).configurable(true);
        object.define_property_or_throw(name, property.writable(true), context)?;
    }
    Ok(value)
}
