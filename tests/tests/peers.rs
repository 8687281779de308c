//! Other people's tools agree: on the signature OpenSSL, npm's `@sigstore/verify` and Python's `securesystemslib`; on the file `skopeo`.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mosyle_standin::Oddities;
use presetter_package::{Bounds, open};
use presetter_tests::{Stage, left_out, root, scratch};
use serde_json::Value;

/// A bundle that the program packed and signed, by its key and a second one.
struct Signed {
    stage: Stage,
    digest: String,
    /// The first signature: a Sigstore bundle.
    signature: Vec<u8>,
}

impl Signed {
    fn new() -> Self {
        let mut stage = Stage::new(Oddities::default());
        stage.env.push(("PASSPHRASE".into(), "a phrase".into()));
        let does = |line: &str| {
            let ended = stage.run(line);
            assert_eq!(ended.exit, 0, "{line}\n{}\n{}", ended.out, ended.err);
        };
        for key in ["one.key", "two.key"] {
            does(&format!("presetter key generate {key} --passphrase env:PASSPHRASE"));
        }
        does("presetter pack ./presets/okta -o okta.preset");
        fs::copy(stage.folder().join("okta.preset"), stage.folder().join("unsigned.preset")).unwrap();
        for key in ["one.key", "two.key"] {
            does(&format!("presetter sign okta.preset --key {key} --passphrase env:PASSPHRASE"));
        }
        let opened = open(File::open(stage.folder().join("okta.preset")).unwrap(), &Bounds::default()).unwrap();
        let (digest, signature) = (opened.digest().hex(), opened.signatures()[0].clone());
        fs::write(stage.folder().join("signature.json"), &signature).unwrap();
        Self { stage, digest, signature }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.stage.folder().join(name)
    }

    /// The signature, with one letter of a text changed in it.
    fn changed(&self, change: impl Fn(&mut Value)) {
        let mut bundle: Value = serde_json::from_slice(&self.signature).unwrap();
        change(&mut bundle);
        fs::write(self.file("changed.json"), bundle.to_string()).unwrap();
    }

    /// A verifier, which is given a key and a bundle, and prints the digest that was signed: it takes the right one and no other.
    fn is_verified_by(&self, verifier: impl Fn(&Path, &Path) -> Command) {
        let run = |key: &str, bundle: &str| verifier(&self.file(key), &self.file(bundle)).output().unwrap();
        let right = run("one.key.pub", "signature.json");
        assert!(right.status.success(), "{}", String::from_utf8_lossy(&right.stderr));
        assert_eq!(String::from_utf8_lossy(&right.stdout).trim(), self.digest);
        assert!(!run("two.key.pub", "signature.json").status.success(), "by another key");
        self.changed(|bundle| {
            let payload = STANDARD.decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap();
            let other = String::from_utf8(payload).unwrap().replace(&self.digest, &"0".repeat(64));
            bundle["dsseEnvelope"]["payload"] = STANDARD.encode(other).into();
        });
        assert!(!run("one.key.pub", "changed.json").status.success(), "of another digest");
        self.changed(|bundle| bundle["dsseEnvelope"]["payloadType"] = "application/json".into());
        assert!(!run("one.key.pub", "changed.json").status.success(), "of another type");
    }
}

