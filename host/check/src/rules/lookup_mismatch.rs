//! A probe or mix-up that does not fit the preset that it names.

use indexmap::IndexMap;
use presetter_manifest::{Preset, Text};
use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::{Manifest, Source, Subject};

pub(crate) const LINT: Lint = Lint {
    name: "lookup-mismatch",
    level: Level::Warning,
    means: "`[probe]` or `[mixup]` leaves out an input that the other preset needs, or names an output that it does not have.",
    why: "The look always fails, what is written never counts as equal, or an output is never supplied.",
    mended: "",
    look: Look::Preset(look),
};

fn look(subject: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    let source = &preset.source;
    if let Some(mixup) = &preset.is.mixup {
        inputs(subject, source, &mixup.preset, &mixup.inputs, tell);
    }
    let Some(probe) = &preset.is.probe else { return };
    inputs(subject, source, &probe.preset, &probe.inputs, tell);
    let Some(other) = subject.preset(probe.preset.as_str()) else { return };
    let known = outputs(other);
    let unknown = |name: &&Text| !known.iter().any(|known| *known == name.as_str());
    let hint = if known.is_empty() { "it has none".to_owned() } else { format!("its outputs: {}", known.join(", ")) };
    for name in probe.equal.iter().filter(unknown) {
        let message =
            format!("\"{}\" has no output \"{name}\", so what was written never counts as there", probe.preset);
        tell.at(source, Problem::new(message, name.span()).with_hint(hint.clone()));
    }
    for name in probe.outputs.iter().filter(unknown) {
        let message = format!("\"{}\" has no output \"{name}\", so it is never supplied", probe.preset);
        tell.at(source, Problem::new(message, name.span()).with_hint(hint.clone()));
    }
}

fn inputs(subject: &Subject, source: &Source, name: &Text, given: &IndexMap<String, Text>, tell: &mut Tell<'_>) {
    let Some(other) = subject.preset(name.as_str()) else { return };
    let needed = other.inputs.iter().filter(|(_, input)| input.must_be_given());
    let missing: Vec<String> =
        needed.filter(|(input, _)| !given.contains_key(*input)).map(|(input, _)| format!("\"{input}\"")).collect();
    let one_of = &other.needs_one_of;
    if !missing.is_empty() {
        let message = format!("\"{name}\" needs {}, which is not given", missing.join(" and "));
        tell.at(source, Problem::new(message, name.span()).with_hint("give it under `inputs`"));
    } else if !one_of.is_empty() && !one_of.iter().any(|input| given.contains_key(input.as_str())) {
        let names: Vec<&str> = one_of.iter().map(Text::as_str).collect();
        let message = format!("\"{name}\" needs one of {}, and none is given", names.join(", "));
        tell.at(source, Problem::new(message, name.span()).with_hint("give one under `inputs`"));
    }
}

/// The outputs that a preset has for some kind of connection.
fn outputs(preset: &Preset) -> Vec<&str> {
    let variants = preset.variants.values().filter_map(|variant| variant.outputs.as_ref());
    let mut names: Vec<&str> = preset.output_names().collect();
    names.extend(variants.flat_map(|outputs| outputs.keys().map(String::as_str)));
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    fn probing(probe: &str) -> Draft {
        Draft::new().shared("methods = ['GET']", "methods = ['GET', 'PUT']").preset(
            "rename",
            &[
                ("effect = 'read'", "effect = 'update'\nrepeat = 'natural'"),
                ("method = 'GET'", "method = 'PUT'"),
                (
                    "help = 'the id' }",
                    "help = 'the id' }\nname = { type = 'string', required = true, help = 'the name' }",
                ),
                ("query = {", "query = { name = '{{name}}',"),
                ("[outputs]", probe),
            ],
        )
    }

    #[test]
    fn what_does_not_fit_is_told() {
        for (probe, told) in [
            ("inputs = {}", "lookup-mismatch: 'get-user'"),
            ("inputs = { id = '{{id}}' }\nequal = ['name', 'id']", "lookup-mismatch: 'id'"),
            ("inputs = { id = '{{id}}' }\noutputs = ['email']", "lookup-mismatch: 'email'"),
        ] {
            let draft = probing(&format!("[probe]\npreset = 'get-user'\n{probe}\n[outputs]"));
            assert_eq!(draft.told(), [told], "{probe}");
            assert_eq!(draft.told_of("rename"), [told], "one preset alone knows the one that it names");
        }
        let mixup = probing("[mixup]\npreset = 'get-user'\ninputs = {}\nmessage = 'no'\n[outputs]");
        assert_eq!(mixup.told(), ["lookup-mismatch: 'get-user'"]);
    }

    #[test]
    fn what_fits_is_not() {
        let draft = probing(
            "[probe]\npreset = 'get-user'\ninputs = { id = '{{id}}' }\nequal = ['name']\noutputs = ['name']\n[outputs]",
        );
        assert_eq!(draft.told(), [""; 0]);
    }
}
