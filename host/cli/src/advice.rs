//! What a person can do about a run that did not end well, where the run itself has no advice.
//!
//! Must never: say something of the vendor's API. Keeps: advice that is there already stays.

use presetter_runtime::{Kind, Report};

use crate::select::quoted;

/// Adds advice to a report that has none. `writes`: the preset changes something.
pub(crate) fn add(report: &mut Report, writes: bool, connection: &str) {
    if report.outcome.kind == Kind::Failed && report.outcome.hint.is_none() {
        report.outcome.hint = by_class(report, writes, connection);
    }
}

fn by_class(report: &Report, writes: bool, connection: &str) -> Option<String> {
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
        add(&mut report, true, "my school");
        report.outcome.hint
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
        add(&mut with, false, "m");
        assert_eq!(with.outcome.hint.as_deref(), Some("h"));
        let mut fine = report(Kind::Ok, "");
        fine.outcome.hint = None;
        add(&mut fine, false, "m");
        assert_eq!(fine.outcome.hint, None);
    }
}
