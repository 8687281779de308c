//! `presetter override`: a body that an operator keeps in place of a preset's own, outside of the signed bytes.
//!
//! Owns: setting, showing, removing one, and finding it for a run. Keeps: it is nothing but a body, checked as that of `--body`
//! is, when it is set and before each run; it is used only for a bundle of the source that it was set for; it is never passed
//! over in silence, and that the preset's own body has changed since is told.

mod file;

use presetter_bundle::Reference;
use presetter_manifest::{Preset, Request};
use presetter_receipt::sha256;
use presetter_runtime::BodyOverride;
use serde_json::{Value, json};

use self::file::Kept;
use crate::args::{OverrideArgs, OverrideVerb, TableFormat};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs;
use crate::output::aligned;
use crate::prepare::checked_body;
use crate::select::{self, Chosen, quoted};
use crate::world::World;

/// Sets, lists, shows or removes.
pub(crate) fn follow(world: &World, args: &OverrideArgs) -> Result<Exit, Failure> {
    match (&args.verb, &args.preset, &args.body) {
        (Some(OverrideVerb::List { format }), ..) => list(world, *format),
        (Some(OverrideVerb::Show { preset, format }), ..) => show(world, preset, *format),
        (Some(OverrideVerb::Remove { preset }), ..) => remove(world, preset),
        (None, Some(preset), Some(body)) => set(world, preset, body),
        (None, ..) => Err(Failure::usage("it takes a preset and --body FILE; see `presetter override --help`")),
    }
}

fn set(world: &World, preset: &str, body: &std::path::Path) -> Result<Exit, Failure> {
    let chosen = select::preset(world, preset)?;
    let manifest = &chosen.preset.manifest;
    if requests(manifest).next().is_none() {
        return Err(Failure::new(
            Exit::Invalid,
            format!("{} has no request of its own to give another body", chosen.reference),
        )
        .help("its component or script makes the requests"));
    }
    let (from, text) = inputs::body(body)?;
    let text = checked_body(from, text, manifest)?.text;
    let name = name(&chosen);
    let path = file_of(world, &chosen)?;
    let source = chosen.bundle.source();
    let before = file::read(&path)?;
    if let Some(before) = before.as_ref().filter(|before| !before.source.covers(source)) {
        return Err(Failure::usage(format!("{name} has an override that is for {}", before.source))
            .help(format!("to have one for {source} in its place, first: presetter override remove {name}")));
    }
    let kept =
        Kept { preset: chosen.preset.name.clone(), made_for: own_body(manifest), body: text, source: source.clone() };
    file::write(&path, &kept)?;
    world.console.say(&format!("{} is run with this body from now on ({})", line(&name), line(&source.to_string())));
    world.console.say(&format!("see the request that it makes: presetter plan {}", quoted(preset)));
    if !manifest.effect.writes() {
        world.console.say("its runs count as ones that may change something: nobody but you knows what the body does");
    }
    Ok(Exit::Ok)
}

/// The body that a preset is to be run with, if one is kept for it.
///
/// # Errors
/// Its file is wrong, or its template does not fit the preset any more.
pub(crate) fn of(world: &World, chosen: &Chosen) -> Result<Option<BodyOverride>, Failure> {
    let path = file_of(world, chosen)?;
    let Some(kept) = file::read(&path)? else { return Ok(None) };
    let name = name(chosen);
    let source = chosen.bundle.source();
    if !kept.source.covers(source) {
        let message = format!("the override of {name} is not used: it is for {}", kept.source);
        world.console.warn(&message, &[format!("this run is of {source}")]);
        return Ok(None);
    }
    let set_again = format!(
        "set it again: presetter override {0} --body FILE; or remove it: presetter override remove {0}",
        quoted(&chosen.reference.to_string())
    );
    let manifest = &chosen.preset.manifest;
    if kept.made_for != own_body(manifest) {
        let message = format!("the body of {name} has changed since its override was made, which is used all the same");
        let look = format!("look whether it still fits: presetter override show {name}");
        world.console.warn(&message, &[look, set_again.clone()]);
    }
    let checked = checked_body(format!("the override of {name}"), kept.body, manifest);
    checked.map(Some).map_err(|failure| failure.help(set_again))
}

