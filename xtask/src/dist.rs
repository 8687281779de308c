//! What is released: the bundle of Mosyle as a signed file, and an archive with the program.
//!
//! Owns: which files these are, and how they are made so that two makings on one machine give the same bytes: paths of the
//! machine are mapped away, no file has a time of its own, and signatures are deterministic (RFC 6979). Must never: keep the key,
//! or pass a passphrase on a command line.

mod archive;
mod sbom;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use presetter_package::{Digest, PrivateKey, sign};

use crate::step::{Steps, cargo};

/// What somebody asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Wanted {
    /// The private key that signs: a file that `presetter key generate` made
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The environment variable that has its passphrase
    #[arg(long, value_name = "NAME", default_value = "PRESETTER_PASSPHRASE")]
    passphrase_env: String,
    /// The folder to write
    #[arg(long, value_name = "FOLDER", default_value = "target/release-files")]
    out: PathBuf,
}

/// The bundle that is released.
const BUNDLE: &str = "presets/mosyle";
/// The key's public half, which goes with the files.
const PUBLIC_KEY: &str = "presetter.pub";

/// Makes all that is released.
pub(crate) fn dist(root: &Path, steps: &mut Steps, wanted: &Wanted) -> Result<()> {
    let out = std::path::absolute(&wanted.out)?;
    let key = std::path::absolute(&wanted.key)?;
    fs::create_dir_all(&out)?;
    let target = root.join("target/dist");
    steps.run("dist: the program", program(root, &target)?)?;
    let program = target.join("release").join(format!("presetter{}", std::env::consts::EXE_SUFFIX));
    let again = "cargo xtask dist --key FILE";
    let boms = steps.work("dist: bills of materials (CycloneDX)", again, |say| {
        let program = sbom::of_workspace(root, "presetter", "application")?;
        let bundle = sbom::of_workspace(&root.join("plugins"), "recipe", "library")?;
        say(&format!("{} components in the program, {} in the bundle's interpreter", program.count, bundle.count));
        Ok((program.text, bundle.text))
    })?;
    let bundle = pack(root, steps, &program, &out, &boms.1)?;
    let mut signing = Command::new(&program);
    signing.arg("sign").arg(&bundle).arg("--key").arg(&key);
    signing.arg("--passphrase").arg(format!("env:{}", wanted.passphrase_env));
    steps.run("dist: sign the bundle", signing)?;
    // Only what a stranger can verify with the public key alone is released.
    let public = out.join(PUBLIC_KEY);
    let half = fs::read(public_half(&key)).with_context(|| format!("{} has no .pub beside it", key.display()))?;
    fs::write(&public, half)?;
    let mut verify = Command::new(&program);
    verify.arg("verify").arg(&bundle).arg("--key").arg(&public).arg("--rebuild");
    steps.run("dist: verify the bundle, and that its sources are what it holds", verify)?;
    steps.work("dist: archive and checksums", again, |say| {
        let made = archive::write(root, &out, &program, &boms.0)?;
        signed(&made, &key, &wanted.passphrase_env)?;
        for file in [bundle.clone(), made, public.clone()] {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            say(&format!("{}  {name}", Digest::of(&fs::read(&file)?).hex()));
        }
        archive::checksums(&out)
    })
}

/// Signs the archive as bundles are signed: a Sigstore bundle beside it, over its digest.
fn signed(archive: &Path, key: &Path, passphrase: &str) -> Result<()> {
    let passphrase = std::env::var(passphrase).with_context(|| format!("the variable {passphrase} is not set"))?;
    let key = PrivateKey::from_pem(&fs::read_to_string(key)?, Some(passphrase.as_bytes()))?;
    let mut name = archive.as_os_str().to_owned();
    name.push(".sigstore.json");
    fs::write(name, sign(Digest::of(&fs::read(archive)?), &key))?;
    Ok(())
}

/// `acme.key` has its public half in `acme.key.pub`.
fn public_half(key: &Path) -> PathBuf {
    let mut name = key.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

/// Builds the program as it is released, in a folder of its own: its flags are not those of the usual builds.
fn program(root: &Path, target: &Path) -> Result<Command> {
    let home = std::env::home_dir().context("this machine tells no home folder")?;
    let cargo_home = std::env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
    let mut build = cargo(root, &["build", "--release", "--locked", "--package", "presetter"]);
    let maps = [(cargo_home.as_path(), "/cargo"), (root, "/presetter"), (home.as_path(), "/home")];
    let flags: Vec<String> =
        maps.iter().map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display())).collect();
    // Separated by a character that no path has.
    build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    build.env("CARGO_TARGET_DIR", target).env("CARGO_INCREMENTAL", "0").env("SOURCE_DATE_EPOCH", "0");
    Ok(build)
}

/// Packs the bundle with its bill of materials.
fn pack(root: &Path, steps: &mut Steps, program: &Path, out: &Path, bom: &str) -> Result<PathBuf> {
    let manifest = fs::read_to_string(root.join(BUNDLE).join("bundle.toml"))?;
    let manifest: toml::Table = manifest.parse().context("bundle.toml")?;
    let (Some(name), Some(version)) = (manifest["name"].as_str(), manifest["version"].as_str()) else {
        bail!("{BUNDLE}/bundle.toml has no name or version");
    };
    let file = out.join(format!("{name}-{version}.preset"));
    // What has a version is one thing: it is made anew only when it was taken away on purpose. Here it is, each time.
    if file.exists() {
        fs::remove_file(&file)?;
    }
    let listed = out.join("sbom.cdx.json");
    fs::write(&listed, bom)?;
    let mut pack = Command::new(program);
    pack.current_dir(root).args(["pack", BUNDLE, "--sbom"]).arg(&listed).arg("-o").arg(&file);
    steps.run("dist: pack the bundle", pack)?;
    fs::remove_file(&listed)?;
    Ok(file)
}
