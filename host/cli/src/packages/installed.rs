//! `presetter list`, `remove`, `rollback`: what is installed.

use presetter_package::Bounds;
use presetter_store::{Ask, Note, Verified};
use semver::Version;
use serde_json::json;

use super::load::{rejected, stored};
use super::trust;
use crate::args::{ListArgs, RollbackArgs, TableFormat, UninstallArgs};
use crate::ask;
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// Follows `presetter list`.
pub(crate) fn list(world: &World, args: &ListArgs) -> Result<Exit, Failure> {
    let store = world.installed();
    let installed = store.list().map_err(stored)?;
    if args.format == TableFormat::Json {
        let objects: Vec<_> = installed
            .iter()
            .map(|bundle| {
                json!({
                    "name": bundle.name,
                    "version": bundle.version.to_string(),
                    "digest": bundle.digest.to_string(),
                    "origin": bundle.current().map(|kept| kept.origin.to_string()),
                    "went_back": bundle.went_back,
                    "kept": bundle.kept.iter().map(|kept| kept.version.to_string()).collect::<Vec<_>>(),
                })
            })
            .collect();
        let _ = world.console.json(&json!({ "installed": objects }));
        return Ok(Exit::Ok);
    }
    if installed.is_empty() {
        world.console.say("nothing is installed; presetter install PACKAGE");
    }
    for bundle in &installed {
        let origin = bundle.current().map(|kept| line(&kept.origin.to_string())).unwrap_or_default();
        let back = if bundle.went_back { "  (went back)" } else { "" };
        let others: Vec<String> = bundle
            .kept
            .iter()
            .filter(|kept| kept.digest != bundle.digest)
            .map(|kept| kept.version.to_string())
            .collect();
        let others = if others.is_empty() { String::new() } else { format!("\n    also kept: {}", others.join(", ")) };
        let _ = world.console.data(&format!(
            "{} {}{back}\n    {}\n    from {origin}{others}",
            bundle.name, bundle.version, bundle.digest
        ));
    }
    Ok(Exit::Ok)
}

/// Follows `presetter remove`.
pub(crate) fn remove(world: &World, args: &UninstallArgs) -> Result<Exit, Failure> {
    let user = user(world);
    let note = Note { by: &user, why: None, at: World::now() };
    let store = world.installed();
    if let Some(installed) = store.find(&args.name).map_err(stored)? {
        let trust_store = trust::store(world);
        trust_store.record_removed(&installed.name, &installed.version, installed.digest).map_err(trust::refused)?;
    }
    let removed = store.remove(&args.name, &note);
    let removed = removed.map_err(|error| Failure::usage(error.message).help(error.help))?;
    world.console.say(&format!("removed {} {}; its connections and receipts stay", removed.name, removed.version));
    Ok(Exit::Ok)
}

/// Follows `presetter rollback`.
pub(crate) fn rollback(world: &World, args: &RollbackArgs) -> Result<Exit, Failure> {
    let version: Version =
        args.to.parse().map_err(|error| Failure::usage(format!("--to {}: {error}", line(&args.to))))?;
    let store = world.installed();
    let trusted = trust::current(world)?;
    let (kept, file) =
        store.open_version(&args.name, &version).map_err(|error| Failure::usage(error.message).help(error.help))?;
    let ask = Ask {
        trust: &trusted,
        name: Some(&args.name),
        version: Some(&version),
        digest: Some(kept.digest),
        rollback_to: Some(kept.digest),
        bounds: Bounds::default(),
        now: World::now(),
    };
    let verified = Verified::read(std::io::BufReader::new(file), &ask).map_err(|error| rejected(&args.name, error))?;
    trust::warned(world, &verified.decision().warnings);
    if !args.consent.yes {
        let question = format!("go back to {} {version}, which may have faults that were mended since?", args.name);
        if !world.interactive {
            return Err(Failure::usage("nobody said yes to going back").help("say it: --yes"));
        }
        if !ask::agreed(world, &question) {
            return Err(Failure::usage("nothing was changed"));
        }
    }
    let user = user(world);
    let note = Note { by: &user, why: args.reason.as_deref(), at: World::now() };
    let done = store.rollback(&verified, &note);
    let done = done.map_err(|error| Failure::new(Exit::Trust, error.message).help(error.help))?;
    world.console.say(&format!("{} is {} again", done.name, done.version));
    Ok(Exit::Ok)
}

fn user(world: &World) -> String {
    world.user.clone().unwrap_or_else(|| "unknown".into())
}
