//! One login: its request, and what its answer means.
//!
//! Owns both. Invariants: it passes the same policy as any request; nothing of it but the vendor's redacted words reaches a
//! message; server trouble (no connection, 429, 5xx) is never called a wrong password.

use std::sync::Arc;

use presetter_egress::{Policy, Request, Response, Transport};
use presetter_expr::Vars;
use presetter_manifest::TokenPlace;
use presetter_secret::{Redactor, Secret};
use serde_json::Value;
use url::Url;

use crate::plan::LoginPlan;
use crate::values::Values;
use crate::{Body, Error, inject, scrub, target};

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
    pub(crate) now_ms: u64,
}

impl Reader<'_> {
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
            serde_json::from_slice(&response.body)
                .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&response.body)))
        };
        if let Some(rule) = &plan.failed_when {
            let (body, number) = (body(), Value::from(status));
            let failed = rule.test(&Vars::new().with("response", &body).with("response_status", &number));
            if failed.unwrap_or(true) {
                return Err(Error::auth(format!("the server refused the login{}", said()), &self.advice));
            }
        }
        let place = &plan.token;
        let name = place.name.as_str();
        let token = match place.from {
            TokenPlace::Header => header(response, name).map(str::to_owned),
            TokenPlace::Cookie => cookie(response, name),
            TokenPlace::Json => body().pointer(name).and_then(Value::as_str).map(str::to_owned),
        };
        let token = token.map(|token| token.strip_prefix(&place.strip_prefix).unwrap_or(&token).trim().to_owned());
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            let where_ = match place.from {
                TokenPlace::Header => format!("in the header \"{name}\""),
                TokenPlace::Cookie => format!("in the cookie \"{name}\""),
                TokenPlace::Json => format!("at \"{name}\" in the body"),
            };
            let reason =
                format!("the server answered the login with status {status}, but gave no token {where_}{}", said());
            return Err(Error::auth(reason, &self.advice));
        };
        let expires = plan.expires.as_ref().and_then(|pointer| lasts(body().pointer(pointer)?, self.now_ms));
        let lifetime = plan.lifetime.map(|life| u64::try_from(life.as_millis()).unwrap_or(LONGEST_MS));
        let lasts_ms = expires.or(lifetime).map(|ms| ms.min(LONGEST_MS));
        Ok(Opened { token: Secret::new(token), lasts_ms })
    }
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn cookie(response: &Response, name: &str) -> Option<String> {
    let set = response.headers.iter().filter(|(given, _)| given.eq_ignore_ascii_case("set-cookie"));
    set.filter_map(|(_, value)| value.split(';').next()?.split_once('='))
        .find(|(given, _)| given.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
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
    use super::*;

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
