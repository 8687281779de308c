//! `presetter key`, and the keys of whatever signs.
//!
//! Owns: from a file and a passphrase to a key. Must never: write a private key in the clear, over a file that is there, or
//! readable by others; show a passphrase.

use std::fs;
use std::path::{Path, PathBuf};

use presetter_connection::{Reference, resolve};
use presetter_disk as disk;
use presetter_package::{KeyError, PrivateKey, PublicKey};
use presetter_secret::Secret;

use crate::args::{KeyGenerateArgs, KeyIdArgs, KeyImportArgs, PassphraseArgs, SigningKeyArgs};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// No key file is larger, in bytes.
const MOST: u64 = 64 * 1024;

/// Follows `presetter key generate`.
pub(crate) async fn generate(world: &World, args: &KeyGenerateArgs) -> Result<Exit, Failure> {
    let public = beside(&args.file);
    if let Some(there) = [&args.file, &public].into_iter().find(|file| file.exists()) {
        return Err(taken(there));
    }
    let passphrase = new_passphrase(world, &args.passphrase, &args.file).await?;
    let key = PrivateKey::generate().map_err(|error| broken(&args.file, &error))?;
    let pem = key.to_encrypted_pem(passphrase.expose().as_bytes()).map_err(|error| broken(&args.file, &error))?;
    write(&args.file, pem.as_bytes())?;
    write(&public, key.public().to_pem().as_bytes())?;
    let (file, shown) = (line(&args.file.display().to_string()), line(&public.display().to_string()));
    world.console.say(&format!(
        "{file}: the private key, encrypted; keep it, and never hand it on\n{shown}: the public key, for others"
    ));
    let _ = world.console.data(&key.public().id().to_string());
    Ok(Exit::Ok)
}

/// Follows `presetter key id`.
pub(crate) async fn id(world: &World, args: &KeyIdArgs) -> Result<Exit, Failure> {
    let bytes = read(&args.file)?;
    let id = if is_private(&bytes) {
        private(world, &args.file, &args.passphrase).await?.public().id()
    } else {
        public(&args.file)?.id()
    };
    let _ = world.console.data(&id.to_string());
    Ok(Exit::Ok)
}

/// Follows `presetter key import`.
pub(crate) async fn import(world: &World, args: &KeyImportArgs) -> Result<Exit, Failure> {
    if args.out.exists() {
        return Err(taken(&args.out));
    }
    let bytes = read(&args.file)?;
    let id = if is_private(&bytes) {
        let passphrase = passphrase(world, &args.passphrase, &args.file).await?;
        let key = opened(&args.file, &bytes, &passphrase)?;
        let pem = key.to_encrypted_pem(passphrase.expose().as_bytes()).map_err(|error| broken(&args.file, &error))?;
        write(&args.out, pem.as_bytes())?;
        write(&beside(&args.out), key.public().to_pem().as_bytes())?;
        key.public().id()
    } else {
        let key = public(&args.file)?;
        write(&args.out, key.to_pem().as_bytes())?;
        key.id()
    };
    let _ = world.console.data(&id.to_string());
    Ok(Exit::Ok)
}

/// The key that something is signed with.
pub(crate) async fn signing(world: &World, args: &SigningKeyArgs) -> Result<PrivateKey, Failure> {
    private(world, &args.key, &args.passphrase).await
}

/// A private key from its file.
pub(crate) async fn private(world: &World, file: &Path, args: &PassphraseArgs) -> Result<PrivateKey, Failure> {
    let bytes = read(file)?;
    // A file that is no private key is told before anybody is asked for a passphrase.
    if !is_private(&bytes) {
        return Err(broken(file, &KeyError::Form("this is not a private key".into())).help(format!(
            "signing takes the file without .pub, as presetter key generate made it: {}",
            named_private(file)
        )));
    }
    let passphrase = passphrase(world, args, file).await?;
    opened(file, &bytes, &passphrase)
}

fn opened(file: &Path, bytes: &[u8], passphrase: &Secret) -> Result<PrivateKey, Failure> {
    let text = std::str::from_utf8(bytes).map_err(|_| broken(file, &KeyError::Form("this is no PEM text".into())))?;
    PrivateKey::from_pem(text, Some(passphrase.expose().as_bytes())).map_err(|error| match error {
        KeyError::WrongPassphrase => Failure::new(Exit::Credentials, format!("{}: {error}", shown(file))),
        error => broken(file, &error),
    })
}

