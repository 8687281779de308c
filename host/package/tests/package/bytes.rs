//! The format, byte for byte: what is written today must be readable for ever.

use presetter_package::{Artifact, Digest, EMPTY_BLOB, Pointer, media, referrer};

use crate::support::{files, small};

#[test]
fn a_manifest_is_written_as_it_always_was() {
    let artifact = Artifact::build("jamf", "1.2.3-rc.1", &files(&[("bundle.toml", b"a"), ("LICENSE", b"b")])).unwrap();
    let expected = concat!(
        r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","#,
        r#""artifactType":"application/vnd.presetter.bundle.v1+json","#,
        r#""config":{"mediaType":"application/vnd.oci.empty.v1+json","#,
        r#""digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"#,
        r#""layers":[{"mediaType":"application/octet-stream","#,
        r#""digest":"sha256:3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d","size":1,"#,
        r#""annotations":{"org.opencontainers.image.title":"LICENSE"}},"#,
        r#"{"mediaType":"application/vnd.presetter.manifest.v1+toml","#,
        r#""digest":"sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb","size":1,"#,
        r#""annotations":{"org.opencontainers.image.title":"bundle.toml"}}],"#,
        r#""annotations":{"org.opencontainers.image.title":"jamf","org.opencontainers.image.version":"1.2.3-rc.1"}}"#,
    );
    assert_eq!(std::str::from_utf8(artifact.manifest_bytes()).unwrap(), expected);
    assert_eq!(artifact.digest(), Digest::of(expected.as_bytes()));
    assert_eq!(artifact.manifest().file_name(), "jamf-1.2.3-rc.1.preset");
    assert_eq!(small().manifest().file_name(), "acme-small-1.0.0.preset");
}

#[test]
fn a_referrer_is_written_as_it_always_was() {
    let written = referrer(Pointer::to(b"a"), Pointer::to(b"b"));
    let expected = concat!(
        r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","#,
        r#""artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","#,
        r#""config":{"mediaType":"application/vnd.oci.empty.v1+json","#,
        r#""digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"#,
        r#""layers":[{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","#,
        r#""digest":"sha256:3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d","size":1}],"#,
        r#""subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","#,
        r#""digest":"sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb","size":1},"#,
        r#""annotations":{"dev.sigstore.bundle.content":"dsse-envelope","#,
        r#""dev.sigstore.bundle.predicateType":"https://sigstore.dev/cosign/sign/v1"}}"#,
    );
    assert_eq!(String::from_utf8(written).unwrap(), expected);
    assert_eq!(Digest::of(EMPTY_BLOB).hex(), "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
}

#[test]
fn a_package_has_its_entries_in_their_order_each_content_once() {
    let file = small().to_bytes();
    // A reader of our own: name and size of each header.
    let mut names = Vec::new();
    let mut at = 0;
    while file[at] != 0 {
        let name = std::str::from_utf8(&file[at..at + 100]).unwrap().trim_end_matches('\0').to_owned();
        let size = usize::from_str_radix(std::str::from_utf8(&file[at + 124..at + 135]).unwrap(), 8).unwrap();
        names.push(name);
        at += 512 + size.next_multiple_of(512);
    }
    assert_eq!(&file[at..], [0; 1024]);
    let artifact = small();
    let blob = |bytes: &[u8]| format!("blobs/sha256/{}", Digest::of(bytes).hex());
    let expected = [
        "oci-layout".to_owned(),
        "index.json".to_owned(),
        blob(b"{}"),
        blob(artifact.manifest_bytes()),
        blob(b"name = \"acme/small\"\nversion = \"1.0.0\"\n"),
        blob(&[7; 1024]),
        blob(b"same"),
        blob(b""),
    ];
    assert_eq!(names, expected);
    let index = format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"{}\",\"manifests\":[{{\"mediaType\":\"{}\",\"digest\":\"{}\",\"size\":{},\
         \"annotations\":{{\"org.opencontainers.image.ref.name\":\"1.0.0\"}},\"artifactType\":\"{}\"}}]}}",
        media::INDEX,
        media::MANIFEST,
        artifact.digest(),
        artifact.manifest_bytes().len(),
        media::BUNDLE
    );
    assert_eq!(&file[1536..1536 + index.len()], index.as_bytes());
}
