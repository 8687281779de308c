//! Places at which a test takes an engine away, as a kill would.

use async_trait::async_trait;

/// Before or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Nothing is on the disk yet.
    Before,
    /// It is on the disk; whoever asked does not know yet.
    After,
}

/// What an engine is about to make durable, or has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the method or moment of its name")]
pub enum Write {
    Submit,
    Cancel,
    Resume,
    Signal,
    Schedule,
    /// A worker takes a run.
    Claim,
    /// A worker keeps its runs.
    Renew,
    /// A step is in flight.
    Start,
    /// A step has ended, or is known to be undecided.
    Record,
    /// A step that has no executor: a sleep, a wait, the time, progress, branches.
    Mark,
    /// A worker gives a run back before its end.
    Release,
    /// A run ends.
    End,
}

/// One place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Point {
    /// The write.
    pub write: Write,
    /// On which side of it.
    pub side: Side,
}

/// Called at every place. An implementation that wants a crash here never returns, and has the engine dropped.
#[async_trait]
pub trait CrashPoints: Send + Sync {
    /// The engine is there.
    async fn at(&self, point: Point);
}

/// No crash anywhere.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCrash;

#[async_trait]
impl CrashPoints for NoCrash {
    async fn at(&self, _point: Point) {}
}
