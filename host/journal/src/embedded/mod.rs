//! The engine in this program, over an SQLite file that any number of its processes may share.
//!
//! Owns: the file `journal.db`, leases, and the workers.
//! Never: what a step does.
//!
//! A worker that takes a run first settles what was in flight, as each step's statement says, and then replays the flow; what is
//! recorded returns at once. While it works it renews its leases; whose lease is over, its runs are taken by others, and it
//! records nothing more for them. A lease is compared with the time of day, so processes that share the file share a clock. It
//! fences the file and not the wire: see the crate.
//!
//! Invariants: see the crate; `lease` keeps "one worker at a time", `attempt` the rule for what is in doubt, `context` the
//! identity of steps, `lane` that nothing is answered before it is on the disk.

mod attempt;
mod context;
mod control;
mod engine;
mod fault;
mod hold;
mod join;
mod lane;
mod lease;
mod query;
mod record;
mod schedule;
mod schema;
mod store;
mod submit;
mod text;
mod worker;

pub use engine::{Embedded, Settings};
