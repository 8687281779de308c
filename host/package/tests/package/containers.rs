//! Other containers than the one: what other tars can say, other orders, other bytes around it.

use presetter_package::{Digest, Pointer, PrivateKey, PublicKey, Reason, media, referrer, sign};

use crate::support::{entries, entry, file_of, header, known, refused, sealed, signed, small, verify};

fn package() -> (Vec<u8>, Vec<PublicKey>, PrivateKey) {
    let key = PrivateKey::generate().unwrap();
    (signed(small(), &[&key]).to_bytes(), known(&[&key]), key)
}

fn blob(bytes: &[u8]) -> String {
    format!("blobs/sha256/{}", Digest::of(bytes).hex())
}

#[test]
fn entries_are_in_their_order_each_once_and_no_other() {
    let (file, keys, _) = package();
    let all = entries(&file);
    assert_eq!(file_of(&all), file);
    assert!(all.len() == 10);
    for at in 0..all.len() {
        let mut without = all.clone();
        without.remove(at);
        let reason = refused(&file_of(&without), &keys);
        assert!(matches!(reason, Reason::Header | Reason::NotAPackage), "without {at}: {reason:?}");
        let mut twice = all.clone();
        twice.insert(at, all[at].clone());
        let expected = if at == all.len() - 1 { Reason::Trailing } else { Reason::Header };
        assert_eq!(refused(&file_of(&twice), &keys), expected, "{at} twice");
        for extra in [entry(&blob(b"extra"), b"extra"), entry("evil", b""), header("evil", 0)] {
            let mut with = all.clone();
            with.insert(at, extra);
            let reason = refused(&file_of(&with), &keys);
            assert!(matches!(reason, Reason::Header | Reason::NotAPackage), "extra at {at}: {reason:?}");
        }
        if at > 0 {
            let mut swapped = all.clone();
            swapped.swap(at - 1, at);
            assert!(verify(&file_of(&swapped), &keys).is_err(), "{at} before its turn");
        }
    }
    let with = [&all[..], &[entry(&blob(b"extra"), b"extra")]].concat();
    assert_eq!(refused(&file_of(&with), &keys), Reason::Trailing);
}

#[test]
fn whatever_else_a_tar_header_can_say_is_refused() {
    let (file, keys, _) = package();
    let all = entries(&file);
    // The type, and all other fields, at each entry; the checksum fits.
    let links_devices_sparse_long_pax = b"\x001234567gxLKSDMNVAX";
    let fields: [(usize, &[u8]); 14] = [
        (100, b"0000755"),
        (100, b" 000644"),
        (100, b"0100644"),
        (108, b"0000001"),
        (116, b"0000001"),
        (136, b"00000000001"),
        (157, b"/etc/passwd"),
        (257, b"ustar  \0"),
        (263, b"\0\0"),
        (265, b"root"),
        (297, b"root"),
        (329, b"0000000"),
        (345, b"../.."),
        (500, b"x"),
    ];
    for at in 0..all.len() {
        for kind in links_devices_sparse_long_pax {
            let mut changed = all.clone();
            changed[at][156] = *kind;
            let block = sealed(changed[at][..512].to_vec());
            changed[at][..512].copy_from_slice(&block);
            let reason = refused(&file_of(&changed), &keys);
            assert_eq!(reason, Reason::Header, "entry {at} of type {kind:#x}");
        }
        for (place, bytes) in fields {
            let mut changed = all.clone();
            changed[at][place..place + bytes.len()].copy_from_slice(bytes);
            let block = sealed(changed[at][..512].to_vec());
            changed[at][..512].copy_from_slice(&block);
            assert_eq!(refused(&file_of(&changed), &keys), Reason::Header, "entry {at}, byte {place}");
        }
        // Names of the same file to other tools.
        for prefix in ["./", "/", "../", "x/../", "C:", ".\\"] {
            let name = std::str::from_utf8(&all[at][..100]).unwrap().trim_end_matches('\0');
            let content = &all[at][512..];
            let mut changed = all.clone();
            let size = usize::from_str_radix(std::str::from_utf8(&all[at][124..135]).unwrap(), 8).unwrap();
            changed[at] = [header(&format!("{prefix}{name}"), size), content.to_vec()].concat();
            let reason = refused(&file_of(&changed), &keys);
            assert!(matches!(reason, Reason::Header | Reason::NotAPackage), "{prefix}{name}: {reason:?}");
        }
    }
}

