//! What came out, held against what was expected.
//!
//! Owns the comparison and its words. Keeps: what is not expected is not looked at, but for the outcome and for requests
//! that no cassette answers: those are always told. After another kind of outcome nothing is said of what belongs to it.

use std::ops::Range;

use bytes::Bytes;
use presetter_egress::{Compared, Difference, Miss, json_differences};
use serde_json::Value;

use crate::case::{At, Case, ExpectedRequest, members_without_nulls, without_nulls};
use crate::suite::Played;
use crate::witness::Sent;

/// One thing that came out otherwise than expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What differs: `outcome`, `outputs /role`, `request 2 body /page`.
    pub what: String,
    /// What was expected; nothing if it should be absent.
    pub expected: Option<String>,
    /// What came out; nothing if it is absent.
    pub actual: Option<String>,
    /// What else to know, a line each.
    pub notes: Vec<String>,
    /// Which expectation of the case it is about, in bytes.
    pub place: Range<usize>,
}

/// Everything that differs.
pub(crate) fn judge(case: &Case, played: &Played, misses: &[Miss]) -> Vec<Mismatch> {
    let mut found: Vec<Mismatch> = misses.iter().map(|miss| unanswered(case, miss)).collect();
    let as_expected = outcome(case, played, &mut found);
    requests(case, played, &mut found);
    if let Some(At { value, place }) = &case.expect.logins
        && *value != played.logins
    {
        found.push(mismatch("logins", Some(value.to_string()), Some(played.logins.to_string()), place));
    }
    if !as_expected {
        // What else differs follows from that, and hides it.
        return found;
    }
    details(case, played, &mut found);
    if let Some(At { value, place }) = &case.expect.outputs {
        let (expected, got) = (members_without_nulls(value), members_without_nulls(&played.outputs));
        let differences = json_differences("outputs ", &Value::Object(expected), &Value::Object(got));
        found.extend(differences.into_iter().map(|difference| at(difference, "", place)));
    }
    if let Some(At { value, place }) = &case.expect.rows {
        rows(value, &played.rows, place, &mut found);
    }
    found
}

/// Whether the kind of outcome is the expected one.
fn outcome(case: &Case, played: &Played, found: &mut Vec<Mismatch>) -> bool {
    let (expect, outcome) = (&case.expect, &played.outcome);
    let shown = || {
        let class = if outcome.class.is_empty() { String::new() } else { format!(" ({})", outcome.class) };
        format!("{}{class}", outcome.kind)
    };
    let said = || -> Vec<String> {
        let message = (!outcome.message.is_empty()).then(|| outcome.message.clone());
        message.into_iter().chain(outcome.hint.clone()).collect()
    };
    match &expect.outcome {
        None => {
            let mut wrong = mismatch("outcome", None, Some(shown()), &expect.place);
            wrong.notes = said();
            wrong.notes.push("the case says no outcome; `presetter test --update` writes what came out".to_owned());
            found.push(wrong);
        }
        Some(At { value, place }) if *value != outcome.kind => {
            let mut wrong = mismatch("outcome", Some(value.to_string()), Some(shown()), place);
            wrong.notes = said();
            found.push(wrong);
        }
        Some(_) => return true,
    }
    false
}

/// What an outcome says beside its kind.
fn details(case: &Case, played: &Played, found: &mut Vec<Mismatch>) {
    let (expect, outcome) = (&case.expect, &played.outcome);
    for (what, expected, actual) in
        [("class", &expect.class, &outcome.class), ("evidence", &expect.evidence, &outcome.evidence)]
    {
        if let Some(At { value, place }) = expected
            && value != actual
        {
            found.push(mismatch(what, text(value), text(actual), place));
        }
    }
    if let Some(At { value, place }) = &expect.message
        && !outcome.message.contains(value.as_str())
    {
        let expected = Some(format!("a message with {value:?} in it"));
        found.push(mismatch("message", expected, text(&outcome.message), place));
    }
}

