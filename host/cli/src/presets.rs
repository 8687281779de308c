//! `presetter presets` and `presetter show`: what there is, and what one preset does.

use std::collections::BTreeSet;

use presetter_bundle::{Bundle, Reference};
use presetter_manifest::{Preset, Repeat, short_name};
use serde_json::Value;

use crate::add_command::{Given, add_command};
use crate::args::PresetsArgs;
use crate::console::{Console, Paint, line, painted, text};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{aligned, cell, width};
use crate::packages::load;
use crate::select::{self, Chosen, quoted};
use crate::world::World;

/// Lists presets.
pub(crate) fn list(world: &World, args: &PresetsArgs) -> Result<Exit, Failure> {
    let mut found: Vec<[String; 3]> = Vec::new();
    let mut wrong: Option<Failure> = None;
    let mut add = |failure: Failure| {
        wrong = Some(match wrong.take() {
            Some(before) => before.and(failure),
            None => failure,
        });
    };
    for opened in bundles(world, args.bundle.as_deref())? {
        let (prefix, bundle) = match opened {
            Ok(opened) => opened,
            Err(failure) => {
                add(failure);
                continue;
            }
        };
        for name in bundle.preset_names() {
            match bundle.preset(&name) {
                Ok(preset) => {
                    let manifest = &preset.manifest;
                    if wanted(args.find.as_deref(), &[&name, &manifest.title, &manifest.summary]) {
                        found.push([
                            line(&format!("{prefix}/{name}")),
                            manifest.effect.name().into(),
                            line(&manifest.title),
                        ]);
                    }
                }
                Err(error) => add(error.into()),
            }
        }
    }
    let wide = |column: usize| found.iter().map(|row| width(&row[column])).max().unwrap_or(0);
    let (first, second) = (wide(0), wide(1));
    let lines: Vec<String> =
        found.iter().map(|[name, effect, title]| format!("{name:<first$}  {effect:<second$}  {title}")).collect();
    if !lines.is_empty() {
        let _ = world.console.data(&lines.join("\n"));
    }
    match wrong {
        Some(failure) => Err(failure),
        None if found.is_empty() => {
            world.console.say("no preset has that word in its name, title or summary");
            Ok(Exit::Ok)
        }
        None => Ok(Exit::Ok),
    }
}

/// A bundle, with what stands before the name of a preset; or why it cannot be opened.
type Opened = Result<(String, Bundle), Failure>;

/// The bundles to list. One that is not trusted any more does not hide the others.
fn bundles(world: &World, given: Option<&str>) -> Result<Vec<Opened>, Failure> {
    let named = |name: &str| {
        let any = Reference::Named { bundle: name.to_owned(), item: "x".into() };
        select::open(world, &any).map(|bundle| (name.to_owned(), bundle))
    };
    let installed = world.installed().list().map_err(load::stored)?.into_iter().map(|bundle| bundle.name);
    let known: BTreeSet<String> = Bundle::built_in_names().into_iter().map(str::to_owned).chain(installed).collect();
    let Some(given) = given else {
        return Ok(known.iter().map(|name| named(name)).collect());
    };
    if known.contains(given) {
        return Ok(vec![named(given)]);
    }
    // A folder is named as in a preset's path; `x` stands for any preset.
    let folder = given.trim_end_matches(['/', '\\']);
    match select::reference(&format!("{folder}/x"))? {
        path @ Reference::Path { .. } => Ok(vec![Ok((folder.to_owned(), Bundle::open(&path)?))]),
        Reference::Named { .. } => {
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            Err(Failure::new(Exit::Invalid, format!("there is no bundle \"{given}\"")).help(format!(
                "built in or installed: {known}; a bundle in a folder is named by its path, as in ./{given}"
            )))
        }
    }
}

fn wanted(word: Option<&str>, texts: &[&str]) -> bool {
    word.is_none_or(|word| texts.iter().any(|text| text.to_lowercase().contains(&word.to_lowercase())))
}

/// Shows one preset, or one kind of connection.
pub(crate) fn show(world: &World, name: &str) -> Result<Exit, Failure> {
    let shown = match kind(world, name)? {
        Some((reference, bundle)) => described_kind(&reference, &bundle, world.console.color()),
        None => described(&select::preset(world, name)?, &world.console),
    };
    let _ = world.console.data(&shown);
    Ok(Exit::Ok)
}

