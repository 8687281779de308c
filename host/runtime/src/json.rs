//! JSON from a component: read within bounds of depth.
//!
//! Owns: the look at how deep a text is nested before any reader gets it, so that a limit can be named. Must never: take
//! the reader's own bound (128 levels, which protects the stack) for ours.

use presetter_manifest::{Limit, Limits};
use serde::de::DeserializeOwned;

use crate::limits::LimitHit;

/// Why a component's JSON was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is nested deeper than allowed: the run ends.
    Deep(LimitHit),
    /// It is no JSON, or none of the kind that belongs here.
    Malformed(String),
}

/// Reads a component's JSON.
pub(crate) fn read<T: DeserializeOwned>(text: &[u8], limits: &Limits) -> Result<T, Unread> {
    if depth(text) > limits.size(Limit::JsonDepth) {
        return Err(Unread::Deep(LimitHit::of(limits, Limit::JsonDepth)));
    }
    serde_json::from_slice(text).map_err(|error| Unread::Malformed(error.to_string()))
}

/// How deep lists and objects are nested at most. For what is no JSON, at least as deep as any reader would go.
fn depth(text: &[u8]) -> usize {
    let (mut now, mut most): (usize, usize) = (0, 0);
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                now += 1;
                most = most.max(now);
            }
            b']' | b'}' => now = now.saturating_sub(1),
            b'"' => {
                // To the end of the string; a backslash takes the next byte with it.
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'\\' => drop(bytes.next()),
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn brackets_count_outside_of_strings_alone() {
        for (text, wanted) in
            [("1", 0), ("[]", 1), (r#"{"a":[1,{"b":2}],"c":[]}"#, 3), (r#"["[[[[","\"[[[[\\",[]]"#, 2), ("[[[\"", 3)]
        {
            assert_eq!(depth(text.as_bytes()), wanted, "{text}");
        }
    }

    #[test]
    fn too_deep_is_told_from_malformed() {
        let limits = Limits::default().with(Limit::JsonDepth, 3);
        assert!(read::<Value>(b"[[[1]]]", &limits).is_ok());
        let hit = LimitHit::of(&limits, Limit::JsonDepth);
        assert_eq!(read::<Value>(b"[[[[1]]]]", &limits), Err(Unread::Deep(hit)));
        assert!(matches!(read::<Value>(b"[1", &limits), Err(Unread::Malformed(_))));
        // The deepest that anyone can allow is read.
        let limits = Limits::default().with(Limit::JsonDepth, Limit::JsonDepth.ceiling());
        let deepest = "[".repeat(120) + &"]".repeat(120);
        assert!(read::<Value>(deepest.as_bytes(), &limits).is_ok());
    }
}
