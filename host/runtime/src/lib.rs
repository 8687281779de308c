//! Runs presets: wasmtime, its limits, and the host's side of the contract in `wit/`.
//!
//! Owns: the one engine, the cache of compiled code, instances, what a component may use up, and the floor under what
//! it claims. Never does: open a socket (`presetter-egress` does), read the environment, print.
//!
//! Invariants: a fresh instance for every run; a component imports nothing but the contract; a component never sees a
//! credential; whatever it does, the run ends within its limits, and no other run notices.

mod accept;
mod cache;
mod contract;
mod engine;
mod floor;
mod given;
mod host;
mod json;
mod limits;
mod meter;
mod observer;
mod outcome;
mod probe;
mod request;
mod retry;
mod run;
mod runner;
mod vet;

pub use accept::{AcceptError, accepts};
pub use contract::SERVED;
#[cfg(feature = "witness")]
pub use engine::Witness;
pub use engine::{Component, Engine, EngineOptions, LoadError, MAX_COMPONENT_BYTES};
pub use observer::{Asked, Patience, Quiet, RunObserver, Sending, Verdict};
pub use outcome::{Kind, Outcome, Report};
pub use presetter_manifest::{Limit, Limits};
pub use probe::Looked;
pub use runner::{BodyOverride, Invocation, Runner, Setup};
pub use tokio_util::sync::CancellationToken;
