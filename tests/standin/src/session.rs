//! Logins, and whether a call may pass.
//!
//! Owns: the check of access token, session token and Basic credentials, for both editions.
//!
//! Keeps: the session token is given in the answer's header `Authorization` and nowhere else (S). The `Expires` of 1981
//! and the cookie beside it say nothing about the token (S).

use axum::http::HeaderMap;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::{
    ACCESS_TOKEN, EMAIL, PASSWORD,
    fields::{self, Fields},
    reply::{Refusal, Reply},
    state::{Edition, Inner},
};

/// Checks the account's access token: from the header (Business) or from the body (Manager).
pub(crate) fn check_access(token: Option<&str>) -> Result<(), Reply> {
    match token {
        // S
        None | Some("") => Err(Reply::error(401, "accessToken Required")),
        Some(ACCESS_TOKEN) => Ok(()),
        // The text is S, the status U.
        Some(_) => Err(Reply::error(401, "Invalid accessToken")),
    }
}

/// Checks the header `Authorization` of a call.
pub(crate) fn check_authorization(inner: &mut Inner, headers: &HeaderMap, edition: Edition) -> Result<(), Reply> {
    let Some(value) = header(headers, "authorization") else {
        return Err(Reply::error(401, "Authorization Required"));
    };
    let (scheme, credentials) = value.split_once(' ').unwrap_or((value, ""));
    if scheme.eq_ignore_ascii_case("bearer") {
        return if inner.use_token(credentials, edition) { Ok(()) } else { Err(expired(inner)) };
    }
    // S: integrations before October 2023.
    let basic = edition == Edition::Business && inner.oddities.accept_basic && scheme.eq_ignore_ascii_case("basic");
    if basic && credentials == STANDARD.encode(format!("{EMAIL}:{PASSWORD}")) {
        return Ok(());
    }
    Err(Reply::error(401, "Invalid Authorization"))
}

/// The answer to a session token that is no longer good, or never was (U: its exact form).
fn expired(inner: &Inner) -> Reply {
    let text = "Invalid or expired token";
    match inner.oddities.expired_status {
        200 => Reply::hidden(Refusal::new(&inner.oddities.expired_code, text)),
        status => Reply::error(status, text),
    }
}

/// Answers a login whose access token has been checked.
pub(crate) fn login(inner: &mut Inner, body: &Fields, edition: Edition) -> Reply {
    if let Some(refusal) = inner.hidden_failure("login") {
        return Reply::hidden(refusal);
    }
    let given = fields::required(body, "email").and_then(|email| Ok((email, fields::required(body, "password")?)));
    let (email, password) = match given {
        Ok(given) => given,
        Err(refusal) => return Reply::hidden(refusal),
    };
    if !email.eq_ignore_ascii_case(EMAIL) || password != PASSWORD {
        return match inner.oddities.login_refused_status {
            // S: code and text, seen under a 200; that logins use them is U.
            200 => Reply::hidden(Refusal::new("ACCOUNT_NOTFOUND", "No account found.")),
            status => Reply::error(status, "Invalid email or password"),
        };
    }
    let token = inner.new_token(edition);
    let cookie = format!("PHPSESSID=standin{:08}; path=/", inner.logins);
    Reply::json(200, json!({ "UserID": "1", "email": EMAIL }))
        .with_header("authorization", format!("Bearer {token}"))
        .with_header("expires", "Thu, 19 Nov 1981 08:52:00 GMT")
        .with_header("cache-control", "no-store, no-cache, must-revalidate")
        .with_header("pragma", "no-cache")
        .with_header("set-cookie", cookie)
}

/// The first value of a header, if it is plain text.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
