//! The shape of what is written of a run: an entry before anything is sent, and one at its end.
//!
//! Keeps: what is written at the beginning can hold no secret, because the redactor learns secrets only when they are
//! looked up, which a run does later. So [`Begun`] has the names of inputs, and [`Ended`] their values.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::Who;

/// The longest body of a request or an answer that is kept, in bytes.
pub const MAX_TOLD: usize = 64 * 1024;

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
    /// How many more requests there were than `requests` holds.
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
    /// The address, secrets masked.
    pub url: String,
    /// The status of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there is no answer: `not-sent`, `unanswered`, `denied`, ...; `ended` if the run was ended while it waited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ms: Option<f64>,
    /// The request itself, if it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Told>,
    /// The answer itself, if it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Told>,
}

/// Headers and body of a request or an answer.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    /// The headers by name.
    pub headers: Map<String, Value>,
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
    /// Keeps `body` up to [`MAX_TOLD`] and up to `room`, which it uses up. `body` is redacted already: a secret that the
    /// cut goes through would not be seen any more.
    #[must_use]
    pub fn new(headers: Map<String, Value>, body: Option<String>, body_bytes: u64, room: &mut usize) -> Self {
        let mut told = Self { headers, body, body_bytes, cut: false };
        if let Some(body) = &mut told.body {
            let end = body.floor_char_boundary(MAX_TOLD.min(*room));
            told.cut = end < body.len();
            body.truncate(end);
            *room -= end;
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_cut_at_its_bound_and_at_the_room_that_is_left() {
        let mut room = MAX_TOLD + 10;
        let long = "é".repeat(MAX_TOLD);
        let told = Told::new(Map::new(), Some(format!("x{long}")), 1 + 2 * MAX_TOLD as u64, &mut room);
        assert_eq!(
            (told.body.unwrap().len(), told.cut, told.body_bytes),
            (MAX_TOLD - 1, true, 1 + 2 * MAX_TOLD as u64)
        );
        assert_eq!(room, 11);
        let told = Told::new(Map::new(), Some("é".repeat(6)), 12, &mut room);
        assert_eq!((told.body.unwrap().len(), told.cut, room), (10, true, 1));
        let told = Told::new(Map::new(), Some("y".into()), 1, &mut room);
        assert_eq!((told.body.as_deref(), told.cut, room), (Some("y"), false, 0));
        assert_eq!(Told::new(Map::new(), None, 0, &mut room).body, None);
    }
}
