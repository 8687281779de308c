//! JSON from a component: read within bounds of depth and number.
//!
//! Owns: that a text is looked at before any reader gets it, so that a limit can be named. Must never: take the reader's
//! own bound (128 levels, which protects the stack) for ours.

use presetter_manifest::{JsonShape, Limit, Limits};
use serde::de::DeserializeOwned;

use crate::limits::LimitHit;

/// Why a component's JSON was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is nested deeper, or has more values, than allowed: the run ends.
    Beyond(LimitHit),
    /// It is no JSON, or none of the kind that belongs here.
    Malformed(String),
}

/// Whether a component's JSON is within the limits. Reads nothing of it.
pub(crate) fn within(text: &[u8], limits: &Limits) -> Result<(), LimitHit> {
    let JsonShape { depth, values } = JsonShape::of(text);
    for (limit, amount) in [(Limit::JsonDepth, depth), (Limit::JsonValues, values)] {
        if amount > limits.size(limit) {
            return Err(LimitHit::of(limits, limit));
        }
    }
    Ok(())
}

/// Reads a component's JSON.
pub(crate) fn read<T: DeserializeOwned>(text: &[u8], limits: &Limits) -> Result<T, Unread> {
    within(text, limits).map_err(Unread::Beyond)?;
    serde_json::from_slice(text).map_err(|error| Unread::Malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn too_many_values_are_told_before_any_is_made() {
        let limits = Limits::default().with(Limit::JsonValues, 3);
        assert!(read::<Value>(b"[1, 2]", &limits).is_ok());
        let hit = LimitHit::of(&limits, Limit::JsonValues);
        for text in [&b"[1, 2, 3]"[..], br#"{"a": {"": 0}, "b": 1}"#, b"[1, 2, 3, no JSON"] {
            assert_eq!(read::<Value>(text, &limits), Err(Unread::Beyond(hit)));
        }
    }

    #[test]
    fn too_deep_is_told_from_malformed() {
        let limits = Limits::default().with(Limit::JsonDepth, 3);
        assert!(read::<Value>(b"[[[1]]]", &limits).is_ok());
        let hit = LimitHit::of(&limits, Limit::JsonDepth);
        assert_eq!(read::<Value>(b"[[[[1]]]]", &limits), Err(Unread::Beyond(hit)));
        assert!(matches!(read::<Value>(b"[1", &limits), Err(Unread::Malformed(_))));
        // The deepest that anyone can allow is read.
        let limits = Limits::default().with(Limit::JsonDepth, Limit::JsonDepth.ceiling());
        let deepest = "[".repeat(120) + &"]".repeat(120);
        assert!(read::<Value>(deepest.as_bytes(), &limits).is_ok());
    }
}
