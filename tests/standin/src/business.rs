//! The Business edition: `POST /v1/users` and its operations.
//!
//! Owns: what `create_user`, `update_user` and `list_users` check, do and answer.
//!
//! Keeps: a request that is refused changes nothing; an unknown key is ignored (U).

use serde_json::{Value, json};

use crate::{
    fields::{self, Fields},
    oddities::take,
    paging,
    reply::{Refusal, Reply},
    state::Inner,
    users::User,
};

/// S: the roles.
const TYPES: [&str; 3] = ["ADMIN", "GROUP_ADMIN", "ENDUSER"];

/// Answers a call that has passed the checks of access.
pub(crate) fn users(inner: &mut Inner, body: &Fields) -> Reply {
    carry_out(inner, body).unwrap_or_else(Reply::hidden)
}

fn carry_out(inner: &mut Inner, body: &Fields) -> Result<Reply, Refusal> {
    let operation = fields::required(body, "operation")?;
    if let Some(refusal) = inner.hidden_failure(&operation) {
        return Err(refusal);
    }
    match operation.as_str() {
        "create_user" => create(inner, body),
        "list_users" => list(inner, body),
        name if name == inner.oddities.update_operation => update(inner, body),
        name => Err(Refusal::operation(name)),
    }
}

/// S: `user_id`, `name` and `type` are required; `email` and `welcome_email` are not.
fn create(inner: &mut Inner, body: &Fields) -> Result<Reply, Refusal> {
    let identifier = fields::required(body, "user_id")?;
    let name = fields::required(body, "name")?;
    fields::required(body, "type")?;
    let kind = fields::one_of(body, "type", &TYPES)?.unwrap_or_default();
    let email = fields::email(body, "email")?.unwrap_or_default();
    fields::one_of(body, "welcome_email", &["0", "1"])?;
    if inner.oddities.strict_identifier && inner.users.iter().any(|user| user.identifier == identifier) {
        return Err(Refusal::new("INVALID_DATA", format!("Duplicate value for key: user_id ({identifier})")));
    }

    let iduser = inner.add_user(User { name, kind, identifier, email, ..User::default() });
    let mut answer = json!({ "status": "OK" });
    if inner.oddities.create_returns_id {
        answer["iduser"] = iduser.into();
    }
    let reply = Reply::json(200, answer);
    Ok(if take(&mut inner.oddities.hang_up_after_create) { reply.hung_up() } else { reply })
}

/// S: `iduser` is required, all else is not. I: what is absent stays as it was.
fn update(inner: &mut Inner, body: &Fields) -> Result<Reply, Refusal> {
    let iduser = fields::required(body, "iduser")?;
    let kind = fields::one_of(body, "type", &TYPES)?;
    let email = fields::email(body, "email")?;
    let name = fields::text(body, "name")?;
    let identifier = fields::text(body, "identifier")?;
    let managedappleid = fields::text(body, "managedappleid")?;
    if name.as_deref() == Some("") {
        return Err(Refusal::invalid("name"));
    }

    let user =
        inner.users.iter_mut().find(|user| user.iduser == iduser).ok_or_else(|| Refusal::unknown_user(&iduser))?;
    for (field, value) in [
        (&mut user.name, name),
        (&mut user.kind, kind),
        (&mut user.email, email),
        (&mut user.identifier, identifier),
        (&mut user.managedappleid, managedappleid),
    ] {
        if let Some(value) = value {
            *field = value;
        }
    }
    let reply = Reply::json(200, json!({ "status": "OK" }));
    Ok(if take(&mut inner.oddities.hang_up_after_update) { reply.hung_up() } else { reply })
}

/// S: `response` is an array of one, with the users inside. U: whether `rows` counts this page or all; here it is all.
fn list(inner: &mut Inner, body: &Fields) -> Result<Reply, Refusal> {
    let emptied = match &mut inner.oddities.lists_before_empty {
        Some(left) => !take(left),
        None => false,
    };
    let oddities = &inner.oddities;
    let all = if emptied { &[] } else { inner.users.as_slice() };
    let page = paging::page(all, &options(body)?, oddities, oddities.page_size_default)?;
    if page.rows.is_empty() && !oddities.empty_lists {
        return Err(not_found());
    }
    let number = |count| fields::number(count, oddities.numbers_as_strings);
    let users: Vec<Value> = page.rows.iter().map(|user| user.shown(oddities.numbers_as_strings)).collect();
    Ok(Reply::json(
        200,
        json!({ "status": "OK", "response": [{
            "users": users,
            "rows": number(page.total),
            "page_size": number(page.page_size),
            "page": number(page.page),
        }] }),
    ))
}

/// The `options` of a list, which may be absent.
pub(crate) fn options(body: &Fields) -> Result<Fields, Refusal> {
    match body.get("options") {
        None => Ok(Fields::new()),
        Some(Value::Object(options)) => Ok(options.clone()),
        // PHP writes an empty map as an empty list, and reads both alike (I).
        Some(Value::Array(empty)) if empty.is_empty() => Ok(Fields::new()),
        Some(_) => Err(Refusal::invalid("options")),
    }
}

/// The code is S; the text is ours.
pub(crate) fn not_found() -> Refusal {
    Refusal::new("USERS_NOTFOUND", "No users found.")
}
