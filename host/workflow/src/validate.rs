//! What can be known of a workflow without running it: presets, connections, inputs, fields and ways.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use jiff::civil::Date;
use presetter_manifest::{InputKind, Text, suggest};
use presetter_records::{Field, Fields, Filter, Kind, Object, Rule};
use presetter_template::path::Step;
use presetter_template::{Problem, Template};
use serde_json::Value;

use crate::definition::{Action, Api, Block, Condition, Filled, Path, Role, Source, Via, Wait};
use crate::{Mappings, PresetInfo, Presets, Trigger, Workflow};

/// What a workflow is checked against.
pub struct Catalogue<'c> {
    /// Presets and connections.
    pub presets: &'c dyn Presets,
    /// The fields of users.
    pub users: Arc<Fields>,
    /// The fields of SaaS users.
    pub saas_users: Arc<Fields>,
    /// Where values come from.
    pub mappings: &'c Mappings,
    /// The time.
    pub now: Timestamp,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It does not run so.
    Error,
    /// It runs, and may not do what was meant.
    Warning,
}

/// Something that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// How bad it is.
    pub severity: Severity,
    /// What, where, and what to do.
    pub problem: Problem,
}

/// Checks a workflow.
#[must_use]
pub fn validate(workflow: &Workflow, catalogue: &Catalogue<'_>) -> Vec<Found> {
    let mut check = Check { workflow, catalogue, found: Vec::new() };
    check.begin();
    for block in &workflow.blocks {
        check.block(block);
    }
    check.ways();
    check.variables();
    let mut found = check.found;
    found.sort_by_key(|found| (found.problem.span.start, found.severity));
    found
}

struct Check<'c> {
    workflow: &'c Workflow,
    catalogue: &'c Catalogue<'c>,
    found: Vec<Found>,
}

