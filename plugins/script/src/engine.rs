//! The JavaScript engine, set up for presets.
//!
//! Owns: its clock, its bounds, what is taken out of its globals.
//! Keeps: nothing in it depends on the machine or on chance.

use std::rc::Rc;

use boa_engine::context::time::{Clock, JsInstant};
use boa_engine::{Context, JsNativeError, JsResult, JsValue, NativeFunction, js_string};
use interpreter::Files;

use crate::hooks::Hooks;
use crate::jobs::Jobs;
use crate::limits;
use crate::loader::Loader;
use crate::state::State;

/// The engine with its parts.
pub(crate) struct Engine {
    pub(crate) context: Context,
    pub(crate) state: Rc<State>,
    pub(crate) hooks: Rc<Hooks>,
    pub(crate) jobs: Rc<Jobs>,
    pub(crate) loader: Rc<Loader>,
}

impl Engine {
    /// An engine that knows the files of a bundle.
    pub(crate) fn new(files: Files) -> JsResult<Self> {
        let state = Rc::new(State::default());
        let jobs = Rc::new(Jobs::new());
        let hooks = Rc::new(Hooks::new(jobs.clone()));
        let loader = Rc::new(Loader::new(files));
        let mut context = Context::builder()
            .clock(Rc::new(HostClock(state.clone())))
            .host_hooks(hooks.clone())
            .job_executor(jobs.clone())
            .module_loader(loader.clone())
            .build()?;
        let bounds = context.runtime_limits_mut();
        bounds.set_loop_iteration_limit(limits::ROUNDS);
        bounds.set_recursion_limit(limits::DEPTH);
        context.insert_data(state.clone());
        let math = context.global_object().get(js_string!("Math"), &mut context)?;
        if let Some(math) = math.as_object() {
            let random = NativeFunction::from_fn_ptr(no_random).to_js_function(context.realm());
            math.set(js_string!("random"), random, true, &mut context)?;
        }
        Ok(Self { context, state, hooks, jobs, loader })
    }
}

fn no_random(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    let message = "Math.random is not available: the same inputs and answers must give the same result; an input can \
                   bring what has to differ";
    Err(JsNativeError::typ().with_message(message).into())
}

/// The contract's clock inside a run. There is none while scripts are loaded.
struct HostClock(Rc<State>);

impl Clock for HostClock {
    fn now(&self) -> JsInstant {
        // Only timers ask for it, and there are none.
        JsInstant::new(0, 0)
    }

    fn system_time_millis(&self) -> i64 {
        match self.0.current() {
            Some(current) => i64::try_from(current.door.now()).unwrap_or(i64::MAX),
            None => {
                self.0.asked_the_time.set(true);
                0
            }
        }
    }
}
