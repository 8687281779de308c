//! Which decisions of a bundle's presets no case came to.
//!
//! Owns: the *points* of a preset (both ways of each block in its request's templates, and each rule that decides: `rules`), and
//! which of them runs reached.
//! Scripts and components decide in code of their own: what they decide is not measured, and that is told.

mod rules;

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use presetter_bundle::PresetFile;
use presetter_manifest::{Request, Text};
use presetter_template::{Context, Options, Problem, Template};

use crate::case::Case;
use crate::suite::{Suite, Trial};

/// What cases reached, and what they did not.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    /// Every decision point, in the order of presets and places.
    pub points: Vec<Point>,
    /// Presets that decide in code of their own: not measured.
    pub unmeasured: Vec<String>,
}

/// One way that a decision can go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// The preset; empty for a rule that all presets share.
    pub preset: String,
    /// The decision: `{{#if email}} is taken`, `not_found_when holds`.
    pub what: String,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// Whether a case came to it.
    pub reached: bool,
}

/// A block of a preset's request that was rendered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Took {
    /// Whose request it is.
    pub preset: String,
    /// Where the block begins in its manifest, in bytes.
    pub place: usize,
    /// Whether its first part was rendered.
    pub then: bool,
}

impl Coverage {
    /// How many points were reached.
    #[must_use]
    pub fn reached(&self) -> usize {
        self.points.iter().filter(|point| point.reached).count()
    }

    /// The points that were not.
    pub fn missed(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|point| !point.reached)
    }
}

impl Suite {
    /// What these trials of these cases reached, of all presets that were opened.
    #[must_use]
    pub fn coverage(&self, cases: &[Case], trials: &[Trial]) -> Coverage {
        let mut traced: HashMap<&str, HashSet<&str>> = HashMap::new();
        for (case, trial) in cases.iter().zip(trials) {
            traced.entry(&case.preset).or_default().extend(trial.played.trace.iter().map(String::as_str));
        }
        let took: HashSet<&Took> = trials.iter().flat_map(|trial| &trial.played.took_blocks).collect();
        let mut coverage = Coverage::default();
        for preset in self.files() {
            blocks(preset, &took, &mut coverage.points);
            // A component of the bundle's own tells of no rules.
            if self.bundle().manifest().component.is_none() {
                let reached = traced.get(preset.name.as_str());
                coverage.points.extend(rules::preset(preset, self.bundle(), reached.unwrap_or(&HashSet::new())));
            }
            if self.bundle().manifest().component.is_some() || preset.manifest.script.is_some() {
                coverage.unmeasured.push(preset.name.clone());
            }
        }
        if self.bundle().manifest().component.is_none() {
            let reached = traced.into_values().flatten().collect();
            coverage.points.extend(rules::shared(self.bundle(), &reached));
        }
        coverage
    }
}

/// Both ways of each block in the templates of a preset's requests.
fn blocks(preset: &PresetFile, took: &HashSet<&Took>, points: &mut Vec<Point>) {
    let variants = preset.manifest.variants.values().filter_map(|variant| variant.request.as_ref());
    for request in preset.manifest.request.iter().chain(variants) {
        for (text, context) in texts(request) {
            let options = Options { unsafe_raw: request.unsafe_raw && context == Context::Json };
            // That it compiles was checked when the preset was read.
            let Ok(template) = Template::compile_with(text.as_str(), context, options) else { continue };
            for tag in template.blocks() {
                let place = text.locate(&preset.text, Problem::new("", tag.clone())).span;
                let shown = text.as_str().get(tag.clone()).unwrap_or_default();
                if preset.manifest.batch.is_some() && of_rows(shown) {
                    continue;
                }
                for (then, way) in [(true, "is taken"), (false, "is not taken")] {
                    let point = Took { preset: preset.name.clone(), place: place.start, then };
                    let (line, column) = position(&preset.text, place.start);
                    points.push(Point {
                        preset: preset.name.clone(),
                        what: format!("{shown} {way}"),
                        file: preset.file.clone(),
                        line,
                        column,
                        reached: took.contains(&point),
                    });
                }
            }
        }
    }
}

/// Whether the tag of a block asks for the rows of a batch, or for a place among them: a case has one row, and always goes one way.
fn of_rows(tag: &str) -> bool {
    let words = tag.trim_matches(['{', '}', '<', '>', '~', ' ']).split_whitespace();
    words.skip(1).any(|word| ["rows", "@first", "@last"].contains(&word))
}

/// The templates of a request, each with what it is for.
fn texts(request: &Request) -> impl Iterator<Item = (&Text, Context)> {
    let of = |context| move |text| (text, context);
    let path = request.path.iter().map(of(Context::PathSegment));
    let query = request.query.values().map(of(Context::Query));
    let headers = request.headers.values().map(of(Context::Header));
    let body = request.body.iter().map(of(Context::Json));
    let form = request.form.iter().flat_map(IndexMap::values).map(of(Context::Form));
    path.chain(query).chain(headers).chain(body).chain(form)
}

/// The line and column of a place, from 1.
pub(crate) fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

#[cfg(test)]
mod tests {
    use super::of_rows;

    #[test]
    fn blocks_of_rows_are_known() {
        for tag in ["{{#each rows}}", "<<~#each rows as |row|~>>", "{{#unless @last}}", "{{#if @first}}"] {
            assert!(of_rows(tag), "{tag}");
        }
        for tag in ["{{#if email}}", "{{#each groups}}", "{{#if rows_more}}"] {
            assert!(!of_rows(tag), "{tag}");
        }
    }
}
