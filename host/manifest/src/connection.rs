//! Connection kinds: what an operator is asked for, where credentials go, how a session is opened.

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer};

use crate::Text;

/// One way to reach an account: `[connections.NAME]` in `bundle.toml`.
///
/// Templates here know `fields.NAME`, `secrets.NAME`, and in slots `session.token`. Only the host renders them.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConnectionKind {
    /// For people.
    pub title: String,
    /// How it authenticates.
    pub auth: AuthKind,
    /// The vendor's base URL, if all customers share one. An operator may give another.
    pub base_url: Option<Text>,
    /// Where to find the credentials, for people.
    #[serde(default)]
    pub help: String,
    /// Plain values that the operator gives.
    #[serde(default)]
    pub fields: IndexMap<String, Field>,
    /// Secrets that the operator refers to.
    #[serde(default)]
    pub secrets: IndexMap<String, SecretField>,
    /// `auth = "basic"`: user name and password, as templates.
    pub username: Option<Text>,
    /// See `username`.
    pub password: Option<Text>,
    /// `auth = "bearer"`: the token, as a template.
    pub token: Option<Text>,
    /// Where credentials go in each request, in addition to what `auth` says.
    #[serde(default)]
    pub slots: Vec<Slot>,
    /// `auth = "session"`: how a session is opened.
    pub login: Option<Login>,
    /// When an answer means that the session is over.
    pub expired: Option<Expired>,
}

/// How a connection authenticates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AuthKind {
    /// Not at all.
    None,
    /// A key, put where `slots` say.
    ApiKey,
    /// HTTP Basic (RFC 7617) from `username` and `password`.
    Basic,
    /// `Authorization: Bearer` (RFC 6750) with `token`.
    Bearer,
    /// A login request yields a token with a lifetime; `slots` say where it goes.
    Session,
}

/// A plain value of a connection.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// For people: what it is and where to find it.
    pub help: String,
    /// Whether the connection works without it.
    #[serde(default = "yes")]
    pub required: bool,
}

/// A secret of a connection, always given as a reference.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecretField {
    /// For people: what it is and where to find it.
    pub help: String,
}

/// A place in a request that the host fills with a credential.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// The part of the request.
    pub into: SlotPlace,
    /// The header, parameter, cookie or form field; for `json` a JSON pointer (RFC 6901) into the body.
    pub name: Text,
    /// The value, a template.
    pub value: Text,
}

/// Where a slot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SlotPlace {
    /// A request header.
    Header,
    /// A query parameter.
    Query,
    /// A cookie.
    Cookie,
    /// A field of a form body.
    Form,
    /// A place in a JSON body, by JSON pointer.
    Json,
}

/// The request that opens a session.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// `POST` unless stated.
    #[serde(default = "post")]
    pub method: Text,
    /// Path segments below the base URL, templates.
    pub path: Vec<Text>,
    /// Headers, templates.
    #[serde(default)]
    pub headers: IndexMap<String, Text>,
    /// A JSON body, a template.
    pub body: Option<Text>,
    /// A form body, templates.
    #[serde(default)]
    pub form: IndexMap<String, Text>,
    /// HTTP Basic for the login alone: user name and password, templates.
    pub basic: Option<[Text; 2]>,
    /// Where the token is in the answer.
    pub token: TokenSource,
    /// How long a token lasts: `24h`, `30m`. Without it, and without `expires`, a token is used until it is refused.
    #[serde(default, deserialize_with = "lifetime")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub lifetime: Option<Duration>,
    /// A JSON pointer to the token's expiry in the answer: a number of seconds from now, or an RFC 3339 time.
    pub expires: Option<Text>,
    /// CEL over `response`, `response_status`: a login answered with 200 that failed all the same. No macros.
    pub failed_when: Option<Text>,
}

/// Where an answer bears a token.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TokenSource {
    /// The part of the answer.
    pub from: TokenPlace,
    /// The header or cookie; for `json` a JSON pointer.
    pub name: Text,
    /// Text before the token that is not part of it: `Bearer `.
    #[serde(default)]
    pub strip_prefix: String,
}

/// The part of an answer that bears a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TokenPlace {
    /// A header.
    Header,
    /// A cookie that the answer sets.
    Cookie,
    /// The JSON body.
    Json,
}

/// When an answer means that the session is over: by status, or by a rule over the body of a 200.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Expired {
    /// HTTP statuses; 401 unless stated.
    #[serde(default = "unauthorized")]
    pub status: Vec<u16>,
    /// CEL over `response` and `response_status`, without macros: it runs in the host.
    pub invalid_when: Option<Text>,
}

fn yes() -> bool {
    true
}

fn post() -> Text {
    Text::whole("POST")
}

fn unauthorized() -> Vec<u16> {
    vec![401]
}

fn lifetime<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match humantime::parse_duration(&text) {
        Ok(duration) if !duration.is_zero() => Ok(Some(duration)),
        _ => Err(serde::de::Error::custom(format!("\"{text}\" is not a length of time; write for example 24h or 30m"))),
    }
}
