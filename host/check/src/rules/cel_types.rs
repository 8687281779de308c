//! A rule whose values can never be of the kinds that its operators take.

use presetter_expr::{Dialect, Program};
use presetter_manifest::{InputKind, Preset, SettingKind, Text};
use presetter_template::Problem;

use crate::expr_kinds::{Kinds, complaints};
use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::{Manifest, Source, Subject};
use crate::texts::{self, Form, Place};

pub(crate) const LINT: Lint = Lint {
    name: "cel-types",
    level: Level::Warning,
    means: "A rule compares or joins values of kinds that never fit: `response_status == \"OK\"`, `size(items) && ...`, `codes == \"X\"`.",
    why: "It is always false, always true, or fails on every answer. A number and a text that spells one are equal here, and nothing is \
          said of values of an answer, which may be of any kind.",
    mended: "",
    look: Look::Both(bundle, preset),
};

fn bundle(subject: &Subject, tell: &mut Tell<'_>) {
    let source = &subject.bundle.source;
    for written in texts::of_answer(&subject.bundle.is.answer).iter().filter(|written| written.form == Form::Rule) {
        rule(subject, source, None, (written.text, written.place, Dialect::Full), tell);
    }
    for kind in subject.bundle.is.connections.values() {
        let login = kind.login.iter().filter_map(|login| login.failed_when.as_ref());
        let expired = kind.expired.iter().filter_map(|expired| expired.invalid_when.as_ref());
        for text in login.chain(expired) {
            rule(subject, source, None, (text, Place::Answer(""), Dialect::NoMacros), tell);
        }
    }
}

fn preset(subject: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    for written in texts::of_preset(&preset.is).iter().filter(|written| written.form == Form::Rule) {
        rule(subject, &preset.source, Some(&preset.is), (written.text, written.place, Dialect::Full), tell);
    }
}

fn rule(
    subject: &Subject,
    source: &Source,
    preset: Option<&Preset>,
    (text, place, dialect): (&Text, Place, Dialect),
    tell: &mut Tell<'_>,
) {
    if Program::compile(text.as_str(), dialect).is_err() {
        return;
    }
    let known = |name: &str| kinds(subject, preset, place, name);
    for problem in complaints(text.as_str(), &known) {
        tell.at(source, text.locate(&source.text, Problem { span: problem.span.clone(), ..problem }));
    }
}

/// The kinds that a name of a rule can stand for.
fn kinds(subject: &Subject, preset: Option<&Preset>, place: Place, name: &str) -> Option<Kinds> {
    if let Some(setting) = name.strip_prefix("settings.") {
        return subject.bundle.is.settings.get(setting).map(|setting| match setting.kind {
            SettingKind::String => Kinds::TEXT,
            SettingKind::Integer => Kinds::NUMBER,
            SettingKind::Boolean => Kinds::BOOLEAN,
            SettingKind::Object => Kinds::OBJECT,
        });
    }
    if let Some(input) = preset.and_then(|preset| preset.inputs.get(name)) {
        return Some(match input.kind {
            InputKind::String => Kinds::TEXT,
            InputKind::Integer | InputKind::Number => Kinds::NUMBER,
            InputKind::Boolean => Kinds::BOOLEAN,
            InputKind::List => Kinds::LIST,
            InputKind::Object => Kinds::OBJECT,
        });
    }
    match (name, place) {
        ("response_status", _) | ("page", Place::Pages(_)) => Some(Kinds::NUMBER),
        ("codes", _) | ("items", Place::Pages(_)) => Some(Kinds::LIST),
        ("response_headers" | "settings", _) => Some(Kinds::OBJECT),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    #[test]
    fn kinds_that_never_fit_are_told_at_their_place() {
        let draft = Draft::new()
            .with("'response_status == 404'", "'response_status == 404 || codes == \"NOT_FOUND\"'")
            .with("[outputs]", "[outputs_when]\nmine = 'id == true && settings.shape > 1'\n[outputs]")
            .shared("[settings]", "[answer]\nfailed_when = 'size(codes)'\n[settings]");
        assert_eq!(
            draft.told(),
            ["cel-types: size(codes)", "cel-types: codes == \"NOT_FOUND\"", "cel-types: id == true",]
        );
    }

    #[test]
    fn rules_of_connections_are_looked_at() {
        let draft =
            Draft::new().shared("base_url =", "expired = { invalid_when = 'response_status == \"over\"' }\nbase_url =");
        assert_eq!(draft.told(), ["cel-types: response_status == \"over\""]);
    }

    #[test]
    fn kinds_that_may_fit_are_left_alone() {
        let draft = Draft::new()
            .with("'response_status == 404'", "'response_status == \"404\" || \"NOT_FOUND\" in codes'")
            .with("[outputs]", "[outputs_when]\nmine = 'id == 1 || response.id == id'\n[outputs]");
        assert_eq!(draft.told(), [""; 0]);
    }
}
