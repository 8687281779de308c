//! When something is due: cron lines and single times, in time zones, and lengths of time as people write them.
//!
//! Owns: the one reading of times in workflows. Never: looks at a clock.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// When.
#[derive(Debug, Clone)]
pub enum When {
    /// Again and again, as a cron line says.
    Cron(Box<cronexpr::Crontab>),
    /// Once.
    Once(Timestamp),
}

/// What is wrong with a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// The zone; [`zone_hint`] says what to write.
    Zone(String),
    /// The time itself, and what to write.
    When(String, String),
}

impl When {
    /// Reads a cron line of five fields, in a time zone.
    ///
    /// # Errors
    /// What is wrong.
    pub fn cron(line: &str, zone: &str) -> Result<Self, Wrong> {
        known_zone(zone)?;
        let hint = "write minute, hour, day, month and weekday, such as 0 6 * * 1-5";
        let count = line.split_whitespace().count();
        if count != 5 {
            return Err(Wrong::When(format!("a cron line has five fields, and this has {count}"), hint.to_owned()));
        }
        match cronexpr::parse_crontab(&format!("{line} {zone}")) {
            Ok(cron) => Ok(Self::Cron(Box::new(cron))),
            Err(_) => {
                Err(misread(line).unwrap_or_else(|| Wrong::When("this is no cron line".to_owned(), hint.to_owned())))
            }
        }
    }

    /// Reads one time: a moment, or a local time in a zone.
    ///
    /// # Errors
    /// What is wrong.
    pub fn once(text: &str, zone: &str) -> Result<Self, Wrong> {
        let zone = known_zone(zone)?;
        if let Ok(moment) = text.parse::<Timestamp>() {
            return Ok(Self::Once(moment));
        }
        let local: Option<Zoned> = text.parse::<DateTime>().ok().and_then(|local| local.to_zoned(zone).ok());
        let wrong = || Wrong::When("this is no time".to_owned(), "write it as 2026-12-01T06:00".to_owned());
        local.map(|local| Self::Once(local.timestamp())).ok_or_else(wrong)
    }

    /// The next time after a moment; none if there is none.
    #[must_use]
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Once(time) => (*time > after).then_some(*time),
            Self::Cron(cron) => cron.find_next(after).ok().map(|next| next.timestamp()),
        }
    }
}

fn known_zone(name: &str) -> Result<TimeZone, Wrong> {
    TimeZone::get(name).map_err(|_| Wrong::Zone(format!("there is no time zone \"{}\"", shown(name))))
}

/// What to write in place of a time zone that does not exist.
#[must_use]
pub fn zone_hint(name: &str) -> String {
    let known: Vec<String> = jiff::tz::db().available().map(|zone| zone.as_str().to_owned()).collect();
    match presetter_manifest::nearest(name, known.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => "name a zone as in Europe/Berlin, or leave it out for UTC".to_owned(),
    }
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !presetter_manifest::steers(*c)).take(60).collect()
}

/// The first field of a cron line that cannot be read by itself.
fn misread(line: &str) -> Option<Wrong> {
    const FIELDS: [(&str, &str); 5] = [
        ("minute", "0 to 59"),
        ("hour", "0 to 23"),
        ("day", "1 to 31"),
        ("month", "1 to 12 or JAN to DEC"),
        ("weekday", "1 to 7 (7 is Sunday, as is 0) or MON to SUN"),
    ];
    line.split_whitespace().zip(FIELDS).enumerate().find_map(|(at, (field, (name, takes)))| {
        let mut alone = ["*"; 5];
        alone[at] = field;
        cronexpr::parse_crontab(&format!("{} UTC", alone.join(" "))).err()?;
        let hint = format!("it takes {takes}, a list 1,3, a range 1-3, a step */2, or *");
        Some(Wrong::When(format!("\"{}\" is no {name} of a cron line", shown(field)), hint))
    })
}

/// Reads `90s`, `30m`, `12h`, `2d`.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(when: &When, after: &str) -> String {
        when.next(after.parse().unwrap()).map(|next| next.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_cron_line_follows_its_zone_over_the_change_of_clocks() {
        let daily = When::cron("0 6 * * *", "Europe/Berlin").unwrap();
        assert_eq!(next(&daily, "2026-10-24T00:00:00Z"), "2026-10-24T04:00:00Z");
        assert_eq!(next(&daily, "2026-10-25T00:00:00Z"), "2026-10-25T05:00:00Z");
        let weekdays = When::cron("30 7 * * 1-5", "UTC").unwrap();
        assert_eq!(next(&weekdays, "2026-11-27T08:00:00Z"), "2026-11-30T07:30:00Z");
    }

    #[test]
    fn one_time_is_local_or_a_moment() {
        let once = When::once("2026-12-01T06:00", "Europe/Berlin").unwrap();
        assert_eq!(next(&once, "2026-11-01T00:00:00Z"), "2026-12-01T05:00:00Z");
        assert_eq!(next(&once, "2026-12-01T05:00:00Z"), "");
        assert!(matches!(When::once("2026-12-01T06:00Z", "UTC"), Ok(When::Once(_))));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        assert!(matches!(When::cron("0 6 * * *", "Mars/Olympus"), Err(Wrong::Zone(_))));
        for line in ["", "0 6 * *", "61 6 * * *", "0 6 * * * UTC", "a b c d e"] {
            assert!(matches!(When::cron(line, "UTC"), Err(Wrong::When(..))), "{line}");
        }
        assert!(matches!(When::once("tomorrow", "UTC"), Err(Wrong::When(..))));
        assert_eq!(duration("2d"), Some(Duration::from_secs(172_800)));
        for text in ["", "d", "2", "2w", "-1d", "99999999999999999999d"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
