//! The switches that make the stand-in odd.
//!
//! Owns: their names, defaults and meaning. Whether a switch applies to a request is decided where that request is
//! answered.
//!
//! Keeps: `Oddities::default()` is a well-behaved server. Switches that say "N times" count down in the server's own
//! copy; setting oddities again starts every count anew.
//!
//! "Calls" below are requests to the API other than logins, unless a switch says otherwise.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How the stand-in differs from a well-behaved server. In JSON every field may be left out; unknown ones are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Oddities {
    /// Counts and flags in answers come as strings (`"rows":"1"`), which the vendor often does (S). Default: true.
    pub numbers_as_strings: bool,
    /// Lists obey the filters `email`, `idusers`, `identifiers`, `types` and `name_like`. Sources show the last three
    /// only (S); whether the others are honoured is unknown (U). Default: true.
    pub honour_filters: bool,
    /// Single filters that lists ignore, such as `["email", "idusers"]`. Default: none.
    pub ignored_filters: Vec<String>,
    /// The filter `email` looks at the case of letters (U). Default: false.
    pub filter_exact_case: bool,
    /// Rows on a page of the Business edition if the request names no `page_size` (S: 50).
    pub page_size_default: u32,
    /// Rows on a page of the Manager edition if the request names no `page_size` (I: 100).
    pub manager_page_size_default: u32,
    /// The most rows on a page; a larger `page_size` is cut down to it (S: up to 500; U: what happens above).
    pub page_size_max: u32,
    /// A page never has more rows than the edition's default, while its answer repeats the `page_size` of the request as
    /// if it were so (U). Default: false.
    pub page_size_echo: bool,
    /// Every page shows page 1, and says so. Default: false.
    pub repeat_pages: bool,
    /// A list with nothing to show answers OK with `"users":[]` in place of `USERS_NOTFOUND`. Default: false.
    pub empty_lists: bool,
    /// Business: this many lists are answered as they are; every one after them is empty, whatever there is. Default: unbounded.
    pub lists_before_empty: Option<u32>,

    /// A session token is good for this many milliseconds after its login; 0 means that it is never good. Default:
    /// unbounded. Prefer `token_uses`, which needs no clock.
    pub token_ttl_ms: Option<u64>,
    /// A session token is good for this many calls. Default: unbounded.
    pub token_uses: Option<u32>,
    /// The status that answers an expired or unknown session token: 401 or 403 (U), or 200, which hides the failure in
    /// the body under `expired_code`. Default: 401.
    pub expired_status: u16,
    /// The code in the body if `expired_status` is 200 (U, invented). Default: `SESSION_EXPIRED`.
    pub expired_code: String,
    /// The status that answers a wrong e-mail or password at a login (U), or 200, which hides `ACCOUNT_NOTFOUND` in the
    /// body and gives no token. Default: 401.
    pub login_refused_status: u16,
    /// Business takes HTTP Basic in place of a session, as integrations did before October 2023 (S). Default: true.
    pub accept_basic: bool,
    /// Every call is answered 403; logins go on working. Default: false.
    pub forbid_all: bool,
    /// Every login is answered 403. Default: false.
    pub forbid_login: bool,

    /// Calls that are answered 429. Default: none.
    pub rate_limit: Option<RateLimit>,
    /// This many calls are answered 500 before anything is done. Default: 0.
    pub server_errors: u32,
    /// This many calls are read and dropped: nothing is done, the connection closes without an answer. Default: 0.
    pub hang_up_before: u32,
    /// This many creates (`create_user`, `save`) are carried out, then the connection closes without an answer.
    /// Default: 0.
    pub hang_up_after_create: u32,
    /// The same for updates (`update_user`, `update`). Default: 0.
    pub hang_up_after_update: u32,
    /// Every request, logins too, is carried out at once but answered only after this many milliseconds. Default: 0.
    pub slow_ms: u64,
    /// The same for creates, beside `slow_ms`. Default: 0.
    pub slow_create_ms: u64,

    /// Manager: the last element of every write fails with `INVALID_DATA` and is not carried out, under a top-level OK.
    /// Default: false.
    pub element_results: bool,
    /// An operation that fails inside a 200 with a top-level OK. Default: none.
    pub hidden_failure: Option<HiddenFailure>,
    /// Creating a user whose `user_id` (Manager: `id`) exists is refused with `INVALID_DATA`. Otherwise Business makes a
    /// second user and Manager overwrites the first (U). Default: false.
    pub strict_identifier: bool,
    /// The answer to a create has the new `iduser` beside `"status":"OK"` (U: only the status is known). Default: true.
    pub create_returns_id: bool,
    /// The Business operation that updates (I: `update_user`). Any other name is an unknown operation.
    pub update_operation: String,
    /// Answers repeat the request's headers and body, raw and in the usual encodings, in their body and headers, so that
    /// tests can see whether a client cleans what it shows. Default: false.
    pub echo_secrets: bool,
    /// Paths, such as `/v1/list`, and what they answer to any request, also in place of the vendor's own: for presets of bundles
    /// that tests make. Default: none.
    pub paths: BTreeMap<String, Canned>,
}

impl Default for Oddities {
    fn default() -> Oddities {
        Oddities {
            numbers_as_strings: true,
            honour_filters: true,
            ignored_filters: Vec::new(),
            filter_exact_case: false,
            page_size_default: 50,
            manager_page_size_default: 100,
            page_size_max: 500,
            page_size_echo: false,
            repeat_pages: false,
            empty_lists: false,
            lists_before_empty: None,
            token_ttl_ms: None,
            token_uses: None,
            expired_status: 401,
            expired_code: "SESSION_EXPIRED".into(),
            login_refused_status: 401,
            accept_basic: true,
            forbid_all: false,
            forbid_login: false,
            rate_limit: None,
            server_errors: 0,
            hang_up_before: 0,
            hang_up_after_create: 0,
            hang_up_after_update: 0,
            slow_ms: 0,
            slow_create_ms: 0,
            element_results: false,
            hidden_failure: None,
            strict_identifier: false,
            create_returns_id: true,
            update_operation: "update_user".into(),
            echo_secrets: false,
            paths: BTreeMap::new(),
        }
    }
}

/// An answer that is always the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Canned {
    /// The status. Default: 200.
    pub status: u16,
    /// The value of the header `Location`; none sends no such header.
    pub location: Option<String>,
    /// The body, JSON. Default: `{"status":"OK"}`.
    pub body: serde_json::Value,
}

impl Default for Canned {
    fn default() -> Canned {
        Canned { status: 200, location: None, body: serde_json::json!({ "status": "OK" }) }
    }
}

/// Which calls are answered 429.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Every n-th call is refused, counted since the oddities were set: 1 is each one, 0 none.
    pub every: u32,
    /// The value of the header `Retry-After`, sent as it is (seconds, a date, or nonsense); none sends no such header.
    #[serde(default)]
    pub retry_after: Option<String>,
    /// After this many refusals there are no more.
    pub times: u32,
}

/// An operation that fails inside a 200.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HiddenFailure {
    /// The operation: `create_user`, `list_users`, ..; in the Manager edition `listusers`, `save`, ..; or `login`.
    pub operation: String,
    /// The status inside, such as `MISSING_DATA`.
    pub status: String,
    /// The text beside it, such as `Missing key: os`.
    pub info: String,
    /// How often; none is always.
    #[serde(default)]
    pub times: Option<u32>,
}

/// Counts one off; true if there was one left.
pub(crate) fn take(left: &mut u32) -> bool {
    let some = *left > 0;
    *left = left.saturating_sub(1);
    some
}
