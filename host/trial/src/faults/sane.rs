//! Whether a run that met a fault ended sanely.
//!
//! Owns the rules. In each, *recovered* means that the same request was sent again and answered with success, and *side* a
//! look-up on the side of a preset that writes: it does not undo the write's own `ok`.
//!
//! | what is said | is sane |
//! |---|---|
//! | nothing: a limit ended the run | never |
//! | `not_found` | never (the untouched case is `ok`); but a list that lacks an element and still has others may lack the one that was looked for |
//! | `ok` after a refusal, a failure of the server, no connection, no answer | if it was recovered, or is a side request |
//! | `ok` after an answer that came and is wrong | if it was recovered, is a side request, a login whose token stood elsewhere, or changed neither outputs nor rows: then the preset does not read what is wrong. What is wrong may also be handed on as it came |
//! | `ok` after an answer that says less | the same; and rows may be fewer, never others and none twice |
//! | anything but `unknown` after a write without an answer | if it was recovered, or a probe has proved it |
//! | `unknown` | after such a write, or one at which the server failed; of a batch, also after one whose answer is wrong or says less |
//!
//! Besides: no write that is not safe to repeat is sent again once it may have been carried out, and no secret is told.

use presetter_manifest::{Preset, Repeat};
use presetter_runtime::Kind;
use serde_json::Value;

use super::kind::{Fault, Nature};
use super::spoil;
use crate::case::without_nulls;
use crate::sample;
use crate::suite::Played;
use crate::witness::Sent;

/// What is not sane about how a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insane {
    /// What would have been sane.
    pub expected: String,
    /// What was.
    pub got: String,
}

/// What is not sane, if anything. `at` is the number of the request with the fault, from 0.
pub(crate) fn judge(preset: &Preset, base: &Played, played: &Played, fault: Fault, at: usize) -> Option<Insane> {
    secret(played).or_else(|| repeated(preset, base, played)).or_else(|| {
        let view = View { base, played, fault, at, preset };
        view.outcome()
    })
}

/// One run with its fault.
struct View<'a> {
    preset: &'a Preset,
    base: &'a Played,
    played: &'a Played,
    fault: Fault,
    at: usize,
}

