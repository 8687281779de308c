//! Between the seam's types and what stands in columns.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::fault::Fault;
use crate::seam::{EngineError, MAX_DEPTH, MAX_NAME, MAX_PAYLOAD, RunId, StepPath};

/// A time as whole microseconds.
pub(crate) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

pub(crate) fn time(micros: i64) -> Result<Timestamp, Fault> {
    Timestamp::from_microsecond(micros).map_err(|error| Fault::Storage(format!("a time cannot be read: {error}")))
}

/// Any of the seam's types as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| Fault::Storage(format!("it cannot be written: {error}")))
}

/// The word of an enum without content, as its JSON has it.
pub(crate) fn word(value: &impl Serialize) -> Result<String, Fault> {
    match serde_json::to_value(value)? {
        Value::String(word) => Ok(word),
        other => Err(Fault::Storage(format!("{other} is no word"))),
    }
}

pub(crate) fn of_word<T: DeserializeOwned>(word: String) -> Result<T, Fault> {
    Ok(serde_json::from_value(Value::String(word))?)
}

pub(crate) fn of_json<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    Ok(serde_json::from_str(text)?)
}

pub(crate) fn of_optional<T: DeserializeOwned>(text: Option<String>) -> Result<Option<T>, Fault> {
    text.map(|text| of_json(&text)).transpose()
}

/// A payload as JSON, within its bounds: what is kept can be read again.
pub(crate) fn payload(what: &str, value: &impl Serialize) -> Result<String, EngineError> {
    let text = serde_json::to_string(value).map_err(|error| EngineError::Refused(format!("{what}: {error}")))?;
    bounded(what, text.len(), MAX_PAYLOAD)?;
    if depth(&text) > MAX_DEPTH {
        return Err(EngineError::Refused(format!("{what} is nested more than {MAX_DEPTH} deep, and is not kept")));
    }
    Ok(text)
}

/// How deep lists and objects are nested in a text of JSON.
fn depth(json: &str) -> usize {
    let (mut now, mut most, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                now += 1;
                most = most.max(now);
            }
            b']' | b'}' if !quoted => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

pub(crate) fn bounded(what: &str, bytes: usize, most: usize) -> Result<(), EngineError> {
    if bytes > most {
        return Err(EngineError::Refused(format!("{what} has {bytes} bytes; at most {most} are kept")));
    }
    Ok(())
}

/// A name within its bound, and not empty.
pub(crate) fn named(what: &str, name: &str) -> Result<(), EngineError> {
    if name.is_empty() {
        return Err(EngineError::Refused(format!("{what} is empty; give it a name")));
    }
    bounded(what, name.len(), MAX_NAME)
}

pub(crate) fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// The key of a step: the same for each of its attempts, and nobody else's.
pub(crate) fn key(run: &RunId, path: &StepPath) -> String {
    let mut digest = Sha256::new();
    for part in ["presetter step key 1", &run.0, &path.0] {
        digest.update(part);
        digest.update([0]);
    }
    let mut key = hex::encode(digest.finalize());
    key.truncate(32);
    key
}
