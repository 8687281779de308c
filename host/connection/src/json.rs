//! A server's JSON, where the host itself reads it.
//!
//! Owns the bound on how many values are made of a body. It is the usual one of a run, whatever the operator allows a
//! component: what the host looks for, a token or a vendor's words, stands in small bodies.

use presetter_manifest::{JsonShape, Limit};
use serde_json::Value;

/// A body as JSON; nothing if it is none. One of too many values is taken for none, since they would take many times the
/// memory of the text; so is one that is nested deeper than the reader goes (128 levels).
pub(crate) fn read(body: &[u8]) -> Option<Value> {
    let values = u64::try_from(JsonShape::of(body).values).unwrap_or(u64::MAX);
    if values > Limit::JsonValues.default_amount() {
        return None;
    }
    serde_json::from_slice(body).ok()
}

#[cfg(test)]
pub(crate) fn too_many_values() -> Vec<u8> {
    let many = usize::try_from(Limit::JsonValues.default_amount()).unwrap_or(usize::MAX);
    format!("{{\"expired\":true,\"key\":\"known-secret\",\"n\":[0{}]}}", ",0".repeat(many)).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_is_no_json() {
        assert_eq!(read(b"[1, {}]"), Some(serde_json::json!([1, {}])));
        assert_eq!(read(b"[1, "), None);
        assert_eq!(read(("[".repeat(200) + &"]".repeat(200)).as_bytes()), None);
        let body = too_many_values();
        assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_ok());
        assert_eq!(read(&body), None);
    }
}
