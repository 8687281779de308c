//! What a run knows, for the functions that a script calls.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use boa_engine::{Context, JsNativeError, JsResult};
use interpreter::{Answer, Door, Recipes, Trace};
use serde_json::{Map, Value};

/// What the engine's parts share.
#[derive(Default)]
pub(crate) struct State {
    current: RefCell<Option<Rc<Current>>>,
    /// Whether somebody asked for the time while there was no run.
    pub(crate) asked_the_time: Cell<bool>,
}

/// One run.
pub(crate) struct Current {
    pub(crate) door: Rc<dyn Door>,
    pub(crate) recipes: Rc<Recipes>,
    /// The preset that runs.
    pub(crate) preset: String,
    pub(crate) kind: String,
    pub(crate) settings: Value,
    pub(crate) inputs: Map<String, Value>,
    pub(crate) trace: Trace,
    /// The last answer received.
    pub(crate) last: RefCell<Option<Rc<Answer>>>,
}

impl State {
    /// A run begins, or has ended.
    pub(crate) fn set(&self, current: Option<Rc<Current>>) {
        *self.current.borrow_mut() = current;
    }

    /// The run, if there is one.
    pub(crate) fn current(&self) -> Option<Rc<Current>> {
        self.current.borrow().clone()
    }

    /// The run that a script's call belongs to.
    pub(crate) fn of(context: &Context) -> JsResult<Rc<Current>> {
        let state = context.get_data::<Rc<Self>>();
        state.and_then(|state| state.current()).ok_or_else(|| {
            JsNativeError::typ().with_message("the host can be asked only inside run(inputs, host)").into()
        })
    }
}
