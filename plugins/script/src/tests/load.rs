//! Loading: modules, and what is wrong in them.

use serde_json::{Value, json};

use super::{go, load};

/// What is wrong with the only problem of these files: its file, the text at its place, its message and hint.
fn wrong(files: &[(&str, &str)]) -> (String, String, String, String) {
    let list = load(files).err().unwrap_or_else(|| panic!("it loads: {files:?}"));
    let [one] = list.as_array().unwrap().as_slice() else { panic!("{list}") };
    let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let file = text("file");
    let (_, source) = files.iter().find(|(name, _)| *name == file).unwrap_or(&("", ""));
    let place = |name: &str| usize::try_from(one[name].as_u64().unwrap()).unwrap();
    let at = source.get(place("start")..place("end")).unwrap_or("?").to_owned();
    (file, at, text("message"), text("hint"))
}

const RUN: &str = "export default (inputs, host) => host.ok()\n";

#[test]
fn modules_of_the_bundle_are_imported() {
    let script = "import { two } from './more/two.mjs';\nimport one, * as all from '../lib/one.js';\n\
                  export default (inputs, host) => host.ok({ sum: one + two, kept: all.kept() })";
    let files = [
        ("thing/run.js", script),
        ("thing/more/two.mjs", "import one from '../../lib/one.js'; export const two = one * 2"),
        ("lib/one.js", "let calls = 0; export default 1; export const kept = () => ++calls"),
    ];
    let scripts = load(&files).unwrap_or_else(|wrong| panic!("{wrong}"));
    let (finished, _) = go(&scripts, "thing", vec![]);
    assert_eq!(Value::Object(finished.outputs), json!({ "sum": 3, "kept": 1 }));
}

#[test]
fn an_import_from_elsewhere_names_importer_specifier_and_what_is_possible() {
    for (specifier, word) in [
        ("lodash", "no relative path"),
        ("/etc/passwd", "no relative path"),
        ("node:fs", "no relative path"),
        ("./gone.js", "there is no file thing/gone.js that it can import"),
        ("../../x.js", "that it can import"),
        ("../bundle.toml", "that it can import"),
    ] {
        let script = format!("import x from \"{specifier}\";\n{RUN}");
        let (file, at, message, hint) = wrong(&[("thing/run.js", &script)]);
        assert_eq!((file.as_str(), at), ("thing/run.js", format!("\"{specifier}\"")));
        assert!(
            message.contains(&format!("thing/run.js imports \"{specifier}\"")) && message.contains(word),
            "{message}"
        );
        assert!(hint.contains("there are no packages") || hint.contains("thing/run.js"), "{hint}");
    }
}

#[test]
fn a_syntax_error_is_told_at_its_place() {
    for (script, at, word) in [
        ("let ä = ;\n", ";", "expected"),
        ("const a = 1\nconst a = 2\n", "", "declared multiple times"),
        ("export default function run() { return 'x }", "?", ""),
        ("export default function run() {", "", "ends in the middle"),
        ("const 1x = 2", "", ""),
    ] {
        let (file, found, message, _) = wrong(&[("thing/run.js", script)]);
        assert_eq!(file, "thing/run.js");
        assert!(message.contains(word), "{script}: {message}");
        if !at.is_empty() && at != "?" {
            assert_eq!(found, at, "{script}: {message}");
        }
    }
    let (file, at, _, _) =
        wrong(&[("thing/run.js", &format!("import '../lib/bad.js';\n{RUN}")), ("lib/bad.js", "x\n  = = 1")]);
    assert_eq!((file.as_str(), at.as_str()), ("lib/bad.js", "="));
}

#[test]
fn a_script_exports_a_function_by_default() {
    let (file, _, message, hint) = wrong(&[("thing/run.js", "export function run() {}")]);
    assert_eq!((file.as_str(), message.as_str()), ("thing/run.js", "the script exports nothing by default"));
    assert!(hint.starts_with("export default async function run(inputs, host)"), "{hint}");
    let (_, at, message, _) = wrong(&[("thing/run.js", "const a = 1;\nexport default { a }")]);
    assert_eq!((at.as_str(), message.as_str()), ("export", "what the script exports by default is no function"));
}

#[test]
fn an_import_of_a_name_that_is_not_exported_is_told() {
    let files =
        [("thing/run.js", "import { gone } from '../lib/one.js';\nexport default () => gone"), ("lib/one.js", "")];
    let (file, _, message, _) = wrong(&files);
    assert!(file == "thing/run.js" && message.contains("gone"), "{file}: {message}");
}

#[test]
fn the_top_level_asks_the_host_for_nothing() {
    let (_, at, message, hint) = wrong(&[("thing/run.js", &format!("\nhost.call();\n{RUN}"))]);
    assert!(message.contains("host is not defined") && hint.contains("only inside run"), "{message} {hint}");
    assert_eq!(at, "host");
    let (_, at, message, _) = wrong(&[("thing/run.js", &format!("const begun = new Date();\n{RUN}"))]);
    assert_eq!((at.as_str(), message.as_str()), ("Date", "there is no time yet while a script is loaded"));
    // A fixed date is no question.
    assert!(load(&[("thing/run.js", &format!("const begun = new Date(0).toISOString();\n{RUN}"))]).is_ok());
}

#[test]
fn the_top_level_throws_at_its_place() {
    let (file, _, message, _) =
        wrong(&[("thing/run.js", &format!("import '../lib/bad.js';\n{RUN}")), ("lib/bad.js", "let a;\n\na.b.c")]);
    assert!(file == "lib/bad.js" && message.starts_with("TypeError: "), "{file} {message}");
    let (_, at, message, _) = wrong(&[("thing/run.js", &format!("await new Promise(() => {{}});\n{RUN}"))]);
    assert!(message.contains("the top level never ends"), "{at} {message}");
    let (_, _, message, _) = wrong(&[("thing/run.js", &format!("for (;;) ;\n{RUN}"))]);
    assert!(message.contains("a loop went round more than"), "{message}");
}

#[test]
fn every_script_that_is_wrong_is_told() {
    let preset = super::PRESET;
    let list = load(&[("thing/run.js", "("), ("other/preset.toml", preset), ("other/run.js", ")")]).err().unwrap();
    let files: Vec<&str> = list.as_array().unwrap().iter().map(|one| one["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["thing/run.js", "other/run.js"]);
}