/// The bundle of a kind, if the name is a kind's and no preset's.
fn kind(world: &World, name: &str) -> Result<Option<(Reference, Bundle)>, Failure> {
    let reference = select::reference(name)?;
    let bundle = select::open(world, &reference)?;
    let item = reference.item();
    let is_kind = bundle.manifest().connections.contains_key(item) && !bundle.preset_names().iter().any(|p| p == item);
    Ok(is_kind.then_some((reference, bundle)))
}

fn described_kind(reference: &Reference, bundle: &Bundle, color: bool) -> String {
    let kind = &bundle.manifest().connections[reference.item()];
    let mut shown = vec![painted(Paint::Bold, &line(&kind.title), color)];
    if !kind.help.is_empty() {
        shown.push(text(&kind.help));
    }
    let base_url = kind.base_url.as_ref().map_or("given by whoever adds a connection", |url| url.as_str());
    shown.push(String::new());
    shown.extend(aligned(
        &[
            ("bundle".to_owned(), line(&format!("{}; version {}", bundle.source(), bundle.manifest().version))),
            ("base URL".to_owned(), line(base_url)),
        ],
        "",
        color,
    ));
    let fields = kind.fields.iter().map(|(name, field)| {
        let optional = if field.required { "" } else { "; may be left out" };
        (line(name), line(&format!("{}{optional}", field.help)))
    });
    let secrets = kind.secrets.iter().map(|(name, secret)| (line(name), line(&secret.help)));
    let tables: [(&str, Vec<(String, String)>); 2] = [("fields", fields.collect()), ("secrets", secrets.collect())];
    for (title, rows) in tables.iter().filter(|(_, rows)| !rows.is_empty()) {
        shown.push(format!("\n{}", painted(Paint::Bold, title, color)));
        shown.extend(aligned(rows, "  ", color));
    }
    shown.push(format!("\n{}", painted(Paint::Bold, "to add one", color)));
    let command =
        add_command(short_name(bundle.manifest().name.as_str()), &reference.to_string(), kind, &Given::default());
    shown.extend(command.iter().map(|part| format!("  {}", line(part))));
    shown.join("\n")
}

fn described(chosen: &Chosen, console: &Console) -> String {
    let preset = &chosen.preset.manifest;
    let bundle = chosen.bundle.manifest();
    let color = console.color();
    let heading = |title: &str| format!("\n{}", painted(Paint::Bold, title, color));
    let mut shown = vec![painted(Paint::Bold, &line(&preset.title), color)];
    if !preset.summary.is_empty() {
        shown.push(text(&preset.summary));
    }
    let kinds = bundle.connections.keys().filter(|kind| preset.works_with(kind));
    let kinds: Vec<String> = kinds.map(|kind| chosen.reference.sibling(kind).to_string()).collect();
    shown.push(String::new());
    let mut facts = vec![
        ("bundle".to_owned(), line(&format!("{}; version {}", chosen.bundle.source(), bundle.version))),
        ("effect".to_owned(), effect(preset)),
        ("a repeat".to_owned(), repeat(preset)),
        ("connections".to_owned(), line(&kinds.join(", "))),
    ];
    if preset.most() > 1 {
        facts.push(("many at once".into(), format!("up to {} rows in one request (--each)", preset.most())));
    }
    if let Ok(digest) = chosen.bundle.digest(&chosen.preset.name) {
        facts.push(("digest".into(), format!("sha256:{digest}")));
    }
    shown.extend(aligned(&facts, "", color));

    if !preset.inputs.is_empty() {
        shown.push(heading("inputs"));
        let rows: Vec<(String, String)> =
            preset.inputs.iter().map(|(name, input)| (line(name), input_words(input))).collect();
        shown.extend(aligned(&rows, "  ", color));
        if !preset.needs_one_of.is_empty() {
            let names: Vec<&str> = preset.needs_one_of.iter().map(|n| n.as_str()).collect();
            shown.push(format!("  at least one of {}", line(&names.join(", "))));
        }
    }
    for (title, names) in
        [("outputs", preset.output_names().collect::<Vec<_>>()), ("rows", preset.row_names().collect())]
    {
        if !names.is_empty() {
            shown.push(heading(title));
            shown.push(format!("  {}", line(&names.join(", "))));
        }
    }
    shown.push(heading("may send, and nothing else"));
    for grant in &bundle.grants {
        let list = |texts: &[presetter_manifest::Text]| {
            texts.iter().map(|t| t.as_str().to_owned()).collect::<Vec<_>>().join(", ")
        };
        let port = grant.port.map(|port| format!(":{port}")).unwrap_or_default();
        let place = grant
            .host
            .as_ref()
            .map_or_else(|| "below the connection's base URL".to_owned(), |host| format!("at https://{host}{port}"));
        shown.push(line(&format!("  {} {} {place}", list(&grant.methods), list(&grant.paths))));
    }
    if bundle.grants.is_empty() {
        shown.push("  nothing".into());
    }
    if let Some(most) = preset.redirects {
        shown.push(format!("  and follow at most {most} redirects in a row, each to a place listed here"));
    }
    let used: Vec<(String, String)> = crate::assumptions::used_by(preset, None)
        .into_iter()
        .filter_map(|name| {
            bundle.settings.get(&name).map(|s| (line(&name), format!("{}; {}", cell(&s.default), line(&s.help))))
        })
        .collect();
    if !used.is_empty() {
        shown.push(heading("settings (the bundle's assumptions)"));
        shown.extend(aligned(&used, "  ", color));
    }
    shown.push(heading("example"));
    shown.push(format!("  {}", example(chosen)));
    shown.join("\n")
}

