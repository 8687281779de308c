//! `presetter history`: what happened to a user and its SaaS users, and why: for the auditor.

use presetter_records::{CauseKind, HistoryEntry, Object, RecordId, Records, StoreError, Value as Field};
use serde_json::{Value, json};

use super::machine::records;
use crate::args::{HistoryArgs, TableFormat};
use crate::console::{Paint, line, painted};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// How many changes are read at once.
const PAGE: u32 = 1_000;

/// Follows `presetter history`.
pub(crate) fn history(world: &World, args: &HistoryArgs) -> Result<Exit, Failure> {
    let records = records(world)?;
    let ids = ids(&records, &args.record)?;
    let mut entries: Vec<(RecordId, HistoryEntry)> = Vec::new();
    for id in &ids {
        let mut after = 0;
        loop {
            let page = records.history(*id, after, PAGE).map_err(broken)?;
            let last = page.len() < PAGE as usize;
            after = page.last().map_or(after, |entry| entry.sequence);
            entries.extend(page.into_iter().map(|entry| (*id, entry)));
            if last {
                break;
            }
        }
    }
    entries.sort_by_key(|(_, entry)| entry.sequence);
    for (id, entry) in &entries {
        if args.format == TableFormat::Json {
            let mut object = json!(entry);
            object["record"] = json!(id);
            if world.console.json(&object).is_err() {
                break;
            }
            continue;
        }
        let at = entry.at.strftime("%Y-%m-%d %H:%M:%S UTC");
        let head = format!("{at}  {id}  {} by {}", entry.effect.name(), who(entry));
        let _ = world.console.data(&painted(Paint::Bold, &head, world.console.color()));
        for field in &entry.fields {
            let old = field.old.as_ref().map(|old| format!("{} -> ", shown(old))).unwrap_or_default();
            let _ = world.console.data(&format!("  {}  {old}{}", field.field, shown(&field.new)));
        }
        for why in because(entry) {
            let _ = world.console.data(&format!("    {why}"));
        }
    }
    Ok(Exit::Ok)
}

fn broken(error: StoreError) -> Failure {
    Failure::new(Exit::Invalid, line(&error.to_string()))
}

/// The record, and for a user also its SaaS users: those that are connected with it or have its e-mail address.
fn ids(records: &Records, named: &str) -> Result<Vec<RecordId>, Failure> {
    let find = |object, field: &str, value: &Field| {
        records.find(object, field, value).map_err(|error| Failure::new(Exit::Invalid, line(&error.to_string())))
    };
    let mut ids = match named.parse::<RecordId>() {
        Ok(id) => records.get(id).map_err(broken)?.map(|record| vec![record.id()]).unwrap_or_default(),
        Err(_) => {
            let email = Field::text(named);
            let mut ids = find(Object::Users, "email", &email)?;
            ids.extend(find(Object::SaasUsers, "email", &email)?);
            ids
        }
    };
    for user in ids.clone().into_iter().filter(|id| id.object() == Object::Users) {
        ids.extend(find(Object::SaasUsers, "user", &Field::text(user.to_string()))?);
    }
    ids.sort();
    ids.dedup();
    if ids.is_empty() {
        return Err(Failure::new(Exit::NotFound, format!("there is no record \"{}\"", line(named)))
            .help("a user's e-mail address or id, or the id of a SaaS user: presetter records list users"));
    }
    Ok(ids)
}

fn shown(value: &Field) -> String {
    match value {
        Field::Empty => "(empty)".to_owned(),
        Field::Time(at) => at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        value => line(&value.to_text()),
    }
}

fn who(entry: &HistoryEntry) -> String {
    let by = line(&entry.cause.by);
    match entry.cause.kind {
        CauseKind::Person => by,
        CauseKind::Workflow => format!("workflow {by}"),
        kind => format!("{} {by}", kind.name()),
    }
}

/// Why: which version of which workflow, who answers for it, which rule, what proves it.
fn because(entry: &HistoryEntry) -> Vec<String> {
    let detail = &entry.cause.detail;
    let told = |name: &str| detail.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(line);
    let mut lines = Vec::new();
    for (title, name) in [
        ("file", "file"),
        ("reason", "reason"),
        ("rule", "rule"),
        ("evidence", "evidence"),
        ("activated by", "activated_by"),
        ("approved by", "approved_by"),
        ("workflow", "digest"),
        ("receipt", "receipt"),
    ] {
        lines.extend(told(name).map(|text| format!("{title}: {text}")));
    }
    lines.extend(entry.cause.step.as_ref().map(|step| format!("run: {} step {}", line(&step.run), step.step)));
    lines
}
