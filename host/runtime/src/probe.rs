//! Whether a write took place: the preset named in `[probe]` looks.

use presetter_manifest::{Effect, Probe, Repeat};
use presetter_template::{Context, Template};
use serde_json::{Map, Value};

use crate::outcome::{Kind, Outcome, Report};
use crate::request::names;
use crate::runner::{Invocation, Runner};

/// What a look came to.
enum Seen {
    /// It is there, as asked for.
    There,
    /// Something is there that differs in the input named.
    Differs(String),
    /// Something is there, and whether it is as asked for cannot be seen.
    Partly(String),
    /// It is provably not there.
    Absent,
    /// The look failed.
    Unclear,
}

impl Runner {
    /// Runs a write with a look before it, where a repeat needs one, and a look after it: `--confirm`.
    ///
    /// What is there already is not written again, and what cannot be seen clearly is not written at all.
    pub async fn run_confirmed(&self, invocation: &Invocation) -> Report {
        let looked = match self.0.setup.preset.manifest.repeat() {
            Repeat::Probe => match before(self, invocation).await {
                Ok(looked) => looked,
                Err(report) => return *report,
            },
            _ => None,
        };
        after(self, invocation, self.run(invocation).await).await.and_before(looked)
    }

    /// Runs a write unless the preset's probe sees that it is there already; a preset without a probe is run.
    ///
    /// What cannot be seen clearly is not written.
    pub async fn run_unless_there(&self, invocation: &Invocation) -> Report {
        match before(self, invocation).await {
            Ok(looked) => self.run(invocation).await.and_before(looked),
            Err(report) => *report,
        }
    }

    /// Has the preset's probe look. It sends no write.
    pub async fn look_for(&self, invocation: &Invocation) -> Looked {
        let Some((seen, found)) = look(self, invocation, &Map::new()).await else {
            return Looked::Unclear("the preset has no probe".to_owned());
        };
        match seen {
            Seen::There => Looked::There(supplied(self, &Map::new(), &found.outputs)),
            Seen::Absent => Looked::Absent(found.outcome.evidence),
            Seen::Differs(name) => Looked::Unclear(format!("what is there has another \"{name}\"")),
            Seen::Partly(what) => Looked::Unclear(format!("something is there, and {what} cannot be seen")),
            Seen::Unclear => Looked::Unclear(found.outcome.message),
        }
    }
}

impl Report {
    /// With what a look before the run took.
    fn and_before(mut self, looked: Option<Report>) -> Self {
        if let Some(looked) = looked {
            self.requests += looked.requests;
            self.duration += looked.duration;
        }
        self
    }
}

/// What a preset's probe sees of a write of which nobody knows whether it took place.
#[derive(Debug, Clone, PartialEq)]
pub enum Looked {
    /// It is there, as asked for; the outputs that the probe supplies.
    There(Map<String, Value>),
    /// It is not there now; what proves it.
    Absent(String),
    /// That cannot be told; why.
    Unclear(String),
}

/// The look before the write, if the preset has one; the report that ends the run if the write must not be sent.
async fn before(runner: &Runner, invocation: &Invocation) -> Result<Option<Report>, Box<Report>> {
    let Some((seen, mut report)) = look(runner, invocation, &Map::new()).await else { return Ok(None) };
    let exists = |but: String| {
        Outcome::failed("exists", format!("it is there already, {but}; nothing was sent"))
            .with_hint("look at what is there; to change it, run the preset that updates")
    };
    match seen {
        Seen::Absent => return Ok(Some(report)),
        Seen::There => {
            report.outcome.evidence = format!("{}; it was there already, nothing was sent", evidence(runner));
            report.outputs = supplied(runner, &Map::new(), &report.outputs);
            report.there = true;
        }
        Seen::Differs(name) => report.outcome = exists(format!("with another \"{name}\"")),
        Seen::Partly(what) => report.outcome = exists(format!("and {what} cannot be seen")),
        Seen::Unclear => {
            let why = &report.outcome.message;
            report.outcome.message = format!("nothing was written, because the look before it was not clear: {why}");
            let hint = match report.outcome.class.as_str() {
                "ambiguous" => "several are there already: look at them first",
                "network" | "server" | "rate" => "run the same command again when the server answers",
                _ => "make sure that the look can work first: without it, a repeat could do the same thing twice",
            };
            report.outcome.hint = report.outcome.hint.or(Some(hint.into()));
        }
    }
    Err(Box::new(report))
}

/// The report with what a look after the write has shown.
///
/// An `unknown` becomes `ok` if it is there, as asked for. If it is not there it stays unknown: the server may still be at
/// work. An `ok` whose only evidence is the vendor's OK becomes one with evidence, or `failed` with class `unconfirmed`.
/// Other reports, and presets without a probe, stay as they are.
async fn after(runner: &Runner, invocation: &Invocation, mut report: Report) -> Report {
    if !matches!(report.outcome.kind, Kind::Ok | Kind::Unknown) {
        return report;
    }
    let Some((seen, found)) = look(runner, invocation, &report.outputs).await else { return report };
    report.requests += found.requests;
    report.duration += found.duration;
    if let Seen::There = seen {
        report.outputs = supplied(runner, &report.outputs, &found.outputs);
        report.outcome = Outcome { kind: Kind::Ok, evidence: evidence(runner), ..Outcome::failed("", "") };
        report.diagnostics = None;
        return report;
    }
    let shown = match seen {
        Seen::There => String::new(),
        Seen::Differs(name) => format!("what is there has another \"{name}\""),
        Seen::Partly(what) => format!("something is there, and {what} cannot be seen"),
        Seen::Absent => format!("it is not there ({})", found.outcome.evidence),
        Seen::Unclear => format!("the look whether it took place failed: {}", found.outcome.message),
    };
    let outcome = &mut report.outcome;
    if outcome.kind == Kind::Unknown {
        outcome.message = format!("{}; {shown}", outcome.message);
        outcome.hint =
            Some("the server may still be at work: look again a little later, before you run it again".into());
    } else {
        *outcome = Outcome::failed("unconfirmed", format!("the API said OK, but {shown}"));
    }
    report
}

