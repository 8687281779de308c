//! A bundle without a README.md.

use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::rules::missing_summary::title;
use crate::subject::Subject;

pub(crate) const LINT: Lint = Lint {
    name: "missing-readme",
    level: Level::Warning,
    means: "The bundle's folder has no `README.md`.",
    why: "It is where a person who decides whether to use the bundle looks first: what it is for, how to set up a connection, what \
          is assumed of the vendor.",
    mended: "",
    look: Look::Bundle(look),
};

fn look(subject: &Subject, tell: &mut Tell<'_>) {
    if !subject.folder.has("README.md") {
        let problem = Problem::new("the bundle has no README.md", title(&subject.bundle.source));
        tell.at(
            &subject.bundle.source,
            problem.with_hint("write one beside bundle.toml: what the bundle is for, and how to set up a connection"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    #[test]
    fn a_bundle_without_readme_is_told() {
        assert_eq!(Draft::new().without("README.md").told(), ["missing-readme: title = 'Acme'"]);
    }
}
