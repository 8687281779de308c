//! Packages in a registry that lists referrers (OCI Distribution 1.1): a signature is found by what it refers to, and no tag is written for it.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use mosyle_standin::{Canned, Oddities};
use presetter_package::Digest;
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
        let line = line.replace("$REF", "$REG/acme").replace("$REG", &format!("{}/presets", self.registry.host()));
        self.stage.ends(exit, &line).out
    }

    fn does(&self, line: &str) -> String {
        self.ends(0, line)
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
    story.does("presetter sign $REF:1.0.1 --key second.key --passphrase env:PASSPHRASE");
    assert_eq!(story.referrers(&second).len(), 2);
    assert_eq!(story.tags(), ["1.0.0", "1.0.1"]);
    assert_eq!(story.does("presetter versions $REF"), "1.0.1\n1.0.0\n");

    // What strangers attach blocks nothing and counts for nothing.
    story.does("presetter sign $REF:1.0.1 --key other.key --passphrase env:PASSPHRASE");
    story.attach(&second, b"{}");
    story.attach(&second, b"\x00\xff no JSON");
    assert_eq!(story.referrers(&second).len(), 5);
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
