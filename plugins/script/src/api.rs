//! The object `host` that a script is given. `presetter.d.ts` is its documentation.
//!
//! Keeps: asking the host takes place at once, and its promise is settled when the script gets it, so that a script's order
//! is the order in which things happen.

use boa_engine::object::ObjectInitializer;
use boa_engine::object::builtins::JsPromise;
use boa_engine::property::Attribute;
use boa_engine::{Context, JsArgs, JsError, JsNativeError, JsObject, JsResult, JsValue, NativeFunction, js_string};
use interpreter::{Raw, Refusal};
use serde_json::{Map, Value};

use crate::answer;
use crate::argument::{self, option, options, string};
use crate::json::{self, text, type_error};
use crate::outcome;
use crate::state::{Current, State};

type Function = fn(&JsValue, &[JsValue], &mut Context) -> JsResult<JsValue>;

/// The object, for the run that goes on.
pub(crate) fn host(current: &Current, context: &mut Context) -> JsResult<JsObject> {
    let settings = JsValue::from_json(&current.settings, context)?;
    let functions: [(_, Function, usize); 10] = [
        (js_string!("call"), call, 2),
        (js_string!("send"), send, 1),
        (js_string!("judge"), outcome::judge, 1),
        (js_string!("emit"), emit, 1),
        (js_string!("log"), log, 2),
        (js_string!("now"), now, 0),
        (js_string!("wait"), wait, 1),
        (js_string!("ok"), outcome::ok, 2),
        (js_string!("notFound"), outcome::not_found, 3),
        (js_string!("failed"), outcome::failed, 3),
    ];
    let mut host = ObjectInitializer::new(context);
    host.property(js_string!("settings"), settings, Attribute::all());
    host.property(js_string!("kind"), text(&current.kind), Attribute::all());
    for (name, function, arguments) in functions {
        host.function(NativeFunction::from_fn_ptr(function), name, arguments);
    }
    Ok(host.build())
}

/// `host.call(values?, { preset })`.
fn call(_: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let current = State::of(context)?;
    let values = json::to_object(args.get_or_undefined(0), "the values of host.call", context)?;
    let values = values.unwrap_or_else(|| current.inputs.clone());
    let options = options(args.get(1), "the options of host.call", &["preset"], context)?;
    let preset = match option(&options, "preset") {
        Some(preset) => string(preset, "the option preset")?,
        None => current.preset.clone(),
    };
    let answered = current.door.call(&preset, &values);
    // The rules of another preset know the values that it was called with as its inputs.
    let inputs = if preset == current.preset { current.inputs.clone() } else { values };
    received(answered, &preset, inputs, &current, context)
}

/// `host.send({ method, path, query, headers, json | form | text | template })`.
fn send(_: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let current = State::of(context)?;
    let request = argument::request(args.first(), context)?;
    let answered = current.door.send(request);
    received(answered, &current.preset, current.inputs.clone(), &current, context)
}

/// The promise of an answer, or of why there is none.
fn received(
    answered: Result<Raw, Refusal>,
    preset: &str,
    inputs: Map<String, Value>,
    current: &Current,
    context: &mut Context,
) -> JsResult<JsValue> {
    match answered {
        Ok(raw) => {
            let object = answer::object(raw, preset, inputs, context)?;
            let last = answer::of(&object.clone().into(), "host", |received| received.answer.clone())?;
            *current.last.borrow_mut() = Some(last);
            Ok(JsPromise::resolve(object, context)?.into())
        }
        Err(refusal) => refused(&refusal, context),
    }
}

/// `host.emit(row)`.
fn emit(_: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let current = State::of(context)?;
    let row = json::to_object(args.get_or_undefined(0), "the row", context)?;
    let row = row.ok_or_else(|| type_error("host.emit takes a row, an object"))?;
    done(current.door.emit(&Value::Object(row)), context)
}

/// `host.wait(milliseconds)`.
fn wait(_: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let current = State::of(context)?;
    let time = args.get_or_undefined(0).as_number().filter(|time| time.is_finite() && *time >= 0.0);
    let time = time.ok_or_else(|| type_error("host.wait takes a number of milliseconds"))?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is no less than 0, and saturates")]
    done(current.door.wait(time.ceil() as u64), context)
}

/// `host.log(level?, message)`.
fn log(_: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let current = State::of(context)?;
    let (level, message) = match args {
        [level, message, ..] => (string(level, "the level of host.log")?, message),
        _ => ("info".to_owned(), args.get_or_undefined(0)),
    };
    let message = match message.as_string() {
        Some(text) => text.to_std_string_lossy(),
        None => match json::to_json(message, "the message", context)? {
            Some(value) => value.to_string(),
            None => "undefined".into(),
        },
    };
    current.door.log(&level, &message);
    Ok(JsValue::undefined())
}

/// `host.now()`.
fn now(_: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let current = State::of(context)?;
    #[allow(clippy::cast_precision_loss, reason = "milliseconds are exact for some 285,000 years")]
    Ok((current.door.now() as f64).into())
}

/// The promise of something that the host has done.
fn done(result: Result<(), Refusal>, context: &mut Context) -> JsResult<JsValue> {
    match result {
        Ok(()) => Ok(JsPromise::resolve(JsValue::undefined(), context)?.into()),
        Err(refusal) => refused(&refusal, context),
    }
}

/// A promise that is rejected with a `HostError`.
fn refused(refusal: &Refusal, context: &mut Context) -> JsResult<JsValue> {
    let error: JsError = JsNativeError::error().with_message(refusal.message.clone()).into();
    let error = error.into_opaque(context)?;
    if let Some(object) = error.as_object() {
        for (name, value) in [
            (js_string!("name"), js_string!("HostError")),
            (js_string!("kind"), text(&refusal.kind)),
            (js_string!("class"), text(refusal.class())),
        ] {
            object.create_data_property_or_throw(name, value, context)?;
        }
    }
    Ok(JsPromise::reject(JsError::from_opaque(error), context)?.into())
}
