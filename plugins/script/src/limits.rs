//! What ends a script that does not come to an end of its own.
//!
//! The host bounds time and memory in any case (`host/manifest/src/limits.rs`), but it cannot see where in a script the time
//! goes. These bounds are the engine's, which can say so; they are meant to be hit well before the host's.
//! Unit tests run the engine unoptimised, a hundred times slower than it is in the component: their bounds are smaller.

/// How often the loops of one call of a function may go round, all together. An empty loop takes some 0.2 seconds for it, and
/// one with a body that is thirty times as heavy still ends before the ten seconds that a run usually has.
pub(crate) const ROUNDS: u64 = if cfg!(test) { 20_000 } else { 1_000_000 };
/// How many calls deep functions may be in one another. Calls that come back through the engine (`map`, `sort`, getters,
/// `toJSON`) take the component's own stack, of which there is one MiB: so many fit.
pub(crate) const DEPTH: usize = 200;
/// How often a run may go on after an `await`, or by a callback of a promise. It takes some two seconds for it; that many
/// rows could not be handed over one by one in the time that a run usually has.
pub(crate) const JOBS: u64 = if cfg!(test) { 20_000 } else { 200_000 };

/// What a script hears that went round too often.
pub(crate) fn rounds() -> String {
    format!("a loop went round more than {ROUNDS} times")
}

/// What a script hears whose calls are too deep.
pub(crate) fn depth() -> String {
    format!("functions called one another more than {DEPTH} deep")
}

/// What a script hears that never stops to wait for promises.
pub(crate) fn jobs() -> String {
    format!("promises were waited for more than {JOBS} times")
}
