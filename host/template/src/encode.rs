//! How a text is written so that it stays one thing in its place: a path segment, a query value, a header, ...
//!
//! Owns the encoders. An encoder never lets a value change the structure around it: it encodes, or it refuses.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but RFC 3986's unreserved characters (section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Everything but what `application/x-www-form-urlencoded` leaves as it is (WHATWG URL, section 5.2).
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_').remove(b' ');

/// Why a text cannot stand in its place, as the end of a sentence that begins with the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub(crate) String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// One segment of a URL's path: everything but unreserved characters is percent-encoded.
///
/// # Errors
/// The empty text, `.` and `..` are refused: no encoding keeps a URL parser from dropping them.
pub fn path_segment(text: &str) -> Result<String, Refused> {
    check_segment(text)?;
    Ok(utf8_percent_encode(text, RESERVED).to_string())
}

/// Refuses what would not be a segment of its own, also when it is already percent-encoded (`%2e%2E`).
pub(crate) fn check_segment(segment: &str) -> Result<(), Refused> {
    if segment.is_empty() {
        return Err(Refused("a path segment cannot be empty".into()));
    }
    let dots = segment.to_ascii_lowercase().replace("%2e", ".");
    if dots == "." || dots == ".." {
        return Err(Refused(format!("a path segment cannot be \"{dots}\"")));
    }
    Ok(())
}

/// A name or a value in a URL's query: everything but unreserved characters is percent-encoded, a space as `%20`.
#[must_use]
pub fn query(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// A name or a value of a form (`application/x-www-form-urlencoded`): like a query, with a space as `+`.
#[must_use]
pub fn form(text: &str) -> String {
    utf8_percent_encode(text, FORM).to_string().replace(' ', "+")
}

/// The value of an HTTP header, unchanged. Receivers strip spaces at its ends (RFC 9110, section 5.5).
///
/// # Errors
/// CR, LF, NUL and every other control character are refused: they could end the header and begin another.
pub fn header_value(text: &str) -> Result<String, Refused> {
    match text.chars().find(|c| c.is_control()) {
        None => Ok(text.to_owned()),
        Some(c) => Err(Refused(format!("a header cannot hold {}", control_name(c)))),
    }
}

fn control_name(c: char) -> String {
    match c {
        '\n' => "a line break (LF)".into(),
        '\r' => "a line break (CR)".into(),
        '\0' => "the character NUL".into(),
        '\t' => "a tab".into(),
        c => format!("the control character U+{:04X}", u32::from(c)),
    }
}

/// The contents of a JSON string, without its quotes: `"`, `\` and control characters are escaped, nothing else.
#[must_use]
pub fn json_string(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// A part that its author asked to have unencoded (`unsafe_raw`): only characters that are legal in the place.
pub(crate) fn raw_in_url(text: &str, also: &str, place: &str) -> Result<String, Refused> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@%".contains(c) || also.contains(c);
    match text.chars().find(|c| !legal(*c)) {
        None => Ok(text.to_owned()),
        Some(c) => Err(Refused(format!("{place} cannot hold {c:?} unencoded"))),
    }
}
