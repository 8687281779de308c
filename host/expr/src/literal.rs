//! What numbers and texts in a source mean (CEL's language definition, "Values" and "String and Bytes Values").
//!
//! Keeps: it is given what the scanner has passed, so that every escape is one.

use serde_json::{Number, Value};

/// The value of a number, with its sign; nothing if it is larger than the language has numbers.
pub(crate) fn number(text: &str, negative: bool) -> Option<Value> {
    let (digits, unsigned) = match text.strip_suffix(['u', 'U']) {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    let whole = match digits.strip_prefix("0x") {
        Some(hex) => i128::from_str_radix(hex, 16).ok()?,
        None if digits.contains(['.', 'e', 'E']) => {
            let number = digits.parse::<f64>().ok()?;
            return Number::from_f64(if negative { -number } else { number }).map(Value::Number);
        }
        None => digits.parse().ok()?,
    };
    match unsigned {
        true => u64::try_from(whole).ok().map(Value::from),
        false => i64::try_from(if negative { -whole } else { whole }).ok().map(Value::from),
    }
}

/// The value of a text literal with its quotes.
pub(crate) fn text(token: &str) -> String {
    let raw = token.starts_with(['r', 'R']);
    let quoted = if raw { &token[1..] } else { token };
    let long = quoted.len() >= 6 && (quoted.starts_with("\"\"\"") || quoted.starts_with("'''"));
    let quotes = if long { 3 } else { 1 };
    // A line may end in several ways; in a text it ends in one.
    let inner = quoted[quotes..quoted.len() - quotes].replace("\r\n", "\n").replace('\r', "\n");
    if raw { inner } else { unescaped(&inner) }
}

fn unescaped(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        value.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let escape = rest.chars().next().unwrap_or('\\');
        let code = |from: usize, to: usize, radix| {
            rest.get(from..to).and_then(|digits| u32::from_str_radix(digits, radix).ok()).and_then(char::from_u32)
        };
        let (length, means) = match escape {
            'a' => (1, Some('\x07')),
            'b' => (1, Some('\x08')),
            'f' => (1, Some('\x0c')),
            'n' => (1, Some('\n')),
            'r' => (1, Some('\r')),
            't' => (1, Some('\t')),
            'v' => (1, Some('\x0b')),
            'x' | 'X' => (3, code(1, 3, 16)),
            'u' => (5, code(1, 5, 16)),
            'U' => (9, code(1, 9, 16)),
            '0'..='3' => (3, code(0, 3, 8)),
            other => (other.len_utf8(), Some(other)),
        };
        value.extend(means);
        rest = rest.get(length..).unwrap_or_default();
    }
    value + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_large_as_the_language_has_them() {
        for (text, negative, value) in [
            ("9223372036854775807", false, Some(Value::from(i64::MAX))),
            ("9223372036854775808", true, Some(Value::from(i64::MIN))),
            ("9223372036854775808", false, None),
            ("18446744073709551615u", false, Some(Value::from(u64::MAX))),
            ("18446744073709551616u", false, None),
            ("0xffffffffffffffffU", false, Some(Value::from(u64::MAX))),
            ("0x1F", true, Some(Value::from(-31))),
            ("1.5e3", true, Some(Value::from(-1500.0))),
            (".5", false, Some(Value::from(0.5))),
            ("1e999", false, None),
        ] {
            assert_eq!(number(text, negative), value, "{text}");
        }
    }

    #[test]
    fn texts_mean_what_their_escapes_say() {
        for (token, value) in [
            (r#""a\"b\\\n""#, "a\"b\\\n"),
            (r#"'\x41\u00e9\U0001F600\101\?\`'"#, "A\u{e9}\u{1F600}A?`"),
            (r#"r'\n'"#, "\\n"),
            ("'''a\r\nb\r''c'''", "a\nb\n''c"),
            ("''", ""),
            ("''''''", ""),
        ] {
            assert_eq!(text(token), value, "{token}");
        }
    }
}
