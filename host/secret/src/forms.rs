//! The forms that a secret takes where it is echoed: itself, base64 and hexadecimal.
//!
//! Owns what is looked for. Escapes (JSON's, percent signs) are undone by [`crate::view`], since they can be mixed at
//! will. The usual ones are forms too, for a text that has a stray backslash or percent sign before them, which a
//! reader would take for the start of another escape. Everything made here is wiped when dropped.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// Secrets below this many bytes are short: they are taken out only where they are a whole value.
///
/// Taking `a` or `1234` out of every place would destroy answers, and would tell by the holes what the secret is. A
/// short secret is found as a whole JSON string value (not a key), or as the whole of what the redactor is given, such
/// as a header's value; in all encodings.
pub const SHORT: usize = 6;

/// Something to look for.
pub(crate) struct Pattern {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    pub(crate) kind: Kind,
}

/// How a find is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Taken out wherever it stands.
    Anywhere,
    /// Base64 inside a longer run: the characters beside it may hold some bits of the secret too.
    Base64 {
        /// The character before it does.
        before: bool,
        /// The character after it does.
        after: bool,
    },
    /// A short secret between quotes: taken out without the quotes, unless it is a key.
    Quoted,
    /// Our own replacement text: left alone, also where a secret happens to be part of it.
    Marker,
}

/// What to look for in order to find a secret of some length.
pub(crate) fn of_long(secret: &[u8]) -> Vec<Pattern> {
    let mut patterns = vec![anywhere(secret.to_vec())];
    if let Ok(text) = std::str::from_utf8(secret) {
        let units = || text.encode_utf16();
        patterns.push(anywhere(units().map(|unit| format!("\\u{unit:04x}")).collect::<String>().into_bytes()));
        patterns.push(anywhere(units().map(|unit| format!("\\u{unit:04X}")).collect::<String>().into_bytes()));
        let quoted = serde_json::Value::from(text).to_string();
        patterns.push(anywhere(quoted.as_bytes()[1..quoted.len() - 1].to_vec()));
    }
    for kept in ["", "-._~"] {
        for space in ["%20", "+"] {
            patterns.push(anywhere(percent(secret, kept, space, hex::encode)));
            patterns.push(anywhere(percent(secret, kept, space, hex::encode_upper)));
        }
    }
    patterns.push(anywhere(hex::encode(secret).into_bytes()));
    patterns.push(anywhere(hex::encode_upper(secret).into_bytes()));
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        patterns.extend((0..3).map(|shift| base64_at(&engine, secret, shift)));
    }
    patterns.sort_by(|a, b| a.bytes.cmp(&b.bytes));
    patterns.dedup_by(|a, b| a.bytes == b.bytes);
    patterns
}

/// What to look for in order to find a short secret as a whole JSON string.
pub(crate) fn of_short(secret: &[u8]) -> Vec<Pattern> {
    let quoted = |form: Zeroizing<Vec<u8>>| Pattern {
        bytes: Zeroizing::new([b"\"", form.as_slice(), b"\""].concat()),
        kind: Kind::Quoted,
    };
    wholes(secret).into_iter().map(quoted).collect()
}

/// The texts that are a secret in whole: itself, hexadecimal, base64 with and without padding.
pub(crate) fn wholes(secret: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut forms = vec![secret.to_vec(), hex::encode(secret).into_bytes(), hex::encode_upper(secret).into_bytes()];
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        let bare = engine.encode(secret);
        let padding = "=".repeat((4 - bare.len() % 4) % 4);
        forms.push((bare.clone() + &padding).into_bytes());
        forms.push(bare.into_bytes());
    }
    forms.sort();
    forms.dedup();
    forms.into_iter().map(Zeroizing::new).collect()
}

fn anywhere(bytes: Vec<u8>) -> Pattern {
    Pattern { bytes: Zeroizing::new(bytes), kind: Kind::Anywhere }
}

/// Percent-encoded, but for letters, digits and what is `kept`.
fn percent(secret: &[u8], kept: &str, space: &str, hex: fn([u8; 1]) -> String) -> Vec<u8> {
    let mut out = Vec::with_capacity(secret.len() * 3);
    for byte in secret {
        match byte {
            b' ' => out.extend_from_slice(space.as_bytes()),
            byte if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(byte) => out.push(*byte),
            byte => {
                out.push(b'%');
                out.extend_from_slice(hex([*byte]).as_bytes());
            }
        }
    }
    out
}

/// The characters of base64 that depend on the secret alone, when it begins `shift` bytes behind a group of three.
fn base64_at(engine: &impl base64::Engine, secret: &[u8], shift: usize) -> Pattern {
    let mut shifted = Zeroizing::new(vec![0; shift]);
    shifted.extend_from_slice(secret);
    let encoded = Zeroizing::new(engine.encode(shifted.as_slice()).into_bytes());
    // Six bits a character: those that begin before the secret, and the one that may run past its end, are not its own.
    let first = (shift * 8).div_ceil(6);
    let end = shifted.len() * 8 / 6;
    Pattern {
        bytes: Zeroizing::new(encoded[first..end].to_vec()),
        kind: Kind::Base64 { before: shift != 0, after: !shifted.len().is_multiple_of(3) },
    }
}