#[test]
fn bytes_around_a_package_are_refused() {
    let (file, keys, _) = package();
    let wrapped = |before: &[u8], after: &[u8]| refused(&[before, &file, after].concat(), &keys);
    for after in [&b"\0"[..], &[0; 512], &[0; 8192], b"x", &file] {
        assert_eq!(wrapped(b"", after), Reason::Trailing);
    }
    for before in
        [&b"\0"[..], &[0; 512], &[0; 1024], b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"#!/bin/sh\n"]
    {
        assert_eq!(wrapped(before, b""), Reason::NotAPackage);
    }
    assert_eq!(refused(&file[..file.len() - 512], &keys), Reason::Truncated);
    assert_eq!(refused(b"", &keys), Reason::Truncated);
    let other_tar = [entry("bundle.toml", b""), vec![0; 1024]].concat();
    assert_eq!(refused(&other_tar, &keys), Reason::NotAPackage);
    let words = verify(&[b"\x1f\x8b\x08", &file[..]].concat(), &keys).unwrap_err().to_string();
    assert!(words.contains("gzip"), "{words}");
}

/// A package with another head: what it says of itself is rebuilt, so that only the point in question is wrong.
struct Head {
    index: String,
    entries: Vec<Vec<u8>>,
}

impl Head {
    fn new(index: String, blobs: &[&[u8]]) -> Self {
        Self { index, entries: blobs.iter().map(|bytes| entry(&blob(bytes), bytes)).collect() }
    }

