//! A kind of connection that no preset works with.

use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::Subject;

pub(crate) const LINT: Lint = Lint {
    name: "unused-connection",
    level: Level::Warning,
    means: "No preset works with a connection kind.",
    why: "An operator can set up a connection that nothing can be run with.",
    mended: "",
    look: Look::Bundle(look),
};

fn look(subject: &Subject, tell: &mut Tell<'_>) {
    if subject.presets.is_empty() {
        return;
    }
    for kind in subject.bundle.is.connections.keys() {
        // A preset that works with none has a lint of its own.
        if !subject
            .presets
            .iter()
            .any(|preset| preset.is.works_with(kind) || subject.kinds(&preset.is).next().is_none())
        {
            let span = subject.bundle.source.places.key(&["connections", kind]);
            let problem = Problem::new(format!("no preset works with connections of kind \"{kind}\""), span);
            tell.at(
                &subject.bundle.source,
                problem.with_hint("add it to the `connections` of a preset, or take it out"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    const OPEN: &str =
        "[connections.open]\ntitle = 'Open'\nauth = 'none'\nbase_url = 'https://acme.example'\n[connections.key]";

    #[test]
    fn a_kind_that_no_preset_works_with_is_told() {
        let draft = Draft::new().shared("[connections.key]", OPEN).with("effect =", "connections = ['key']\neffect =");
        assert_eq!(draft.told(), ["unused-connection: open"]);
    }

    #[test]
    fn a_preset_that_names_no_kind_works_with_all() {
        assert_eq!(Draft::new().shared("[connections.key]", OPEN).told(), [""; 0]);
    }
}
