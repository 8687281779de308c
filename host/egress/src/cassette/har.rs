//! HAR 1.2, the form of a cassette's file: what browsers, proxies and Presetter itself write.
//!
//! Owns reading (tolerant: unknown keys are ignored, a body may be text, base64 or the fields of a form) and the place of a
//! mistake. Must never: keep a header that only frames a message, or one of HTTP/2's pseudo headers. Invariant: what
//! [`write`](crate::har::write) makes of exchanges is read as the same exchanges.

use std::ops::Range;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use url::Url;

use super::exchange::{Exchange, NOT_SENT, NoAnswer, media_type};
pub use super::har_write::{Note, write};
use crate::Response;

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Headers that say how a message was framed or packed on its way; a cassette holds it unpacked.
const FRAMING: [&str; 10] = [
    "connection",
    "content-encoding",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether a header belongs to the way of a message and not to the message.
pub(crate) fn frames(name: &str) -> bool {
    name.starts_with(':') || FRAMING.iter().any(|framing| name.eq_ignore_ascii_case(framing))
}

/// Why a file is no cassette.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadCassette {
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where, in bytes of the text.
    pub place: Range<usize>,
    /// What to do about it.
    pub hint: String,
}

/// Reads the exchanges of a HAR file, in its order. Entries that are no HTTP (`data:`, `ws:`) are left out.
///
/// # Errors
/// It is too large, no JSON, or no HAR.
pub fn read(text: &str) -> Result<Vec<Exchange>, BadCassette> {
    if text.len() > MAX_BYTES {
        let message = format!("this file has {} bytes; a cassette may have {MAX_BYTES}", text.len());
        return Err(BadCassette { message, place: 0..0, hint: "record the run alone".to_owned() });
    }
    // Some programs write a byte order mark.
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    let har: Har = serde_json::from_str(bare).map_err(|error| explain(&error, bare, text.len() - bare.len()))?;
    Ok(har.log.entries.into_iter().filter_map(Entry::exchange).collect())
}

/// serde's words in ours, with their place.
fn explain(error: &serde_json::Error, text: &str, shift: usize) -> BadCassette {
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    let start: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = shift + (start + error.column().saturating_sub(1)).min(text.len());
    let (message, hint) = match error.classify() {
        serde_json::error::Category::Data => (
            format!("this is not a HAR file as it should be: {}", message.replace('`', "\"")),
            "a cassette is written by `presetter run --record`, or exported by a browser as HAR",
        ),
        _ => {
            (format!("this is not JSON: {message}"), "a cassette is a HAR file; it may have been cut: record it again")
        }
    };
    BadCassette { message, place: at..at + 1, hint: hint.to_owned() }
}

#[derive(Deserialize)]
struct Har {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    started_date_time: String,
    #[serde(default)]
    time: Option<f64>,
    request: Request,
    response: Answer,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    #[serde(deserialize_with = "address")]
    url: Url,
    #[serde(default)]
    headers: Vec<Pair>,
    post_data: Option<Body>,
}

#[derive(Deserialize)]
struct Answer {
    status: i64,
    #[serde(default)]
    headers: Vec<Pair>,
    content: Option<Body>,
    #[serde(default, rename = "_error")]
    error: Option<serde_json::Value>,
    comment: Option<String>,
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    #[serde(default)]
    value: String,
}

/// A body as a file holds it: text, base64, or the fields of a form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Packed {
    mime_type: Option<String>,
    text: Option<String>,
    encoding: Option<String>,
    params: Option<Vec<Pair>>,
}

/// A body with its media type.
#[derive(Deserialize)]
#[serde(try_from = "Packed")]
struct Body {
    media: String,
    bytes: Option<Bytes>,
}

impl TryFrom<Packed> for Body {
    type Error = &'static str;

    fn try_from(packed: Packed) -> Result<Self, Self::Error> {
        let base64 = packed.encoding.is_some_and(|encoding| encoding.eq_ignore_ascii_case("base64"));
        let bytes = match (packed.text.filter(|text| !text.is_empty()), packed.params) {
            (Some(text), _) if base64 => {
                let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
                Some(STANDARD.decode(text).map_err(|_| "a body's \"text\" is not base64")?.into())
            }
            (Some(text), _) => Some(text.into()),
            (None, Some(params)) if !params.is_empty() => {
                let pairs = params.iter().map(|pair| (&pair.name, &pair.value));
                Some(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into())
            }
            _ => None,
        };
        Ok(Self { media: packed.mime_type.unwrap_or_default(), bytes })
    }
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    Url::parse(&text).map_err(|_| D::Error::custom("a request's \"url\" is not an address"))
}

impl Entry {
    fn exchange(self) -> Option<Exchange> {
        if !matches!(self.request.url.scheme(), "http" | "https") {
            return None;
        }
        let mut headers = pairs(self.request.headers);
        let post = self.request.post_data;
        let media = post.as_ref().map(|post| post.media.clone()).filter(|media| !media.is_empty());
        if media_type(&headers).is_empty() {
            headers.extend(media.map(|media| ("Content-Type".to_owned(), media)));
        }
        let started = self.started_date_time.parse::<jiff::Timestamp>().ok();
        let seconds = self.time.unwrap_or_default().max(0.0) / 1000.0;
        Some(Exchange {
            method: self.request.method,
            url: self.request.url,
            headers,
            body: post.and_then(|post| post.bytes),
            answer: self.response.answered(),
            started_ms: started.and_then(|at| u64::try_from(at.as_millisecond()).ok()).unwrap_or_default(),
            took: Duration::try_from_secs_f64(seconds).unwrap_or_default(),
        })
    }
}

impl Answer {
    /// Browsers write status 0 for what was never answered.
    fn answered(self) -> Result<Response, NoAnswer> {
        match u16::try_from(self.status) {
            Ok(status @ 100..=999) => {
                let mut headers = pairs(self.headers);
                headers.iter_mut().for_each(|(name, _)| name.make_ascii_lowercase());
                let body = self.content.and_then(|content| content.bytes).unwrap_or_default();
                Ok(Response { status, headers, body })
            }
            // The word is ours: with that of a browser nothing is known.
            _ => Err(NoAnswer {
                arrived: self.error.is_none_or(|error| error != NOT_SENT),
                reason: self.comment.unwrap_or_default(),
            }),
        }
    }
}

fn pairs(pairs: Vec<Pair>) -> Vec<(String, String)> {
    pairs.into_iter().filter(|pair| !frames(&pair.name)).map(|pair| (pair.name, pair.value)).collect()
}
