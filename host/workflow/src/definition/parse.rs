//! From a file's text to a workflow. All mistakes are collected; each points at its place.

use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use indexmap::IndexMap;
use presetter_expr::{Dialect, Program};
use presetter_manifest::{Diagnostics, Text, nearest, suggest};
use presetter_records::{DEPTH, Filter, Object, Operator, Rule, State};
use presetter_template::path::Step;
use presetter_template::{Context, Problem, Template};
use serde_json::Value;
use toml::Spanned;

use super::check::{KEYS, TYPES};
use super::raw::{self, File};
use super::{
    Action, Api, Approval, BLOCKS, Begin, Block, Condition, Filled, Next, Notify, Path, Role, Rules, Schedule, Source,
    Threshold, Trigger, Update, Via, Wait, Workflow,
};
use crate::Answered;
use crate::calendar::{self, When};
use crate::values::of_toml;

/// What templates of a workflow know; those of a path also what [`Answered`] knows.
pub(crate) const ROOTS: [&str; 4] = ["record", "variables", "workflow", "run"];

/// How the address of a webhook begins: it is one, or says where it is kept.
const ADDRESSES: [&str; 6] = ["https://", "http://", "env:", "file:", "keyring:", "cmd:"];

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 3600);

/// Reads a definition.
pub(super) fn workflow(name: &str, file: &str, source: &str) -> Result<Workflow, Diagnostics> {
    let read: File = presetter_manifest::read_toml(file, source)?;
    let begins_with_role = read.block.first().is_some_and(|block| block.kind.as_str() == "role");
    let mut reader = Reader { source, begins_with_role, problems: Vec::new() };
    let workflow = reader.workflow(name, file, &read);
    match workflow {
        Some(workflow) if reader.problems.is_empty() => Ok(workflow),
        _ => {
            let mut problems = reader.problems;
            problems.sort_by_key(|problem| problem.span.start);
            Err(Diagnostics::of(file, source, problems))
        }
    }
}

