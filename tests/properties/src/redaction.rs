//! Redaction: any secret, in any text, in any encoding that is promised.
//!
//! The oracle is a reader that decodes instead of looking for forms ([`crate::encodings`]): what it can read in a text
//! must be gone, and what it cannot read must have stayed.

use presetter_secret::{Redactor, SHORT, Secret};
use serde_json::{Value, json};

use crate::encodings::{ALPHABETS, ESCAPES, reads};
use crate::parts;

const MARKER: &str = "[secret token]";

/// An input is a secret, the text before and after it, and how it is written.
pub fn check(data: &[u8]) {
    let [secret, before, after, recipe] = parts(data);
    if secret.is_empty() {
        return;
    }
    let redactor = Redactor::new();
    redactor.add("token", &Secret::new(secret.clone()));
    if secret.len() < SHORT {
        return check_short(&redactor, &secret);
    }
    let mut choices = recipe.bytes().map(usize::from);
    let mut choose = || choices.next().unwrap_or_default();
    let inner: Vec<_> = ESCAPES.into_iter().chain(ALPHABETS).collect();
    let (inner, outer) = (inner[choose() % inner.len()], ESCAPES[choose() % ESCAPES.len()]);
    let written = outer(&inner(&secret));
    check_text(&redactor, &secret, &format!("{before}{written}{after}"));
    check_text(&redactor, &secret, &format!("{before}{after}"));
    if secret.trim().len() >= SHORT {
        let trimmed = redactor.text(&inner(secret.trim()));
        assert!(trimmed.contains(MARKER), "{secret:?} stays in {trimmed:?}");
    }
    // By itself it is found in any case, and nothing of it is left.
    let alone = redactor.text(&written);
    assert!(alone.contains(MARKER), "{secret:?} stays in {written:?}");
}

/// Nothing that can be read of the secret stays, and a text in which nothing can be read stays as it is.
fn check_text(redactor: &Redactor, secret: &str, text: &str) {
    let clean = redactor.text(text);
    for piece in clean.split(MARKER) {
        let how = reads(piece.as_bytes(), secret.as_bytes());
        assert!(how.is_none(), "{secret:?} can be read in {clean:?}: {how:?}");
    }
    if clean != text {
        assert!(clean.contains(MARKER), "{clean:?} says nothing of what was taken out");
        assert!(could_hold(text, secret), "{secret:?} was seen in {text:?}");
    }
    let bytes = redactor.bytes(text.as_bytes());
    assert_eq!(bytes.as_deref().unwrap_or(text.as_bytes()), clean.as_bytes(), "texts and bytes are treated alike");
    // A secret that can begin where our own marker ends may be seen again in what was left beside it.
    if !secret.contains(['[', ']']) {
        assert_eq!(redactor.text(&clean), clean, "redacting twice changes more");
        assert!(!redactor.holds(clean.as_bytes()), "{clean:?}");
    }
}

/// Whether there is reason to take something out: all but the ends of the secret can be read. (Inside of base64 the
/// characters at its ends belong to its neighbours too, and white space there may be lost.) A stray mark before an escape hides it from one reader and not
/// from another, so the text is read from each mark on.
fn could_hold(text: &str, secret: &str) -> bool {
    let trimmed = if secret.trim().is_empty() { secret } else { secret.trim() };
    let inside = match trimmed.len() {
        ..SHORT => trimmed.as_bytes(),
        length => &trimmed.as_bytes()[1..length - 1],
    };
    let marks = text.bytes().enumerate().filter(|(_, byte)| [b'\\', b'%', b'&'].contains(byte));
    let starts = std::iter::once(0).chain(marks.map(|(at, _)| at));
    starts.into_iter().any(|at| reads(&text.as_bytes()[at..], inside).is_some())
}

/// A short secret is taken out where it is a whole value.
fn check_short(redactor: &Redactor, secret: &str) {
    // What can stand between two strings of a JSON text is taken for a string there.
    let trimmed = secret.trim();
    if trimmed.is_empty() || trimmed.starts_with([',', ':', ']', '}']) && trimmed.ends_with([',', ':', '[', '{']) {
        return;
    }
    let whole = |text: &str| {
        assert_eq!(redactor.text(text), MARKER, "{text:?}");
        let answer = json!({"pin": text, "list": [text]});
        let clean = redactor.text(&answer.to_string());
        let clean: Value = serde_json::from_str(&clean).unwrap_or_else(|error| panic!("{error} in {clean:?}"));
        assert_eq!(clean, json!({"pin": MARKER, "list": [MARKER]}), "{text:?}");
        let mut value = answer;
        assert!(redactor.value(&mut value) && value == clean, "{value}");
    };
    whole(secret);
    // Those of the alphabets that write the secret and nothing else.
    [ALPHABETS[0], ALPHABETS[1], ALPHABETS[2]].iter().for_each(|encode| whole(&encode(secret)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leak_is_noticed() {
        // A redactor that knows another secret leaves this one.
        let other = Redactor::new();
        other.add("token", &Secret::new("something else".into()));
        for text in ["hunter22", "%68unter22", "aHVudGVyMjI="] {
            assert!(std::panic::catch_unwind(|| check_text(&other, "hunter22", text)).is_err(), "{text}");
        }
        check_text(&other, "hunter22", "hunter23");
        // And what it takes out without reason is noticed too.
        assert!(std::panic::catch_unwind(|| check_text(&other, "hunter22", "a something else")).is_err());
        assert!(std::panic::catch_unwind(|| check_short(&other, "1234")).is_err());
    }
}