fn evidence(runner: &Runner) -> String {
    let probe = runner.0.setup.preset.manifest.probe.as_ref().map(|p| p.preset.to_string());
    format!("probe {}", probe.unwrap_or_default())
}

/// Runs the probe; nothing if the preset has none. `outputs`: what is known of the write already.
async fn look(runner: &Runner, invocation: &Invocation, outputs: &Map<String, Value>) -> Option<(Seen, Report)> {
    let setup = &runner.0.setup;
    let probe = setup.preset.manifest.probe.as_ref()?;
    let mut known = invocation.inputs.clone();
    for (name, value) in outputs {
        known.entry(name.clone()).or_insert_with(|| value.clone());
    }
    let mut inputs = Map::new();
    for (name, text) in &probe.inputs {
        let template = Template::compile(text.as_str(), Context::Value).ok();
        let value = template.and_then(|t| t.render_value(&names(&known, &runner.0.settings)).ok());
        if let Some(value) = value.filter(|v| !v.is_null()) {
            inputs.insert(name.clone(), value);
        }
    }
    let looker = match runner.probe()? {
        Ok(looker) => looker,
        Err(error) => {
            let outcome = Outcome::failed("preset", format!("the preset that looks cannot be read: {error}"));
            return Some((Seen::Unclear, Report::ended(outcome)));
        }
    };
    let found = looker.run(&Invocation { inputs, ..invocation.clone() }).await;
    let given = |name: &str| invocation.inputs.get(name).filter(|v| !v.is_null());
    let differs =
        probe.equal.iter().map(|name| name.as_str()).find(|name| {
            given(name).is_some_and(|given| !same(given, found.outputs.get(*name).unwrap_or(&Value::Null)))
        });
    let unseen = unseen(runner, invocation, probe);
    let seen = match (found.outcome.kind, setup.preset.manifest.effect) {
        // What was to be removed is gone, or still there.
        (Kind::NotFound, Effect::Delete) => Seen::There,
        (Kind::Ok, Effect::Delete) => Seen::Absent,
        (Kind::NotFound, _) => Seen::Absent,
        (Kind::Failed | Kind::Unknown, _) => Seen::Unclear,
        (Kind::Ok, _) => match (differs, unseen) {
            (Some(name), _) => Seen::Differs(name.to_owned()),
            (None, Some(what)) => Seen::Partly(what),
            (None, None) => Seen::There,
        },
    };
    Some((seen, found))
}

/// What of a write its probe cannot see, in words: nothing may be called done that nobody has looked at.
fn unseen(runner: &Runner, invocation: &Invocation, probe: &Probe) -> Option<String> {
    if runner.0.setup.body_is_changed() {
        return Some("what was changed in the body".into());
    }
    // For something new, its key shows that it was made; a change shows only in what was changed.
    if runner.0.setup.preset.manifest.effect != Effect::Update {
        return None;
    }
    let keys: Vec<String> = probe
        .inputs
        .values()
        .filter_map(|t| Template::compile(t.as_str(), Context::Value).ok())
        .flat_map(|t| t.variables().iter().map(|v| v.path.root.clone()).collect::<Vec<_>>())
        .collect();
    let seen = |name: &str| keys.iter().any(|k| k == name) || probe.equal.iter().any(|e| e.as_str() == name);
    let hidden = invocation.inputs.iter().filter(|(name, value)| !value.is_null() && !seen(name));
    let hidden: Vec<&str> = hidden.map(|(name, _)| name.as_str()).collect();
    (!hidden.is_empty()).then(|| hidden.join(", "))
}

/// The write's outputs, and those that the probe supplies where the answer to the write has none.
fn supplied(runner: &Runner, own: &Map<String, Value>, found: &Map<String, Value>) -> Map<String, Value> {
    let mut outputs = own.clone();
    for name in runner.0.setup.preset.manifest.probe.iter().flat_map(|p| &p.outputs) {
        let missing = outputs.get(name.as_str()).is_none_or(Value::is_null);
        if let Some(value) = found.get(name.as_str()).filter(|_| missing) {
            outputs.insert(name.as_str().to_owned(), value.clone());
        }
    }
    outputs
}

/// Whether two values are the same, where vendors send numbers as texts and fold the case of e-mail addresses.
fn same(a: &Value, b: &Value) -> bool {
    let plain = |v: &Value| match v {
        Value::Object(_) | Value::Array(_) => None,
        Value::String(text) if text.contains('@') => Some(text.to_lowercase()),
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    a == b || plain(a).is_some() && plain(a) == plain(b)
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
        assert!(same(&json!("A@x"), &json!("a@X")));
        assert!(!same(&json!("A"), &json!("a")));
    }
}
