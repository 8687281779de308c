//! `presetter records`: what workflows act on.
//!
//! Owns: the file's place, and from words on the command line to fields, rules and values. What a record is, and what may happen to
//! one, is decided by `presetter-records`; here it is asked for and shown.

mod change;
mod fields;
mod files;
mod show;

use std::io;

use jiff::tz::TimeZone;
use presetter_records::{
    ExportError, Fields, FieldsFileError, Filter, FindError, ImportError, Matcher, Object, OpenError, RecordId,
    Records, Rule, State, StoreError, Value,
};

use crate::args::{RecordsVerb, WhichArgs};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

pub(crate) use files::form;

/// The file, below the folder of data.
const FILE: &str = "records.db";

/// Follows `presetter records`.
pub(crate) fn follow(world: &World, verb: &RecordsVerb) -> Result<Exit, Failure> {
    match verb {
        RecordsVerb::Import(args) => files::import(world, args),
        RecordsVerb::Export(args) => files::export(world, args),
        RecordsVerb::List(args) => show::list(world, args),
        RecordsVerb::Show(args) => show::show(world, args),
        RecordsVerb::Set(args) => change::set(world, args),
        RecordsVerb::Fields(args) => fields::fields(world, args),
    }
}

/// The records of this user.
fn open(world: &World) -> Result<Records, Failure> {
    let path = world.dirs.data.join(FILE);
    Records::open(&path).map_err(|error: OpenError| {
        Failure::new(Exit::Invalid, format!("{}: {}", line(&path.display().to_string()), line(&error.to_string())))
    })
}

/// Who changes something, for the history.
fn person(world: &World) -> &str {
    world.user.as_deref().unwrap_or("unknown")
}

/// What went wrong with the file of records.
fn broken(error: &StoreError) -> Failure {
    Failure::new(Exit::Invalid, line(&error.to_string()))
}

/// What was asked for and cannot be.
fn wrong(error: &impl ToString) -> Failure {
    Failure::usage(line(&error.to_string()))
}

/// The records that rules mean, and in which state.
fn which(fields: &Fields, args: &WhichArgs) -> Result<(Option<State>, Matcher), Failure> {
    let rules = args.rules.iter().map(|text| text.parse::<Rule>().map(Filter::Rule));
    let all = rules.collect::<Result<Vec<_>, _>>().map_err(|error| wrong(&error))?;
    let today = World::now().to_zoned(TimeZone::system()).date();
    let matcher = Filter::All { all }.compile(fields, today).map_err(|error| wrong(&error))?;
    let state = match (args.all, args.archived) {
        (true, _) => None,
        (false, true) => Some(State::Archived),
        (false, false) => Some(State::Active),
    };
    Ok((state, matcher))
}

/// The record that a person names: by its id, or an active user by the e-mail address.
fn named(records: &Records, text: &str) -> Result<RecordId, Failure> {
    let none = || {
        Failure::new(Exit::NotFound, format!("there is no record \"{}\"", line(text)))
            .help("a record is named by its id, or an active user by the e-mail address: presetter records list users")
    };
    if let Ok(id) = text.parse::<RecordId>() {
        return records.get(id).map_err(|error| broken(&error))?.map(|_| id).ok_or_else(none);
    }
    let found = records.find(Object::Users, "email", &Value::text(text)).map_err(|error| match error {
        FindError::Store(error) => broken(&error),
        error => wrong(&error),
    })?;
    for id in found {
        if records.get(id).map_err(|error| broken(&error))?.is_some_and(|record| record.state() == State::Active) {
            return Ok(id);
        }
    }
    Err(none())
}

/// `FIELD=VALUE` as the field's kind reads it.
fn value(fields: &Fields, name: &str, text: &str) -> Result<Value, Failure> {
    let field = fields.get(name).map_err(|error| wrong(&error))?;
    field.kind.parse(text).map_err(|misfit| Failure::new(Exit::Invalid, line(&format!("{name} {misfit}"))))
}

/// Why an import did not come to its end.
fn not_imported(error: &ImportError) -> Failure {
    let exit = match error {
        ImportError::NoField(_) | ImportError::Key(_) => Exit::Usage,
        _ => Exit::Invalid,
    };
    let failure = Failure::new(exit, line(&error.to_string()));
    match error {
        ImportError::Form { line: 1, .. } => failure.help(
            "a column with another name: --column FIELD=HEADER; columns that belong to no field: --ignore-unknown",
        ),
        _ => failure,
    }
}

fn not_exported(error: &ExportError) -> Failure {
    let exit = match error {
        ExportError::NoField(_) | ExportError::Separator => Exit::Usage,
        _ => Exit::Invalid,
    };
    Failure::new(exit, line(&error.to_string()))
}

/// A mistake in a file of fields, at its place.
fn misplaced(source: &str, error: FieldsFileError) -> Failure {
    let problem = presetter_template::Problem::new(error.message, error.span);
    Failure::at(Exit::Invalid, presetter_manifest::Diagnostics::of(&error.file, source, vec![problem]))
}

/// A file that cannot be read or written.
fn unusable(path: &std::path::Path, error: &io::Error) -> Failure {
    Failure::usage(format!("{}: {error}", line(&path.display().to_string())))
}
