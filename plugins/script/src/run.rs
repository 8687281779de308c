//! One run of a script, and what its end means.

use std::rc::Rc;

use boa_engine::builtins::promise::PromiseState;
use boa_engine::object::builtins::{JsFunction, JsPromise};
use boa_engine::{JsError, JsResult, JsValue};
use interpreter::Finished;
use serde_json::Value;

use crate::engine::Engine;
use crate::limits;
use crate::outcome;
use crate::state::Current;
use crate::thrown::{About, Thrown};
use crate::{api, place::Place};

/// A script that was loaded.
pub(crate) struct Script {
    /// Its file, relative to the bundle's folder.
    pub(crate) file: String,
    pub(crate) run: JsFunction,
    /// Where its default export is.
    pub(crate) place: Place,
}

impl Engine {
    /// Runs a script.
    pub(crate) fn run(&mut self, script: &Script, current: Current) -> Finished {
        let current = Rc::new(current);
        self.hooks.restart();
        self.jobs.restart();
        self.state.set(Some(current.clone()));
        let finished = match self.end(script, &current) {
            Ok(finished) => finished,
            Err(thrown) => {
                if !thrown.stack.is_empty() {
                    current
                        .door
                        .log("error", &format!("{}\n{}", thrown.message(&script.file), thrown.stack.join("\n")));
                }
                let answer = current.last.borrow().clone();
                outcome::resting(thrown.finished(&script.file).verdict, answer)
            }
        };
        self.state.set(None);
        Finished { trace: current.trace.points(), ..finished }
    }

    fn end(&mut self, script: &Script, current: &Current) -> Result<Finished, Thrown> {
        let returned = self.settle(script, current)?;
        // A promise that nobody awaits may hide that something did not take place.
        if let Some(rejected) = self.hooks.take_rejected().into_iter().next() {
            let promise = JsPromise::from_object(rejected.promise.clone().upcast());
            let reason = match promise.map(|promise| promise.state()) {
                Ok(PromiseState::Rejected(reason)) => reason,
                _ => JsValue::undefined(),
            };
            return Err(self.thrown(&JsError::from_opaque(reason)).unawaited(rejected.place));
        }
        outcome::of(&returned).ok_or_else(|| {
            let what = match returned.as_object() {
                _ if returned.is_undefined() => "nothing".to_owned(),
                Some(object) if object.is_callable() => "a function".to_owned(),
                Some(object) if object.is_array() => "a list".to_owned(),
                Some(_) => "an object that is no result".to_owned(),
                None => returned.display().to_string().chars().take(60).collect(),
            };
            let message =
                format!("the script returned {what}; it returns host.ok(...), host.notFound(...) or host.failed(...)");
            Thrown::fault(message, Some(script.place.clone()))
        })
    }

    /// What the script returns, when all that it has begun is done.
    fn settle(&mut self, script: &Script, current: &Current) -> Result<JsValue, Thrown> {
        let begun = self.begin(script, current);
        let promise = begun.map_err(|error| self.thrown(&error))?;
        let ran = self.context.run_jobs();
        ran.map_err(|error| self.thrown(&error))?;
        if self.jobs.exceeded() {
            let thrown = Thrown::ended(limits::jobs(), self.hooks.waiting()).about(About::Await);
            return Err(thrown.located(&self.loader));
        }
        match promise.state() {
            PromiseState::Fulfilled(value) => Ok(value),
            PromiseState::Rejected(reason) => {
                let thrown = self.thrown(&JsError::from_opaque(reason));
                // That of the script itself, since nothing listens to it.
                let place = self.hooks.take_rejected().into_iter().find_map(|rejected| rejected.place);
                Err(thrown.or_at(place).or_at(Some(script.place.clone())).located(&self.loader))
            }
            PromiseState::Pending => Err(match self.hooks.ended_after() {
                Some(place) => {
                    let what = format!("after an await {}, or {}", limits::rounds(), limits::depth());
                    Thrown::ended(what, Some(place)).about(About::Loop).located(&self.loader)
                }
                None => {
                    let what = "the script never ends: it waits for a promise that nothing settles";
                    let place = self.hooks.waiting().or(Some(script.place.clone()));
                    Thrown::fault(what, place).about(About::Await).located(&self.loader)
                }
            }),
        }
    }

    fn begin(&mut self, script: &Script, current: &Current) -> JsResult<JsPromise> {
        let context = &mut self.context;
        let inputs = JsValue::from_json(&Value::Object(current.inputs.clone()), context)?;
        let host = api::host(current, context)?;
        let returned = script.run.call(&JsValue::undefined(), &[inputs, host.into()], context)?;
        JsPromise::resolve(returned, context)
    }

    pub(crate) fn thrown(&mut self, error: &JsError) -> Thrown {
        Thrown::read(error, &mut self.context).located(&self.loader)
    }
}