#[test]
fn openssl_reads_the_keys_and_verifies_the_signature() {
    let signed = Signed::new();
    let openssl = |arguments: &[&str]| {
        let mut command = Command::new("openssl");
        let output = command.args(arguments).current_dir(signed.stage.folder()).output().expect("openssl is there");
        (output.status.success(), output.stdout)
    };
    let (read, public) = openssl(&["pkey", "-in", "one.key", "-passin", "pass:a phrase", "-pubout"]);
    assert!(read && public == fs::read(signed.file("one.key.pub")).unwrap());
    assert!(!openssl(&["pkey", "-in", "one.key", "-passin", "pass:another", "-pubout"]).0);

    let bundle: Value = serde_json::from_slice(&signed.signature).unwrap();
    let dsse = &bundle["dsseEnvelope"];
    let payload = STANDARD.decode(dsse["payload"].as_str().unwrap()).unwrap();
    let kind = dsse["payloadType"].as_str().unwrap();
    // The pre-authentication encoding of DSSE.
    let mut signed_bytes = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    signed_bytes.extend(&payload);
    fs::write(signed.file("pae"), &signed_bytes).unwrap();
    fs::write(signed.file("payload"), &payload).unwrap();
    let signature = STANDARD.decode(dsse["signatures"][0]["sig"].as_str().unwrap()).unwrap();
    fs::write(signed.file("sig"), signature).unwrap();
    let verify = |key: &str, what: &str| openssl(&["dgst", "-sha256", "-verify", key, "-signature", "sig", what]).0;
    assert!(verify("one.key.pub", "pae"));
    assert!(!verify("two.key.pub", "pae") && !verify("one.key.pub", "payload"));

    // And the other way: a key that OpenSSL made signs.
    assert!(openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "plain.pem"]).0);
    let wrap = [
        "pkcs8",
        "-topk8",
        "-in",
        "plain.pem",
        "-out",
        "theirs.pem",
        "-passout",
        "pass:a phrase",
        "-v2",
        "aes-256-cbc",
    ];
    assert!(openssl(&wrap).0);
    let ended = signed.stage.run("presetter key import theirs.pem -o theirs.key --passphrase env:PASSPHRASE");
    assert_eq!(ended.exit, 0, "{}", ended.err);
    let ended = signed.stage.run("presetter sign okta.preset --key theirs.key --passphrase env:PASSPHRASE");
    assert_eq!(ended.exit, 0, "{}", ended.err);
    let ended =
        signed.stage.run("presetter verify okta.preset --key theirs.key.pub --key one.key.pub --key two.key.pub");
    assert_eq!(ended.exit, 0, "{}", ended.err);
}

#[test]
fn npms_sigstore_verifies_it() {
    if left_out() {
        return;
    }
    let packages = installed("npm", &["package.json", "verify.js"], "npm install --no-audit --no-fund --silent");
    Signed::new().is_verified_by(|key, bundle| {
        let mut node = Command::new("node");
        node.current_dir(&packages).arg("verify.js").args([key, bundle]);
        node
    });
}

#[test]
fn pythons_securesystemslib_verifies_it() {
    if left_out() {
        return;
    }
    let install = "python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check 'securesystemslib[crypto]==1.6.0'";
    let packages = installed("pip", &["verify.py"], install);
    Signed::new().is_verified_by(|key, bundle| {
        let mut python = Command::new(packages.join("venv/bin/python"));
        python.current_dir(&packages).arg("verify.py").args([key, bundle]);
        python
    });
}

#[test]
fn skopeo_reads_and_copies_the_file_with_its_digest_unchanged() {
    if left_out() {
        return;
    }
    let signed = Signed::new();
    let run = |arguments: &[&str]| {
        let mut command = Command::new("skopeo");
        command.arg("--insecure-policy").args(arguments).current_dir(signed.stage.folder());
        let output = command.env("HOME", signed.stage.folder()).output();
        let output =
            output.expect("skopeo is there: on Debian apt-get install skopeo, or PRESETTER_OFFLINE=1 leaves this out");
        assert!(output.status.success(), "{arguments:?}\n{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let raw = run(&["inspect", "--raw", "oci-archive:okta.preset:1.0.0"]);
    assert_eq!(presetter_package::Digest::of(&raw).hex(), signed.digest);
    run(&["copy", "--quiet", "oci-archive:okta.preset:1.0.0", "oci:layout:1.0.0"]);
    // skopeo copies the image alone: what comes back is the package that nobody has signed yet.
    let ended = signed.stage.run("presetter import layout -o back.preset");
    assert_eq!(ended.exit, 0, "{}", ended.err);
    assert!(fs::read(signed.file("back.preset")).unwrap() == fs::read(signed.file("unsigned.preset")).unwrap());
}

/// A folder with a verifier and the packages that it needs, which are installed once.
fn installed(name: &str, files: &[&str], install: &str) -> PathBuf {
    let folder = scratch("peers").join(name);
    fs::create_dir_all(&folder).unwrap();
    // Tests are processes of their own: one installs, the others wait.
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    for file in files {
        fs::copy(root().join("tests/peers").join(file), folder.join(file)).unwrap();
    }
    let done = folder.join("done");
    if fs::read_to_string(&done).ok().as_deref() != Some(install) {
        let ended =
            Command::new("sh").args(["-ec", install]).current_dir(&folder).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.success(), "{install}\n{said}\nor leave this out by PRESETTER_OFFLINE=1");
        fs::write(done, install).unwrap();
    }
    folder
}
