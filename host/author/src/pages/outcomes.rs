//! How a preset ends, each rule in words.

use presetter_bundle::Bundle;
use presetter_manifest::{Answer, Preset, Several, Text};

use super::markdown::{cell_code, code, table};

/// What counts where several fit.
const ORDER: &str = "Where several fit: a status of 401, 403, 407, 429 or 5xx counts before any rule; then what proves not\\_found, then a failure.";

/// The section about outcomes.
pub(super) fn parts(bundle: &Bundle, preset: &Preset) -> Vec<String> {
    let shared = &bundle.manifest().answer;
    let mut parts = vec!["## Outcomes".to_owned()];
    if bundle.manifest().component.is_some() || preset.script.is_some() {
        parts.push("Its code decides. The rules that it can apply to an answer:".to_owned());
    }
    parts.extend(batch(preset));
    parts.push(rules(preset, &preset.answer, shared));
    parts.push(ORDER.to_owned());
    for (kind, variant) in preset.variants.iter().filter(|(kind, _)| preset.works_with(kind)) {
        if let Some(answer) = &variant.answer {
            parts.push(format!("With connections of kind {}:", code(kind)));
            parts.push(rules(preset, answer, shared));
        }
    }
    parts
}

/// What the rules of a batch are asked of.
fn batch(preset: &Preset) -> Option<String> {
    let batch = preset.batch.as_ref()?;
    let elements = batch.elements.as_ref()?;
    let whose = match &batch.key {
        Some(key) => format!("the one whose {} is the row's {}", code(key.field.as_str()), code(key.input.as_str())),
        None => "the one that stands in its place".to_owned(),
    };
    Some(format!(
        "Of a 2xx with {}, each row has its own element, {whose}; the rules are asked of it as if it were the answer. Every other \
         answer holds for all rows.",
        code(elements.as_str())
    ))
}

fn rules(preset: &Preset, own: &Answer, shared: &Answer) -> String {
    let rule = |text: &Text| cell_code(text.as_str());
    let mut rows = Vec::new();
    let mut row = |outcome: &str, when: String| rows.push(vec![format!("**{outcome}**"), when]);

    let ok = own.ok_when.as_ref().or(shared.ok_when.as_ref());
    row(
        "ok",
        match ok {
            Some(ok) => format!("the status is 2xx, and {} holds", rule(ok)),
            None => "the status is 2xx".to_owned(),
        },
    );
    for proof in [&own.not_found_when, &shared.not_found_when].into_iter().flatten() {
        row("not\\_found", format!("{} holds", rule(proof)));
    }
    if let Some(find) = &preset.find {
        let fields = find.matches.keys().map(|field| cell_code(field)).collect::<Vec<_>>().join(", ");
        row("not\\_found", format!("the whole list was read, and nothing in it has what is looked for ({fields})"));
        if find.several == Several::Fail {
            row("failed, `ambiguous`", format!("more than one in the list has what is looked for ({fields})"));
        }
    }
    if let Some(mixup) = &preset.mixup {
        let other = cell_code(mixup.preset.as_str());
        row("failed, `input`", format!("instead of not\\_found: {other} finds it, so it is of another kind"));
    }
    row("failed, `auth`", "the status is 401, 403 or 407".to_owned());
    row("failed, `rate`", "the status is 429".to_owned());
    row("failed, `server`", "the status is 5xx".to_owned());
    let mut refused = vec!["the status is not 2xx".to_owned()];
    refused.extend([&own.failed_when, &shared.failed_when].into_iter().flatten().map(|r| format!("{} holds", rule(r))));
    refused.extend(ok.map(|ok| format!("{} does not hold", rule(ok))));
    row("failed, `refused`", refused.join(", or "));
    if let Some(pages) = &preset.pages {
        row("failed, `incomplete`", format!("the list is longer than {} pages, or its end is not proven", pages.max));
    }
    let silent = "the answer does not say what became of the row";
    let batch = preset.batch.is_some();
    if preset.effect.writes() {
        let mut when = "it was sent, and no answer came, or that of a gateway: 502 or 504".to_owned();
        if batch {
            when.push_str(&format!("; or {silent}"));
        }
        row("unknown", when);
    } else if batch {
        row("failed, `answer`", silent.to_owned());
    }
    table(&["outcome", "when"], &rows)
}
