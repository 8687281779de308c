//! An input that may be left out, in a place that cannot do without it.

use presetter_manifest::Preset;
use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::{Manifest, Subject};
use crate::texts::{self, Form, Place, Written};

pub(crate) const LINT: Lint = Lint {
    name: "optional-input-required",
    level: Level::Warning,
    means: "A template or a rule needs an input that is neither required nor has a default.",
    why: "Where it is not given, the request cannot be rendered or the answer cannot be judged, and the run fails.",
    mended: "",
    look: Look::Preset(look),
};

fn look(subject: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    if subject.is_code(&preset.is) {
        return;
    }
    for written in texts::of_preset(&preset.is) {
        // A look that lacks a value is not made, and words that cannot be rendered are others.
        if matches!(written.place, Place::Probe | Place::Mixup | Place::MixupMessage | Place::Message) {
            continue;
        }
        for name in written.names(&preset.source) {
            let absent = |name: &str| {
                let input = preset.is.inputs.get(name);
                input.is_some_and(|input| !input.is_always_there())
            };
            if name.optional || !absent(&name.root) || chosen(&preset.is, &written, &name.root) {
                continue;
            }
            let (what, hint) = match written.form {
                Form::Rule => ("judged", format!("give the input \"{}\" a default, or required = true", name.root)),
                Form::Template(..) => (
                    "rendered",
                    format!(
                        "write {{{{optional {0}}}}} or {{{{#if {0}}}}}, or give the input a default, or required = true",
                        name.root
                    ),
                ),
            };
            let message = format!("\"{}\" may be left out, and then this cannot be {what}", name.root);
            tell.at(&preset.source, Problem::new(message, name.span).with_hint(hint));
        }
    }
}

/// Whether `needs_one_of` may make sure that it is there: as the only one, or where a condition asks for the others.
fn chosen(preset: &Preset, written: &Written<'_>, name: &str) -> bool {
    let choice = &preset.needs_one_of;
    if !choice.iter().any(|chosen| chosen.as_str() == name) {
        return false;
    }
    let asks = match written.template() {
        Some(template) => !template.blocks().is_empty(),
        None => ["&&", "||", "?"].iter().any(|mark| written.text.as_str().contains(mark)),
    };
    choice.len() == 1 || asks
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    fn asking(query: &str) -> Draft {
        Draft::new()
            .with("help = 'the id' }", "help = 'the id' }\nteam = { type = 'string', help = 'the team' }")
            .with("query = {", &format!("query = {{ team = '{query}',"))
    }

    #[test]
    fn an_input_that_may_be_left_out_is_told_where_it_is_needed() {
        assert_eq!(asking("{{team}}").told(), ["optional-input-required: {{team}}"]);
        let rule =
            asking("{{optional team}}").with("[outputs]", "[outputs_when]\nmine = 'response.team == team'\n[outputs]");
        assert_eq!(rule.told(), ["optional-input-required: 'response.team == team'"]);
    }

    #[test]
    fn where_it_can_be_absent_it_is_not() {
        for query in
            ["{{optional team}}", "{{#if team}}{{team}}{{/if}}", "{{#unless team}}x{{else}}{{team}}{{/unless}}"]
        {
            assert_eq!(asking(query).told(), [""; 0], "{query}");
        }
        let default = asking("{{team}}").with("help = 'the team'", "default = 'a', help = 'the team'");
        assert_eq!(default.told(), [""; 0]);
        let words =
            asking("{{optional team}}").with("[answer]\n", "[answer]\nmessage = ['{{team}}: {{response.error}}']\n");
        assert_eq!(words.told(), [""; 0]);
    }

    #[test]
    fn a_choice_may_make_sure_of_it() {
        let choice = asking("{{#if mail}}x{{else}}{{team}}{{/if}}")
            .with("help = 'the team' }", "help = 'the team' }\nmail = { type = 'string', help = 'm' }")
            .with("effect =", "needs_one_of = ['team', 'mail']\neffect =");
        assert_eq!(choice.told(), [""; 0]);
        let plain = asking("{{team}}")
            .with("help = 'the team' }", "help = 'the team' }\nmail = { type = 'string', help = 'm' }")
            .with("team = '{{team}}'", "team = '{{team}}', mail = '{{optional mail}}'")
            .with("effect =", "needs_one_of = ['team', 'mail']\neffect =");
        assert_eq!(plain.told(), ["optional-input-required: {{team}}"]);
    }
}
