//! `presetter records set`: a change by a person, with its place in the history.

use presetter_records::{Action, ApplyError, Cause, Change, Object};
use serde_json::json;

use super::{broken, named, open, person, value};
use crate::args::RecordsSetArgs;
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// Follows `presetter records set`.
pub(crate) fn set(world: &World, args: &RecordsSetArgs) -> Result<Exit, Failure> {
    let mut records = open(world)?;
    let mut values = args.values.as_slice();
    let action = if args.record == "new" {
        let (object, rest) = values.split_first().unwrap_or((&args.record, values));
        values = rest;
        let object: Object = object.parse().map_err(|error| {
            Failure::usage(format!("{error}"))
                .help("for example: presetter records set new users email=sarah@example.com")
        })?;
        if args.archive || args.reactivate {
            return Err(Failure::usage("a new record is in use"));
        }
        Action::Create(object)
    } else {
        let id = named(&records, &args.record)?;
        match (args.archive, args.reactivate) {
            (true, _) => Action::Archive(id),
            (_, true) => Action::Reactivate(id),
            _ => Action::Edit(id),
        }
    };
    let mut change = Change::new(action);
    let fields = records.fields(change.object()).map_err(|error| broken(&error))?;
    for text in values {
        let Some((name, text)) = text.split_once('=') else {
            return Err(Failure::usage(format!("\"{}\": write it as FIELD=VALUE", line(text))));
        };
        if change.set.contains_key(name) {
            return Err(Failure::usage(format!("{} is given twice", line(name))).help("leave one of them out"));
        }
        change = change.set(name, value(&fields, name, text)?);
    }
    if change.set.is_empty() && matches!(action, Action::Edit(_)) {
        return Err(Failure::usage("nothing is to be changed").help("name a field: FIELD=VALUE; or --archive"));
    }
    let mut cause = Cause::person(person(world));
    if let Some(reason) = &args.reason {
        cause.detail = json!({ "reason": reason });
    }
    let applied = records.apply(&[change], &cause).map_err(|error| match error {
        ApplyError::Refused { reason, .. } => Failure::new(Exit::Invalid, line(&reason.to_string())),
        ApplyError::Store(error) => broken(&error),
        error => Failure::usage(line(&error.to_string())),
    })?;
    for result in applied.results {
        world.console.say(&format!("{} is {}", result.record, result.effect.name()));
        let _ = world.console.data(&result.record.to_string());
    }
    Ok(Exit::Ok)
}
