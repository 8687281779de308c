//! Returns much: 10 MiB.

use crate::{json, ok, types};

pub(crate) fn run() -> types::Outcome {
    ok(json!({ "much": "x".repeat(10 << 20) }))
}
