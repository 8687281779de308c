//! The users of the Okta Management API.
//!
//! S: paths, methods, parameters, fields, error codes and headers are those of Okta's reference of users, "Okta error codes and
//! descriptions", "Rate limits" and "Pagination": an API token behind `SSWS`, lists that go on by the `Link` header, 404 with
//! `E0000007`, 400 with `E0000001` and its causes, 429 with `X-Rate-Limit-Reset`.

use std::net::SocketAddr;

use serde_json::{Map, Value, json};

use crate::OKTA_TOKEN;
use crate::http::{Reply, Request};
use crate::server::Api;
use crate::switches::Switches;

/// A time long ago: nothing here depends on the clock.
const LONG_AGO: &str = "2026-01-01T00:00:00.000Z";

/// The profile's fields that are kept.
const PROFILE: [&str; 5] = ["firstName", "lastName", "mobilePhone", "email", "login"];

/// What is kept: users in the order of their ids.
#[derive(Debug)]
pub(crate) struct Okta {
    /// Where links of a list point.
    address: SocketAddr,
    users: Vec<User>,
}

#[derive(Debug)]
struct User {
    id: String,
    status: &'static str,
    profile: Map<String, Value>,
}

impl User {
    fn shown(&self) -> Value {
        json!({
            "id": self.id,
            "status": self.status,
            "created": LONG_AGO,
            "lastUpdated": LONG_AGO,
            "profile": self.profile,
        })
    }

    fn is(&self, key: &str) -> bool {
        let login = self.profile.get("login").and_then(Value::as_str).unwrap_or_default();
        // S: also by the part of the login before the `@`.
        let short = login.split('@').next().unwrap_or_default();
        self.id == key || login.eq_ignore_ascii_case(key) || short.eq_ignore_ascii_case(key)
    }
}

impl Api for Okta {
    fn is_login(&self, _: &Request) -> bool {
        false
    }

    fn answer(&mut self, request: &Request, _: &Switches) -> Reply {
        if request.header("authorization") != Some(&format!("SSWS {OKTA_TOKEN}")) {
            return error(401, "E0000011", "Invalid token provided", &[]);
        }
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        let found = |key: &str| self.users.iter().position(|user| user.is(key));
        match (request.method.as_str(), path.as_slice()) {
            ("GET", ["api", "v1", "users"]) => self.list(request),
            ("POST", ["api", "v1", "users"]) => self.create(request),
            ("GET", ["api", "v1", "users", key]) => match found(key) {
                Some(at) => Reply::json(200, self.users[at].shown()),
                None => unknown(key),
            },
            ("POST", ["api", "v1", "users", key]) => match found(key) {
                Some(at) => self.update(at, request),
                None => unknown(key),
            },
            _ => error(405, "E0000022", "The endpoint does not support the provided HTTP method", &[]),
        }
    }

    fn trouble(&self, status: u16) -> Reply {
        match status {
            429 => error(429, "E0000047", "API call exceeded rate limit due to too many requests.", &[])
                .with_header("X-Rate-Limit-Limit", "600")
                .with_header("X-Rate-Limit-Remaining", "0")
                .with_header("X-Rate-Limit-Reset", "1767225660"),
            _ => error(status, "E0000009", "Internal Server Error", &[]),
        }
    }

    fn seed(&mut self, count: u32) {
        for _ in 0..count {
            let n = self.users.len() + 1;
            let texts = [
                ("firstName", "User".to_owned()),
                ("lastName", n.to_string()),
                ("email", format!("user{n}@example.com")),
                ("login", format!("user{n}@example.com")),
            ];
            self.add(texts.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect(), "ACTIVE");
        }
    }
}

