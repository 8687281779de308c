//! How a run is shown: one JSON object, a table for people, or the vendor's body.
//!
//! Owns: the shape of the JSON that scripts rely on. Must never print; [`crate::console`] does.

use std::fmt::Display;

use presetter_runtime::{Kind, Report};
use serde_json::{Map, Value, json};

use crate::console::{Paint, json_text, line, painted};

/// The run as scripts see it. `outputs` are there for every kind of outcome, empty where there are none.
pub(crate) fn object(run: &str, preset: &str, report: &Report, mapped: &Map<String, Value>) -> Value {
    let mut object = json!({
        "run": run,
        "preset": preset,
        "outcome": report.outcome.kind.to_string(),
        "outputs": report.outputs,
        "mapped": mapped,
        "response": report.response,
        "response_status": report.response_status,
        "response_headers": presetter_workflow::headers(&report.response_headers),
        "requests": report.requests,
        "duration_ms": milliseconds(report.duration),
    });
    if report.outcome.kind != Kind::Ok {
        object["class"] = report.outcome.class.clone().into();
        object["message"] = message(report).into();
        object["hint"] = report.outcome.hint.clone().into();
    }
    if report.outcome.kind != Kind::Ok || !report.outcome.evidence.is_empty() {
        object["evidence"] = report.outcome.evidence.clone().into();
    }
    object
}

/// Milliseconds, to a tenth: finer would promise what no clock keeps.
pub(crate) fn milliseconds(took: std::time::Duration) -> f64 {
    (took.as_secs_f64() * 10_000.0).round() / 10.0
}

/// One sentence on an outcome, also where the preset gave none.
pub(crate) fn message(report: &Report) -> String {
    if let Some(problem) = report.diagnostics.as_ref().and_then(|d| d.0.first()) {
        return problem.problem.message.clone();
    }
    let outcome = &report.outcome;
    match outcome.kind {
        _ if !outcome.message.is_empty() => outcome.message.clone(),
        Kind::Ok => String::new(),
        Kind::NotFound => "not found".into(),
        Kind::Unknown => "a write was sent and no answer was seen: whether it took place is not known".into(),
        Kind::Failed => format!("the preset failed (class {})", outcome.class),
    }
}

/// [`message`] for talk, where nothing else tells the evidence of an absence.
pub(crate) fn told(report: &Report) -> String {
    let message = message(report);
    match report.outcome.evidence.as_str() {
        evidence if report.outcome.kind == Kind::NotFound && !evidence.is_empty() => format!("{message} ({evidence})"),
        _ => message,
    }
}

/// The run for people, in lines.
pub(crate) fn table(preset: &str, report: &Report, mapped: &Map<String, Value>, color: bool) -> String {
    let outcome = &report.outcome;
    let paint = if outcome.kind == Kind::Ok { Paint::Good } else { Paint::Bad };
    let mut word = outcome.kind.to_string();
    if outcome.kind == Kind::Failed && !outcome.class.is_empty() {
        word = format!("{word} ({})", line(&outcome.class));
    }
    let mut rows = vec![("preset".to_owned(), line(preset)), ("outcome".to_owned(), painted(paint, &word, color))];
    if !outcome.evidence.is_empty() {
        rows.push(("evidence".into(), line(&outcome.evidence)));
    }
    rows.push(("requests".into(), format!("{} in {}", report.requests, time(report.duration))));
    if let Some(status) = report.response_status {
        rows.push(("answer".into(), format!("HTTP {status}")));
    }
    let mut shown = aligned(&rows, "", color);
    for (title, values) in [("outputs", &report.outputs), ("mapped", mapped)] {
        if !values.is_empty() {
            shown.push(painted(Paint::Bold, title, color));
            let rows: Vec<(String, String)> = values.iter().map(|(name, value)| (line(name), cell(value))).collect();
            shown.extend(aligned(&rows, "  ", color));
        }
    }
    shown.join("\n")
}

/// Names and values in two columns.
pub(crate) fn aligned(rows: &[(String, String)], indent: &str, color: bool) -> Vec<String> {
    let width = rows.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    rows.iter()
        .map(|(name, value)| {
            let gap = " ".repeat(width.saturating_sub(self::width(name)) + 2);
            format!("{indent}{}{gap}{value}", painted(Paint::Dim, name, color)).trim_end().to_owned()
        })
        .collect()
}

