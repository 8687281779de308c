//! A bundle runs from its folder as it runs when it is packed: every case of every bundle of the project comes out the same.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;
use std::path::Path;

use mosyle_standin::Oddities;
use presetter_tests::{Stage, root};
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
