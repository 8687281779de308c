//! The ways in which a secret is written, and an independent reader of them.
//!
//! Owns the encodings that the redactor promises to see (docs of `presetter_secret`), written here a second time and in
//! another way: the redactor looks for forms of a secret, this reader decodes the text and looks for the secret.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

type Encoder = fn(&str) -> String;

/// Escapes: they may be undone twice over.
pub const ESCAPES: [Encoder; 10] = [
    str::to_owned,
    json,
    |text| json(text).replace('/', "\\/"),
    |text| units(text, |unit| format!("\\u{unit:04x}")),
    |text| units(text, |unit| format!("\\u{unit:04X}")),
    |text| percent(text, "-._~"),
    |text| percent(text, "").replace("%20", "+"),
    |text| text.bytes().map(|byte| format!("%{byte:02x}")).collect(),
    |text| text.chars().map(|c| named(c).map_or(c.to_string(), |(name, _)| format!("&{name};"))).collect(),
    |text| {
        let number = |(at, c): (usize, char)| match (at % 2, u32::from(c)) {
            (0, number) => format!("&#{number:03};"),
            (_, number) => format!("&#x{number:x};"),
        };
        text.chars().enumerate().map(number).collect()
    },
];

/// The characters that have names in every dialect of HTML and XML.
const NAMES: [(&str, char); 5] = [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\'')];

fn named(c: char) -> Option<&'static (&'static str, char)> {
    NAMES.iter().find(|(_, named)| *named == c)
}

/// Other alphabets, inside a longer text or alone.
pub const ALPHABETS: [Encoder; 8] = [
    |text| hex::encode(text),
    |text| hex::encode_upper(text),
    |text| STANDARD.encode(text),
    |text| STANDARD_NO_PAD.encode(format!("{text}&")),
    |text| URL_SAFE_NO_PAD.encode(format!(":{text}?~")),
    |text| STANDARD.encode(format!("u:{text}")),
    |text| URL_SAFE_NO_PAD.encode(format!("me\u{fe}:{text}\u{ff}")),
    |text| STANDARD.encode(format!("me:{text}\n")),
];

/// The inside of a JSON string.
#[must_use]
pub fn json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn units(text: &str, escape: impl Fn(u16) -> String) -> String {
    text.encode_utf16().map(escape).collect()
}

fn percent(text: &str, kept: &str) -> String {
    let write = |byte: u8| match char::from(byte) {
        c if c.is_ascii_alphanumeric() || kept.contains(c) => c.to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(write).collect()
}

/// How a secret can be read in a text, escapes undone up to twice; nothing if it cannot.
#[must_use]
pub fn reads(text: &[u8], secret: &[u8]) -> Option<&'static str> {
    reads_below(text, secret, 2)
}

fn reads_below(text: &[u8], secret: &[u8], layers: usize) -> Option<&'static str> {
    plainly(text, secret).or_else(|| {
        let below = layers.checked_sub(1)?;
        let texts = [unjson(text), unpercent(text, false), unpercent(text, true), unhtml(text)];
        texts.into_iter().filter(|undone| undone != text).find_map(|undone| reads_below(&undone, secret, below))
    })
}

fn plainly(text: &[u8], secret: &[u8]) -> Option<&'static str> {
    if contains(text, secret) {
        return Some("as it is");
    }
    READERS.iter().find_map(|(how, bits, table)| {
        let digits: Vec<_> = text.iter().map(|byte| table[usize::from(*byte)]).collect();
        let runs = digits.split(Option::is_none).filter(|run| run.len() * *bits as usize >= secret.len() * 8);
        // A run may begin before the encoded text does, at any bit of a byte: up to three digits in front shift it there.
        let mut shifted = runs.flat_map(|run| (0..4).map(move |digits| [&vec![Some(0); digits], run].concat()));
        shifted.any(|run| contains(&undo(&run, *bits), secret)).then_some(*how)
    })
}

