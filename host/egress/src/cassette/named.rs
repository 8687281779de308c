//! Credentials that nobody told us of: what a server hands out under the name of one.
//!
//! A login that is recorded brings more than the token that the connection takes: a refresh token, an id token, a code in an
//! address. Owns which names tell of a credential, and where in an answer they stand. It would rather take something harmless
//! for one: then a mask stands in its place, in the answer and in what is asked with it. Must never: look at a request, which
//! a preset and its inputs made; the value of a cookie is [`Masks`](super::Masks)' own.

use presetter_secret::Secret;
use serde_json::Value;
use url::Url;

use super::exchange::media_type;
use crate::Response;

/// Shorter ones are not looked for: they would be found in harmless words.
const SHORT: usize = 8;

/// A credential, and the name that it stood under.
pub(super) type Found = (String, Secret);

/// The credentials in an answer.
pub(super) fn credentials(response: &Response) -> Vec<Found> {
    let mut found = Vec::new();
    let mut see = |name: &str, value: &str| {
        if value.chars().count() >= SHORT && is_credential(name) {
            found.push((name.to_owned(), Secret::new(value.to_owned())));
        }
    };
    for (name, value) in &response.headers {
        see(name, value);
        if name.eq_ignore_ascii_case("location") {
            in_address(value, &mut see);
        }
    }
    if media_type(&response.headers) == "application/x-www-form-urlencoded" {
        url::form_urlencoded::parse(&response.body).for_each(|(name, value)| see(&name, &value));
    } else if let Ok(value) = serde_json::from_slice(&response.body) {
        in_json(&value, &mut see);
    }
    found
}

/// What an address that a login leads to bears, behind `?` or `#` (RFC 6749, 4.1.2 and 4.2.2).
fn in_address(text: &str, see: &mut dyn FnMut(&str, &str)) {
    // It may be relative.
    let Ok(url) = Url::parse("https://h").and_then(|base| base.join(text)) else { return };
    let pairs = url::form_urlencoded::parse(url.fragment().unwrap_or_default().as_bytes()).chain(url.query_pairs());
    pairs.for_each(|(name, value)| see(if name == "code" { "code_token" } else { &name }, &value));
}

fn in_json(value: &Value, see: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::Array(list) => list.iter().for_each(|element| in_json(element, see)),
        Value::Object(object) => object.iter().for_each(|(name, member)| match member {
            Value::String(text) => see(name, text),
            member => in_json(member, see),
        }),
        _ => {}
    }
}

/// What the name of a credential ends with.
const LAST: [&str; 8] = ["token", "secret", "password", "passwd", "passphrase", "jwt", "apikey", "assertion"];
/// Before `key`.
const KEYS: [&str; 4] = ["api", "access", "private", "secret"];
/// `next_page_token` leads to a page.
const PAGES: [&str; 6] = ["page", "next", "continuation", "sync", "cursor", "delta"];

/// Whether a credential stands under this name: `refresh_token`, `idToken`, `X-Auth-Token`, `apiKey`.
fn is_credential(name: &str) -> bool {
    let words = words(name);
    let [before @ .., last] = words.as_slice() else { return false };
    let key = last == "key" && before.last().is_some_and(|word| KEYS.contains(&word.as_str()));
    let ends = key || LAST.contains(&last.as_str()) || last.ends_with("token");
    ends && !words.iter().any(|word| PAGES.iter().any(|page| word.starts_with(page)))
}

/// The words of a name, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    for c in name.chars() {
        if c.is_alphanumeric() {
            let begins = !last.is_alphanumeric() || c.is_uppercase() && last.is_lowercase();
            match words.last_mut() {
                Some(word) if !begins => word.extend(c.to_lowercase()),
                _ => words.push(c.to_lowercase().collect()),
            }
        }
        last = c;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_known_by_name() {
        for name in [
            "refresh_token",
            "idToken",
            "access-token",
            "accesstoken",
            "X-Auth-Token",
            "token",
            "client_secret",
            "apiKey",
            "API_KEY",
            "secret_key",
            "new.password",
            "jwt",
        ] {
            assert!(is_credential(name), "{name}");
        }
        for name in [
            "",
            "_",
            "token_type",
            "expires_in",
            "nextPageToken",
            "next_token",
            "pagetoken",
            "syncToken",
            "password_changed",
            "key",
            "keyboard",
            "author",
        ] {
            assert!(!is_credential(name), "{name}");
        }
    }

    #[test]
    fn an_answer_is_looked_through() {
        let headers = [
            ("X-Auth-Token", "in-a-header"),
            ("Location", "/back?state=public-state&code=in-a-query#access_token=in-a-fragment"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let body = r#"{"data":[{"refresh_token":"in-the-body","n":{"apiKey":"deep-in-it"}}],"token":"short","name":"no-secret"}"#;
        let answer = Response { status: 302, headers, body: body.into() };
        let found: Vec<String> = credentials(&answer).iter().map(|(_, secret)| secret.expose().to_owned()).collect();
        assert_eq!(found, ["in-a-header", "in-a-fragment", "in-a-query", "in-the-body", "deep-in-it"]);
        let headers = vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        let form = Response { status: 200, headers, body: "id_token=in%20a%20form&a=b".into() };
        assert_eq!(credentials(&form)[0].1.expose(), "in a form");
    }
}
