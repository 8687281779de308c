//! What is taken out of an exchange before anybody keeps or compares it.
//!
//! Owns the one way from a request or an answer to its masked form, for recording and for playing alike: so both come to
//! the same masks. Invariants: every text passes the redactor whole; the value of a cookie is never kept, since it may be a
//! credential that nobody told us of; JSON stays JSON and an address stays an address.

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use presetter_secret::Redactor;
use serde_json::Value;
use url::Url;

use super::exchange::{Exchange, NoAnswer, media_type};
use super::named;
use crate::{Response, har};

/// What stands for the value of every cookie. It is made of letters that a cookie may have.
const COOKIE: &str = "[cookie]";

/// What is masked: every secret that the redactor knows, and the address of an account.
#[derive(Debug, Clone)]
pub struct Masks {
    redactor: Redactor,
    /// Texts and what stands in their places.
    moved: Vec<(String, String)>,
}

impl Masks {
    /// Masks the secrets that the redactor knows by now.
    #[must_use]
    pub fn new(redactor: Redactor) -> Self {
        Self { redactor, moved: Vec::new() }
    }

    /// Also writes another base URL in the place of this one, so that the account's host name is not told.
    #[must_use]
    pub fn moved(mut self, from: &Url, to: &Url) -> Self {
        let prefix = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        let host = |url: &Url| {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            format!("{}{port}", url.host_str().unwrap_or_default())
        };
        let origin = |url: &Url| format!("{}://{}", url.scheme(), host(url));
        let mut pairs = vec![(prefix(from), prefix(to)), (origin(from), origin(to))];
        // Some servers write a slash in JSON with a backslash before it.
        pairs.extend(pairs.clone().into_iter().map(|(from, to)| (from.replace('/', "\\/"), to.replace('/', "\\/"))));
        // A name of one label, such as localhost, may be a word of any answer.
        if host(from).contains(['.', ':']) {
            pairs.push((host(from), host(to)));
        }
        self.moved.extend(pairs.into_iter().filter(|(from, to)| from != to));
        self
    }

    /// Also masks what an answer hands out under the name of a credential, wherever that stands. Whether there was room for it:
    /// what is looked for grows with each one.
    pub(crate) fn learn(&self, answer: &Response, room: &mut usize) -> bool {
        for (name, secret) in named::credentials(answer) {
            // What has a mask keeps it.
            if self.redactor.holds(secret.expose().as_bytes()) {
                continue;
            }
            let Some(less) = room.checked_sub(1) else { return false };
            *room = less;
            self.redactor.add(&format!("{name} of an answer"), &secret);
        }
        true
    }

