//! `presetter install` and `presetter upgrade`.
//!
//! Keeps: verified first, against the trust store and the machine's policy; then what it may do is shown and asked about; what is new
//! and wider is asked about by itself. Nothing of it is compiled or kept before a person agreed.

use std::collections::BTreeSet;

use presetter_pack::Rebuilt;
use presetter_package::{Bounds, Digest};
use presetter_registry::{Access, Reference};
use presetter_store::{Change, Incoming, Installed, LockFile, Locked, Note, Origin, Permissions, Unmet, difference};
use presetter_trust::Trust;
use semver::Version;

use super::load::{named, rejected, stored};
use super::place::Place;
use super::pull::Signed;
use super::{fetch, trust};
use crate::args::{ConsentArgs, InstallArgs, RegistryArgs, UpgradeArgs};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::policy::Policies;
use crate::world::World;
use crate::{ask, prepare};

/// Follows `presetter install`.
pub(crate) async fn install(world: &World, args: &InstallArgs) -> Result<Exit, Failure> {
    if args.locked {
        return locked(world, args).await;
    }
    let text = args.package.as_deref().unwrap_or_default();
    // Where a registry is named, a word is a bundle's name there, whatever folder of that name lies here.
    let of = |text: &str| match &args.registry {
        Some(_) if presetter_manifest::is_bundle_name(text) => Ok(Place::Name(text.to_owned())),
        _ => Place::of(text),
    };
    let mut asked_name = None;
    let place = match (of(text)?, &args.registry) {
        (Place::Name(name), Some(registry)) => {
            let place = newest(world, &format!("{registry}/{name}"), &args.network).await?.0;
            asked_name = Some(name);
            place
        }
        (Place::Name(name), None) => {
            return Err(Failure::usage(format!("\"{name}\" is a bundle's name; say where it is"))
                .help(format!("from a registry: presetter install {name} --registry registry.example/presets"))
                .help(format!(
                    "from a file: presetter install ./{}-VERSION.preset",
                    presetter_manifest::file_name(&name)
                )));
        }
        (place, _) => place,
    };
    let trusted = trust::current(world)?;
    let (bytes, origin) = fetch::package(world, &place, &args.network, Signed::By(&trusted)).await?;
    let version = place.version();
    let asked = Asked { name: asked_name.as_deref(), version: version.as_ref(), digest: None };
    let incoming = verified(world, text, bytes, origin, &trusted, &asked)?;
    let installed = settle(world, &incoming, &trusted, &args.consent)?;
    if args.lock {
        let path = world.cwd.join(LockFile::NAME);
        let mut file = LockFile::read(&path).map_err(stored)?.unwrap_or_default();
        file.lock(&installed, &world.cwd);
        file.write(&path).map_err(stored)?;
        world.console.say(&format!("{}: {} {} is locked", LockFile::NAME, installed.name, installed.version));
    }
    Ok(Exit::Ok)
}

/// Installs what the project's lock file names, exactly that.
async fn locked(world: &World, args: &InstallArgs) -> Result<Exit, Failure> {
    let path = world.cwd.join(LockFile::NAME);
    let Some(file) = LockFile::read(&path).map_err(stored)? else {
        return Err(Failure::usage(format!("there is no {} in this folder", LockFile::NAME))
            .help("presetter install PACKAGE --lock writes one"));
    };
    let trusted = trust::current(world)?;
    let installed = world.installed().list().map_err(stored)?;
    let unmet = file.unmet(&installed);
    for unmet in &unmet {
        let (Unmet::Missing(locked) | Unmet::OtherVersion(locked, _) | Unmet::OtherDigest(locked, _)) = unmet;
        if let Unmet::OtherDigest(_, there) = unmet {
            let message =
                format!("{} {} is installed as {there}, and locked as {}", locked.name, locked.version, locked.digest);
            return Err(Failure::new(Exit::Trust, message).help(format!(
                "find out which of them is right; to take the locked one: presetter remove {}, then again",
                locked.name
            )));
        }
        let place = place_of(&locked.origin, locked)?;
        let (bytes, origin) =
            fetch::package(world, &place, &args.network, Signed::By(&trusted)).await.map_err(|failure| {
                failure.help(format!(
                    "{} says that {} {} is there; if it is elsewhere now: presetter install PACKAGE --lock",
                    LockFile::NAME,
                    locked.name,
                    locked.version
                ))
            })?;
        let asked = Asked { name: Some(&locked.name), version: Some(&locked.version), digest: Some(locked.digest) };
        let incoming = verified(world, &locked.name, bytes, origin, &trusted, &asked)?;
        settle(world, &incoming, &trusted, &args.consent)?;
    }
    if unmet.is_empty() {
        world.console.say("everything that is locked is installed");
    }
    Ok(Exit::Ok)
}

/// Where a package can be had again. From a registry by its digest: whatever the tag says now.
fn place_of(origin: &Origin, locked: &Locked) -> Result<Place, Failure> {
    match origin {
        Origin::File(file) => Ok(Place::File(file.into())),
        Origin::Registry(text) => {
            let reference: Reference =
                text.parse().map_err(|_| Failure::usage(format!("{}: this is no reference", line(text))))?;
            Ok(Place::Registry(reference.at(locked.digest)))
        }
    }
}

