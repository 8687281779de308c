//! Whether a write took place: the preset named in `[probe]` looks.

use presetter_template::{Context, Template};
use serde_json::{Map, Value};

use crate::outcome::{Kind, Outcome, Report};
use crate::request::names;
use crate::{Invocation, invocation};

/// What a look came to.
enum Seen {
    /// It is there, as asked for.
    There,
    /// Something is there that differs in the input named.
    Differs(String),
    /// It is provably not there.
    Absent,
    /// The look failed.
    Unclear,
}

/// Runs a write with a look before it, where a repeat needs one, and a look after it: `--confirm`.
///
/// What is there already is not written again, and what cannot be seen clearly is not written at all.
pub async fn run_confirmed(invocation: &Invocation) -> Report {
    if invocation.preset.manifest.repeat() == presetter_manifest::Repeat::Probe
        && let Some(report) = before(invocation).await
    {
        return report;
    }
    let report = invocation::run(invocation).await;
    after(invocation, report).await
}

/// The report that ends the run before the write, if it must not be sent.
async fn before(invocation: &Invocation) -> Option<Report> {
    let (seen, mut report) = look(invocation, &Map::new()).await?;
    let why = match seen {
        // Nothing is there; or something of the same key that differs, which is the vendor's to judge.
        Seen::Absent | Seen::Differs(_) => return None,
        Seen::There => {
            report.outcome.evidence = format!("{}; it was there already, nothing was sent", evidence(invocation));
            return Some(Report { outputs: supplied(invocation, &Map::new(), &report.outputs), ..report });
        }
        Seen::Unclear => report.outcome.message,
    };
    report.outcome.message = format!("nothing was written, because the look before it was not clear: {why}");
    report.outcome.hint = report.outcome.hint.or(Some("without --confirm it is sent without a look".into()));
    Some(report)
}

/// The report with what a look after the write has shown.
///
/// An `unknown` becomes `ok` (it is there, as asked for), `failed` with class `not-done` (it is provably not there: the
/// write can safely be sent again), or stays unknown. An `ok` whose only evidence is the vendor's OK becomes one with
/// evidence, or `failed` with class `unconfirmed`. Other reports, and presets without a probe, stay as they are.
async fn after(invocation: &Invocation, mut report: Report) -> Report {
    if !matches!(report.outcome.kind, Kind::Ok | Kind::Unknown) {
        return report;
    }
    let Some((seen, found)) = look(invocation, &report.outputs).await else { return report };
    report.requests += found.requests;
    report.duration += found.duration;
    let was_unknown = report.outcome.kind == Kind::Unknown;
    let outcome = &mut report.outcome;
    match seen {
        Seen::There => {
            report.outputs = supplied(invocation, &report.outputs, &found.outputs);
            report.outcome = Outcome {
                kind: Kind::Ok,
                class: String::new(),
                message: String::new(),
                evidence: evidence(invocation),
                hint: None,
            };
            report.diagnostics = None;
        }
        Seen::Differs(name) if was_unknown => {
            outcome.message = format!("{}; what is there now has another \"{name}\"", outcome.message);
        }
        Seen::Differs(name) => {
            *outcome =
                Outcome::failed("unconfirmed", format!("the API said OK, but what is there has another \"{name}\""));
        }
        Seen::Absent if was_unknown => {
            let failed = Outcome::failed("not-done", "the write was not answered, and it did not take place");
            *outcome = Outcome { evidence: found.outcome.evidence, ..failed.with_hint("it is safe to run it again") };
        }
        Seen::Absent => {
            let failed = Outcome::failed("unconfirmed", "the API said OK, but it is not there");
            *outcome = Outcome { evidence: found.outcome.evidence, ..failed };
        }
        Seen::Unclear => {
            let also = format!("the look whether it took place failed: {}", found.outcome.message);
            outcome.message = if outcome.message.is_empty() { also } else { format!("{}; {also}", outcome.message) };
        }
    }
    report
}

fn evidence(invocation: &Invocation) -> String {
    let probe = invocation.preset.manifest.probe.as_ref().map(|p| p.preset.to_string());
    format!("probe {}", probe.unwrap_or_default())
}

/// Runs the probe; nothing if the preset has none. `outputs`: what is known of the write already.
async fn look(invocation: &Invocation, outputs: &Map<String, Value>) -> Option<(Seen, Report)> {
    let probe = invocation.preset.manifest.probe.as_ref()?;
    let settings = Value::Object(invocation.settings.clone());
    let mut known = invocation.inputs.clone();
    for (name, value) in outputs {
        known.entry(name.clone()).or_insert_with(|| value.clone());
    }
    let mut inputs = Map::new();
    for (name, text) in &probe.inputs {
        let template = Template::compile(text.as_str(), Context::Value).ok();
        let value = template.and_then(|t| t.render_value(&names(&known, &settings)).ok());
        if let Some(value) = value.filter(|v| !v.is_null()) {
            inputs.insert(name.clone(), value);
        }
    }
    let preset = invocation.bundle.preset(probe.preset.as_str()).ok()?;
    let look = Invocation { preset, inputs, body: None, body_set: Vec::new(), ..invocation.clone() };
    let found = invocation::run(&look).await;
    let differs = probe.equal.iter().map(|name| name.as_str()).find(|name| {
        let given = invocation.inputs.get(*name).filter(|v| !v.is_null());
        given.is_some_and(|given| !same(given, found.outputs.get(*name).unwrap_or(&Value::Null)))
    });
    let seen = match (found.outcome.kind, differs) {
        (Kind::Ok, None) => Seen::There,
        (Kind::Ok, Some(name)) => Seen::Differs(name.to_owned()),
        (Kind::NotFound, _) => Seen::Absent,
        (Kind::Failed | Kind::Unknown, _) => Seen::Unclear,
    };
    Some((seen, found))
}

/// The write's outputs, and those that the probe supplies where the answer to the write has none.
fn supplied(invocation: &Invocation, own: &Map<String, Value>, found: &Map<String, Value>) -> Map<String, Value> {
    let mut outputs = own.clone();
    for name in invocation.preset.manifest.probe.iter().flat_map(|p| &p.outputs) {
        let missing = outputs.get(name.as_str()).is_none_or(Value::is_null);
        if let Some(value) = found.get(name.as_str()).filter(|_| missing) {
            outputs.insert(name.as_str().to_owned(), value.clone());
        }
    }
    outputs
}

/// Whether two values are the same, where vendors send numbers as texts.
fn same(a: &Value, b: &Value) -> bool {
    let plain = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    a == b || (!a.is_object() && !a.is_array() && !b.is_object() && !b.is_array() && plain(a) == plain(b))
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
        assert!(!same(&json!("{}"), &json!({})));
    }
}
