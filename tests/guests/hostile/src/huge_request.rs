//! Sends a body of 20 MiB.

use crate::{json, ok, types, wire};

pub(crate) fn run() -> types::Outcome {
    let mut request = wire::request("POST", &["open", "take"]);
    request.body = wire::body("bytes", &vec![b'x'; 20 << 20]);
    ok(json!({ "came": wire::send(&request) }))
}