/// A value in a table: texts bare, everything else as JSON, all on one line.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => line(text),
        other => json_text(other),
    }
}

/// Characters, which is near enough for columns.
pub(crate) fn width(text: &str) -> usize {
    text.chars().count()
}

/// A length of time as people read it.
pub(crate) fn time(duration: std::time::Duration) -> String {
    let ms = duration.as_secs_f64() * 1000.0;
    if ms < 1.0 {
        format!("{ms:.2} ms")
    } else if ms < 10.0 {
        format!("{ms:.1} ms")
    } else if ms < 10_000.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.1} s", ms / 1000.0)
    }
}

/// `1 case`, `2 cases`.
pub(crate) fn count<N: Display + PartialEq + From<u8>>(number: N, what: &str) -> String {
    format!("{number} {what}{}", if number == N::from(1) { "" } else { "s" })
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use presetter_runtime::Outcome;

    use super::*;

    /// A report as a run of `user-role` leaves it.
    pub(crate) fn report(kind: Kind, class: &str) -> Report {
        let mut outputs = Map::new();
        outputs.insert("role".into(), "ADMIN".into());
        outputs.insert("mosyle_user_id".into(), "u1001".into());
        Report {
            outcome: Outcome {
                kind,
                class: class.into(),
                message: "m\u{1b}sg".into(),
                evidence: "scan 3 pages".into(),
                hint: Some("h".into()),
            },
            outputs,
            response: Some(json!({"status": "OK"})),
            response_status: Some(200),
            response_headers: vec![
                ("vary".into(), "a".into()),
                ("vary".into(), "b".into()),
                ("set-cookie".into(), "c=1".into()),
            ],
            requests: 3,
            changed: false,
            there: false,
            diagnostics: None,
            trace: Vec::new(),
            phases: Vec::new(),
            duration: Duration::from_micros(12_345),
        }
    }

    #[test]
    fn the_object_is_that_of_the_contract() {
        let shown = object("R", "mosyle/user-role", &report(Kind::Ok, ""), &Map::new());
        let names: Vec<&str> = shown.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "run",
                "preset",
                "outcome",
                "outputs",
                "mapped",
                "response",
                "response_status",
                "response_headers",
                "requests",
                "duration_ms",
                "evidence"
            ]
        );
        assert_eq!(shown["outcome"], "ok");
        assert_eq!(shown["duration_ms"], 12.3);
        assert_eq!(shown["response_headers"], json!({"vary": "a, b", "set-cookie": ["c=1"]}));
        let shown = object("R", "p", &report(Kind::NotFound, ""), &Map::new());
        assert_eq!(
            (&shown["outcome"], &shown["evidence"], &shown["hint"]),
            (&json!("not_found"), &json!("scan 3 pages"), &json!("h"))
        );
        assert_eq!(object("R", "p", &report(Kind::Failed, "refused"), &Map::new())["class"], "refused");
    }

    #[test]
    fn a_table_is_aligned_and_steers_nothing() {
        let mut mapped = Map::new();
        mapped.insert("x\u{1b}".into(), json!({"a": ["\u{9b}"]}));
        let shown = table("mosyle/user-role", &report(Kind::Failed, "refused"), &mapped, false);
        assert_eq!(
            shown,
            "preset    mosyle/user-role\noutcome   failed (refused)\nevidence  scan 3 pages\nrequests  3 in 12 ms\nanswer    HTTP 200\n\
             outputs\n  role            ADMIN\n  mosyle_user_id  u1001\nmapped\n  x?  {\"a\":[\"\\u009b\"]}"
        );
        assert!(table("p", &report(Kind::Ok, ""), &mapped, true).contains("\u{1b}[32mok\u{1b}[0m"));
    }

    #[test]
    fn there_is_always_a_sentence() {
        let mut report = report(Kind::Unknown, "unanswered");
        report.outcome.message.clear();
        for kind in [Kind::NotFound, Kind::Failed, Kind::Unknown] {
            report.outcome.kind = kind;
            assert!(!message(&report).is_empty());
        }
        assert!(!told(&report).contains("scan"), "evidence of something that is not known to be absent");
        report.outcome.kind = Kind::NotFound;
        assert_eq!(told(&report), "not found (scan 3 pages)");
        report.outcome.message = "no item has email \"x\"".into();
        assert_eq!(told(&report), "no item has email \"x\" (scan 3 pages)");
    }
}
