//! The rules of a preset that decide how a run goes on, as points of coverage.
//!
//! Owns: which of [`presetter_manifest::points`] are counted, where each stands in a file, and how it is called. Statuses, the
//! bound of pages and rows that an answer says nothing of are not counted: the program decides them, and the fault matrix brings each about.

use std::collections::HashSet;

use presetter_bundle::{Bundle, PresetFile};
use presetter_manifest::{Answer, Origin, Point as Decision, Preset, Text, points};

use super::{Point, position};

/// The points of a preset, for every kind of connection that it has a variant for; `reached` are the names that its runs traced.
pub(super) fn preset(preset: &PresetFile, bundle: &Bundle, reached: &HashSet<&str>) -> Vec<Point> {
    let mut found: Vec<Point> = Vec::new();
    for kind in preset.manifest.variants.keys().map(String::as_str).chain([""]) {
        let manifest = preset.manifest.for_kind(kind);
        for decision in points(&manifest, bundle.manifest()) {
            let Some(text) = own(decision, &manifest) else { continue };
            let (line, column) = position(&preset.text, text.span().start);
            let point = Point {
                preset: preset.name.clone(),
                what: said(decision).to_owned(),
                file: preset.file.clone(),
                line,
                column,
                reached: reached.contains(decision.name()),
            };
            if !found.iter().any(|known| (known.line, &known.what) == (line, &point.what)) {
                found.push(point);
            }
        }
    }
    found
}

/// The points of the rules that a bundle's presets share: one preset that reaches it is enough.
pub(super) fn shared(bundle: &Bundle, reached: &HashSet<&str>) -> Vec<Point> {
    let answer = &bundle.manifest().answer;
    let decisions = [
        Decision::NotFound(Origin::Bundle),
        Decision::Failed(Origin::Bundle),
        Decision::Ok(Origin::Bundle),
        Decision::OkElse(Origin::Bundle),
    ];
    let point = |decision: Decision| {
        let text = rule(decision, answer)?;
        let (line, column) = position(bundle.text(), text.span().start);
        let reached = reached.contains(decision.name());
        let what = said(decision).to_owned();
        Some(Point { preset: String::new(), what, file: bundle.file().to_owned(), line, column, reached })
    };
    decisions.into_iter().filter_map(point).collect()
}

/// What stands in the preset's file for a point that is counted.
fn own(decision: Decision, preset: &Preset) -> Option<&Text> {
    let pages = preset.pages.as_ref();
    let find = || preset.find.as_ref()?.matches.values().next();
    match decision {
        Decision::NotFound(Origin::Preset)
        | Decision::Failed(Origin::Preset)
        | Decision::Ok(Origin::Preset)
        | Decision::OkElse(Origin::Preset) => rule(decision, &preset.answer),
        Decision::NextPage => Some(&pages?.items),
        Decision::EndOfPages => Some(&pages?.end_when),
        Decision::LastPage => pages?.last_when.as_ref(),
        Decision::FoundOne | Decision::FoundNone | Decision::FoundSeveral | Decision::Widened => find(),
        Decision::MixedUp => preset.mixup.as_ref().map(|mixup| &mixup.preset),
        _ => None,
    }
}

fn rule(decision: Decision, answer: &Answer) -> Option<&Text> {
    match decision {
        Decision::NotFound(_) => answer.not_found_when.as_ref(),
        Decision::Failed(_) => answer.failed_when.as_ref(),
        Decision::Ok(_) | Decision::OkElse(_) => answer.ok_when.as_ref(),
        _ => None,
    }
}

/// The point, after "in no case".
fn said(decision: Decision) -> &'static str {
    match decision {
        Decision::NotFound(_) => "not_found_when holds",
        Decision::Failed(_) => "failed_when holds",
        Decision::Ok(_) => "ok_when holds",
        Decision::OkElse(_) => "ok_when does not hold",
        Decision::NextPage => "a second page is read",
        Decision::EndOfPages => "end_when holds",
        Decision::LastPage => "last_when holds",
        Decision::FoundOne => "what is looked for is found",
        Decision::FoundNone => "what is looked for is proven not to be there",
        Decision::FoundSeveral => "several fit what is looked for",
        Decision::Widened => "the list is read once more without the filter",
        Decision::MixedUp => "what is looked for is there as something else",
        other => other.name(),
    }
}
