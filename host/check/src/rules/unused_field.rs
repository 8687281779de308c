//! A field of a connection that no credential is made of.

use presetter_manifest::ConnectionKind;
use presetter_template::{Context, Problem, Step, Template};

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::Subject;

pub(crate) const LINT: Lint = Lint {
    name: "unused-field",
    level: Level::Warning,
    means: "No slot and no login of a connection kind uses one of its fields.",
    why: "An operator is asked for something that goes nowhere. Presets do not see the fields of a connection.",
    mended: "",
    look: Look::Bundle(look),
};

fn look(subject: &Subject, tell: &mut Tell<'_>) {
    for (kind, is) in &subject.bundle.is.connections {
        unused(subject, kind, ("fields", "field"), is.fields.keys(), tell);
    }
}

/// Tells of the names of a kind's table that no credential is made of. `table` and `one` are what the table and an entry of it
/// are called.
pub(crate) fn unused<'n>(
    subject: &Subject,
    kind: &str,
    (table, one): (&str, &str),
    names: impl Iterator<Item = &'n String>,
    tell: &mut Tell<'_>,
) {
    let used = used(&subject.bundle.is.connections[kind], table);
    for name in names.filter(|name| !used.contains(name)) {
        let span = subject.bundle.source.places.key(&["connections", kind, table, name]);
        let problem = Problem::new(format!("nothing of kind \"{kind}\" uses the {one} \"{name}\""), span);
        let hint = format!("write {{{{{table}.{name}}}}} in a slot or the login, or take it out");
        tell.at(&subject.bundle.source, problem.with_hint(hint));
    }
}

/// The names below a root that the credentials of a kind are made of.
fn used(kind: &ConnectionKind, root: &str) -> Vec<String> {
    let texts = kind.username.iter().chain(&kind.password).chain(&kind.token);
    let texts = texts.chain(kind.slots.iter().map(|slot| &slot.value));
    let mut templates: Vec<(&str, Context)> = texts.map(|text| (text.as_str(), Context::Text)).collect();
    if let Some(login) = &kind.login {
        let texts = login.path.iter().chain(login.headers.values()).chain(login.form.values());
        let texts = texts.chain(login.basic.iter().flatten());
        templates.extend(texts.map(|text| (text.as_str(), Context::Text)));
        templates.extend(login.body.iter().map(|text| (text.as_str(), Context::Json)));
    }
    let compiled = templates.into_iter().filter_map(|(text, context)| Template::compile(text, context).ok());
    let names = compiled.flat_map(|template| {
        let below = template.variables().iter().filter(|variable| variable.path.root == root);
        let below = below.filter_map(|variable| match variable.path.steps.first() {
            Some(Step::Key(key)) => Some(key.clone()),
            _ => None,
        });
        below.collect::<Vec<_>>()
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    #[test]
    fn a_field_that_goes_nowhere_is_told() {
        let draft = Draft::new().shared("{{fields.tenant}}", "acme");
        assert_eq!(draft.told(), ["unused-field: tenant"]);
    }

    #[test]
    fn a_field_of_a_login_is_used() {
        let draft = Draft::new()
            .shared("auth = 'api-key'", "auth = 'session'\nlogin.path = ['login']\nlogin.body = '{ \"t\": {{fields.tenant}} }'\nlogin.token = { from = 'header', name = 'T' }")
            .shared("{{fields.tenant}}' }", "{{session.token}}' }")
            .shared("[settings]", "[[grants]]\nmethods = ['POST']\npaths = ['login']\n[settings]");
        assert_eq!(draft.told(), [""; 0]);
    }
}
