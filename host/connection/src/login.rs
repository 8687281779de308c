//! One login: its request, and what its answer means.
//!
//! Owns both. Invariants: it passes the same policy as any request; nothing of it but the vendor's redacted words reaches a
//! message, and of an answer that may hold a token only the names in it; server trouble (no connection, 429, 5xx) is never called a wrong password.

use std::sync::Arc;

use presetter_egress::{Policy, Request, Response, Transport};
use presetter_expr::Vars;
use presetter_manifest::{TokenPlace, TokenSource};
use presetter_secret::{Redactor, Secret};
use serde_json::Value;
use url::Url;

use crate::plan::LoginPlan;
use crate::values::Values;
use crate::{Body, Error, inject, json, scrub, target};

/// What a login yields.
pub(crate) struct Opened {
    pub(crate) token: Secret,
    /// How long the token lasts from the time of the login, in milliseconds; nothing if the vendor does not say.
    pub(crate) lasts_ms: Option<u64>,
}

/// The longest lifetime that is believed: ten years.
const LONGEST_MS: u64 = 10 * 365 * 24 * 3600 * 1000;

/// Logs in once.
pub(crate) async fn open(
    plan: &LoginPlan,
    base: &Url,
    values: &Values,
    transport: &Arc<dyn Transport>,
    policy: &Policy,
    reader: &Reader<'_>,
) -> Result<Opened, Error> {
    let request = request(plan, base, values)?;
    let url = request.url.clone();
    let response = match transport.send(policy, request).await.map_err(Error::from) {
        Ok(response) => response,
        // The login may have arrived; the preset's request was not sent.
        Err(Error::Unanswered { reason }) => {
            return Err(Error::NotSent { reason: format!("the login got no answer: {reason}") });
        }
        Err(Error::NotSent { reason }) => {
            return Err(Error::NotSent { reason: format!("no login was possible: {reason}") });
        }
        Err(Error::TooLarge { reason, .. }) => {
            return Err(Error::NotSent { reason: format!("no login was possible: {reason}") });
        }
        Err(other) => return Err(other),
    };
    reader.elsewhere(&url, base, &response)?;
    reader.read(plan, &response)
}

fn request(plan: &LoginPlan, base: &Url, values: &Values) -> Result<Request, Error> {
    let path = plan.path.iter().map(|part| Ok(part.render(values)?.to_string())).collect::<Result<Vec<_>, Error>>()?;
    let mut headers = Vec::new();
    for (name, value) in &plan.headers {
        headers.push((name.clone(), value.render(values)?.to_string()));
    }
    if let Some(basic) = &plan.basic {
        headers.push(("Authorization".to_owned(), inject::fill(basic, values)?.to_string()));
    }
    let body = if let Some(body) = &plan.body {
        Some(Body::Json(body.render(values)?.to_string()))
    } else if plan.form.is_empty() {
        None
    } else {
        let field = |(name, value): &(String, crate::plan::Credential)| {
            Ok((presetter_template::encode::form(name), value.render(values)?.to_string()))
        };
        Some(Body::Form(plan.form.iter().map(field).collect::<Result<_, Error>>()?))
    };
    let body = body.map(|body| inject::bytes(body, &mut headers)).transpose()?;
    Ok(Request { method: plan.method.clone(), url: target::join(base, &path, &[])?, headers, body })
}

/// Reads a login's answer.
pub(crate) struct Reader<'a> {
    pub(crate) redactor: &'a Redactor,
    /// What a person can do about a refused login: which secret comes from where.
    pub(crate) advice: String,
    /// The connection's name, for advice.
    pub(crate) connection: &'a str,
    pub(crate) now_ms: u64,
}

impl Reader<'_> {
    /// Tells an answer that says nothing of the credentials, because there is no login at that address.
    fn elsewhere(&self, url: &Url, base: &Url, response: &Response) -> Result<(), Error> {
        let shown = self.redactor.text(url.as_str());
        let why = match response.status {
            404 => {
                let said = scrub::said(&response.body, self.redactor);
                let path = if target::prefix(base).is_empty() {
                    "the base URL probably lacks its path, such as /v1"
                } else {
                    "check the base URL"
                };
                format!("there is no login at {shown} (404){said}; {path}")
            }
            301 | 302 | 303 | 307 | 308 => {
                let to = header(response, "location").and_then(|to| url.join(to).ok());
                let to = to.and_then(|to| to.host_str().map(|host| self.redactor.text(host)));
                let to = to.unwrap_or_else(|| "another address".into());
                format!("the login at {shown} redirects to {to}; check the base URL")
            }
            200..=299 if scrub::is_web_page(&response.body) => {
                format!("{shown} was asked for a login; the answer is a web page, not the API; check the base URL")
            }
            _ => return Ok(()),
        };
        let name = self.connection;
        Err(Error::auth(why, format!("To change it: presetter connection set {name} --base-url URL")))
    }

    fn read(&self, plan: &LoginPlan, response: &Response) -> Result<Opened, Error> {
        let status = response.status;
        let said = || scrub::said(&response.body, self.redactor);
        if status == 429 || status >= 500 {
            return Err(Error::NotSent {
                reason: format!("the server cannot log in now (status {status}){}; try again later", said()),
            });
        }
        if !(200..300).contains(&status) {
            return Err(Error::auth(format!("the server refused the login (status {status}){}", said()), &self.advice));
        }
        let body = || -> Value {
            json::read(&response.body).unwrap_or_else(|| Value::from(String::from_utf8_lossy(&response.body)))
        };
        if let Some(rule) = &plan.failed_when {
            let (body, number) = (body(), Value::from(status));
            match rule.test(&Vars::new().with("response", &body).with("response_status", &number)) {
                Ok(false) => {}
                Ok(true) => {
                    scrub::learn(&response.headers, &plan.token, self.redactor);
                    let shown = scrub::without_token(&response.body, &plan.token, self.redactor);
                    let said = scrub::said(shown.as_deref().unwrap_or(&response.body), self.redactor);
                    return Err(Error::auth(format!("the server refused the login{said}"), &self.advice));
                }
                // What the rule does not understand may be a login that took place.
                Err(_) => {
                    let held = scrub::held(&response.body, self.redactor);
                    return Err(Error::auth(format!("the server refused the login{held}"), &self.advice));
                }
            }
        }
        let place = &plan.token;
        let name = place.name.as_str();
        let token = match place.from {
            TokenPlace::Header => header(response, name).map(str::to_owned),
            TokenPlace::Cookie => cookie(response, name),
            TokenPlace::Json => body().pointer(name).and_then(Value::as_str).map(str::to_owned),
        };
        let token = token.map(|token| bare(&token, place).to_owned());
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            let where_ = match place.from {
                TokenPlace::Header => format!("in the header \"{name}\""),
                TokenPlace::Cookie => format!("in the cookie \"{name}\""),
                TokenPlace::Json => format!("at \"{name}\" in the body"),
            };
            // The token may stand in another place of this body, so nothing of it is quoted.
            let held = scrub::held(&response.body, self.redactor);
            let reason =
                format!("the server answered the login with status {status}, but gave no token {where_}{held}");
            return Err(Error::auth(reason, &self.advice));
        };
        let expires = plan.expires.as_ref().and_then(|pointer| lasts(body().pointer(pointer)?, self.now_ms));
        let lifetime = plan.lifetime.map(|life| u64::try_from(life.as_millis()).unwrap_or(LONGEST_MS));
        let lasts_ms = expires.or(lifetime).map(|ms| ms.min(LONGEST_MS));
        Ok(Opened { token: Secret::new(token), lasts_ms })
    }
}

