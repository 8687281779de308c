//! The Manager edition: `POST /v2/listusers`, and `POST /v2/users` with its elements.
//!
//! Owns: what `save`, `update`, `delete` and `assign_device` check, do and answer.
//!
//! Keeps: every element is judged alone and answered in its place; one that is refused changes nothing and stops no
//! other (S: a status for each element).

use serde_json::{Map, Value, json};

use crate::{
    business::{not_found, options},
    fields::{self, Fields},
    oddities::take,
    paging,
    reply::{Refusal, Reply},
    state::Inner,
    users::ManagerUser,
};

/// S: the types of a write.
const TYPES: [&str; 3] = ["S", "T", "STAFF"];

/// Answers `/v2/listusers`. S: `response` is an object.
pub(crate) fn list(inner: &mut Inner, body: &Fields) -> Reply {
    if let Some(refusal) = inner.hidden_failure("listusers") {
        return Reply::hidden(refusal);
    }
    list_page(inner, body).unwrap_or_else(Reply::hidden)
}

fn list_page(inner: &Inner, body: &Fields) -> Result<Reply, Refusal> {
    let oddities = &inner.oddities;
    let options = options(body)?;
    let page = paging::page(&inner.manager_users, &options, oddities, oddities.manager_page_size_default)?;
    let columns = fields::texts(&options, "specific_columns")?.unwrap_or_default();
    if page.rows.is_empty() && !oddities.empty_lists {
        return Err(not_found());
    }
    let users = page.rows.iter().map(|user| only(user.shown(), &columns)).collect::<Result<Vec<_>, _>>()?;
    let number = |count| fields::number(count, oddities.numbers_as_strings);
    Ok(Reply::json(
        200,
        json!({ "status": "OK", "response": {
            "users": users,
            "total": number(page.total),
            "page": number(page.page),
            "page_size": number(page.page_size),
        } }),
    ))
}

/// The named columns of a row, or all if none is named. The code of the refusal is S.
fn only(row: Value, columns: &[String]) -> Result<Value, Refusal> {
    if columns.is_empty() {
        return Ok(row);
    }
    let mut kept = Map::new();
    for column in columns {
        let value =
            row.get(column).ok_or_else(|| Refusal::new("UNKNOWN_COLUMNS", format!("Unknown column: {column}")))?;
        kept.insert(column.clone(), value.clone());
    }
    Ok(Value::Object(kept))
}

/// Answers `/v2/users`. S: the form of the answer.
pub(crate) fn write(inner: &mut Inner, body: &Fields) -> Reply {
    let elements = match body.get("elements") {
        Some(Value::Array(elements)) if !elements.is_empty() => elements,
        None => return Reply::hidden(Refusal::missing("elements")),
        Some(_) => return Reply::hidden(Refusal::invalid("elements")),
    };
    let (mut created, mut updated) = (false, false);
    let mut results = Vec::with_capacity(elements.len());
    for (index, element) in elements.iter().enumerate() {
        let spoiled = inner.oddities.element_results && index + 1 == elements.len();
        let id = element.get("id").cloned().unwrap_or_default();
        results.push(match carry_out(inner, element, spoiled) {
            Ok(Done::Created) => {
                created = true;
                json!({ "id": id, "status": "OK" })
            }
            Ok(Done::Updated) => {
                updated = true;
                json!({ "id": id, "status": "OK" })
            }
            Ok(Done::Other) => json!({ "id": id, "status": "OK" }),
            Err(refusal) => json!({ "id": id, "status": refusal.status, "info": refusal.info }),
        });
    }
    let reply = Reply::json(200, json!({ "status": "OK", "elements": results }));
    let oddities = &mut inner.oddities;
    let hang_up =
        (created && take(&mut oddities.hang_up_after_create)) || (updated && take(&mut oddities.hang_up_after_update));
    if hang_up { reply.hung_up() } else { reply }
}

/// What an element did.
enum Done {
    Created,
    Updated,
    Other,
}

fn carry_out(inner: &mut Inner, element: &Value, spoiled: bool) -> Result<Done, Refusal> {
    let element = element.as_object().ok_or_else(|| Refusal::invalid("elements"))?;
    let operation = fields::required(element, "operation")?;
    if let Some(refusal) = inner.hidden_failure(&operation) {
        return Err(refusal);
    }
    if spoiled {
        return Err(Refusal::new("INVALID_DATA", "This element fails because the stand-in was told so."));
    }
    let id = fields::required(element, "id")?;
    // S: up to 255 characters.
    if id.chars().count() > 255 {
        return Err(Refusal::invalid("id"));
    }
    match operation.as_str() {
        "save" => save(inner, element, id),
        "update" => update(inner, element, &id),
        "delete" => {
            find(inner, &id)?;
            inner.manager_users.retain(|user| user.id != id);
            Ok(Done::Other)
        }
        "assign_device" => {
            // I: the name of this key.
            let serial = fields::required(element, "serial_number")?;
            find(inner, &id)?.devices.push(serial);
            Ok(Done::Other)
        }
        name => Err(Refusal::operation(name)),
    }
}

/// I: saving an id that exists overwrites it.
fn save(inner: &mut Inner, element: &Fields, id: String) -> Result<Done, Refusal> {
    fields::required(element, "type")?;
    let mut user = ManagerUser { id, ..ManagerUser::default() };
    fields::required(element, "name")?;
    change(&mut user, element)?;
    match inner.manager_users.iter_mut().find(|known| known.id == user.id) {
        Some(_) if inner.oddities.strict_identifier => {
            Err(Refusal::new("INVALID_DATA", format!("Duplicate value for key: id ({})", user.id)))
        }
        Some(known) => {
            user.devices = std::mem::take(&mut known.devices);
            *known = user;
            Ok(Done::Created)
        }
        None => {
            inner.manager_users.push(user);
            Ok(Done::Created)
        }
    }
}

fn update(inner: &mut Inner, element: &Fields, id: &str) -> Result<Done, Refusal> {
    let known = find(inner, id)?;
    let mut user = known.clone();
    change(&mut user, element)?;
    *known = user;
    Ok(Done::Updated)
}

/// Sets what the element names; what it does not name stays.
fn change(user: &mut ManagerUser, element: &Fields) -> Result<(), Refusal> {
    if let Some(name) = fields::text(element, "name")? {
        // S: up to 100 characters.
        if name.is_empty() || name.chars().count() > 100 {
            return Err(Refusal::invalid("name"));
        }
        user.name = name;
    }
    if let Some(kind) = fields::one_of(element, "type", &TYPES)? {
        user.kind = kind;
    }
    if let Some(email) = fields::email(element, "email")? {
        user.email = email;
    }
    fields::one_of(element, "welcome_email", &["0", "1"])?;
    match element.get("locations") {
        None => {}
        Some(locations @ Value::Array(_)) => user.locations = locations.clone(),
        Some(_) => return Err(Refusal::invalid("locations")),
    }
    Ok(())
}

fn find<'a>(inner: &'a mut Inner, id: &str) -> Result<&'a mut ManagerUser, Refusal> {
    inner.manager_users.iter_mut().find(|user| user.id == id).ok_or_else(|| Refusal::unknown_user(id))
}
