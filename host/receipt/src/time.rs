//! Times as the log writes them, and as a person asks for them.
//!
//! Keeps: one form, RFC 3339 in UTC with milliseconds, always of the same length, so that its texts sort as times do.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

/// Now.
pub(crate) fn now() -> String {
    shown(Timestamp::now())
}

fn shown(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// Whether a text is a time in the form of [`now`].
pub(crate) fn is(text: &str) -> bool {
    text.parse().is_ok_and(|time| shown(time) == text)
}

/// The moment that a person means: `7d`, `12h`, `90m`, `30s`, `2w` ago; a day (`2026-05-01`, in UTC); or a time
/// (`2026-05-01T08:00:00Z`). In the form of [`Entry::at`](crate::Entry::at), to be compared with it as text.
#[must_use]
pub fn since(text: &str) -> Option<String> {
    moment(text.trim(), Timestamp::now()).map(shown)
}

fn moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    // Its parser takes more than a day, and would drop the rest.
    if text.len() == 10
        && let Ok(day) = text.parse::<civil::Date>()
    {
        return day.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
    }
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        'w' => 7 * 24 * 3600,
        _ => return None,
    };
    let ago = text[..text.len() - 1].parse::<u32>().ok()?;
    now.checked_sub(Duration::from_secs(u64::from(ago) * unit)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_length_and_sort_as_texts() {
        for (nanoseconds, wanted) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_700_000_000_120_000_000, "2023-11-14T22:13:20.120Z"),
            (1_700_000_000_129_999_999, "2023-11-14T22:13:20.129Z"),
        ] {
            assert_eq!(shown(Timestamp::from_nanosecond(nanoseconds).unwrap()), wanted);
        }
        assert_eq!(now().len(), 24);
        assert!(is(&now()));
        for other in ["", "2026-05-01", "2026-05-01T08:00:00Z", "2026-05-01T08:00:00.000+00:00", "\u{1b}[2J"] {
            assert!(!is(other), "{other:?}");
        }
    }

    #[test]
    fn a_person_says_how_long_ago_or_a_day_or_a_time() {
        let now = "2026-05-10T12:00:00Z".parse().unwrap();
        let found = |text| moment(text, now).map(shown);
        for (text, wanted) in [
            ("7d", "2026-05-03T12:00:00.000Z"),
            ("1w", "2026-05-03T12:00:00.000Z"),
            ("36h", "2026-05-09T00:00:00.000Z"),
            ("90m", "2026-05-10T10:30:00.000Z"),
            ("30s", "2026-05-10T11:59:30.000Z"),
            ("2026-05-01", "2026-05-01T00:00:00.000Z"),
            ("2026-05-01T08:00:00Z", "2026-05-01T08:00:00.000Z"),
            ("2026-05-01T08:00:00+02:00", "2026-05-01T06:00:00.000Z"),
        ] {
            assert_eq!(found(text).as_deref(), Some(wanted), "{text}");
        }
        for text in ["", "d", "7", "7 d", "-7d", "7y", "2026-13-01", "2026-05", "yesterday", "9999999999d", "é", "7é"]
        {
            assert_eq!(found(text), None, "{text}");
        }
        assert_eq!(found("4294967295w"), None, "before the calendar begins");
    }
}
