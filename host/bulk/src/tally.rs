//! The numbers of a whole run.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::{Ended, Kind};

/// The longest time that is told apart, in microseconds: an hour.
const LONGEST: u64 = 3_600_000_000;

/// How rows ended, and where their time went.
#[derive(Debug, Default)]
pub struct Tally {
    kinds: BTreeMap<Kind, u64>,
    classes: BTreeMap<String, u64>,
    before: u64,
    took: Times,
    phases: BTreeMap<&'static str, Times>,
}

/// Times of many rows.
#[derive(Debug, Default)]
struct Times(Option<Histogram<u64>>);

/// What half, nine and 99 of a hundred rows took at most, and the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Percentiles {
    /// Half of them.
    pub p50: Duration,
    /// Nine of ten.
    pub p90: Duration,
    /// 99 of a hundred.
    pub p99: Duration,
    /// All of them.
    pub most: Duration,
}

impl Times {
    fn add(&mut self, took: Duration) {
        // Three digits are told apart. Both bounds are fixed and good.
        let times = match &mut self.0 {
            Some(times) => times,
            none => match Histogram::new_with_bounds(1, LONGEST, 3) {
                Ok(times) => none.insert(times),
                Err(_) => return,
            },
        };
        times.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LONGEST).max(1));
    }

    fn percentiles(&self) -> Option<Percentiles> {
        let times = self.0.as_ref()?;
        let at = |percent| Duration::from_micros(times.value_at_percentile(percent));
        Some(Percentiles { p50: at(50.0), p90: at(90.0), p99: at(99.0), most: Duration::from_micros(times.max()) })
    }
}

impl Tally {
    /// Counts a row, and takes its phases: many results may wait for one before them, and hold less then.
    pub(crate) fn add(&mut self, ended: &mut Ended, before: bool) {
        *self.kinds.entry(ended.kind).or_default() += 1;
        if !ended.class.is_empty() {
            *self.classes.entry(ended.class.clone()).or_default() += 1;
        }
        if before {
            self.before += 1;
            return;
        }
        if ended.kind == Kind::Invalid {
            return;
        }
        self.took.add(ended.took);
        for (phase, took) in std::mem::take(&mut ended.phases) {
            self.phases.entry(phase).or_default().add(took);
        }
    }

    /// How many rows there were.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.kinds.values().sum()
    }

    /// How many of them had ended before this run.
    #[must_use]
    pub fn before(&self) -> u64 {
        self.before
    }

    /// How many ended so.
    #[must_use]
    pub fn of(&self, kind: Kind) -> u64 {
        self.kinds.get(&kind).copied().unwrap_or_default()
    }

    /// How many ended so, in an order of their own.
    pub fn kinds(&self) -> impl Iterator<Item = (Kind, u64)> {
        self.kinds.iter().map(|(kind, count)| (*kind, *count))
    }

    /// Why rows failed, and how many.
    pub fn classes(&self) -> impl Iterator<Item = (&str, u64)> {
        self.classes.iter().map(|(class, count)| (class.as_str(), *count))
    }

    /// How long rows took; none if none ran.
    #[must_use]
    pub fn took(&self) -> Option<Percentiles> {
        self.took.percentiles()
    }

    /// Where the time of rows went.
    pub fn phases(&self) -> impl Iterator<Item = (&'static str, Percentiles)> {
        self.phases.iter().filter_map(|(phase, times)| times.percentiles().map(|times| (*phase, times)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_to_three_digits() {
        let mut times = Times::default();
        assert_eq!(times.percentiles(), None);
        for milliseconds in 1..=1_000 {
            times.add(Duration::from_millis(milliseconds));
        }
        times.add(Duration::from_secs(100_000));
        let Percentiles { p50, p90, p99, most } = times.percentiles().unwrap();
        for (found, expected) in [(p50, 500), (p90, 901), (p99, 991)] {
            let off = found.as_millis().abs_diff(expected);
            assert!(off <= 1, "{found:?} for {expected} ms");
        }
        assert!(most >= Duration::from_secs(3_600));
    }
}