fn effect(preset: &Preset) -> String {
    let about = if preset.object.is_empty() { "something" } else { &preset.object };
    match preset.effect.name() {
        "read" => "read: changes nothing".to_owned(),
        name => format!("{name}: changes {}", line(about)),
    }
}

fn repeat(preset: &Preset) -> String {
    match (preset.repeat(), &preset.probe) {
        (Repeat::Natural, _) => "is safe: twice is the same as once".into(),
        (Repeat::Key, _) => "is safe: the request bears a key by which the vendor knows it".into(),
        (Repeat::Probe, Some(probe)) => {
            format!("needs a look: --confirm asks {} before and after", line(probe.preset.as_str()))
        }
        _ => "is not safe: whoever repeats it does it twice".into(),
    }
}

fn input_words(input: &presetter_manifest::Input) -> String {
    let mut words = vec![input.kind.name().to_owned()];
    if input.required {
        words.push("required".into());
    }
    if let Some(allowed) = &input.allowed {
        words.push(format!("one of {}", allowed.iter().map(cell).collect::<Vec<_>>().join(", ")));
    }
    if let Some(default) = &input.default {
        words.push(format!("else {}", cell(default)));
    }
    let words = words.join(", ");
    if input.help.is_empty() { words } else { format!("{words}; {}", line(&input.help)) }
}

/// A command line that would run it.
fn example(chosen: &Chosen) -> String {
    let preset = &chosen.preset.manifest;
    let one_of = preset.needs_one_of.first().map(|name| name.as_str());
    let mut words = vec![format!("presetter run {}", quoted(&line(&chosen.reference.to_string())))];
    for (name, input) in preset.inputs.iter().filter(|(name, input)| input.required || one_of == Some(name)) {
        let value = input.allowed.as_ref().and_then(|allowed| allowed.last()).map_or_else(|| sample(name, input), cell);
        words.push(format!("--set {}", quoted(&format!("{}={value}", line(name)))));
    }
    words.join(" ")
}

/// A value that a person will see is not theirs.
fn sample(name: &str, input: &presetter_manifest::Input) -> String {
    use presetter_manifest::InputKind as Is;
    match input.kind {
        Is::String if name.contains("email") => "sarah@example.com".into(),
        Is::String => "VALUE".into(),
        Is::Integer | Is::Number => "1".into(),
        Is::Boolean => Value::Bool(true).to_string(),
        Is::List => "[]".into(),
        Is::Object => "{}".into(),
    }
}
