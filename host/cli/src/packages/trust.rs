//! `presetter trust`: what is trusted, and changes to it.
//!
//! Owns: from words to a change, and who signs it. Keeps: no change takes effect that the root's keys did not sign; one that needs
//! others too is written to a file for them, and nothing here changes.

mod show;

use std::fs;
use std::io::Read as _;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use presetter_package::{Digest, KeyId, PrivateKey};
use presetter_trust::{Change, Need, NewKey, Pattern, Proposal, Refused, Root, Rule, Store, Trust};

use super::keys;
use crate::args::{
    AddKeyArgs, PassphraseArgs, RenewArgs, RootArgs, RootKeyArgs, RuleArgs, TrustExportArgs, TrustImportArgs,
    TrustInitArgs, TrustSignArgs, TrustVerb,
};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::world::World;

/// How long a key of the root is said to be good for; the root itself is not bound by it.
const ROOT_KEY_LASTS: SignedDuration = SignedDuration::from_hours(24 * 365 * 20);
/// The most that is read of what others hand over, in bytes; its reader takes less, and says so.
const MOST_HANDED_OVER: u64 = 16 * 1024 * 1024;
/// How long a key is good for unless its owner says otherwise.
const KEY_LASTS: SignedDuration = SignedDuration::from_hours(24 * 365 * 3);

/// Follows `presetter trust`.
pub(crate) async fn follow(world: &World, verb: &TrustVerb) -> Result<Exit, Failure> {
    match verb {
        TrustVerb::Init(args) => init(world, args).await,
        TrustVerb::AddKey(args) => add_key(world, args).await,
        TrustVerb::RevokeKey(args) => {
            let trust = current(world)?;
            let id = known_key(&trust, &args.id)?;
            change(world, &trust, Change::RevokeKey { id, reason: args.reason.clone() }, &args.root).await
        }
        TrustVerb::RevokeDigest(args) => {
            let digest: Digest = args.digest.parse().map_err(|_| no_id("digest", &args.digest))?;
            let revoke = Change::RevokeDigest { digest, reason: args.reason.clone() };
            change(world, &current(world)?, revoke, &args.root).await
        }
        TrustVerb::Rule(args) => rule(world, args).await,
        TrustVerb::Root(args) => root(world, args).await,
        TrustVerb::Renew(args) => renew(world, args).await,
        TrustVerb::List(args) => show::list(world, args.format),
        TrustVerb::Check(args) => show::check(world, args.format),
        TrustVerb::Export(args) => export(world, args),
        TrustVerb::Import(args) => import(world, args),
        TrustVerb::Sign(args) => sign(world, args).await,
    }
}

/// The trust store of this user.
pub(crate) fn store(world: &World) -> Store {
    Store::open(&world.dirs.config, &world.dirs.state)
}

/// What is trusted now.
pub(crate) fn current(world: &World) -> Result<Trust, Failure> {
    store(world).current().map_err(refused)
}

/// Tells what a decision has to say on every use.
pub(crate) fn warned(world: &World, warnings: &[presetter_trust::Finding]) {
    for finding in warnings {
        world.console.warn(&line(&finding.message), std::slice::from_ref(&finding.help));
    }
}

/// A refusal, as a person reads it: mostly a question of trust.
pub(crate) fn refused(refused: Refused) -> Failure {
    use presetter_trust::Code;
    // What was asked for cannot be, or a file cannot be read: that is no question of trust.
    let exit = match refused.code {
        Code::BadChange | Code::StoreExists => Exit::Usage,
        Code::Io | Code::Malformed => Exit::Invalid,
        _ => Exit::Trust,
    };
    match refused.at {
        Some(at) => Failure::at(exit, at).help(refused.help),
        None => Failure::new(exit, refused.message).help(refused.help),
    }
}

