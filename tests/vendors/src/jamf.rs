//! The users of the Jamf Pro API, and its logins.
//!
//! S: paths, methods, parameters, fields and statuses are those of the "Jamf Pro API" reference: `POST /v1/auth/token`,
//! `GET` and `POST /v1/users`, `GET` and `PUT /v1/users/{id}`. I: the form of a failure is that of its `ApiError`.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::http::{Reply, Request};
use crate::server::Api;
use crate::switches::Switches;
use crate::{JAMF_PASSWORD, JAMF_USERNAME};

/// The fields of a user, beside its id (S).
const FIELDS: [&str; 6] = ["username", "realname", "email", "phone", "position", "managedAppleId"];

/// What is kept: users in the order of their ids, and how often each token was used.
#[derive(Debug, Default)]
pub(crate) struct Jamf {
    users: Vec<Map<String, Value>>,
    tokens: HashMap<String, u32>,
}

impl Api for Jamf {
    fn is_login(&self, request: &Request) -> bool {
        request.path == ["api", "v1", "auth", "token"]
    }

    fn answer(&mut self, request: &Request, switches: &Switches) -> Reply {
        if self.is_login(request) {
            return self.login(request);
        }
        if !self.accepts(request, switches) {
            return error(401, "INVALID_TOKEN", "Unauthorized", Value::Null);
        }
        if switches.without_users {
            return nowhere();
        }
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        match (request.method.as_str(), path.as_slice()) {
            ("GET", ["api", "v1", "users"]) => self.list(request, switches),
            ("POST", ["api", "v1", "users"]) => self.create(request),
            ("GET", ["api", "v1", "users", id]) => match self.at(id) {
                Some(at) => Reply::json(200, Value::Object(self.users[at].clone())),
                None => unknown(),
            },
            ("PUT", ["api", "v1", "users", id]) => match self.at(id) {
                Some(at) => self.replace(at, request),
                None => unknown(),
            },
            _ => nowhere(),
        }
    }

    fn trouble(&self, status: u16) -> Reply {
        match status {
            // U: its form.
            429 => error(429, "TOO_MANY_REQUESTS", "Too many requests", Value::Null).with_header("Retry-After", "1"),
            _ => error(status, "INTERNAL_SERVER_ERROR", "Internal server error", Value::Null),
        }
    }

    fn seed(&mut self, count: u32) {
        for _ in 0..count {
            let n = self.users.len() + 1;
            let texts = [
                ("username", format!("user{n}")),
                ("realname", format!("User {n}")),
                ("email", format!("user{n}@example.com")),
                ("phone", format!("555-010{}", n % 10)),
                ("position", "Teacher".into()),
                ("managedAppleId", format!("user{n}@appleid.example.com")),
            ];
            self.add(texts.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect());
        }
    }
}

impl Jamf {
    /// S: HTTP Basic yields a token and the time of its end. I: it lasts half an hour.
    fn login(&mut self, request: &Request) -> Reply {
        let wanted = STANDARD.encode(format!("{JAMF_USERNAME}:{JAMF_PASSWORD}"));
        if request.header("authorization") != Some(&format!("Basic {wanted}")) {
            return error(401, "INVALID_CREDENTIALS", "Unauthorized", Value::Null);
        }
        let token = format!("standin.{}.not-a-real-token-{:08}", self.tokens.len() + 1, self.tokens.len() + 1);
        self.tokens.insert(token.clone(), 0);
        let expires = Timestamp::now() + SignedDuration::from_mins(30);
        Reply::json(200, json!({ "token": token, "expires": format!("{expires:.3}") }))
    }

    /// Whether a call's token is good for one more call, which is counted.
    fn accepts(&mut self, request: &Request, switches: &Switches) -> bool {
        let token = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let Some(uses) = token.and_then(|token| self.tokens.get_mut(token)) else { return false };
        *uses += 1;
        switches.token_uses.is_none_or(|most| *uses <= most)
    }

    /// S: pages count from 0 and have up to 1000 users, 100 unless asked for.
    fn list(&self, request: &Request, switches: &Switches) -> Reply {
        let number = |name, default| request.query(name).map_or(Some(default), |text| text.parse::<usize>().ok());
        let (Some(page), Some(size @ 1..=1000)) = (number("page", 0), number("page-size", 100)) else {
            return error(400, "INVALID_PARAMETER", "Invalid request parameters", Value::Null);
        };
        let filter = request.query("filter").filter(|filter| !filter.is_empty() && !switches.ignore_filters);
        let wanted = match filter.map(comparisons) {
            Some(None) => return error(400, "INVALID_FILTER", "The filter is not valid RSQL", json!("filter")),
            Some(Some(wanted)) => wanted,
            None => Vec::new(),
        };
        let fits = |user: &&Map<String, Value>| {
            let text = |field| user.get(field).and_then(Value::as_str).unwrap_or_default();
            wanted.is_empty() || wanted.iter().any(|(field, value)| text(*field).eq_ignore_ascii_case(value))
        };
        let found: Vec<&Map<String, Value>> = self.users.iter().filter(fits).collect();
        let shown: Vec<_> = found.iter().skip(page.saturating_mul(size)).take(size).collect();
        Reply::json(200, json!({ "totalCount": found.len(), "results": shown }))
    }

