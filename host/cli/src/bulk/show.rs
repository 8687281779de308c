//! What a person sees of a bulk run: a line that moves, and a summary at the end.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use presetter_bulk::{Ended, Kind, Percentiles, Row, Sink, Summary, Tally};

use crate::console::{Console, line};
use crate::output::{aligned, count, time};

/// How many failures are told one by one.
const TOLD: usize = 10;
/// How wide the bar is, in characters.
const BAR: usize = 20;

/// Prints each result on a line.
pub(crate) struct Printer(pub(crate) Arc<Console>);

/// So many bytes of lines go out at once.
const TOGETHER: usize = 64 * 1024;

impl Sink for Printer {
    fn results(&mut self, results: &[(Row, Ended)]) -> io::Result<()> {
        let mut lines = String::new();
        for (_, ended) in results {
            lines.push_str(&ended.text);
            lines.push('\n');
            if lines.len() >= TOGETHER {
                self.0.raw(&std::mem::take(&mut lines))?;
            }
        }
        if lines.is_empty() { Ok(()) } else { self.0.raw(&lines) }
    }
}

/// The line that moves, on a terminal.
pub(crate) struct Bar {
    console: Arc<Console>,
    /// How many rows there are, if that is known.
    all: Option<u64>,
    begun: Instant,
}

impl Bar {
    pub(crate) fn new(console: Arc<Console>, all: Option<u64>) -> Self {
        Self { console, all, begun: Instant::now() }
    }

    pub(crate) fn at(&self, tally: &Tally) {
        let took = self.begun.elapsed();
        self.console.draw(&shown(tally, self.all, took));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.console.draw("");
    }
}

#[expect(clippy::cast_precision_loss, reason = "it is for people")]
fn shown(tally: &Tally, all: Option<u64>, took: Duration) -> String {
    let rows = tally.rows();
    let new = rows - tally.before();
    let rate = new as f64 / took.as_secs_f64().max(0.001);
    let mut parts = Vec::new();
    if let Some(all) = all.filter(|all| *all > 0) {
        let filled = usize::try_from(rows.min(all) * BAR as u64 / all).unwrap_or(BAR);
        parts.push(format!("[{}{}] {} %", "#".repeat(filled), " ".repeat(BAR - filled), rows.min(all) * 100 / all));
        parts.push(format!("{rows} of {all}"));
    } else {
        parts.push(format!("{rows} rows"));
    }
    parts.push(format!("{rate:.0}/s"));
    if let Some(left) = all.map(|all| all.saturating_sub(rows)).filter(|left| *left > 0 && new > 0) {
        parts.push(format!("{} left", length(Duration::from_secs_f64(left as f64 / rate.max(0.001)))));
    }
    parts.extend(tally.kinds().filter(|(kind, _)| *kind != Kind::Ok).map(|(kind, n)| format!("{n} {}", told(kind))));
    parts.join("  ")
}

/// `3 s`, `4 min`, `2 h 5 min`.
fn length(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..=99 => format!("{seconds} s"),
        seconds @ 100..=5_999 => format!("{} min", seconds / 60),
        seconds => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// A kind for people.
pub(super) fn told(kind: Kind) -> &'static str {
    match kind {
        Kind::Ok => "ok",
        Kind::Skipped => "there already",
        Kind::NotFound => "not found",
        Kind::Invalid => "invalid",
        Kind::Failed => "failed",
        Kind::Unknown => "unknown",
    }
}

/// The numbers of a run, for people.
pub(crate) fn summary(console: &Console, summary: &Summary, requests: u64, verbose: bool) {
    let tally = &summary.tally;
    let parts: Vec<String> = tally.kinds().map(|(kind, n)| format!("{n} {}", told(kind))).collect();
    let before = match tally.before() {
        0 => String::new(),
        before => format!("; {before} of them had ended before"),
    };
    let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    let requests = count(requests, "request");
    console.say(&format!("{}{parts}{before}; {requests} in {}", count(tally.rows(), "row"), time(summary.took)));
    let classes: Vec<String> = tally.classes().map(|(class, n)| format!("{n} {}", line(class))).collect();
    if !classes.is_empty() {
        console.say(&format!("why: {}", classes.join(", ")));
    }
    if verbose {
        let of = |times: Percentiles| {
            let Percentiles { p50, p90, p99, most } = times;
            format!("half {}, 90 % {}, 99 % {}, most {}", time(p50), time(p90), time(p99), time(most))
        };
        let mut rows: Vec<(String, String)> =
            tally.took().map(|took| ("a row".to_owned(), of(took))).into_iter().collect();
        rows.extend(tally.phases().map(|(phase, took)| (phase.to_owned(), of(took))));
        aligned(&rows, "  ", false).iter().for_each(|row| console.say(row));
    }
}

/// Rows that did not end well, the first of them.
#[derive(Default)]
pub(crate) struct Troubles {
    told: Vec<String>,
    more: u64,
}

impl Troubles {
    pub(crate) fn add(&mut self, row: &Row, ended: &Ended) {
        if ended.kind.well() {
            return;
        }
        if self.told.len() >= TOLD {
            self.more += 1;
            return;
        }
        self.told.push(line(&format!("{}: {}: {}", row.which(), told(ended.kind), ended.message)));
    }

    pub(crate) fn tell(&self, console: &Console) {
        self.told.iter().for_each(|told| console.say(told));
        if self.more > 0 {
            console.say(&format!("and {} more: they stand among the results", self.more));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_for_people() {
        for (seconds, shown) in [(0, "0 s"), (99, "99 s"), (100, "1 min"), (7_500, "2 h 5 min")] {
            assert_eq!(length(Duration::from_secs(seconds)), shown);
        }
    }

    #[test]
    fn the_bar_is_as_long_as_what_is_done() {
        let tally = Tally::default();
        assert_eq!(
            shown(&tally, Some(200), Duration::from_secs(1)),
            format!("[{}] 0 %  0 of 200  0/s", " ".repeat(20))
        );
        assert_eq!(shown(&tally, None, Duration::from_secs(1)), "0 rows  0/s");
    }
}
