//! A bundle runs from its folder as it runs when it is packed: every case of every bundle of the project comes out the same.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;
use std::path::Path;

use mosyle_standin::Oddities;
use presetter_package::{Bounds, Digest};
use presetter_tests::team::package;
use presetter_tests::{Stage, Team, root};
use serde_json::Value;

/// What `presetter test` says of a bundle, without what differs from run to run: times, and the folder's name.
fn tested(stage: &Stage, folder: &str) -> Value {
    let out = stage.does(&format!("presetter test {folder} --format json"));
    let mut report: Value = serde_json::from_str(&out.replace(folder, "FOLDER")).unwrap();
    forget_times(&mut report);
    report
}

fn forget_times(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !name.ends_with("_ms"));
            members.values_mut().for_each(forget_times);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_times),
        _ => {}
    }
}

fn packed(stage: &Stage, bundle: &str, out: &str) -> String {
    let told = stage.does(&format!("presetter pack ./presets/{bundle} --out {out}"));
    told.split_whitespace().last().unwrap().to_owned()
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut wanted = vec![folder.to_owned()];
    while let Some(next) = wanted.pop() {
        for entry in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                wanted.push(entry);
            } else {
                let name = entry.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read(&entry).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_packed_bundle_does_what_its_folder_does_and_is_packed_into_the_same_bytes() {
    let stage = Stage::new(Oddities::default());
    let bundles = fs::read_dir(root().join("presets")).unwrap().map(|entry| entry.unwrap().file_name());
    for bundle in bundles.map(|name| name.into_string().unwrap()) {
        let once = packed(&stage, &bundle, "once");
        assert_eq!(tested(&stage, &format!("./presets/{bundle}")), tested(&stage, &once), "{bundle}");
        let twice = packed(&stage, &bundle, "twice");
        let [once, twice] = [once, twice].map(|folder| files(&stage.folder().join(folder)));
        assert_eq!(once.len(), twice.len());
        assert!(once.iter().any(|(name, _)| name == "component.wasm"));
        for (one, other) in once.iter().zip(&twice) {
            assert!(one == other, "{bundle}: {} and {} differ", one.0, other.0);
        }
    }
}

/// Whoever signs a bundle could put any component beside its sources: that it is what they make is asked about, or shown.
#[test]
fn a_component_that_its_sources_do_not_give_counts_as_one_of_its_own() {
    let mut stage = Stage::new(Oddities::default());
    Team::Trusted.furnish(&mut stage);
    let pack = |version: &str| {
        let manifest = stage.folder().join("acme/bundle.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        let known = text.lines().find(|line| line.starts_with("version = ")).unwrap();
        fs::write(&manifest, text.replace(known, &format!("version = \"{version}\""))).unwrap();
        stage.does(&format!("presetter pack ./acme -o packed-{version}.preset"));
        stage.does(&format!("presetter sign packed-{version}.preset --key acme.key --passphrase env:PASSPHRASE"));
    };
    ["1.0.0", "1.1.0", "1.2.0"].iter().for_each(|version| pack(version));
    stage.does("presetter install packed-1.0.0.preset --yes");
    let told = stage.ends(0, "presetter upgrade acme --from packed-1.1.0.preset --yes").err;
    assert!(!told.contains("component"), "{told}");

    // Another component beside the sources of 1.2.0, and the record of the packing as if it had come of them.
    let honest = fs::read(stage.folder().join("packed-1.2.0.preset")).unwrap();
    let honest = presetter_package::open(honest.as_slice(), &Bounds::default()).unwrap().artifact().unwrap();
    let mut files: Vec<(String, Vec<u8>)> =
        honest.files().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect();
    let file = |name: &str| honest.files().find(|(path, _)| *path == name).unwrap().1.to_vec();
    let mut component = file("component.wasm");
    let before = Digest::of(&component);
    // A custom section, `x`, with nothing in it.
    component.extend([0, 2, 1, b'x']);
    let record = String::from_utf8(file("packed.toml")).unwrap().replace(&before.hex(), &Digest::of(&component).hex());
    for (path, bytes) in &mut files {
        match path.as_str() {
            "component.wasm" => bytes.clone_from(&component),
            "packed.toml" => *bytes = record.clone().into_bytes(),
            _ => {}
        }
    }
    fs::write(stage.folder().join("other.preset"), package("acme", "1.2.0", &files)).unwrap();
    let told = stage.ends(9, "presetter upgrade acme --from other.preset --yes").err;
    assert!(told.contains("+ now runs a component of its own") && told.contains("do not give it here"), "{told}");
    stage.does("presetter upgrade acme --from packed-1.2.0.preset --yes");
}
