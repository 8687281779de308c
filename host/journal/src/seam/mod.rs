//! The seam: what flows, executors and engines know of each other.
//!
//! Owns: the types that cross it, all of them data, and the five traits: [`Flow`] and [`DurableContext`] on the side of the flow,
//! [`StepExecutor`] where steps are done, [`Engine`] where runs are kept, [`Clock`] for time.
//! Never: how an engine keeps what it keeps.
//!
//! Invariant: everything that an engine stores or sends is one of these types as JSON, so that another engine can take its place.

mod cancellation;
mod clock;
mod control;
mod crash;
mod engine;
mod executor;
mod flow;
mod run;
mod step;

pub use cancellation::{Cancellation, Canceller};
pub use clock::{Clock, SystemClock};
pub use control::{Decision, Event, Schedule, Until};
pub use crash::{CrashPoints, NoCrash, Point, Side, Write};
pub use engine::{Engine, EngineError, Parts};
pub use executor::{Attempt, Place, Probe, StepEnd, StepExecutor};
pub use flow::{Branch, DurableContext, Flow, FlowError, Interrupted};
pub use run::{Filter, FlowName, Page, Run, RunId, RunState, Submission, Submitted};
pub use step::{Failure, Repeat, Step, StepKind, StepPath, StepRecord, StepState};

/// The most bytes of one payload as JSON: an input, a definition, a step, an answer, an event.
pub const MAX_PAYLOAD: usize = 4 << 20;
/// The deepest nesting of one payload: lists and objects in each other.
pub const MAX_DEPTH: usize = 100;
/// The most bytes of one report of progress as JSON.
pub const MAX_PROGRESS: usize = 64 << 10;
/// The most bytes of a name or key: of a flow, step, event, schedule, ordering, person.
pub const MAX_NAME: usize = 1 << 10;
/// The most recorded steps of one run; sleeps, waits, times and reports of progress count too.
pub const MAX_STEPS: u64 = 100_000;
/// The most bytes of all recorded steps and answers of one run: a replay reads them all.
pub const MAX_RUN: u64 = 256 << 20;
/// The most branches that go side by side at one place.
pub const MAX_BRANCHES: usize = 1_000;
/// The most runs or steps of one page.
pub const MAX_PAGE: u32 = 1_000;
