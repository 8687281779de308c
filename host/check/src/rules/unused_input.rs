//! An input that nothing uses.

use presetter_manifest::Preset;
use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::{Manifest, Subject};
use crate::texts::{self, Written};

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
    if texts.iter().any(Written::uses_whole_rows) {
        return;
    }
    used.extend(preset.is.batch.iter().filter_map(|batch| batch.key.as_ref()).map(|key| key.input.to_string()));
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
    fn what_the_rows_of_a_batch_use_is_used() {
        let batch = |query: &str| {
            Draft::new()
                .with("help = 'the id' }", MORE)
                .with("'{{id}}'", "'{{#each rows}}{{id}}{{/each}}'")
                .with("query = {", &format!("query = {{ team = '{query}',"))
                .with("[answer]", "[batch]\nmost = 5\nelements = '{{response}}'\n[answer]")
                .told()
        };
        assert_eq!(batch("{{#each rows}}{{optional team}}{{/each}}"), [""; 0]);
        assert_eq!(batch("{{#each rows}}{{#if team}}{{team}}{{/if}}{{/each}}"), [""; 0]);
        assert_eq!(batch("{{#each rows}}{{#with this}}{{team}}{{/with}}{{/each}}"), [""; 0]);
        assert_eq!(batch("{{#each rows}}x{{/each}}"), ["unused-input: team"]);
        assert_eq!(batch("{{#each rows}}{{team}}{{/each}}"), ["optional-input-required: {{team}}"]);
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
