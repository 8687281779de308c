//! The order in which results are told.

use std::collections::VecDeque;

use crate::{Ended, Order, Row};

/// So many results wait at most for one before them, and about so many bytes of them.
const WINDOW: usize = 4_096;
const WINDOW_BYTES: usize = 32 << 20;

/// A row that has ended.
pub(crate) struct Done {
    /// Its place in the order.
    pub(crate) at: u64,
    pub(crate) row: Row,
    /// None if it was not run after all, because the run was stopped.
    pub(crate) ended: Option<Ended>,
    pub(crate) before: bool,
    /// What keeps the run from going on.
    pub(crate) broken: Option<String>,
}

/// Results that wait for one before them.
#[derive(Default)]
pub(crate) struct Course {
    /// By place, from `first` on: none is under way, `Some(None)` is nothing to tell.
    waiting: VecDeque<Option<Option<(Row, Ended)>>>,
    first: u64,
    next: u64,
    bytes: usize,
}

impl Course {
    /// Whether more results may wait.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len() < WINDOW && self.bytes < WINDOW_BYTES
    }

    /// A row is begun; its place.
    pub(crate) fn expect(&mut self, order: Order) -> u64 {
        if order == Order::Input {
            self.waiting.push_back(None);
        }
        self.next += 1;
        self.next - 1
    }

    /// Takes a result, and tells those that can be told now.
    pub(crate) fn order(&mut self, order: Order, done: Done, told: &mut Vec<(Row, Ended)>) {
        let at = usize::try_from(done.at.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let result = done.ended.map(|ended| (done.row, ended));
        if order == Order::Ended {
            return told.extend(result);
        }
        self.bytes += result.as_ref().map_or(0, |(_, ended)| ended.text.len());
        if let Some(place) = self.waiting.get_mut(at) {
            *place = Some(result);
        }
        while let Some(Some(_)) = self.waiting.front() {
            let result = self.waiting.pop_front().flatten().flatten();
            self.first += 1;
            if let Some((row, ended)) = result {
                self.bytes -= ended.text.len();
                told.push((row, ended));
            }
        }
    }
}
