//! `presetter push`, `pull`, `versions`, and `import` of what other tools wrote.
//!
//! Keeps: a version in a registry stands for one content: a tag is not moved; signatures go where the bundle goes.

use std::path::PathBuf;

use bytes::Bytes;
use presetter_package::Artifact;
use presetter_registry::{Access, Reference, Tag, Tagging, Target};
use serde_json::json;

use super::progress::Progress;
use super::pull::Signed;
use super::verify::written;
use super::{fetch, pull, sign, trust};
use crate::args::{ImportArgs, PullArgs, PushArgs, TableFormat, VersionsArgs};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::count;
use crate::world::World;

/// Follows `presetter push`.
pub(crate) async fn push(world: &World, args: &PushArgs) -> Result<Exit, Failure> {
    let artifact = fetch::artifact(&args.file)?;
    let reference = tagged(reference(&args.reference)?, &artifact)?;
    let registry = fetch::registry(world, &args.network)?;
    let unreached = |error: presetter_registry::Error| fetch::unreached(&error);
    let repository = registry.open(&reference, Access::Write).await.map_err(unreached)?;
    let mut progress = Progress::new(&world.console, &reference.to_string(), artifact.manifest().size());
    let mut sent = 0;
    let blobs = artifact.blobs().map(|(_, bytes)| bytes).chain([presetter_package::EMPTY_BLOB]);
    for content in blobs {
        let bytes = Bytes::copy_from_slice(content);
        let new = repository.push_blob(&bytes, &mut |have, _| progress.at(have)).await.map_err(unreached)?;
        sent += usize::from(new);
        progress.passed(content.len() as u64);
    }
    drop(progress);
    let target = reference.tag().map_or(Target::Digest(artifact.digest()), |tag| Target::Tag(tag.clone()));
    let manifest = Bytes::copy_from_slice(artifact.manifest_bytes());
    repository.push_manifest(&target, &manifest, Tagging::New).await.map_err(unreached)?;
    drop(repository);
    sign::attach(world, &reference, &artifact, artifact.signatures(), &args.network).await?;
    let signatures = count(artifact.signatures().len(), "signature");
    world.console.say(&format!("{}: {} sent, {signatures}", line(&reference.to_string()), count(sent, "new blob")));
    if artifact.signatures().is_empty() {
        let help = format!("presetter sign {} --key KEY", line(&reference.at(artifact.digest()).to_string()));
        world.console.warn("nobody has signed it, so nobody can install it", &[help]);
    }
    let _ = world.console.data(&reference.at(artifact.digest()).to_string());
    Ok(Exit::Ok)
}

/// Follows `presetter pull`.
pub(crate) async fn pull(world: &World, args: &PullArgs) -> Result<Exit, Failure> {
    let trusted = trust::current(world).ok();
    let signed = Signed::Elsewhere(trusted.as_ref());
    let artifact = pull::pull(world, &reference(&args.reference)?, &args.network, signed).await?;
    let file = args.out.clone().unwrap_or_else(|| PathBuf::from(artifact.manifest().file_name()));
    save(world, &file, &artifact)
}

/// Follows `presetter import`.
pub(crate) fn import(world: &World, args: &ImportArgs) -> Result<Exit, Failure> {
    if !args.layout.is_dir() {
        let shown = line(&args.layout.display().to_string());
        return Err(Failure::usage(format!("{shown} is not a folder with an OCI layout"))
            .help("unpack an archive of one first: mkdir layout && tar -xf FILE -C layout"));
    }
    save(world, &args.out, &fetch::layout(&args.layout)?)
}

fn save(world: &World, file: &std::path::Path, artifact: &Artifact) -> Result<Exit, Failure> {
    written(file, &artifact.to_bytes())?;
    let signatures = count(artifact.signatures().len(), "signature");
    let shown = line(&file.display().to_string());
    world.console.say(&format!("{shown}: {signatures}, not verified; presetter verify {shown}"));
    let _ = world.console.data(&format!("{}  {shown}", artifact.digest()));
    Ok(Exit::Ok)
}

/// Follows `presetter versions`.
pub(crate) async fn versions(world: &World, args: &VersionsArgs) -> Result<Exit, Failure> {
    let registry = fetch::registry(world, &args.network)?;
    let reference = reference(&args.reference)?;
    let repository = registry.open(&reference, Access::Read).await.map_err(|error| fetch::unreached(&error))?;
    let found = repository.versions().await.map_err(|error| fetch::unreached(&error))?;
    let versions: Vec<String> = found.versions.iter().map(|(version, _)| version.to_string()).collect();
    let others: Vec<&str> = found.others.iter().map(Tag::as_str).collect();
    if args.format == TableFormat::Json {
        let _ = world.console.json(&json!({ "versions": versions, "other_tags": others, "more": found.more }));
        return Ok(Exit::Ok);
    }
    for name in versions.iter().map(String::as_str).chain(others.iter().copied()) {
        let _ = world.console.data(&line(name));
    }
    if found.more {
        world.console.warn("there are more tags, which were not read", &[]);
    }
    Ok(Exit::Ok)
}

fn reference(text: &str) -> Result<Reference, Failure> {
    text.parse().map_err(|error: presetter_registry::BadReference| Failure::usage(line(&error.to_string())))
}

/// Where a bundle goes: under its version, unless something else was said.
fn tagged(reference: Reference, artifact: &Artifact) -> Result<Reference, Failure> {
    let manifest = artifact.manifest();
    if let Some(digest) = reference.digest() {
        if digest != artifact.digest() {
            return Err(Failure::usage(format!("the file is {}, not {digest}", artifact.digest())));
        }
        return Ok(reference);
    }
    if reference.tag().is_some() {
        return Ok(reference);
    }
    let version = semver::Version::parse(&manifest.version)
        .map_err(|error| Failure::new(Exit::Invalid, format!("its version {}: {error}", line(&manifest.version))))?;
    Tag::of_version(&version).map(|tag| reference.tagged(tag)).map_err(Failure::usage)
}
