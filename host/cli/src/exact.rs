//! What JSON can write and a value cannot keep: halves of characters, and numbers with too many digits.
//!
//! Owns: finding the first of these in a text, with its place. Keeps: any text may be given, JSON or not; it is read once,
//! from front to back. Must never judge whether the text is JSON: its reader does.

use std::ops::Range;

use presetter_template::Problem;
use serde::de::IgnoredAny;

/// Digits that any 64-bit float can tell apart (IEEE 754: 17 for binary64).
const FLOAT_DIGITS: usize = 17;

/// The first thing in a JSON text that would not be kept exactly.
pub(crate) fn lost(text: &str) -> Option<Problem> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b'"' => match string(bytes, at + 1) {
                Ok(end) => at = end,
                Err(half) => {
                    let escape = text.get(half.clone()).unwrap_or_default();
                    let message = format!(
                        "this text has half a character (a lone surrogate, {escape}); write the whole character"
                    );
                    return Some(Problem::new(message, half));
                }
            },
            c if in_word(c) => {
                at += bytes[at..].iter().take_while(|c| in_word(**c)).count();
                let word = &text[start..at];
                let is_number = !word.starts_with(char::is_alphabetic);
                if is_number && serde_json::from_str::<IgnoredAny>(word).is_ok() && !kept(word) {
                    let message = "this number has more digits than can be kept exactly; write it as a text in quotes";
                    return Some(Problem::new(message, start..at));
                }
            }
            _ => at += 1,
        }
    }
    None
}

/// What numbers, `true`, `false` and `null` are made of.
fn in_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.')
}

/// The end of a string that begins here, after its quote; or the place of half a character in it.
fn string(bytes: &[u8], mut at: usize) -> Result<usize, Range<usize>> {
    loop {
        match bytes.get(at) {
            None => return Ok(at),
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => match unit(bytes, at) {
                Some(0xd800..=0xdbff) if matches!(unit(bytes, at + 6), Some(0xdc00..=0xdfff)) => at += 12,
                Some(0xd800..=0xdfff) => return Err(at..at + 6),
                Some(_) => at += 6,
                None => at += 2,
            },
            Some(_) => at += 1,
        }
    }
}

/// The code unit of `\uXXXX` here.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    // A sign is no digit, though the number's reader would take it.
    let digits = std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|c| c.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok()
}

/// Whether a number of JSON survives being read: a whole number of 64 bits, or what a float can tell from its neighbours.
fn kept(number: &str) -> bool {
    if !number.contains(['.', 'e', 'E']) {
        return number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    }
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let significant = digits.trim_matches('0').len();
    // Neither so large that it has no end, nor so small that nothing is left of it.
    let value = number.parse::<f64>().unwrap_or(f64::INFINITY);
    significant <= FLOAT_DIGITS && value.is_finite() && (value != 0.0 || significant == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Option<&str> {
        lost(text).map(|problem| &text[problem.span])
    }

    #[test]
    fn numbers() {
        for fine in [
            "0",
            "-0",
            "-0.0",
            "0e999",
            "18446744073709551615",
            "-9223372036854775808",
            "0.30000000000000004",
            "1.50000000000000000000000",
            "0.00000000000000000000015",
            "1.7976931348623157e308",
            "5e-324",
            "1e3",
        ] {
            assert_eq!(place(fine), None, "{fine}");
            serde_json::from_str::<serde_json::Value>(fine).unwrap();
        }
        for bad in [
            "18446744073709551616",
            "-9223372036854775809",
            "100000000000000000000",
            "0.123456789012345678",
            "123456789012345678.5e-3",
            "1e999",
            "-1E+400",
            "1e-400",
        ] {
            assert_eq!(place(bad), Some(bad));
            assert_eq!(place(&format!("{{\"é\": [1, {bad}]}}")), Some(bad));
            assert_eq!(place(&format!("[\"{bad}\", \"\\\"{bad}\"]")), None, "a text keeps all digits");
        }
        // No number of JSON: its reader says so.
        for other in ["007123456789012345678901", "a18446744073709551616", "1e", "--1", "\u{661}e999"] {
            assert_eq!(place(other), None, "{other}");
        }
    }

    #[test]
    fn halves_of_characters() {
        for fine in
            [r#""\ud83d\ude00""#, r#""\\ud800""#, r#""\u00e9\ud7ff\ue000""#, r#""😀""#, r"\ud800", r#""\u+d80""#]
        {
            assert_eq!(place(fine), None, "{fine}");
        }
        for (text, half) in [
            (r#""\ud800""#, r"\ud800"),
            (r#""é\uDC00x""#, r"\uDC00"),
            (r#"{"\ud83d\ud83d\ude00": 1}"#, r"\ud83d"),
            (r#""\ude00\ud83d""#, r"\ude00"),
            (r#""\\\ud800\\udc00""#, r"\ud800"),
        ] {
            assert_eq!(place(text), Some(half), "{text}");
        }
    }

    #[test]
    fn any_text_may_be_given() {
        for text in ["", "\"", "\"\\", "\"\\u", "\"\\ud8", "\"\\ud800", "\"\\é\"", "\"\\ud80é\"", "é1e999é"] {
            let _ = lost(text);
        }
        assert_eq!(place("\"\\ud800"), Some("\\ud800"));
    }
}
