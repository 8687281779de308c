//! One run of a recipe.

use serde_json::{Map, Value};

use crate::answer::{Answer, Judgement, names};
use crate::door::{Door, Refusal};
use crate::load::Recipes;
use crate::output;
use crate::recipe::{Lookup, Recipe};
use crate::scan::Scan;

/// What a run has at hand.
pub(crate) struct Run<'a> {
    pub(crate) recipes: &'a Recipes,
    pub(crate) door: &'a dyn Door,
    pub(crate) kind: &'a str,
    pub(crate) settings: &'a Value,
}

/// How it ended, in the contract's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) kind: &'static str,
    pub(crate) class: String,
    pub(crate) message: String,
    pub(crate) evidence: String,
}

/// The answer that stands beside it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) response: Value,
}

/// The result for one input.
#[derive(Debug, Clone)]
pub(crate) struct Finished {
    pub(crate) verdict: Verdict,
    pub(crate) outputs: Map<String, Value>,
    pub(crate) seen: Option<Seen>,
}

impl Verdict {
    pub(crate) fn ok(evidence: impl Into<String>) -> Self {
        Self { kind: "ok", class: String::new(), message: String::new(), evidence: evidence.into() }
    }

    pub(crate) fn not_found(evidence: impl Into<String>) -> Self {
        Self { kind: "not-found", ..Self::ok(evidence) }
    }

    /// The same with words for a person.
    pub(crate) fn saying(self, message: String) -> Self {
        Self { message, ..self }
    }

    pub(crate) fn failed(class: &str, message: &str) -> Self {
        Self { kind: "failed", class: class.into(), message: message.into(), evidence: String::new() }
    }
}

impl Finished {
    pub(crate) fn new(verdict: Verdict) -> Self {
        Self { verdict, outputs: Map::new(), seen: None }
    }

    pub(crate) fn failed(class: &str, message: &str) -> Self {
        Self::new(Verdict::failed(class, message))
    }

    pub(crate) fn refused(refusal: &Refusal) -> Self {
        Self::failed(refusal.class(), &refusal.message)
    }

    /// With the answer beside it; `response` is what may be shown of its body.
    pub(crate) fn with(mut self, answer: &Answer, response: Value) -> Self {
        self.seen = Some(Seen { status: answer.status, headers: answer.headers.clone(), response });
        self
    }
}

impl Run<'_> {
    /// Runs a preset for one input, with what it looks at on the side.
    pub(crate) fn preset(&self, name: &str, inputs: &Map<String, Value>) -> Finished {
        let Some(recipe) = self.recipes.get(name, self.kind) else {
            return Finished::failed("preset", &format!("the sources have no preset \"{name}\""));
        };
        let mut finished = self.plain(name, recipe, inputs);
        match finished.verdict.kind {
            "not-found" => self.beware(recipe, inputs, &mut finished),
            "ok" => self.fill(recipe, inputs, &mut finished),
            _ => {}
        }
        finished
    }

    /// The preset alone.
    fn plain(&self, name: &str, recipe: &Recipe, inputs: &Map<String, Value>) -> Finished {
        if let Some(pages) = &recipe.pages {
            return Scan { run: self, name, recipe, pages, inputs }.read();
        }
        let answer = match self.door.call(name, inputs) {
            Ok(raw) => Answer::new(raw),
            Err(refusal) => return Finished::refused(&refusal),
        };
        let shown = answer.response.clone();
        match answer.judge(&recipe.rules, inputs, self.settings, &shown) {
            Judgement::Failed(class, message) => Finished::failed(class, &message).with(&answer, shown),
            Judgement::NotFound(evidence) => Finished::new(Verdict::not_found(evidence)).with(&answer, shown),
            Judgement::Ok => match output::fields(&recipe.outputs, &answer, None, inputs, self.settings) {
                Err(message) => Finished::failed("answer", &message).with(&answer, shown),
                Ok(outputs) => {
                    let evidence = if recipe.writes { "envelope" } else { "answer" };
                    Finished { outputs, ..Finished::new(Verdict::ok(evidence)).with(&answer, shown) }
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
                let found = Value::Object(other.outputs);
                let names = names(inputs, self.settings).with("found", &found);
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
        let names = names(known, self.settings);
        let mut inputs = Map::new();
        for (name, template) in &lookup.inputs {
            let value = template.render_value(&names).ok().filter(|v| !v.is_null() && v.as_str() != Some(""))?;
            inputs.insert(name.clone(), value);
        }
        let recipe = self.recipes.get(&lookup.preset, self.kind)?;
        Some(self.plain(&lookup.preset, recipe, &inputs))
    }
}
