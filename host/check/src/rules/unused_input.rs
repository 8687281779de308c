//! An input that nothing uses.

use presetter_manifest::Preset;
use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::{Manifest, Subject};
use crate::texts;

pub(crate) const LINT: Lint = Lint {
    name: "unused-input",
    level: Level::Warning,
    means: "No template, rule, probe or mix-up uses an input.",
    why: "Whoever gives it believes that it has an effect. Often a template has another name for it. Scripts and components are left out: \
          what they use is not known.",
    mended: "",
    look: Look::Preset(look),
};

fn look(subject: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    if subject.is_code(&preset.is) {
        return;
    }
    let texts = texts::of_preset(&preset.is);
    let mut used: Vec<String> =
        texts.iter().flat_map(|text| text.names(&preset.source)).map(|name| name.root).collect();
    used.extend(preset.is.probe.iter().flat_map(|probe| &probe.equal).map(ToString::to_string));
    for name in preset.is.inputs.keys().filter(|name| !used.contains(name)) {
        let span = preset.source.places.key(&["inputs", name]);
        let problem = Problem::new(format!("nothing uses the input \"{name}\""), span);
        tell.at(&preset.source, problem.with_hint(format!("write {{{{{name}}}}} where it belongs, or take it out")));
    }
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    const MORE: &str = "help = 'the id' }\nteam = { type = 'string', help = 'the team' }";

    #[test]
    fn an_input_that_nothing_uses_is_told() {
        let draft = Draft::new().with("help = 'the id' }", MORE);
        assert_eq!(draft.told(), ["unused-input: team"]);
    }

    #[test]
    fn an_input_that_anything_uses_is_not() {
        for (from, to) in [
            ("query = {", "query = { team = '{{optional team}}',"),
            ("[outputs]", "[outputs]\nteam = '{{optional team}}'"),
            ("[outputs]", "[outputs_when]\nmine = 'response.team == team'\n[outputs]"),
            ("[request]", "[mixup]\npreset = 'get-team'\ninputs = { id = '{{team}}' }\nmessage = 'no'\n[request]"),
            (
                "[request]",
                "[for.key.request]\nmethod = 'GET'\npath = ['users', '{{id}}', '{{optional team}}']\n[request]",
            ),
        ] {
            let draft = Draft::new().with("help = 'the id' }", MORE).with(from, to).preset("get-team", &[]);
            assert!(!draft.told().iter().any(|told| told.starts_with("unused-input")), "{:?}", draft.told());
        }
    }

    #[test]
    fn what_a_script_uses_is_not_known() {
        let draft = Draft::new()
            .with("help = 'the id' }", MORE)
            .with("[outputs]\nname = '{{response.name}}'", "[returns]\nname = 'the name'")
            .with("effect =", "script = 'run.js'\neffect =")
            .file("get-user/run.js", "");
        assert_eq!(draft.told(), [""; 0]);
    }
}
