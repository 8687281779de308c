//! The page about one preset.

use presetter_bundle::{Bundle, PresetFile};
use presetter_manifest::{Input, InputKind, Preset};

use super::markdown::{block, cell_code, code, list, table, text};
use super::request::{self, typical};
use super::sample::Sample;
use super::{outcomes, words};

pub(super) fn parts(bundle: &Bundle, file: &PresetFile, samples: &[Sample]) -> Vec<String> {
    let preset = &file.manifest;
    let name = format!("{}/{}", bundle.manifest().name, file.name);
    let mut facts = vec![
        format!("**Effect:** {}", words::effect(preset)),
        format!("**A repeat** {}", words::repeat(preset)),
        format!("**Connections:** {}", words::kinds(bundle, preset)),
        format!("**Runs as** {}", words::runs_as(bundle, preset)),
    ];
    facts.extend(preset.redirects.map(|most| format!("**Redirects:** at most {most} in a row are followed")));
    facts.extend(
        preset
            .batch
            .as_ref()
            .map(|batch| format!("**Many at once:** up to {} rows in one request (`--each`)", batch.most)),
    );
    let mut parts = vec![format!("# {}", text(&preset.title)), code(&name), text(&preset.summary), list(&facts)];
    parts.extend(inputs(preset));
    parts.extend(outputs(preset));
    parts.push("## On the command line".to_owned());
    parts.push(block("sh", &command(&name, preset, typical(samples))));
    parts.extend(request::parts(bundle, file, samples));
    parts.extend(request::answers(samples));
    parts.extend(outcomes::parts(bundle, preset));
    parts.push("## What it may reach".to_owned());
    let granted = words::granted(bundle, preset);
    parts.push(if granted.is_empty() { "Nothing.".to_owned() } else { list(&granted) });
    parts
}

fn inputs(preset: &Preset) -> Vec<String> {
    if preset.inputs.is_empty() {
        return vec!["## Inputs".to_owned(), "None.".to_owned()];
    }
    let rows = preset.inputs.iter().map(|(name, input)| {
        let allowed = input.allowed.iter().flatten().map(|value| cell_code(&words::value(value)));
        let longest = input.max_length.map(|most| format!(", at most {most} characters")).unwrap_or_default();
        vec![
            cell_code(name),
            format!("{}{longest}", input.kind.name()),
            if input.required { "yes".to_owned() } else { String::new() },
            input.default.as_ref().map(|value| cell_code(&words::value(value))).unwrap_or_default(),
            allowed.collect::<Vec<_>>().join(", "),
            text(&input.help),
        ]
    });
    let heads = ["input", "type", "required", "default", "possible", "what it is"];
    let mut parts = vec!["## Inputs".to_owned(), table(&heads, &rows.collect::<Vec<_>>())];
    if !preset.needs_one_of.is_empty() {
        let names: Vec<String> = preset.needs_one_of.iter().map(|name| code(name.as_str())).collect();
        parts.push(format!("At least one of {}.", names.join(", ")));
    }
    parts
}

fn outputs(preset: &Preset) -> Vec<String> {
    let mut parts = Vec::new();
    let template = |name: &str, from: &str| vec![cell_code(name), cell_code(from), String::new()];
    let condition = |name: &str, when: &str| vec![cell_code(name), cell_code(when), "true or false".to_owned()];
    let said = |name: &str, what: &str| vec![cell_code(name), String::new(), text(what)];
    for (title, values, flags, told) in [
        ("Outputs", Some(&preset.outputs), &preset.outputs_when, &preset.returns),
        ("Rows", preset.rows.as_ref(), &preset.rows_when, &preset.emits),
    ] {
        let values = values.into_iter().flatten().map(|(name, from)| template(name, from.as_str()));
        let flags = flags.iter().map(|(name, when)| condition(name, when.as_str()));
        let told = told.iter().map(|(name, what)| said(name, what.as_str()));
        let rows: Vec<Vec<String>> = values.chain(flags).chain(told).collect();
        if !rows.is_empty() {
            let head = if title == "Rows" { "field" } else { "output" };
            parts.push(format!("## {title}"));
            parts.push(table(&[head, "from", "what it is"], &rows));
        }
    }
    parts
}

/// A command line: with the inputs of the sample, else with values that a person sees are not theirs.
fn command(name: &str, preset: &Preset, sample: Option<&Sample>) -> String {
    let mut lines = vec![format!("presetter run {}", quoted(name)), "-c CONNECTION".to_owned()];
    let pairs: Vec<(String, String)> = match sample {
        Some(sample) => {
            let default = |name: &str| preset.inputs.get(name).and_then(|input| input.default.as_ref());
            let given = sample.inputs.iter().filter(|(name, value)| default(name) != Some(*value));
            given.map(|(name, value)| (name.clone(), words::value(value))).collect()
        }
        None => {
            let one_of = preset.needs_one_of.first().map(|name| name.as_str());
            let needed = |(name, input): &(&String, &Input)| input.must_be_given() || one_of == Some(name.as_str());
            preset.inputs.iter().filter(needed).map(|(name, input)| (name.clone(), made_up(name, input))).collect()
        }
    };
    lines.extend(pairs.iter().map(|(name, value)| format!("--set {}", quoted(&format!("{name}={value}")))));
    lines.join(" \\\n    ")
}

fn made_up(name: &str, input: &Input) -> String {
    if let Some(value) = input.allowed.as_ref().and_then(|allowed| allowed.last()) {
        return words::value(value);
    }
    match input.kind {
        InputKind::String if name.contains("email") => "sarah@example.com",
        InputKind::String => "VALUE",
        InputKind::Integer | InputKind::Number => "1",
        InputKind::Boolean => "true",
        InputKind::List => "[]",
        InputKind::Object => "{}",
    }
    .to_owned()
}

/// A word as a POSIX shell takes it for one.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        for word in ["a b", "it's", "", "$HOME", "a\"b", "plain", "~x", "id=1", "`x`\n"] {
            assert_eq!(shlex::split(&quoted(word)), Some(vec![word.to_owned()]), "{word}");
        }
        assert_eq!(quoted("id=1"), "id=1");
    }
}