async fn init(world: &World, args: &TrustInitArgs) -> Result<Exit, Failure> {
    let now = World::now();
    let path = store(world).path();
    if path.exists() {
        return Err(Failure::usage(format!("there is a trust store already: {}", line(&path.display().to_string())))
            .help("see it: presetter trust list; give it other root keys: presetter trust root --key FILE"));
    }
    let threshold = u32::try_from(args.threshold).unwrap_or(u32::MAX);
    let private = private_keys(world, &args.root_keys, &args.passphrase).await?;
    let own = args.root_keys.iter().zip(private.iter().map(|key| key.public().clone()));
    let others =
        args.root_pub.iter().map(|file| Ok((file, keys::public(file)?))).collect::<Result<Vec<_>, Failure>>()?;
    let described = |(file, key): (&std::path::PathBuf, _)| NewKey {
        key,
        owner: format!("root key {}", stem(file)),
        not_before: now,
        not_after: now.saturating_add(ROOT_KEY_LASTS).unwrap_or(Timestamp::MAX),
    };
    let all: Vec<NewKey> = own.chain(others).map(described).collect();
    let mut proposal = Proposal::first(&all, threshold, later(&args.expires, now)?, now).map_err(refused)?;
    for key in &private {
        proposal.sign(key).map_err(refused)?;
    }
    // Whoever makes the store names its root.
    let root = proposal.document().root.clone();
    let applied = store(world).apply(&proposal, Some(&root), now).map_err(|error| match error.code {
        presetter_trust::Code::RootThreshold => Failure::new(Exit::Trust, error.message)
            .help("begin with the keys that are here: presetter trust init --root-key KEY")
            .help("then let all of them sign the whole root: presetter trust root --key FILE --key FILE --threshold N --proposal FILE"),
        _ => refused(error),
    })?;
    world.console.say(&format!("{}: version {}", line(&path.display().to_string()), applied.to));
    for id in root.keys {
        let _ = world.console.data(&format!("root {id}"));
    }
    Ok(Exit::Ok)
}

async fn add_key(world: &World, args: &AddKeyArgs) -> Result<Exit, Failure> {
    let now = World::now();
    let key = keys::public(&args.file)?;
    let id = key.id();
    let not_before = args.not_before.as_deref().map_or(Ok(now), day)?;
    let lasting = now.saturating_add(KEY_LASTS).unwrap_or(Timestamp::MAX);
    let not_after = args.not_after.as_deref().map_or(Ok(lasting), day)?;
    let new = NewKey { key, owner: args.owner.clone(), not_before, not_after };
    let exit = change(world, &current(world)?, Change::AddKey(new), &args.root).await?;
    world.console.say(&format!("it counts where a rule names it: presetter trust rule NAME --key {id}"));
    let _ = world.console.data(&id.to_string());
    Ok(exit)
}

async fn rule(world: &World, args: &RuleArgs) -> Result<Exit, Failure> {
    let pattern: Pattern =
        args.name.parse().map_err(|error| Failure::usage(format!("{}: {error}", line(&args.name))))?;
    let trust = current(world)?;
    if args.remove {
        return change(world, &trust, Change::RemoveRule(pattern), &args.root).await;
    }
    let keys = args.key.iter().map(|text| known_key(&trust, text)).collect::<Result<Vec<_>, _>>()?;
    if let Some(id) = keys.iter().find(|id| trust.document().key(**id).is_none()) {
        return Err(Failure::usage(format!("the trust store has no key {id}"))
            .help("add it first: presetter trust add-key FILE --owner WHO"));
    }
    let threshold = u32::try_from(args.threshold).unwrap_or(u32::MAX);
    change(world, &trust, Change::SetRule(Rule { pattern, threshold, keys }), &args.root).await
}

async fn root(world: &World, args: &RootArgs) -> Result<Exit, Failure> {
    let now = World::now();
    let trust = current(world)?;
    let mut changes = Vec::new();
    let mut ids = Vec::new();
    for file in &args.key {
        let key = keys::public(file)?;
        ids.push(key.id());
        // A key that is there keeps its owner and its dates.
        if trust.document().key(key.id()).is_none() {
            let not_after = now.saturating_add(ROOT_KEY_LASTS).unwrap_or(Timestamp::MAX);
            let owner = format!("root key {}", stem(file));
            changes.push(Change::AddKey(NewKey { key, owner, not_before: now, not_after }));
        }
    }
    changes.push(Change::SetRoot(Root { threshold: u32::try_from(args.threshold).unwrap_or(u32::MAX), keys: ids }));
    propose(world, &trust, &changes, &args.root).await
}

async fn renew(world: &World, args: &RenewArgs) -> Result<Exit, Failure> {
    let expires = later(&args.expires, World::now())?;
    change(world, &current(world)?, Change::Extend(expires), &args.root).await
}

async fn change(world: &World, trust: &Trust, change: Change, args: &RootKeyArgs) -> Result<Exit, Failure> {
    propose(world, trust, &[change], args).await
}

/// Makes the next version, signs it with the keys that are here, and takes it over if these suffice.
async fn propose(world: &World, trust: &Trust, changes: &[Change], args: &RootKeyArgs) -> Result<Exit, Failure> {
    let now = World::now();
    let mut proposal = Proposal::next(trust, changes, now).map_err(refused)?;
    if args.root_keys.is_empty() && args.proposal.is_none() {
        return Err(Failure::usage("a change of the trust store is signed by its root: which key signs it?")
            .help("--root-key FILE; or --proposal FILE to write it down for others to sign"));
    }
    for key in private_keys(world, &args.root_keys, &args.passphrase).await? {
        proposal.sign(&key).map_err(refused)?;
    }
    settle(world, &proposal, Some(trust), args.proposal.as_deref(), now)
}

