//! The shape of what is written of a run: an entry before anything is sent, and one at its end.
//!
//! Keeps: what is written at the beginning can hold no secret, because the redactor learns secrets only when they are
//! looked up, which a run does later. So [`Begun`] has the names of inputs, and [`Ended`] their values.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::Who;

/// The longest body of a request or an answer that is kept, in bytes.
pub const MAX_TOLD: usize = 64 * 1024;
/// The longest address that is kept, in bytes.
pub const MAX_URL: usize = 2 * 1024;
/// How much of the headers of a request or an answer is kept, in bytes.
pub const MAX_HEADERS: usize = 8 * 1024;
/// The longest method that is kept, in bytes: a component may ask for anything.
const MAX_METHOD: usize = 64;
/// What is written around a header's name and value, in bytes.
const AROUND_HEADER: usize = 8;

/// What is known before anything is sent.
#[derive(Debug, Clone, Serialize)]
pub struct Begun {
    /// Who ran it, and where.
    pub who: Who,
    /// The version of the program.
    pub program: String,
    /// The command: `run`, `connection test`.
    pub command: String,
    /// The preset: `mosyle/create-user`.
    pub preset: String,
    /// What the preset does: `read`, `create`, `update`, `delete`.
    pub effect: String,
    /// Whether it may change something, by its effect or by a body that a person has changed.
    pub writes: bool,
    /// Where the bundle comes from.
    pub source: String,
    /// The bundle's version.
    pub version: String,
    /// The SHA-256 over all files of the bundle that can influence the run.
    pub digest: String,
    /// The SHA-256 of the component that runs it: the bundle's own, or the interpreter.
    pub component: String,
    /// The connection.
    pub connection: Account,
    /// The settings that the operator corrected.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
    /// The limits that the operator corrected.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub limits: Map<String, Value>,
    /// The names of the inputs that have a value.
    pub input_names: Vec<String>,
    /// Whether a look before and after a write was asked for.
    pub confirm: bool,
}

/// A connection, as a receipt names it.
#[derive(Debug, Clone, Serialize)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Its base URL.
    pub base_url: String,
}

/// What is known at the end.
#[derive(Debug, Clone, Serialize)]
pub struct Ended {
    /// `ok`, `not_found`, `failed` or `unknown`.
    pub outcome: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub class: String,
    /// One sentence for a person.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What proves the outcome.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub evidence: String,
    /// The inputs, if values are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Map<String, Value>>,
    /// Whether all that a person gave is hidden, because the run ended before any of it could be told from a secret.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inputs_hidden: bool,
    /// A template in place of the preset's body, or the SHA-256 of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Whether that template is the override that is kept for the preset, not one of this run alone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub overridden: bool,
    /// Fields of the body that a person set, or their pointers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_set: Option<Value>,
    /// How many requests were sent, logins not counted.
    pub requests_sent: u32,
    /// How many logins were tried.
    pub logins: u32,
    /// The requests, if they are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<Vec<Requested>>,
    /// How many more requests there were than `requests` holds. They came between those: [`Requested::left_out_before`].
    #[serde(skip_serializing_if = "is_zero")]
    pub requests_left_out: u64,
    /// From start to end.
    pub duration_ms: f64,
    /// Where the time went.
    pub phases_ms: Map<String, Value>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// One request of a run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Requested {
    /// The method.
    pub method: String,
    /// The address, secrets masked, at most [`MAX_URL`] bytes of it.
    pub url: String,
    /// The whole address's size, where `url` is less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_bytes: Option<u64>,
    /// The status of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there is no answer: `not-sent`, `unanswered`, `denied`, ...; `ended` if the run was ended while it waited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ms: Option<f64>,
    /// How many requests before it are not told.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out_before: u64,
    /// The request itself, if it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Told>,
    /// The answer itself, if it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Told>,
}

impl Requested {
    /// Cuts the address to [`MAX_URL`], and a method that is none. Both are redacted already: a secret that the cut goes
    /// through would not be seen any more.
    pub fn cut(&mut self) {
        self.method.truncate(self.method.floor_char_boundary(MAX_METHOD));
        let end = self.url.floor_char_boundary(MAX_URL);
        if end < self.url.len() {
            self.url_bytes = Some(self.url.len() as u64);
            self.url.truncate(end);
        }
    }
}

/// Headers and body of a request or an answer.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    /// The headers by name, at most [`MAX_HEADERS`] bytes of them.
    pub headers: Map<String, Value>,
    /// The size of all headers, where `headers` has not all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers_bytes: Option<u64>,
    /// The body, at most [`MAX_TOLD`] bytes of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The whole body's size.
    pub body_bytes: u64,
    /// Whether `body` is less than the whole.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

