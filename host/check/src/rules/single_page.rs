//! A list of which one page is read, and nothing proves that it is the last.

use presetter_manifest::{Pages, Preset};
use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::{Manifest, Source, Subject};

pub(crate) const LINT: Lint = Lint {
    name: "single-page",
    level: Level::Warning,
    means: "`[pages]` has `max = 1` and no `last_when`.",
    why: "After the first page nothing proves that the list is complete, so every run with something in the list ends as `incomplete`.",
    mended: "",
    look: Look::Preset(look),
};

fn look(_: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    one(&preset.source, preset.is.pages.as_ref(), &["pages", "max"], tell);
    for (kind, variant) in &preset.is.variants {
        one(&preset.source, variant.pages.as_ref(), &["for", kind, "pages", "max"], tell);
    }
}

fn one(source: &Source, pages: Option<&Pages>, place: &[&str], tell: &mut Tell<'_>) {
    if pages.is_some_and(|pages| pages.max == 1 && pages.last_when.is_none()) {
        let problem =
            Problem::new("one page is read, and nothing proves that it is the last", source.places.key(place));
        let hint = "where the vendor answers with all at once, say so: last_when = 'true'; else raise max";
        tell.at(source, problem.with_hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    #[test]
    fn a_single_page_without_an_end_is_told() {
        let pages = "[pages]\nitems = '{{response}}'\nend_when = 'size(items) == 0'\nmax = 1\n[outputs]";
        let draft = Draft::new().with("[outputs]", pages);
        assert_eq!(draft.told(), ["single-page: max"]);
        assert_eq!(draft.clone().with("max = 1", "max = 1\nlast_when = 'true'").told(), [""; 0]);
        assert_eq!(draft.with("max = 1", "max = 2").told(), [""; 0]);
    }
}