/// Takes a proposal over that enough have signed, else writes it down for the others.
fn settle(
    world: &World,
    proposal: &Proposal,
    trust: Option<&Trust>,
    file: Option<&Path>,
    now: Timestamp,
) -> Result<Exit, Failure> {
    let needs = proposal.needs().map_err(refused)?;
    if needs.met() {
        let applied = store(world).apply(proposal, None, now).map_err(refused)?;
        let changes = applied.changes.iter().map(|change| format!("\n  {}", line(change))).collect::<String>();
        world.console.say(&format!("the trust store is now version {}:{changes}", applied.to));
        return Ok(Exit::Ok);
    }
    let document = trust.map_or(proposal.document(), |trust| trust.document());
    let missing = |whose: &str, need: &Need| {
        let others: Vec<String> = need.others.iter().map(|id| line(&document.named(*id))).collect();
        let more = (need.threshold as usize).saturating_sub(need.signed.len());
        format!("{more} more of {whose}: {}", others.join(", "))
    };
    let unmet = needs.old.iter().filter(|need| !need.met()).map(|need| missing("the root", need));
    // Most changes leave the root as it is: it is named once.
    let other = !needs.new.met() && needs.old.as_ref() != Some(&needs.new);
    let unmet = unmet.chain(other.then(|| missing("the new root", &needs.new))).collect::<Vec<_>>();
    let Some(file) = file else {
        return Err(Failure::new(Exit::Trust, format!("too few keys of the root have signed; {}", unmet.join("; ")))
            .help(
                "write the change down for them: --proposal FILE; they run: presetter trust sign FILE --root-key KEY",
            ));
    };
    new(file, &proposal.to_json())?;
    let shown = line(&file.display().to_string());
    world.console.say(&format!(
        "{shown}: nothing has changed yet; still to sign: {}\nthey run: presetter trust sign {shown} --root-key KEY",
        unmet.join("; ")
    ));
    Ok(Exit::Ok)
}

async fn sign(world: &World, args: &TrustSignArgs) -> Result<Exit, Failure> {
    let shown = args.file.display().to_string();
    let mut proposal = Proposal::read(&shown, &read(&args.file)?).map_err(refused)?;
    let trust = current(world).ok();
    if let Some(trust) = trust.as_ref().filter(|trust| trust.document().version >= proposal.document().version) {
        // Whoever took it over elsewhere could not follow this machine's store any more.
        let message = format!(
            "{shown} is version {}; this machine has version {} already",
            proposal.document().version,
            trust.document().version
        );
        return Err(Failure::new(Exit::Trust, message).help("make the change again, on the version that is here"));
    }
    // What this machine has is what it differs from: earlier versions in the file may be made up.
    let changes = proposal.document().difference(trust.as_ref().map(Trust::document));
    let changes: String = changes.iter().map(|change| format!("\n  {}", line(change))).collect();
    world.console.say(&format!("version {} of the trust store:{changes}", proposal.document().version));
    for key in private_keys(world, &args.root_keys, &args.passphrase).await? {
        proposal.sign(&key).map_err(refused)?;
    }
    put(&args.file, &proposal.to_json())?;
    let needs = proposal.needs().map_err(refused)?;
    world.console.say(if needs.met() {
        "enough have signed; everyone takes it over with: presetter trust import FILE"
    } else {
        "signed; others still have to"
    });
    Ok(Exit::Ok)
}

fn export(world: &World, args: &TrustExportArgs) -> Result<Exit, Failure> {
    let export = store(world).export().map_err(refused)?;
    let json = export.to_json();
    match &args.out {
        Some(file) => {
            new(file, &json)?;
            let root = &export.document().root;
            let mut roots: String = root.keys.iter().map(|id| format!(" --root {id}")).collect();
            if root.keys.len() != root.threshold as usize {
                roots.push_str(&format!(" --threshold {}", root.threshold));
            }
            let shown = line(&file.display().to_string());
            world.console.say(&format!(
                "{shown}: version {}; another machine takes it over, by a root that you tell it by another way:\n\
                 presetter trust import {shown}{roots}",
                export.document().version
            ));
        }
        None => _ = world.console.data(String::from_utf8_lossy(&json).trim_end()),
    }
    Ok(Exit::Ok)
}