impl Told {
    /// Keeps the headers that `MAX_HEADERS` has room for, and `body` up to [`MAX_TOLD`]; both up to `room`, which they use
    /// up by the size that they have in the log. They are redacted already: a secret that the cut goes through would not be
    /// seen any more.
    #[must_use]
    pub fn new(
        mut headers: Vec<(String, String)>,
        joined: impl FnOnce(&[(String, String)]) -> Map<String, Value>,
        body: Option<String>,
        body_bytes: u64,
        room: &mut usize,
    ) -> Self {
        let size = |text: &str| text.chars().map(written).sum::<usize>();
        let whole: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let (count, mut left) = (headers.len(), MAX_HEADERS.min(*room));
        headers.retain(|(name, value)| {
            let fits = left.checked_sub(size(name) + size(value) + AROUND_HEADER);
            left = fits.unwrap_or(left);
            fits.is_some()
        });
        *room -= MAX_HEADERS.min(*room) - left;
        let headers_bytes = (headers.len() < count).then_some(whole as u64);
        let mut told = Self { headers: joined(&headers), headers_bytes, body, body_bytes, cut: false };
        if let Some(body) = &mut told.body {
            let end = body.char_indices().take_while(|(at, c)| {
                let fits = room.checked_sub(written(*c)).filter(|_| at + c.len_utf8() <= MAX_TOLD);
                *room = fits.unwrap_or(*room);
                fits.is_some()
            });
            let end = end.last().map_or(0, |(at, c)| at + c.len_utf8());
            told.cut = end < body.len();
            body.truncate(end);
            body.shrink_to_fit();
        }
        told
    }
}

/// How many bytes a character has in a text of JSON.
fn written(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        c if c < ' ' => 6,
        c => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_cut_at_its_bound_and_at_the_room_that_is_left() {
        let mut room = MAX_TOLD + 10;
        let long = "é".repeat(MAX_TOLD);
        let told = |body: Option<String>, bytes, room: &mut usize| Told::new(Vec::new(), joined, body, bytes, room);
        let cut = told(Some(format!("x{long}")), 1 + 2 * MAX_TOLD as u64, &mut room);
        assert_eq!((cut.body.unwrap().len(), cut.cut, cut.body_bytes), (MAX_TOLD - 1, true, 1 + 2 * MAX_TOLD as u64));
        assert_eq!(room, 11);
        let cut = told(Some("é".repeat(6)), 12, &mut room);
        assert_eq!((cut.body.unwrap().len(), cut.cut, room), (10, true, 1));
        let whole = told(Some("y".into()), 1, &mut room);
        assert_eq!((whole.body.as_deref(), whole.cut, room), (Some("y"), false, 0));
        assert_eq!(told(None, 0, &mut room).body, None);
        // What it takes in the log counts, and no character is cut through.
        room = 13;
        let escaped = told(Some("\u{1}\n\u{1}".into()), 3, &mut room);
        assert_eq!((escaped.body.as_deref(), escaped.cut, room), (Some("\u{1}\n"), true, 5));
    }

    fn joined(headers: &[(String, String)]) -> Map<String, Value> {
        headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect()
    }

    #[test]
    fn headers_that_do_not_fit_are_left_out_and_told() {
        let headers = vec![
            ("a".to_owned(), "1".to_owned()),
            ("long".to_owned(), "x".repeat(MAX_HEADERS)),
            ("b".to_owned(), "\"".to_owned()),
        ];
        let whole = 2 + 4 + MAX_HEADERS as u64 + 2;
        let mut room = 2 * MAX_HEADERS;
        let told = Told::new(headers.clone(), joined, None, 0, &mut room);
        assert_eq!((told.headers.len(), told.headers_bytes), (2, Some(whole)));
        assert_eq!(2 * MAX_HEADERS - room, 2 + 3 + 2 * AROUND_HEADER);
        let mut room = 12;
        let told = Told::new(headers[..1].to_vec(), joined, Some("abc".to_owned()), 3, &mut room);
        assert_eq!((told.headers_bytes, told.body.as_deref(), told.cut), (None, Some("ab"), true));
        let told = Told::new(headers[..1].to_vec(), joined, None, 0, &mut room);
        assert_eq!((told.headers.len(), told.headers_bytes, room), (0, Some(2), 0));
    }

    #[test]
    fn an_address_is_cut_and_its_size_told() {
        let mut request = Requested { url: "x".repeat(MAX_URL), ..Requested::default() };
        request.cut();
        assert_eq!((request.url.len(), request.url_bytes), (MAX_URL, None));
        request.url.push_str("éé");
        request.url.insert(0, 'y');
        request.cut();
        assert_eq!((request.url.len(), request.url_bytes), (MAX_URL, Some(MAX_URL as u64 + 5)));
    }
}
