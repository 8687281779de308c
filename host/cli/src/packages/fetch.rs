//! From a place to the bytes of a package: read, pulled, or put together. Nothing is verified here.
//!
//! Keeps: no more is read than a package may have; what was pulled half goes on where it was.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use presetter_egress::{Authorities, Tls};
use presetter_package::{Artifact, Bounds, Layout, Manifest, Pointer, Refused};
use presetter_registry::{Access, Error, Options, Part, Reference, Registry, Repository};
use presetter_store::Origin;

use super::logins;
use super::place::Place;
use super::progress::Progress;
use crate::args::RegistryArgs;
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::count;
use crate::world::World;

/// The bytes of a package, and where they came from.
pub(crate) async fn package(
    world: &World,
    place: &Place,
    network: &RegistryArgs,
) -> Result<(Vec<u8>, Origin), Failure> {
    match place {
        Place::File(file) => Ok((read(file)?, Origin::File(absolute(file)))),
        Place::Layout(folder) => Ok((layout(folder)?.to_bytes(), Origin::File(absolute(folder)))),
        Place::Registry(reference) => {
            Ok((pull(world, reference, network).await?.to_bytes(), Origin::Registry(reference.to_string())))
        }
        Place::Sources(folder) => {
            let folder = line(&folder.display().to_string());
            Err(Failure::usage(format!("{folder} is a folder of sources, which nobody has signed")).help(format!(
                "run it by its path: presetter run {folder}/PRESET\nor make a package of it: presetter pack {folder} -o \
                 NAME-VERSION.preset, then presetter sign"
            )))
        }
        Place::Name(name) => Err(Failure::usage(format!("\"{name}\" is a bundle's name; say where it is"))
            .help("a file, as ./acme-1.0.0.preset, or a reference, as registry.example/presets/acme:1.0.0")),
    }
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// Opens a package file: a plain one, of no more than a package may have.
pub(crate) fn open(file: &Path) -> Result<File, Failure> {
    let wrong = |why: String| Failure::usage(format!("{}: {why}", line(&file.display().to_string())));
    let found = fs::metadata(file).map_err(|error| wrong(error.to_string()))?;
    if !found.is_file() {
        return Err(wrong("it is not a plain file".into()));
    }
    File::open(file).map_err(|error| wrong(error.to_string()))
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    // One more than any package may have, so that a larger one is told as such by its reader.
    let bound = Bounds::default().total + 1024 * 1024;
    let opened = open(file)?.take(bound).read_to_end(&mut bytes);
    opened.map_err(|error| Failure::usage(format!("{}: {error}", line(&file.display().to_string()))))?;
    Ok(bytes)
}

/// A bundle in memory, from a file.
pub(crate) fn artifact(file: &Path) -> Result<Artifact, Failure> {
    let opened = presetter_package::open(io::BufReader::new(open(file)?), &Bounds::default());
    opened.and_then(|opened| opened.artifact()).map_err(|refused| malformed(&file.display().to_string(), &refused))
}

/// A package that is not in its form.
pub(crate) fn malformed(what: &str, refused: &Refused) -> Failure {
    Failure::new(Exit::Trust, format!("{}: {refused}", line(what)))
        .help("take it anew from where you have it; if it stays so, do not use it, and tell whoever handed it on")
}

/// The registries, with Docker's logins.
pub(crate) fn registry(world: &World, network: &RegistryArgs) -> Result<Registry, Failure> {
    let mut options = Options { allow_private: network.allow_private, ..Options::default() };
    if let Some(file) = &network.ca {
        let wrong = |why: String| Failure::usage(format!("--ca {}: {why}", line(&file.display().to_string())));
        let pem = fs::read(file).map_err(|error| wrong(error.to_string()))?;
        let authorities = Authorities::from_pem(&pem).map_err(|error| wrong(error.to_string()))?;
        options.tls = Tls { authorities, ..Tls::default() };
    }
    let logins = Arc::new(logins::of(world.docker.as_deref())?);
    Ok(Registry::new(world.network(), logins, options))
}

/// An error of a registry, with its code.
pub(crate) fn unreached(error: &Error) -> Failure {
    let exit = match error {
        Error::Denied { .. } | Error::Login { .. } | Error::Challenge { .. } => Exit::Credentials,
        Error::Untrue { .. } | Error::Redirect { .. } => Exit::Trust,
        Error::NotFound { .. } => Exit::NotFound,
        Error::NoVersion { .. } => Exit::Usage,
        Error::Taken { .. } | Error::NotABundle { .. } | Error::TooLarge { .. } | Error::Part { .. } => Exit::Invalid,
        _ => Exit::Network,
    };
    Failure::new(exit, line(&error.to_string())).help(error.help())
}

/// Pulls a bundle with the signatures that the registry has for it.
pub(crate) async fn pull(world: &World, reference: &Reference, network: &RegistryArgs) -> Result<Artifact, Failure> {
    let registry = registry(world, network)?;
    let repository = registry.open(reference, Access::Read).await.map_err(|error| unreached(&error))?;
    pulled(world, &repository).await
}

async fn pulled(world: &World, repository: &Repository<'_>) -> Result<Artifact, Failure> {
    let what = repository.reference().to_string();
    let resolved = repository.resolve().await.map_err(|error| unreached(&error))?;
    let manifest = Manifest::parse(&resolved.bytes).map_err(|refused| malformed(&what, &refused))?;
    let bounds = Bounds::default();
    if manifest.size() > bounds.total {
        let message = format!("{}: its files are larger than {} bytes", line(&what), bounds.total);
        return Err(Failure::new(Exit::Invalid, message));
    }
    let folder = world.dirs.cache.join("pulls").join(resolved.digest.hex());
    let failed = |error: io::Error| Failure::new(Exit::Invalid, format!("{}: {error}", folder.display()));
    fs::create_dir_all(&folder).map_err(failed)?;
    let mut progress = Progress::new(&world.console, &what, manifest.size());
    for layer in &manifest.layers {
        let mut part = FilePart::open(folder.join(layer.digest.hex())).map_err(failed)?;
        let blob = Pointer { digest: layer.digest, size: layer.size };
        repository.blob(blob, &mut part, &mut |have, _| progress.at(have)).await.map_err(|error| unreached(&error))?;
        progress.passed(layer.size);
    }
    drop(progress);
    let found = repository.signatures(resolved.digest).await.map_err(|error| unreached(&error))?;
    if found.skipped > 0 || found.unseen > 0 {
        let skipped = count(found.skipped + found.unseen, "entry of its list of signatures");
        world
            .console
            .warn(&format!("{}: {skipped} passed over: {}", line(&what), line(&found.reasons.join("; "))), &[]);
    }
    let signatures = found.bundles.iter().map(|bundle| bundle.to_vec()).collect();
    let mut blob = |pointer: Pointer| fs::read(folder.join(pointer.digest.hex()));
    let artifact = Artifact::assemble(&resolved.bytes, signatures, &mut blob, &bounds);
    let artifact = artifact.map_err(|refused| malformed(&what, &refused));
    // Complete, or not what it should be: either way nothing of it is built upon any more.
    let _ = fs::remove_dir_all(&folder);
    artifact
}

/// A blob that comes, in a file.
struct FilePart(File);

impl FilePart {
    fn open(path: PathBuf) -> io::Result<Self> {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map(Self)
    }
}

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

/// The bundle of a folder with an OCI layout.
pub(crate) fn layout(folder: &Path) -> Result<Artifact, Failure> {
    let shown = folder.display().to_string();
    presetter_package::import(&mut FolderLayout(folder.to_owned()), None, &Bounds::default())
        .map_err(|refused| Failure::new(Exit::Invalid, format!("{}: {refused}", line(&shown))))
}

/// A folder that holds an OCI layout. The names that are asked for are ours: none leads out of it.
struct FolderLayout(PathBuf);

impl Layout for FolderLayout {
    fn file(&mut self, name: &str, bound: u64) -> io::Result<Option<Vec<u8>>> {
        let path = self.0.join(name);
        match fs::metadata(&path) {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Err(io::Error::other("it is not a plain file")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
        let mut bytes = Vec::new();
        File::open(path)?.take(bound + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > bound {
            return Err(io::Error::other(format!("it is larger than {bound} bytes")));
        }
        Ok(Some(bytes))
    }
}
