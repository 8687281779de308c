//! Packages in a registry that lists referrers (OCI Distribution 1.1): a signature is found by what it refers to, and no tag is written for it.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;

use mosyle_standin::{Canned, Oddities};
use presetter_package::{Bounds, Digest};
use presetter_tests::{ReferrersRegistry, Stage, Team};
use serde_json::{Value, json};

/// Of a signature (Sigstore bundle v0.3), as `cosign` writes it.
const SIGNATURE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const REPOSITORY: &str = "presets/acme";
const ROOT: &str = "--root-key root.key --passphrase env:PASSPHRASE";
const RUN: &str = "presetter run acme/thing --set id=t1 --format json";

struct Story {
    registry: ReferrersRegistry,
    stage: Stage,
}

impl Story {
    fn begin() -> Self {
        let mut stage = Stage::new(Oddities::default());
        Team::Trusted.furnish(&mut stage);
        let paths = [("/v1/things/t1".to_owned(), Canned::default())].into();
        stage.server().set_oddities(Oddities { paths, ..Oddities::default() });
        Self { registry: ReferrersRegistry::start(), stage }
    }

    /// Runs a line that must end with this code; what it printed. `$REF` is the repository, `$REG` the folder of it.
    fn ends(&self, exit: i32, line: &str) -> String {
        self.stage.ends(exit, &self.named(line)).out
    }

    fn does(&self, line: &str) -> String {
        self.ends(0, line)
    }

    /// The same, for what it said.
    fn err(&self, exit: i32, line: &str) -> String {
        self.stage.ends(exit, &self.named(line)).err
    }

    fn named(&self, line: &str) -> String {
        line.replace("$REF", "$REG/acme").replace("$REG", &format!("{}/presets", self.registry.host()))
    }

    /// The digest of a file's package.
    fn digest(&self, file: &str) -> String {
        let told: Value = serde_json::from_str(&self.does(&format!("presetter inspect {file} --format json"))).unwrap();
        told["digest"].as_str().unwrap().to_owned()
    }

    /// What the registry itself lists as referring to a package.
    fn referrers(&self, digest: &str) -> Vec<Value> {
        self.registry.get(&format!("{REPOSITORY}/referrers/{digest}"))["manifests"].as_array().unwrap().clone()
    }

    fn tags(&self) -> Vec<Value> {
        self.registry.get(&format!("{REPOSITORY}/tags/list"))["tags"].as_array().unwrap().clone()
    }

    /// Lets anyone who may push say that something is a signature of a package.
    fn attach(&self, digest: &str, content: &[u8]) {
        let blob = self.registry.put_blob(REPOSITORY, content);
        let config = self.registry.put_blob(REPOSITORY, b"{}");
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": SIGNATURE,
            "config": { "mediaType": EMPTY, "digest": config, "size": 2 },
            "layers": [{ "mediaType": SIGNATURE, "digest": blob, "size": content.len() }],
            // Nobody holds it to the true size.
            "subject": { "mediaType": MANIFEST, "digest": digest, "size": 1 },
        });
        let manifest = manifest.to_string();
        let line = format!("PUT /v2/{REPOSITORY}/manifests/{}", Digest::of(manifest.as_bytes()));
        let (status, head, body) = self.registry.ask(&line, MANIFEST, manifest.as_bytes());
        assert_eq!(status, 201, "{head}\n{body}");
    }
}

/// A signature of 1.0.1 that names the key of the first maintainer, made by nobody who has it.
fn forged(story: &Story) -> Vec<u8> {
    story.does("presetter pull $REF:1.0.1 -o taken.preset");
    let taken = fs::read(story.stage.folder().join("taken.preset")).unwrap();
    let artifact = presetter_package::open(taken.as_slice(), &Bounds::default());
    let artifact = artifact.unwrap().artifact().unwrap();
    let acme = story.stage.filled("$ACME_ID");
    let named = |bundle: &&Vec<u8>| presetter_package::claimed_signer(bundle).unwrap().to_string() == acme;
    let mut bundle: Value = serde_json::from_slice(artifact.signatures().iter().find(named).unwrap()).unwrap();
    let other: Value =
        serde_json::from_slice(artifact.signatures().iter().find(|bundle| !named(bundle)).unwrap()).unwrap();
    bundle["dsseEnvelope"]["signatures"] = other["dsseEnvelope"]["signatures"].clone();
    serde_json::to_vec(&bundle).unwrap()
}

