//! A preset without a test.

use std::path::Path;

use presetter_manifest::Preset;
use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::rules::missing_summary::title;
use crate::subject::{Manifest, Subject};

pub(crate) const LINT: Lint = Lint {
    name: "missing-tests",
    level: Level::Warning,
    means: "A preset has no case: no file `tests/NAME.toml` in its folder.",
    why: "Nobody knows whether it does what it says, and no fault can be tried on it. `presetter run --record` makes a first case.",
    mended: "",
    look: Look::Preset(look),
};

fn look(subject: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    if !subject.has_file(&Path::new(&preset.name).join("tests"), "toml") {
        let problem = Problem::new("the preset has no tests", title(&preset.source));
        let cassette = subject.folder.shown(&format!("{}/tests/first.har", preset.name));
        let hint = format!("record a case: presetter run PRESET --set ... --record {cassette}");
        tell.at(&preset.source, problem.with_hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    #[test]
    fn a_preset_without_a_case_is_told() {
        let none = Draft::new().without("get-user/tests/first.toml");
        assert_eq!(none.told(), ["missing-tests: title = 'Get user'"]);
        let cassette = none.file("get-user/tests/first.har", "{}");
        assert_eq!(cassette.told(), ["missing-tests: title = 'Get user'"]);
    }
}
