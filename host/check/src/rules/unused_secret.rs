//! A secret of a connection that no credential is made of.

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::rules::unused_field::unused;
use crate::subject::Subject;

pub(crate) const LINT: Lint = Lint {
    name: "unused-secret",
    level: Level::Warning,
    means: "No slot and no login of a connection kind uses one of its secrets.",
    why: "An operator hands out a secret that is not needed.",
    mended: "",
    look: Look::Bundle(look),
};

fn look(subject: &Subject, tell: &mut Tell<'_>) {
    for (kind, is) in &subject.bundle.is.connections {
        unused(subject, kind, ("secrets", "secret"), is.secrets.keys(), tell);
    }
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    #[test]
    fn a_secret_that_goes_nowhere_is_told() {
        let draft = Draft::new().shared("secrets.key =", "secrets.other = { help = 'another' }\nsecrets.key =");
        assert_eq!(draft.told(), ["unused-secret: other"]);
    }

    #[test]
    fn user_name_and_password_are_uses() {
        let basic = Draft::new()
            .shared("auth = 'api-key'", "auth = 'basic'\nusername = '{{fields.tenant}}'\npassword = '{{secrets.key}}'")
            .shared("    { into = 'header', name = 'X-Key', value = '{{secrets.key}}' },\n", "");
        assert_eq!(basic.told(), [""; 0]);
    }
}
