//! One run of a recipe.

use presetter_manifest::Point;
use serde_json::{Map, Value};

use crate::answer::{Answer, Judgement, names};
use crate::batch::Together;
use crate::door::{Door, Refusal};
use crate::load::Recipes;
use crate::output;
use crate::recipe::{Lookup, Recipe};
use crate::scan::Scan;
use crate::trace::Trace;

/// What a run has at hand.
pub struct Run<'a> {
    /// What was loaded.
    pub recipes: &'a Recipes,
    /// The way out.
    pub door: &'a dyn Door,
    /// What the host says of the run.
    pub context: &'a Context,
    /// Who runs the presets that are no recipes.
    pub scripts: Option<&'a dyn Scripts>,
}

/// Runs the presets that are no recipes.
pub trait Scripts {
    /// Runs a preset's script for one input, without what is looked at on the side.
    fn run(&self, preset: &str, inputs: &Map<String, Value>) -> Finished;
}

/// What the host says of a run.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The kind of the connection.
    pub kind: String,
    /// What the operator set, or the bundle's defaults.
    pub settings: Value,
}

impl Context {
    /// Reads the contract's JSON. What is not known is ignored.
    #[must_use]
    pub fn read(json: &str) -> Self {
        let context: Value = serde_json::from_str(json).unwrap_or_default();
        let kind = context["connection"]["kind"].as_str().unwrap_or_default().to_owned();
        Self { kind, settings: context["settings"].clone() }
    }
}

/// How it ended, in the contract's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// `ok`, `not-found` or `failed`.
    pub kind: &'static str,
    /// Why it failed.
    pub class: String,
    /// One sentence for a person.
    pub message: String,
    /// What proves it.
    pub evidence: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// The answer that stands beside it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The HTTP status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// What may be shown of the body.
    pub response: Value,
}

/// The result for one input.
#[derive(Debug, Clone)]
pub struct Finished {
    /// How it ended.
    pub verdict: Verdict,
    /// The outputs that the preset declares.
    pub outputs: Map<String, Value>,
    /// The answer that the verdict rests on.
    pub seen: Option<Seen>,
    /// The decision points that were reached.
    pub trace: Vec<Point>,
}

impl Verdict {
    /// What was asked for is so.
    #[must_use]
    pub fn ok(evidence: impl Into<String>) -> Self {
        let none = String::new();
        Self { kind: "ok", class: none.clone(), message: none, evidence: evidence.into(), hint: None }
    }

    /// There is proof that the thing does not exist.
    #[must_use]
    pub fn not_found(evidence: impl Into<String>) -> Self {
        Self { kind: "not-found", ..Self::ok(evidence) }
    }

    /// The same with words for a person.
    #[must_use]
    pub fn saying(self, message: String) -> Self {
        Self { message, ..self }
    }

    /// Everything else.
    #[must_use]
    pub fn failed(class: &str, message: &str) -> Self {
        Self { kind: "failed", class: class.into(), message: message.into(), ..Self::ok("") }
    }
}

impl Finished {
    /// A run that ended so.
    #[must_use]
    pub fn new(verdict: Verdict) -> Self {
        Self { verdict, outputs: Map::new(), seen: None, trace: Vec::new() }
    }

    /// A run that failed.
    #[must_use]
    pub fn failed(class: &str, message: &str) -> Self {
        Self::new(Verdict::failed(class, message))
    }

    /// A run that got no answer.
    #[must_use]
    pub fn refused(refusal: &Refusal) -> Self {
        Self::failed(refusal.class(), &refusal.message)
    }

    /// With the answer beside it; `response` is what may be shown of its body.
    #[must_use]
    pub fn with(mut self, answer: &Answer, response: Value) -> Self {
        self.seen = Some(Seen { status: answer.status, headers: answer.headers.clone(), response });
        self
    }
}

