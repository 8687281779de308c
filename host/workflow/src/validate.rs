//! What can be known of a workflow without running it: presets, connections, inputs, fields and ways.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use jiff::civil::Date;
use presetter_manifest::{InputKind, Text, nearest, suggest};
use presetter_records::{Field, Fields, Filter, FilterError, Kind, NoField, Object, Operator, Rule};
use presetter_template::path::Step;
use presetter_template::{Context, Options, Problem, Template};
use serde_json::Value;

use crate::calendar::When;
use crate::definition::{Action, Api, Block, Condition, Filled, Path, Role, Rules, Source, Via, Wait};
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
            // With a role block it can only be meant so: that the object is another one is told once.
            _ if self.workflow.role().is_some() => self.catalogue.saas_users.clone(),
            Object::SaasUsers => self.catalogue.saas_users.clone(),
            _ => self.catalogue.users.clone(),
        }
    }

    fn field(&mut self, name: &str, span: Range<usize>) -> Option<Field> {
        match self.fields().get(name) {
            Ok(field) => Some(field.clone()),
            Err(error) => {
                let (message, hint) = no_field(&error);
                self.error(span, message, hint);
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
        self.rules(&begin.rules);
        for field in &begin.fields {
            self.field(field.as_str(), field.span());
        }
        if let Some(schedule) = &begin.schedule
            && schedule.when.next(self.catalogue.now).is_none()
        {
            match schedule.when {
                When::Once(_) => {
                    self.error(schedule.span.clone(), "this time has passed", "give one that is still to come")
                }
                When::Cron(_) => self.error(
                    schedule.span.clone(),
                    "no day is ever like this",
                    "look at the day and the month: 0 6 30 2 * would be the 30th of February",
                ),
            }
        }
    }

    fn rules(&mut self, rules: &Rules) {
        let fields = self.fields();
        // Whether a rule fits does not depend on the day.
        let today = Date::constant(2026, 1, 1);
        let mut fit = true;
        for (rule, span) in &rules.list {
            if let Err(error) = Filter::Rule(rule.clone()).compile(&fields, today) {
                fit = false;
                let span = self.part(span, rule, &error).unwrap_or(span.clone());
                let (message, hint) = unfit(&error, rule, &fields, today);
                self.error(span, message, hint);
            }
        }
        if let (true, Err(error), Some((_, span))) = (fit, rules.filter().compile(&fields, today), rules.list.first()) {
            self.error(span.clone(), error.to_string(), "leave some rules out");
        }
    }

    /// Where the part of a rule stands that an error is about; the rule itself stands at `span`.
    fn part(&self, span: &Range<usize>, rule: &Rule, error: &FilterError) -> Option<Range<usize>> {
        let text = self.workflow.source.get(span.clone())?;
        let field = text.find(&rule.field)?;
        let behind = field + rule.field.len();
        let (at, length) = match error {
            FilterError::NoField(_) => (field, rule.field.len()),
            FilterError::Operator { operator, .. } => {
                (behind + text[behind..].find(operator.name())?, operator.name().len())
            }
            FilterError::Value { .. } => {
                let value = rule.value.as_deref()?;
                (behind + text[behind..].rfind(value)?, value.len())
            }
            _ => return None,
        };
        Some(span.start + at..span.start + at + length)
    }

    fn block(&mut self, block: &Block) {
        match &block.action {
            Action::Api(api) => self.api(block, api),
            Action::Role(role) => self.role(block, role),
            Action::Update(update) => {
                for (name, filled) in &update.fields {
                    if let Some(field) = self.field(name, filled.name.clone()) {
                        self.takes(&field, filled);
                    }
                    self.names(filled);
                }
            }
            Action::Condition(condition) => {
                match condition {
                    Condition::Rules(rules) => self.rules(rules),
                    Condition::When(text, _) => self.expression(text),
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
            let place = path.places.get(name).cloned().unwrap_or_else(|| text.span());
            if let Some(field) = self.field(name, place)
                && template.variables().is_empty()
            {
                self.constant(&field, &Value::from(text.as_str()), text.span());
            }
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
    fn outputs(&mut self, text: &Text, template: &Template, info: &PresetInfo) {
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
    fn answers(&mut self, text: &Text, template: &Template, root: &str, known: &[&str], preset: &str) {
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

    fn role(&mut self, block: &Block, role: &Role) {
        if self.workflow.object != Object::SaasUsers {
            let message = format!("block \"{}\" looks at roles, and these are of SaaS users", block.name);
            self.error(self.workflow.object_span.clone(), message, "write object = \"saas_users\"");
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
            } else if let Some((name, _)) = info.manifest.inputs.iter().find(|(_, input)| input.must_be_given()) {
                let message = format!("{} needs the input \"{name}\", and a role block gives none", info.name);
                self.error(
                    role.preset.span(),
                    message,
                    "take a preset that lists users by itself, such as mosyle/users",
                );
            }
            self.connection(&role.preset, &role.connection);
            let rows: Vec<&str> = info.manifest.row_names().collect();
            if !rows.is_empty() {
                for name in role.matching.keys().filter(|name| !rows.contains(&name.as_str())) {
                    let span = role.places.get(name).cloned().unwrap_or(block.span.clone());
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
        if Kind::Key.parse(role.software.as_str()).is_err() {
            let message = "a software entry has a name of lower-case letters, digits and -";
            self.error(role.software.span(), message, "`presetter records list software` shows which there are");
        }
    }

    /// A body in place of the preset's: it knows what the preset's own would know.
    fn body(&mut self, text: &Text, info: &PresetInfo) {
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

    /// The fields that an expression names exist.
    fn expression(&mut self, text: &Text) {
        for (name, span) in properties(text.as_str(), "record") {
            if ["id", "state"].contains(&name) {
                continue;
            }
            if let Err(error) = self.fields().get(name) {
                let (message, hint) = no_field(&error);
                let problem = text.locate(&self.workflow.source, Problem::new(message, span).with_hint(hint));
                self.found.push(Found { severity: Severity::Error, problem });
            }
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
        self.constant(field, &value, filled.span.clone());
    }

    fn constant(&mut self, field: &Field, value: &Value, span: Range<usize>) {
        if let Err(misfit) = crate::values::field(&field.kind, value) {
            let (message, hint) = split(&format!("{} {misfit}", field.name));
            self.error(span, message, hint);
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
                let (message, hint) = no_field(&error);
                let problem = Problem::new(message, variable.span.clone()).with_hint(hint);
                let problem = text.locate(&self.workflow.source, problem);
                self.found.push(Found { severity: Severity::Error, problem });
            }
        }
    }

    /// The blocks that can follow a block.
    fn next(&self, at: usize) -> Vec<usize> {
        let Some(block) = self.workflow.blocks.get(at) else { return Vec::new() };
        let paths = [Some(&block.success), block.failure.as_ref(), block.not_found.as_ref()];
        paths.into_iter().flatten().filter_map(|path| self.workflow.after(at, &path.next)).collect()
    }

    /// From every block the run can end.
    fn circles(&mut self, reached: &BTreeSet<usize>) {
        let blocks = &self.workflow.blocks;
        let mut ending: BTreeSet<usize> = BTreeSet::new();
        loop {
            let ends = |at: &usize| {
                let block = &blocks[*at];
                let paths = [Some(&block.success), block.failure.as_ref(), block.not_found.as_ref()];
                let mut after = paths.into_iter().flatten().map(|path| self.workflow.after(*at, &path.next));
                // Whoever says no ends it.
                let asks = matches!(block.action, Action::Approval(_)) && block.failure.is_none();
                !ending.contains(at) && (asks || after.any(|next| next.is_none_or(|next| ending.contains(&next))))
            };
            let more: Vec<usize> = (0..blocks.len()).filter(ends).collect();
            if more.is_empty() {
                break;
            }
            ending.extend(more);
        }
        let caught = reached.iter().find(|at| !ending.contains(at)).and_then(|at| blocks.get(*at));
        if let Some((name, span)) = caught.map(|block| (block.name.clone(), block.span.clone())) {
            let message = format!("the ways from block \"{name}\" lead round in a circle, and the run never ends");
            self.error(span, message, "let a path say next = \"end\"");
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
            next.extend(self.next(at));
        }
        self.circles(&reached);
        // What follows a block that is not reached is not told besides: first those that nothing leads to, then what
        // is left of circles.
        let mut lost: Vec<(String, Range<usize>)> = Vec::new();
        let alone = |at: &usize, reached: &BTreeSet<usize>| {
            let leads = |from: usize| from != *at && !reached.contains(&from) && self.next(from).contains(at);
            !reached.contains(at) && !(0..blocks.len()).any(leads)
        };
        let first: Vec<usize> = (0..blocks.len()).filter(|at| alone(at, &reached)).collect();
        for at in first.into_iter().chain(0..blocks.len()) {
            if reached.contains(&at) {
                continue;
            }
            lost.push((blocks[at].name.clone(), blocks[at].span.clone()));
            let mut next = vec![at];
            while let Some(at) = next.pop() {
                if reached.insert(at) {
                    next.extend(self.next(at));
                }
            }
        }
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
        for path in blocks.iter().flat_map(paths) {
            used.extend(path.fields.into_values().chain(path.variables.into_values()));
        }
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
        let mut names: Vec<(Text, String, Range<usize>)> = Vec::new();
        for (text, template) in used {
            for variable in template.variables().iter().filter(|variable| variable.path.root == "variables") {
                if let Some(Step::Key(name)) = variable.path.steps.first() {
                    names.push((text.clone(), name.clone(), variable.span.clone()));
                }
            }
        }
        for block in blocks {
            if let Action::Condition(Condition::When(text, _)) = &block.action {
                let used = properties(text.as_str(), "variables");
                names.extend(used.into_iter().map(|(name, span)| (text.clone(), name.to_owned(), span)));
            }
        }
        let known: Vec<&str> = set.iter().map(String::as_str).collect();
        for (text, name, span) in names.into_iter().filter(|(_, name, _)| !set.contains(name)) {
            let hint = match known.is_empty() {
                true => format!("set it in the success of a block: variables = {{ {name} = \"{{{{outputs.X}}}}\" }}"),
                false => suggest(&name, &known),
            };
            let problem = Problem::new(format!("no block sets the variable \"{name}\""), span).with_hint(hint);
            let problem = text.locate(&self.workflow.source, problem);
            self.found.push(Found { severity: Severity::Error, problem });
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

/// What to say of a field that does not exist, and what to do.
fn no_field(error: &NoField) -> (String, String) {
    let message = format!("{} have no field \"{}\"", error.object, error.name);
    let or = if error.hint.ends_with('?') { " Or" } else { "; or" };
    (message, format!("{}{or} declare it by `presetter records fields --declare FILE`", error.hint))
}

/// What to say of a rule that does not fit, and what to do.
fn unfit(error: &FilterError, rule: &Rule, fields: &Fields, today: Date) -> (String, String) {
    match error {
        FilterError::NoField(error) => no_field(error),
        FilterError::Operator { kind, .. } => {
            let fits = |operator: &Operator| {
                let value = (!matches!(operator, Operator::IsEmpty | Operator::IsNotEmpty)).then_some("1");
                let asked = Filter::rule(&rule.field, *operator, value).compile(fields, today);
                !matches!(asked, Err(FilterError::Operator { .. }))
            };
            let possible: Vec<&str> = Operator::ALL.into_iter().filter(fits).map(Operator::name).collect();
            (error.to_string(), format!("of a {kind} can be asked: {}", possible.join(", ")))
        }
        FilterError::Arity { needed: false, .. } => (error.to_string(), "leave out what stands behind it".to_owned()),
        _ => split(&error.to_string()),
    }
}

/// A sentence that says what to do after a semicolon.
fn split(text: &str) -> (String, String) {
    match text.rsplit_once("; ") {
        // Not in the middle of what a person wrote.
        Some((message, hint)) if message.matches('"').count() % 2 == 0 => (message.to_owned(), hint.to_owned()),
        _ => (text.to_owned(), String::new()),
    }
}

/// What to give in place of a value of the wrong kind.
fn other(filled: &Filled, gives: Gives, takes: InputKind) -> String {
    match (&filled.value, takes) {
        (Source::Plain(Value::Number(number)), InputKind::String) => format!("write \"{number}\""),
        (Source::Plain(Value::Bool(value)), InputKind::String) => format!("write \"{value}\""),
        (Source::Plain(_), InputKind::String) => "write one text in quotes; it may have several {{tags}}".to_owned(),
        (Source::Template(text, template), InputKind::Integer | InputKind::Number | InputKind::Boolean)
            if template.variables().is_empty() =>
        {
            format!(
                "write it without quotes, as in {}",
                if takes == InputKind::Boolean { "true" } else { number(text) }
            )
        }
        (Source::Template(..), InputKind::String) => match gives {
            Gives::Text => String::new(),
            _ => "take a field that is a text, or put text beside the tag".to_owned(),
        },
        (Source::Template(..), InputKind::Integer | InputKind::Number) => "take a field of the type number".to_owned(),
        (Source::Template(..), InputKind::Boolean) => "take a field of the type checkbox".to_owned(),
        _ => format!("give {}", takes.name()),
    }
}

fn number(text: &Text) -> &str {
    let text = text.as_str().trim();
    if text.parse::<f64>().is_ok_and(f64::is_finite) { text } else { "1" }
}

/// The properties of a name that an expression reads by a dot, each with its place. Texts and comments are passed over.
fn properties<'t>(text: &'t str, root: &str) -> Vec<(&'t str, Range<usize>)> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (mut found, mut at) = (Vec::new(), 0);
    let mut before = ' ';
    while let Some(c) = text[at..].chars().next() {
        if matches!(c, '"' | '\'') {
            let raw = matches!(before, 'r' | 'R');
            at += quoted(&text[at..], c, raw);
            before = c;
        } else if text[at..].starts_with("//") {
            at += text[at..].find('\n').unwrap_or(text.len() - at);
        } else if part(c) {
            let end = text[at..].find(|c| !part(c)).map_or(text.len(), |length| at + length);
            let name = text[end..].strip_prefix('.').map(|rest| &rest[..rest.find(|c| !part(c)).unwrap_or(rest.len())]);
            if let (true, Some(name)) = (&text[at..end] == root && before != '.', name)
                && !text[end + 1 + name.len()..].starts_with('(')
                && !name.is_empty()
            {
                found.push((name, at..end + 1 + name.len()));
            }
            before = text[..end].chars().next_back().unwrap_or(' ');
            at = end;
        } else {
            before = c;
            at += c.len_utf8();
        }
    }
    found
}

/// The length of the text in quotes with which `text` begins.
fn quoted(text: &str, quote: char, raw: bool) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = !raw,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}
