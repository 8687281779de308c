//! What was measured, as tables of Markdown: for the terminal and for the page.
//!
//! Owns: how figures are written, ratios and what is wanted of them. Keeps true: beside each ratio stand the numbers that it is of.

use std::fmt::Write as _;

use crate::spread::Spread;

/// What belongs together: one part of the comparison.
#[derive(Debug, Default)]
pub(crate) struct Section {
    pub(crate) title: String,
    lines: Vec<Line>,
    ratios: Vec<Ratio>,
    /// Who was not measured, and why.
    missing: Vec<(String, String)>,
}

#[derive(Debug)]
struct Line {
    what: String,
    who: String,
    unit: &'static str,
    rounds: Vec<f64>,
}

#[derive(Debug)]
struct Ratio {
    what: String,
    value: f64,
    spread: Spread,
    wanted: Option<Wanted>,
}

/// What a figure is to reach.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted {
    AtMost(f64),
    AtLeast(f64),
}

impl Wanted {
    fn reached(self, value: f64) -> bool {
        match self {
            Self::AtMost(bound) => value <= bound,
            Self::AtLeast(bound) => value >= bound,
        }
    }

    fn told(self) -> String {
        match self {
            Self::AtMost(bound) => format!("at most {bound}"),
            Self::AtLeast(bound) => format!("at least {bound}"),
        }
    }
}

impl Section {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Figures of somebody, one for each round.
    pub(crate) fn line(&mut self, what: &str, who: &str, unit: &'static str, rounds: Vec<f64>) {
        if !rounds.is_empty() {
            self.lines.push(Line { what: what.into(), who: who.into(), unit, rounds });
        }
    }

    pub(crate) fn missing(&mut self, who: &str, why: &str) {
        // One line is enough to know what to look for.
        let why = why.lines().find(|line| !line.trim().is_empty()).unwrap_or(why);
        self.missing.push((who.into(), why.trim().into()));
    }

    /// One line by another: a ratio of medians, and how it lay apart from round to round. Nothing if either was not measured.
    pub(crate) fn ratio(&mut self, what: &str, ours: &str, other: &str, wanted: Option<Wanted>) {
        let rounds = |who: &str| self.lines.iter().find(|line| line.what == what && line.who == who).map(|l| &l.rounds);
        let (Some(of), Some(to)) = (rounds(ours), rounds(other)) else { return };
        let value = Spread::of(of.clone()).median() / Spread::of(to.clone()).median();
        let spread = Spread::of(of.iter().zip(to).map(|(of, to)| of / to));
        self.ratios.push(Ratio { what: format!("{what}: {ours} / {other}"), value, spread, wanted });
    }

    /// What one takes beyond another, round by round, as a line of its own.
    pub(crate) fn difference(&mut self, what: &str, called: &str, more: &str, less: &str) {
        let line = |who: &str| self.lines.iter().find(|line| line.what == what && line.who == who);
        let (Some(of), Some(to)) = (line(more), line(less)) else { return };
        let rounds = of.rounds.iter().zip(&to.rounds).map(|(of, to)| of - to).collect();
        let unit = of.unit;
        self.line(called, more, unit, rounds);
    }

    /// A figure that is wanted by itself.
    pub(crate) fn figure(&mut self, what: &str, who: &str, wanted: Wanted) {
        let Some(line) = self.lines.iter().find(|line| line.what == what && line.who == who) else { return };
        let spread = Spread::of(line.rounds.clone());
        let what = format!("{what}: {who}, {}", line.unit);
        self.ratios.push(Ratio { what, value: spread.median(), spread, wanted: Some(wanted) });
    }

    /// The medians of a line, if there is one.
    pub(crate) fn median(&self, what: &str, who: &str) -> Option<f64> {
        let line = self.lines.iter().find(|line| line.what == what && line.who == who)?;
        Some(Spread::of(line.rounds.clone()).median())
    }

    /// As Markdown.
    pub(crate) fn told(&self) -> String {
        let mut told = format!("### {}\n\n", self.title);
        let lines = self.lines.iter().map(|line| {
            let spread = Spread::of(line.rounds.clone());
            let [least, lower, upper, most] = spread.points().map(number);
            let (median, count) = (number(spread.median()), spread.count().to_string());
            let what = format!("{}, {}", line.what, line.unit);
            [what, line.who.clone(), median, format!("{lower} .. {upper}"), format!("{least} .. {most}"), count]
        });
        let header = ["what", "who", "median", "quartiles", "least .. most", "rounds"];
        grid(&mut told, &header, &lines.collect::<Vec<_>>());
        let ratios = self.ratios.iter().map(|ratio| {
            let [_, lower, upper, _] = ratio.spread.points().map(number);
            let (wanted, reached) = match ratio.wanted {
                Some(wanted) => (wanted.told(), if wanted.reached(ratio.value) { "yes" } else { "no" }),
                None => (String::new(), ""),
            };
            [ratio.what.clone(), number(ratio.value), format!("{lower} .. {upper}"), wanted, reached.into()]
        });
        grid(&mut told, &["ratio", "of medians", "quartiles", "wanted", "reached"], &ratios.collect::<Vec<_>>());
        for (who, why) in &self.missing {
            let _ = writeln!(told, "- {who}: not measured: {why}");
        }
        if !self.missing.is_empty() {
            told.push('\n');
        }
        told
    }

