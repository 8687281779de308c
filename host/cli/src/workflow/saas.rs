//! `presetter saas`: software and its users, as the records know them.

use std::collections::BTreeMap;

use jiff::civil::Date;
use presetter_records::{
    Action, Cause, Change, Filter, Matcher, Object, Operator, Record, Records, State, StoreError, Value as Field,
};
use serde_json::{Value, json};

use super::machine::{person, records};
use crate::args::{ListForm, SaasReactivateArgs, SaasSummaryArgs, SaasUsersArgs, SaasVerb, StatusArgs, TableFormat};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::aligned;
use crate::rows::Rows;
use crate::world::World;

/// Follows `presetter saas`.
pub(crate) fn saas(world: &World, verb: &SaasVerb) -> Result<Exit, Failure> {
    match verb {
        SaasVerb::List(args) => list(world, args),
        SaasVerb::Users(args) => users(world, args),
        SaasVerb::Summary(args) => summary(world, args),
        SaasVerb::Reactivate(args) => reactivate(world, args),
    }
}

fn broken(error: StoreError) -> Failure {
    Failure::new(Exit::Invalid, line(&error.to_string()))
}

/// A field as text; empty if it was never set.
fn value(record: &Record, name: &str) -> String {
    record.get(name).map(Field::to_text).unwrap_or_default()
}

/// Whether a SaaS user is in use: not deactivated here, and not known to be off at the vendor.
fn active(record: &Record) -> bool {
    record.state() == State::Active && record.get("active") != Some(&Field::Checkbox(false))
}

/// The users of a software entry, which must be there.
fn of_software(records: &Records, software: &str) -> Result<Matcher, Failure> {
    let found = records.find(Object::Software, "name", &Field::text(software));
    let found = found.map_err(|error| Failure::usage(line(&error.to_string())))?;
    if found.is_empty() {
        return Err(Failure::new(Exit::NotFound, format!("there is no software \"{}\"", line(software)))
            .help("`presetter saas list` shows which there are"));
    }
    let fields = records.fields(Object::SaasUsers).map_err(broken)?;
    let filter = Filter::rule("software", Operator::Equals, Some(software));
    filter.compile(&fields, Date::MIN).map_err(|error| Failure::usage(line(&error.to_string())))
}

fn list(world: &World, args: &StatusArgs) -> Result<Exit, Failure> {
    let records = records(world)?;
    let mut counts: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for record in records.list(Object::SaasUsers, None, &Matcher::any()) {
        let record = record.map_err(broken)?;
        let count = counts.entry(value(&record, "software")).or_default();
        count.0 += u64::from(active(&record));
        count.1 += u64::from(!active(&record));
    }
    let mut rows = Rows::new(args.format.into());
    for record in records.list(Object::Software, Some(State::Active), &Matcher::any()) {
        let record = record.map_err(broken)?;
        let name = value(&record, "name");
        let (users, inactive) = counts.get(&name).copied().unwrap_or_default();
        let row = json!({ "software": name, "title": value(&record, "title"), "active": users, "inactive": inactive });
        if !rows.add(row, &world.console) {
            break;
        }
    }
    rows.end(&world.console);
    if rows.count == 0 && args.format == TableFormat::Table {
        world.console.say("there is no software; a sync makes its entry: presetter sync NAME --new");
    }
    Ok(Exit::Ok)
}

/// The columns of the list, as people know them.
const COLUMNS: [&str; 7] = ["id", "name", "email", "role", "active", "last_checked", "last_workflow"];

fn row(record: &Record) -> Value {
    let checked = match record.get("last_checked") {
        Some(Field::Time(at)) => at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        _ => "never".to_owned(),
    };
    json!({
        "id": record.id(),
        "name": value(record, "name"),
        "email": value(record, "email"),
        "role": value(record, "role"),
        "active": active(record),
        "last_checked": checked,
        "last_workflow": value(record, "last_workflow"),
    })
}

