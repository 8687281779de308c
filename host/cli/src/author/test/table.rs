//! A test run for people.
//!
//! Owns: the words. A case that failed is told with everything that differs, each with its place; one that passed only if
//! it is asked for.

use super::report::{Report, Tried, fault_sentence, sentence};
use crate::console::{Paint, line, painted};
use crate::output::{count, time};

/// The report, without a line break at its end.
pub(crate) fn shown(report: &Report, verbose: u8, coverage: bool, color: bool) -> String {
    let mut lines = Vec::new();
    for tried in &report.cases {
        case(tried, verbose, color, &mut lines);
    }
    for trial in &report.faults {
        let of = format!("{}/{}", trial.preset, trial.case);
        match fault_sentence(trial) {
            Some(sentence) => {
                lines.push(format!("{} {}", painted(Paint::Bad, "FAILED", color), line(&format!("{of}: {sentence}"))));
            }
            None if verbose > 0 => {
                let told =
                    format!("{of}: {} at request {} ({}): {}", trial.fault, trial.request, trial.at, trial.outcome);
                lines.push(format!("{} {}", painted(Paint::Good, "sane  ", color), line(&told)));
            }
            None => {}
        }
    }
    if !report.untested.is_empty() {
        lines.push(format!("without a case: {}", report.untested.join(", ")));
    }
    if coverage {
        lines.extend(
            report.coverage.missed().map(|point| {
                line(&format!("{}:{}:{}: in no case {}", point.file, point.line, point.column, point.what))
            }),
        );
    }
    if !report.coverage.unmeasured.is_empty() {
        lines.push(format!("code of their own, not measured: {}", report.coverage.unmeasured.join(", ")));
    }
    lines.push(summary(report));
    lines.push(format!(
        "coverage: {} of {}",
        report.coverage.reached(),
        count(report.coverage.points.len(), "decision point")
    ));
    lines.join("\n")
}

/// A case, if there is something to tell of it.
pub(crate) fn case(tried: &Tried, verbose: u8, color: bool, lines: &mut Vec<String>) {
    let name = tried.case.full_name();
    let title = if tried.case.title == tried.case.name { String::new() } else { format!(": {}", tried.case.title) };
    let told = line(&format!("{name}{title}"));
    if tried.trial.passed() {
        if verbose > 0 {
            lines.push(format!("{} {told} ({})", painted(Paint::Good, "ok    ", color), time(tried.trial.played.took)));
        }
        return;
    }
    lines.push(format!("{} {told}", painted(Paint::Bad, "FAILED", color)));
    for mismatch in &tried.trial.mismatches {
        lines.push(line(&format!("  {}: {}", tried.place(mismatch), sentence(mismatch))));
        lines.extend(mismatch.notes.iter().map(|note| line(&format!("      {note}"))));
    }
}

fn summary(report: &Report) -> String {
    let failed = report.failed();
    let mut parts = vec![format!("{} ok, {failed} failed", count(report.cases.len() - failed, "case"))];
    if !report.faults.is_empty() {
        let insane = report.insane();
        parts.push(format!("{} sane, {insane} not", count(report.faults.len() - insane, "fault")));
    }
    parts.push(time(report.took));
    parts.join("; ")
}
