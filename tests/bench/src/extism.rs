//! The same run as a plugin of Extism, in a program of its own (`rivals/extism-host`).

use std::fs;

use serde_json::{Value, json};

use crate::kit::{Got, Kit};

/// What each call took, in nanoseconds: in a fresh instance, and in one that is used again.
pub(crate) fn calls(kit: &Kit, inputs: &Value, answer: &Value, runs: usize) -> [Got<Vec<f64>>; 2] {
    let told = told(kit, inputs, answer, runs);
    ["fresh", "kept"].map(|which| {
        let lines = told.as_ref().map_err(Clone::clone)?.lines();
        Ok(lines.filter_map(|line| line.strip_prefix(which)?.trim().parse().ok()).collect())
    })
}

fn told(kit: &Kit, inputs: &Value, answer: &Value, runs: usize) -> Got<String> {
    let answer = json!({ "status": 200, "headers": { "content-type": "application/json" }, "body": answer });
    let file = |name: &str, value: &Value| -> Got<String> {
        let place = kit.place(name);
        fs::write(&place, value.to_string()).map_err(|error| error.to_string())?;
        Ok(place.display().to_string())
    };
    let (inputs, answer) = (file("inputs.json", inputs)?, file("answer.json", &answer)?);
    kit.done(kit.command("extism-host", [kit.tool("extism-plugin")?, &inputs, &answer, &runs.to_string()])?)
}