fn users(world: &World, args: &SaasUsersArgs) -> Result<Exit, Failure> {
    let records = records(world)?;
    let matcher = of_software(&records, &args.software)?;
    let form = if args.format == ListForm::Json { crate::args::Format::Json } else { crate::args::Format::Table };
    let mut rows = Rows::new(form);
    if args.format == ListForm::Csv {
        let _ = world.console.raw(&COLUMNS.join(","));
    }
    let mut count = 0;
    for record in records.list(Object::SaasUsers, None, &matcher) {
        let record = record.map_err(broken)?;
        let role = args.role.as_ref().is_none_or(|role| value(&record, "role").eq_ignore_ascii_case(role));
        if !role || (args.inactive && active(&record)) {
            continue;
        }
        count += 1;
        let row = row(&record);
        let goes_on = match args.format {
            ListForm::Csv => {
                let cells: Vec<String> = COLUMNS.iter().map(|name| cell(&row[*name])).collect();
                world.console.raw(&cells.join(",")).is_ok()
            }
            _ => rows.add(row, &world.console),
        };
        if !goes_on {
            return Ok(Exit::Ok);
        }
    }
    rows.end(&world.console);
    if args.format == ListForm::Table {
        world.console.say(&crate::output::count(count, "user"));
    }
    Ok(Exit::Ok)
}

fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => crate::runs::csv(text),
        other => other.to_string(),
    }
}

fn summary(world: &World, args: &SaasSummaryArgs) -> Result<Exit, Failure> {
    let records = records(world)?;
    let matcher = of_software(&records, &args.software)?;
    let mut roles: BTreeMap<String, u64> = BTreeMap::new();
    let (mut all, mut inactive, mut unmatched, mut never) = (0_u64, 0_u64, 0_u64, 0_u64);
    for record in records.list(Object::SaasUsers, None, &matcher) {
        let record = record.map_err(broken)?;
        all += 1;
        if !active(&record) {
            inactive += 1;
            continue;
        }
        *roles.entry(value(&record, "role")).or_default() += 1;
        unmatched += u64::from(value(&record, "user").is_empty());
        never += u64::from(value(&record, "last_checked").is_empty());
    }
    if args.format == TableFormat::Json {
        let _ = world.console.json(&json!({
            "software": args.software, "users": all, "roles": roles, "inactive": inactive,
            "unmatched": unmatched, "never_checked": never,
        }));
        return Ok(Exit::Ok);
    }
    let mut rows = vec![("users".to_owned(), all.to_string())];
    for (role, count) in &roles {
        let role = if role.is_empty() { "no role" } else { role };
        rows.push((format!("role {}", line(role)), count.to_string()));
    }
    rows.push(("inactive".to_owned(), inactive.to_string()));
    rows.push(("without a user".to_owned(), unmatched.to_string()));
    rows.push(("never checked".to_owned(), never.to_string()));
    let _ = world.console.data(&aligned(&rows, "", world.console.color()).join("\n"));
    Ok(Exit::Ok)
}

fn reactivate(world: &World, args: &SaasReactivateArgs) -> Result<Exit, Failure> {
    if args.record.object() != Object::SaasUsers {
        return Err(Failure::usage(format!("{} is no SaaS user", args.record)).help("their ids begin with a-"));
    }
    let mut records = records(world)?;
    if records.get(args.record).map_err(broken)?.is_none() {
        return Err(Failure::new(Exit::NotFound, format!("there is no record {}", args.record)));
    }
    let mut cause = Cause::person(&person(world));
    if let Some(reason) = &args.reason {
        cause.detail = json!({ "reason": reason });
    }
    let changes = [
        Change::new(Action::Reactivate(args.record)),
        Change::new(Action::Edit(args.record)).set("active", Field::Checkbox(true)),
    ];
    let applied = records.apply(&changes, &cause);
    let applied = applied.map_err(|error| Failure::new(Exit::Invalid, line(&error.to_string())))?;
    let changed = applied.results.iter().any(|result| result.sequence.is_some());
    world.console.say(&format!("{} {}", args.record, if changed { "is active again" } else { "was active" }));
    Ok(Exit::Ok)
}
