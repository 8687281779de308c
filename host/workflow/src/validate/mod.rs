//! What can be known of a workflow without running it: presets, connections, inputs, fields and ways.

mod api;
mod ways;
mod words;

use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use presetter_manifest::{Text, suggest};
use presetter_records::{Field, Fields, Filter, FilterError, Kind, Object, Rule};
use presetter_template::path::Step;
use presetter_template::{Problem, Template};
use serde_json::Value;

use crate::calendar::When;
use crate::definition::{Action, Block, Condition, Filled, Path, Role, Rules, Source, Wait};
use crate::{Mappings, Presets, Trigger, Workflow};

use self::words::*;

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
    check.unproven();
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
    pub(super) fn error(&mut self, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        self.note(Severity::Error, span, message, hint);
    }

    pub(super) fn note(
        &mut self,
        severity: Severity,
        span: Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let (problem, hint) = (Problem::new(message, span), hint.into());
        let problem = if hint.is_empty() { problem } else { problem.with_hint(hint) };
        self.found.push(Found { severity, problem });
    }

    pub(super) fn fields(&self) -> Arc<Fields> {
        match self.workflow.object {
            // With a role block it can only be meant so: that the object is another one is told once.
            _ if self.workflow.role().is_some() => self.catalogue.saas_users.clone(),
            Object::SaasUsers => self.catalogue.saas_users.clone(),
            _ => self.catalogue.users.clone(),
        }
    }

    pub(super) fn field(&mut self, name: &str, span: Range<usize>) -> Option<Field> {
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
    pub(super) fn attended(&self) -> bool {
        self.workflow.begin.on.iter().all(|(trigger, _)| *trigger == Trigger::Manual)
    }

    pub(super) fn begin(&mut self) {
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

    pub(super) fn rules(&mut self, rules: &Rules) {
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
    pub(super) fn part(&self, span: &Range<usize>, rule: &Rule, error: &FilterError) -> Option<Range<usize>> {
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

    pub(super) fn block(&mut self, block: &Block) {
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
                if bears_a_secret(notify.url.as_str()) {
                    let message =
                        "this address looks as if whoever knows it may post there, and it is kept as it stands here";
                    let hint = "keep it elsewhere: url = \"env:NAME\", \"file:PATH\", \"keyring:SERVICE/NAME\" or \"cmd:PROGRAM\"";
                    self.note(Severity::Warning, notify.url.span(), message, hint);
                }
            }
            Action::Approval(approval) => self.template(&approval.message, &approval.template),
        }
        for path in [Some(&block.success), block.failure.as_ref(), block.not_found.as_ref()].into_iter().flatten() {
            self.path(path);
        }
    }

    pub(super) fn path(&mut self, path: &Path) {
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

    pub(super) fn role(&mut self, block: &Block, role: &Role) {
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
            if info.overridden {
                let message =
                    format!("{} runs with a body of your own here, and what that lists proves nothing", info.name);
                let hint = format!("presetter override remove {}", info.name);
                self.error(role.preset.span(), message, hint);
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

    /// The fields that an expression names exist.
    pub(super) fn expression(&mut self, text: &Text) {
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

    /// Whether a field takes a value that is there already.
    pub(super) fn takes(&mut self, field: &Field, filled: &Filled) {
        let value = match &filled.value {
            Source::Plain(value) => value.clone(),
            Source::Template(text, template) if template.variables().is_empty() => Value::from(text.as_str()),
            Source::Template(..) => return,
        };
        self.constant(field, &value, filled.span.clone());
    }

    pub(super) fn constant(&mut self, field: &Field, value: &Value, span: Range<usize>) {
        if let Err(misfit) = crate::values::field(&field.kind, value) {
            let (message, hint) = split(&format!("{} {misfit}", field.name));
            self.error(span, message, hint);
        }
    }

    pub(super) fn names(&mut self, filled: &Filled) {
        if let Source::Template(text, template) = &filled.value {
            self.template(text, template);
        }
    }

    /// The fields that a template names exist.
    pub(super) fn template(&mut self, text: &Text, template: &Template) {
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
}
