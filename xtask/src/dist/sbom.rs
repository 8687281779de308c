//! What something is made of, as CycloneDX 1.5 says it (JSON).
//!
//! Keeps: the same lock file gives the same bytes, so there is no time and no serial number in it (both may be left out).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::step::cargo;

/// A bill of materials.
pub(crate) struct Bom {
    /// JSON.
    pub(crate) text: String,
    /// How many components there are beside the one that it is about.
    pub(crate) count: usize,
}

/// That of a package of a workspace: what is compiled into it, not what builds or tests it.
pub(crate) fn of_workspace(root: &Path, package: &str, kind: &str) -> Result<Bom> {
    let mut metadata = cargo(root, &["metadata", "--format-version", "1", "--locked"]);
    let output = metadata.output()?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    }
    let lock: toml::Table = fs::read_to_string(root.join("Cargo.lock"))?.parse()?;
    of(&serde_json::from_slice(&output.stdout)?, &lock, package, kind)
}

fn of(metadata: &Value, lock: &toml::Table, package: &str, kind: &str) -> Result<Bom> {
    let packages: BTreeMap<&str, &Value> = list(&metadata["packages"]).map(|p| (text(&p["id"]), p)).collect();
    let nodes: BTreeMap<&str, &Value> = list(&metadata["resolve"]["nodes"]).map(|n| (text(&n["id"]), n)).collect();
    let subject = packages.values().find(|p| p["name"] == package).context("there is no such package")?;
    let uses = |id: &str| -> BTreeSet<&str> {
        let normal = |dep: &&Value| list(&dep["dep_kinds"]).any(|kind| kind["kind"].is_null());
        nodes
            .get(id)
            .into_iter()
            .flat_map(|node| list(&node["deps"]))
            .filter(normal)
            .map(|dep| text(&dep["pkg"]))
            .collect()
    };
    let (mut found, mut open) = (BTreeSet::new(), vec![text(&subject["id"])]);
    while let Some(id) = open.pop() {
        if found.insert(id) {
            open.extend(uses(id));
        }
    }
    let checksums = checksums(lock);
    let component = |id: &str, kind: &str| -> Value {
        let package = packages[id];
        let (name, version) = (text(&package["name"]), text(&package["version"]));
        let mut made = json!({ "type": kind, "bom-ref": reference(package), "name": name, "version": version });
        if let Some(licence) = package["license"].as_str() {
            made["licenses"] = json!([{ "expression": licence.replace('/', " OR ") }]);
        }
        if package["source"].is_string() {
            made["purl"] = json!(reference(package));
        }
        if let Some(checksum) = checksums.get(&(name, version)) {
            made["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        }
        made
    };
    let sorted = |ids: &BTreeSet<&str>| -> Vec<String> {
        let mut names: Vec<String> = ids.iter().map(|id| reference(packages[*id])).collect();
        names.sort();
        names
    };
    let mut others: Vec<&str> = found.iter().copied().filter(|id| *id != text(&subject["id"])).collect();
    others.sort_by_key(|id| reference(packages[*id]));
    let mut dependencies: Vec<Value> =
        found.iter().map(|id| json!({ "ref": reference(packages[*id]), "dependsOn": sorted(&uses(id)) })).collect();
    dependencies.sort_by_key(|one| text(&one["ref"]).to_owned());
    let bom = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": component(text(&subject["id"]), kind) },
        "components": others.iter().map(|id| component(id, "library")).collect::<Vec<_>>(),
        "dependencies": dependencies,
    });
    Ok(Bom { text: serde_json::to_string_pretty(&bom)? + "\n", count: others.len() })
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The name of a crate for machines: a package URL, whose type for crates is `cargo`.
fn reference(package: &Value) -> String {
    // In a package URL `+` stands for itself only if it is encoded.
    format!("pkg:cargo/{}@{}", text(&package["name"]), text(&package["version"]).replace('+', "%2B"))
}

/// The sha256 of each crate's archive, as the lock file has it.
fn checksums(lock: &toml::Table) -> BTreeMap<(&str, &str), &str> {
    let packages = lock.get("package").and_then(toml::Value::as_array).into_iter().flatten();
    packages
        .filter_map(|package| {
            let field = |name: &str| package.get(name).and_then(toml::Value::as_str);
            Some(((field("name")?, field("version")?), field("checksum")?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compiled_in_is_listed_and_what_builds_or_tests_is_not() {
        let package = |name: &str, source: Option<&str>| json!({ "id": name, "name": name, "version": "1.0.0+b", "license": "MIT/Apache-2.0", "source": source });
        let uses = |pkg: &str, kind: Option<&str>| json!({ "pkg": pkg, "dep_kinds": [{ "kind": kind }] });
        let metadata = json!({
            "packages": [package("me", None), package("a", Some("r")), package("b", Some("r")), package("t", Some("r")), package("x", None)],
            "resolve": { "nodes": [
                { "id": "me", "deps": [uses("a", None), uses("t", Some("dev")), uses("t", Some("build"))] },
                { "id": "a", "deps": [uses("b", None)] },
                { "id": "b", "deps": [] },
                { "id": "x", "deps": [uses("a", None)] },
            ] },
        });
        let lock = "[[package]]\nname = 'a'\nversion = '1.0.0+b'\nchecksum = '00ff'".parse().unwrap();
        let bom = of(&metadata, &lock, "me", "application").unwrap();
        assert_eq!(bom.count, 2);
        let bom: Value = serde_json::from_str(&bom.text).unwrap();
        assert_eq!(bom["metadata"]["component"]["type"], "application");
        let names: Vec<&str> = list(&bom["components"]).map(|c| text(&c["name"])).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(bom["components"][0]["purl"], "pkg:cargo/a@1.0.0%2Bb");
        assert_eq!(bom["components"][0]["hashes"][0]["content"], "00ff");
        assert_eq!(bom["components"][0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(
            bom["dependencies"][2],
            json!({ "ref": "pkg:cargo/me@1.0.0%2Bb", "dependsOn": ["pkg:cargo/a@1.0.0%2Bb"] })
        );
    }
}
