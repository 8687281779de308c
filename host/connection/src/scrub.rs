//! What may be shown of an answer.
//!
//! Owns removing secrets from answers before a guest, a person or a file sees them, and the vendor's words in messages.

use bytes::Bytes;
use presetter_egress::Response;
use presetter_manifest::{TokenPlace, TokenSource};
use presetter_secret::{Redactor, Secret};
use serde_json::Value;

use crate::{Answer, json, login};

/// How much of a vendor's words a message repeats, in characters.
const WORDS: usize = 300;
/// What stands for a new token in an answer's header.
const TOKEN: &str = "[secret session token]";
/// What stands for a new token in an answer's body.
const BODY_TOKEN: &str = "[session token]";
/// How many names of a body a message repeats, and how long each may be, in characters.
const NAMES: usize = 20;
const NAME: usize = 40;

/// An answer without echoes of secrets, and without a new token in the place where logins yield one.
pub(crate) fn answer(response: Response, redactor: &Redactor, token: Option<&TokenSource>) -> Answer {
    // First of all, so that the redactor knows a token, wherever it stands, when it looks at the rest.
    if let Some(source) = token {
        learn(&response.headers, source, redactor);
    }
    let masked = token.and_then(|source| without_token(&response.body, source, redactor));
    let mut headers = response.headers;
    for (name, value) in &mut headers {
        if token.is_some_and(|source| in_header(name, value, source).is_some()) {
            *value = TOKEN.to_owned();
        }
    }
    let texts = headers.iter_mut().flat_map(|(name, value)| [name, value]);
    redactor.texts(texts.filter(|text| *text != TOKEN));
    let body = masked.map_or(response.body, Bytes::from);
    let body = redactor.bytes(&body).map_or(body, Bytes::from);
    Answer { status: response.status, headers, body }
}

/// Tells the redactor of new tokens in headers and cookies, where logins yield them there.
pub(crate) fn learn(headers: &[(String, String)], source: &TokenSource, redactor: &Redactor) {
    for (name, value) in headers {
        let token = in_header(name, value, source).map(|text| login::bare(text, source));
        // What stands in for a cookie that is taken back is no token, but may be a word of any answer.
        if let Some(token) = token.filter(|_| !takes_back(value, source)) {
            redactor.add("session token", &Secret::new(token.to_owned()));
        }
    }
}

/// What a header holds, if it is the place where logins yield a token.
fn in_header<'a>(name: &str, value: &'a str, source: &TokenSource) -> Option<&'a str> {
    match source.from {
        TokenPlace::Header => source.name.as_str().eq_ignore_ascii_case(name).then_some(value),
        TokenPlace::Cookie if name.eq_ignore_ascii_case("set-cookie") => {
            login::cookie_value(value, source.name.as_str())
        }
        TokenPlace::Cookie | TokenPlace::Json => None,
    }
}

/// Whether a `Set-Cookie` header removes the cookie, as after a logout: `sid=deleted; Max-Age=0`.
fn takes_back(value: &str, source: &TokenSource) -> bool {
    let attributes = value.split(';').skip(1).filter_map(|attribute| attribute.split_once('='));
    let over = |(name, value): (&str, &str)| match name.trim().to_ascii_lowercase().as_str() {
        "max-age" => value.trim().parse::<i64>().is_ok_and(|seconds| seconds <= 0),
        // The usual word for long ago.
        "expires" => value.contains("1970"),
        _ => false,
    };
    source.from == TokenPlace::Cookie && attributes.into_iter().any(over)
}

/// A JSON body with its token masked, which the redactor learns; nothing if there is none where logins yield one.
pub(crate) fn without_token(body: &[u8], source: &TokenSource, redactor: &Redactor) -> Option<Vec<u8>> {
    if source.from != TokenPlace::Json {
        return None;
    }
    let mut value = json::read(body)?;
    let place = value.pointer_mut(source.name.as_str())?;
    let token = login::bare(place.as_str()?, source);
    if token.is_empty() {
        return None;
    }
    redactor.add("session token", &Secret::new(token.to_owned()));
    *place = BODY_TOKEN.into();
    serde_json::to_vec(&value).ok()
}

/// `; its body holds ...` for the end of a sentence: the names at the top of a body whose values may be secret.
pub(crate) fn held(body: &[u8], redactor: &Redactor) -> String {
    let Some(Value::Object(object)) = json::read(body) else { return String::new() };
    // Redacted whole, then cut: a part of a secret is not recognised.
    let short = |name: &String| {
        let name = redactor.text(name);
        match name.char_indices().nth(NAME) {
            Some((end, _)) => format!("\"{}...\"", &name[..end]),
            None => format!("\"{name}\""),
        }
    };
    let mut names: Vec<String> = object.keys().take(NAMES).map(short).collect();
    if names.is_empty() {
        return String::new();
    }
    if object.len() > NAMES {
        names.push("...".to_owned());
    }
    format!("; its body holds {}", words(names.join(", ").as_bytes(), redactor))
}

