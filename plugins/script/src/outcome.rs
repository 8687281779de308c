//! The results that a script makes by `host.ok`, `host.notFound`, `host.failed` and `host.judge`, and returns.

use std::rc::Rc;

use boa_engine::object::ObjectInitializer;
use boa_engine::property::Attribute;
use boa_engine::{Context, Finalize, JsArgs, JsData, JsObject, JsResult, JsValue, Trace, js_string};
use interpreter::{Answer, Finished, Judgement, Verdict};
use serde_json::Value;

use crate::answer;
use crate::argument::{option, options, string};
use crate::json::{self, text, type_error};
use crate::state::{Current, State};

/// The classes of failures that a script can name (`wit/types.wit`). Of `denied`, `auth` and `network` the host says itself
/// whether they are so.
const CLASSES: [&str; 13] = [
    "refused",
    "auth",
    "network",
    "denied",
    "limit",
    "server",
    "rate",
    "incomplete",
    "ambiguous",
    "input",
    "template",
    "answer",
    "preset",
];

/// What stands behind the object that a script returns.
#[derive(Trace, Finalize, JsData)]
#[boa_gc(unsafe_empty_trace)]
struct Made(Finished);

/// What a returned value means; nothing if it is no result.
pub(crate) fn of(value: &JsValue) -> Option<Finished> {
    let object = value.as_object()?;
    let made = object.downcast_ref::<Made>()?;
    Some(made.0.clone())
}

/// The object for a result. What a script reads from it is only shown: what counts stands behind.
fn object(finished: Finished, context: &mut Context) -> JsResult<JsValue> {
    let kind = if finished.verdict.kind == "not-found" { "not_found" } else { finished.verdict.kind };
    let outputs = JsValue::from_json(&Value::Object(finished.outputs.clone()), context)?;
    let Verdict { class, message, evidence, .. } = finished.verdict.clone();
    let seen = Attribute::ENUMERABLE;
    let object: JsObject = ObjectInitializer::with_native_data(Made(finished), context)
        .property(js_string!("kind"), js_string!(kind), seen)
        .property(js_string!("class"), text(&class), seen)
        .property(js_string!("message"), text(&message), seen)
        .property(js_string!("evidence"), text(&evidence), seen)
        .property(js_string!("outputs"), outputs, seen)
        .build();
    Ok(object.into())
}

/// `host.ok(outputs?, { evidence, answer })`.
pub(crate) fn ok(_: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let current = State::of(context)?;
    let outputs = json::to_object(args.get_or_undefined(0), "outputs", context)?.unwrap_or_default();
    let options = options(args.get(1), "the options of host.ok", &["evidence", "answer"], context)?;
    let answer = answer_of(&options, &current)?;
    let evidence = match option(&options, "evidence") {
        Some(evidence) => string(evidence, "the evidence")?,
        // As a recipe says it.
        None if answer.is_none() => String::new(),
        None if writes(&current) => "envelope".into(),
        None => "answer".into(),
    };
    let finished = Finished { outputs, ..resting(Verdict::ok(evidence), answer) };
    object(finished, context)
}

/// `host.notFound(evidence, message?, { answer })`.
pub(crate) fn not_found(_: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let current = State::of(context)?;
    let evidence = args.get_or_undefined(0);
    let evidence = evidence.as_string().map(|text| text.to_std_string_lossy()).filter(|text| !text.trim().is_empty());
    let evidence = evidence.ok_or_else(|| {
        type_error("host.notFound needs its evidence, what proves that it is not there: \"code USER_NOTFOUND\"")
    })?;
    let message = match args.get_or_undefined(1) {
        none if none.is_undefined() => String::new(),
        message => string(message, "the message")?,
    };
    let options = options(args.get(2), "the options of host.notFound", &["answer"], context)?;
    let answer = answer_of(&options, &current)?;
    object(resting(Verdict::not_found(evidence).saying(message), answer), context)
}

/// `host.failed(message, { answer })` or `host.failed(class, message, { answer })`.
pub(crate) fn failed(_: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let current = State::of(context)?;
    let has_class = args.get_or_undefined(1).is_string();
    let (class, rest) = match (has_class, args) {
        (true, [class, rest @ ..]) => (string(class, "the class")?, rest),
        _ => ("refused".to_owned(), args),
    };
    if !CLASSES.contains(&class.as_str()) {
        return Err(type_error(format!("there is no class \"{class}\"; there are {}", CLASSES.join(", "))));
    }
    let message = string(rest.get_or_undefined(0), "the message of host.failed")?;
    let options = options(rest.get(1), "the options of host.failed", &["answer"], context)?;
    let answer = answer_of(&options, &current)?;
    object(resting(Verdict::failed(&class, &message), answer), context)
}

/// `host.judge(answer)`: null if the rules say that it worked, else the result that a recipe would end with.
pub(crate) fn judge(_: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let current = State::of(context)?;
    let given = args.get_or_undefined(0);
    let (answer, preset, inputs) = answer::of(given, "host.judge", |received| {
        (received.answer.clone(), received.preset.clone(), received.inputs.clone())
    })?;
    let Some(recipe) = current.recipes.get(&preset, &current.kind) else {
        return Err(type_error(format!("the bundle has no preset \"{preset}\"")));
    };
    let judged = answer.judge(&recipe.rules, &inputs, &current.settings, &answer.response, &current.trace);
    let verdict = match judged {
        Judgement::Ok => return Ok(JsValue::null()),
        Judgement::NotFound(evidence) => Verdict::not_found(evidence),
        Judgement::Failed(class, message) => Verdict::failed(class, &message),
    };
    object(resting(verdict, Some(answer)), context)
}

/// The answer that a result rests on: the one that is named, else the last one.
fn answer_of(options: &[(String, JsValue)], current: &Current) -> JsResult<Option<Rc<Answer>>> {
    match option(options, "answer") {
        Some(named) => answer::of(named, "the option answer", |received| received.answer.clone()).map(Some),
        None => Ok(current.last.borrow().clone()),
    }
}

/// A result with the answer that it rests on.
pub(crate) fn resting(verdict: Verdict, answer: Option<Rc<Answer>>) -> Finished {
    let finished = Finished::new(verdict);
    match answer {
        Some(answer) => finished.with(&answer, answer.response.clone()),
        None => finished,
    }
}

fn writes(current: &Current) -> bool {
    current.recipes.get(&current.preset, &current.kind).is_some_and(|recipe| recipe.writes)
}
