//! The floor under what a component claims.
//!
//! A component is a stranger's code. Whatever it says, a run whose requests ended badly did not end well: after an
//! unrecovered failure `ok` and `not_found` become `failed`, after an unanswered write everything becomes `unknown`. And
//! who has asked nobody has proof of no absence. A component may say that an answer does not tell what became of an input (class
//! `unanswered`): after a write that is `unknown` too.
//!
//! A failure is recovered by a later good answer to the same request. In a preset that writes, failed look-ups on
//! the side do not undo the write's own `ok`, but nothing is "not found" after them.

use std::collections::HashMap;

use crate::outcome::{Kind, Outcome};

/// What identifies a request: everything of it, hashed with a key that no component knows.
pub(crate) type Fingerprint = u64;

/// How a request of a run ended, if not well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) class: &'static str,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// Which of several failures is told: the order of the exit codes.
    fn rank(&self) -> u8 {
        match self.class {
            "denied" | "limit" => 0,
            "auth" => 1,
            "network" => 2,
            _ => 3,
        }
    }
}

/// What is known of a run's requests, whatever its component says. Outlives the component.
#[derive(Debug, Default)]
pub(crate) struct Floor {
    /// Requests sent so far.
    pub(crate) requests: u32,
    /// Requests that are out right now, and whether they write.
    on_wire: HashMap<Fingerprint, bool>,
    /// Writes that were never answered, and why. Only the success of a repeat closes one: what a later refusal says, it says of
    /// the later one.
    open_writes: HashMap<Fingerprint, String>,
    /// Writes that were answered with success.
    writes_done: u32,
    failures: HashMap<Fingerprint, (bool, Failure)>,
    order: Vec<Fingerprint>,
}

impl Floor {
    /// A request goes out.
    pub(crate) fn sending(&mut self, request: Fingerprint, writes: bool) {
        self.requests += 1;
        self.on_wire.insert(request, writes);
    }

    /// An answer to it was read.
    pub(crate) fn answered(&mut self, request: Fingerprint) {
        self.on_wire.remove(&request);
    }

    /// A write was answered with success.
    pub(crate) fn done(&mut self, write: Fingerprint) {
        self.open_writes.remove(&write);
        self.writes_done += 1;
    }

    /// Whether a write of this run took place, as its server says.
    pub(crate) fn has_written(&self) -> bool {
        self.writes_done > 0
    }

    /// It was about to go out, and provably nothing of it did.
    pub(crate) fn not_sent(&mut self, request: Fingerprint) {
        if self.on_wire.remove(&request).is_some() {
            self.requests -= 1;
        }
    }

    /// How it ended: it was answered, or provably never reached the server.
    pub(crate) fn settled(&mut self, request: Fingerprint, writes: bool, failure: Option<Failure>) {
        self.on_wire.remove(&request);
        self.failures.remove(&request);
        self.order.retain(|r| *r != request);
        if let Some(failure) = failure {
            self.failures.insert(request, (writes, failure));
            self.order.push(request);
        }
    }

    /// It may have reached the server, and no answer was seen.
    pub(crate) fn unanswered(&mut self, request: Fingerprint, writes: bool, failure: Failure) {
        self.on_wire.remove(&request);
        if writes {
            self.open_writes.insert(request, failure.message);
        } else {
            self.settled(request, writes, Some(failure));
        }
    }

    /// What a component claims, where it names a cause that only the host knows: without it, the preset's own fault.
    /// A limit may be a component's own: an interpreter ends a script that does not come to an end. An answer that does not tell what
    /// became of an input leaves a write open, and a read without a result.
    pub(crate) fn believed(&self, claimed: Outcome) -> Outcome {
        if claimed.class == "unanswered" {
            return match self.has_written() {
                true => unknown(&claimed.message),
                false => Outcome { class: "answer".into(), ..claimed },
            };
        }
        let hosts = ["denied", "auth", "network"].contains(&claimed.class.as_str());
        if hosts && !self.failures.values().any(|(_, failure)| failure.class == claimed.class) {
            return Outcome { class: "preset".into(), ..claimed };
        }
        claimed
    }

