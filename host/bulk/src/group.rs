//! Rows that go together.
//!
//! A group goes when it is full, or when no further row comes that could go with it. Nothing waits for a time.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::{Row, Turn};

/// A row that is to be run.
pub(crate) struct Member {
    /// Its place in the order.
    pub(crate) at: u64,
    pub(crate) row: Row,
    pub(crate) inputs: Map<String, Value>,
    /// Of its inputs, if there is a ledger.
    pub(crate) digest: u64,
    pub(crate) turn: Turn,
}

impl Member {
    /// As a ledger notes it.
    pub(crate) fn noted(&self) -> (u64, u64) {
        (self.row.number, self.digest)
    }
}

/// Rows that wait for others to go with.
pub(crate) struct Group {
    most: usize,
    members: Vec<Member>,
    keys: HashSet<String>,
}

impl Group {
    /// None yet, and at most so many.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, members: Vec::new(), keys: HashSet::new() }
    }

    /// Takes a row, and gives the groups that go now: those before a row whose key they have already, and what is full.
    pub(crate) fn add(&mut self, member: Member, key: Option<String>) -> Vec<Vec<Member>> {
        let mut going = Vec::new();
        if key.as_ref().is_some_and(|key| self.keys.contains(key)) {
            going.extend(self.take());
        }
        self.keys.extend(key);
        self.members.push(member);
        if self.members.len() >= self.most {
            going.extend(self.take());
        }
        going
    }

    /// The rows that wait, if there are any.
    pub(crate) fn take(&mut self) -> Option<Vec<Member>> {
        self.keys.clear();
        Some(std::mem::take(&mut self.members)).filter(|members| !members.is_empty())
    }
}
