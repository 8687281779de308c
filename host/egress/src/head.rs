//! Rules for header lines: what a caller may set, and how large an answer's may be.
//!
//! Must never repeat a header's value in a message. What frames a message (`Content-Length`, `Transfer-Encoding` ...) or
//! names its target (`Host`) belongs to the transport alone; a caller that could set it could smuggle a second request.

use http::{HeaderName, HeaderValue};

use crate::{Error, Limits, Part};

/// Headers that only the transport sets; also everything that begins with `proxy-`.
const OURS: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers by which some servers take another method or path than the ones in the request line: with them a grant would be
/// wider than it reads.
const REROUTING: &[&str] =
    &["x-http-method", "x-http-method-override", "x-method-override", "x-original-url", "x-rewrite-url"];

/// Most bytes of an address with all headers of a request. Below the 65,534 bytes at which the client gives up on an
/// address.
pub(crate) const REQUEST_HEAD_BYTES: usize = 60 * 1024;

/// The headers of a request as the client takes them, if all may be sent.
pub(crate) fn request(headers: &[(String, String)]) -> Result<Vec<(HeaderName, HeaderValue)>, Error> {
    headers.iter().map(|(name, value)| line(name, value)).collect()
}

/// Whether a request may have a header of this name.
#[must_use]
pub fn may_be_sent(name: &str) -> bool {
    line(name, "").is_ok()
}

fn line(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let denied = |reason: String| {
        let advice = "Change or remove this header in the preset.".to_owned();
        Error::Denied { reason, advice }
    };
    let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
        return Err(denied(format!("`{}` is not a header's name", name.escape_debug())));
    };
    if OURS.contains(&parsed.as_str()) || parsed.as_str().starts_with("proxy-") {
        return Err(denied(format!("the header `{parsed}` is set by Presetter itself, never by a preset")));
    }
    if REROUTING.contains(&parsed.as_str()) {
        return Err(denied(format!(
            "the header `{parsed}` asks for another method or path than the one that was granted"
        )));
    }
    let Ok(mut value) = HeaderValue::from_bytes(value.as_bytes()) else {
        return Err(denied(format!(
            "the header `{parsed}` has a line break or another control character in its value"
        )));
    };
    // Kept out of debug output and of HTTP/2's compression tables.
    value.set_sensitive(true);
    Ok((parsed, value))
}

/// Refuses an answer with more or larger headers than the policy's limits.
pub(crate) fn answer_fits<'a>(limits: &Limits, headers: impl Iterator<Item = (&'a str, usize)>) -> Result<(), Error> {
    let (mut count, mut bytes) = (0, 0);
    for (name, value_bytes) in headers {
        count += 1;
        bytes += name.len() + value_bytes;
    }
    if count > limits.answer_header_count {
        return Err(Error::TooLarge { part: Part::AnswerHeaderCount, limit: limits.answer_header_count });
    }
    if bytes > limits.answer_header_bytes {
        return Err(Error::TooLarge { part: Part::AnswerHeaderBytes, limit: limits.answer_header_bytes });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn try_one(name: &str, value: &str) -> Result<Vec<(HeaderName, HeaderValue)>, Error> {
        request(&[(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn ordinary_headers_pass() {
        for (name, value) in [
            ("accessToken", "a b"),
            ("X-Name", "Zoë"),
            ("Accept", ""),
            ("Authorization", "Bearer x"),
            ("x-tab", "a\tb"),
        ] {
            let lines = try_one(name, value).unwrap();
            assert_eq!(lines[0].1.as_bytes(), value.as_bytes());
            assert!(lines[0].1.is_sensitive());
        }
    }

    #[test]
    fn names_that_frame_or_split_are_refused() {
        for name in [
            "Host",
            "content-length",
            "Transfer-Encoding",
            "CONNECTION",
            "Upgrade",
            "Proxy-Authorization",
            "proxy-connection",
            "TE",
            "Trailer",
            "Expect",
            "Keep-Alive",
            "HTTP2-Settings",
            "X-HTTP-Method-Override",
            "x-original-url",
            "",
            " host",
            "host ",
            "a b",
            "a:b",
            ":path",
            "a\r\nb",
            "a\0",
            "é",
        ] {
            assert!(matches!(try_one(name, "v"), Err(Error::Denied { .. })), "{name:?}");
            assert!(!may_be_sent(name) && may_be_sent("accessToken"), "{name:?}");
        }
    }

    #[test]
    fn values_that_split_are_refused_and_not_shown() {
        for value in ["s3cret\r\nX: y", "s3cret\n", "s3cret\r", "s3cret\0", "s3cret\x1b", "s3cret\x7f"] {
            let error = try_one("x", value).unwrap_err();
            assert!(matches!(error, Error::Denied { .. }), "{value:?}");
            assert!(!format!("{error} {error:?}").contains("s3cret"));
        }
    }
}