    fn file(&self) -> Vec<u8> {
        let layout = entry("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#);
        let head = [layout, entry("index.json", self.index.as_bytes()), entry(&blob(b"{}"), b"{}")];
        file_of(&[&head[..], &self.entries].concat())
    }
}

fn index(manifest: &[u8], version: &str, referrers: &[&[u8]]) -> String {
    let one = |bytes: &[u8], rest: &str| {
        format!(
            r#"{{"mediaType":"{}","digest":"{}","size":{}{rest}}}"#,
            media::MANIFEST,
            Digest::of(bytes),
            bytes.len()
        )
    };
    let bundle = format!(
        r#","annotations":{{"org.opencontainers.image.ref.name":"{version}"}},"artifactType":"{}""#,
        media::BUNDLE
    );
    let signature = format!(r#","artifactType":"{}""#, media::SIGNATURE);
    let all: Vec<String> = std::iter::once(one(manifest, &bundle))
        .chain(referrers.iter().map(|referrer| one(referrer, &signature)))
        .collect();
    format!(r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[{}]}}"#, media::INDEX, all.join(","))
}

#[test]
fn the_head_is_in_its_one_form() {
    let (file, keys, key) = package();
    let artifact = small();
    let manifest = artifact.manifest_bytes();
    let signature = sign(artifact.digest(), &key);
    let referrer = referrer(Pointer::to(manifest), Pointer::to(&signature));
    let layers = [&b"name = \"acme/small\"\nversion = \"1.0.0\"\n"[..], &[7; 1024], b"same", b""];
    let blobs: Vec<&[u8]> = [&referrer[..], &signature, manifest].into_iter().chain(layers).collect();
    let good = index(manifest, "1.0.0", &[&referrer]);
    assert_eq!(Head::new(good.clone(), &blobs).file(), file, "the test writes the very same package");

    let other = |index: String| refused(&Head::new(index, &blobs).file(), &keys);
    assert_eq!(other(index(manifest, "1.0.1", &[&referrer])), Reason::Version);
    for (from, to) in [
        ("{\"schemaVersion\":2", "{\"schemaVersion\":2,\"schemaVersion\":2"),
        ("{\"schemaVersion\":2", "\u{feff}{\"schemaVersion\":2"),
        ("{\"schemaVersion\":2", "{\"schemaVersion\":1"),
        ("{\"schemaVersion\":2", "{\"schemaVersion\":2.0"),
        ("{\"schemaVersion\":2", "{\"schemaVersion\":1e400"),
        ("{\"schemaVersion\":2", " {\"schemaVersion\":2"),
        ("\"1.0.0\"", "\"1.0.\\u0030\""),
        ("\"1.0.0\"", "\"\\ud800\""),
        ("\"1.0.0\"", "null"),
        ("\"annotations\"", "\"x\":{},\"annotations\""),
        ("sha256:", "SHA256:"),
        ("sha256:", "sha512:"),
        (media::BUNDLE, media::SIGNATURE),
        (media::MANIFEST, media::INDEX),
        ("]}", "]}\n"),
        ("]}", ",]}"),
        ("]}", "],\"subject\":{}}"),
    ] {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good);
        assert_eq!(other(changed), Reason::Index, "{from} as {to}");
    }
    assert_eq!(other(format!("{}{}", "[".repeat(2000), "]".repeat(2000))), Reason::Index);
    assert_eq!(
        other(r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#.into()),
        Reason::Index
    );
    assert_eq!(other(good.replace(&format!("\"size\":{}", referrer.len()), "\"size\":99999999999")), Reason::TooLarge);

    // The same signature twice; ten thousand; more than may be.
    assert_eq!(other(index(manifest, "1.0.0", &[&referrer, &referrer])), Reason::DuplicateSignature);
    assert_eq!(other(index(manifest, "1.0.0", &vec![&referrer[..]; 10_000])), Reason::TooManySignatures);
    assert_eq!(other(index(manifest, "1.0.0", &vec![&referrer[..]; 17])), Reason::TooManySignatures);

    // A referrer of another bundle, in another form, a signature of another size than it says.
    for changed in [
        presetter_package::referrer(Pointer::to(b"other"), Pointer::to(&signature)),
        [&referrer[..], b"\n"].concat(),
        String::from_utf8(referrer.clone()).unwrap().replace("dsse-envelope", "message-signature").into_bytes(),
        b"{}".to_vec(),
        b"\xff".to_vec(),
    ] {
        let mut blobs = blobs.clone();
        blobs[0] = &changed;
        if changed == b"{}" {
            blobs.remove(0);
        }
        let file = Head::new(index(manifest, "1.0.0", &[&changed]), &blobs).file();
        assert_eq!(refused(&file, &keys), Reason::Referrer);
    }
    let larger = vec![b' '; 65 << 10];
    let lying = presetter_package::referrer(Pointer::to(manifest), Pointer::to(&larger));
    let file = Head::new(index(manifest, "1.0.0", &[&lying]), &[&lying, &larger, manifest]).file();
    assert_eq!(refused(&file, &keys), Reason::TooLarge);
}

#[test]
fn a_file_may_have_the_content_of_a_blob_of_the_head() {
    // Somebody else's signature of something else, as a file and as a signature at once: it is there once.
    let (key, stranger) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let foreign = sign(Digest::of(b"else"), &stranger);
    let files = crate::support::files(&[("bundle.toml", b"x"), ("lib/s.json", &foreign), ("lib/e.json", b"{}")]);
    let mut artifact = presetter_package::Artifact::build("a", "1.0.0", &files).unwrap();
    assert_eq!(artifact.add_signature(foreign.clone()).unwrap_err().reason, Reason::SignatureOther);
    artifact = signed(artifact, &[&key]);
    let manifest = artifact.manifest_bytes();
    let signature = sign(artifact.digest(), &key);
    let referrers = [&signature, &foreign].map(|s| referrer(Pointer::to(manifest), Pointer::to(s)));
    let index = index(manifest, "1.0.0", &[&referrers[0], &referrers[1]]);
    let blobs: [&[u8]; 6] = [&referrers[0], &signature, &referrers[1], &foreign, manifest, b"x"];
    let file = Head::new(index, &blobs).file();
    let verified = verify(&file, &known(&[&key])).unwrap().unwrap();
    assert_eq!((&verified.files["lib/s.json"], &verified.files["lib/e.json"][..]), (&foreign, &b"{}"[..]));
    assert_eq!(verified.signers, [key.public().id()]);
}