impl Run<'_> {
    fn kind(&self) -> &str {
        &self.context.kind
    }

    pub(crate) fn settings(&self) -> &Value {
        &self.context.settings
    }

    /// Runs a preset for each row of inputs, with what it looks at on the side. One result for each, in their order.
    #[must_use]
    pub fn preset(&self, name: &str, rows: &[Map<String, Value>]) -> Vec<Finished> {
        let Some(recipe) = self.recipes.get(name, self.kind()) else {
            let failed = Finished::failed("preset", &format!("the sources have no preset \"{name}\""));
            return vec![failed; rows.len()];
        };
        let alone = |row| self.beside(recipe, row, self.plain(name, recipe, row));
        match &recipe.batch {
            None => rows.iter().map(alone).collect(),
            Some(batch) => {
                let all = Together { run: self, name, recipe, batch, rows }.send();
                rows.iter().zip(all).map(|(row, finished)| self.beside(recipe, row, finished)).collect()
            }
        }
    }

    /// What is looked at on the side.
    fn beside(&self, recipe: &Recipe, inputs: &Map<String, Value>, mut finished: Finished) -> Finished {
        match finished.verdict.kind {
            "not-found" => self.beware(recipe, inputs, &mut finished),
            "ok" => self.fill(recipe, inputs, &mut finished),
            _ => {}
        }
        finished
    }

    /// The preset alone.
    fn plain(&self, name: &str, recipe: &Recipe, inputs: &Map<String, Value>) -> Finished {
        if recipe.script {
            return match self.scripts {
                Some(scripts) => scripts.run(name, inputs),
                None => Finished::failed("preset", &format!("preset \"{name}\" needs the interpreter of scripts")),
            };
        }
        if let Some(batch) = &recipe.batch {
            let rows = std::slice::from_ref(inputs);
            let all = Together { run: self, name, recipe, batch, rows }.send();
            return all.into_iter().next().unwrap_or_else(|| Finished::failed("preset", "there is no row"));
        }
        let trace = Trace::default();
        let finished = match &recipe.pages {
            Some(pages) => Scan { run: self, name, recipe, pages, inputs, trace: &trace }.read(),
            None => match self.door.call(name, inputs) {
                Ok(raw) => self.says(recipe, &Answer::new(raw), inputs, &trace),
                Err(refusal) => Finished::refused(&refusal),
            },
        };
        Finished { trace: trace.points(), ..finished }
    }

    /// What an answer says.
    pub(crate) fn says(
        &self,
        recipe: &Recipe,
        answer: &Answer,
        inputs: &Map<String, Value>,
        trace: &Trace,
    ) -> Finished {
        let shown = answer.response.clone();
        match answer.judge(&recipe.rules, inputs, self.settings(), &shown, trace) {
            Judgement::Failed(class, message) => Finished::failed(class, &message).with(answer, shown),
            Judgement::NotFound(evidence) => Finished::new(Verdict::not_found(evidence)).with(answer, shown),
            Judgement::Ok => match output::fields(&recipe.outputs, answer, None, inputs, self.settings()) {
                Err(message) => Finished::failed("answer", &message).with(answer, shown),
                Ok(outputs) => {
                    let evidence = if recipe.writes { "envelope" } else { "answer" };
                    Finished { outputs, ..Finished::new(Verdict::ok(evidence)).with(answer, shown) }
                }
            },
        }
    }

    /// Before "not found" is said: is it what people take it for?
    fn beware(&self, recipe: &Recipe, inputs: &Map<String, Value>, finished: &mut Finished) {
        let Some((lookup, message)) = &recipe.mixup else { return };
        let Some(other) = self.look(lookup, inputs) else { return };
        finished.verdict = match (other.verdict.kind, other.verdict.class.as_str()) {
            ("not-found", _) => return,
            ("ok", _) => {
                finished.trace.push(Point::MixedUp);
                let found = Value::Object(other.outputs);
                let names = names(inputs, self.settings()).with("found", &found);
                let message = message.render(&names).unwrap_or_else(|_| "it was found as something else".into());
                Verdict::failed("input", message.trim())
            }
            (_, "ambiguous") => {
                Verdict::failed("input", &format!("it was not found as such, but {}", other.verdict.message))
            }
            (_, class) => {
                let why = &other.verdict.message;
                let message =
                    format!("it was not found, but whether it is of another kind could not be looked up: {why}");
                Verdict::failed(if class == "refused" { "incomplete" } else { class }, &message)
            }
        };
    }

    /// After a write: outputs that the answer does not bear are looked up.
    fn fill(&self, recipe: &Recipe, inputs: &Map<String, Value>, finished: &mut Finished) {
        let Some(probe) = &recipe.probe else { return };
        let missing = |outputs: &Map<String, Value>, name: &String| outputs.get(name).is_none_or(Value::is_null);
        if !probe.outputs.iter().any(|name| missing(&finished.outputs, name)) {
            return;
        }
        let mut known = inputs.clone();
        known.extend(
            finished.outputs.clone().into_iter().filter(|(name, value)| !value.is_null() && !inputs.contains_key(name)),
        );
        let found = self.look(probe, &known).filter(|f| f.verdict.kind == "ok");
        match found {
            Some(found) => {
                for (name, value) in found.outputs {
                    if probe.outputs.contains(&name) && missing(&finished.outputs, &name) {
                        finished.outputs.insert(name, value);
                    }
                }
            }
            None => self.door.log(
                "warn",
                &format!("the answer has no {}, and looking it up did not find it", probe.outputs.join(", ")),
            ),
        }
    }

    /// Runs another preset on the side; nothing if one of its inputs has no value.
    fn look(&self, lookup: &Lookup, known: &Map<String, Value>) -> Option<Finished> {
        let names = names(known, self.settings());
        let mut inputs = Map::new();
        for (name, template) in &lookup.inputs {
            let value = template.render_value(&names).ok().filter(|v| !v.is_null() && v.as_str() != Some(""))?;
            inputs.insert(name.clone(), value);
        }
        let recipe = self.recipes.get(&lookup.preset, self.kind())?;
        Some(self.plain(&lookup.preset, recipe, &inputs))
    }
}
