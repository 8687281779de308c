//! How far a long transfer is, on one line of a terminal; nothing where there is none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::console::{Console, line};

/// How often the line is drawn anew.
const EVERY: Duration = Duration::from_millis(100);
/// What takes less is not worth a line.
const SMALL: u64 = 1024 * 1024;

/// A transfer of many parts.
pub(crate) struct Progress {
    console: Arc<Console>,
    what: String,
    whole: u64,
    done: u64,
    drawn: Option<Instant>,
}

impl Progress {
    /// One of so many bytes.
    pub(crate) fn new(console: &Arc<Console>, what: &str, whole: u64) -> Self {
        Self { console: console.clone(), what: line(what), whole, done: 0, drawn: None }
    }

    /// Of the part that is under way so many bytes are there.
    pub(crate) fn at(&mut self, part: u64) {
        let due = self.drawn.is_none_or(|drawn| drawn.elapsed() >= EVERY);
        if self.whole >= SMALL && due {
            self.drawn = Some(Instant::now());
            self.console.draw(&shown(&self.what, self.done + part, self.whole));
        }
    }

    /// A part of so many bytes is complete.
    pub(crate) fn passed(&mut self, part: u64) {
        self.done += part;
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.drawn.is_some() {
            self.console.draw("");
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "it is for people")]
fn shown(what: &str, have: u64, whole: u64) -> String {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let percent = (have * 100).checked_div(whole).unwrap_or(100).min(100);
    format!("{percent:>3} %  {:.1} of {:.1} MB  {what}", megabytes(have), megabytes(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_megabytes() {
        assert_eq!(shown("a", 8_600_000, 20_000_000), " 43 %  8.6 of 20.0 MB  a");
        assert_eq!(shown("a", 0, 0), "100 %  0.0 of 0.0 MB  a");
    }
}
