//! OCI layouts of other tools.

use std::collections::BTreeMap;
use std::io;

use presetter_package::{Artifact, Bounds, Digest, Layout, Pointer, PrivateKey, Reason, import, referrer, sign};
use serde_json::{Value, json};

use crate::support::{entries, files, known, signed, small, verify};

#[derive(Clone, Default)]
struct Memory(BTreeMap<String, Vec<u8>>);

impl Layout for Memory {
    fn file(&mut self, name: &str, bound: u64) -> io::Result<Option<Vec<u8>>> {
        match self.0.get(name) {
            Some(bytes) if bytes.len() as u64 > bound => Err(io::Error::other("too large")),
            found => Ok(found.cloned()),
        }
    }
}

impl Memory {
    /// What unpacking a package gives.
    fn of(file: &[u8]) -> Self {
        let named = entries(file).into_iter().map(|entry| {
            let name = std::str::from_utf8(&entry[..100]).unwrap().trim_end_matches('\0').to_owned();
            let size = usize::from_str_radix(std::str::from_utf8(&entry[124..135]).unwrap(), 8).unwrap();
            (name, entry[512..512 + size].to_vec())
        });
        Self(named.collect())
    }

    fn put(&mut self, bytes: &[u8]) -> Value {
        self.0.insert(format!("blobs/sha256/{}", Digest::of(bytes).hex()), bytes.to_vec());
        json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": Digest::of(bytes), "size": bytes.len()})
    }

    fn index(&mut self, manifests: &[Value]) {
        self.0.insert(
            "index.json".into(),
            serde_json::to_vec_pretty(&json!({"schemaVersion": 2, "manifests": manifests})).unwrap(),
        );
    }

    fn import(mut self, version: Option<&str>) -> Result<Artifact, Reason> {
        import(&mut self, version, &Bounds::default()).map_err(|refused| refused.reason)
    }
}

#[test]
fn a_package_that_was_unpacked_comes_back_as_it_was() {
    let key = PrivateKey::generate().unwrap();
    let file = signed(small(), &[&key]).to_bytes();
    assert_eq!(Memory::of(&file).import(None).unwrap().to_bytes(), file);
    assert_eq!(Memory::of(&file).import(Some("1.0.0")).unwrap().to_bytes(), file);
    assert_eq!(Memory::of(&file).import(Some("2.0.0")).unwrap_err(), Reason::Import);
}

#[test]
fn what_other_tools_write_around_it_does_not_matter() {
    let (key, stranger) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let artifact = signed(small(), &[&key]);
    let mut layout = Memory::of(&artifact.to_bytes());
    layout.0.insert("oci-layout".into(), b"{ \"imageLayoutVersion\": \"1.0.0\", \"x\": 1 }\n".to_vec());
    let bundle = layout.put(artifact.manifest_bytes());
    let subject = Pointer::to(artifact.manifest_bytes());
    // Referrers listed by a tag, as registries without a list of referrers have them; among them what is none.
    let signature = sign(artifact.digest(), &key);
    let other = sign(Digest::of(b"other"), &stranger);
    let rest: Vec<Value> = [&signature[..], &other, b"{}", b"not json"]
        .iter()
        .map(|bytes| {
            layout.put(bytes);
            let text = String::from_utf8(referrer(subject, Pointer::to(bytes))).unwrap();
            layout.put(text.replacen('{', "{\n", 1).as_bytes())
        })
        .collect();
    let listed = serde_json::to_vec(&json!({"schemaVersion": 2, "manifests": rest})).unwrap();
    let mut tag = layout.put(&listed);
    tag["mediaType"] = "application/vnd.oci.image.index.v1+json".into();
    tag["annotations"] = json!({"org.opencontainers.image.ref.name": artifact.digest().to_string().replace(':', "-")});
    layout.index(&[bundle.clone(), tag, bundle]);
    let imported = layout.import(None).unwrap();
    assert_eq!(imported.to_bytes(), artifact.to_bytes());
    assert!(verify(&imported.to_bytes(), &known(&[&key])).unwrap().is_some());
}

#[test]
fn layouts_that_lie_or_have_no_bundle_are_refused() {
    let artifact = small();
    let layout = Memory::of(&artifact.to_bytes());
    let without = |name: &str| {
        let mut other = layout.clone();
        other.0.remove(name).unwrap();
        other.import(None).unwrap_err()
    };
    let blob = |bytes: &[u8]| format!("blobs/sha256/{}", Digest::of(bytes).hex());
    assert_eq!(without("oci-layout"), Reason::Import);
    assert_eq!(without("index.json"), Reason::Import);
    assert_eq!(without(&blob(artifact.manifest_bytes())), Reason::Import);
    assert_eq!(without(&blob(b"same")), Reason::Io);
    let with = |name: &str, content: &[u8]| {
        let mut other = layout.clone();
        other.0.insert(name.to_owned(), content.to_vec());
        other.import(None).unwrap_err()
    };
    assert_eq!(with("oci-layout", b"{\"imageLayoutVersion\":\"2.0.0\"}"), Reason::Import);
    assert_eq!(with("index.json", b"{\"manifests\":[]}"), Reason::Import);
    assert_eq!(with("index.json", b"\xff"), Reason::Import);
    assert_eq!(with(&blob(b"same"), b"Same"), Reason::Blob);
    assert_eq!(with(&blob(b"same"), b"sam"), Reason::Blob);
    assert_eq!(with(&blob(b"same"), b"longer"), Reason::Io);
    let changed = String::from_utf8(artifact.manifest_bytes().to_vec()).unwrap().replace("1.0.0", "1.0.1");
    assert_eq!(with(&blob(artifact.manifest_bytes()), changed.as_bytes()), Reason::Blob);

    // A manifest in another form would have another digest when it is written here.
    let mut other = layout.clone();
    let pretty =
        serde_json::to_vec_pretty(&serde_json::from_slice::<Value>(artifact.manifest_bytes()).unwrap()).unwrap();
    let entry = other.put(&pretty);
    other.index(&[entry]);
    assert_eq!(other.import(None).unwrap_err(), Reason::Manifest);

    // Two bundles: the version chooses.
    let second = Artifact::build("acme/small", "2.0.0", &files(&[("bundle.toml", b"2")])).unwrap();
    let mut other = layout.clone();
    other.0.extend(Memory::of(&second.to_bytes()).0);
    let both = [other.put(artifact.manifest_bytes()), other.put(second.manifest_bytes())];
    other.index(&both);
    assert_eq!(other.clone().import(None).unwrap_err(), Reason::Import);
    assert_eq!(other.import(Some("2.0.0")).unwrap().digest(), second.digest());
}