    /// Every number of every round: who, what, unit, rounds.
    pub(crate) fn raw(&self) -> serde_json::Value {
        let lines = self.lines.iter().map(
            |line| serde_json::json!({ "what": line.what, "who": line.who, "unit": line.unit, "rounds": line.rounds }),
        );
        serde_json::json!({ "title": self.title, "lines": lines.collect::<Vec<_>>() })
    }

    /// Wanted figures: what, the figure, what is wanted, whether it is reached.
    fn wanted(&self) -> impl Iterator<Item = [String; 4]> {
        self.ratios.iter().filter_map(|ratio| {
            let wanted = ratio.wanted?;
            let reached = if wanted.reached(ratio.value) { "yes" } else { "no" };
            Some([format!("{}, {}", self.title, ratio.what), number(ratio.value), wanted.told(), reached.into()])
        })
    }
}

/// All sections, what is wanted of them first.
pub(crate) fn page(sections: &[Section]) -> String {
    let mut told = "### What is wanted\n\n".to_owned();
    let wanted: Vec<_> = sections.iter().flat_map(Section::wanted).collect();
    grid(&mut told, &["figure", "measured", "wanted", "reached"], &wanted);
    sections.iter().for_each(|section| told.push_str(&section.told()));
    told
}

/// A table whose columns stand under each other, so that it is read without being rendered.
fn grid<const N: usize>(told: &mut String, header: &[&str; N], rows: &[[String; N]]) {
    if rows.is_empty() {
        return;
    }
    let wide = |at: usize| rows.iter().map(|row| row[at].chars().count()).chain([header[at].len()]).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(wide).collect();
    let mut write = |cells: [&str; N]| {
        for (cell, width) in cells.iter().zip(&widths) {
            let _ = write!(told, "| {cell:width$} ");
        }
        told.push_str("|\n");
    };
    write(*header);
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    write(std::array::from_fn(|at| rule[at].as_str()));
    rows.iter().for_each(|row| write(std::array::from_fn(|at| row[at].as_str())));
    told.push('\n');
}

/// A number with three digits that count.
fn number(value: f64) -> String {
    let digits = if value.abs() >= 100.0 {
        0
    } else if value.abs() >= 10.0 {
        1
    } else if value.abs() >= 1.0 {
        2
    } else {
        3
    };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::{Section, Wanted, page};

    fn section() -> Section {
        let mut section = Section::new("cold");
        section.line("whole run", "presetter", "ms", vec![8.0, 10.0, 12.0]);
        section.line("whole run", "hurl", "ms", vec![16.0, 20.0, 24.0]);
        section
    }

    #[test]
    fn a_ratio_is_of_medians_and_says_whether_it_is_reached() {
        let mut section = section();
        section.ratio("whole run", "presetter", "hurl", Some(Wanted::AtMost(1.0)));
        section.ratio("whole run", "hurl", "presetter", Some(Wanted::AtMost(1.0)));
        section.ratio("whole run", "presetter", "nobody", None);
        let told = page(&[section]);
        assert!(told.contains("| cold, whole run: presetter / hurl | 0.500    | at most 1 | yes     |"), "{told}");
        assert!(told.contains("| cold, whole run: hurl / presetter | 2.00     | at most 1 | no      |"), "{told}");
        assert!(!told.contains("nobody"));
        assert!(
            told.contains("| whole run, ms | presetter | 10.0   | 9.00 .. 11.0 | 8.00 .. 12.0  | 3      |"),
            "{told}"
        );
    }

    #[test]
    fn who_is_missing_is_told() {
        let mut section = section();
        section.missing("extism", "\n  it does not build\nand more");
        section.figure("whole run", "presetter", Wanted::AtLeast(11.0));
        let told = section.told();
        assert!(told.contains("- extism: not measured: it does not build\n"), "{told}");
        assert!(
            told.contains("| whole run: presetter, ms | 10.0       | 9.00 .. 11.0 | at least 11 | no      |"),
            "{told}"
        );
    }
}
