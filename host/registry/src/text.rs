//! Words of a stranger, made fit to be shown.
//!
//! A registry's own words may hold escapes of a terminal, or letters that turn the line around; nothing of an answer reaches
//! a person but through here.

use presetter_egress::Response;
use serde::Deserialize;

/// Most characters of what a registry says that are shown.
const SHOWN: usize = 300;
/// Most messages of one answer that are shown.
const MESSAGES: usize = 3;

/// `text` cut to `most` characters, with what cannot be seen written as an escape.
pub(crate) fn clean(text: &str, most: usize) -> String {
    let mut clean = String::new();
    for (at, c) in text.chars().enumerate() {
        if at == most {
            clean.push_str("...");
            break;
        }
        match c {
            '"' | '\'' | '\\' => clean.push(c),
            _ => clean.extend(c.escape_debug()),
        }
    }
    clean
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// What an answer says for itself, to be put behind our own words: nothing, or ` (it says: ...)`. Only the form of the
/// specification is read; another body is none of a person's business.
pub(crate) fn said(response: &Response) -> String {
    let Ok(Errors { errors }) = serde_json::from_slice(&response.body) else {
        return String::new();
    };
    let said = errors.iter().take(MESSAGES).map(|one| if one.message.is_empty() { &one.code } else { &one.message });
    let said: Vec<&str> = said.filter(|message| !message.is_empty()).map(String::as_str).collect();
    if said.is_empty() { String::new() } else { format!(" (it says: {})", clean(&said.join("; "), SHOWN)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> String {
        said(&Response { status: 400, headers: Vec::new(), body: body.to_owned().into() })
    }

    #[test]
    fn only_the_specified_form_is_shown_and_nothing_of_it_unseen() {
        assert_eq!(of(r#"{"errors":[{"code":"DENIED","message":"pay \"first\""}]}"#), r#" (it says: pay "first")"#);
        assert_eq!(of(r#"{"errors":[{"code":"DENIED"},{"message":"b"},{},{"message":"c"}]}"#), " (it says: DENIED; b)");
        assert_eq!(of(r#"{"errors":[{"message":"\u001b[2J\u202e\n"}]}"#), r" (it says: \u{1b}[2J\u{202e}\n)");
        for nothing in ["", "<h1>s3cret</h1>", r#"{"errors":[]}"#, r#"{"errors":[{}]}"#, r#"{"errors":{"message":1}}"#]
        {
            assert_eq!(of(nothing), "", "{nothing}");
        }
        let long = of(&format!(r#"{{"errors":[{{"message":"{}"}}]}}"#, "é".repeat(5000)));
        assert_eq!(long.chars().count(), SHOWN + " (it says: ...)".len());
    }
}
