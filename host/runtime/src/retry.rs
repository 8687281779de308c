//! When a server asks to come back later.
//!
//! Only an answer that says "I did nothing, come again" is obeyed: 429 (RFC 6585) for any request, 503 (RFC 9110) with
//! `Retry-After` for one that may be repeated. The client itself repeats nothing, and nothing is repeated without an
//! answer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long to wait before the same request is sent again; nothing if it should not be.
///
/// `attempt` counts from 0. `random` gives a number between 0 and 1, if there is something to wait for: it spreads those who were told the
/// same time.
pub(crate) fn wait(
    status: u16,
    retry_after: Option<&str>,
    repeatable: bool,
    attempt: u32,
    now_ms: u64,
    random: impl FnOnce() -> f64,
) -> Option<Duration> {
    let asked = retry_after.and_then(|text| parse(text, now_ms));
    let base = match (status, asked) {
        (429, Some(asked)) => asked,
        (503, Some(asked)) if repeatable => asked,
        (429, None) => Duration::from_millis(500 << attempt.min(6)),
        _ => return None,
    };
    Some(base + base.min(Duration::from_secs(2)).mul_f64(random().clamp(0.0, 1.0) * 0.25))
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date.
fn parse(text: &str, now_ms: u64) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let date: SystemTime = httpdate::parse_http_date(text).ok()?;
    let at = date.duration_since(UNIX_EPOCH).ok()?;
    Some(at.saturating_sub(Duration::from_millis(now_ms)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 784_111_777_000; // Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110

    fn seconds(status: u16, header: Option<&str>, repeatable: bool) -> Option<f64> {
        wait(status, header, repeatable, 0, NOW, || 0.0).map(|d| d.as_secs_f64())
    }

    #[test]
    fn the_server_decides() {
        assert_eq!(seconds(429, Some("7"), false), Some(7.0));
        assert_eq!(seconds(429, Some("Sun, 06 Nov 1994 08:49:47 GMT"), false), Some(10.0));
        assert_eq!(seconds(429, Some("Sun, 06 Nov 1994 08:49:07 GMT"), false), Some(0.0));
        assert_eq!(seconds(429, Some("soon"), false), Some(0.5));
        assert_eq!(seconds(429, None, false), Some(0.5));
        assert_eq!(seconds(503, Some("2"), true), Some(2.0));
    }

    #[test]
    fn nothing_else_is_repeated() {
        assert_eq!(seconds(503, Some("2"), false), None);
        assert_eq!(seconds(503, None, true), None);
        for status in [200, 400, 401, 403, 404, 500, 502, 504] {
            assert_eq!(seconds(status, Some("1"), true), None);
        }
    }

    #[test]
    fn waits_grow_and_spread() {
        assert_eq!(wait(429, None, false, 3, NOW, || 0.0), Some(Duration::from_secs(4)));
        assert!(wait(429, Some("4"), false, 0, NOW, || 1.0) > wait(429, Some("4"), false, 0, NOW, || 0.0));
        assert!(wait(429, None, false, u32::MAX, NOW, || 1.0).is_some());
    }
}