fn list(world: &World, format: TableFormat) -> Result<Exit, Failure> {
    let mut shown = Vec::new();
    let mut exit = Exit::Ok;
    for path in file::all(world)? {
        match file::read(&path) {
            Ok(kept) => shown.extend(kept),
            Err(failure) => {
                world.console.fail(&failure);
                exit = exit.or(failure.exit);
            }
        }
    }
    // A closed pipe is the reader's choice.
    let _ = match format {
        TableFormat::Json => shown.iter().try_for_each(|kept| world.console.json(&object(kept))),
        TableFormat::Table if shown.is_empty() => {
            world.console.say("no preset is overridden");
            Ok(())
        }
        TableFormat::Table => {
            let row = |kept: &Kept| (line(&kept_name(kept)), line(&kept.source.to_string()));
            let rows: Vec<(String, String)> = shown.iter().map(row).collect();
            world.console.data(&aligned(&rows, "", world.console.color()).join("\n"))
        }
    };
    Ok(exit)
}

fn show(world: &World, preset: &str, format: TableFormat) -> Result<Exit, Failure> {
    let kept = found(world, preset)?;
    let _ = match format {
        TableFormat::Json => world.console.json(&object(&kept)),
        TableFormat::Table => {
            world.console.say(&format!(
                "in place of the body of {} ({})",
                line(&kept_name(&kept)),
                line(&kept.source.to_string())
            ));
            world.console.raw(&kept.body)
        }
    };
    Ok(Exit::Ok)
}

fn remove(world: &World, preset: &str) -> Result<Exit, Failure> {
    let (bundle, item) = named(world, preset)?;
    if !file::remove(&file::path(world, &bundle, &item)?)? {
        return Err(none(&bundle, &item));
    }
    world.console.say(&format!("{} has its own body again", line(&format!("{bundle}/{item}"))));
    Ok(Exit::Ok)
}

fn found(world: &World, preset: &str) -> Result<Kept, Failure> {
    let (bundle, item) = named(world, preset)?;
    file::read(&file::path(world, &bundle, &item)?)?.ok_or_else(|| none(&bundle, &item))
}

fn none(bundle: &str, preset: &str) -> Failure {
    Failure::usage(format!("there is no override of {bundle}/{preset}"))
        .help("see which there are with `presetter override list`")
}

/// Bundle and preset that a person names. A bundle that is named need not be there any more.
fn named(world: &World, preset: &str) -> Result<(String, String), Failure> {
    match select::reference(preset)? {
        Reference::Named { bundle, item } => Ok((bundle, item)),
        path => Ok((select::open(world, &path)?.manifest().name.as_str().to_owned(), path.item().to_owned())),
    }
}

fn object(kept: &Kept) -> Value {
    json!({ "preset": kept_name(kept), "source": kept.source, "made_for": kept.made_for, "body": kept.body })
}

fn kept_name(kept: &Kept) -> String {
    format!("{}/{}", kept.source.bundle(), kept.preset)
}

fn name(chosen: &Chosen) -> String {
    format!("{}/{}", chosen.bundle.manifest().name, chosen.preset.name)
}

fn file_of(world: &World, chosen: &Chosen) -> Result<std::path::PathBuf, Failure> {
    file::path(world, chosen.bundle.manifest().name.as_str(), &chosen.preset.name)
}

/// The requests of a preset, with the kind of connection that each is for: empty for all others.
fn requests(preset: &Preset) -> impl Iterator<Item = (&str, &Request)> {
    let variants =
        preset.variants.iter().filter_map(|(kind, variant)| Some((kind.as_str(), variant.request.as_ref()?)));
    preset.request.iter().map(|request| ("", request)).chain(variants)
}

/// The digest of the bodies that a preset has itself. Each behind its length, so that no two presets give the same bytes.
fn own_body(preset: &Preset) -> String {
    let mut bytes = Vec::new();
    for (kind, request) in requests(preset) {
        for part in [kind, request.body.as_ref().map_or("", |body| body.as_str())] {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(part.as_bytes());
        }
    }
    format!("sha256:{}", sha256(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_body_alone() {
        let bundle = presetter_bundle::Bundle::built_in("mosyle").unwrap().unwrap();
        let manifest = |name: &str| bundle.preset(name).unwrap().manifest;
        let changed = |from: &str, to: &str| {
            let text = bundle.preset("update-user").unwrap().text.replacen(from, to, 1);
            own_body(&Preset::parse("p.toml", &text, bundle.manifest()).unwrap())
        };
        let own = own_body(&manifest("update-user"));
        assert_ne!(own, own_body(&manifest("create-user")));
        assert_eq!(own, changed("title = \"Update", "title = \"Updated"));
        assert_ne!(own, changed("\"iduser\":", "\"iduser\" :"));
    }
}
