//! What can be said of workflows without running them: findings, the records that match, a plan, a list.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use presetter_manifest::{Diagnostic, Diagnostics};
use presetter_records::{Object, Record, Records};
use presetter_template::Problem;
use presetter_workflow::{Catalogue, ENDING, Mappings, Presets, Severity, Workflow, validate as findings};
use serde_json::{Value, json};

use super::files;
use super::machine::Machine;
use crate::args::{TableFormat, WorkflowPreviewArgs, WorkflowValidateArgs};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::{Failure, said};
use crate::output::count;
use crate::rows::Rows;
use crate::world::World;

/// All that is wrong with a workflow, errors as a failure; warnings are told.
pub(super) fn checked(
    world: &World,
    workflow: &Workflow,
    mappings: &Mappings,
    records: &Records,
    presets: &dyn Presets,
) -> Result<(), Failure> {
    let (errors, warnings) = found(world, workflow, mappings, records, presets)?;
    for warning in warnings {
        let (line, column) = warning.position();
        let help: Vec<String> = warning.problem.hint.iter().cloned().collect();
        world.console.warn(&format!("{}:{line}:{column}: {}", warning.file, warning.problem.message), &help);
    }
    if errors.is_empty() { Ok(()) } else { Err(Failure::at(Exit::Invalid, Diagnostics(errors))) }
}

type FoundIn = (Vec<Diagnostic>, Vec<Diagnostic>);

fn found(
    world: &World,
    workflow: &Workflow,
    mappings: &Mappings,
    records: &Records,
    presets: &dyn Presets,
) -> Result<FoundIn, Failure> {
    let syncs = files::names(world, presetter_workflow::sync::ENDING)?;
    let fields = |object| records.fields(object).map_err(|error| Failure::new(Exit::Invalid, error.to_string()));
    let (users, saas_users) = (fields(Object::Users)?, fields(Object::SaasUsers)?);
    let wrong = mappings.check(&users, &saas_users);
    let mut warnings = Vec::new();
    let mut errors = Diagnostics::of(mappings.file(), mappings.source(), wrong).0;
    for (name, span) in mappings.integrations().filter(|(name, _)| !syncs.iter().any(|sync| sync == name)) {
        let known: Vec<&str> = syncs.iter().map(String::as_str).collect();
        let hint = match known.is_empty() {
            true => format!("make it by `presetter sync {name} --new --preset BUNDLE/PRESET -c NAME`"),
            false => presetter_manifest::suggest(name, &known),
        };
        let problem = Problem::new(format!("there is no sync \"{}\"", line(name)), span).with_hint(hint);
        warnings.extend(Diagnostics::of(mappings.file(), mappings.source(), vec![problem]).0);
    }
    let catalogue = Catalogue { presets, users, saas_users, mappings, now: Timestamp::now() };
    let (wrong, told): (Vec<_>, Vec<_>) =
        findings(workflow, &catalogue).into_iter().partition(|found| found.severity == Severity::Error);
    let all = |list: Vec<presetter_workflow::Found>| {
        let problems = list.into_iter().map(|found| found.problem).collect();
        Diagnostics::of(&workflow.file, &workflow.source, problems).0
    };
    errors.extend(all(wrong));
    warnings.extend(all(told));
    Ok((errors, warnings))
}

/// Follows `presetter workflow validate`.
pub(super) fn validate(world: &World, args: &WorkflowValidateArgs) -> Result<Exit, Failure> {
    let names = if args.names.is_empty() { files::names(world, ENDING)? } else { args.names.clone() };
    if names.is_empty() {
        world.console.say("there is no workflow; make one by `presetter workflow new NAME`");
        return Ok(Exit::Ok);
    }
    let mappings = files::mappings(world)?;
    let records = super::machine::records(world)?;
    let caller = super::caller::Caller::new(world)?;
    let (mut exit, mut wrong) = (Exit::Ok, 0);
    for name in &names {
        let (errors, warnings) = match files::workflow(world, name) {
            Ok(workflow) => found(world, &workflow, &mappings, &records, &caller)?,
            Err(failure) => match failure.diagnostics() {
                Some(errors) => (errors, Vec::new()),
                None => return Err(failure),
            },
        };
        if !errors.is_empty() {
            exit = Exit::Invalid;
        }
        wrong += errors.len();
        for (level, list) in [("error", &errors), ("warning", &warnings)] {
            for diagnostic in list {
                tell(world, args.format, level, diagnostic);
            }
        }
        if errors.is_empty() && args.format == TableFormat::Table {
            world.console.say(&format!("{}: nothing is wrong", line(name)));
        }
    }
    if wrong > 0 && args.format == TableFormat::Table {
        world.console.say(&count(wrong, "error"));
    }
    Ok(exit)
}

fn tell(world: &World, format: TableFormat, level: &str, diagnostic: &Diagnostic) {
    let (row, column) = diagnostic.position();
    match format {
        TableFormat::Json => {
            let _ = world.console.json(&json!({
                "file": diagnostic.file, "line": row, "column": column, "severity": level,
                "message": diagnostic.problem.message, "hint": diagnostic.problem.hint,
            }));
        }
        TableFormat::Table if level == "error" => {
            world.console.fail(&Failure::at(Exit::Invalid, Diagnostics(vec![diagnostic.clone()])));
        }
        TableFormat::Table => {
            let place = format!("{}:{row}:{column}: {}", diagnostic.file, diagnostic.problem.message);
            let help: Vec<String> = diagnostic.problem.hint.iter().cloned().collect();
            world.console.say(&said(level, &place, &help, world.console.color()));
        }
    }
}