struct Reader<'s> {
    source: &'s str,
    begins_with_role: bool,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn wrong(&mut self, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        let (problem, hint) = (Problem::new(message, span), hint.into());
        self.problems.push(if hint.is_empty() { problem } else { problem.with_hint(hint) });
    }

    /// Where the key stands whose value stands at `value`; the value's place if it is written otherwise.
    fn key(&self, value: &Range<usize>, key: &str) -> Range<usize> {
        let before = self.source.get(..value.start).unwrap_or("");
        let before = before.trim_end().strip_suffix('=').map(str::trim_end);
        match before {
            Some(before) if before.ends_with(key) => before.len() - key.len()..before.len(),
            _ => value.clone(),
        }
    }

    fn workflow(&mut self, name: &str, file: &str, read: &File) -> Option<Workflow> {
        let object = self.object(&read.object);
        let begin = match &read.begin {
            Some(begin) => self.begin(begin),
            None => {
                let hint = "add [begin] with a line such as on = [\"manual\"]";
                self.wrong(read.object.span(), "this workflow has no [begin]: nothing begins it", hint);
                None
            }
        };
        if read.title.as_str().trim().is_empty() {
            self.wrong(read.title.span(), "the title is empty", "say what the workflow does: title = \"...\"");
        }
        if read.block.is_empty() {
            let end = self.source.trim_end().len();
            let start = self.source[..end].rfind('\n').map_or(0, |at| at + 1);
            self.wrong(start..end, "this workflow has no block", "add [[block]] with a name and a type after this");
        }
        if read.block.len() > BLOCKS {
            self.wrong(
                read.block[BLOCKS].name.span(),
                format!("a workflow has at most {BLOCKS} blocks"),
                "make two workflows of it",
            );
        }
        let mut names: IndexMap<&str, usize> = IndexMap::new();
        for (at, block) in read.block.iter().enumerate() {
            let text = block.name.as_str();
            if !is_name(text) {
                self.wrong(
                    block.name.span(),
                    "a block's name has lower-case letters, digits, - and _, and begins with a letter",
                    named(text),
                );
            }
            if ["end", "fail", "begin"].contains(&text) {
                self.wrong(block.name.span(), format!("\"{text}\" is no name for a block"), "take another name");
            }
            if names.insert(text, at).is_some() {
                self.wrong(block.name.span(), format!("there are two blocks \"{text}\""), "give each its own name");
            }
        }
        let mut blocks = Vec::new();
        for (at, block) in read.block.iter().enumerate() {
            blocks.push(self.block(at, block, &names));
        }
        let blocks: Vec<Block> = blocks.into_iter().collect::<Option<_>>()?;
        Some(Workflow {
            name: name.to_owned(),
            file: file.to_owned(),
            source: self.source.into(),
            title: read.title.as_str().to_owned(),
            description: read.description.clone(),
            object: object?,
            object_span: read.object.span(),
            begin: begin?,
            blocks,
        })
    }

    fn object(&mut self, text: &Text) -> Option<Object> {
        match text.as_str().parse() {
            Ok(object @ (Object::Users | Object::SaasUsers)) => Some(object),
            _ => {
                let hint = suggest(text.as_str(), &["users", "saas_users"]);
                self.wrong(text.span(), "a workflow's object is users or saas_users", hint);
                None
            }
        }
    }

    fn begin(&mut self, begin: &raw::Begin) -> Option<Begin> {
        let names = Trigger::ALL.map(Trigger::name);
        let mut on = Vec::new();
        for text in begin.on.get_ref() {
            match Trigger::ALL.into_iter().find(|trigger| trigger.name() == text.as_str()) {
                Some(trigger) if on.iter().any(|(known, _)| *known == trigger) => {
                    self.wrong(text.span(), format!("\"{}\" stands here twice", text.as_str()), "leave one out");
                }
                Some(trigger) => on.push((trigger, text.span())),
                None => {
                    let message = format!("there is no trigger \"{}\"", shown(text.as_str()));
                    self.wrong(text.span(), message, suggest(text.as_str(), &names));
                }
            }
        }
        if begin.on.get_ref().is_empty() {
            let hint = format!("write for example on = [\"manual\"]; possible here: {}", names.join(", "));
            self.wrong(begin.on.span(), "nothing begins this workflow", hint);
        }
        // What belongs to a trigger that is not understood is not judged.
        let understood = !on.is_empty() && on.len() == begin.on.get_ref().len();
        let scheduled = on.iter().find(|(trigger, _)| *trigger == Trigger::Schedule).map(|(_, span)| span.clone());
        let schedule = if scheduled.is_some() || understood { self.schedule(begin, scheduled) } else { None };
        let edited = on.iter().any(|(trigger, _)| matches!(trigger, Trigger::Edited | Trigger::Synced));
        if let (Some(field), false, true) = (begin.fields.first(), edited, understood) {
            self.wrong(field.span(), "fields are looked at when a record is edited or synced", "add \"edited\" to on");
        }
        let state = match begin.records.as_ref().map(|text| (text.as_str(), text.span())) {
            // What was archived just now is archived.
            None if on.iter().any(|(trigger, _)| *trigger == Trigger::Archived) => None,
            None | Some(("active", _)) => Some(State::Active),
            Some(("archived", _)) => Some(State::Archived),
            Some(("all", _)) => None,
            Some((text, span)) => {
                self.wrong(span, "records are active, archived or all", suggest(text, &["active", "archived", "all"]));
                None
            }
        };
        let rules = self.rules(&begin.rules);
        Some(Begin { on, schedule, fields: begin.fields.clone(), state, rules })
    }

    fn schedule(&mut self, begin: &raw::Begin, scheduled: Option<Range<usize>>) -> Option<Schedule> {
        let zone = begin.zone.as_ref();
        let (when, span) = match (&begin.cron, &begin.at, scheduled) {
            (Some(cron), None, Some(_)) => (When::cron(cron.as_str(), zone.map_or("UTC", Text::as_str)), cron.span()),
            (None, Some(at), Some(_)) => (When::once(at.as_str(), zone.map_or("UTC", Text::as_str)), at.span()),
            (Some(_), Some(at), Some(_)) => {
                self.wrong(at.span(), "a schedule has cron or at, not both", "leave one out");
                return None;
            }
            (None, None, Some(span)) => {
                let hint = "add cron = \"0 6 * * 1-5\" (minute hour day month weekday), or at = \"2026-12-01T06:00\"";
                self.wrong(span, "nothing says when", hint);
                return None;
            }
            (cron, at, None) => {
                if let Some(text) = cron.as_ref().or(at.as_ref()).or(zone) {
                    self.wrong(
                        text.span(),
                        "this belongs to the trigger \"schedule\"",
                        "add \"schedule\" to on, or leave this out",
                    );
                }
                return None;
            }
        };
        match when {
            Ok(when) => Some(Schedule { when, span }),
            Err(calendar::Wrong::Zone(message)) => {
                let hint = zone.map(|zone| calendar::zone_hint(zone.as_str())).unwrap_or_default();
                self.wrong(zone.map_or(span, Text::span), message, hint);
                None
            }
            Err(calendar::Wrong::When(message, hint)) => {
                self.wrong(span, message, hint);
                None
            }
        }
    }

    fn rules(&mut self, rules: &raw::Rules) -> Rules {
        let mut list = Vec::new();
        let filter = self.group(rules, &mut list, 0);
        let filter = (!list.is_empty()).then_some(filter);
        Rules { filter, list }
    }

    fn group(&mut self, rules: &raw::Rules, list: &mut Vec<(Rule, Range<usize>)>, depth: usize) -> Filter {
        if depth > DEPTH / 2 {
            self.wrong(
                first(rules),
                format!("groups of rules are nested more than {} deep", DEPTH / 2),
                "write fewer groups",
            );
            return Filter::everything();
        }
        let mut read = |reader: &mut Self, text: &Text| match Rule::from_str(text.as_str()) {
            Ok(rule) => {
                list.push((rule.clone(), text.span()));
                Some(Filter::Rule(rule))
            }
            Err(_) => {
                reader.wrong(text.span(), format!("\"{}\" is no rule", shown(text.as_str())), operators(text.as_str()));
                None
            }
        };
        let mut all: Vec<Filter> = rules.all.iter().filter_map(|text| read(self, text)).collect();
        let mut any: Vec<Filter> = rules.any.iter().filter_map(|text| read(self, text)).collect();
        all.extend(rules.all_of.iter().map(|group| self.group(group, list, depth + 1)));
        any.extend(rules.any_of.iter().map(|group| self.group(group, list, depth + 1)));
        if !any.is_empty() {
            all.push(Filter::Any { any });
        }
        Filter::All { all }
    }

    fn block(&mut self, at: usize, block: &raw::Block, names: &IndexMap<&str, usize>) -> Option<Block> {
        let kind = block.kind.as_str();
        let Some((_, takes, needs)) = KEYS.iter().find(|(name, ..)| *name == kind) else {
            let message = format!("there is no block of the type \"{}\"", shown(kind));
            self.wrong(block.kind.span(), message, suggest(kind, &TYPES));
            return None;
        };
        let keys = block.keys();
        for (key, span) in &keys {
            if !takes.contains(key) {
                let hint = format!("it takes {}", takes.join(", "));
                let span = self.key(span, key);
                self.wrong(span, format!("a block of the type {kind} has no key \"{key}\""), hint);
            }
        }
        for key in needs.iter().filter(|key| !keys.iter().any(|(name, _)| name == *key)) {
            let message = format!("block \"{}\" needs the key \"{key}\"", shown(block.name.as_str()));
            self.wrong(block.name.span(), message, format!("add a line `{key} = ...`"));
        }
        let action = match kind {
            "api" => self.api(block).map(Action::Api),
            "role" => self.role(at, block).map(Action::Role),
            "update" => self.update(block).map(Action::Update),
            "condition" => self.condition(block).map(Action::Condition),
            "wait" => self.wait(block).map(Action::Wait),
            "notify" => self.notify(block).map(Action::Notify),
            _ => self.approval(block).map(Action::Approval),
        };
        let path = |reader: &mut Self, path: &Option<Spanned<raw::Path>>| {
            path.as_ref().map(|path| reader.path(path.get_ref(), kind, names))
        };
        let (success, failure) = (path(self, &block.success), path(self, &block.failure));
        let not_found = path(self, &block.not_found);
        Some(Block {
            name: block.name.as_str().to_owned(),
            span: block.name.span(),
            action: action?,
            success: success.unwrap_or_default(),
            failure,
            not_found,
        })
    }

    fn path(&mut self, path: &raw::Path, kind: &str, names: &IndexMap<&str, usize>) -> Path {
        let answers = kind == "api";
        if let Some(name) =
            path.fields.keys().chain(path.variables.keys()).next().filter(|_| !answers && kind != "role")
        {
            let message = format!("a path of a block of the type {kind} sets nothing");
            self.wrong(
                name.span(),
                message,
                "set fields in a block of the type update; variables come from answers of api blocks",
            );
        }
        let templates = |reader: &mut Self, map: &IndexMap<Spanned<String>, Text>, what: &str| {
            let mut compiled = IndexMap::new();
            for (name, text) in map {
                if what == "variable" && !is_name(name.get_ref()) {
                    let message = "a variable's name has lower-case letters, digits, - and _, and begins with a letter";
                    reader.wrong(name.span(), message, named(name.get_ref()));
                }
                if let Some(template) = reader.template(text, Context::Value, answers) {
                    compiled.insert(name.get_ref().clone(), (text.clone(), template));
                }
            }
            compiled
        };
        let fields = templates(self, &path.fields, "field");
        let variables = templates(self, &path.variables, "variable");
        let next = match path.next.as_ref() {
            None => Next::Following,
            Some(text) => match text.as_str() {
                "end" => Next::End,
                "fail" => Next::Fail,
                name => match names.get(name) {
                    Some(at) => Next::Block(*at),
                    None => {
                        let known: Vec<&str> = names.keys().copied().chain(["end", "fail"]).collect();
                        self.wrong(
                            text.span(),
                            format!("there is no block \"{}\"", shown(name)),
                            suggest(name, &known),
                        );
                        Next::End
                    }
                },
            },
        };
        let places = path.fields.keys().map(|name| (name.get_ref().clone(), name.span())).collect();
        Path { fields, places, variables, next }
    }

    /// A template whose names all exist. `answer`: it also knows the answer of a preset.
    fn template(&mut self, text: &Text, context: Context, answer: bool) -> Option<Template> {
        let compiled = Template::compile(text.as_str(), context).and_then(|template| {
            let mut strange = Vec::new();
            for variable in template.variables() {
                let root = variable.path.root.as_str();
                if ROOTS.contains(&root) || (answer && Answered::NAMES.contains(&root)) {
                    let known: &[&str] = match root {
                        "workflow" => &["name", "title"],
                        "run" => &["id"],
                        _ => continue,
                    };
                    if let Some(Step::Key(name)) = variable.path.steps.first()
                        && !known.contains(&name.as_str())
                    {
                        let problem = Problem::new(format!("{root} has no \"{name}\""), variable.span.clone());
                        strange.push(problem.with_hint(suggest(name, known)));
                    }
                    continue;
                }
                let mut known: Vec<&str> = ROOTS.to_vec();
                known.extend(Answered::NAMES.iter().filter(|_| answer));
                let problem = Problem::new(format!("there is no \"{root}\" here"), variable.span.clone());
                let hint = match Answered::NAMES.contains(&root) {
                    true => "an answer is known in the success and failure of the block that gets it; \
                             put it into a variable there"
                        .to_owned(),
                    false => match nearest(root, known.iter().copied()) {
                        Some(meant) => format!("did you mean \"{meant}\"?"),
                        None => {
                            let known = known.join(", ");
                            format!("a field of the record is written {{{{record.{root}}}}}; possible here: {known}")
                        }
                    },
                };
                strange.push(problem.with_hint(hint));
            }
            if strange.is_empty() { Ok(template) } else { Err(strange) }
        });
        match compiled {
            Ok(template) => Some(template),
            Err(problems) => {
                let helped = |problem: Problem| match (context, &problem.hint) {
                    (Context::Json, None) => problem.with_hint("this is JSON, such as {\"text\": \"{{record.name}}\"}"),
                    _ => problem,
                };
                self.problems.extend(problems.into_iter().map(|problem| text.locate(self.source, helped(problem))));
                None
            }
        }
    }

    fn filled(&mut self, map: Option<&Spanned<raw::Inputs>>) -> IndexMap<String, Filled> {
        let mut filled = IndexMap::new();
        for (name, value) in map.iter().flat_map(|map| map.get_ref()) {
            let span = value.span();
            let value = match value.get_ref() {
                toml::Value::String(text) => {
                    let text = Text::from(Spanned::new(span.clone(), text.clone()));
                    match self.template(&text, Context::Value, false) {
                        Some(template) => Source::Template(text, template),
                        None => continue,
                    }
                }
                other => match of_toml(other) {
                    Ok(value) if tagged(&value) => {
                        let message =
                            "a tag in a list or table is not filled: only a text that stands by itself is a template";
                        self.wrong(
                            span,
                            message,
                            "write a text, or one tag that gives the whole list: \"{{variables.NAME}}\"",
                        );
                        continue;
                    }
                    Ok(value) => Source::Plain(value),
                    Err(error) => {
                        self.wrong(span, format!("this is no value of JSON: {error}"), "");
                        continue;
                    }
                },
            };
            filled.insert(name.get_ref().clone(), Filled { name: name.span(), span, value });
        }
        filled
    }

    fn api(&mut self, block: &raw::Block) -> Option<Api> {
        let connection = match (&block.connection, &block.connection_field) {
            (Some(name), None) => Some(Via::Named(name.clone())),
            (None, Some(field)) => Some(Via::Field(field.clone())),
            (Some(_), Some(field)) => {
                self.wrong(field.span(), "a block has connection or connection_field, not both", "leave one out");
                None
            }
            (None, None) => {
                let hint = "add connection = \"NAME\"; `presetter connection list` shows which there are";
                self.wrong(block.name.span(), "this block needs a connection", hint);
                None
            }
        };
        let inputs = self.filled(block.inputs.as_ref());
        let confirm = block.confirm.as_ref().filter(|given| *given.get_ref()).map(Spanned::span);
        Some(Api { preset: block.preset.clone()?, connection: connection?, inputs, body: block.body.clone(), confirm })
    }

    fn role(&mut self, at: usize, block: &raw::Block) -> Option<Role> {
        if at != 0 {
            match self.begins_with_role {
                true => self.wrong(block.name.span(), "there are two role blocks", "make two workflows of it"),
                false => self.wrong(
                    block.name.span(),
                    "a role block stands directly after Begin",
                    "make it the first [[block]]",
                ),
            }
        }
        if let Some(path) = block.success.as_ref().map(Spanned::get_ref)
            && let Some((name, _)) = path.fields.first()
        {
            let message =
                "a role block sets role, active, last_checked and last_workflow by itself, and no other field";
            self.wrong(name.span(), message, "take the fields out");
        }
        let mut approve_above = Threshold::default();
        if let Some(given) = &block.approve_above {
            let raw = given.get_ref();
            approve_above = Threshold {
                count: self.at_most(raw.count.as_ref(), "count", 10_000).unwrap_or(approve_above.count),
                percent: self.at_most(raw.percent.as_ref(), "percent", 50).unwrap_or(approve_above.percent),
            };
        }
        let matching = block.matching.as_ref()?;
        if matching.get_ref().is_empty() {
            let hint = "write for example match = { mosyle_user_id = \"external_id\", email = \"email\" }";
            self.wrong(matching.span(), "nothing says by which fields rows and records are matched", hint);
        }
        let pairs = matching.get_ref().iter().map(|(row, field)| (row.get_ref().clone(), field.clone()));
        let places = matching.get_ref().keys().map(|row| (row.get_ref().clone(), row.span()));
        Some(Role {
            preset: block.preset.clone()?,
            connection: block.connection.clone()?,
            software: block.software.clone()?,
            matching: pairs.collect(),
            places: places.collect(),
            role: block.role.clone()?,
            deactivate_user: block.deactivate_user.as_ref().is_some_and(|given| *given.get_ref()),
            approve_above,
        })
    }

    /// A part of a threshold: above `most` nearly anyone could be deactivated without a person's word.
    fn at_most(&mut self, given: Option<&Spanned<i64>>, name: &str, most: u32) -> Option<u32> {
        let given = given?;
        let read = u32::try_from(*given.get_ref()).ok().filter(|read| *read <= most);
        if read.is_none() {
            let message = match *given.get_ref() < 0 {
                true => format!("{name} is less than nothing"),
                false => "this would let nearly anyone be deactivated without a person's word".to_owned(),
            };
            self.wrong(given.span(), message, format!("{name} is from 0 to {most}"));
        }
        read
    }

    fn update(&mut self, block: &raw::Block) -> Option<Update> {
        let state = match block.state.as_ref().map(|text| (text.as_str(), text.span())) {
            None => None,
            Some(("active", _)) => Some(State::Active),
            Some(("archived", _)) => Some(State::Archived),
            Some((text, span)) => {
                self.wrong(span, "a state is active or archived", suggest(text, &["active", "archived"]));
                None
            }
        };
        let fields = self.filled(block.fields.as_ref());
        if block.fields.is_none() && block.state.is_none() {
            self.wrong(
                block.name.span(),
                "this update changes nothing",
                "add fields = { ... } or state = \"archived\"",
            );
        }
        Some(Update { fields, state })
    }

    fn condition(&mut self, block: &raw::Block) -> Option<Condition> {
        match (&block.rules, &block.when) {
            (Some(rules), None) => {
                let read = self.rules(rules.get_ref());
                if none(rules.get_ref()) {
                    self.wrong(
                        rules.span(),
                        "this condition asks nothing",
                        "write for example rules = { all = [\"department equals IT\"] }",
                    );
                }
                Some(Condition::Rules(read))
            }
            (None, Some(when)) => match Program::compile(when.as_str(), Dialect::Full) {
                Ok(program) => {
                    let known = ["record", "variables", "today"];
                    if let Some(name) = program.variables().into_iter().find(|name| !known.contains(&name.as_str())) {
                        let hint = match nearest(&name, known) {
                            Some(meant) => format!("did you mean \"{meant}\"?"),
                            None => {
                                format!(
                                    "a field of the record is written record.{name}; possible here: {}",
                                    known.join(", ")
                                )
                            }
                        };
                        let span = word(when.as_str(), &name).unwrap_or(0..when.as_str().len());
                        let problem = Problem::new(format!("there is no \"{name}\" here"), span).with_hint(hint);
                        self.problems.push(when.locate(self.source, problem));
                    }
                    Some(Condition::When(when.clone(), program))
                }
                Err(problem) => {
                    let problem = when.locate(self.source, problem);
                    self.problems.push(problem);
                    None
                }
            },
            (Some(_), Some(when)) => {
                self.wrong(when.span(), "a condition has rules or when, not both", "leave one out");
                None
            }
            (None, None) => {
                let hint = "add rules = { all = [\"department equals IT\"] }, or when = 'variables.role == \"ADMIN\"'";
                self.wrong(block.name.span(), "this condition asks nothing", hint);
                None
            }
        }
    }

    fn wait(&mut self, block: &raw::Block) -> Option<Wait> {
        match (&block.duration, &block.until) {
            (Some(text), None) => self.duration(text).map(Wait::For),
            (None, Some(field)) => Some(Wait::Until(field.clone())),
            (Some(_), Some(until)) => {
                self.wrong(until.span(), "a wait has for or until, not both", "leave one out");
                None
            }
            (None, None) => {
                self.wrong(
                    block.name.span(),
                    "this wait does not say how long",
                    "add for = \"2d\", or until = \"FIELD\"",
                );
                None
            }
        }
    }

    fn duration(&mut self, text: &Text) -> Option<Duration> {
        let message = match calendar::duration(text.as_str()) {
            Some(read) if read > LONGEST => "this is longer than 400 days",
            Some(read) if !read.is_zero() => return Some(read),
            _ => "this is no length of time",
        };
        self.wrong(text.span(), message, "write for example 30m, 12h or 2d; at most 400d");
        None
    }

    fn notify(&mut self, block: &raw::Block) -> Option<Notify> {
        let url = block.url.clone()?;
        let text = url.as_str();
        let begins = |begin: &&str| text.len() > begin.len() && text.starts_with(*begin);
        if !ADDRESSES.iter().any(begins) {
            let hint = "write https://..., or where it is kept: env:NAME, file:PATH, keyring:SERVICE/NAME, cmd:PROGRAM";
            self.wrong(url.span(), "this is no address", hint);
        }
        let body = match &block.body {
            Some(text) => Some((text.clone(), self.template(text, Context::Json, false)?)),
            None => None,
        };
        let allow_private = block.allow_private.as_ref().is_some_and(|given| *given.get_ref());
        Some(Notify { url, allow_private, body })
    }

    fn approval(&mut self, block: &raw::Block) -> Option<Approval> {
        let message = block.message.clone()?;
        let template = self.template(&message, Context::Text, false);
        let within = match &block.within {
            Some(text) => Some(self.duration(text)?),
            None => None,
        };
        Some(Approval { message, template: template?, within })
    }
}

