//! A path of a grant that is no pattern.

use presetter_egress::PathPattern;
use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::Subject;

pub(crate) const LINT: Lint = Lint {
    name: "wrong-pattern",
    level: Level::Error,
    means: "A path of a grant is not well formed.",
    why: "No preset of the bundle can be run: a connection refuses grants that can be read in two ways.",
    mended: "",
    look: Look::Bundle(look),
};

fn look(subject: &Subject, tell: &mut Tell<'_>) {
    for path in subject.bundle.is.grants.iter().flat_map(|grant| &grant.paths) {
        if let Err(bad) = PathPattern::parse(&format!("/{}", path.as_str().trim_start_matches('/'))) {
            let hint = "one part after the other: users, users/* (any one part), files/** (any rest)";
            tell.at(&subject.bundle.source, Problem::new(bad.to_string(), path.span()).with_hint(hint));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    #[test]
    fn a_path_that_is_no_pattern_is_told() {
        for path in ["users/../*", "users?x=1", "**/users", "user*", "users//x"] {
            let draft = Draft::new().shared("['users/*']", &format!("['users/*', '{path}']"));
            let told = draft.told();
            assert!(told.contains(&format!("wrong-pattern: '{path}'")), "{told:?}");
        }
        let fine = Draft::new().shared("['users/*']", "['/users/*']");
        assert_eq!(fine.told(), [""; 0]);
    }
}
