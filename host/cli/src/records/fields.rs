//! `presetter records fields`: which fields there are, and the declaration of more.

use presetter_records::{Cause, DeclareError, Declared, Field, FieldsFile, Object, Undeclared};
use serde_json::{Value, json};

use super::{broken, misplaced, open, person, unusable};
use crate::args::{RecordsFieldsArgs, TableFormat};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{aligned, count};
use crate::world::World;

/// The largest file of declarations that is read, in bytes; its reader takes less.
const MOST: u64 = 2 * 1024 * 1024;

/// Follows `presetter records fields`.
pub(crate) fn fields(world: &World, args: &RecordsFieldsArgs) -> Result<Exit, Failure> {
    if let Some(path) = &args.declare {
        return declare(world, path, args);
    }
    let records = open(world)?;
    let objects = args.object.map_or_else(|| Object::ALL.to_vec(), |object| vec![object]);
    let mut all = serde_json::Map::new();
    let mut lines = Vec::new();
    for object in objects {
        let fields = records.fields(object).map_err(|error| broken(&error))?;
        all.insert(object.name().to_owned(), fields.iter().map(described).collect());
        let rows: Vec<(String, String)> = fields.iter().map(|field| (field.name.clone(), words(field))).collect();
        lines.push(object.name().to_owned());
        lines.extend(aligned(&rows, "  ", world.console.color()));
    }
    let _ = match args.format {
        TableFormat::Json => world.console.json(&Value::Object(all)),
        TableFormat::Table => world.console.data(&lines.join("\n")),
    };
    Ok(Exit::Ok)
}

fn described(field: &Field) -> Value {
    let mut object = json!(field);
    object["built_in"] = field.built_in().into();
    if !field.kind.options().is_empty() {
        object["options"] = json!(field.kind.options());
    }
    object
}

fn words(field: &Field) -> String {
    let options = field.kind.options();
    let options = if options.is_empty() { String::new() } else { format!(" ({})", line(&options.join(", "))) };
    let declared = if field.built_in() { "" } else { "; declared" };
    let help = if field.help.is_empty() { String::new() } else { format!(": {}", line(&field.help)) };
    format!("{}{options}, {}{declared}{help}", field.kind.name(), line(&field.title))
}

fn declare(world: &World, path: &std::path::Path, args: &RecordsFieldsArgs) -> Result<Exit, Failure> {
    let source = presetter_bundle::read_text(path, MOST)
        .map_err(|error| unusable(path, &std::io::Error::other(error.to_string())))?;
    let file = FieldsFile::parse(&path.display().to_string(), &source).map_err(|error| misplaced(&source, error))?;
    let mut records = open(world)?;
    let undeclared = if args.remove { Undeclared::Remove } else { Undeclared::Keep };
    let declared = records.declare(&file.declarations, undeclared, &Cause::fields(person(world)));
    let declared = declared.map_err(|error| match error {
        DeclareError::Store(error) => broken(&error),
        error => Failure::new(Exit::Invalid, line(&error.to_string())),
    })?;
    if args.format == TableFormat::Json {
        let _ = world.console.json(&json!(declared));
        return Ok(Exit::Ok);
    }
    tell(world, &declared);
    Ok(Exit::Ok)
}

fn tell(world: &World, declared: &Declared) {
    let mut lines = Vec::new();
    let kinds = [
        ("added", &declared.added),
        ("changed", &declared.changed),
        ("renamed", &declared.renamed),
        ("removed; its history stays", &declared.removed),
    ];
    for (what, fields) in kinds {
        lines.extend(fields.iter().map(|(object, name)| format!("{object} {name}: {what}")));
    }
    if declared.converted > 0 {
        lines.push(format!("{} converted", count(declared.converted, "value")));
    }
    if lines.is_empty() {
        lines.push("all of it is declared already".to_owned());
    }
    world.console.say(&lines.join("\n"));
}