/// A token as it is used, from the text in its place.
pub(crate) fn bare<'a>(text: &'a str, place: &TokenSource) -> &'a str {
    text.strip_prefix(&place.strip_prefix).unwrap_or(text).trim()
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn cookie(response: &Response, name: &str) -> Option<String> {
    let set = response.headers.iter().filter(|(given, _)| given.eq_ignore_ascii_case("set-cookie"));
    set.filter_map(|(_, value)| cookie_value(value, name)).next().map(str::to_owned)
}

/// What a `Set-Cookie` header sets the cookie of a name to; nothing if it is another's.
pub(crate) fn cookie_value<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let (given, value) = header.split(';').next()?.split_once('=')?;
    (given.trim() == name).then_some(value.trim())
}

/// A token's lifetime in milliseconds: a number of seconds (vendors also send it as text), or an RFC 3339 time.
fn lasts(value: &Value, now_ms: u64) -> Option<u64> {
    let seconds = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(seconds) => Some(seconds),
            Err(_) => {
                let at = text.trim().parse::<jiff::Timestamp>().ok()?.as_millisecond();
                return Some(u64::try_from(at).unwrap_or(0).saturating_sub(now_ms));
            }
        },
        _ => None,
    }?;
    // A float turns into an integer by saturating; what is not a number becomes 0.
    Some((seconds * 1000.0) as u64)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn an_answer_from_elsewhere_is_no_refusal() {
        let redactor = Redactor::new();
        let reader = Reader { redactor: &redactor, advice: "a".into(), connection: "m", now_ms: 0 };
        let said = |base: &str, status: u16, to: &str, body: &'static str| {
            let base = Url::parse(base).unwrap();
            let url = target::join(&base, &["login".into()], &[]).unwrap();
            let headers = vec![("location".to_owned(), to.to_owned())];
            let response = Response { status, headers, body: Bytes::from_static(body.as_bytes()) };
            reader.elsewhere(&url, &base, &response).map_err(|error| error.reason())
        };
        let refused = |why: &str| Err(format!("no access: {why}"));
        assert_eq!(
            said("https://h", 404, "", "<html>"),
            refused("there is no login at https://h/login (404); the base URL probably lacks its path, such as /v1")
        );
        assert_eq!(
            said("https://h/v1", 404, "", "gone"),
            refused("there is no login at https://h/v1/login (404); it said: gone; check the base URL")
        );
        assert_eq!(
            said("https://h", 302, "https://www.example.com/a?b", ""),
            refused("the login at https://h/login redirects to www.example.com; check the base URL")
        );
        assert!(said("https://h", 200, "", " <!doctype HTML>").unwrap_err().contains("a web page, not the API"));
        for (status, body) in [(200, "{}"), (401, "<html>"), (403, "{}"), (502, "<html>")] {
            assert_eq!(said("https://h", status, "", body), Ok(()));
        }
    }

    #[test]
    fn lifetimes() {
        let now = 1_700_000_000_000;
        for (value, wanted) in [
            (serde_json::json!(3600), Some(3_600_000)),
            (serde_json::json!("3600"), Some(3_600_000)),
            (serde_json::json!(1.5), Some(1500)),
            (serde_json::json!(-5), Some(0)),
            (serde_json::json!("NaN"), Some(0)),
            (serde_json::json!(1e300), Some(u64::MAX)),
            (serde_json::json!("2023-11-14T22:13:30Z"), Some(10_000)),
            (serde_json::json!("2023-11-14T23:13:30+01:00"), Some(10_000)),
            (serde_json::json!("1981-11-19T08:52:00Z"), Some(0)),
            (serde_json::json!("soon"), None),
            (serde_json::json!(null), None),
            (serde_json::json!({}), None),
        ] {
            assert_eq!(lasts(&value, now), wanted, "{value}");
        }
    }
}
