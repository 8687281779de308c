//! What an author who makes a mistake reads: message, place, and the fix.
#![allow(clippy::unwrap_used)]

use presetter_manifest::{Bundle, Diagnostics, Preset, check_inputs, parse_text_value};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const BUNDLE: &str = r#"name = "acme"
version = "1.0.0"
contract = "0.1"
title = "Acme"
settings.size = { type = "integer", default = 5, help = "how many" }
[[grants]]
methods = ["GET"]
paths = ["things/*"]
[connections.key]
title = "Key"
auth = "api-key"
secrets.key = { help = "the key" }
slots = [{ into = "header", name = "x-api-key", value = "{{secrets.key}}" }]
"#;

const PRESET: &str = r#"title = "Thing"
effect = "read"
[inputs]
id = { type = "string", required = true, help = "the thing's id" }
count = { type = "integer" }
color = { type = "string", enum = ["red", "green"] }
[request]
method = "GET"
path = ["things", "{{id}}"]
query = { size = "{{settings.size}}", count = "{{optional count}}" }
[answer]
ok_when = 'response.status == "OK"'
[outputs]
name = "{{response.name}}"
"#;

fn bundle() -> Bundle {
    Bundle::parse("bundle.toml", BUNDLE).unwrap()
}

fn preset(text: &str) -> Result<Preset, Diagnostics> {
    Preset::parse("thing/preset.toml", text, &bundle())
}

/// Message, text at the place, and hint of the first mistake.
fn first(diagnostics: &Diagnostics) -> (String, String, String) {
    let d = &diagnostics.0[0];
    let at = d.source[d.problem.span.clone()].to_owned();
    (d.problem.message.clone(), at, d.problem.hint.clone().unwrap_or_default())
}

#[test]
fn the_examples_are_right() {
    preset(PRESET).unwrap();
}