/// What a vendor said, on one line, redacted and cut short; nothing if it said nothing.
pub(crate) fn words(body: &[u8], redactor: &Redactor) -> String {
    let text = match json::read(body) {
        Some(mut value) => {
            // Also finds secrets too short to be looked for in a text.
            redactor.value(&mut value);
            value.to_string()
        }
        None => String::from_utf8_lossy(body).into_owned(),
    };
    let text = redactor.text(&text);
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    // Once more: a secret with spaces may have stood there with line breaks in their places.
    let text = redactor.text(&words.join(" "));
    match text.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// Whether an answer's body is a web page: then something else than the API has answered.
#[must_use]
pub fn is_web_page(body: &[u8]) -> bool {
    let start: String = String::from_utf8_lossy(&body[..body.len().min(1024)]).to_ascii_lowercase();
    let start = start.trim_start_matches('\u{feff}').trim_start();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

/// `; it said: ...` for the end of a sentence, or nothing. A web page says nothing to a person.
pub(crate) fn said(body: &[u8], redactor: &Redactor) -> String {
    if is_web_page(body) {
        return String::new();
    }
    let words = words(body, redactor);
    if words.is_empty() { String::new() } else { format!("; it said: {words}") }
}

#[cfg(test)]
mod tests {
    use presetter_manifest::Text;
    use presetter_secret::Secret;

    use super::*;

    #[test]
    fn a_new_token_in_its_place_is_masked_though_nobody_knew_it() {
        let source = |from, name| TokenSource { from, name: Text::whole(name), strip_prefix: String::new() };
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = vec![
            header("authorization", "Bearer brand-new-token"),
            header("set-cookie", "sid=brand-new-token; Path=/"),
            header("set-cookie", "theme=dark"),
            header("x-echo", "known-secret"),
        ];
        let shown = |token: Option<&TokenSource>| {
            let redactor = Redactor::new();
            redactor.add("key", &Secret::new("known-secret".into()));
            let response =
                Response { status: 200, headers: headers.clone(), body: Bytes::from_static(b"a known-secret") };
            let answer = answer(response, &redactor, token);
            assert_eq!(answer.body, "a [secret key]");
            answer.headers.into_iter().map(|(_, value)| value).collect::<Vec<_>>()
        };
        let (bearer, sid) = ("Bearer brand-new-token", "sid=brand-new-token; Path=/");
        assert_eq!(shown(None), [bearer, sid, "theme=dark", "[secret key]"]);
        assert_eq!(
            shown(Some(&source(TokenPlace::Header, "Authorization"))),
            [TOKEN, sid, "theme=dark", "[secret key]"]
        );
        // The same token stands in two places.
        let masked = "Bearer [secret session token]";
        assert_eq!(shown(Some(&source(TokenPlace::Cookie, "sid"))), [masked, TOKEN, "theme=dark", "[secret key]"]);
    }

    #[test]
    fn a_new_token_in_a_header_or_cookie_is_taken_out_of_the_body_too() {
        let source =
            |from, name, strip: &str| TokenSource { from, name: Text::whole(name), strip_prefix: strip.into() };
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        for (headers, source) in [
            (
                vec![header("Authorization", "Bearer brand-new-token")],
                source(TokenPlace::Header, "authorization", "Bearer "),
            ),
            (vec![header("x-token", " brand-new-token")], source(TokenPlace::Header, "X-Token", "")),
            (
                vec![
                    header("set-cookie", "theme=dark"),
                    header("set-cookie", "sid = brand-new-token ; Path=/; Max-Age=60"),
                ],
                source(TokenPlace::Cookie, "sid", ""),
            ),
            (vec![header("Set-Cookie", " sid=brand-new-token")], source(TokenPlace::Cookie, "sid", "")),
        ] {
            let redactor = Redactor::new();
            let body = Bytes::from_static(br#"{"token": "brand-new-token", "n": 1}"#);
            let shown = answer(Response { status: 200, headers, body }, &redactor, Some(&source));
            assert_eq!(shown.headers.last().unwrap().1, TOKEN);
            assert_eq!(shown.body, r#"{"token": "[secret session token]", "n": 1}"#);
            assert!(redactor.holds(b"brand-new-token"));
        }
    }

    #[test]
    fn a_cookie_that_is_taken_back_is_no_token() {
        let source = TokenSource { from: TokenPlace::Cookie, name: Text::whole("sid"), strip_prefix: String::new() };
        for gone in ["sid=deleted; Max-Age=0", "sid=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT", "sid=; Max-Age=60"]
        {
            let headers = vec![("set-cookie".to_owned(), gone.to_owned())];
            let body = Bytes::from_static(br#"{"state": "deleted"}"#);
            let shown = answer(Response { status: 200, headers, body }, &Redactor::new(), Some(&source));
            assert_eq!((shown.headers[0].1.as_str(), &shown.body[..]), (TOKEN, &br#"{"state": "deleted"}"#[..]));
        }
    }

    #[test]
    fn a_body_of_too_many_values_is_redacted_as_a_text() {
        let redactor = Redactor::new();
        redactor.add("key", &Secret::new("known-secret".into()));
        let body = json::too_many_values();
        let source = TokenSource { from: TokenPlace::Json, name: Text::whole("/key"), strip_prefix: String::new() };
        assert_eq!(without_token(&body, &source, &redactor), None);
        assert_eq!(held(&body, &redactor), "");
        assert!(words(&body, &redactor).starts_with(r#"{"expired":true,"key":"[secret key]","n":[0,0"#));
    }

    #[test]
    fn a_new_token_in_a_body_is_masked_and_known_from_then_on() {
        let source = |strip: &str| TokenSource {
            from: TokenPlace::Json,
            name: Text::whole("/data/token"),
            strip_prefix: strip.into(),
        };
        let shown = |redactor: &Redactor, source: &TokenSource, body: &'static str| {
            let headers = vec![("x-echo".to_owned(), "brand-new-token".to_owned())];
            let response = Response { status: 200, headers, body: Bytes::from_static(body.as_bytes()) };
            let answer = answer(response, redactor, Some(source));
            (String::from_utf8(answer.body.to_vec()).unwrap(), answer.headers[0].1.clone())
        };
        let redactor = Redactor::new();
        let (body, header) = shown(
            &redactor,
            &source("Bearer "),
            r#"{"data": {"token": "Bearer brand-new-token", "n": 1}, "again": "brand-new-token"}"#,
        );
        assert_eq!(body, r#"{"data":{"token":"[session token]","n":1},"again":"[secret session token]"}"#);
        assert_eq!(header, TOKEN);
        assert!(redactor.holds(b"brand-new-token"));
        // Without one, not a byte is changed: a number stays as the vendor wrote it.
        for body in [r#"{"data": {"token": ""}, "n": 1.00}"#, r#"{"n": 123456789012345678901}"#, "no JSON", "[1, 2"] {
            let redactor = Redactor::new();
            assert_eq!(shown(&redactor, &source(""), body), (body.to_owned(), "brand-new-token".to_owned()));
        }
    }

    #[test]
    fn of_a_body_that_may_hold_a_token_only_names_are_told() {
        let redactor = Redactor::new();
        redactor.add("key", &Secret::new("known-secret".into()));
        let body = br#"{"jwt": "brand-new-token", "known-secret": {"deep": 1}}"#;
        assert_eq!(held(body, &redactor), r#"; its body holds "jwt", "[secret key]""#);
        for body in [&b"brand-new-token"[..], br#""brand-new-token""#, br#"["brand-new-token"]"#, b"{}", b""] {
            assert_eq!(held(body, &redactor), "");
        }
        let many: serde_json::Map<String, Value> = (0..50).map(|n| (format!("n{n}"), n.into())).collect();
        let told = held(Value::from(many).to_string().as_bytes(), &redactor);
        assert!(told.ends_with("\"n19\", ..."), "{told}");
        redactor.add("long", &Secret::new("0123456789".repeat(10)));
        let named = serde_json::json!({ "0123456789".repeat(10): 1 }).to_string();
        assert_eq!(held(named.as_bytes(), &redactor), r#"; its body holds "[secret long]""#);
        let long = serde_json::json!({ "é".repeat(100): 1 }).to_string();
        assert_eq!(held(long.as_bytes(), &redactor).matches('é').count(), NAME);
    }

    #[test]
    fn a_vendors_words_are_one_short_line() {
        let redactor = Redactor::new();
        redactor.add("pin", &Secret::new("1234".into()));
        assert_eq!(words(b"Ops,\r\n\x1b[31m something\0happened!", &redactor), "Ops, [31m something happened!");
        assert_eq!(words(br#"{"pin": "1234"}"#, &redactor), r#"{"pin":"[secret pin]"}"#);
        redactor.add("phrase", &Secret::new("two words".into()));
        assert_eq!(
            words(b"it was two\r\nwords, or two\x1bwords", &redactor),
            "it was [secret phrase], or [secret phrase]"
        );
        assert_eq!(words("é".repeat(400).as_bytes(), &redactor).chars().count(), 303);
        assert_eq!(said(b" ", &redactor), "");
        assert_eq!(said(b"\n<!DOCTYPE html><p>x", &redactor), "");
        assert!(is_web_page(b"<HTML lang=en>") && !is_web_page(b"<htm") && !is_web_page(b""));
    }
}