/// A request for which no cassette has an answer.
fn unanswered(case: &Case, miss: &Miss) -> Mismatch {
    let at = case.expect.outcome.as_ref().map_or(&case.expect.place, |outcome| &outcome.place);
    let asked = format!("{} {}", miss.method, miss.url);
    let Some(nearest) = &miss.nearest else {
        let mut wrong = mismatch("request", None, Some(asked), at);
        wrong.notes.push("the case has no cassette, so no request may be sent".to_owned());
        return wrong;
    };
    let (file, number) = case.entry(nearest.entry).map_or(("", nearest.entry), |(file, n)| (file.file.as_str(), n));
    let mut wrong = mismatch("request", Some("one that the cassette answers".to_owned()), Some(asked), at);
    wrong.notes.push(match (nearest.differences.is_empty(), nearest.used) {
        (true, _) => format!("entry {number} of {file} fits, and has answered already"),
        (false, true) => format!("nearest is entry {number} of {file}, which has answered already; it differs in"),
        (false, false) => format!("nearest is entry {number} of {file}; it differs in"),
    });
    wrong.notes.extend(nearest.differences.iter().map(|difference| format!("  {difference}")));
    wrong
}

fn rows(expected: &[Value], got: &[Value], place: &Range<usize>, found: &mut Vec<Mismatch>) {
    if expected.len() != got.len() {
        found.push(mismatch("rows", Some(count(expected.len(), "row")), Some(count(got.len(), "row")), place));
    }
    for (number, (expected, got)) in (1..).zip(expected.iter().zip(got)) {
        let what = format!("row {number} ");
        let differences = json_differences(&what, &without_nulls(expected), &without_nulls(got));
        found.extend(differences.into_iter().map(|difference| at(difference, "", place)));
    }
}

fn requests(case: &Case, played: &Played, found: &mut Vec<Mismatch>) {
    let Some(expected) = &case.expect.requests else { return };
    let sent: Vec<&Sent> = played.sent.iter().filter(|sent| !sent.login).collect();
    if expected.len() != sent.len() {
        let place = expected.last().map_or(&case.expect.place, |last| &last.place);
        let mut wrong =
            mismatch("requests", Some(count(expected.len(), "request")), Some(count(sent.len(), "request")), place);
        wrong.notes = sent.iter().skip(expected.len()).map(|sent| format!("sent as well: {}", line(sent))).collect();
        found.push(wrong);
    }
    for (number, (expected, sent)) in (1..).zip(expected.iter().zip(sent)) {
        let prefix = format!("request {number} ");
        let differences = request_differences(&expected.value, sent);
        found.extend(differences.into_iter().map(|difference| at(difference, &prefix, &expected.place)));
    }
}

/// Where a request differs from what was expected of it.
fn request_differences(expected: &ExpectedRequest, sent: &Sent) -> Vec<Difference> {
    let body = expected.body.as_ref().map(|body| Bytes::copy_from_slice(body.as_bytes()));
    // A body that is not looked at is the one that was sent.
    let headers = if body.is_some() { &[][..] } else { &sent.headers };
    let wanted = Compared::new(&expected.method, &expected.url, headers, body.as_ref().or(sent.body.as_ref()));
    let mut found = wanted.differences(&sent.compared());
    for (name, value) in &expected.headers {
        let its: Vec<&str> =
            sent.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str()).collect();
        if !its.contains(&value.as_str()) {
            let got = (!its.is_empty()).then(|| its.join(", "));
            found.push(Difference { what: format!("header {name}"), expected: Some(value.clone()), got });
        }
    }
    found
}

/// A request on one line.
fn line(sent: &Sent) -> String {
    format!("{} {}", sent.method, sent.url)
}

fn at(difference: Difference, prefix: &str, place: &Range<usize>) -> Mismatch {
    mismatch(&format!("{prefix}{}", difference.what), difference.expected, difference.got, place)
}

fn mismatch(what: &str, expected: Option<String>, actual: Option<String>, place: &Range<usize>) -> Mismatch {
    Mismatch { what: what.to_owned(), expected, actual, notes: Vec::new(), place: place.clone() }
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
