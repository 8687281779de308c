//! A transport without a network: it answers what was recorded.
//!
//! Owns: which recorded answer a request gets, and the account of those that got none. Keeps every rule that
//! [`Live`](crate::Live) keeps ([`admit`], the bounds of an answer); names are not resolved, and no socket is opened. A
//! request is compared with its secrets masked, as the recording's are.
//!
//! Invariants: each entry answers once, in the order of the file, where several fit; a request that no entry fits fails as
//! one that was not sent, with the nearest entry told ([`Cassette::misses`]).

mod compare;
mod exchange;
pub mod har;
mod har_write;
mod mask;
mod named;
mod recording;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use presetter_secret::Redactor;

pub use self::compare::{Compared, Difference, json_differences};
pub use self::exchange::{Exchange, NoAnswer};
pub use self::mask::Masks;
pub use self::recording::{Recorded, Recording};
use crate::{Error, Policy, Request, Response, Transport, admit, bounds, shown};

/// What was recorded, ready to be compared with any number of runs.
#[derive(Debug, Clone)]
pub struct Tape {
    entries: Vec<(Exchange, Compared)>,
}

impl Tape {
    /// Takes the exchanges of one or more files.
    #[must_use]
    pub fn new(exchanges: Vec<Exchange>) -> Self {
        let compared = |exchange: Exchange| {
            let its = Compared::new(&exchange.method, &exchange.url, &exchange.headers, exchange.body.as_ref());
            (exchange, its)
        };
        Self { entries: exchanges.into_iter().map(compared).collect() }
    }

    /// What was recorded.
    pub fn exchanges(&self) -> impl ExactSizeIterator<Item = &Exchange> {
        self.entries.iter().map(|(exchange, _)| exchange)
    }
}

/// A request that no entry fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// Its method.
    pub method: String,
    /// Its address, secrets masked.
    pub url: String,
    /// The entry that is most like it; nothing if the cassette is empty.
    pub nearest: Option<Nearest>,
}

/// The entry that is most like a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// Its number in the cassette, from 1.
    pub entry: usize,
    /// Whether it has answered already.
    pub used: bool,
    /// Where the request differs from it; empty if it fits and is used up.
    pub differences: Vec<Difference>,
}

/// Answers from a [`Tape`], for one run.
pub struct Cassette {
    tape: Arc<Tape>,
    masks: Masks,
    stand_in: Option<(String, String)>,
    lenient: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How often each entry has answered.
    used: Vec<u32>,
    misses: Vec<Miss>,
    sent: usize,
}

impl Cassette {
    /// A cassette at its beginning. `redactor` masks the secrets of the requests that come.
    #[must_use]
    pub fn new(tape: Arc<Tape>, redactor: Redactor) -> Self {
        let state = State { used: vec![0; tape.entries.len()], ..State::default() };
        Self { tape, masks: Masks::new(redactor), stand_in: None, lenient: false, state: Mutex::new(state) }
    }

    /// Puts a text in the place of another in every answer: a token that can be sent anywhere in the place of its mask.
    #[must_use]
    pub fn with_stand_in(mut self, mask: &str, text: &str) -> Self {
        self.stand_in = Some((mask.to_owned(), text.to_owned()));
        self
    }

    /// Also answers what was not recorded quite so: by the entry of the same method, host and path that is most like it, and
    /// by one that has answered already if no other is left.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// The requests that no entry fits, so far.
    pub fn misses(&self) -> Vec<Miss> {
        self.state().misses.clone()
    }

    /// How many requests the policy let through.
    pub fn sent(&self) -> usize {
        self.state().sent
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request as it is compared.
    fn compared(&self, request: &Request) -> Compared {
        let headers = self.masks.headers(&request.headers);
        let media = exchange::media_type(&headers);
        let body = request.body.as_ref().map(|body| self.masks.body(&media, body));
        Compared::new(&request.method, &self.masks.url(&request.url), &headers, body.as_ref())
    }

    /// The number of the entry that answers.
    fn entry_for(&self, request: &Request) -> Option<usize> {
        let got = self.compared(request);
        let mut state = self.state();
        state.sent += 1;
        let mut all: Vec<Candidate> = (0..self.tape.entries.len())
            .map(|entry| Candidate {
                entry,
                used: state.used[entry],
                differences: self.tape.entries[entry].1.differences(&got),
                same_place: self.tape.entries[entry].1.same_place(&got),
            })
            .collect();
        let fits = |candidate: &Candidate| match (candidate.differences.is_empty(), self.lenient) {
            (true, false) => candidate.used == 0,
            (_, lenient) => lenient && candidate.same_place,
        };
        all.sort_by_key(Candidate::distance);
        if let Some(found) = all.iter().find(|candidate| fits(candidate)) {
            state.used[found.entry] += 1;
            return Some(found.entry);
        }
        let nearest = all.into_iter().next();
        let nearest = nearest.map(|c| Nearest { entry: c.entry + 1, used: c.used > 0, differences: c.differences });
        let url = self.masks.url(&request.url).to_string();
        state.misses.push(Miss { method: request.method.clone(), url, nearest });
        None
    }

    fn answer(&self, entry: usize, at: &str) -> Result<Response, Error> {
        match &self.tape.entries[entry].0.answer {
            Ok(response) => Ok(self.played(response)),
            Err(none) => Err(none.error(at)),
        }
    }

    fn played(&self, response: &Response) -> Response {
        let mut response = response.clone();
        let Some((mask, text)) = &self.stand_in else { return response };
        response.headers.iter_mut().for_each(|(_, value)| *value = value.replace(mask, text));
        if let Ok(body) = std::str::from_utf8(&response.body)
            && body.contains(mask)
        {
            response.body = Bytes::from(body.replace(mask, text));
        }
        response
    }
}

/// An entry as it is weighed for a request.
struct Candidate {
    entry: usize,
    used: u32,
    differences: Vec<Difference>,
    same_place: bool,
}

impl Candidate {
    /// The order in which entries are considered: the most alike, of those the least used, of those the first. A request
    /// that goes elsewhere is less alike than one that asks for something else at the same place.
    fn distance(&self) -> (bool, usize, u32, usize) {
        (!self.same_place, self.differences.len(), self.used, self.entry)
    }
}

impl Compared {
    /// Whether two requests ask the same place: method, host and path.
    fn same_place(&self, other: &Self) -> bool {
        (&self.method, &self.origin, &self.path) == (&other.method, &other.origin, &other.path)
    }
}

impl fmt::Debug for Cassette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cassette").field("tape", &self.tape).field("lenient", &self.lenient).finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for Cassette {
    async fn send(&self, policy: &Policy, request: Request) -> Result<Response, Error> {
        admit(policy, &request)?;
        let at = format!("{} {}", request.method, shown(&self.masks.url(&request.url)));
        match self.entry_for(&request) {
            Some(entry) => bounds::within(&policy.limits, self.answer(entry, &at)?),
            None => Err(Error::NotSent { reason: format!("{at}: the cassette has no answer for it") }),
        }
    }
}