/// Follows `presetter upgrade`.
pub(crate) async fn upgrade(world: &World, args: &UpgradeArgs) -> Result<Exit, Failure> {
    let store = world.installed();
    let mut wanted = store.list().map_err(stored)?;
    if let Some(name) = &args.name {
        wanted.retain(|installed| installed.name == *name);
        if wanted.is_empty() {
            return Err(Failure::usage(format!("{} is not installed", line(name))).help("what is: presetter list"));
        }
    }
    let trusted = trust::current(world)?;
    for installed in &wanted {
        let place = match (&args.from, installed.current().map(|kept| &kept.origin)) {
            (Some(from), _) => Place::of(from)?,
            (None, Some(Origin::Registry(reference))) => {
                let repository = place_without_version(reference)?;
                let (place, version) = newest(world, &repository, &args.network).await?;
                if version <= installed.version {
                    world.console.say(&format!("{} {} is the newest version", installed.name, installed.version));
                    continue;
                }
                place
            }
            (None, origin) => {
                let from = origin.map_or_else(|| "nowhere".to_owned(), |origin| line(&origin.to_string()));
                world.console.say(&format!("{} came from {from}; name the new one: --from FILE", installed.name));
                continue;
            }
        };
        let (bytes, origin) = fetch::package(world, &place, &args.network, Signed::By(&trusted)).await?;
        let version = place.version();
        let asked = Asked { name: Some(&installed.name), version: version.as_ref(), digest: None };
        let incoming = verified(world, &installed.name, bytes, origin, &trusted, &asked)?;
        if args.dry_run {
            let (changes, _) = changes(world, &incoming)?;
            shown(world, &incoming, &trusted, Some(installed), &changes);
            continue;
        }
        settle(world, &incoming, &trusted, &args.consent)?;
    }
    Ok(Exit::Ok)
}

/// A reference without its tag and digest.
fn place_without_version(text: &str) -> Result<String, Failure> {
    let reference: Result<Reference, _> = text.parse();
    reference
        .map(|reference| reference.place())
        .map_err(|_| Failure::usage(format!("{}: this is no reference", line(text))))
}

/// The newest version that a repository has, releases before others.
async fn newest(world: &World, repository: &str, network: &RegistryArgs) -> Result<(Place, Version), Failure> {
    let reference: Reference = repository
        .parse()
        .map_err(|error: presetter_registry::BadReference| Failure::usage(line(&error.to_string())))?;
    let registry = fetch::registry(world, network)?;
    let opened = registry.open(&reference, Access::Read).await.map_err(|error| fetch::unreached(&error))?;
    let versions = opened.versions().await.map_err(|error| fetch::unreached(&error))?.versions;
    let released = versions.iter().find(|(version, _)| version.pre.is_empty());
    let Some((version, tag)) = released.or_else(|| versions.first()) else {
        return Err(Failure::new(Exit::NotFound, format!("{} has no version", line(repository))));
    };
    Ok((Place::Registry(reference.tagged(tag.clone())), version.clone()))
}

/// What was asked for, where something was: whoever serves it does not choose.
struct Asked<'a> {
    name: Option<&'a str>,
    version: Option<&'a Version>,
    digest: Option<Digest>,
}

fn verified(
    world: &World,
    what: &str,
    bytes: Vec<u8>,
    origin: Origin,
    trusted: &Trust,
    asked: &Asked<'_>,
) -> Result<Incoming, Failure> {
    let ask = presetter_store::Ask {
        trust: trusted,
        name: asked.name,
        version: asked.version,
        digest: asked.digest,
        rollback_to: None,
        bounds: Bounds::default(),
        now: World::now(),
    };
    let incoming = Incoming::read(bytes, origin, &ask).map_err(|error| rejected(what, error))?;
    trust::warned(world, &incoming.verified().decision().warnings);
    Policies::load(world)?.admit_bundle(incoming.verified().bundle().source())?;
    // All of it is right before anybody is asked.
    for preset in incoming.verified().bundle().preset_names() {
        incoming.verified().bundle().preset(&preset)?;
    }
    // That its component is what its sources make is the bundle's word, until they are packed again here.
    let shown = matches!(presetter_pack::rebuild(incoming.verified().bundle()), Ok(Rebuilt::Same { .. }));
    Ok(if shown { incoming.rebuilt() } else { incoming })
}

/// What it may do that was not approved before, and what is installed now.
fn changes(world: &World, incoming: &Incoming) -> Result<(Vec<Change>, Option<Installed>), Failure> {
    let store = world.installed();
    let installed = store.find(incoming.verified().name()).map_err(stored)?;
    let approved = match &installed {
        Some(installed) => store.approval(&installed.name, installed.digest).map_err(stored)?,
        None => None,
    };
    let approved = approved.map(|approval| approval.permissions).unwrap_or_default();
    Ok((difference(&approved, incoming.verified().permissions()), installed))
}