/// Follows `presetter workflow preview`.
pub(super) fn preview(world: &World, args: &WorkflowPreviewArgs) -> Result<Exit, Failure> {
    let workflow = files::workflow(world, &args.name)?;
    let records = super::machine::records(world)?;
    let mut rows = Rows::new(args.format.into());
    let mut shown: u64 = 0;
    matching(&workflow, &records, args.limit, |record| {
        shown += 1;
        rows.add(short(record, &workflow), &world.console)
    })?;
    rows.end(&world.console);
    if args.format == TableFormat::Table {
        let rules = workflow.begin.rules.told();
        let rules = if rules.is_empty() { "every record".to_owned() } else { line(&rules) };
        world.console.say(&format!("{} ({rules})", count(shown, "record")));
    }
    Ok(Exit::Ok)
}

/// A record in a list: by what people know it.
fn short(record: &Record, workflow: &Workflow) -> Value {
    let value = |name: &str| record.get(name).map(presetter_records::Value::to_json).unwrap_or_default();
    let mut row = json!({ "id": record.id(), "email": value("email"), "name": value("name") });
    // What the rules ask is what a person wants to see.
    for (rule, _) in &workflow.begin.rules.list {
        row[rule.field.as_str()] = value(&rule.field);
    }
    row
}

/// The records that a workflow is for, one after the other, until `take` has enough.
pub(super) fn matching(
    workflow: &Workflow,
    records: &Records,
    limit: Option<usize>,
    mut take: impl FnMut(&Record) -> bool,
) -> Result<u64, Failure> {
    let broken = |error: presetter_records::StoreError| Failure::new(Exit::Invalid, line(&error.to_string()));
    let fields = records.fields(workflow.object).map_err(broken)?;
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let matcher = workflow.filter().compile(&fields, today);
    let matcher = matcher.map_err(|error| Failure::new(Exit::Invalid, line(&error.to_string())))?;
    let mut seen = 0;
    let all = records.list(workflow.object, workflow.begin.state, &matcher);
    for record in all.take(limit.unwrap_or(usize::MAX)) {
        seen += 1;
        if !take(&record.map_err(broken)?) {
            break;
        }
    }
    Ok(seen)
}

/// Follows `presetter workflow plan`.
pub(super) async fn plan(world: &World, args: &WorkflowPreviewArgs) -> Result<Exit, Failure> {
    let workflow = files::workflow(world, &args.name)?;
    let mappings = files::mappings(world)?;
    let machine = Machine::open(world).await?;
    let records = machine.records()?;
    checked(world, &workflow, &mappings, &records, machine.caller.as_ref())?;
    let package = super::run::package(&machine, workflow, mappings, world)?;
    if let Some((block, role)) = package.workflow.role() {
        super::run::roles(world, &machine, &package, &block.name, role).await?;
        return Ok(Exit::Ok);
    }
    let mut found = Vec::new();
    matching(&package.workflow, &records, args.limit, |record| {
        found.push(record.clone());
        true
    })?;
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date().to_string();
    let (mut changes, mut records) = (0, 0);
    for record in &found {
        let planned = presetter_workflow::plan(&package, record, &today, machine.caller.as_ref()).await;
        let affected = planned.iter().any(|planned| planned.changes);
        records += usize::from(affected);
        changes += planned.iter().filter(|planned| planned.changes).count();
        let who = record.get("email").map(presetter_records::Value::to_text).unwrap_or_default();
        match args.format {
            TableFormat::Json => {
                let _ = world.console.json(&json!({ "record": record.id(), "email": who, "steps": planned }));
            }
            TableFormat::Table => {
                let _ = world.console.data(line(&format!("{} {who}", record.id())).trim_end());
                for step in &planned {
                    let mark = if step.changes { "*" } else { " " };
                    let _ = world.console.data(&format!("  {mark} {}: {}", line(&step.block), line(&step.told)));
                }
            }
        }
    }
    if args.format == TableFormat::Table {
        let told = format!("{} of {} would be changed; nothing was", records, count(found.len(), "record"));
        world.console.say(&told);
        let _ = changes;
    }
    Ok(Exit::Ok)
}

/// Follows `presetter workflow list`.
pub(super) async fn list(world: &World, format: TableFormat) -> Result<Exit, Failure> {
    let machine = Machine::open(world).await?;
    let known = machine.store.all().map_err(|error| super::machine::failed(&error.to_string()))?;
    let mut names = files::names(world, ENDING)?;
    names.extend(known.iter().filter(|known| known.active).map(|known| known.name.clone()));
    names.sort();
    names.dedup();
    let mappings = files::mappings(world)?;
    let mut rows = Rows::new(format.into());
    for name in names {
        let activation = known.iter().find(|known| known.name == name && known.active);
        let read = files::workflow(world, &name);
        let state = match (&read, activation) {
            (Err(_), Some(_)) => "active; its file is wrong or gone",
            (Err(_), None) => "its file is wrong",
            (Ok(_), None) => "not active",
            (Ok(workflow), Some(known)) => {
                let now = presetter_workflow::digest_of(&workflow.source, mappings.source());
                if now == known.digest { "active" } else { "active; changed since, activate it again" }
            }
        };
        let workflow = read.ok();
        let begins = workflow.as_ref().map(|workflow| {
            let on = workflow.begin.on.iter().map(|(trigger, _)| trigger.name()).collect::<Vec<_>>();
            on.join(", ")
        });
        let row = json!({
            "name": name,
            "begins": begins,
            "object": workflow.as_ref().map(|workflow| workflow.object.name()),
            "state": state,
            "title": workflow.as_ref().map(|workflow| workflow.title.clone()),
        });
        if !rows.add(row, &world.console) {
            break;
        }
    }
    rows.end(&world.console);
    Ok(Exit::Ok)
}