#[test]
fn mistakes_in_a_preset() {
    let cases = [
        (
            "effect = \"read\"",
            "efect = \"read\"",
            "there is no key \"efect\" here",
            "efect",
            "did you mean \"effect\"?",
        ),
        ("effect = \"read\"", "", "the key \"effect\" is missing", "title = \"Thing\"", "add a line `effect = ...`"),
        (
            "\"read\"",
            "\"reed\"",
            "\"reed\" is not one of the values that are possible here",
            "\"reed\"",
            "did you mean \"read\"?",
        ),
        ("\"GET\"", "\"get\"", "\"get\" is not a method that can be sent", "\"get\"", "did you mean \"GET\"?"),
        ("{{id}}", "{{idd}}", "there is no \"idd\" here", "{{idd}}", "did you mean \"id\"?"),
        (
            "{{settings.size}}",
            "{{settings.sise}}",
            "the bundle has no setting \"sise\"",
            "{{settings.sise}}",
            "did you mean \"size\"?",
        ),
        (
            "response.status",
            "respnse.status",
            "there is no \"respnse\" here",
            "'respnse.status == \"OK\"'",
            "did you mean \"response\"?",
        ),
        (
            "effect = \"read\"",
            "effect = \"update\"\nrepeat = \"natural\"\nredirects = 2",
            "redirects of a preset that writes are not followed",
            "redirects = 2",
            "a server could send the change elsewhere; take the line out",
        ),
        (
            "effect = \"read\"",
            "effect = \"read\"\nredirects = 6",
            "redirects must be between 1 and 5",
            "redirects = 6",
            "it is how many are followed in a row; without the line none is",
        ),
        (
            "effect = \"read\"",
            "effect = \"read\"\nredirects = 0",
            "redirects must be between 1 and 5",
            "redirects = 0",
            "it is how many are followed in a row; without the line none is",
        ),
        (
            "effect = \"read\"",
            "effect = \"read\"\nredirects = true",
            "this takes a whole number, without quotes",
            "true",
            "",
        ),
        (
            "effect = \"read\"",
            "effect = \"create\"",
            "a preset that writes must say how a repeat is safe",
            "effect = \"create\"",
            "add repeat = \"natural\" (twice is the same as once), \"probe\" (with [probe]), \"key\" or \"none\"",
        ),
        (
            "count = {",
            "page = {",
            "\"page\" cannot be an input's name: templates know something else by it",
            "page = { type = \"integer\" }",
            "",
        ),
        (
            "[answer]",
            "[find]\nwhere = { a = \"{{id}}\" }\n[answer]",
            "[find] needs [pages], which says where the items are",
            "[find]",
            "",
        ),
        ("[answer]", "[for.other]\n[answer]", "the bundle has no connection kind \"other\"", "[for.other]", ""),
    ];
    for (from, to, message, place, hint) in cases {
        let text = PRESET.replacen(from, to, 1);
        let found = first(&preset(&text).expect_err(to));
        assert_eq!(found, (message.to_owned(), place.to_owned(), hint.to_owned()), "{to}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_their_order() {
    let text =
        PRESET.replace("{{id}}", "{{x1}}").replace("{{optional count}}", "{{x2}}").replace("response.name", "x3");
    let diagnostics = preset(&text).unwrap_err();
    let all: Vec<&str> = diagnostics.0.iter().map(|d| d.problem.message.as_str()).collect();
    assert_eq!(all, ["there is no \"x1\" here", "there is no \"x2\" here", "there is no \"x3\" here"]);
    let shown = diagnostics.render(false);
    assert!(shown.contains("thing/preset.toml:9:20"), "{shown}");
}

#[test]
fn mistakes_in_a_bundle() {
    let cases = [
        ("contract = \"0.1\"", "contract = \"0.9\"", "this bundle is made for contract 0.9; this program serves 0.1"),
        ("\"acme\"", "\"Ac me\"", "\"Ac me\" cannot be a bundle's name"),
        ("\"acme\"", "\"acme/../jamf\"", "\"acme/../jamf\" cannot be a bundle's name"),
        ("{{secrets.key}}", "{{secrets.kay}}", "there is no \"secrets.kay\" here"),
        ("{{secrets.key}}", "{{session.token}}", "there is no \"session.token\" here"),
        ("auth = \"api-key\"", "auth = \"session\"", "connection kind \"key\" needs the key \"login\""),
        ("default = 5", "default = \"5\"", "the default of setting \"size\" is not a whole number"),
        (
            "paths = [\"things/*\"]",
            "host = \"0x7f.1\"\npaths = [\"things/*\"]",
            "\"0x7f.1\" cannot be the host of a grant: it is an address in a form that hides it",
        ),
        (
            "paths = [\"things/*\"]",
            "port = 8443\npaths = [\"things/*\"]",
            "a grant without host is for the port of the base URL, which the operator chose",
        ),
        (
            "auth = \"api-key\"",
            "auth = \"api-key\"\nexpired = { status = [401, 500] }",
            "the status 500 cannot mean that the session of kind \"key\" is over: only 400 to 499 say that nothing was carried out",
        ),
        ("version = \"1.0.0\"", "version = \"one\"", "unexpected character 'o' while parsing major version number"),
    ];
    for (from, to, message) in cases {
        let text = BUNDLE.replacen(from, to, 1);
        let found = Bundle::parse("bundle.toml", &text).expect_err(to);
        assert_eq!(found.0[0].problem.message, message);
    }
}

/// The place is the host itself, so that an author sees which of many grants it is.
#[test]
fn a_hidden_host_is_pointed_at() {
    let right = BUNDLE.replacen("paths =", "host = \"files.example.com\"\nport = 8443\npaths =", 1);
    Bundle::parse("bundle.toml", &right).unwrap();
    for host in ["2130706433", "localhost.", "A.example", "user@a.example", "１２７.0.0.1", "[::FFFF:10.0.0.1]"] {
        let text = BUNDLE.replacen("paths =", &format!("host = \"{host}\"\npaths ="), 1);
        let (message, at, _) = first(&Bundle::parse("bundle.toml", &text).expect_err(host));
        assert!(message.contains("cannot be the host of a grant"), "{message}");
        assert_eq!(at, format!("\"{host}\""));
    }
}

/// Each would take minutes, or more memory than there is, if all were compared with all.
#[test]
fn a_file_full_of_mistakes_is_refused_soon() {
    let long = |c: &str| c.repeat(100_000);
    let names = |prefix: &str, count: u32| (0..count).map(|n| format!("\"{prefix}{n:05}\"")).collect::<Vec<_>>();
    let inputs = |names: Vec<String>| {
        let inputs: String = names.iter().map(|name| format!("{name}={{type=\"string\"}}\n")).collect();
        PRESET.replace("[inputs]\n", &format!("[inputs]\n{inputs}"))
    };
    let many = inputs(names("a", 4000));
    let wrong = inputs(names("B", 4000));
    for text in [
        format!("needs_one_of = [\"{}\"]\n{}", long("a"), inputs(vec![long("b")])),
        format!("needs_one_of = [{}]\n{many}", names("b", 12_000).join(",")),
        format!("{many}x = \"{{{{b}}}}{}\"\n", "{{c}}".repeat(4000)),
        wrong,
    ] {
        let problems = preset(&text).unwrap_err();
        assert!(problems.0.len() <= 50, "{} problems", problems.0.len());
        assert!(!problems.render(false).is_empty());
    }
}

fn given(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[test]
fn inputs_are_checked_strictly() {
    let preset = preset(PRESET).unwrap();
    let fine = check_inputs(&preset, given(json!({ "id": "0123", "count": null }))).unwrap();
    assert_eq!(Value::Object(fine), json!({ "id": "0123" }));
    let wrong = |value: Value| -> Vec<String> {
        check_inputs(&preset, given(value)).unwrap_err().into_iter().map(|p| p.message).collect()
    };
    assert_eq!(wrong(json!({})), ["input \"id\" is missing"]);
    assert_eq!(wrong(json!({ "id": " " })), ["input \"id\" is empty, and the preset needs it; nothing was sent"]);
    assert_eq!(wrong(json!({ "id": 5 })), ["input \"id\" takes a text, not 5"]);
    assert_eq!(wrong(json!({ "id": "a", "count": "5" })), ["input \"count\" takes a whole number, not \"5\""]);
    assert_eq!(wrong(json!({ "id": "a", "count": 1.5 })), ["input \"count\" takes a whole number, not 1.5"]);
    assert_eq!(wrong(json!({ "id": "a", "color": "blue" })), ["input \"color\" cannot be \"blue\""]);
    assert_eq!(wrong(json!({ "id": "a", "colour": "red" })), ["this preset has no input \"colour\""]);
}

#[test]
fn texts_become_values_of_the_declared_type() {
    let preset = preset(PRESET).unwrap();
    assert_eq!(parse_text_value(&preset, "id", "0123"), Ok(json!("0123")));
    assert_eq!(parse_text_value(&preset, "id", "null"), Ok(json!("null")));
    assert_eq!(parse_text_value(&preset, "count", "12"), Ok(json!(12)));
    for wrong in ["", "1.0", " 1", "0x1", "1e3", "99999999999999999999"] {
        assert!(parse_text_value(&preset, "count", wrong).is_err(), "{wrong}");
    }
}

proptest! {
    /// Whatever stands in a file, reading it ends with a manifest or with places inside the text.
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}|([a-z\\[\\]{}='\"\n. ]{0,200})") {
        for result in [Bundle::parse("b", &text).map(drop), preset(&text).map(drop)] {
            if let Err(diagnostics) = result {
                prop_assert!(!diagnostics.0.is_empty());
                prop_assert!(!diagnostics.render(false).is_empty());
            }
        }
    }

    /// The same for a right file with something wrong inserted anywhere.
    #[test]
    fn a_damaged_preset_is_read_or_refused(at in 0usize..PRESET.len(), insert in "[\\PC\n]{0,20}", cut in 0usize..40) {
        let mut text = PRESET.to_owned();
        let end = (at + cut).min(text.len());
        text.replace_range(at..end, &insert);
        if let Err(diagnostics) = preset(&text) {
            prop_assert!(!diagnostics.render(false).is_empty());
        }
    }
}

#[test]
fn a_script_has_its_own_form() {
    let script = "title = \"Thing\"\neffect = \"read\"\nscript = \"run.js\"\nreturns = { id = \"the id\" }\nemits = { id = \"the id\" }\n";
    let thing = preset(script).unwrap();
    assert!(thing.lists());
    assert_eq!(thing.output_names().collect::<Vec<_>>(), ["id"]);
    for bad in
        ["../run.js", "/run.js", "run.ts", "", "a//run.js", "a\\\\run.js", "C:/run.js", ".hidden/run.js", "run.js/"]
    {
        let wrong = preset(&script.replace("run.js", bad)).unwrap_err();
        let (message, at, hint) = first(&wrong);
        assert!(message.ends_with("cannot be a script"), "{bad}: {message}");
        assert!(at.starts_with('"') && hint.contains("run.js"), "{bad}: {at}, {hint}");
    }
    for (more, message) in [
        ("[outputs]\nid = \"{{response.id}}\"\n", "a preset with a script has no \"outputs\""),
        ("[outputs_when]\nid = \"true\"\n", "a preset with a script has no \"outputs_when\""),
        ("[mixup]\npreset = \"a\"\ninputs = {}\nmessage = \"x\"\n", "a preset with a script has no \"mixup\""),
        (
            "[pages]\nitems = \"{{response}}\"\nend_when = \"true\"\nmax = 3\n",
            "a preset with a script has no \"pages\"",
        ),
    ] {
        let wrong = preset(&format!("{script}{more}")).unwrap_err();
        assert_eq!(first(&wrong).0, message);
    }
    let own = Bundle::parse("bundle.toml", &format!("component = \"c.wasm\"\n{BUNDLE}")).unwrap();
    let wrong = Preset::parse("thing/preset.toml", script, &own).unwrap_err();
    assert_eq!(first(&wrong).0, "a bundle with a component of its own runs no script");
}

#[test]
fn a_recipe_says_outputs_and_rows() {
    for (key, instead) in [("returns", "outputs"), ("emits", "rows")] {
        let wrong = preset(&format!("{PRESET}[{key}]\nid = \"the id\"\n")).unwrap_err();
        let message = format!("\"{key}\" is for scripts and components; a recipe says [{instead}]");
        assert_eq!(first(&wrong).0, message);
    }
}

const BATCH: &str = r#"title = "Save things"
effect = "update"
repeat = "natural"
[inputs]
id = { type = "string", required = true }
color = { type = "string" }
[batch]
most = 50
elements = "{{response.elements}}"
key = { input = "id", field = "key" }
[request]
method = "POST"
path = ["things"]
body = '[{{#each rows}}{ "id": {{id}}, "c": {{optional this.color}}, "size": {{../settings.size}} }{{#unless @last}},{{/unless}}{{/each}}]'
[answer]
ok_when = 'response.status == "OK" && color != "red"'
[outputs]
id = "{{id}}"
"#;

#[test]
fn a_batch_knows_rows_and_is_alone() {
    let batch = preset(BATCH).unwrap();
    assert_eq!((batch.most(), preset(PRESET).unwrap().most()), (50, 1));
    let key = batch.batch.unwrap().key.unwrap();
    let of = |inputs: Value| key.of(inputs.as_object().unwrap());
    assert_eq!(
        (of(json!({ "id": "5" })), of(json!({ "id": 5 })), of(json!({ "id": [] }))),
        (Some("5".into()), Some("5".into()), None)
    );

    let pages = "[pages]\nitems = \"{{response}}\"\nend_when = \"true\"\nmax = 3\n[answer]";
    let cases = [
        ("most = 50", "most = 1001", "most must be between 1 and 1000", "most = 1001"),
        ("most = 50", "most = 0", "most must be between 1 and 1000", "most = 0"),
        ("elements = ", "# elements = ", "[batch] says where the answer has an element for each row", "[batch]"),
        ("{{response.elements}}", "{{respons.elements}}", "there is no \"respons\" here", "{{respons.elements}}"),
        ("input = \"id\"", "input = \"idd\"", "there is no input \"idd\"", "\"idd\""),
        (
            "input = \"id\"",
            "input = \"color\"",
            "\"color\" may be left out, and then nothing tells whose an element is",
            "\"color\"",
        ),
        (
            "\"string\", required",
            "\"list\", required",
            "\"id\" takes a JSON list, and elements are told apart by a text or a number",
            "\"id\"",
        ),
        ("{{id}}, \"c\"", "{{idd}}, \"c\"", "a row has no \"idd\"", "{{idd}}"),
        ("../settings", "settings", "a row has no \"settings\"", "{{settings.size}}"),
        (
            "{{../settings.size}}",
            "{{../color}}",
            "\"color\" is of one row, and here stands what is sent for all",
            "{{../color}}",
        ),
        ("[\"things\"]", "[\"things\", \"{{page}}\"]", "there is no \"page\" here", "{{page}}"),
        ("#each rows", "#each settings", "this request is the same for all rows", "\"POST\""),
        (
            "color = {",
            "rows = {",
            "\"rows\" cannot be an input's name: templates know something else by it",
            "rows = { type = \"string\" }",
        ),
        ("[answer]", pages, "a batch preset has no \"pages\"", "[pages]"),
        ("[answer]", "[rows_when]\na = 'true'\n[answer]", "a batch preset has no \"rows_when\"", "[rows_when]"),
        (
            "[answer]",
            "[mixup]\npreset = \"a\"\ninputs = {}\nmessage = \"x\"\n[answer]",
            "a batch preset has no \"mixup\"",
            "[mixup]",
        ),
        (
            "[answer]",
            "[for.key.find]\nwhere = { a = \"b\" }\n[answer]",
            "a batch preset has no \"find\"",
            "[for.key.find]",
        ),
    ];
    for (from, to, message, at) in cases {
        assert_eq!(BATCH.matches(from).count(), 1, "{from}");
        let wrong = preset(&BATCH.replace(from, to)).unwrap_err();
        let found = wrong.0.iter().find(|d| d.problem.message == message);
        let found = found.unwrap_or_else(|| panic!("{from} -> {to}: {:?}", first(&wrong)));
        assert_eq!(&found.source[found.problem.span.clone()], at, "{from} -> {to}");
    }
    let script = BATCH.replace("[inputs]", "script = \"run.js\"\n[inputs]");
    assert!(
        preset(&script)
            .unwrap_err()
            .0
            .iter()
            .any(|d| d.problem.message == "a script runs for one row; it has no [batch]")
    );
    // A component tells itself whose an element is.
    let own = Bundle::parse("bundle.toml", &format!("component = \"c.wasm\"\n{BUNDLE}")).unwrap();
    let bare = "title = \"Save\"\neffect = \"update\"\nrepeat = \"none\"\n[batch]\nmost = 9\n";
    assert_eq!(Preset::parse("save/preset.toml", bare, &own).unwrap().most(), 9);
}