    /// A text with masks.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        self.elsewhere(&self.redactor.text(text))
    }

    /// A JSON value with masks.
    pub fn value(&self, value: &mut Value) {
        self.redactor.value(value);
        self.value_elsewhere(value);
    }

    /// An address with masks. It is changed only where there is something to mask.
    #[must_use]
    pub fn url(&self, url: &Url) -> Url {
        let mut masked = self.moved_url(url);
        let parts: Vec<String> = masked.path().split('/').map(|part| self.segment(part)).collect();
        let path = parts.join("/");
        if path != masked.path() {
            masked.set_path(&path);
        }
        let pairs: Vec<(String, String)> = masked.query_pairs().into_owned().collect();
        let clean: Vec<(String, String)> =
            pairs.iter().map(|(name, value)| (self.redactor.text(name), self.text(value))).collect();
        if clean != pairs {
            masked.query_pairs_mut().clear().extend_pairs(clean);
        }
        masked
    }

    /// A body with masks; `media` is its type without parameters.
    #[must_use]
    pub fn body(&self, media: &str, body: &Bytes) -> Bytes {
        let Ok(text) = std::str::from_utf8(body) else {
            return self.redactor.bytes(body).map_or_else(|| body.clone(), Bytes::from);
        };
        if media == "application/x-www-form-urlencoded" {
            let pairs: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
            let clean: Vec<(String, String)> =
                pairs.iter().map(|(name, value)| (self.redactor.text(name), self.text(value))).collect();
            if clean == pairs {
                return body.clone();
            }
            return url::form_urlencoded::Serializer::new(String::new()).extend_pairs(clean).finish().into();
        }
        let Ok(mut value) = serde_json::from_str::<Value>(text) else { return self.text(text).into() };
        let before = value.clone();
        self.value(&mut value);
        let masked = if value == before { text.to_owned() } else { value.to_string() };
        // Strings and names are clean by now. A secret that still stands in the text is one that looks like structure.
        if self.redactor.holds(masked.as_bytes()) { self.text(&masked).into() } else { masked.into() }
    }

    /// Headers with masks, and without those that only frame a message.
    #[must_use]
    pub fn headers(&self, headers: &[(String, String)]) -> Vec<(String, String)> {
        let kept = headers.iter().filter(|(name, _)| !har::frames(name));
        let masked = |(name, value): &(String, String)| {
            let value = match name.to_ascii_lowercase().as_str() {
                "set-cookie" => self.text(&set_cookie(value)),
                "cookie" => cookies(value),
                _ => self.text(value),
            };
            (self.redactor.text(name), value)
        };
        kept.map(masked).collect()
    }

    /// A whole exchange with masks.
    pub(crate) fn exchange(&self, exchange: Exchange) -> Exchange {
        let media = exchange.media_type();
        let answer = exchange.answer.map(|response| Response {
            status: response.status,
            body: self.body(&media_type(&response.headers), &response.body),
            headers: self.headers(&response.headers),
        });
        let answer = answer.map_err(|none| NoAnswer { reason: self.text(&none.reason), ..none });
        Exchange {
            url: self.url(&exchange.url),
            headers: self.headers(&exchange.headers),
            body: exchange.body.map(|body| self.body(&media, &body)),
            answer,
            ..exchange
        }
    }

    fn segment(&self, part: &str) -> String {
        let decoded = percent_decode_str(part).decode_utf8_lossy();
        let masked = self.redactor.text(&decoded);
        if masked == decoded { part.to_owned() } else { utf8_percent_encode(&masked, NON_ALPHANUMERIC).to_string() }
    }

    fn moved_url(&self, url: &Url) -> Url {
        let moved = self.moved.iter().find_map(|(from, to)| {
            let rest = url.as_str().strip_prefix(from.as_str())?;
            (rest.is_empty() || rest.starts_with(['/', '?', '#'])).then(|| format!("{to}{rest}"))
        });
        moved.and_then(|text| Url::parse(&text).ok()).unwrap_or_else(|| url.clone())
    }

    fn elsewhere(&self, text: &str) -> String {
        self.moved.iter().fold(text.to_owned(), |text, (from, to)| replaced(&text, from, to))
    }

    fn value_elsewhere(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.elsewhere(text),
            Value::Array(list) => list.iter_mut().for_each(|element| self.value_elsewhere(element)),
            Value::Object(object) => object.values_mut().for_each(|member| self.value_elsewhere(member)),
            _ => {}
        }
    }
}