/// Shows what is asked for, asks, and keeps it.
fn settle(world: &World, incoming: &Incoming, trusted: &Trust, consent: &ConsentArgs) -> Result<Installed, Failure> {
    let verified = incoming.verified();
    let (changes, installed) = changes(world, incoming)?;
    if let Some(installed) = installed.as_ref().filter(|installed| installed.digest == verified.digest()) {
        world.console.say(&format!("{} is installed already", named(verified)));
        return Ok(installed.clone());
    }
    shown(world, incoming, trusted, installed.as_ref(), &changes);
    agreed(world, incoming, installed.as_ref(), &changes, consent)?;
    let trust_store = trust::store(world);
    // Nothing is changed where it could not be recorded.
    trust_store.prepare().map_err(trust::refused)?;
    let user = world.user.clone().unwrap_or_else(|| "unknown".into());
    let note = Note { by: &user, why: None, at: World::now() };
    let store = world.installed();
    let permissions: &Permissions = verified.permissions();
    let done = match &installed {
        None => store.install(incoming, permissions, &note),
        Some(_) => store.upgrade(incoming, permissions, &note),
    }
    .map_err(|error| Failure::new(Exit::Trust, error.message).help(error.help))?;
    // Recorded once it is there: a version that was seen, and then not installed after all, would keep the one that is from running.
    // Whoever is killed between the two has it made good by the next run or the removal; till then the store takes nothing older.
    trust_store.record_seen(trusted, &verified.candidate()).map_err(trust::refused)?;
    compile(world, incoming)?;
    let verb = if installed.is_some() { "upgraded to" } else { "installed" };
    world.console.say(&format!("{verb} {}", named(verified)));
    let _ = world.console.data(&format!("{}  {}", verified.digest(), named(verified)));
    Ok(done)
}

fn shown(world: &World, incoming: &Incoming, trusted: &Trust, installed: Option<&Installed>, changes: &[Change]) {
    let verified = incoming.verified();
    let signers = verified.decision().signers.iter().map(|id| line(&trusted.document().named(*id)));
    let mut lines = vec![format!("{}, signed by {}", named(verified), signers.collect::<Vec<_>>().join(", "))];
    if installed.is_none() && presetter_bundle::Bundle::built_in_names().contains(&verified.name()) {
        lines.push(format!("  it takes the place of the bundle {} that is built into the program", verified.name()));
    }
    match installed {
        None => lines.extend(verified.permissions().words().iter().map(|words| format!("  {}", line(words)))),
        Some(installed) => {
            lines
                .push(format!("against {} {}, which is installed (+ may do more):", installed.name, installed.version));
            let (wider, other): (Vec<&Change>, Vec<&Change>) = changes.iter().partition(|change| change.widens);
            lines.extend(wider.iter().map(|change| format!("  + {}", line(&change.words))));
            lines.extend(other.iter().map(|change| format!("    {}", line(&change.words))));
            if changes.is_empty() {
                lines.push("    may do exactly the same".into());
            }
        }
    }
    world.console.say(&lines.join("\n"));
}

/// Whether a person agrees.
fn agreed(
    world: &World,
    incoming: &Incoming,
    installed: Option<&Installed>,
    changes: &[Change],
    consent: &ConsentArgs,
) -> Result<(), Failure> {
    let what = named(incoming.verified());
    let wider = installed.is_some() && changes.iter().any(|change| change.widens);
    if wider && !consent.accept_wider_grants {
        let question = format!("{what} may do more than what you approved (marked +). Accept that?");
        if !world.interactive || !ask::agreed(world, &question) {
            return Err(Failure::new(
                Exit::Trust,
                format!("{what} may do more than what was approved; nothing was changed"),
            )
            .help("look at the lines with +; to accept them: --accept-wider-grants"));
        }
        return Ok(());
    }
    if consent.yes {
        return Ok(());
    }
    if !world.interactive {
        return Err(
            Failure::usage(format!("{what} is trusted; nobody said yes to what it may do")).help("say it: --yes")
        );
    }
    let verb = if installed.is_some() { "upgrade to" } else { "install" };
    if ask::agreed(world, &format!("{verb} {what}?")) {
        return Ok(());
    }
    Err(Failure::usage("nothing was changed"))
}

/// Compiles its components, so that the first run starts warm.
fn compile(world: &World, incoming: &Incoming) -> Result<(), Failure> {
    let bundle = incoming.verified().bundle();
    let engine = prepare::engine(world, &prepare::bundle_limits(bundle))?;
    let mut done = BTreeSet::new();
    for preset in bundle.preset_names() {
        let parts = presetter_pack::parts(bundle, &preset)?;
        if done.insert(parts.sha256.clone()) {
            let loaded = engine.load_known(&parts.component, &parts.sha256);
            loaded.map_err(|error| {
                Failure::new(Exit::Invalid, format!("{}{error}", parts.origin(bundle))).help(error.hint())
            })?;
        }
    }
    Ok(())
}
