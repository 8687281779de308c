//! Something that a person is asked for, without a word on what it is.

use presetter_manifest::Preset;
use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::{Manifest, Source, Subject};

pub(crate) const LINT: Lint = Lint {
    name: "missing-help",
    level: Level::Warning,
    means: "An input, setting, field or secret has no `help`.",
    why: "Whoever is asked for it has only its name to go by.",
    mended: "",
    look: Look::Both(bundle, preset),
};

fn bundle(subject: &Subject, tell: &mut Tell<'_>) {
    let source = &subject.bundle.source;
    let is = &subject.bundle.is;
    for (name, setting) in &is.settings {
        missing(source, "setting", &["settings", name], &setting.help, tell);
    }
    for (kind, is) in &is.connections {
        for (name, field) in &is.fields {
            missing(source, "field", &["connections", kind, "fields", name], &field.help, tell);
        }
        for (name, secret) in &is.secrets {
            missing(source, "secret", &["connections", kind, "secrets", name], &secret.help, tell);
        }
    }
}

fn preset(_: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    for (name, input) in &preset.is.inputs {
        missing(&preset.source, "input", &["inputs", name], &input.help, tell);
    }
}

fn missing(source: &Source, what: &str, path: &[&str], help: &str, tell: &mut Tell<'_>) {
    if help.trim().is_empty() {
        let name = path.last().copied().unwrap_or_default();
        let problem = Problem::new(format!("the {what} \"{name}\" has no help"), source.places.key(path));
        tell.at(source, problem.with_hint("say what it is and where to find it: help = \"...\""));
    }
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    #[test]
    fn what_has_no_help_is_told() {
        let draft = Draft::new()
            .with(", help = 'the id'", "")
            .shared("'which fields an answer has'", "' '")
            .shared("'the tenant'", "''")
            .shared("'the key'", "''");
        assert_eq!(
            draft.told(),
            ["missing-help: shape", "missing-help: tenant", "missing-help: key", "missing-help: id"]
        );
    }
}
