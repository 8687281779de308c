//! Does what a preset should: one request, and its answer as an output.

use crate::{json, ok, types, wire};

pub(crate) fn run() -> types::Outcome {
    ok(json!({ "came": wire::send(&wire::get("ok")) }))
}
