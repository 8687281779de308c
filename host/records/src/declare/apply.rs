//! What one declaration does to the fields that are there.

use rusqlite::{Connection, params};
use serde_json::json;

use super::{Declaration, DeclareError, Declared, convert};
use crate::schema::FIRST_DECLARED;
use crate::write::Writer;
use crate::{Field, Fields, Object, stored, unique};

/// Adds the field, or makes the one that is there as declared.
pub(super) fn one(
    connection: &Connection,
    writer: &mut Writer<'_>,
    declaration: &Declaration,
    declared: &mut Declared,
) -> Result<(), DeclareError> {
    let object = declaration.object;
    let told = (object, declaration.name.clone());
    let mut there = Fields::load(connection, object)?.get(&declaration.name).ok().cloned();
    if there.as_ref().is_some_and(Field::built_in) {
        return Err(declaration.refused("the program brings a field of this name; take another"));
    }
    if let Some(was) = &declaration.was
        && let Ok(old) = Fields::load(connection, object)?.get(was)
    {
        if old.built_in() || there.is_some() {
            return Err(declaration.refused(format!("{was:?} cannot be renamed to it: one of them is taken")));
        }
        connection.execute("UPDATE fields SET name = ?1 WHERE number = ?2", params![declaration.name, old.number])?;
        writer.declared(object, json!({ "renamed": declaration.name, "was": was, "number": old.number }))?;
        declared.renamed.push(told.clone());
        there = Some(Field { name: declaration.name.clone(), ..old.clone() });
    }
    let Some(field) = there else {
        add(connection, writer, declaration)?;
        declared.added.push(told);
        return Ok(());
    };
    let same = field.kind == declaration.kind && field.title == declaration.title() && field.help == declaration.help;
    if same {
        return Ok(());
    }
    let new = Field {
        kind: declaration.kind.clone(),
        title: declaration.title().to_owned(),
        help: declaration.help.clone(),
        ..field.clone()
    };
    if field.kind != new.kind {
        declared.converted += convert::values(connection, writer, object, &new)?;
    }
    connection.execute(
        "UPDATE fields SET kind = ?1, options = ?2, title = ?3, help = ?4 WHERE number = ?5",
        params![new.kind.name(), stored::write(&new.kind.options())?, new.title, new.help, new.number],
    )?;
    if field.kind != new.kind && field.looked_up {
        unique::look_up(connection, object, &new)?;
    }
    writer.declared(object, json!({ "changed": field.name, "number": field.number, "from": field, "to": new }))?;
    declared.changed.push(told);
    Ok(())
}

fn add(connection: &Connection, writer: &mut Writer<'_>, declaration: &Declaration) -> Result<(), DeclareError> {
    let (object, kind) = (declaration.object, &declaration.kind);
    let last: Option<i64> = connection.query_row("SELECT max(number) FROM fields", [], |row| row.get(0))?;
    let number = last.map_or(FIRST_DECLARED, |last| FIRST_DECLARED.max(last + 1));
    let options = stored::write(&kind.options())?;
    connection.execute(
        "INSERT INTO fields (number, object, name, kind, options, title, help) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![number, object.number(), declaration.name, kind.name(), options, declaration.title(), declaration.help],
    )?;
    writer.declared(object, json!({ "added": declaration.name, "type": kind.name(), "number": number }))?;
    Ok(())
}

/// Removes declared fields that are not among these.
pub(super) fn remove(
    connection: &Connection,
    writer: &mut Writer<'_>,
    declarations: &[Declaration],
    declared: &mut Declared,
) -> Result<(), DeclareError> {
    for object in Object::ALL {
        for field in Fields::load(connection, object)?.iter().filter(|field| !field.built_in()) {
            if declarations.iter().any(|d| d.object == object && d.name == field.name) {
                continue;
            }
            connection.execute("UPDATE fields SET removed = 1, looked_up = 0 WHERE number = ?1", [field.number])?;
            connection.execute("DELETE FROM lookups WHERE field = ?1", [field.number])?;
            writer.declared(object, json!({ "removed": field.name, "number": field.number }))?;
            declared.removed.push((object, field.name.clone()));
        }
    }
    Ok(())
}
