//! What a run would do to a record, without doing it: reads are made, writes are told.

use std::sync::Arc;

use indexmap::IndexMap;
use presetter_expr::Vars;
use presetter_journal::seam::{Cancellation, RunId};
use presetter_manifest::Text;
use presetter_records::{Matcher, Record};
use presetter_template::Template;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::definition::{Action, Api, Condition, Next, Path, Via, Wait};
use crate::values::{Known, view};
use crate::{Call, Kind, NoRows, Package, Presets};

/// A plan walks at most so many blocks.
const WALKED: usize = 100;

/// How much of a value is told, in characters.
const SHOWN: usize = 120;

/// What would happen at a block.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planned {
    /// The block.
    pub block: String,
    /// In words: what would be done, or why it cannot be told.
    pub told: String,
    /// Whether it changes something, here or at the vendor.
    pub changes: bool,
}

/// Plans a run on one record. `today` is `2026-05-01`.
pub async fn plan(package: &Package, record: &Record, today: &str, presets: &dyn Presets) -> Vec<Planned> {
    let mut walk =
        Walk { package, presets, record: view(record, &package.mappings), variables: Map::new(), planned: Vec::new() };
    let (mut at, mut walked) = (Some(0), 0);
    while let Some(now) = at.filter(|_| walked < WALKED) {
        walked += 1;
        let Some(block) = package.workflow.blocks.get(now) else { break };
        let next = match &block.action {
            Action::Role(_) => Some(&block.success),
            Action::Api(api) => {
                let ways = Ways {
                    success: &block.success,
                    failure: block.failure.as_ref(),
                    not_found: block.not_found.as_ref(),
                };
                walk.api(&block.name, api, ways).await
            }
            Action::Update(update) => match package.fill(&walk.known(), &update.fields, "field") {
                Ok(fields) => {
                    let mut parts: Vec<String> =
                        fields.iter().map(|(name, value)| format!("{name} = {value}")).collect();
                    parts.extend(update.state.map(|state| format!("state = {}", state.name())));
                    walk.tell(&block.name, format!("sets {}", parts.join(", ")), true);
                    walk.record.extend(fields);
                    Some(&block.success)
                }
                Err(failure) => {
                    walk.tell(&block.name, failure.message, false);
                    block.failure.as_ref()
                }
            },
            Action::Condition(condition) => match walk.holds(condition, record, today) {
                Some(true) => Some(&block.success),
                Some(false) => block.failure.as_ref(),
                None => {
                    walk.tell(&block.name, "its answer depends on what a block before it gets".to_owned(), false);
                    None
                }
            },
            Action::Wait(wait) => {
                let told = match wait {
                    Wait::For(duration) => format!("waits {} s", duration.as_secs()),
                    Wait::Until(field) => format!("waits until {field}"),
                };
                walk.tell(&block.name, told, false);
                Some(&block.success)
            }
            Action::Notify(_) => {
                walk.tell(&block.name, "calls a webhook".to_owned(), true);
                Some(&block.success)
            }
            Action::Approval(_) => {
                walk.tell(&block.name, "waits for a person's word".to_owned(), false);
                Some(&block.success)
            }
        };
        let Some(path) = next else { break };
        if path.next == Next::Fail {
            walk.tell(&block.name, "the run fails here".to_owned(), false);
        }
        at = package.workflow.after(now, &path.next);
    }
    walk.planned
}

struct Walk<'p> {
    package: &'p Package,
    presets: &'p dyn Presets,
    record: Map<String, Value>,
    variables: Map<String, Value>,
    planned: Vec<Planned>,
}

