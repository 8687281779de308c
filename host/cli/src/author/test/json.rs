//! A test run as one JSON object, for other programs.

use presetter_trial::{FaultTrial, Mismatch, Point};
use serde_json::{Value, json};

use super::report::{Report, Tried};
use crate::output::milliseconds;

/// The report.
pub(crate) fn shown(report: &Report) -> Value {
    json!({
        "bundle": report.bundle,
        "cases": report.cases.iter().map(case).collect::<Vec<_>>(),
        "faults": report.faults.iter().map(fault).collect::<Vec<_>>(),
        "coverage": {
            "points": report.coverage.points.len(),
            "reached": report.coverage.reached(),
            "missed": report.coverage.missed().map(point).collect::<Vec<_>>(),
            "unmeasured": report.coverage.unmeasured,
        },
        "untested": report.untested,
        "totals": {
            "cases": report.cases.len(),
            "failed": report.failed(),
            "faults": report.faults.len(),
            "insane": report.insane(),
            "duration_ms": milliseconds(report.took),
        },
    })
}

fn point(point: &Point) -> Value {
    json!({
        "preset": point.preset,
        "what": point.what,
        "file": point.file,
        "line": point.line,
        "column": point.column,
    })
}

fn fault(trial: &FaultTrial) -> Value {
    json!({
        "preset": trial.preset,
        "case": trial.case,
        "fault": trial.fault.to_string(),
        "request": trial.request,
        "at": trial.at,
        "outcome": trial.outcome.to_string(),
        "sane": trial.insane.is_none(),
        "expected": trial.insane.as_ref().map(|insane| &insane.expected),
        "got": trial.insane.as_ref().map(|insane| &insane.got),
        "duration_ms": milliseconds(trial.took),
    })
}

fn case(tried: &Tried) -> Value {
    let mismatch = |mismatch: &Mismatch| {
        let (line, column) = tried.case.position(&mismatch.place);
        json!({
            "what": mismatch.what,
            "expected": mismatch.expected,
            "actual": mismatch.actual,
            "notes": mismatch.notes,
            "line": line,
            "column": column,
        })
    };
    json!({
        "preset": tried.case.preset,
        "case": tried.case.name,
        "title": tried.case.title,
        "file": tried.case.file,
        "ok": tried.trial.passed(),
        "outcome": tried.trial.played.outcome.kind.to_string(),
        "mismatches": tried.trial.mismatches.iter().map(mismatch).collect::<Vec<_>>(),
        "duration_ms": milliseconds(tried.trial.played.took),
    })
}
