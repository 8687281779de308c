//! What the interpreters share: the contract's bindings, and how a recipe runs.
//!
//! Owns: reading the sources ([`Recipes::load`]), the flow of a run (request, judgement, pages, search, batches, outputs), what its
//! outcome rests on, and how all of it is said in the contract's words ([`contract`]). Never does: rendering or sending a request (the host
//! does), seeing a credential, exporting anything: `recipe` and `script` are the components.
//!
//! Invariants: `not-found` has proof (a code that the manifest lists, or a complete scan); after a search, no other item
//! than the found one leaves the component; of a row that the answer to many does not clearly speak of, nothing is said but that.

mod answer;
mod batch;
pub mod contract;
mod door;
mod load;
#[cfg(target_family = "wasm")]
mod memory;
mod output;
mod recipe;
mod run;
mod scan;
mod search;
#[cfg(any(test, target_family = "wasm"))]
mod shelves;
#[cfg(test)]
mod tests;
mod trace;

pub use answer::{Answer, Judgement};
pub use door::{Body, Door, Raw, Refusal, Request};
pub use load::{Files, Recipes, complaint, complaints};
#[cfg(target_family = "wasm")]
pub use memory::{kept, loaded};
pub use presetter_manifest::Text;
pub use presetter_template::Problem;
pub use recipe::{Recipe, Rules};
pub use run::{Context, Finished, Run, Scripts, Seen, Verdict};
pub use trace::Trace;

/// Nothing: outside of a component memory is the system's.
#[cfg(not(target_family = "wasm"))]
pub fn loaded() {}

/// What is made.
#[cfg(not(target_family = "wasm"))]
pub fn kept<T>(make: impl FnOnce() -> T) -> T {
    make()
}
