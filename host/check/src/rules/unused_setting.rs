//! A setting that nothing uses.

use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::Subject;
use crate::texts;

pub(crate) const LINT: Lint = Lint {
    name: "unused-setting",
    level: Level::Warning,
    means: "No preset of the bundle uses a setting.",
    why: "An operator who corrects it corrects nothing.",
    mended: "",
    look: Look::Bundle(look),
};

fn look(subject: &Subject, tell: &mut Tell<'_>) {
    if subject.has_code() || subject.presets.is_empty() {
        return;
    }
    let source = &subject.bundle.source;
    let shared = texts::of_answer(&subject.bundle.is.answer);
    let own = subject.presets.iter().flat_map(|preset| {
        let texts = texts::of_preset(&preset.is);
        texts.into_iter().flat_map(|text| text.names(&preset.source)).collect::<Vec<_>>()
    });
    let names: Vec<_> = shared.iter().flat_map(|text| text.names(source)).chain(own).collect();
    let mut settings = names.iter().filter(|name| name.root == "settings").map(|name| name.key.as_deref());
    let used: Option<Vec<&str>> = settings.by_ref().collect();
    // Somebody takes all of them, or one by a name that is not known here.
    let Some(used) = used else { return };
    for name in subject.bundle.is.settings.keys().filter(|name| !used.contains(&name.as_str())) {
        let span = source.places.key(&["settings", name]);
        let problem = Problem::new(format!("no preset uses the setting \"{name}\""), span);
        let hint = format!("write {{{{settings.{name}}}}} where it belongs, or take it out");
        tell.at(source, problem.with_hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    fn more() -> Draft {
        Draft::new().shared("[settings]\n", "[settings]\nsize = { type = 'integer', default = 1, help = 'the size' }\n")
    }

    #[test]
    fn a_setting_that_no_preset_uses_is_told() {
        assert_eq!(more().told(), ["unused-setting: size"]);
    }

    #[test]
    fn a_setting_that_anything_uses_is_not() {
        for draft in [
            more().with("query = {", "query = { size = '{{settings.size}}',"),
            more().with("[outputs]", "[outputs_when]\nbig = 'response.size > settings[\"size\"]'\n[outputs]"),
            more().with("[outputs]", "[outputs_when]\nbig = 'response.size > settings[response.key]'\n[outputs]"),
            more().shared("[settings]", "[answer]\nok_when = 'response.size == settings.size'\n[settings]"),
        ] {
            assert_eq!(draft.told(), [""; 0]);
        }
    }

    #[test]
    fn one_preset_alone_says_nothing_of_the_bundle() {
        assert_eq!(more().told_of("get-user"), [""; 0]);
    }
}
