//! Presets in any language: the same preset as a recipe, as a script and as a component in Rust comes to the same; components by the
//! standard tools of npm and Python run unchanged; and the page for authors shows what is run here.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

#[path = "languages/page.rs"]
mod page;
#[path = "languages/workshop.rs"]
mod workshop;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mosyle_standin::Oddities;
use presetter_tests::{Stage, left_out, root, scratch};
use serde_json::Value;

use crate::workshop::{JAVASCRIPT, PYTHON, Tools, component, rust};

/// The case that languages put into words of their own: an answer that cannot be read.
const OWN_WORDS: &str = "malformed.toml";
/// The fault that only a language with types notices: a recipe and a script hand on whatever value is there.
const TYPED: &str = "values of wrong types";

#[test]
fn recipe_script_and_component_in_rust_come_to_the_same() {
    let stage = stage();
    let ways = ["recipe", "script", "rust"];
    for way in ways {
        example(&stage, way);
    }
    fs::copy(rust(), stage.folder().join("rust/component.wasm")).unwrap();
    let [recipe, script, rust] = ways.map(|way| played(&stage, way));
    assert_eq!(recipe.len(), 7, "cases");
    for kind in ["\"ok\"", "\"not_found\"", "\"refused\"", "\"server\"", "\"answer\""] {
        assert!(recipe.values().any(|text| text.contains(kind)), "no case comes to {kind}");
    }
    assert_eq!(recipe, script);
    assert_eq!(recipe, rust);
    let [recipe, script, rust] = ways.map(|way| faults(&stage, way));
    assert!(recipe.len() >= 10, "faults");
    assert_eq!(recipe, script);
    assert_eq!(recipe, rust);
}

#[test]
fn a_component_by_npm_runs_as_it_is() {
    runs_as_it_is(&JAVASCRIPT);
}

#[test]
fn a_component_by_pip_runs_as_it_is() {
    runs_as_it_is(&PYTHON);
}

/// Builds the example by the page's commands, and holds it to the cases of the recipe: in its folder, and packed.
fn runs_as_it_is(tools: &Tools) {
    if left_out() {
        #[allow(clippy::print_stderr, reason = "whoever said so is told what was left out")]
        {
            eprintln!("{} is not tested, since PRESETTER_OFFLINE is set", tools.example);
        }
        return;
    }
    let component = component(tools);
    let bytes = fs::read(&component).unwrap();
    assert_eq!(presetter_guests::foreign_imports(&bytes).unwrap(), Vec::<String>::new());
    let stage = stage();
    for way in ["recipe", tools.example] {
        example(&stage, way);
    }
    let packed = done(&stage, &format!("presetter pack {} --component {}", tools.example, component.display()));
    assert!(!stage.folder().join(tools.example).join("component.wasm").exists(), "it lies in the packed bundle alone");
    done(&stage, packed.split_whitespace().last().map(|folder| format!("presetter test {folder}")).unwrap().as_str());

    fs::copy(&component, stage.folder().join(tools.example).join("component.wasm")).unwrap();
    done(&stage, &format!("presetter check {} --deny-warnings", tools.example));
    assert_eq!(played(&stage, "recipe"), played(&stage, tools.example));
    assert_eq!(faults(&stage, "recipe"), faults(&stage, tools.example));
}

/// A stage on which compiled code is kept from one run of the tests to the next: compiling Python takes a while.
fn stage() -> Stage {
    let mut stage = Stage::bare(Oddities::default());
    stage.env.push(("PRESETTER_HOME".into(), scratch("languages").join("home").to_str().unwrap().into()));
    stage
}

/// Copies an example's manifests, cases and script onto the stage. Its cases are those of the recipe.
fn example(stage: &Stage, way: &str) {
    let examples = root().join("plugins/examples");
    let (from, to) = (examples.join(way), stage.folder().join(way));
    fs::create_dir_all(to.join("get-user/tests")).unwrap();
    for file in ["bundle.toml", "README.md", "get-user/preset.toml", "get-user/run.js"] {
        if from.join(file).is_file() {
            fs::copy(from.join(file), to.join(file)).unwrap();
        }
    }
    let cases = |way: &str| files(&examples.join(way).join("get-user/tests"));
    assert!(cases(way) == cases("recipe"), "the cases of {way} are not those of the recipe");
    for (name, text) in cases(way) {
        fs::write(to.join("get-user/tests").join(name), text).unwrap();
    }
}

/// Passes the cases, then plays them with nothing expected: what `--update` writes of each is all that came out, the outcome with
/// its class, words and evidence, the outputs, the requests.
fn played(stage: &Stage, way: &str) -> BTreeMap<String, String> {
    done(stage, &format!("presetter test {way}"));
    let cases = stage.folder().join(way).join("get-user/tests");
    let whole = files(&cases);
    for (name, text) in whole.iter().filter(|(name, _)| name.ends_with(".toml")) {
        let (given, _) = text.split_once("[expect]").unwrap();
        fs::write(cases.join(name), given).unwrap();
    }
    done(stage, &format!("presetter test {way} --update --no-faults"));
    let mut came = files(&cases);
    came.retain(|name, _| name.ends_with(".toml"));
    assert!(came.values().all(|text| text.contains("[expect]\noutcome = ")), "nothing came out");
    let own = came.get_mut(OWN_WORDS).unwrap();
    *own = own.lines().filter(|line| !line.starts_with("message = ")).map(|line| format!("{line}\n")).collect();
    for (name, text) in whole {
        fs::write(cases.join(name), text).unwrap();
    }
    came
}

/// What each fault came to.
fn faults(stage: &Stage, way: &str) -> BTreeMap<String, String> {
    let report: Value = serde_json::from_str(&done(stage, &format!("presetter test {way} --format json"))).unwrap();
    let faults = report["faults"].as_array().unwrap().iter();
    let faults = faults.map(|fault| {
        assert_eq!(fault["sane"], true, "{way}: {fault}");
        (format!("{} {} {}", fault["case"], fault["fault"], fault["at"]), fault["outcome"].to_string())
    });
    faults.filter(|(fault, _)| !fault.contains(TYPED)).collect()
}

/// Runs what must end well; gives its standard output.
fn done(stage: &Stage, line: &str) -> String {
    let ended = stage.run(line);
    assert_eq!(ended.exit, 0, "{line}\n{}\n{}", ended.out, ended.err);
    ended.out
}

/// The files of a folder, by name.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named = entries.map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    named.collect()
}