    /// The outcome that stands, after what the component claims. `preset_writes`: the preset's effect is a write.
    pub(crate) fn under(&self, claimed: Outcome, preset_writes: bool) -> Outcome {
        let out = self.on_wire.values().any(|writes| *writes);
        let out = out.then_some("it was sent, and the run ended before an answer came");
        if let Some(message) = self.open_writes.values().next().map(String::as_str).or(out) {
            return unknown(message);
        }
        let counts = |writes: bool| claimed.kind == Kind::NotFound || !preset_writes || writes;
        let bad = self.order.iter().rev().filter_map(|r| self.failures.get(r)).filter(|(writes, _)| counts(*writes));
        let worst = bad.min_by_key(|(_, failure)| failure.rank());
        match (claimed.kind, worst) {
            (Kind::Ok | Kind::NotFound, Some((_, failure))) => {
                Outcome { hint: failure.hint.clone(), ..Outcome::failed(failure.class, failure.message.clone()) }
            }
            (Kind::NotFound, None) if self.requests == 0 => {
                Outcome::failed("preset", "the preset says that it is not there, and has asked nobody")
            }
            // The class of a failure is the host's to say: it knows what really happened. The words of a server that
            // refused are better than ours.
            (Kind::Failed, Some((_, failure))) if matches!(failure.class, "denied" | "limit" | "auth" | "network") => {
                let heard = failure.class == "auth" && failure.hint.is_none() && !claimed.message.is_empty();
                let message = if heard { claimed.message } else { failure.message.clone() };
                Outcome { hint: failure.hint.clone(), ..Outcome::failed(failure.class, message) }
            }
            _ => claimed,
        }
    }

    /// Whether a write was sent whose answer nobody has seen.
    pub(crate) fn has_open_write(&self) -> bool {
        !self.open_writes.is_empty()
    }
}

