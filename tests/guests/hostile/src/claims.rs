//! Claims an outcome of its own choice, after a request of its own choice.

use crate::{Map, Value, outcome, text, types, wire};

pub(crate) fn run(input: &Value) -> types::Outcome {
    let mut outputs = Map::new();
    if let Value::Array(parts) = &input["path"] {
        let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
        outputs.insert("came".into(), wire::send(&wire::request("GET", &parts)));
    }
    outcome(text(input, "kind"), text(input, "class"), "so it is claimed", "so it is claimed", outputs)
}