/// A public key from its file, PEM or DER.
pub(crate) fn public(file: &Path) -> Result<PublicKey, Failure> {
    let bytes = read(file)?;
    if is_private(&bytes) {
        let failure = broken(file, &KeyError::Form("this is a private key, where a public one belongs".into()));
        return Err(failure.help(format!("its public half is usually in {}", shown(&beside(file)))));
    }
    let key = match std::str::from_utf8(&bytes) {
        Ok(text) if text.contains("-----BEGIN") => PublicKey::from_pem(text),
        // A key in DER form is never text.
        Ok(_) => {
            let failure = broken(file, &KeyError::Form("this is no key: it is neither in PEM nor in DER form".into()));
            return Err(failure.help("a public key begins with -----BEGIN PUBLIC KEY-----"));
        }
        Err(_) => PublicKey::from_der(&bytes),
    };
    key.map_err(|error| broken(file, &error))
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let wrong = |why: String| Failure::usage(format!("{}: {why}", shown(file)));
    let found = fs::metadata(file).map_err(|error| wrong(error.to_string()))?;
    if !found.is_file() || found.len() > MOST {
        return Err(wrong("it is no file of a key".into()));
    }
    fs::read(file).map_err(|error| wrong(error.to_string()))
}

fn is_private(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains("PRIVATE KEY-----")
}

/// `acme.key` has its public half in `acme.key.pub`.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

fn named_private(file: &Path) -> String {
    let shown = shown(file);
    shown.strip_suffix(".pub").map_or_else(|| "acme.key".to_owned(), str::to_owned)
}

fn shown(file: &Path) -> String {
    line(&file.display().to_string())
}

fn taken(file: &Path) -> Failure {
    Failure::new(Exit::Invalid, format!("{} is there already; nothing was written", shown(file)))
        .help("a key is never overwritten: choose another name, or move the file away")
}

fn broken(file: &Path, error: &KeyError) -> Failure {
    Failure::new(Exit::Invalid, format!("{}: {error}", shown(file)))
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    disk::create(file, bytes).map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            return taken(file);
        }
        Failure::new(Exit::Invalid, format!("{} cannot be written: {error}", shown(file)))
    })
}

/// The passphrase of a key that is there.
async fn passphrase(world: &World, args: &PassphraseArgs, file: &Path) -> Result<Secret, Failure> {
    let name = args.passphrase.as_deref().unwrap_or("prompt");
    // The text may be a passphrase that somebody typed in plain: an error does not repeat it.
    let reference = name.parse::<Reference>().map_err(|error| {
        Failure::usage(format!("--passphrase: {}", error.reason())).help(presetter_connection::ReferenceError::forms())
    })?;
    let what = format!("passphrase of {}", shown(file));
    let secret = resolve(&reference, &what, &world.surroundings).await;
    let secret = secret.map_err(|error| {
        let failure =
            Failure::new(Exit::Credentials, format!("the passphrase of {} is not there: {error}", shown(file)));
        if reference == Reference::Prompt {
            return failure
                .help("say where it is: --passphrase env:NAME, file:PATH, keyring:SERVICE/NAME or cmd:PROGRAM ARGS");
        }
        failure
    })?;
    world.console.redactor().add("passphrase", &secret);
    Ok(secret)
}

/// The passphrase of a key that is made now: where it is typed, it is typed twice.
async fn new_passphrase(world: &World, args: &PassphraseArgs, file: &Path) -> Result<Secret, Failure> {
    let first = passphrase(world, args, file).await?;
    if args.passphrase.is_none() || args.passphrase.as_deref() == Some("prompt") {
        let again = resolve(&Reference::Prompt, "the same again", &world.surroundings).await;
        let again = again.map_err(|error| Failure::new(Exit::Credentials, error.to_string()))?;
        if first.expose() != again.expose() {
            return Err(Failure::usage("the two passphrases differ; nothing was written"));
        }
    }
    Ok(first)
}