impl Okta {
    /// Without users; `address` is where it listens.
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { address, users: Vec::new() }
    }

    /// S: `limit` is at most 200. S: the next page is where the header `Link` says; its cursor means nothing to clients.
    fn list(&self, request: &Request) -> Reply {
        let Some(limit @ 1..=200) = request.query("limit").map_or(Some(200), |text| text.parse::<usize>().ok()) else {
            return error(400, "E0000001", "Api validation failed: limit", &["limit: must be 1 to 200"]);
        };
        let start = match request.query("after") {
            None => 0,
            Some(cursor) => match self.users.iter().position(|user| user.id == cursor) {
                Some(at) => at + 1,
                None => return error(400, "E0000001", "Api validation failed: after", &["after: not a cursor"]),
            },
        };
        let filter = request.query("filter");
        let fits = |user: &User| filter.is_none_or(|filter| filter == format!("status eq \"{}\"", user.status));
        let rest: Vec<&User> = self.users[start..].iter().filter(|user| fits(user)).collect();
        let shown: Vec<Value> = rest.iter().take(limit).map(|user| user.shown()).collect();
        let base = format!("http://{}/api/v1/users?limit={limit}", self.address);
        let reply = Reply::json(200, Value::Array(shown)).with_header("Link", format!("<{base}>; rel=\"self\""));
        match rest.get(limit - 1) {
            Some(last) if rest.len() > limit => {
                reply.with_header("Link", format!("<{base}&after={}>; rel=\"next\"", last.id))
            }
            _ => reply,
        }
    }

    fn create(&mut self, request: &Request) -> Reply {
        let Some(given) = profile(request) else {
            return error(400, "E0000003", "The request body was not well-formed.", &[]);
        };
        let missing = |name: &&&str| given.get(**name).and_then(Value::as_str).is_none_or(str::is_empty);
        if let Some(name) = ["firstName", "lastName", "email", "login"].iter().find(missing) {
            return refused(name, "The field cannot be left blank");
        }
        if self.taken(&given, None) {
            return refused("login", "An object with this field already exists in the current organization");
        }
        // S: without `activate=false` a user is activated at once, and without a password is then PROVISIONED.
        let status = if request.query("activate") == Some("false") { "STAGED" } else { "PROVISIONED" };
        let at = self.add(given, status);
        Reply::json(200, self.users[at].shown())
    }

    /// S: a POST changes only what it gives.
    fn update(&mut self, at: usize, request: &Request) -> Reply {
        let Some(given) = profile(request) else {
            return error(400, "E0000003", "The request body was not well-formed.", &[]);
        };
        if self.taken(&given, Some(at)) {
            return refused("login", "An object with this field already exists in the current organization");
        }
        self.users[at].profile.extend(given);
        Reply::json(200, self.users[at].shown())
    }

    /// Whether another user has this login.
    fn taken(&self, given: &Map<String, Value>, own: Option<usize>) -> bool {
        let login = given.get("login").and_then(Value::as_str);
        let other = |(at, user): (usize, &User)| {
            Some(at) != own && login.is_some() && user.profile.get("login").and_then(Value::as_str) == login
        };
        self.users.iter().enumerate().any(other)
    }

    fn add(&mut self, mut profile: Map<String, Value>, status: &'static str) -> usize {
        // S: every profile has it, and null is what nobody gave.
        profile.entry("mobilePhone").or_insert(Value::Null);
        self.users.push(User { id: format!("00u{:017}", self.users.len() + 1), status, profile });
        self.users.len() - 1
    }
}

/// What of a profile a write gives, of the fields that are kept.
fn profile(request: &Request) -> Option<Map<String, Value>> {
    let body = request.json()?;
    let given = body.get("profile")?.as_object()?;
    let kept = given.iter().filter(|(name, _)| PROFILE.contains(&name.as_str()));
    Some(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn refused(field: &str, why: &str) -> Reply {
    error(400, "E0000001", &format!("Api validation failed: {field}"), &[&format!("{field}: {why}")])
}

fn unknown(key: &str) -> Reply {
    error(404, "E0000007", &format!("Not found: Resource not found: {key} (User)"), &[])
}

fn error(status: u16, code: &str, summary: &str, causes: &[&str]) -> Reply {
    let causes: Vec<Value> = causes.iter().map(|cause| json!({ "errorSummary": cause })).collect();
    let body = json!({
        "errorCode": code,
        "errorSummary": summary,
        "errorLink": code,
        "errorId": "oae0000000000000000",
        "errorCauses": causes,
    });
    Reply::json(status, body)
}
