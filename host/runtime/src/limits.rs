//! What a run may use up.

use std::time::Duration;

use wasmtime::ResourceLimiter;

/// The limits of a run. A bundle may ask for less; only the operator can allow more.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The component's memory, in bytes: 64 MiB.
    pub memory_bytes: usize,
    /// Time the component computes: 10 s. Waiting for an answer does not count.
    pub guest_time: Duration,
    /// Time from start to end: 60 s.
    pub wall_time: Duration,
    /// What the component returns, in bytes: 16 MiB.
    pub output_bytes: usize,
    /// Requests: 1,000.
    pub requests: u32,
    /// Log lines: 1,000; further ones are dropped.
    pub log_lines: u32,
    /// One log line, in bytes: 4 KiB; longer ones are cut.
    pub log_line_bytes: usize,
    /// Waiting that a server may ask for by `Retry-After`, in all: 30 s.
    pub retry_wait: Duration,
    /// How often a request is sent again because the server asked for it: 3 times.
    pub retries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 64 * 1024 * 1024,
            guest_time: Duration::from_secs(10),
            wall_time: Duration::from_secs(60),
            output_bytes: 16 * 1024 * 1024,
            requests: 1000,
            log_lines: 1000,
            log_line_bytes: 4096,
            retry_wait: Duration::from_secs(30),
            retries: 3,
        }
    }
}

/// A limit that was hit: its name and value, as the person reads it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the preset's component hit the limit \"{name}\" ({value})")]
pub(crate) struct LimitHit {
    pub(crate) name: &'static str,
    pub(crate) value: String,
}

impl LimitHit {
    pub(crate) fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: value.into() }
    }
}

/// Table elements that a component may have: enough for the largest language runtimes.
const TABLE_ELEMENTS: usize = 100_000;

/// Keeps an instance's memories and tables within bounds, and remembers that it had to.
#[derive(Debug)]
pub(crate) struct Ceiling {
    memory_bytes: usize,
    memory_used: usize,
    pub(crate) hit: Option<LimitHit>,
}

impl Ceiling {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { memory_bytes: limits.memory_bytes, memory_used: 0, hit: None }
    }
}

impl ResourceLimiter for Ceiling {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        // All memories of a component together: growing one takes from the others.
        let used = self.memory_used + desired.saturating_sub(current);
        if used > self.memory_bytes {
            self.hit = Some(LimitHit::new("memory", format!("{} MiB", self.memory_bytes / (1024 * 1024))));
            return Ok(false);
        }
        self.memory_used = used;
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > TABLE_ELEMENTS {
            self.hit = Some(LimitHit::new("table elements", TABLE_ELEMENTS.to_string()));
            return Ok(false);
        }
        Ok(true)
    }
}