impl Check<'_> {
    fn error(&mut self, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        self.note(Severity::Error, span, message, hint);
    }

    fn note(&mut self, severity: Severity, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        let (problem, hint) = (Problem::new(message, span), hint.into());
        let problem = if hint.is_empty() { problem } else { problem.with_hint(hint) };
        self.found.push(Found { severity, problem });
    }

    fn fields(&self) -> Arc<Fields> {
        match self.workflow.object {
            Object::SaasUsers => self.catalogue.saas_users.clone(),
            _ => self.catalogue.users.clone(),
        }
    }

    fn field(&mut self, name: &str, span: Range<usize>) -> Option<Field> {
        match self.fields().get(name) {
            Ok(field) => Some(field.clone()),
            Err(error) => {
                self.error(span, error.to_string(), "declare fields by `presetter records fields --declare FILE`");
                None
            }
        }
    }

    /// Whether a person starts every run of it.
    fn attended(&self) -> bool {
        self.workflow.begin.on.iter().all(|(trigger, _)| *trigger == Trigger::Manual)
    }

    fn begin(&mut self) {
        let begin = &self.workflow.begin;
        self.rules(&begin.rules.list);
        for field in &begin.fields {
            self.field(field.as_str(), field.span());
        }
        if let Some(schedule) = &begin.schedule
            && schedule.when.next(self.catalogue.now).is_none()
        {
            self.error(schedule.span.clone(), "this time never comes", "give one that is still to come");
        }
    }

    fn rules(&mut self, rules: &[(Rule, Range<usize>)]) {
        let fields = self.fields();
        for (rule, span) in rules {
            // Whether a rule fits does not depend on the day.
            if let Err(error) = Filter::Rule(rule.clone()).compile(&fields, Date::constant(2026, 1, 1)) {
                self.error(span.clone(), error.to_string(), "");
            }
        }
    }

    fn block(&mut self, block: &Block) {
        match &block.action {
            Action::Api(api) => self.api(block, api),
            Action::Role(role) => self.role(block, role),
            Action::Update(update) => {
                for (name, filled) in &update.fields {
                    if let Some(field) = self.field(name, filled.span.clone()) {
                        self.takes(&field, filled);
                    }
                    self.names(filled);
                }
            }
            Action::Condition(condition) => {
                if let Condition::Rules(rules) = condition {
                    self.rules(&rules.list);
                }
                if block.failure.is_none() {
                    let hint = "add failure = { next = \"...\" } to the block, with a block, \"end\" or \"fail\"";
                    self.error(block.span.clone(), "the condition has no path for no", hint);
                }
            }
            Action::Wait(Wait::Until(name)) => {
                if let Some(field) = self.field(name.as_str(), name.span())
                    && !matches!(field.kind, Kind::Date | Kind::Time)
                {
                    let message = format!("{} is a {}, and no day to wait for", field.name, field.kind.name());
                    self.error(name.span(), message, "name a field of the type date");
                }
            }
            Action::Wait(Wait::For(_)) => {}
            Action::Notify(notify) => {
                if let Some((text, template)) = &notify.body {
                    self.template(text, template);
                }
            }
            Action::Approval(approval) => self.template(&approval.message, &approval.template),
        }
        for path in [Some(&block.success), block.failure.as_ref(), block.not_found.as_ref()].into_iter().flatten() {
            self.path(path);
        }
    }

    fn path(&mut self, path: &Path) {
        for (name, (text, template)) in &path.fields {
            self.field(name, text.span());
            self.template(text, template);
        }
        for (text, template) in path.variables.values() {
            self.template(text, template);
        }
    }

    fn preset(&mut self, preset: &Text) -> Option<PresetInfo> {
        match self.catalogue.presets.describe(preset.as_str()) {
            Ok(info) => Some(info),
            Err(trouble) => {
                self.error(preset.span(), trouble.message, trouble.hint);
                None
            }
        }
    }

    fn connection(&mut self, preset: &Text, connection: &Text) {
        match self.catalogue.presets.connection(preset.as_str(), connection.as_str()) {
            Ok(info) if info.prompts && !self.attended() => {
                let message = format!("a secret of {} is asked for at a terminal, and nobody sits there", connection);
                let hint =
                    format!("presetter connection set {connection} --secret NAME=file:PATH, or another reference");
                self.error(connection.span(), message, hint);
            }
            Ok(_) => {}
            Err(trouble) => self.error(connection.span(), trouble.message, trouble.hint),
        }
    }

    fn api(&mut self, block: &Block, api: &Api) {
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
                    self.error(field.span(), message, "");
                }
            }
        }
        for filled in api.inputs.values() {
            self.names(filled);
        }
        let Some(info) = info else { return };
        self.inputs(block, api, &info);
        for path in [Some(&block.success), block.failure.as_ref(), block.not_found.as_ref()].into_iter().flatten() {
            for (text, template) in path.fields.values().chain(path.variables.values()) {
                self.outputs(text, template, &info);
            }
        }
    }

    fn inputs(&mut self, block: &Block, api: &Api, info: &PresetInfo) {
        let manifest = &info.manifest;
        let known: Vec<&str> = manifest.inputs.keys().map(String::as_str).collect();
        for (name, filled) in &api.inputs {
            match manifest.inputs.get(name) {
                None => {
                    let message = format!("{} has no input \"{}\"", info.name, name);
                    self.error(filled.span.clone(), message, suggest(name, &known));
                }
                Some(input) => {
                    let gives = self.gives(filled);
                    if let Some(gives) = gives.filter(|gives| !fits(*gives, input.kind)) {
                        let message =
                            format!("input \"{name}\" takes {}, and this is {}", input.kind.name(), gives.name());
                        let hint = match input.kind {
                            InputKind::String => "a template with more than one tag, or text beside it, gives a text",
                            _ => "",
                        };
                        self.error(filled.span.clone(), message, hint);
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
    fn outputs(&mut self, text: &Text, template: &Template, info: &PresetInfo) {
        if info.any_output {
            return;
        }
        let mut known: Vec<&str> = info.manifest.output_names().collect();
        known.extend(
            info.manifest.variants.values().flat_map(|v| &v.outputs).flat_map(|o| o.keys()).map(String::as_str),
        );
        known.extend(info.manifest.probe.iter().flat_map(|probe| &probe.outputs).map(Text::as_str));
        for variable in template.variables().iter().filter(|variable| variable.path.root == "outputs") {
            if let Some(Step::Key(name)) = variable.path.steps.first()
                && !known.contains(&name.as_str())
            {
                let problem = Problem::new(format!("{} has no output \"{name}\"", info.name), variable.span.clone());
                let problem = text.locate(&self.workflow.source, problem.with_hint(suggest(name, &known)));
                self.found.push(Found { severity: Severity::Error, problem });
            }
        }
    }

    fn role(&mut self, block: &Block, role: &Role) {
        if self.workflow.object != Object::SaasUsers {
            self.error(block.span.clone(), "a role block is about SaaS users", "write object = \"saas_users\"");
        }
        if let Some((trigger, span)) = self.workflow.begin.on.iter().find(|(trigger, _)| trigger.is_event()) {
            let message =
                format!("a role block looks at all records at once, and \"{}\" begins with one", trigger.name());
            self.error(span.clone(), message, "begin it by schedule or manual");
        }
        if let Some(info) = self.preset(&role.preset) {
            if !info.manifest.lists() {
                let message = format!("{} lists nothing", info.name);
                self.error(role.preset.span(), message, "take a preset that lists users, such as mosyle/users");
            }
            self.connection(&role.preset, &role.connection);
            let rows: Vec<&str> = info.manifest.row_names().collect();
            if !rows.is_empty() {
                for name in role.matching.keys().filter(|name| !rows.contains(&name.as_str())) {
                    let span = role.matching.get(name).map_or(block.span.clone(), Text::span);
                    let message = format!("the rows of {} have no \"{name}\"", info.name);
                    self.error(span, message, suggest(name, &rows));
                }
                if !rows.contains(&role.role.as_str()) {
                    let message = format!("the rows of {} have no \"{}\"", info.name, role.role);
                    self.error(role.role.span(), message, suggest(role.role.as_str(), &rows));
                }
            }
        }
        for field in role.matching.values() {
            self.field(field.as_str(), field.span());
        }
    }

    /// What a filled value gives, where that is known.
    fn gives(&self, filled: &Filled) -> Option<Gives> {
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

    /// Whether a field takes a value that is there already.
    fn takes(&mut self, field: &Field, filled: &Filled) {
        let value = match &filled.value {
            Source::Plain(value) => value.clone(),
            Source::Template(text, template) if template.variables().is_empty() => Value::from(text.as_str()),
            Source::Template(..) => return,
        };
        if let Err(misfit) = crate::values::field(&field.kind, &value) {
            self.error(filled.span.clone(), format!("{} {misfit}", field.name), "");
        }
    }

    fn names(&mut self, filled: &Filled) {
        if let Source::Template(text, template) = &filled.value {
            self.template(text, template);
        }
    }

    /// The fields that a template names exist.
    fn template(&mut self, text: &Text, template: &Template) {
        for variable in template.variables().iter().filter(|variable| variable.path.root == "record") {
            let Some(Step::Key(name)) = variable.path.steps.first() else { continue };
            if ["id", "state"].contains(&name.as_str()) {
                continue;
            }
            if let Err(error) = self.fields().get(name) {
                let problem = Problem::new(error.to_string(), variable.span.clone());
                let problem = problem.with_hint("declare fields by `presetter records fields --declare FILE`");
                let problem = text.locate(&self.workflow.source, problem);
                self.found.push(Found { severity: Severity::Error, problem });
            }
        }
    }

    /// Every block is reached.
    fn ways(&mut self) {
        let blocks = &self.workflow.blocks;
        let (mut reached, mut next) = (BTreeSet::new(), vec![0]);
        while let Some(at) = next.pop() {
            if at >= blocks.len() || !reached.insert(at) {
                continue;
            }
            let block = &blocks[at];
            let paths = [Some(&block.success), block.failure.as_ref(), block.not_found.as_ref()];
            next.extend(paths.into_iter().flatten().filter_map(|path| self.workflow.after(at, &path.next)));
        }
        let lost: Vec<(String, Range<usize>)> = blocks
            .iter()
            .enumerate()
            .filter(|(at, _)| !reached.contains(at))
            .map(|(_, block)| (block.name.clone(), block.span.clone()))
            .collect();
        for (name, span) in lost {
            self.error(
                span,
                format!("no way leads to block \"{name}\""),
                format!("let a path say next = \"{name}\", or take it out"),
            );
        }
    }

    /// Every variable is set by some block.
    fn variables(&mut self) {
        let blocks = &self.workflow.blocks;
        let paths = |block: &Block| -> Vec<Path> {
            [Some(block.success.clone()), block.failure.clone(), block.not_found.clone()]
                .into_iter()
                .flatten()
                .collect()
        };
        let set: BTreeSet<String> =
            blocks.iter().flat_map(paths).flat_map(|path| path.variables.into_keys().collect::<Vec<_>>()).collect();
        let mut used: Vec<(Text, Template)> = Vec::new();
        let mut filled = |map: &IndexMap<String, Filled>| {
            for filled in map.values() {
                if let Source::Template(text, template) = &filled.value {
                    used.push((text.clone(), template.clone()));
                }
            }
        };
        for block in blocks {
            match &block.action {
                Action::Api(api) => filled(&api.inputs),
                Action::Update(update) => filled(&update.fields),
                _ => {}
            }
        }
        for block in blocks {
            match &block.action {
                Action::Notify(notify) => used.extend(notify.body.clone()),
                Action::Approval(approval) => used.push((approval.message.clone(), approval.template.clone())),
                _ => {}
            }
        }
        let known: Vec<&str> = set.iter().map(String::as_str).collect();
        for (text, template) in used {
            for variable in template.variables().iter().filter(|variable| variable.path.root == "variables") {
                if let Some(Step::Key(name)) = variable.path.steps.first()
                    && !set.contains(name)
                {
                    let hint = match known.is_empty() {
                        true => "set it in the success of a block: variables = { NAME = \"{{outputs.X}}\" }".to_owned(),
                        false => suggest(name, &known),
                    };
                    let problem = Problem::new(format!("no block sets the variable \"{name}\""), variable.span.clone());
                    let problem = text.locate(&self.workflow.source, problem.with_hint(hint));
                    self.found.push(Found { severity: Severity::Error, problem });
                }
            }
        }
    }
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gives {
    Text,
    Integer,
    Number,
    Boolean,
    List,
    Object,
}

impl Gives {
    fn name(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

fn fits(gives: Gives, input: InputKind) -> bool {
    matches!(
        (gives, input),
        (Gives::Text, InputKind::String)
            | (Gives::Integer, InputKind::Integer | InputKind::Number)
            | (Gives::Number, InputKind::Number)
            | (Gives::Boolean, InputKind::Boolean)
            | (Gives::List, InputKind::List)
            | (Gives::Object, InputKind::Object)
    )
}
