//! `presetter sign`: a signature on a package, in its file or beside it in a registry.
//!
//! Keeps: what is signed is well-formed, whole, and shown; the bundle's bytes stay as they are.

use presetter_package::{Artifact, Pointer, sign as signature};
use presetter_registry::{Access, Reference};

use super::place::Place;
use super::pull::{Signed, pull};
use super::{fetch, keys, trust};
use crate::args::{RegistryArgs, SignArgs};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::output::count;
use crate::world::World;

/// Follows `presetter sign`.
pub(crate) async fn sign(world: &World, args: &SignArgs) -> Result<Exit, Failure> {
    match Place::of(&args.package)? {
        Place::File(file) => {
            let mut artifact = fetch::artifact(&file)?;
            shown(world, &artifact);
            let key = keys::signing(world, &args.key).await?;
            let made = signature(artifact.digest(), &key);
            let new = artifact
                .add_signature(made)
                .map_err(|refused| Failure::new(Exit::Invalid, format!("{}: {refused}", line(&args.package))))?;
            if new {
                files::put(&file, &artifact.to_bytes()).map_err(|error| {
                    Failure::new(Exit::Invalid, format!("{} cannot be written: {error}", line(&args.package)))
                })?;
            }
            told(world, &artifact, &key.public().id().to_string(), new);
            Ok(Exit::Ok)
        }
        Place::Registry(reference) => in_registry(world, &reference, args).await,
        place => fetch::package(world, &place, &args.network, Signed::Elsewhere(None)).await.map(|_| Exit::Ok),
    }
}

/// Signs what a registry has, after all of it was fetched and looked at. Only what is named by its digest: who may move a tag would
/// choose what is signed.
async fn in_registry(world: &World, reference: &Reference, args: &SignArgs) -> Result<Exit, Failure> {
    if reference.digest().is_none() {
        let place = line(&reference.place());
        return Err(Failure::usage(format!(
            "{}: what a tag stands for can change; name what you sign by its digest",
            line(&args.package)
        ))
        .help(format!("see what it is, and that it is what you mean: presetter inspect {}", line(&args.package)))
        .help(format!("then: presetter sign {place}@sha256:... --key KEY")));
    }
    let trusted = trust::current(world).ok();
    let artifact = pull(world, reference, &args.network, Signed::Elsewhere(trusted.as_ref())).await?;
    shown(world, &artifact);
    let key = keys::signing(world, &args.key).await?;
    let made = signature(artifact.digest(), &key);
    let new = !artifact.signatures().contains(&made);
    if new {
        attach(world, reference, &artifact, &[made], &args.network).await?;
    }
    told(world, &artifact, &key.public().id().to_string(), new);
    Ok(Exit::Ok)
}

/// What is about to be signed, before anybody gives a passphrase for it.
fn shown(world: &World, artifact: &Artifact) {
    let manifest = artifact.manifest();
    let files = count(manifest.layers.len(), "file");
    world.console.say(&format!(
        "to sign: {} {}, {files}, {}",
        line(&manifest.name),
        line(&manifest.version),
        artifact.digest()
    ));
}

/// Puts signatures beside a bundle in a registry.
pub(crate) async fn attach(
    world: &World,
    reference: &Reference,
    artifact: &Artifact,
    signatures: &[Vec<u8>],
    network: &RegistryArgs,
) -> Result<(), Failure> {
    let registry = fetch::registry(world, network)?;
    let repository = registry.open(reference, Access::Write).await.map_err(|error| fetch::unreached(&error))?;
    for bundle in signatures {
        let attached = repository.attach(Pointer::to(artifact.manifest_bytes()), &bundle.clone().into()).await;
        attached.map_err(|error| fetch::unreached(&error))?;
    }
    Ok(())
}

fn told(world: &World, artifact: &Artifact, key: &str, new: bool) {
    let manifest = artifact.manifest();
    let already = if new { "signed" } else { "was signed already" };
    world.console.say(&format!("{} {} {already} by {key}", line(&manifest.name), line(&manifest.version)));
    let _ = world.console.data(&artifact.digest().to_string());
}
