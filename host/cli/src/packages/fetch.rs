//! From a place to the bytes of a package: read, pulled, or put together. Nothing is verified here.
//!
//! Keeps: no more is read than a package may have.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use presetter_egress::{Authorities, Tls};
use presetter_package::{Artifact, Bounds, Layout, Refused};
use presetter_registry::{Error, Options, Registry};
use presetter_store::Origin;

use super::logins;
use super::place::Place;
use super::pull::{Signed, pull};
use crate::args::RegistryArgs;
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// The most that is read of a file with certificates, in bytes: several times what systems have.
const MOST_AUTHORITIES: u64 = 4 * 1024 * 1024;

/// The bytes of a package, and where they came from. `signed`: whose signatures a registry must have for it.
pub(crate) async fn package(
    world: &World,
    place: &Place,
    network: &RegistryArgs,
    signed: Signed<'_>,
) -> Result<(Vec<u8>, Origin), Failure> {
    match place {
        Place::File(file) => Ok((read(file)?, Origin::File(absolute(file)))),
        Place::Layout(folder) => Ok((layout(folder)?.to_bytes(), Origin::File(absolute(folder)))),
        Place::Registry(reference) => {
            let artifact = pull(world, reference, network, signed).await?;
            Ok((artifact.to_bytes(), Origin::Registry(reference.to_string())))
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
        let mut pem = Vec::new();
        let read = File::open(file).and_then(|open| open.take(MOST_AUTHORITIES).read_to_end(&mut pem));
        read.map_err(|error| wrong(error.to_string()))?;
        let authorities = Authorities::from_pem(&pem).map_err(|error| wrong(error.to_string()))?;
        options.tls = Tls { authorities, ..Tls::default() };
    }
    let logins = logins::of(world.docker.as_deref())?;
    let logins = Arc::new(logins::Known { of: logins, redactor: world.console.redactor().clone() });
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
