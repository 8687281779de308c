//! A bundle or preset without a summary.

use presetter_manifest::Preset;
use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::{Manifest, Source, Subject};

pub(crate) const LINT: Lint = Lint {
    name: "missing-summary",
    level: Level::Warning,
    means: "A bundle or a preset has no `summary`.",
    why: "`presetter presets`, `presetter show` and the pages of `presetter docs` show it to whoever looks for something.",
    mended: "",
    look: Look::Both(bundle, preset),
};

fn bundle(subject: &Subject, tell: &mut Tell<'_>) {
    missing(&subject.bundle.source, "bundle", &subject.bundle.is.summary, tell);
}

fn preset(_: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    missing(&preset.source, "preset", &preset.is.summary, tell);
}

fn missing(source: &Source, what: &str, summary: &str, tell: &mut Tell<'_>) {
    if summary.trim().is_empty() {
        let problem = Problem::new(format!("the {what} has no summary"), title(source));
        tell.at(source, problem.with_hint("say in one or two sentences what it does: summary = \"...\""));
    }
}

/// The whole line of the title.
pub(crate) fn title(source: &Source) -> std::ops::Range<usize> {
    let key = source.places.key(&["title"]);
    let end = source.places.value(&["title"]).map_or(key.end, |value| value.end);
    key.start..end
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    #[test]
    fn what_has_no_summary_is_told() {
        let draft = Draft::new().with("summary = 'Fetches a user.'\n", "").shared("'Users of Acme.'", "''");
        assert_eq!(draft.told(), ["missing-summary: title = 'Acme'", "missing-summary: title = 'Get user'"]);
    }
}