impl View<'_> {
    fn outcome(&self) -> Option<Insane> {
        let outcome = &self.played.outcome;
        if outcome.class == "limit" {
            return Some(self.insane("an end of its own"));
        }
        let open_write = self.writes() && self.fault.nature() == Nature::Unanswered;
        match outcome.kind {
            Kind::NotFound if self.fault != Fault::ShortLists => Some(self.insane("failed: a fault proves no absence")),
            Kind::Ok if !self.may_be_ok() => Some(self.insane(match open_write {
                true => "unknown",
                false => "failed",
            })),
            Kind::Ok => self.may_give_this(),
            Kind::Failed if open_write && !self.recovered() => Some(self.insane("unknown")),
            Kind::Unknown if self.says_nothing() => None,
            Kind::Unknown if !open_write && (!self.writes() || self.fault.nature() != Nature::Failed) => {
                Some(self.insane("failed"))
            }
            _ => None,
        }
    }

    /// Whether an `ok` can be true.
    fn may_be_ok(&self) -> bool {
        if self.recovered() || self.is_side() {
            return true;
        }
        match self.fault.nature() {
            Nature::Refused | Nature::Failed | Nature::NotSent => false,
            Nature::Unanswered => self.writes() && self.played.outcome.evidence.starts_with("probe "),
            Nature::Spoiled | Nature::Less => true,
        }
    }

    /// Whether what an `ok` gives is what it should be.
    fn may_give_this(&self) -> Option<Insane> {
        let same = |before: &Value, after: &Value| {
            without_nulls(before) == without_nulls(after) || spoil::hands_on(self.fault, before, after)
        };
        let outputs = |played: &Played| Value::Object(played.outputs.clone());
        let outputs = same(&outputs(self.base), &outputs(self.played));
        let (before, after) = (&self.base.rows, &self.played.rows);
        let same_rows = match self.fault.nature() {
            Nature::Less => is_part(before, after),
            _ => before.len() == after.len() && before.iter().zip(after).all(|(before, after)| same(before, after)),
        };
        match (outputs, same_rows) {
            (true, true) => None,
            (false, _) => Some(Insane {
                expected: "failed, or the outputs of the case".to_owned(),
                got: format!("ok with other outputs: {}", Value::Object(self.played.outputs.clone())),
            }),
            (true, false) => Some(Insane {
                expected: "failed, or the rows of the case".to_owned(),
                got: format!("ok with other rows: {} in place of {}", after.len(), before.len()),
            }),
        }
    }

    /// Whether the same request was sent again later and answered with success; for a login, any later one.
    fn recovered(&self) -> bool {
        let Some(faulty) = self.played.sent.get(self.at) else { return false };
        let its = faulty.compared();
        let again = |sent: &Sent| match faulty.login {
            true => sent.login,
            false => !sent.login && its.differences(&sent.compared()).is_empty(),
        };
        let later = self.played.sent.iter().skip(self.at + 1);
        later
            .filter(|sent| again(sent))
            .any(|sent| sent.answer.as_ref().is_ok_and(|status| (200..300).contains(status)))
    }

    /// Whether the request is a look-up on the side of a preset that writes.
    fn is_side(&self) -> bool {
        let faulty = self.played.sent.get(self.at);
        self.preset.effect.writes() && faulty.is_some_and(|sent| !sent.login && !sent.writes)
    }

    fn writes(&self) -> bool {
        self.played.sent.get(self.at).is_some_and(|sent| sent.writes)
    }

    /// Whether the answer to many rows may not say any more what became of this one.
    fn says_nothing(&self) -> bool {
        self.writes() && self.preset.batch.is_some() && matches!(self.fault.nature(), Nature::Spoiled | Nature::Less)
    }

    fn insane(&self, expected: &str) -> Insane {
        let outcome = &self.played.outcome;
        let class = if outcome.class.is_empty() { String::new() } else { format!(" ({})", outcome.class) };
        let about = [&outcome.message, &outcome.evidence].into_iter().find(|text| !text.is_empty());
        let about = about.map(|text| format!(": {text}")).unwrap_or_default();
        Insane { expected: expected.to_owned(), got: format!("{}{class}{about}", outcome.kind) }
    }
}

/// Whether a list is another with elements left out.
fn is_part(whole: &[Value], part: &[Value]) -> bool {
    let mut whole = whole.iter().map(without_nulls);
    part.iter().map(without_nulls).all(|element| whole.any(|other| other == element))
}

/// A write that was sent more often than in the untouched case, after it may have been carried out, where that is not safe.
fn repeated(preset: &Preset, base: &Played, played: &Played) -> Option<Insane> {
    if matches!(preset.repeat(), Repeat::Natural | Repeat::Key) {
        return None;
    }
    let writes: Vec<&Sent> = played.sent.iter().filter(|sent| sent.writes).collect();
    let same = |one: &Sent, other: &Sent| one.compared().differences(&other.compared()).is_empty();
    for (number, write) in writes.iter().enumerate() {
        let carried_out = writes[..number].iter().filter(|earlier| same(earlier, write) && may_have_happened(earlier));
        let usual = base.sent.iter().filter(|sent| sent.writes && same(sent, write)).count();
        if carried_out.count() >= usual.max(1) {
            return Some(Insane {
                expected: "no write again that may have been carried out".to_owned(),
                got: format!("{} {} was sent again", write.method, write.url),
            });
        }
    }
    None
}

/// Whether a request may have been carried out: a client error, or no connection, says that it was not.
fn may_have_happened(sent: &Sent) -> bool {
    match &sent.answer {
        Ok(status) => !(400..500).contains(status),
        Err(none) => none.arrived,
    }
}

/// A secret in what a person is told.
fn secret(played: &Played) -> Option<Insane> {
    let outcome = &played.outcome;
    let mut told = vec![outcome.message.clone(), outcome.evidence.clone(), outcome.hint.clone().unwrap_or_default()];
    told.push(Value::Object(played.outputs.clone()).to_string());
    told.extend(played.rows.iter().map(Value::to_string));
    let found = told.iter().any(|text| text.contains(sample::SECRET) || text.contains(sample::TOKEN));
    found.then(|| Insane { expected: "no secret in what is told".to_owned(), got: "one is told".to_owned() })
}
