//! What may be shown of an answer.
//!
//! Owns removing secrets from answers before a guest, a person or a file sees them, and the vendor's words in messages.

use bytes::Bytes;
use presetter_egress::Response;
use presetter_manifest::{TokenPlace, TokenSource};
use presetter_secret::Redactor;
use serde_json::Value;

use crate::Answer;

/// How much of a vendor's words a message repeats, in characters.
const WORDS: usize = 300;
/// What stands for a new token in an answer's header.
const TOKEN: &str = "[secret session token]";

/// An answer without echoes of secrets, and without a new token in the place where logins yield one.
pub(crate) fn answer(response: Response, redactor: &Redactor, token: Option<&TokenSource>) -> Answer {
    let headers = response.headers.into_iter().map(|(name, value)| {
        let fresh = token.is_some_and(|source| match source.from {
            TokenPlace::Header => source.name.as_str().eq_ignore_ascii_case(&name),
            TokenPlace::Cookie => {
                name == "set-cookie" && value.trim_start().split('=').next() == Some(source.name.as_str())
            }
            TokenPlace::Json => false,
        });
        let value = if fresh { TOKEN.to_owned() } else { redactor.text(&value) };
        (name, value)
    });
    let headers = headers.collect();
    let body = Bytes::from(redactor.bytes(&response.body));
    Answer { status: response.status, headers, body }
}

/// What a vendor said, on one line, redacted and cut short; nothing if it said nothing.
pub(crate) fn words(body: &[u8], redactor: &Redactor) -> String {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            // Also finds secrets too short to be looked for in a text.
            redactor.value(&mut value);
            value.to_string()
        }
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    let text = redactor.text(&text);
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let text = words.join(" ");
    match text.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// `: it said ...` for the end of a sentence, or nothing.
pub(crate) fn said(body: &[u8], redactor: &Redactor) -> String {
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
        let redactor = Redactor::new();
        redactor.add("key", &Secret::new("known-secret".into()));
        let shown = |token: Option<&TokenSource>| {
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
        assert_eq!(shown(Some(&source(TokenPlace::Cookie, "sid"))), [bearer, TOKEN, "theme=dark", "[secret key]"]);
    }

    #[test]
    fn a_vendors_words_are_one_short_line() {
        let redactor = Redactor::new();
        redactor.add("pin", &Secret::new("1234".into()));
        assert_eq!(words(b"Ops,\r\n\x1b[31m something\0happened!", &redactor), "Ops, [31m something happened!");
        assert_eq!(words(br#"{"pin": "1234"}"#, &redactor), r#"{"pin":"[secret pin]"}"#);
        assert_eq!(words("é".repeat(400).as_bytes(), &redactor).chars().count(), 303);
        assert_eq!(said(b" ", &redactor), "");
    }
}
