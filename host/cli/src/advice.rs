//! What a person can do about a run that did not end well, where the run itself has no advice.
//!
//! Must never: say something of the vendor's API. Keeps: advice that is there already stays.

use std::collections::BTreeSet;

use presetter_connection::is_web_page;
use presetter_runtime::{Kind, Report};
use serde_json::Value;

use crate::select::quoted;

/// What was run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ran<'a> {
    /// It may change something.
    pub(crate) writes: bool,
    /// The connection's name.
    pub(crate) connection: &'a str,
    /// The settings that its request rests on.
    pub(crate) settings: &'a BTreeSet<String>,
}

/// Adds advice to a report that has none.
pub(crate) fn add(report: &mut Report, ran: Ran<'_>) {
    if report.outcome.kind != Kind::Failed {
        return;
    }
    web_page(report, ran.connection);
    if report.outcome.hint.is_none() {
        report.outcome.hint = by_class(report, ran);
    }
}

/// A web page in place of an answer: its text helps nobody.
fn web_page(report: &mut Report, connection: &str) {
    let page = report.response.as_ref().and_then(Value::as_str).is_some_and(|text| is_web_page(text.as_bytes()));
    if !page || report.diagnostics.is_some() {
        return;
    }
    let outcome = &mut report.outcome;
    match outcome.class.as_str() {
        // What stands before an API says its troubles so.
        "server" | "rate" => {
            let status = report.response_status.map(|status| format!(" (HTTP {status})")).unwrap_or_default();
            outcome.message = format!("the answer is a web page, not the API{status}");
        }
        "refused" | "auth" | "answer" | "preset" => {
            outcome.message = "the answer is a web page, not the API; check the base URL".to_owned();
            outcome.hint = Some(format!("see it with: presetter connection show {}", quoted(connection)));
        }
        _ => {}
    }
}

/// The setting that names an operation, where the API's code says that it does not know the operation.
fn operation(message: &str, settings: &BTreeSet<String>) -> Option<String> {
    let mut words = message.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let code = |word: &str| word.contains("OPERATION") && word.bytes().all(|b| !b.is_ascii_lowercase());
    words.any(code).then(|| settings.iter().find(|name| name.ends_with("operation")).cloned()).flatten()
}

fn by_class(report: &Report, Ran { writes, connection, settings }: Ran<'_>) -> Option<String> {
    if report.outcome.class == "refused" {
        let setting = operation(&report.outcome.message, settings)?;
        let connection = quoted(connection);
        return Some(format!(
            "if the API calls it differently: presetter connection set {connection} --setting {setting}=..."
        ));
    }
    let wait = report.response_headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
    Some(match (report.outcome.class.as_str(), wait) {
        ("auth", _) => format!(
            "the credentials are wrong, or they do not give the right to do this; see: presetter connection show {}",
            quoted(connection)
        ),
        ("rate", Some((_, wait))) => format!("the server wants fewer requests; try again later (Retry-After: {wait})"),
        ("rate", None) => "the server wants fewer requests; try again later".to_owned(),
        ("server", _) if writes => {
            "the server has a fault of its own; look whether the change took place before you try again".to_owned()
        }
        ("server", _) => "the server has a fault of its own; try again later".to_owned(),
        ("preset", _) => "this is a fault of the preset, not yours; its author can tell".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::report;

    fn advised(class: &str) -> Option<String> {
        let mut report = report(Kind::Failed, class);
        report.outcome.hint = None;
        report.response_headers.push(("retry-after".into(), "86400".into()));
        add(&mut report, ran(&settings()));
        report.outcome.hint
    }

    fn settings() -> BTreeSet<String> {
        ["page_size", "update_operation"].map(str::to_owned).into()
    }

    fn ran(settings: &BTreeSet<String>) -> Ran<'_> {
        Ran { writes: true, connection: "my school", settings }
    }

    #[test]
    fn an_operation_that_the_api_does_not_know_may_be_corrected() {
        let advised = |message: &str, settings: &BTreeSet<String>| {
            let mut report = report(Kind::Failed, "refused");
            report.outcome.hint = None;
            report.outcome.message = message.into();
            add(&mut report, ran(settings));
            report.outcome.hint
        };
        assert_eq!(
            advised("INVALID_OPERATION: Invalid operation: x", &settings()).unwrap(),
            "if the API calls it differently: presetter connection set 'my school' --setting update_operation=..."
        );
        assert_eq!(advised("USER_EXISTS: no such operation", &settings()), None);
        assert_eq!(advised("INVALID_OPERATION", &BTreeSet::new()), None);
    }

    #[test]
    fn a_web_page_is_not_repeated() {
        for (class, message, hint) in [
            (
                "refused",
                "the answer is a web page, not the API; check the base URL",
                "see it with: presetter connection show 'my school'",
            ),
            ("server", "the answer is a web page, not the API (HTTP 200)", "h"),
            ("network", "<html>", "h"),
        ] {
            let mut report = report(Kind::Failed, class);
            report.outcome.message = "<html>".into();
            report.response = Some("<!DOCTYPE html><html>".into());
            add(&mut report, ran(&settings()));
            assert_eq!((report.outcome.message.as_str(), report.outcome.hint.as_deref()), (message, Some(hint)));
        }
    }

    #[test]
    fn what_can_be_said_is_said() {
        assert!(advised("auth").unwrap().ends_with("presetter connection show 'my school'"));
        assert!(advised("rate").unwrap().ends_with("(Retry-After: 86400)"));
        assert!(advised("server").unwrap().contains("before you try again"), "a write may have been done all the same");
        assert_eq!(advised("refused"), None);
    }

    #[test]
    fn advice_that_is_there_stays() {
        let mut with = report(Kind::Failed, "auth");
        add(&mut with, ran(&settings()));
        assert_eq!(with.outcome.hint.as_deref(), Some("h"));
        let mut fine = report(Kind::Ok, "");
        fine.outcome.hint = None;
        add(&mut fine, ran(&settings()));
        assert_eq!(fine.outcome.hint, None);
    }
}
