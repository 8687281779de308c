//! What a person sees while a run is under way: requests, waits, the preset's log, rows.
//!
//! Owns: turning what the runtime tells into lines. Keeps: every line goes through the console, so through the redactor;
//! a reader who has gone away ends the run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use presetter_runtime::{CancellationToken, Report, RunObserver, Sending, Verdict};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::console::{Console, Paint};
use crate::feed::{Feed, Listed};
use crate::output::time;
use crate::rows::Rows;

/// Watches a run for the terminal.
pub(crate) struct Watch {
    console: Arc<Console>,
    /// 0 nothing, 1 requests, 2 headers and log.
    verbose: u8,
    cancel: CancellationToken,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How rows are shown, until the first one comes.
    rows: Option<Rows>,
    /// Where they go from then on.
    feed: Option<Feed>,
    /// The request on its way: method and path.
    sending: String,
}

impl Watch {
    pub(crate) fn new(console: Arc<Console>, verbose: u8, rows: Rows, cancel: CancellationToken) -> Self {
        let state = State { rows: Some(rows), ..State::default() };
        Self { console, verbose, cancel, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No more rows come: waits until all are printed, as [`Feed::end`] does.
    pub(crate) fn end_rows(&self, patience: Option<Duration>) -> Listed {
        let feed = self.state().feed.take();
        feed.map(|feed| feed.end(patience)).unwrap_or_default()
    }

    /// The way of rows, which begins with the first one.
    fn to(&self) -> Option<mpsc::Sender<Value>> {
        let mut state = self.state();
        if let Some(rows) = state.rows.take() {
            state.feed = Some(Feed::start(rows, self.console.clone(), self.cancel.clone()));
        }
        state.feed.as_ref().map(Feed::sender)
    }

    /// What `-v` tells after a run.
    pub(crate) fn closing(&self, report: &Report) {
        if self.verbose >= 2 {
            for (name, value) in &report.response_headers {
                self.talk(&format!("< {name}: {value}"));
            }
        }
        if self.verbose >= 1 && !report.phases.is_empty() {
            let phases: Vec<String> =
                report.phases.iter().map(|(name, took)| format!("{name} {}", time(*took))).collect();
            let all = report.phases.iter().map(|(_, took)| *took).sum();
            self.talk(&format!("phases: {}; in all {}", phases.join(", "), time(all)));
        }
    }

    fn talk(&self, shown: &str) {
        self.console.say(&self.console.paint(Paint::Dim, shown));
    }
}

#[async_trait]
impl RunObserver for Watch {
    async fn before_send(&self, sending: &Sending<'_>) -> Verdict {
        self.state().sending = format!("{} /{}", sending.method(), sending.path());
        if self.verbose >= 2 {
            // What keeps it from being sent is told at the end of the run.
            if let Ok(preview) = sending.preview() {
                self.talk(&format!("> {} {}", preview.method, preview.url));
                for (name, value) in &preview.headers {
                    self.talk(&format!("> {name}: {value}"));
                }
            }
        }
        Verdict::Proceed
    }

    fn answered(&self, answer: Result<u16, &'static str>, took: Duration) {
        let state = self.state();
        if self.verbose >= 1 {
            let how = answer.map_or_else(|kind| format!("no answer ({kind})"), |status| status.to_string());
            self.talk(&format!("{} -> {how} in {}", state.sending, time(took)));
        }
    }

    fn waiting(&self, status: u16, wait: Duration) {
        // Told always: a person who waits wants to know for what.
        self.talk(&format!("the server answered {status}; waiting {} before it is asked again", time(wait)));
    }

    async fn row(&self, row: Value) {
        if let Some(to) = self.to() {
            // It fails where nobody reads any more; then the run is ending.
            let _ = to.send(row).await;
        }
    }

    fn log(&self, level: &str, message: &str) {
        let worth = matches!(level, "warn" | "error");
        if self.verbose >= 2 || (self.verbose == 1 && worth) {
            self.talk(&format!("preset {level}: {message}"));
        }
    }
}