/// Whether a text is a name of a block or variable.
fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
}

/// What to write in place of a name that is none.
fn named(text: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = text.trim().chars().map(kept).collect();
    if is_name(&name) { format!("write for example \"{name}\"") } else { "write for example \"step-1\"".to_owned() }
}

/// What to write in place of a rule that is none: the operator that was meant, or which there are.
fn operators(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().skip(1).collect();
    let names = Operator::ALL.map(Operator::name);
    let meant = (1..=words.len().min(4)).rev().find_map(|count| nearest(&words[..count].join(" "), names));
    match meant {
        Some(meant) if !words.is_empty() => format!("did you mean \"{meant}\"?"),
        _ => format!("write FIELD OPERATOR VALUE, such as department equals IT; operators: {}", names.join(", ")),
    }
}

/// Whether a text in a list or object looks like a template.
fn tagged(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("{{"),
        Value::Array(list) => list.iter().any(tagged),
        Value::Object(map) => map.values().any(tagged),
        _ => false,
    }
}

/// Where the first rule of a group stands.
fn first(rules: &raw::Rules) -> Range<usize> {
    let here = rules.all.iter().chain(&rules.any).map(Text::span).next();
    here.or_else(|| rules.all_of.iter().chain(&rules.any_of).map(first).next()).unwrap_or(0..0)
}

/// Whether there is no rule in a group.
fn none(rules: &raw::Rules) -> bool {
    rules.all.is_empty() && rules.any.is_empty() && rules.all_of.iter().chain(&rules.any_of).all(none)
}

/// Where a name stands as a word of its own in an expression.
fn word(text: &str, name: &str) -> Option<Range<usize>> {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let alone = |at: usize| {
        let after = text[at + name.len()..].chars().next();
        !text[..at].ends_with(part) && !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
    };
    text.match_indices(name).map(|(at, _)| at).find(|at| alone(*at)).map(|at| at..at + name.len())
}

/// A text of a file, for a message.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !presetter_manifest::steers(*c)).take(60).collect()
}
