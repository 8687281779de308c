//! A preset that can be run with no connection.

use presetter_manifest::Preset;
use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::rules::missing_summary::title;
use crate::subject::{Manifest, Subject};

pub(crate) const LINT: Lint = Lint {
    name: "no-connection",
    level: Level::Warning,
    means: "A bundle has no connection kind, or `connections = []` leaves out all of them.",
    why: "A preset is always run with a connection, also one that needs no credentials: `auth = \"none\"`.",
    mended: "",
    look: Look::Both(bundle, preset),
};

fn bundle(subject: &Subject, tell: &mut Tell<'_>) {
    if subject.bundle.is.connections.is_empty() && !subject.presets.is_empty() {
        let problem = Problem::new(
            "the bundle has no connection kind, so its presets cannot be run",
            title(&subject.bundle.source),
        );
        tell.at(
            &subject.bundle.source,
            problem.with_hint("add [connections.NAME]; one without credentials has auth = \"none\""),
        );
    }
}

fn preset(_: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    if preset.is.connections.as_ref().is_some_and(Vec::is_empty) {
        let span = preset.source.places.key(&["connections"]);
        let problem = Problem::new("this preset works with no connection, so it cannot be run", span);
        tell.at(&preset.source, problem.with_hint("name the kinds, or take the line out: then it works with all"));
    }
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    #[test]
    fn a_preset_without_a_connection_is_told() {
        let none = Draft::new().with("effect =", "connections = []\neffect =");
        assert!(none.told().contains(&"no-connection: connections".to_owned()), "{:?}", none.told());
        let text = Draft::new().read("bundle.toml");
        let bare = Draft::new().file("bundle.toml", &text[..text.find("[connections.key]").unwrap()]);
        assert_eq!(bare.told(), ["no-connection: title = 'Acme'"]);
    }
}
