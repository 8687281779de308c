//! Logs for ever: many short lines, or few long ones.

use crate::{Value, log, text, types};

pub(crate) fn run(input: &Value) -> types::Outcome {
    let line = if text(input, "lines") == "long" { "x".repeat(100_000) } else { "x".to_owned() };
    loop {
        log::log("info", &line);
    }
}
