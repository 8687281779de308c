//! A default, or a possible value, that the input or setting itself does not take.

use presetter_manifest::{InputKind, Preset, Setting, check_inputs};
use presetter_template::Problem;
use serde_json::{Map, Value};

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::{Manifest, Source, Subject};

pub(crate) const LINT: Lint = Lint {
    name: "wrong-value",
    level: Level::Warning,
    means: "A `default` or a value of `enum` is not one that the input or setting takes, or a bound is for another type.",
    why: "A default is sent without being checked. A value that no one can give is no choice.",
    mended: "",
    look: Look::Both(settings, inputs),
};

fn inputs(_: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    for (name, input) in &preset.is.inputs {
        let mut alone = preset.is.clone();
        alone.inputs.retain(|known, _| known == name);
        alone.needs_one_of.clear();
        if let Some(default) = &input.default {
            told(&preset.source, &["inputs", name, "default"], given(&alone, name, default), tell);
        }
        if let Some(alone) = alone.inputs.get_mut(name) {
            alone.allowed = None;
        }
        for (at, value) in input.allowed.iter().flatten().enumerate() {
            let place = ["inputs", name, "enum", &at.to_string()];
            told(&preset.source, &place, given(&alone, name, value), tell);
        }
        if input.max_length.is_some() && input.kind != InputKind::String {
            let why = format!("max_length is for a text, and \"{name}\" takes {}", input.kind.name());
            told(&preset.source, &["inputs", name, "max_length"], Some(why), tell);
        }
    }
}

/// What the input says of a value that somebody gives.
fn given(alone: &Preset, name: &str, value: &Value) -> Option<String> {
    let given = Map::from_iter([(name.to_owned(), value.clone())]);
    let problems = check_inputs(alone, given).err()?;
    problems.into_iter().next().map(|problem| problem.message)
}

fn settings(subject: &Subject, tell: &mut Tell<'_>) {
    for (name, setting) in &subject.bundle.is.settings {
        let source = &subject.bundle.source;
        told(source, &["settings", name, "default"], refused(name, setting, &setting.default), tell);
        for (at, value) in setting.allowed.iter().flatten().enumerate() {
            let open = Setting { allowed: None, ..setting.clone() };
            let place = ["settings", name, "enum", &at.to_string()];
            told(source, &place, refused(name, &open, value), tell);
        }
    }
}

/// What the setting says of a value that an operator types.
fn refused(name: &str, setting: &Setting, value: &Value) -> Option<String> {
    if !setting.kind.accepts(value) {
        return Some(format!("setting \"{name}\" takes {}, not {value}", setting.kind.name()));
    }
    let typed = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    setting.parse_text(name, &typed).err()
}

fn told(source: &Source, place: &[&str], why: Option<String>, tell: &mut Tell<'_>) {
    let Some(why) = why else { return };
    let span = source.places.value(place).unwrap_or_else(|| source.places.key(place));
    tell.at(source, Problem::new(why, span).with_hint("correct the value, or what the manifest says of it"));
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    fn input(more: &str) -> Vec<String> {
        let team = format!("help = 'the id' }}\nteam = {{ {more}, help = 'the team' }}");
        Draft::new().with("help = 'the id' }", &team).with("query = {", "query = { team = '{{optional team}}',").told()
    }

    #[test]
    fn values_that_an_input_does_not_take_are_told() {
        for (more, place) in [
            ("type = 'integer', enum = [1, '2']", "'2'"),
            ("type = 'string', max_length = 2, enum = ['ab', 'abc']", "'abc'"),
            ("type = 'integer', max_length = 2", "2"),
        ] {
            assert_eq!(input(more), [format!("wrong-value: {place}")], "{more}");
        }
        let default = |more: &str| {
            let told = input(more);
            told.into_iter().filter(|told| !told.starts_with("needless-optional")).collect::<Vec<_>>()
        };
        assert_eq!(default("type = 'integer', default = '1'"), ["wrong-value: '1'"]);
        assert_eq!(default("type = 'string', default = 'c', enum = ['a', 'b']"), ["wrong-value: 'c'"]);
        assert_eq!(default("type = 'string', default = 'b', enum = ['a', 'b']"), [""; 0]);
        assert_eq!(input("type = 'list'"), [""; 0]);
    }

    #[test]
    fn values_that_a_setting_does_not_take_are_told() {
        for (more, place) in [
            ("type = 'string', default = 'c', enum = ['c', 1]", "1"),
            ("type = 'string', default = 'c', enum = ['a']", "'c'"),
            ("type = 'integer', default = 0, minimum = 1", "0"),
        ] {
            let draft = Draft::new().shared("type = 'string', default = 'all'", more);
            assert_eq!(draft.told(), [format!("wrong-value: {place}")], "{more}");
        }
        let fine =
            Draft::new().shared("type = 'string', default = 'all'", "type = 'integer', default = 1, minimum = 1");
        assert_eq!(fine.told(), [""; 0]);
    }
}
