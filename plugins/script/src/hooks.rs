//! What the engine asks its surroundings: no code from texts, no local time zone, and an eye on promises.
//!
//! Owns: which promises were rejected and nobody looked, and where a run that stands still was waiting.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use boa_engine::builtins::promise::{OperationType, Promise};
use boa_engine::context::HostHooks;
use boa_engine::job::JobCallback;
use boa_engine::native_function::NativeFunctionObject;
use boa_engine::object::builtins::JsFunction;
use boa_engine::realm::Realm;
use boa_engine::{Context, Finalize, JsData, JsNativeError, JsObject, JsResult, JsString, JsValue, Trace};

use crate::jobs::Jobs;
use crate::place::Place;

/// A promise that was rejected while nobody listened, and where.
pub(crate) struct Rejected {
    pub(crate) promise: JsObject<Promise>,
    pub(crate) place: Option<Place>,
}

/// The hooks.
pub(crate) struct Hooks {
    jobs: Rc<Jobs>,
    rejected: RefCell<Vec<Rejected>>,
    /// Callbacks that were left with promises so far.
    left: Cell<u64>,
    /// Where the last one was.
    waiting: RefCell<Option<Place>>,
    /// Where the callback was left that goes on now.
    going_on: RefCell<Option<Place>>,
    /// Where the last `await` was after which the script neither came to an end that anybody saw nor waited again.
    silent: RefCell<Option<Place>>,
}

/// Where a callback was left with a promise.
#[derive(Trace, Finalize, JsData)]
#[boa_gc(unsafe_empty_trace)]
struct LeftAt(Option<Place>);

impl Hooks {
    pub(crate) fn new(jobs: Rc<Jobs>) -> Self {
        let (rejected, waiting, going_on, silent) = Default::default();
        Self { jobs, rejected, left: Cell::new(0), waiting, going_on, silent }
    }

    /// A run begins.
    pub(crate) fn restart(&self) {
        self.rejected.borrow_mut().clear();
        *self.waiting.borrow_mut() = None;
        *self.going_on.borrow_mut() = None;
        *self.silent.borrow_mut() = None;
    }

    /// The promises that were rejected and that nobody has looked at.
    pub(crate) fn take_rejected(&self) -> Vec<Rejected> {
        std::mem::take(&mut self.rejected.borrow_mut())
    }

    /// Where the script waits, or last did.
    pub(crate) fn waiting(&self) -> Option<Place> {
        self.waiting.borrow().clone()
    }

    /// The `await` after which the engine ended the script, if the script stands still and it did.
    ///
    /// The engine drops the error by which it ends an async function that goes on after an `await`, and leaves its promise
    /// pending. What is left to see is that such a function went on and left no trace: no promise settled, none waited for.
    pub(crate) fn ended_after(&self) -> Option<Place> {
        self.silent.borrow().clone()
    }

    /// Changes with everything that a script leaves behind.
    fn activity(&self) -> (u64, u64, usize) {
        (self.left.get(), self.jobs.seen(), self.rejected.borrow().len())
    }
}

impl HostHooks for Hooks {
    fn ensure_can_compile_strings(
        &self,
        _: Realm,
        _: &[JsString],
        _: &JsString,
        _: bool,
        _: &mut Context,
    ) -> JsResult<()> {
        let message = "eval and Function are not available: what a preset does stands in its files";
        Err(JsNativeError::typ().with_message(message).into())
    }

    fn local_timezone_offset_seconds(&self, _: i64) -> i32 {
        0
    }

    fn promise_rejection_tracker(&self, promise: &JsObject<Promise>, operation: OperationType, context: &mut Context) {
        let mut rejected = self.rejected.borrow_mut();
        match operation {
            OperationType::Reject => {
                let place = Place::now(context).or_else(|| self.going_on.borrow().clone());
                rejected.push(Rejected { promise: promise.clone(), place });
            }
            OperationType::Handle => rejected.retain(|known| !JsObject::equals(&known.promise, promise)),
        }
    }

    fn make_job_callback(&self, callback: JsFunction, context: &mut Context) -> JobCallback {
        self.left.set(self.left.get() + 1);
        let place = Place::now(context);
        if place.is_some() {
            self.waiting.borrow_mut().clone_from(&place);
        }
        JobCallback::new(callback, LeftAt(place))
    }

    fn call_job_callback(
        &self,
        job: &JobCallback,
        this: &JsValue,
        args: &[JsValue],
        context: &mut Context,
    ) -> JsResult<JsValue> {
        let before = self.activity();
        let left = (job.host_defined() as &dyn std::any::Any).downcast_ref::<LeftAt>();
        let left = left.and_then(|left| left.0.clone());
        self.going_on.borrow_mut().clone_from(&left);
        let result = job.callback().call(this, args, context);
        // What goes on after an `await` is a function of the engine's, not the author's.
        if result.is_ok() && self.activity() == before && job.callback().is::<NativeFunctionObject>() {
            *self.silent.borrow_mut() = left;
        }
        result
    }
}
