//! Values of a field whose type changes: each is written as text, and read as the new type reads it.

use rusqlite::{Connection, params};

use super::DeclareError;
use crate::stored::{self, Body, Differences, Stored};
use crate::write::Writer;
use crate::{Effect, Field, Object, RecordId};

/// How many records an error names.
const NAMED: usize = 20;
/// How many rows are read at once.
const PAGE: i64 = 500;

/// Converts the values of all records to the field's new kind; how many changed.
pub(super) fn values(
    connection: &Connection,
    writer: &mut Writer<'_>,
    object: Object,
    field: &Field,
) -> Result<u64, DeclareError> {
    let (mut converted, mut unfit, mut named, mut misfit) = (0, 0, Vec::new(), None);
    let mut after = 0;
    loop {
        let page = page(connection, object, after)?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        for (number, text) in page {
            let mut body: Body = stored::read(&text)?;
            let Some(old) = body.get(&field.number).cloned() else { continue };
            let record = RecordId::new(object, number);
            let new = match field.kind.parse(&old.0.to_text()) {
                Ok(new) => Stored(new),
                Err(why) => {
                    unfit += 1;
                    misfit.get_or_insert(why);
                    if named.len() < NAMED {
                        named.push(record);
                    }
                    continue;
                }
            };
            // Once one does not fit, the others are only looked at.
            if new == old || unfit > 0 {
                continue;
            }
            body.insert(field.number, new.clone());
            connection
                .prepare_cached("UPDATE records SET body = ?1, changed = max(?2, changed + 1) WHERE number = ?3")?
                .execute(params![stored::write(&body)?, writer.at().as_microsecond(), number])?;
            writer.history(record, Effect::Edited, &Differences::from([(field.number, (Some(old), new))]))?;
            converted += 1;
        }
    }
    match misfit {
        None => Ok(converted),
        Some(misfit) => Err(DeclareError::Unfit {
            object,
            name: field.name.clone(),
            count: unfit,
            records: named,
            misfit: format!("the first {misfit}"),
        }),
    }
}

/// The next rows: they are read before any is changed.
fn page(connection: &Connection, object: Object, after: i64) -> Result<Vec<(i64, String)>, DeclareError> {
    let mut statement = connection.prepare_cached(
        "SELECT number, body FROM records WHERE object = ?1 AND number > ?2 ORDER BY number LIMIT ?3",
    )?;
    let rows = statement.query_map([object.number(), after, PAGE], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
