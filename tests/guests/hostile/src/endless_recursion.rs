//! Calls itself for ever. With little in each frame, so that the stack of the engine ends before the one that the compiler
//! keeps in memory.

use std::hint::black_box;

use crate::{json, ok, types};

pub(crate) fn run() -> types::Outcome {
    ok(json!({ "deep": deeper(0) }))
}

#[allow(unconditional_recursion, reason = "that is the misdeed")]
fn deeper(level: u64) -> u64 {
    deeper(black_box(level) + 1).wrapping_mul(level | 1)
}
