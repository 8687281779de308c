//! Requests on their way: so many at once, and no more. And who computes when.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Where the rows of a lane wait until they may send. More rows are begun than may send at once: while all that may are waiting for
/// their answers, those behind them are put together, and each goes as soon as an answer is there. Clones are one gate.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    free: Arc<Semaphore>,
    places: Mutex<Places>,
    /// The lane waits more than it computes.
    has_time: AtomicBool,
    /// Of one each: who is next to compute, of those who begin,
    begins: Semaphore,
    /// and of those who have their answer.
    goes_on: Semaphore,
}

#[derive(Debug, Clone, Copy, Default)]
struct Places {
    all: usize,
    /// So many are taken back from those who have them, when they are done.
    owed: usize,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Pass {
    gate: Gate,
    place: Option<OwnedSemaphorePermit>,
}

impl Gate {
    pub(crate) fn new(places: usize) -> Self {
        let free = Arc::new(Semaphore::new(places));
        let places = Mutex::new(Places { all: places, owed: 0 });
        let (begins, goes_on) = (Semaphore::new(1), Semaphore::new(1));
        Self(Arc::new(Inner { free, places, has_time: AtomicBool::new(false), begins, goes_on }))
    }

    /// Waits for a place, behind those who came before.
    pub async fn enter(&self) -> Pass {
        // It is never closed.
        Pass { gate: self.clone(), place: self.0.free.clone().acquire_owned().await.ok() }
    }

    /// Where the lane has time left, a row waits here before it computes: between two of them it is looked whether answers have come.
    /// A request that is ready goes then as soon as an answer makes place for it, and not behind all rows that compute. Without
    /// time left that helps nobody: there is only a row that waited for the place right now, and it goes first.
    pub async fn line_up(&self) {
        if self.has_time() {
            turn(&self.0.goes_on).await;
        } else if self.is_full() {
            tokio::task::yield_now().await;
        }
    }

    /// A row begins: at once if its place is free and nobody waits who began before it.
    pub(crate) async fn begin(&self) {
        let waited_for = self.is_full() || self.0.begins.available_permits() == 0;
        if self.has_time() && waited_for {
            turn(&self.0.begins).await;
        }
    }

    /// Whether nobody may enter now. Right after a place was given back: somebody has waited for it.
    fn is_full(&self) -> bool {
        self.0.free.available_permits() == 0
    }

    /// Whether the lane waits more than it computes: there is time to put further requests together.
    pub(crate) fn has_time(&self) -> bool {
        self.0.has_time.load(Ordering::Relaxed)
    }

    pub(crate) fn set_has_time(&self, has_time: bool) {
        self.0.has_time.store(has_time, Ordering::Relaxed);
    }

    /// How many are through.
    pub(crate) fn taken(&self) -> usize {
        let Places { all, owed } = *self.places();
        (all + owed).saturating_sub(self.0.free.available_permits())
    }

    /// From now on so many may send at once.
    pub(crate) fn open(&self, places: usize) {
        let mut now = self.places();
        if places > now.all {
            let more = places - now.all;
            let kept = more.min(now.owed);
            now.owed -= kept;
            self.0.free.add_permits(more - kept);
        } else {
            let fewer = now.all - places;
            now.owed += fewer - self.0.free.forget_permits(fewer);
        }
        now.all = places;
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits in a line, and then until it was looked whether answers have come.
async fn turn(line: &Semaphore) {
    // It is never closed, and let go before its holder computes, whose thread it is until then.
    let _first = line.acquire().await;
    tokio::task::yield_now().await;
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut places = self.gate.places();
        // While the places are held: nobody else is let in before it is known whether this one is owed.
        match self.place.take() {
            Some(place) if places.owed > 0 => {
                places.owed -= 1;
                place.forget();
            }
            place => drop(place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many may enter now.
    fn free(gate: &Gate) -> usize {
        gate.0.free.available_permits()
    }

    #[tokio::test]
    async fn so_many_are_through_at_once_whatever_is_opened_and_closed_meanwhile() {
        let gate = Gate::new(3);
        let mut passes = Vec::new();
        for _ in 0..3 {
            passes.push(gate.enter().await);
        }
        assert_eq!((free(&gate), gate.taken()), (0, 3));
        // Those who are through stay; nobody else comes until so many have left.
        gate.open(1);
        passes.truncate(1);
        assert_eq!((free(&gate), gate.taken()), (0, 1));
        let waiting = gate.enter();
        tokio::pin!(waiting);
        tokio::select! { biased; _ = &mut waiting => unreachable!(), () = std::future::ready(()) => {} }
        passes.clear();
        drop(waiting.await);
        assert_eq!(free(&gate), 1);
        // What is owed is not asked for where there is room again.
        let pass = gate.enter().await;
        gate.open(0);
        gate.open(2);
        assert_eq!(free(&gate), 1);
        drop(pass);
        assert_eq!((free(&gate), gate.taken()), (2, 0));
    }

    #[tokio::test]
    async fn between_two_rows_that_compute_it_is_looked_for_answers_where_there_is_time() {
        for (has_time, rounds) in [(true, 3), (false, 1)] {
            let gate = Gate::new(1);
            gate.set_has_time(has_time);
            // As a row does that has just been answered.
            let lined_up = |_| {
                let gate = gate.clone();
                tokio::spawn(async move { gate.line_up().await })
            };
            let rows: Vec<_> = (0..3).map(lined_up).collect();
            let mut seen = Vec::new();
            while seen.last() != Some(&3) {
                tokio::task::yield_now().await;
                let through = rows.iter().filter(|row| row.is_finished()).count();
                if through > 0 {
                    seen.push(through);
                }
            }
            assert_eq!(seen.iter().collect::<std::collections::BTreeSet<_>>().len(), rounds, "{seen:?}");
        }
    }

    #[tokio::test]
    async fn rows_begin_in_their_order_also_where_a_place_becomes_free_meanwhile() {
        let gate = Gate::new(1);
        gate.set_has_time(true);
        let pass = gate.enter().await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let begin = |number: u32| {
            let (gate, order) = (gate.clone(), order.clone());
            tokio::spawn(async move {
                gate.begin().await;
                order.lock().unwrap().push(number);
            })
        };
        let mut rows: Vec<_> = (0..3).map(begin).collect();
        tokio::task::yield_now().await;
        drop(pass);
        rows.push(begin(3));
        for row in rows {
            row.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3]);
    }

    #[tokio::test]
    async fn who_waited_for_a_place_goes_before_those_who_compute() {
        for has_time in [true, false] {
            let gate = Gate::new(1);
            gate.set_has_time(has_time);
            let pass = gate.enter().await;
            let order = Arc::new(Mutex::new(Vec::new()));
            let (waiting, told) = (gate.clone(), order.clone());
            let sends = tokio::spawn(async move {
                let _pass = waiting.enter().await;
                told.lock().unwrap().push("sends");
                std::future::pending::<()>().await;
            });
            tokio::task::yield_now().await;
            drop(pass);
            gate.line_up().await;
            order.lock().unwrap().push("computes");
            assert_eq!(*order.lock().unwrap(), ["sends", "computes"]);
            sends.abort();
        }
    }
}
