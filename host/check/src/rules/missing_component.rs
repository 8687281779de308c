//! A component of the bundle's own that is not there.

use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::Subject;

pub(crate) const LINT: Lint = Lint {
    name: "missing-component",
    level: Level::Error,
    means: "`component` names a file that is not in the bundle's folder.",
    why: "No preset of the bundle can be run.",
    mended: "",
    look: Look::Bundle(look),
};

fn look(subject: &Subject, tell: &mut Tell<'_>) {
    let Some(component) = &subject.bundle.is.component else { return };
    if !subject.folder.has(component.as_str()) {
        let problem = Problem::new(format!("there is no file {component}"), component.span());
        tell.at(&subject.bundle.source, problem.with_hint("build it, or correct its path below the bundle's folder"));
    }
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    #[test]
    fn a_component_that_is_not_there_is_told() {
        let draft = Draft::new().shared("title = 'Acme'", "component = 'own.wasm'\ntitle = 'Acme'");
        assert_eq!(draft.told(), ["missing-component: 'own.wasm'"]);
        assert_eq!(draft.file("own.wasm", "").told(), [""; 0]);
    }
}
