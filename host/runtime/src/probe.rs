//! Whether a write took place: the preset named in `[probe]` looks.

use presetter_template::{Context, Template};
use serde_json::{Map, Value};

use crate::outcome::{Kind, Outcome, Report};
use crate::request::names;
use crate::{Invocation, invocation};

/// Looks whether the write of a run took place, and says so in its report.
///
/// An `unknown` becomes `ok` (it is there, as asked for), `failed` with class `not-done` (it is provably not there: the
/// write can safely be sent again), or stays unknown. An `ok` whose only evidence is the vendor's OK becomes one with
/// evidence, or `failed` with class `unconfirmed`. Other reports, and presets without a probe, stay as they are.
pub async fn confirm(invocation: &Invocation, mut report: Report) -> Report {
    let Some(probe) = &invocation.preset.manifest.probe else { return report };
    if !matches!(report.outcome.kind, Kind::Ok | Kind::Unknown) {
        return report;
    }
    let settings = Value::Object(invocation.settings.clone());
    let mut known = invocation.inputs.clone();
    for (name, value) in &report.outputs {
        known.entry(name.clone()).or_insert_with(|| value.clone());
    }
    let mut inputs = Map::new();
    for (name, text) in &probe.inputs {
        let value = Template::compile(text.as_str(), Context::Value).ok().and_then(|t| t.render_value(&names(&known, &settings)).ok());
        if let Some(value) = value.filter(|v| !v.is_null()) {
            inputs.insert(name.clone(), value);
        }
    }
    let Ok(preset) = invocation.bundle.preset(probe.preset.as_str()) else { return report };
    let look = Invocation { preset, inputs, body: None, body_set: Vec::new(), ..invocation.clone() };
    let found = invocation::run(&look).await;
    report.requests += found.requests;
    report.duration += found.duration;

    let differs = probe.equal.iter().map(|name| name.as_str()).find(|name| {
        let given = invocation.inputs.get(*name);
        given.is_some_and(|given| !given.is_null() && !same(given, found.outputs.get(*name).unwrap_or(&Value::Null)))
    });
    let was_unknown = report.outcome.kind == Kind::Unknown;
    match (found.outcome.kind, differs) {
        (Kind::Ok, None) => {
            for name in &probe.outputs {
                let missing = report.outputs.get(name.as_str()).is_none_or(Value::is_null);
                if let Some(value) = found.outputs.get(name.as_str()).filter(|_| missing) {
                    report.outputs.insert(name.as_str().to_owned(), value.clone());
                }
            }
            let evidence = format!("probe {}", probe.preset);
            report.outcome = Outcome { kind: Kind::Ok, class: String::new(), message: String::new(), evidence, hint: None };
            report.diagnostics = None;
        }
        (Kind::Ok, Some(name)) if was_unknown => {
            report.outcome.message = format!("{}; what is there now has another \"{name}\"", report.outcome.message);
        }
        (Kind::Ok, Some(name)) => {
            let message = format!("the API said OK, but what is there has another \"{name}\"");
            report.outcome = Outcome::failed("unconfirmed", message);
        }
        (Kind::NotFound, _) if was_unknown => {
            let outcome = Outcome::failed("not-done", "the write was not answered, and it did not take place");
            report.outcome = Outcome { evidence: found.outcome.evidence, ..outcome.with_hint("it is safe to run it again") };
        }
        (Kind::NotFound, _) => {
            let outcome = Outcome::failed("unconfirmed", "the API said OK, but it is not there");
            report.outcome = Outcome { evidence: found.outcome.evidence, ..outcome };
        }
        (Kind::Failed | Kind::Unknown, _) => {
            let also = format!("; the look whether it took place failed as well: {}", found.outcome.message);
            report.outcome.message = format!("{}{also}", report.outcome.message);
        }
    }
    report
}

/// Whether two values are the same, where vendors send numbers as texts.
fn same(a: &Value, b: &Value) -> bool {
    let plain = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    a == b || (!a.is_object() && !a.is_array() && plain(a) == plain(b))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_may_come_as_texts() {
        assert!(same(&json!(1), &json!("1")));
        assert!(same(&json!("a"), &json!("a")));
        assert!(!same(&json!("a"), &json!("b")));
        assert!(!same(&json!("null"), &json!({})));
    }
}