impl Walk<'_> {
    fn tell(&mut self, block: &str, told: String, changes: bool) {
        self.planned.push(Planned { block: block.to_owned(), told, changes });
    }

    fn known(&self) -> Known {
        let workflow = &self.package.workflow;
        Known::default()
            .with("record", Value::Object(self.record.clone()))
            .with("variables", Value::Object(self.variables.clone()))
            .with("workflow", json!({ "name": workflow.name, "title": workflow.title }))
            .with("run", json!({ "id": "plan" }))
    }

    fn holds(&self, condition: &Condition, record: &Record, today: &str) -> Option<bool> {
        match condition {
            Condition::Rules(rules) => {
                let today = today.parse().unwrap_or_default();
                let matcher: Matcher = rules.filter().compile(record.fields(), today).ok()?;
                Some(matcher.matches(record))
            }
            Condition::When(_, program) => {
                let (record, variables) = (Value::Object(self.record.clone()), Value::Object(self.variables.clone()));
                let today = Value::from(today);
                let vars = Vars::new().with("record", &record).with("variables", &variables).with("today", &today);
                program.test(&vars).ok()
            }
        }
    }

    async fn api<'w>(&mut self, block: &str, api: &Api, ways: Ways<'w>) -> Option<&'w Path> {
        let inputs = match self.package.fill(&self.known(), &api.inputs, "input") {
            Ok(inputs) => inputs,
            Err(failure) => {
                self.tell(block, failure.message, false);
                return ways.failure;
            }
        };
        let connection = match &api.connection {
            Via::Named(name) => name.as_str().to_owned(),
            Via::Field(field) => match self.record.get(field.as_str()).and_then(Value::as_str) {
                Some(name) => name.to_owned(),
                None => {
                    self.tell(block, format!("{field} names no connection"), false);
                    return ways.failure;
                }
            },
        };
        let preset = api.preset.as_str();
        let info = match self.presets.describe(preset) {
            Ok(info) => info,
            Err(trouble) => {
                self.tell(block, trouble.message, false);
                return None;
            }
        };
        let shown = Value::Object(inputs.clone());
        if info.manifest.effect.writes() || info.overridden || api.body.is_some() {
            let own = if info.overridden || api.body.is_some() { ", with a body of your own" } else { "" };
            self.tell(
                block,
                format!("{}: {preset} through {connection} with {shown}{own}", info.manifest.effect.name()),
                true,
            );
            let fields: Vec<&str> = ways.success.fields.keys().map(String::as_str).collect();
            if !fields.is_empty() {
                self.tell(block, format!("then sets {} from the answer", fields.join(", ")), true);
            }
            return Some(ways.success);
        }
        let (_nobody, cancellation) = Cancellation::pair();
        let call = Call {
            preset: preset.to_owned(),
            digest: info.digest,
            connection,
            inputs,
            body: None,
            confirm: false,
            run: RunId("plan".to_owned()),
            workflow: self.package.workflow.name.clone(),
            cancellation,
        };
        let called = self.presets.call(&call, Arc::new(NoRows)).await;
        let path = match called.kind {
            Kind::Ok => Some(ways.success),
            Kind::NotFound => ways.not_found.or(ways.failure),
            Kind::Failed | Kind::Unknown => ways.failure,
        };
        let outcome = match called.kind {
            Kind::Ok => "ok".to_owned(),
            Kind::NotFound => "not found".to_owned(),
            _ => format!("failed ({}): {}", called.class, called.message),
        };
        self.tell(block, format!("read: {preset} with {shown}: {outcome}"), false);
        let path = path?;
        let sources = |map: &IndexMap<String, (Text, Template)>| {
            map.iter().map(|(name, (text, _))| (name.clone(), text.as_str().to_owned())).collect()
        };
        let taken = crate::executor::take(&called, &call.inputs, &sources(&path.fields), &sources(&path.variables));
        for (name, value) in &taken.fields {
            let before = self.record.get(name).cloned().unwrap_or(Value::Null);
            if before != *value {
                self.tell(block, format!("sets {name}: {} -> {}", short(&before), short(value)), true);
            }
        }
        self.record.extend(taken.fields);
        self.variables.extend(taken.variables);
        Some(path)
    }
}

/// The ways from a block.
struct Ways<'w> {
    success: &'w Path,
    failure: Option<&'w Path>,
    not_found: Option<&'w Path>,
}

/// A value for a person: not more of it than is read.
fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}