    /// S: 201 with id and address. U: how a user name that is taken is refused; the code is one of `ApiError`'s.
    fn create(&mut self, request: &Request) -> Reply {
        let fields = match self.fields(request, None) {
            Ok(fields) => fields,
            Err(refused) => return refused,
        };
        let id = self.add(fields);
        Reply::json(201, json!({ "id": id, "href": format!("/api/v1/users/{id}") }))
    }

    /// S: 204. U: what becomes of fields that are left out. Here they are emptied, which is the worst that a PUT may do.
    fn replace(&mut self, at: usize, request: &Request) -> Reply {
        match self.fields(request, Some(at)) {
            Ok(fields) => {
                let id = self.users[at].get("id").cloned().unwrap_or_default();
                self.users[at] = user(&id, &fields);
                Reply::empty(204)
            }
            Err(refused) => refused,
        }
    }

    /// The fields that a write gives; `own` is the user that may have the name already.
    fn fields(&self, request: &Request, own: Option<usize>) -> Result<Map<String, Value>, Reply> {
        let Some(Value::Object(fields)) = request.json() else {
            return Err(error(400, "INVALID_JSON", "Invalid user data provided", Value::Null));
        };
        let name = fields.get("username").and_then(Value::as_str).unwrap_or_default();
        if name.is_empty() {
            return Err(error(400, "REQUIRED_FIELD", "Username is required", json!("username")));
        }
        let taken = |user: &Map<String, Value>| user.get("username").and_then(Value::as_str) == Some(name);
        if self.users.iter().enumerate().any(|(at, user)| Some(at) != own && taken(user)) {
            return Err(error(400, "DUPLICATE_FIELD", "Username is taken already", json!("username")));
        }
        Ok(fields)
    }

    fn add(&mut self, fields: Map<String, Value>) -> String {
        let id = (self.users.len() + 1).to_string();
        self.users.push(user(&json!(id), &fields));
        id
    }

    fn at(&self, id: &str) -> Option<usize> {
        self.users.iter().position(|user| user.get("id").and_then(Value::as_str) == Some(id))
    }
}

/// A user as it is shown: every field, empty where nothing was given (I).
fn user(id: &Value, fields: &Map<String, Value>) -> Map<String, Value> {
    let field = |name: &str| (name.to_owned(), fields.get(name).cloned().unwrap_or_else(|| "".into()));
    [("id".to_owned(), id.clone())].into_iter().chain(FIELDS.map(field)).collect()
}

/// `field=="value"`, and others after a comma, which is RSQL's *or*: as much of it as is understood here. In a value `\` takes
/// the next character as it is.
fn comparisons(filter: &str) -> Option<Vec<(&str, String)>> {
    let (mut wanted, mut rest) = (Vec::new(), filter);
    loop {
        let (field, value) = rest.split_once("==\"")?;
        let (mut text, mut characters) = (String::new(), value.chars());
        loop {
            match characters.next()? {
                '"' => break,
                '\\' => text.push(characters.next()?),
                other => text.push(other),
            }
        }
        if !FIELDS.contains(&field) {
            return None;
        }
        wanted.push((field, text));
        match characters.as_str() {
            "" => return Some(wanted),
            more => rest = more.strip_prefix(',')?,
        }
    }
}

/// I: a path that is not there has no error to tell.
fn nowhere() -> Reply {
    Reply::json(404, json!({ "httpStatus": 404, "errors": [] }))
}

fn unknown() -> Reply {
    error(404, "INVALID_ID", "User with specified ID not found", json!("id"))
}

fn error(status: u16, code: &str, description: &str, field: Value) -> Reply {
    let error = json!({ "code": code, "description": description, "id": "0", "field": field });
    Reply::json(status, json!({ "httpStatus": status, "errors": [error] }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_made_of_comparisons_or_is_refused() {
        assert_eq!(comparisons(r#"username=="a b""#), Some(vec![("username", "a b".into())]));
        assert_eq!(comparisons(r#"email=="a\"b\\""#), Some(vec![("email", r#"a"b\"#.into())]));
        let both = Some(vec![("username", "a".into()), ("email", "b".into())]);
        assert_eq!(comparisons(r#"username=="a",email=="b""#), both);
        for wrong in [r#"username=="a"b""#, r#"username=="a"#, "username==a", r#"secret=="a""#, r#"username=="a\""#] {
            assert_eq!(comparisons(wrong), None, "{wrong}");
        }
    }
}