fn import(world: &World, args: &TrustImportArgs) -> Result<Exit, Failure> {
    let keys = args.root.iter().map(|text| text.parse().map_err(|_| no_id("key", text)));
    let keys = keys.collect::<Result<Vec<KeyId>, _>>()?;
    let threshold = u32::try_from(args.threshold.unwrap_or(keys.len())).unwrap_or(u32::MAX);
    let named = (!keys.is_empty()).then_some(Root { threshold, keys });
    let shown = args.file.display().to_string();
    let applied = store(world).import(&shown, &read(&args.file)?, named.as_ref(), World::now()).map_err(refused)?;
    let changes: String = applied.changes.iter().map(|change| format!("\n  {}", line(change))).collect();
    world.console.say(&match applied.from {
        Some(from) if from == applied.to => format!("the trust store is version {} already", applied.to),
        _ => format!("the trust store is now version {}:{changes}", applied.to),
    });
    Ok(Exit::Ok)
}

async fn private_keys(
    world: &World,
    files: &[std::path::PathBuf],
    passphrase: &PassphraseArgs,
) -> Result<Vec<PrivateKey>, Failure> {
    let mut found = Vec::new();
    for file in files {
        found.push(keys::private(world, file, passphrase).await?);
    }
    Ok(found)
}

/// The id of a key of the store: whole, or as much of it as no other has.
fn known_key(trust: &Trust, text: &str) -> Result<KeyId, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let known = trust.document().keys.iter().map(|key| key.id);
    let begins = |id: &KeyId| text.len() >= "sha256:".len() + 8 && id.to_string().starts_with(text);
    match known.filter(begins).collect::<Vec<_>>().as_slice() {
        [id] => Ok(*id),
        _ => Err(no_id("key", text)),
    }
}

fn no_id(what: &str, text: &str) -> Failure {
    Failure::usage(format!("{}: this is no id of a {what}", line(text))).help(
        "it is sha256: and 64 digits; of a key of the store the first eight digits are enough: presetter trust list",
    )
}

/// A moment so much later: `365d`.
fn later(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let wrong =
        || Failure::usage(format!("--expires {}: this is no duration", line(text))).help("such as 365d, or 12h");
    let span: jiff::SignedDuration = match text.strip_suffix('d').map(str::parse::<i64>) {
        Some(days) => {
            SignedDuration::from_secs(days.ok().and_then(|days| days.checked_mul(24 * 60 * 60)).ok_or_else(wrong)?)
        }
        None => text.parse().map_err(|_| wrong())?,
    };
    if span <= SignedDuration::ZERO {
        return Err(wrong());
    }
    now.checked_add(span).map_err(|_| wrong())
}

/// The beginning of a day in UTC, or a moment.
fn day(text: &str) -> Result<Timestamp, Failure> {
    let day = text.parse::<jiff::civil::Date>().ok().and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
    day.map(|day| day.timestamp()).or_else(|| text.parse().ok()).ok_or_else(|| {
        Failure::usage(format!("{}: this is no day", line(text)))
            .help("write it as 2027-01-31, or 2027-01-31T12:00:00Z")
    })
}

fn stem(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = fs::File::open(file).and_then(|open| open.take(MOST_HANDED_OVER).read_to_end(&mut bytes));
    read.map_err(|error| Failure::usage(format!("{}: {error}", line(&file.display().to_string()))))?;
    Ok(bytes)
}

/// Writes a file that is not there yet: a name that was mistyped could be that of a key.
fn new(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if file.exists() && fs::read(file).ok().as_deref() != Some(bytes) {
        let shown = line(&file.display().to_string());
        return Err(Failure::usage(format!("{shown} is there already")).help("choose another name, or remove it"));
    }
    put(file, bytes)
}

fn put(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    files::put(file, bytes).map_err(|error| {
        Failure::new(Exit::Invalid, format!("{} cannot be written: {error}", line(&file.display().to_string())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_days() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        assert_eq!(later("365d", now).unwrap().to_string(), "2027-11-25T12:00:00Z");
        assert_eq!(later("12h", now).unwrap().to_string(), "2026-11-26T00:00:00Z");
        for wrong in ["", "0d", "-1d", "d", "1", "soon", "99999999999999999d", "999999999999d"] {
            assert!(later(wrong, now).is_err(), "{wrong}");
        }
        assert_eq!(day("2027-01-31").unwrap().to_string(), "2027-01-31T00:00:00Z");
        assert_eq!(day("2027-01-31T12:00:00Z").unwrap().to_string(), "2027-01-31T12:00:00Z");
        for wrong in ["", "2027-02-30", "31.1.2027", "tomorrow"] {
            assert!(day(wrong).is_err(), "{wrong}");
        }
    }
}