/// An alphabet: its name, its bits a digit, and what each byte stands for in it.
type Alphabet = (&'static str, u32, [Option<u8>; 256]);

/// The alphabets that are read, as tables: what a fuzzer watches are comparisons, and those here are not of interest.
static READERS: LazyLock<[Alphabet; 4]> = LazyLock::new(|| {
    let table = |how, bits, digits: &str| {
        let mut table = [None; 256];
        (0..).zip(digits.bytes()).for_each(|(digit, byte)| table[usize::from(byte)] = Some(digit));
        (how, bits, table)
    };
    // Hexadecimal is written in one case.
    [
        table("hexadecimal", 4, "0123456789abcdef"),
        table("hexadecimal in capitals", 4, "0123456789ABCDEF"),
        table("base64", 6, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
        table("base64 for URLs", 6, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
    ]
});

fn contains(text: &[u8], secret: &[u8]) -> bool {
    text.windows(secret.len()).any(|window| window == secret)
}

/// The bytes that a row of digits stands for; what is left at the end is no whole byte.
fn undo(digits: &[Option<u8>], bits: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(digits.len());
    let (mut held, mut count) = (0, 0);
    for digit in digits.iter().flatten() {
        held = (held << bits | u32::from(*digit)) & 0xffff;
        count += bits;
        if count >= 8 {
            count -= 8;
            bytes.push((held >> count) as u8);
        }
    }
    bytes
}

/// What a JSON reader makes of a string; what is no escape stays.
fn unjson(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        // One escape, or two for a character beyond the first plane: the shortest stretch that a JSON reader takes.
        let escape = if *first == b'\\' {
            [2, 6, 12].into_iter().find_map(|length| unescape(rest.get(..length)?))
        } else {
            None
        };
        match escape {
            Some((length, decoded)) => {
                out.extend_from_slice(decoded.as_bytes());
                rest = &rest[length..];
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

fn unescape(bytes: &[u8]) -> Option<(usize, String)> {
    let decoded: String = serde_json::from_slice(&[b"\"", bytes, b"\""].concat()).ok()?;
    (decoded.chars().count() == 1).then_some((bytes.len(), decoded))
}

fn unpercent(text: &[u8], form: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let digits = text.get(at + 1..at + 3).filter(|_| *byte == b'%').and_then(|digits| hex::decode(digits).ok());
        at += if digits.is_some() { 3 } else { 1 };
        match (digits, byte) {
            (Some(decoded), _) => out.extend(decoded),
            (None, b'+') if form => out.push(b' '),
            (None, byte) => out.push(*byte),
        }
    }
    out
}

/// What a browser makes of character references that end in a semicolon; what is none stays.
fn unhtml(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, piece) in text.split(|byte| *byte == b'&').enumerate() {
        let read = piece.iter().position(|byte| *byte == b';').filter(|_| at > 0).and_then(|end| {
            let name = std::str::from_utf8(&piece[..end]).ok()?;
            Some((reference(name)?, &piece[end + 1..]))
        });
        match read {
            Some((c, rest)) => {
                out.extend_from_slice(c.to_string().as_bytes());
                out.extend_from_slice(rest);
            }
            None => {
                out.extend_from_slice(if at > 0 { b"&" } else { b"" });
                out.extend_from_slice(piece);
            }
        }
    }
    out
}

fn reference(name: &str) -> Option<char> {
    let Some(number) = name.strip_prefix('#') else {
        return NAMES.iter().find(|(known, _)| *known == name).map(|(_, c)| *c);
    };
    let (digits, radix) = number.strip_prefix(['x', 'X']).map_or((number, 10), |digits| (digits, 16));
    // Parsing would take a sign, and no honest writer needs more digits.
    let read = digits.len() <= 10 && digits.chars().all(|c| c.is_digit(radix));
    char::from_u32(u32::from_str_radix(digits, radix).ok().filter(|_| read)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_is_read() {
        for secret in ["hunter22", "a \"b\\c/d\" 1", "a&b<c>'d'", "é😀~-._*x", "+++///???"] {
            for outer in ESCAPES {
                for inner in ESCAPES.into_iter().chain(ALPHABETS) {
                    let text = format!("<{}>", outer(&inner(secret)));
                    assert!(reads(text.as_bytes(), secret.as_bytes()).is_some(), "{secret} in {text}");
                }
            }
        }
    }

    #[test]
    fn other_texts_are_not() {
        for text in ["", "hunter2", "HUNTER22", "hunter%232", "68756e746572323", "aHVudGVyMj"] {
            assert_eq!(reads(text.as_bytes(), b"hunter22"), None, "{text}");
        }
    }
}
