//! A bundle from a registry: its digest, its signatures, and only then what is in it.
//!
//! Keeps: a tag is looked at once; where somebody known must have signed, nothing is parsed and no file is fetched before that was found;
//! what was pulled half goes on where it was, by one process at a time.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::PathBuf;

use presetter_disk as disk;
use presetter_package::{Artifact, Bounds, Digest, KeyId, Keys, Manifest, Pointer, Verdict};
use presetter_registry::{Access, Part, Reference, Repository, Signatures};
use presetter_trust::Trust;

use super::fetch::{malformed, registry, unreached};
use super::progress::Progress;
use crate::args::RegistryArgs;
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::count;
use crate::world::World;

/// Whose signatures count.
#[derive(Clone, Copy)]
pub(crate) enum Signed<'a> {
    /// One of these keys must have signed it, or nothing of it is fetched.
    By(&'a dyn Keys),
    /// It is verified elsewhere. A signature that names a key of this trust store, and is not that key's, is left there.
    Elsewhere(Option<&'a Trust>),
}

/// Pulls a bundle with the signatures that the registry has for it.
pub(crate) async fn pull(
    world: &World,
    reference: &Reference,
    network: &RegistryArgs,
    signed: Signed<'_>,
) -> Result<Artifact, Failure> {
    let registry = registry(world, network)?;
    let repository = registry.open(reference, Access::Read).await.map_err(|error| unreached(&error))?;
    let what = repository.reference().to_string();
    let resolved = repository.resolve().await.map_err(|error| unreached(&error))?;
    let found = repository.signatures(resolved.digest).await.map_err(|error| unreached(&error))?;
    let signatures = taken(world, &what, found, resolved.digest, signed)?;

    let manifest = Manifest::parse(&resolved.bytes).map_err(|refused| malformed(&what, &refused))?;
    let bounds = Bounds::default();
    if manifest.size() > bounds.total {
        let message = format!("{}: its files are larger than {} bytes", line(&what), bounds.total);
        return Err(Failure::new(Exit::Invalid, message));
    }
    let folder = Folder::open(world, resolved.digest)?;
    blobs(world, &repository, &manifest, &folder).await?;
    let mut blob = |pointer: Pointer| fs::read(folder.path(pointer.digest));
    let artifact = Artifact::assemble(&resolved.bytes, signatures, &mut blob, &bounds);
    // Complete, or not what it should be: either way nothing of it is built upon any more.
    folder.clear();
    artifact.map_err(|refused| malformed(&what, &refused))
}

/// The signatures that are taken along. What somebody put beside a bundle who may only push hinders nobody, and is told.
fn taken(
    world: &World,
    what: &str,
    found: Signatures,
    digest: Digest,
    signed: Signed<'_>,
) -> Result<Vec<Vec<u8>>, Failure> {
    let nobody = Vec::new();
    let keys: &dyn Keys = match signed {
        Signed::By(keys) => keys,
        Signed::Elsewhere(Some(trust)) => trust,
        Signed::Elsewhere(None) => &nobody,
    };
    let (mut taken, mut reasons, mut known) = (Vec::new(), found.reasons, false);
    let mut passed = found.skipped + found.unseen;
    for bundle in &found.bundles {
        match presetter_package::check_signature(bundle, digest, keys) {
            Ok(verdict) => {
                known |= matches!(verdict, Verdict::Valid(_));
                taken.push(bundle.to_vec());
            }
            Err(error) => {
                passed += 1;
                reasons.push(error.to_string());
            }
        }
    }
    if passed > 0 {
        let passed = count(passed, "entry of its list of signatures");
        world.console.warn(&format!("{}: {passed} passed over: {}", line(what), line(&reasons.join("; "))), &[]);
    }
    match signed {
        Signed::By(_) if !known => {
            let claimed = taken.iter().filter_map(|bundle| presetter_package::claimed_signer(bundle).ok()).collect();
            Err(unknown_signers(what, claimed))
        }
        _ => Ok(taken),
    }
}

/// A package that nobody known has signed; who says to have done so.
pub(crate) fn unknown_signers(what: &str, claimed: Vec<KeyId>) -> Failure {
    let claimed: Vec<String> = claimed.iter().map(ToString::to_string).collect();
    let (message, help) = if claimed.is_empty() {
        ("nobody has signed it".to_owned(), format!("have it signed: presetter sign {} --key KEY", line(what)))
    } else {
        (
            "no key of your trust store has signed it".to_owned(),
            format!(
                "it says to be signed by {}\nask whoever handed it on for the public key, compare its id by another way, then: \
                 presetter trust add-key FILE --owner WHO",
                claimed.join(", ")
            ),
        )
    };
    Failure::new(Exit::Trust, format!("{}: {message}", line(what))).help(help)
}

async fn blobs(
    world: &World,
    repository: &Repository<'_>,
    manifest: &Manifest,
    folder: &Folder,
) -> Result<(), Failure> {
    let what = repository.reference().to_string();
    let mut progress = Progress::new(&world.console, &what, manifest.size());
    for layer in &manifest.layers {
        let mut part = folder.part(layer.digest)?;
        let blob = Pointer { digest: layer.digest, size: layer.size };
        repository.blob(blob, &mut part, &mut |have, _| progress.at(have)).await.map_err(|error| unreached(&error))?;
        progress.passed(layer.size);
    }
    Ok(())
}

/// Where the files of one bundle are until all of them are there: this user's alone, and one process's at a time.
struct Folder {
    path: PathBuf,
    /// Held for as long as files come.
    _lock: File,
}

impl Folder {
    fn open(world: &World, digest: Digest) -> Result<Self, Failure> {
        let pulls = world.dirs.cache.join("pulls");
        let failed =
            |error: io::Error| Failure::new(Exit::Invalid, format!("{}: {error}", line(&pulls.display().to_string())));
        let lock = disk::lock_file(&pulls.join(format!("{}.lock", digest.hex()))).map_err(failed)?;
        if lock.try_lock().is_err() {
            world.console.say("another process pulls it too; waiting until that is done");
            lock.lock().map_err(failed)?;
        }
        let path = pulls.join(digest.hex());
        disk::folder(&path).map_err(failed)?;
        Ok(Self { path, _lock: lock })
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.path.join(digest.hex())
    }

    fn part(&self, digest: Digest) -> Result<FilePart, Failure> {
        let path = self.path(digest);
        disk::own_file(&path)
            .map(FilePart)
            .map_err(|error| Failure::new(Exit::Invalid, format!("{}: {error}", line(&path.display().to_string()))))
    }

    fn clear(&self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// A blob that comes, in a file.
struct FilePart(File);

impl Part for FilePart {
    fn kept(&mut self, see: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        self.0.rewind()?;
        let mut chunk = vec![0; 64 * 1024];
        loop {
            match self.0.read(&mut chunk)? {
                0 => return Ok(()),
                read => see(&chunk[..read]),
            }
        }
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.seek(io::SeekFrom::End(0))?;
        self.0.write_all(bytes)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.0.set_len(0)
    }
}
