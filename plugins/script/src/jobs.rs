//! The queue of what goes on after promises, counted.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use boa_engine::job::{Job, JobExecutor, SimpleJobExecutor};
use boa_engine::{Context, JsResult};

use crate::limits::JOBS;

/// The engine's own queue, which stops after [`JOBS`].
pub(crate) struct Jobs {
    queue: Rc<SimpleJobExecutor>,
    stop: Box<dyn Fn(bool)>,
    seen: Cell<u64>,
}

impl Jobs {
    pub(crate) fn new() -> Self {
        let queue = Rc::new(SimpleJobExecutor::new());
        let token = queue.get_cancellation_token();
        Self { queue, stop: Box::new(move |stop| token.store(stop, Ordering::Relaxed)), seen: Cell::new(0) }
    }

    /// How many there were since [`Self::restart`].
    pub(crate) fn seen(&self) -> u64 {
        self.seen.get()
    }

    /// Whether there were too many.
    pub(crate) fn exceeded(&self) -> bool {
        self.seen.get() > JOBS
    }

    /// A run begins.
    pub(crate) fn restart(&self) {
        self.seen.set(0);
        (self.stop)(false);
    }
}

impl JobExecutor for Jobs {
    fn enqueue_job(self: Rc<Self>, job: Job, context: &mut Context) {
        self.seen.set(self.seen.get() + 1);
        if self.exceeded() {
            (self.stop)(true);
        }
        self.queue.clone().enqueue_job(job, context);
    }

    fn run_jobs(self: Rc<Self>, context: &mut Context) -> JsResult<()> {
        self.queue.clone().run_jobs(context)
    }
}
