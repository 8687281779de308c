//! A team that signs bundles, for tests: keys whose ids are the same in every run, and packages that it signed.
//!
//! The private keys under `tests/team/` are nobody's: what opens them stands here. The packages are made from sources alone, without
//! a component of their own, so that they take no time to make, and to compile.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use mosyle_standin::Oddities;
use presetter_package::{Artifact, PrivateKey, PublicKey, sign};
use serde::Deserialize;

use crate::program::root;
use crate::stage::Stage;

/// The keys: of Acme, of the root, of a second maintainer, and one that nobody trusts.
const KEYS: [&str; 4] = ["acme", "root", "second", "other"];
/// What opens the private keys. The program finds it in the variable `PASSPHRASE`.
const PASSPHRASE: &str = "a phrase for tests";
/// What a later version of the bundle may do more.
const WIDER: &str = "\n[[grants]]\nmethods = [\"DELETE\"]\npaths = [\"things/*\"]\n";

const TRUSTED: [&str; 3] = [
    "presetter trust init --root-key root.key --passphrase env:PASSPHRASE",
    "presetter trust add-key acme.key.pub --owner 'Acme Ltd.' --root-key root.key --passphrase env:PASSPHRASE",
    "presetter trust rule acme --key $ACME_ID --root-key root.key --passphrase env:PASSPHRASE",
];

/// How far a stage is when a test begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Team {
    /// There is no team.
    #[default]
    None,
    /// The keys `acme.key`, `root.key`, `second.key` and `other.key` with their public halves, the sources `acme`, and packages, signed by
    /// the first key: `acme-1.0.0.preset`, `acme-1.0.1.preset`, which may do the same, and `acme-1.1.0.preset`, which may do more.
    Signed,
    /// There is a trust store, in which the first key signs the bundle `acme`.
    Trusted,
    /// Version 1.0.0 is installed.
    Installed,
}

impl Team {
    /// Brings a stage so far.
    pub fn furnish(self, stage: &mut Stage) {
        if self == Self::None {
            return;
        }
        stage.env.push(("PASSPHRASE".into(), PASSPHRASE.into()));
        for file in KEYS.iter().flat_map(|key| [format!("{key}.key"), format!("{key}.key.pub")]) {
            fs::copy(home().join(&file), stage.folder().join(&file)).unwrap();
        }
        let sources = sources();
        for (path, bytes) in &sources {
            let path = stage.folder().join("acme").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        for (version, more) in [("1.0.0", ""), ("1.0.1", ""), ("1.1.0", WIDER)] {
            let package = package("acme", version, &changed(&sources, version, more));
            fs::write(stage.folder().join(format!("acme-{version}.preset")), package).unwrap();
        }
        if self >= Self::Trusted {
            trusted().iter().for_each(|(path, bytes)| write_private(&stage.home().join(path), bytes));
        }
        if self >= Self::Installed {
            stage.does("presetter install acme-1.0.0.preset --yes");
        }
    }
}

/// The files of the trust store, made once in a test's process: opening the root's key takes a while on purpose, each time.
fn trusted() -> &'static [(PathBuf, Vec<u8>)] {
    static FILES: OnceLock<Vec<(PathBuf, Vec<u8>)>> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut stage = Stage::bare(Oddities::default());
        Team::Signed.furnish(&mut stage);
        for line in TRUSTED {
            stage.does(line);
        }
        let home = stage.home();
        let mut found = Vec::new();
        for folder in ["config/trust", "config/trust/keys", "state/trust"] {
            let files = fs::read_dir(home.join(folder)).unwrap().map(|entry| entry.unwrap().path());
            let files = files.filter(|path| path.is_file());
            found.extend(files.map(|path| (path.strip_prefix(&home).unwrap().to_owned(), fs::read(&path).unwrap())));
        }
        found
    })
}

/// Writes a file as the program does: what others could write is not read.
fn write_private(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

/// The keys with the hexadecimal digits of their ids.
pub fn ids() -> &'static [(&'static str, String)] {
    static IDS: OnceLock<Vec<(&str, String)>> = OnceLock::new();
    IDS.get_or_init(|| {
        let id = |key: &&'static str| {
            let pem = fs::read_to_string(home().join(format!("{key}.key.pub"))).unwrap();
            (*key, PublicKey::from_pem(&pem).unwrap().id().to_string().replace("sha256:", ""))
        };
        KEYS.iter().map(id).collect()
    })
}

/// The file of a package that the first key has signed.
pub fn package(name: &str, version: &str, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut artifact = Artifact::build(name, version, files).unwrap();
    artifact.add_signature(sign(artifact.digest(), key())).unwrap();
    artifact.to_bytes()
}

/// The sources of the team's bundle in a version, with more text at the end of its manifest.
pub fn version(version: &str, more: &str) -> Vec<(String, Vec<u8>)> {
    changed(&sources(), version, more)
}

fn changed(sources: &[(String, Vec<u8>)], version: &str, more: &str) -> Vec<(String, Vec<u8>)> {
    let mut files = sources.to_vec();
    let manifest = files.iter_mut().find(|(path, _)| path == "bundle.toml").unwrap();
    let text = String::from_utf8(manifest.1.clone()).unwrap();
    manifest.1 = format!("{}{more}", text.replace("version = \"1.0.0\"", &format!("version = \"{version}\""))).into();
    files
}

fn sources() -> Vec<(String, Vec<u8>)> {
    let read = |path: &str| (path.to_owned(), fs::read(home().join("acme").join(path)).unwrap());
    ["bundle.toml", "thing/preset.toml"].map(read).to_vec()
}

fn key() -> &'static PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| {
        let pem = fs::read_to_string(home().join("acme.key")).unwrap();
        PrivateKey::from_pem(&pem, Some(PASSPHRASE.as_bytes())).unwrap()
    })
}

fn home() -> PathBuf {
    Path::new(root()).join("tests/team")
}
