//! Blocks that run presets: the preset, its inputs and answers, the connection.

use presetter_manifest::{Text, nearest, suggest};
use presetter_records::Kind;
use presetter_template::path::Step;
use presetter_template::{Context, Options, Problem, Template};
use serde_json::Value;

use crate::PresetInfo;
use crate::definition::{Api, Block, Filled, Source, Via};

use super::words::*;
use super::{Check, Found, Severity};

impl Check<'_> {
    pub(super) fn preset(&mut self, preset: &Text) -> Option<PresetInfo> {
        match self.catalogue.presets.describe(preset.as_str()) {
            Ok(info) => Some(info),
            Err(trouble) => {
                self.error(preset.span(), trouble.message, trouble.hint);
                None
            }
        }
    }

    pub(super) fn connection(&mut self, preset: &Text, connection: &Text) {
        match self.catalogue.presets.connection(preset.as_str(), connection.as_str()) {
            Ok(info) if info.prompts && !self.attended() => {
                let message = format!(
                    "a secret of \"{connection}\" is asked for at a terminal, and this workflow runs without a person"
                );
                let hint = format!(
                    "say where it is kept: presetter connection set {connection} --secret NAME=file:PATH, or the like"
                );
                self.error(connection.span(), message, hint);
            }
            Ok(_) => {}
            Err(trouble) => self.error(connection.span(), trouble.message, trouble.hint),
        }
    }

    pub(super) fn api(&mut self, block: &Block, api: &Api) {
        let info = self.preset(&api.preset);
        match &api.connection {
            Via::Named(name) => {
                if info.is_some() {
                    self.connection(&api.preset, name);
                }
            }
            Via::Field(field) => {
                if let Some(known) = self.field(field.as_str(), field.span())
                    && !known.kind.is_text()
                {
                    let message = format!("{} is a {}, and no name of a connection", known.name, known.kind.name());
                    self.error(field.span(), message, "name a field of the type short_text or dropdown");
                }
            }
        }
        for filled in api.inputs.values() {
            self.names(filled);
        }
        let Some(info) = info else { return };
        if let Some(span) = api.confirm.clone().filter(|_| info.manifest.probe.is_none()) {
            self.error(span, format!("{} has no probe that could look", info.name), "take confirm out");
        }
        self.inputs(block, api, &info);
        if let Some(body) = &api.body {
            self.body(body, &info);
        }
        let own = api.body.as_ref().map(Text::span).or_else(|| info.overridden.then(|| api.preset.span()));
        if let (Some(span), true) = (own, block.not_found.is_some()) {
            let message = "what a body of your own does not find proves nothing: the path not_found is never taken";
            self.error(span, message, "take not_found out, or the body");
        }
        for path in [Some(&block.success), block.failure.as_ref(), block.not_found.as_ref()].into_iter().flatten() {
            for (text, template) in path.fields.values().chain(path.variables.values()) {
                self.outputs(text, template, &info);
            }
        }
    }

    pub(super) fn inputs(&mut self, block: &Block, api: &Api, info: &PresetInfo) {
        let manifest = &info.manifest;
        let known: Vec<&str> = manifest.inputs.keys().map(String::as_str).collect();
        for (name, filled) in &api.inputs {
            match manifest.inputs.get(name) {
                None => {
                    let message = format!("{} has no input \"{}\"", info.name, name);
                    self.error(filled.name.clone(), message, suggest(name, &known));
                }
                Some(input) => {
                    let gives = self.gives(filled);
                    if let Some(gives) = gives.filter(|gives| !fits(*gives, input.kind)) {
                        let message =
                            format!("input \"{name}\" takes {}, and this is {}", input.kind.name(), gives.name());
                        self.error(filled.span.clone(), message, other(filled, gives, input.kind));
                        continue;
                    }
                    if let (Source::Plain(value), Some(allowed)) = (&filled.value, &input.allowed)
                        && !allowed.contains(value)
                    {
                        let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
                        let hint = format!("possible values: {}", allowed.join(", "));
                        self.error(filled.span.clone(), format!("input \"{name}\" cannot be {value}"), hint);
                    }
                    if let (Source::Template(text, template), Some(allowed)) = (&filled.value, &input.allowed)
                        && template.variables().is_empty()
                        && !allowed.iter().any(|value| value.as_str() == Some(text.as_str()))
                    {
                        let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
                        let hint = format!("possible values: {}", allowed.join(", "));
                        self.error(filled.span.clone(), format!("input \"{name}\" cannot be \"{text}\""), hint);
                    }
                }
            }
        }
        for (name, input) in &manifest.inputs {
            if input.must_be_given() && !api.inputs.contains_key(name) {
                let message = format!("block \"{}\" gives {} no \"{name}\", which it needs", block.name, info.name);
                let hint = format!("add {name} = \"{{{{record.FIELD}}}}\" to its inputs");
                self.error(block.span.clone(), message, hint);
            }
        }
        let one_of: Vec<&str> = manifest.needs_one_of.iter().map(Text::as_str).collect();
        if !one_of.is_empty() && !one_of.iter().any(|name| api.inputs.contains_key(*name)) {
            let message = format!("block \"{}\" gives {} none of {}", block.name, info.name, one_of.join(", "));
            self.error(block.span.clone(), message, "add one of them to its inputs");
        }
    }

    /// The outputs that a template names exist.
    pub(super) fn outputs(&mut self, text: &Text, template: &Template, info: &PresetInfo) {
        let inputs: Vec<&str> = info.manifest.inputs.keys().map(String::as_str).collect();
        self.answers(text, template, "inputs", &inputs, &info.name);
        if info.any_output {
            return;
        }
        let mut known: Vec<&str> = info.manifest.output_names().collect();
        known.extend(
            info.manifest.variants.values().flat_map(|v| &v.outputs).flat_map(|o| o.keys()).map(String::as_str),
        );
        known.extend(info.manifest.probe.iter().flat_map(|probe| &probe.outputs).map(Text::as_str));
        self.answers(text, template, "outputs", &known, &info.name);
    }

    /// What a template takes from `root`, the outputs or inputs of a preset, is known.
    pub(super) fn answers(&mut self, text: &Text, template: &Template, root: &str, known: &[&str], preset: &str) {
        for variable in template.variables().iter().filter(|variable| variable.path.root == root) {
            if let Some(Step::Key(name)) = variable.path.steps.first()
                && !known.contains(&name.as_str())
            {
                let what = root.trim_end_matches('s');
                let problem = Problem::new(format!("{preset} has no {what} \"{name}\""), variable.span.clone());
                let problem = text.locate(&self.workflow.source, problem.with_hint(suggest(name, known)));
                self.found.push(Found { severity: Severity::Error, problem });
            }
        }
    }

    /// A body in place of the preset's: it knows what the preset's own would know.
    pub(super) fn body(&mut self, text: &Text, info: &PresetInfo) {
        let options = Options { unsafe_raw: info.manifest.request.as_ref().is_some_and(|request| request.unsafe_raw) };
        let problems = match Template::compile_with(text.as_str(), Context::Json, options) {
            Err(problems) => problems,
            Ok(template) => {
                let mut known: Vec<&str> = info.manifest.inputs.keys().map(String::as_str).collect();
                known.extend(["settings", "page", "narrow"]);
                // A script may give its request more than its inputs.
                let open = info.manifest.script.is_some() || info.any_output;
                let strange =
                    template.variables().iter().filter(|variable| !known.contains(&variable.path.root.as_str()));
                strange
                    .filter(|_| !open)
                    .map(|variable| {
                        let root = &variable.path.root;
                        let hint = match nearest(root, known.iter().copied()) {
                            Some(meant) => format!("did you mean \"{meant}\"?"),
                            None => {
                                format!("a body is made from the block's inputs; possible here: {}", known.join(", "))
                            }
                        };
                        Problem::new(format!("there is no \"{root}\" here"), variable.span.clone()).with_hint(hint)
                    })
                    .collect()
            }
        };
        self.found.extend(
            problems.into_iter().map(|problem| Found {
                severity: Severity::Error,
                problem: text.locate(&self.workflow.source, problem),
            }),
        );
    }

    /// What a filled value gives, where that is known.
    pub(super) fn gives(&self, filled: &Filled) -> Option<Gives> {
        match &filled.value {
            Source::Plain(value) => Some(match value {
                Value::Bool(_) => Gives::Boolean,
                Value::Number(number) if number.is_f64() => Gives::Number,
                Value::Number(_) => Gives::Integer,
                Value::Array(_) => Gives::List,
                Value::Object(_) => Gives::Object,
                Value::String(_) | Value::Null => Gives::Text,
            }),
            Source::Template(text, template) => {
                let whole = text.as_str().trim();
                let [variable] = template.variables() else { return Some(Gives::Text) };
                if !(whole.starts_with("{{") && whole.ends_with("}}")) || whole.matches("{{").count() != 1 {
                    return Some(Gives::Text);
                }
                match (variable.path.root.as_str(), variable.path.steps.as_slice()) {
                    ("record", [Step::Key(name)]) => {
                        let fields = self.fields();
                        let kind = &fields.get(name).ok()?.kind;
                        Some(match kind {
                            Kind::Number => Gives::Integer,
                            Kind::Checkbox => Gives::Boolean,
                            _ => Gives::Text,
                        })
                    }
                    // A variable may be anything.
                    _ => None,
                }
            }
        }
    }
}
