//! Writes, and then never ends.

use crate::{Value, endless_loop, http, text, types, wire};

pub(crate) fn run(input: &Value) -> types::Outcome {
    drop(http::send(&wire::request("POST", &["open", text(input, "first")])));
    endless_loop::run()
}
