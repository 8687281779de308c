//! How presets differ: what they do, and what whoever uses them gives and gets.
//!
//! What breaks a use is told, and needs no approval: a new required input widens nothing.

use std::collections::BTreeSet;

use presetter_manifest::Effect;

use super::difference::Telling;
use super::{Permissions, Preset, Repeats};

pub(super) fn difference(old: &Permissions, new: &Permissions, telling: &mut Telling) {
    // Of a kind that comes or goes itself, that is told already.
    let kinds = [old, new].map(|permissions| permissions.connections.keys().collect());
    for (name, preset) in &new.presets {
        match old.presets.get(name) {
            Some(before) => changed(name, before, preset, (&kinds, only_reads(new)), telling),
            None => added(name, preset, only_reads(new), telling),
        }
    }
    for name in old.presets.keys().filter(|name| !new.presets.contains_key(*name)) {
        telling.other(format!("preset {name}: is gone"));
    }
}

/// Whether all that a bundle may send is a read for certain. Of a POST the bundle says what it is, and nobody else.
fn only_reads(permissions: &Permissions) -> bool {
    permissions.requests.iter().flat_map(|at| &at.methods).all(|method| ["GET", "HEAD"].contains(&method.as_str()))
}

const RAW: &str = "puts values into its body without encoding them (unsafe_raw): they can change what it asks for";

fn added(name: &str, preset: &Preset, only_reads: bool, telling: &mut Telling) {
    let new = if telling.first { "" } else { "new, " };
    let mut words = format!("preset {name}: {new}{}, {}", verb(preset.effect), preset.runs_as.words());
    if preset.redirects > 0 {
        words.push_str(&format!("; follows {} in a row", redirects(preset.redirects)));
    }
    if preset.unsafe_raw {
        words.push_str(&format!("; {RAW}"));
    }
    if preset.effect != Effect::Read && preset.repeats != Repeats::Never {
        words.push_str(&format!("; {}", preset.repeats.words()));
    }
    // What asks within the requests that are allowed anyway, and no more, is no wider.
    let plain = preset.effect == Effect::Read && only_reads && preset.redirects == 0 && !preset.unsafe_raw;
    if plain && !telling.first && preset.runs_as == super::RunsAs::Recipe {
        telling.other(words);
    } else {
        telling.wider(words);
    }
}

fn changed(
    name: &str,
    old: &Preset,
    new: &Preset,
    (kinds, only_reads): (&[BTreeSet<&String>; 2], bool),
    telling: &mut Telling,
) {
    let preset = format!("preset {name}");
    if old.effect != new.effect {
        let words = format!("{preset}: now {}, before it {}", verb(new.effect), verb(old.effect));
        // What is said to read is sent again after any failure, and asks nobody.
        if new.effect == Effect::Read && only_reads { telling.other(words) } else { telling.wider(words) }
    }
    if old.repeats != new.repeats {
        let words = format!("{preset}: {}, before it {}", new.repeats.words(), old.repeats.words());
        let reads = new.effect == Effect::Read && only_reads;
        if new.repeats > old.repeats && !reads { telling.wider(words) } else { telling.other(words) }
    }
    match (&old.probe, &new.probe) {
        (before, Some(now)) if before.as_ref() != Some(now) => {
            telling.wider(format!("{preset}: whether it took place is now told by the preset {now}"));
        }
        (Some(before), None) => {
            telling.other(format!("{preset}: the preset {before} no longer tells whether it took place"))
        }
        _ => {}
    }
    if old.runs_as != new.runs_as {
        let words = format!("{preset}: is now {}, before {}", new.runs_as.words(), old.runs_as.words());
        if new.runs_as > old.runs_as { telling.wider(words) } else { telling.other(words) }
    }
    match (old.unsafe_raw, new.unsafe_raw) {
        (false, true) => telling.wider(format!("{preset}: now {RAW}")),
        (true, false) => telling.other(format!("{preset}: encodes all values now")),
        _ => {}
    }
    if old.redirects != new.redirects {
        let words = format!("{preset}: follows {} in a row, before {}", redirects(new.redirects), old.redirects);
        if new.redirects > old.redirects { telling.wider(words) } else { telling.other(words) }
    }
    for kind in new.connections.difference(&old.connections).filter(|kind| kinds[0].contains(kind)) {
        telling.wider(format!("{preset}: works with connections of kind {kind} too"));
    }
    for kind in old.connections.difference(&new.connections).filter(|kind| kinds[1].contains(kind)) {
        telling.other(format!("{preset}: no longer works with connections of kind {kind}"));
    }
    inputs(&preset, old, new, telling);
    for (what, old, new) in [("the output", &old.outputs, &new.outputs), ("the field", &old.rows, &new.rows)] {
        let of = if what == "the field" { " in its rows" } else { "" };
        for name in new.difference(old) {
            telling.other(format!("{preset}: new, {what} `{name}`{of}"));
        }
        for name in old.difference(new) {
            telling.other(format!("{preset}: no longer gives {what} `{name}`{of}"));
        }
    }
}

fn inputs(preset: &str, old: &Preset, new: &Preset, telling: &mut Telling) {
    for (name, input) in &new.inputs {
        match old.inputs.get(name) {
            None if input.required => telling.other(format!("{preset}: new required input `{name}`")),
            None => telling.other(format!("{preset}: new input `{name}`")),
            Some(before) => {
                if before.kind != input.kind {
                    let words = format!(
                        "{preset}: the input `{name}` takes {}, before {}",
                        input.kind.name(),
                        before.kind.name()
                    );
                    telling.other(words);
                }
                match (before.required, input.required) {
                    (false, true) => telling.other(format!("{preset}: the input `{name}` is now required")),
                    (true, false) => telling.other(format!("{preset}: the input `{name}` may be left out now")),
                    _ => {}
                }
            }
        }
    }
    for name in old.inputs.keys().filter(|name| !new.inputs.contains_key(*name)) {
        telling.other(format!("{preset}: no longer asks for the input `{name}`"));
    }
}

fn redirects(count: u32) -> String {
    match count {
        0 => "no redirects".to_owned(),
        1 => "1 redirect".to_owned(),
        count => format!("{count} redirects"),
    }
}

fn verb(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "reads",
        Effect::Create => "makes something new",
        Effect::Update => "changes something",
        Effect::Delete => "removes something",
    }
}
