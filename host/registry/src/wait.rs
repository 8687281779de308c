//! Waiting for a registry that has no time now.
//!
//! Owns when a read is tried again: for 429, and for 503 that says when. Writes are never.

use std::time::Duration;

use async_trait::async_trait;
use presetter_egress::Response;

use crate::{bounds, wire::header};

/// Something that lets time pass.
#[async_trait]
pub trait Wait: Send + Sync {
    /// Comes back after `time`.
    async fn wait(&self, time: Duration);
}

/// The clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock;

#[async_trait]
impl Wait for Clock {
    async fn wait(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// How long to wait before the read that got `response` is tried for the `tries`th time again; nothing if it is not.
pub(crate) fn before_retry(response: &Response, tries: u32) -> Option<Duration> {
    if tries >= bounds::RETRIES {
        return None;
    }
    let asked = after(response);
    let time = match response.status {
        429 => asked.unwrap_or(Duration::from_secs(1 << tries)),
        503 => asked?,
        _ => return None,
    };
    (time <= bounds::WAIT).then_some(time)
}

/// What `Retry-After` says. A date counts from the server's own `Date`, so that nobody's clock has to be right.
pub(crate) fn after(response: &Response) -> Option<Duration> {
    let text = header(response, "retry-after")?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text| httpdate::parse_http_date(text).ok();
    Some(date(text)?.duration_since(date(header(response, "date")?)?).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn wait(status: u16, headers: &[(&str, &str)], tries: u32) -> Option<u64> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        before_retry(&Response { status, headers, body: Bytes::new() }, tries).map(|time| time.as_secs())
    }

    #[test]
    fn waits_are_asked_for_and_bounded() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        for (status, headers, tries, seconds) in [
            (429, &[("retry-after", "7")][..], 0, Some(7)),
            (503, &[("retry-after", "0")], 2, Some(0)),
            (429, &[], 0, Some(1)),
            (429, &[], 2, Some(4)),
            (503, &[], 0, None),
            (500, &[("retry-after", "7")], 0, None),
            (200, &[("retry-after", "7")], 0, None),
            (429, &[("retry-after", "7")], 3, None),
            (429, &[("retry-after", "61")], 0, None),
            (429, &[("retry-after", "99999999999999999999999")], 0, Some(1)),
            (503, &[("retry-after", "soon")], 0, None),
            (503, &[date, ("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")], 0, Some(10)),
            (503, &[date, ("retry-after", "Sun, 06 Nov 1994 08:49:27 GMT")], 0, Some(0)),
            (503, &[("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")], 0, None),
        ] {
            assert_eq!(wait(status, headers, tries), seconds, "{status} {headers:?} {tries}");
        }
    }
}