/// A text with each place of `from` replaced that is not a part of a longer name.
fn replaced(text: &str, from: &str, to: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        let in_name = |c: char| c.is_alphanumeric() || c == '-';
        let longer_before = before
            .chars()
            .next_back()
            .or(out.chars().next_back())
            .is_some_and(|c| in_name(c) || matches!(c, '.' | '@'));
        let mut next = after.chars();
        let longer_after = match next.next() {
            Some('.') => next.next().is_some_and(in_name),
            Some(c) => in_name(c),
            None => false,
        };
        out.push_str(before);
        out.push_str(if longer_before || longer_after { from } else { to });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A `Set-Cookie` header without the cookie's value. That of a cookie that is taken back stays empty if it is.
fn set_cookie(header: &str) -> String {
    let (pair, attributes) = header.split_at(header.find(';').unwrap_or(header.len()));
    match pair.split_once('=') {
        Some((name, value)) if !value.trim().is_empty() => format!("{name}={COOKIE}{attributes}"),
        _ => header.to_owned(),
    }
}

/// A `Cookie` header without values.
fn cookies(header: &str) -> String {
    let names = header.split(';').map(|pair| pair.split('=').next().unwrap_or_default().trim());
    names.map(|name| format!("{name}={COOKIE}")).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use presetter_secret::Secret;

    use super::*;

    fn masks() -> Masks {
        let redactor = Redactor::new();
        redactor.add("key", &Secret::new("k3y/with \"quotes\"".into()));
        redactor.add("session token", &Secret::new("t0ken-0123456789".into()));
        Masks::new(redactor)
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let masks = masks();
        let url = Url::parse("https://h/a/k3y%2Fwith%20%22quotes%22/b?t=t0ken-0123456789&x=%7E").unwrap();
        let masked = masks.url(&url);
        assert_eq!(masked.path_segments().unwrap().nth(1), Some("%5Bsecret%20key%5D"));
        let pairs: Vec<(String, String)> = masked.query_pairs().into_owned().collect();
        assert_eq!(pairs, [("t", "[secret session token]"), ("x", "~")].map(|(n, v)| (n.to_owned(), v.to_owned())));
        let json = masks.body("application/json", &r#"{"k":"k3y\/with \"quotes\"","n":1}"#.into());
        assert_eq!(json, r#"{"k":"[secret key]","n":1}"#);
        let form = masks.body("application/x-www-form-urlencoded", &"k=k3y%2Fwith+%22quotes%22&b=c".into());
        assert_eq!(form, "k=%5Bsecret+key%5D&b=c");
        assert_eq!(masks.body("text/plain", &"a t0ken-0123456789 b".into()), "a [secret session token] b");
        assert_eq!(
            masks.body("application/octet-stream", &Bytes::from_static(b"\xfft0ken-0123456789")),
            &b"\xff[secret session token]"[..]
        );
    }

    #[test]
    fn what_holds_no_secret_stays_letter_by_letter() {
        let masks = masks();
        let url = Url::parse("https://h/a%7Eb?x=%7E&y=a+b#f").unwrap();
        assert_eq!(masks.url(&url), url);
        for (media, body) in [("application/json", "{ \"a\" : 1e3 }"), ("application/x-www-form-urlencoded", "a=%7E&b")]
        {
            assert_eq!(masks.body(media, &body.into()), body);
        }
    }

    #[test]
    fn cookies_and_framing_are_not_kept() {
        let headers = [
            ("Content-Length", "3"),
            ("Set-Cookie", "sid=abc=d; Path=/; HttpOnly"),
            ("set-cookie", "gone=; Max-Age=0"),
            ("Cookie", "a=1; b=2"),
            (":method", "GET"),
            ("Authorization", "Bearer t0ken-0123456789"),
        ];
        let masked = masks().headers(&headers.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let masked: Vec<(&str, &str)> = masked.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            masked,
            [
                ("Set-Cookie", "sid=[cookie]; Path=/; HttpOnly"),
                ("set-cookie", "gone=; Max-Age=0"),
                ("Cookie", "a=[cookie]; b=[cookie]"),
                ("Authorization", "Bearer [secret session token]"),
            ]
        );
    }

    #[test]
    fn the_account_is_moved_and_nothing_else() {
        let at = |text: &str| Url::parse(text).unwrap();
        let masks = masks().moved(&at("https://acme.api.example:8443/v1"), &at("https://api.example/v1"));
        assert_eq!(
            masks.url(&at("https://acme.api.example:8443/v1/users?p=1")).as_str(),
            "https://api.example/v1/users?p=1"
        );
        assert_eq!(masks.url(&at("https://acme.api.example:8443/other")).as_str(), "https://api.example/other");
        assert_eq!(masks.url(&at("https://other.example/v1")).as_str(), "https://other.example/v1");
        let body = r#"{"next":"https:\/\/acme.api.example:8443\/v1\/users","host":"acme.api.example:8443"}"#;
        assert_eq!(
            masks.body("application/json", &body.into()),
            r#"{"next":"https://api.example/v1/users","host":"api.example"}"#
        );
        for same in ["x.acme.api.example:8443", "a@acme.api.example:8443", "acme.api.example:84431"] {
            assert_eq!(masks.text(same), same);
        }
    }
}
