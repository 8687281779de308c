//! One entry of the log, and its line.
//!
//! Owns: the bytes of a line, `{"hash":"<64 hex digits>","entry":{...}}`, where the hash is the SHA-256 of the entry's
//! object exactly as it stands there. Keeps: a line is read byte by byte, so that nothing in it can change without being
//! seen, not even a blank.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::time;
use crate::verify::Fault;

/// The longest line, in bytes, without its line break.
pub const MAX_LINE: usize = 8 * 1024 * 1024;

const BEFORE_HASH: &[u8] = br#"{"hash":""#;
const BEFORE_ENTRY: &[u8] = br#"","entry":"#;
const HASH: usize = 64;

/// The SHA-256 of some bytes, in lower-case hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// What an entry tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A run begins; nothing was sent yet.
    Begun,
    /// A run has ended.
    Ended,
    /// Something that a later version of the program writes.
    #[serde(other)]
    Other,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1.
    pub seq: u64,
    /// The hash of the entry before it; zeros for the first.
    pub prev: String,
    /// When it was written: RFC 3339, UTC, milliseconds.
    pub at: String,
    /// What it tells.
    pub kind: Kind,
    /// The run's UUID.
    pub run: String,
    /// How many bytes of a line that a crash left half written were cut off before this entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mended: Option<u64>,
    /// The account itself, redacted: [`Begun`](crate::Begun) or [`Ended`](crate::Ended).
    pub body: Map<String, Value>,
}

impl Entry {
    /// Its line, with the line break, and its hash.
    pub(crate) fn line(&self) -> Result<(Vec<u8>, String), serde_json::Error> {
        let entry = serde_json::to_vec(self)?;
        let hash = sha256(&entry);
        let line = [BEFORE_HASH, hash.as_bytes(), BEFORE_ENTRY, &entry, b"}\n"].concat();
        Ok((line, hash))
    }

    /// Reads a line without its line break: the entry, and the hash that fits it.
    pub(crate) fn read(line: &[u8]) -> Result<(Self, String), Fault> {
        let (hash, entry) = parts(line).ok_or(Fault::Foreign)?;
        let found = sha256(entry);
        if found.as_bytes() != hash {
            return Err(Fault::Edited);
        }
        let entry: Self = serde_json::from_slice(entry).map_err(|_| Fault::Foreign)?;
        if !time::is(&entry.at) {
            return Err(Fault::Foreign);
        }
        Ok((entry, found))
    }
}

/// The hash and the entry's object.
fn parts(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (hash, rest) = line.strip_prefix(BEFORE_HASH)?.split_at_checked(HASH)?;
    let entry = rest.strip_prefix(BEFORE_ENTRY)?.strip_suffix(b"}")?;
    (entry.first() == Some(&b'{')).then_some((hash, entry))
}

/// The last entry of a log: its number and its hash. Kept elsewhere, it shows whether the log was cut or written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The number; 0 for a log without entries.
    pub seq: u64,
    /// The hash; zeros for a log without entries.
    pub hash: String,
}

impl Head {
    /// The head of a log without entries.
    pub(crate) fn none() -> Self {
        Self { seq: 0, hash: "0".repeat(HASH) }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

impl FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a head is SEQ:HASH, as `presetter receipts head` prints it".to_owned();
        let (seq, hash) = text.trim().split_once(':').ok_or_else(wrong)?;
        let seq = seq.parse().map_err(|_| wrong())?;
        let hash = hash.to_ascii_lowercase();
        if hash.len() != HASH || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        Ok(Self { seq, hash })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        let Value::Object(body) = serde_json::json!({ "preset": "é\n\"", "n": 1.50 }) else { unreachable!() };
        Entry {
            seq: 7,
            prev: "0".repeat(64),
            at: "2026-05-01T08:00:00.000Z".into(),
            kind: Kind::Begun,
            run: "r".into(),
            mended: None,
            body,
        }
    }

    #[test]
    fn a_line_has_the_form_that_the_docs_promise() {
        let (line, hash) = entry().line().unwrap();
        let object = format!(
            r#"{{"seq":7,"prev":"{}","at":"2026-05-01T08:00:00.000Z","kind":"begun","run":"r","body":{{"preset":"é\n\"","n":1.5}}}}"#,
            "0".repeat(64)
        );
        assert_eq!(hash, sha256(object.as_bytes()));
        assert_eq!(String::from_utf8(line).unwrap(), format!("{{\"hash\":\"{hash}\",\"entry\":{object}}}\n"));
    }

    #[test]
    fn no_byte_of_a_line_can_change_unseen() {
        let (mut line, hash) = entry().line().unwrap();
        line.pop();
        assert_eq!(Entry::read(&line), Ok((entry(), hash)));
        for at in 0..line.len() {
            for bit in 0..8 {
                let mut changed = line.clone();
                changed[at] ^= 1 << bit;
                assert!(Entry::read(&changed).is_err(), "byte {at}, bit {bit}");
            }
            assert!(Entry::read(&line[..at]).is_err(), "cut at {at}");
            let mut longer = line.clone();
            longer.insert(at, b' ');
            assert!(Entry::read(&longer).is_err(), "a blank at {at}");
        }
    }

    #[test]
    fn what_is_no_entry_is_not_taken_for_one_though_its_hash_fits() {
        for object in [
            "{}",
            "{\"seq\":1}",
            "{{",
            "{\"seq\":-1,\"prev\":\"\",\"at\":\"2026-05-01T08:00:00.000Z\",\"kind\":\"begun\",\"run\":\"\",\"body\":{}}",
            "{\"seq\":1,\"prev\":\"\",\"at\":\"\",\"kind\":\"begun\",\"run\":\"\",\"body\":{}}",
            "{\"seq\":1,\"prev\":\"\",\"at\":\"\\u001b[2J\",\"kind\":\"begun\",\"run\":\"\",\"body\":{}}",
        ] {
            let line = format!("{{\"hash\":\"{}\",\"entry\":{object}}}", sha256(object.as_bytes()));
            assert_eq!(Entry::read(line.as_bytes()), Err(Fault::Foreign), "{object}");
        }
        let line =
            r#"{"seq":1,"prev":"","at":"2026-05-01T08:00:00.000Z","kind":"of_tomorrow","run":"","more":1,"body":{}}"#;
        let line = format!("{{\"hash\":\"{}\",\"entry\":{line}}}", sha256(line.as_bytes()));
        assert_eq!(Entry::read(line.as_bytes()).unwrap().0.kind, Kind::Other);
    }

    #[test]
    fn a_head_is_read_as_it_is_written() {
        let head = Head { seq: 42, hash: "ab".repeat(32) };
        assert_eq!(head.to_string().parse(), Ok(head.clone()));
        assert_eq!(format!(" 42:{}\n", "AB".repeat(32)).parse(), Ok(head));
        for wrong in ["", "42", "42:", "x:00", &format!("42:{}", "0".repeat(63)), &format!("-1:{}", "0".repeat(64))] {
            assert!(wrong.parse::<Head>().is_err(), "{wrong}");
        }
    }
}
