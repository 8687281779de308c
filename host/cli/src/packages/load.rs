//! An installed bundle, verified, each time that it is used.
//!
//! Keeps: what was verified is what is run, from memory; what is not trusted any more is not run, whoever installed it.

use presetter_bundle::Bundle;
use presetter_package::Bounds;
use presetter_store::{LockFile, Rejected, Verified};
use presetter_trust::Code;

use super::{fetch, trust};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// The installed bundle of a name; nothing if none is installed.
///
/// # Errors
/// It is installed, and is not trusted or not as it was installed.
pub(crate) fn installed(world: &World, name: &str) -> Result<Option<Bundle>, Failure> {
    let store = world.installed();
    if store.find(name).map_err(stored)?.is_none() {
        return Ok(None);
    }
    let trusted = trust::current(world)?;
    let verified =
        store.load(name, &trusted, Bounds::default(), World::now()).map_err(|error| rejected(name, error))?;
    as_locked(world, &verified)?;
    trust::warned(world, &verified.decision().warnings);
    // It was recorded when it was installed; that the record is gone or behind is made good here. A disk that cannot be written
    // does not keep a bundle that is trusted from running.
    if let Err(refused) = trust::store(world).record_seen(&trusted, &verified.candidate()) {
        world.console.warn(&line(&refused.message), &[line(&refused.help)]);
    }
    Ok(Some(verified.bundle().clone()))
}

/// In the folder of a project that locks a bundle: another package of the same version is not run; another version is told.
fn as_locked(world: &World, verified: &Verified) -> Result<(), Failure> {
    let Some(file) = LockFile::read(&world.cwd.join(LockFile::NAME)).map_err(stored)? else { return Ok(()) };
    let (name, version) = (verified.name(), verified.version());
    let Some(locked) = file.get(name).filter(|locked| locked.digest != verified.digest()) else { return Ok(()) };
    if locked.version != *version {
        let message = format!("{} has {name} {}, and {version} is installed", LockFile::NAME, locked.version);
        world.console.warn(&message, &["to lock the installed one: presetter install PACKAGE --lock".to_owned()]);
        return Ok(());
    }
    file.expect(name, version, verified.digest())
        .map_err(|error| Failure::new(Exit::Trust, error.message).help(error.help))
}

/// Why a package is not taken, as a person reads it.
pub(crate) fn rejected(what: &str, error: Rejected) -> Failure {
    match error {
        Rejected::Package(refused) => fetch::malformed(what, &refused),
        Rejected::Trust(refused) if refused.code == Code::Unsigned => {
            let (message, help) = (refused.message, refused.help.replace("FILE", &line(what)));
            Failure::new(Exit::Trust, format!("{}: {message}", line(what))).help(help)
        }
        Rejected::Trust(refused) => trust::refused(refused),
        Rejected::Bundle(error) => error.into(),
        Rejected::Store(error) => Failure::new(Exit::Trust, error.message).help(error.help),
    }
}

/// What is wrong with what is installed.
pub(crate) fn stored(error: presetter_store::Error) -> Failure {
    Failure::new(Exit::Invalid, error.message).help(error.help)
}

/// What an installed bundle is called in talk.
pub(crate) fn named(verified: &Verified) -> String {
    format!("{} {}", verified.name(), verified.version())
}
