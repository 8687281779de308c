//! How long a component computes.
//!
//! A thread moves the engine's epoch on every 10 ms while anything runs. At each epoch a computing component yields, so that
//! its run's future returns from `poll`; the time spent in polls is what the component (and the host on its behalf)
//! computed. Waiting for the network is time between polls and does not count.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::{Engine, EngineWeak};

/// How often a computing component yields.
const TICK: Duration = Duration::from_millis(10);

/// Moves an engine's epoch on while runs are active; sleeps otherwise.
#[derive(Clone)]
pub(crate) struct Ticker(Arc<Shared>);

struct Shared {
    active: Mutex<Active>,
    wake: Condvar,
}

#[derive(Default)]
struct Active {
    runs: usize,
    started: bool,
}

impl Ticker {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared { active: Mutex::new(Active::default()), wake: Condvar::new() }))
    }

    /// Counts a run in, until the guard is dropped. The thread starts with the first run.
    pub(crate) fn run(&self, engine: &Engine) -> Running {
        let mut active = self.0.active.lock().unwrap_or_else(PoisonError::into_inner);
        active.runs += 1;
        if !std::mem::replace(&mut active.started, true) {
            let (shared, engine) = (self.0.clone(), engine.weak());
            thread::spawn(move || tick(&shared, &engine));
        }
        // It sleeps only while nothing runs.
        if active.runs == 1 {
            self.0.wake.notify_one();
        }
        Running(self.0.clone())
    }
}

fn tick(shared: &Shared, engine: &EngineWeak) {
    loop {
        {
            let mut active = shared.active.lock().unwrap_or_else(PoisonError::into_inner);
            while active.runs == 0 {
                active = shared.wake.wait(active).unwrap_or_else(PoisonError::into_inner);
            }
        }
        thread::sleep(TICK);
        let Some(engine) = engine.upgrade() else { return };
        engine.increment_epoch();
    }
}

/// A run that is counted in.
pub(crate) struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.active.lock().unwrap_or_else(PoisonError::into_inner).runs -= 1;
    }
}

/// More was computed than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeIsUp;

/// A future that ends with an error once its polls have taken longer than allowed.
pub(crate) struct Metered<F> {
    inner: Pin<Box<F>>,
    used: Duration,
    allowed: Duration,
}

impl<F: Future> Metered<F> {
    pub(crate) fn new(inner: F, allowed: Duration) -> Self {
        Self { inner: Box::pin(inner), used: Duration::ZERO, allowed }
    }
}

impl<F: Future> Future for Metered<F> {
    /// The result, or that the time was used up.
    type Output = Result<F::Output, TimeIsUp>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let started = Instant::now();
        let polled = self.inner.as_mut().poll(cx);
        self.used += started.elapsed();
        match polled {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending if self.used > self.allowed => Poll::Ready(Err(TimeIsUp)),
            Poll::Pending => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_time_in_polls_counts() {
        // Yields a hundred times without computing: far below an hour.
        let idle = async {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            7
        };
        assert_eq!(Metered::new(idle, Duration::from_secs(3600)).await.unwrap(), 7);
        // Nothing is allowed: the first return from a poll ends it.
        let busy = async {
            loop {
                tokio::task::yield_now().await;
            }
        };
        let ended: Result<(), TimeIsUp> = Metered::new(busy, Duration::ZERO).await;
        assert_eq!(ended, Err(TimeIsUp));
    }
}