/// What is said of a write of which nobody knows whether it took place.
fn unknown(why: &str) -> Outcome {
    Outcome {
        kind: Kind::Unknown,
        class: "unanswered".into(),
        message: format!("whether this write took place is not known: {why}"),
        evidence: String::new(),
        hint: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(kind: Kind) -> Outcome {
        Outcome { kind, class: String::new(), message: String::new(), evidence: "code X".into(), hint: None }
    }

    fn failure(class: &'static str) -> Option<Failure> {
        Some(Failure { class, message: "m".into(), hint: None })
    }

    #[test]
    fn good_answers_leave_the_claim() {
        let mut floor = Floor::default();
        floor.sending(1, true);
        floor.settled(1, true, None);
        assert_eq!(floor.under(claim(Kind::Ok), true).kind, Kind::Ok);
        assert_eq!(floor.under(claim(Kind::NotFound), true).evidence, "code X");
    }

    #[test]
    fn nothing_is_absent_that_nobody_was_asked_for() {
        let mut floor = Floor::default();
        let outcome = floor.under(claim(Kind::NotFound), false);
        assert_eq!((outcome.kind, outcome.class.as_str()), (Kind::Failed, "preset"));
        assert_eq!(outcome.evidence, "");
        // What needs no request can be ok, and failed.
        assert_eq!(floor.under(claim(Kind::Ok), false).kind, Kind::Ok);
        floor.sending(1, false);
        floor.settled(1, false, None);
        assert_eq!(floor.under(claim(Kind::NotFound), false).kind, Kind::NotFound);
    }

    #[test]
    fn an_unrecovered_failure_outweighs_the_claim() {
        for class in ["auth", "network", "denied", "server"] {
            let mut floor = Floor::default();
            floor.sending(1, false);
            floor.settled(1, false, failure(class));
            for kind in [Kind::Ok, Kind::NotFound] {
                let outcome = floor.under(claim(kind), false);
                assert_eq!((outcome.kind, outcome.class.as_str()), (Kind::Failed, class));
            }
            // Another request's good answer recovers nothing, the same request's does.
            floor.settled(2, false, None);
            assert_eq!(floor.under(claim(Kind::Ok), false).kind, Kind::Failed);
            floor.settled(1, false, None);
            assert_eq!(floor.under(claim(Kind::Ok), false).kind, Kind::Ok);
        }
    }

    #[test]
    fn an_unanswered_write_is_unknown_whatever_is_claimed() {
        let mut floor = Floor::default();
        floor.sending(1, true);
        assert_eq!(floor.under(claim(Kind::Ok), true).kind, Kind::Unknown, "also while it is on the wire");
        floor.unanswered(1, true, failure("network").unwrap());
        for kind in [Kind::Ok, Kind::NotFound, Kind::Failed] {
            assert_eq!(floor.under(claim(kind), true).kind, Kind::Unknown);
        }
    }

    #[test]
    fn only_success_closes_an_unanswered_write() {
        let mut floor = Floor::default();
        floor.sending(1, true);
        floor.unanswered(1, true, failure("network").unwrap());
        // A repeat that is refused, or not even sent, says nothing of the first.
        floor.sending(1, true);
        floor.settled(1, true, failure("auth"));
        floor.sending(1, true);
        floor.not_sent(1);
        floor.settled(1, true, failure("network"));
        assert_eq!(floor.under(claim(Kind::Failed), true).kind, Kind::Unknown);
        assert!(floor.has_open_write() && !floor.has_written());
        floor.sending(1, true);
        floor.settled(1, true, None);
        floor.done(1);
        assert_eq!(floor.under(claim(Kind::Ok), true).kind, Kind::Ok);
        assert!(!floor.has_open_write() && floor.has_written());
    }

    #[test]
    fn of_several_failures_the_first_in_the_order_of_exit_codes_is_told() {
        let mut floor = Floor::default();
        for (request, class) in ["server", "auth", "denied", "network"].into_iter().enumerate() {
            floor.settled(request as u64, false, failure(class));
        }
        assert_eq!(floor.under(claim(Kind::Failed), false).class, "denied");
        floor.settled(2, false, None);
        assert_eq!(floor.under(claim(Kind::Ok), false).class, "auth");
    }

    #[test]
    fn a_component_cannot_claim_what_did_not_happen() {
        let claimed = |class: &str| Outcome { class: class.into(), ..claim(Kind::Failed) };
        for class in ["denied", "auth", "network"] {
            assert_eq!(Floor::default().believed(claimed(class)).class, "preset");
        }
        for own in ["refused", "limit"] {
            assert_eq!(Floor::default().believed(claimed(own)).class, own);
        }
    }

    #[test]
    fn an_answer_that_does_not_tell_leaves_a_write_unknown_and_a_read_failed() {
        let says_nothing = || Outcome { class: "unanswered".into(), ..claim(Kind::Failed) };
        let mut floor = Floor::default();
        floor.sending(1, false);
        floor.settled(1, false, None);
        let outcome = floor.under(floor.believed(says_nothing()), false);
        assert_eq!((outcome.kind, outcome.class.as_str()), (Kind::Failed, "answer"));
        floor.sending(2, true);
        floor.settled(2, true, None);
        floor.done(2);
        // A look on the side that failed makes nothing better known.
        floor.settled(3, false, failure("auth"));
        let outcome = floor.under(floor.believed(says_nothing()), true);
        assert_eq!((outcome.kind, outcome.class.as_str()), (Kind::Unknown, "unanswered"));
    }

    #[test]
    fn only_what_went_out_is_counted() {
        let mut floor = Floor::default();
        floor.not_sent(1);
        floor.settled(1, true, failure("auth"));
        assert_eq!(floor.requests, 0, "denied, or the login failed: it never went out");
        floor.sending(1, true);
        floor.not_sent(1);
        floor.settled(1, true, failure("network"));
        assert_eq!(floor.requests, 0, "the connection was refused");
        floor.sending(1, true);
        floor.settled(1, true, None);
        assert_eq!(floor.requests, 1);
    }

    #[test]
    fn a_failed_look_up_does_not_undo_a_write_but_proves_no_absence() {
        let mut floor = Floor::default();
        floor.settled(1, true, None);
        floor.settled(2, false, failure("server"));
        assert_eq!(floor.under(claim(Kind::Ok), true).kind, Kind::Ok);
        assert_eq!(floor.under(claim(Kind::NotFound), true).kind, Kind::Failed);
    }
}
