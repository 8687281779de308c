//! Which values may be there once, and how a record is found by one.
//!
//! An e-mail address is one active user's; an id at the vendor is one active SaaS user's of its software; the name of a software
//! entry is one entry's, archived or not, for others refer to it.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use crate::schema::built_in::{ACCOUNT_EXTERNAL_ID, ACCOUNT_SOFTWARE, SOFTWARE_NAME, USER_EMAIL};
use crate::stored::{self, Body, Differences, Stored};
use crate::write::{Before, WriteError};
use crate::{Field, Fields, Object, RecordId, Refusal, StoreError, Value};

/// Checks that the record may have these values.
pub(crate) fn check(
    connection: &Connection,
    fields: &Fields,
    before: &Before,
    body: &Body,
    archived: bool,
) -> Result<(), WriteError> {
    let value = |number: i64| body.get(&number).map_or(&Value::Empty, |stored| &stored.0);
    let needed = |number: i64| match fields.numbered(number) {
        Some(field) if value(number).is_empty() => Err(Refusal::Needed { field: field.name.clone() }),
        _ => Ok(()),
    };
    let (number, any_state) = match fields.object() {
        Object::Users => (USER_EMAIL, false),
        Object::SaasUsers => {
            needed(ACCOUNT_SOFTWARE)?;
            (ACCOUNT_EXTERNAL_ID, false)
        }
        Object::Software => {
            needed(SOFTWARE_NAME)?;
            if before.body.get(&SOFTWARE_NAME).is_some_and(|old| old.0 != *value(SOFTWARE_NAME)) {
                return Err(Refusal::Renamed.into());
            }
            (SOFTWARE_NAME, true)
        }
    };
    let Some(field) = fields.numbered(number) else { return Ok(()) };
    if archived && !any_state {
        return Ok(());
    }
    for other in find(connection, field, fields.object(), value(number), ALL)? {
        if Some(other.id) == before.id || (other.archived && !any_state) {
            continue;
        }
        if number == ACCOUNT_EXTERNAL_ID && !other.has(connection, ACCOUNT_SOFTWARE, value(ACCOUNT_SOFTWARE))? {
            continue;
        }
        let value = value(number).to_text();
        return Err(Refusal::Taken { field: field.name.clone(), value, by: other.id }.into());
    }
    Ok(())
}

/// Brings the lookups in line with a change.
pub(crate) fn note(
    connection: &Connection,
    fields: &Fields,
    record: RecordId,
    differences: &Differences,
) -> Result<(), StoreError> {
    for (number, (old, new)) in differences {
        let Some(field) = fields.numbered(*number).filter(|field| field.looked_up) else { continue };
        if let Some(key) = old.as_ref().and_then(|old| field.key(&old.0)) {
            connection
                .prepare_cached("DELETE FROM lookups WHERE field = ?1 AND value = ?2 AND record = ?3")?
                .execute(params![number, key, record.number()])?;
        }
        if let Some(key) = field.key(&new.0) {
            insert(connection, *number, &key, record.number())?;
        }
    }
    Ok(())
}

fn insert(connection: &Connection, field: i64, key: &str, record: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO lookups (field, value, record) VALUES (?1, ?2, ?3)")?
        .execute(params![field, key, record])?;
    Ok(())
}

/// Makes a field one that is looked up: from now on its values are kept beside the records.
pub(crate) fn look_up(connection: &Connection, object: Object, field: &Field) -> Result<(), StoreError> {
    connection.execute("DELETE FROM lookups WHERE field = ?1", [field.number])?;
    let mut rows = connection.prepare("SELECT number, body FROM records WHERE object = ?1")?;
    let mut rows = rows.query([object.number()])?;
    while let Some(row) = rows.next()? {
        let body: Body = stored::read(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?;
        if let Some(key) = body.get(&field.number).and_then(|stored| field.key(&stored.0)) {
            insert(connection, field.number, &key, row.get(0)?)?;
        }
    }
    connection.execute("UPDATE fields SET looked_up = 1 WHERE number = ?1", [field.number])?;
    Ok(())
}

/// A record that has the value which was looked for.
pub(crate) struct Found {
    pub(crate) id: RecordId,
    pub(crate) archived: bool,
}

impl Found {
    /// Whether the record also has this value.
    fn has(&self, connection: &Connection, field: i64, value: &Value) -> Result<bool, StoreError> {
        let body = self.body(connection)?;
        Ok(body.get(&field).map_or(&Value::Empty, |Stored(found)| found) == value)
    }

    /// Whether the record has values with all these keys, one of which it was found by.
    pub(crate) fn has_keys(&self, connection: &Connection, keys: &[(&Field, &Value)]) -> Result<bool, StoreError> {
        if keys.len() < 2 {
            return Ok(true);
        }
        let body = self.body(connection)?;
        let has = |field: &Field| body.get(&field.number).and_then(|Stored(found)| field.key(found));
        Ok(keys.iter().all(|(field, value)| has(field) == field.key(value)))
    }

    fn body(&self, connection: &Connection) -> Result<Body, StoreError> {
        let mut statement = connection.prepare_cached("SELECT body FROM records WHERE number = ?1")?;
        let body: String = statement.query_row([self.id.number()], |row| row.get(0))?;
        stored::read(&body)
    }
}

/// No bound on what is found.
pub(crate) const ALL: u32 = u32::MAX;

/// The records that have this value in a field that is looked up: active ones first, each by id; at most so many.
pub(crate) fn find(
    connection: &Connection,
    field: &Field,
    object: Object,
    value: &Value,
    most: u32,
) -> Result<Vec<Found>, StoreError> {
    let Some(key) = field.key(value) else { return Ok(Vec::new()) };
    let mut statement = connection.prepare_cached(
        "SELECT records.number, archived FROM lookups JOIN records ON records.number = lookups.record
         WHERE lookups.field = ?1 AND lookups.value = ?2 ORDER BY archived, records.number LIMIT ?3",
    )?;
    let rows = statement.query_map(params![field.number, key, most], |row| {
        Ok(Found { id: RecordId::new(object, row.get(0)?), archived: row.get(1)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The software entry of that name, archived or not.
pub(crate) fn software(connection: &Connection, name: &str) -> Result<Option<RecordId>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT record FROM lookups WHERE field = ?1 AND value = ?2")?;
    let number = statement.query_row(params![SOFTWARE_NAME, name], |row| row.get(0)).optional()?;
    Ok(number.map(|number| RecordId::new(Object::Software, number)))
}

/// Whether there is a record of this id.
pub(crate) fn exists(connection: &Connection, id: RecordId) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM records WHERE number = ?1 AND object = ?2")?;
    Ok(statement.exists([id.number(), id.object().number()])?)
}

/// The fields of an object, each of these names being one that is looked up.
pub(crate) fn keyed(
    connection: &Connection,
    object: Object,
    names: &[String],
) -> Result<Result<Arc<Fields>, crate::NoField>, StoreError> {
    let fields = Fields::load(connection, object)?;
    let mut made = false;
    for name in names {
        match fields.get(name) {
            Ok(field) if field.looked_up => {}
            Ok(field) => {
                look_up(connection, object, field)?;
                made = true;
            }
            Err(unknown) => return Ok(Err(unknown)),
        }
    }
    Ok(Ok(if made { Fields::load(connection, object)? } else { fields }))
}