#[test]
fn signatures_are_referrers_and_no_tags() {
    let story = Story::begin();
    let (first, second) = (story.digest("acme-1.0.0.preset"), story.digest("acme-1.0.1.preset"));

    // Pushed with its signature, which the registry lists; installed by name, and it runs.
    story.does("presetter push acme-1.0.0.preset $REF");
    let listed = story.referrers(&first);
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0]["artifactType"], SIGNATURE);
    assert_eq!(story.tags(), ["1.0.0"]);
    story.does("presetter verify $REF:1.0.0");
    story.does("presetter install acme --registry $REG --yes");
    story.does("presetter connection add o --kind acme/open --base-url $URL --allow-private");
    story.does(RUN);

    // A second signature is asked for, and made in place: the registry lists both, and still no tag but the versions'.
    story.does("presetter push acme-1.0.1.preset $REF");
    story.does(&format!("presetter trust add-key second.key.pub --owner Second {ROOT}"));
    story.does(&format!("presetter trust rule acme --key $ACME_ID --key $SECOND_ID --threshold 2 {ROOT}"));
    story.ends(9, "presetter verify $REF:1.0.1");
    story.ends(9, "presetter upgrade acme --yes");
    // What others attach before it, to be in its way, blocks nothing and counts for nothing: words, a signature by nobody known, and
    // one that names a known key and is not that key's.
    story.attach(&second, b"{}");
    story.attach(&second, b"\x00\xff no JSON");
    story.does(&format!("presetter sign $REF@{second} --key other.key --passphrase env:PASSPHRASE"));
    story.attach(&second, &forged(&story));
    story.ends(9, "presetter verify $REF:1.0.1");
    story.ends(9, "presetter upgrade acme --yes");
    let signed = story.err(0, &format!("presetter sign $REF@{second} --key second.key --passphrase env:PASSPHRASE"));
    assert!(signed.contains("to sign: acme 1.0.1") && signed.contains("which did not make it"), "{signed}");
    assert_eq!(story.referrers(&second).len(), 6);
    assert_eq!(story.tags(), ["1.0.0", "1.0.1"]);
    assert_eq!(story.does("presetter versions $REF"), "1.0.1\n1.0.0\n");

    let told = story.does("presetter verify $REF:1.0.1");
    assert!(told.contains("2 signatures asked for"), "{told}");
    story.does("presetter upgrade acme --yes");
    assert!(story.does("presetter list").starts_with("acme 1.0.1\n"));
    story.does(RUN);

    // What comes back as a file is what was pushed, with the signatures that hold.
    story.does("presetter pull $REF:1.0.1 -o pulled.preset");
    assert_eq!(story.digest("pulled.preset"), second);
    story.does("presetter verify pulled.preset");
}

/// Whoever serves a bundle does not choose which one it is, however well it is signed.
#[test]
fn what_was_asked_for_is_what_is_taken() {
    let story = Story::begin();
    story.does("presetter push acme-1.0.0.preset $REF");
    // A tag that says more than what it stands for.
    let digest = story.digest("acme-1.0.0.preset");
    let (status, _, manifest) = story.registry.ask(&format!("GET /v2/{REPOSITORY}/manifests/{digest}"), MANIFEST, b"");
    assert_eq!(status, 200);
    let line = format!("PUT /v2/{REPOSITORY}/manifests/1.0.2");
    assert_eq!(story.registry.ask(&line, MANIFEST, manifest.as_bytes()).0, 201);
    for line in [
        "presetter install $REF:1.0.2 --yes",
        "presetter verify $REF:1.0.2",
        "presetter install acme --registry $REG --yes",
    ] {
        let told = story.err(9, line);
        assert!(told.contains("this is version 1.0.0, not 1.0.2"), "{line}: {told}");
    }
    // Another bundle under this name.
    story.does("presetter push acme-1.0.0.preset $REG/okta");
    let told = story.err(9, "presetter install okta --registry $REG --yes");
    assert!(told.contains("this is the bundle acme, not okta"), "{told}");
    assert!(story.does("presetter list").is_empty());
    // By its digest it is what it is, whatever a tag says.
    story.does(&format!("presetter install $REF@{digest} --yes"));
}

/// Of what nobody known has signed nothing is fetched but its digest.
#[test]
fn what_nobody_known_has_signed_is_not_fetched() {
    let story = Story::begin();
    story.does("presetter new other --script");
    story.does("presetter pack ./other -o other-0.1.0.preset");
    story.does("presetter push other-0.1.0.preset $REG/other");
    for line in ["presetter install $REG/other:0.1.0 --yes", "presetter verify $REG/other:0.1.0"] {
        drop(story.registry.asked());
        let told = story.err(9, line);
        assert!(told.contains("nobody has signed it"), "{told}");
        let asked = story.registry.asked();
        assert!(asked.iter().any(|line| line.contains("/manifests/0.1.0")), "{asked:?}");
        assert!(asked.iter().all(|line| !line.contains("/blobs/")), "{line}: {asked:?}");
    }
}
