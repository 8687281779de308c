//! What `new` makes is checked, tested and searched for secrets as the program would do it.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use presetter_author::new::{Existing, Made, Source, Wanted, make};
use presetter_bundle::Bundle;
use presetter_check::{NoScripts, Target};
use presetter_runtime::{Engine, EngineOptions};
use presetter_trial::{Suite, cases};
use tempfile::TempDir;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(EngineOptions::default()).unwrap());

/// A bundle on disk.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn folder(&self) -> std::path::PathBuf {
        self.0.path().join("acme")
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder().join(file)).unwrap()
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.folder().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Makes a preset and writes it, as the program does.
    fn make(&self, source: &Source<'_>, preset: Option<&str>, script: bool) -> Made {
        let text = fs::read_to_string(self.folder().join("bundle.toml")).ok();
        let presets = Bundle::open_folder(&self.folder()).map(|bundle| bundle.preset_names()).unwrap_or_default();
        let existing = text.as_deref().map(|text| Existing { file: "bundle.toml", text, presets: &presets });
        let made = make(&Wanted { bundle: "acme", preset, script, existing }, source);
        let made = made.unwrap_or_else(|error| panic!("{error}"));
        made.files.iter().for_each(|(path, text)| self.write(path, text));
        made.bundle.iter().for_each(|text| self.write("bundle.toml", text));
        made
    }

    /// What `presetter check` tells.
    fn told(&self) -> Vec<String> {
        let report = presetter_check::check(&Target::of(&self.folder()).unwrap(), &NoScripts).unwrap();
        report.findings.iter().map(|finding| finding.render(false)).collect()
    }

    /// What `presetter test` finds wrong, of how many cases.
    fn tested(&self) -> (usize, Vec<String>) {
        let bundle = Arc::new(Bundle::open_folder(&self.folder()).unwrap_or_else(|e| panic!("{e}")));
        let names = bundle.preset_names();
        let suite = Suite::open(bundle.clone(), names.iter().map(String::as_str), &ENGINE).unwrap();
        let all: Vec<_> = names
            .iter()
            .flat_map(|name| cases(&bundle, &bundle.preset(name).unwrap()).unwrap_or_else(|e| panic!("{e}")))
            .collect();
        let trials = suite.run_all(&all);
        let wrong = trials.iter().flat_map(|trial| &trial.mismatches).map(|mismatch| format!("{mismatch:?}"));
        (all.len(), wrong.collect())
    }

    /// All files, as one text.
    fn everything(&self) -> String {
        fn below(folder: &Path, text: &mut String) {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() {
                    below(&entry.path(), text);
                } else {
                    *text += &format!("{}\n{}\n", entry.path().display(), fs::read_to_string(entry.path()).unwrap());
                }
            }
        }
        let mut text = String::new();
        below(&self.folder(), &mut text);
        text
    }
}

const SECRET: &str = "Zq8xK2mW9rT4vB7n";

/// Curl commands as people have them, with what their preset is called and the kind that it is tested with.
fn lines() -> Vec<(String, &'static str, &'static str)> {
    let basic = "QWRtaW46WnE4eEsybVc5clQ0dkI3bg==";
    vec![
        (format!("curl https://api.acme.example/v1/users/42 -H 'Authorization: Bearer {SECRET}'"), "get-user", "bearer"),
        (format!("curl -u admin:{SECRET} 'https://api.acme.example/v1/users?page=2&q=a+b&empty='"), "list-users", "basic"),
        (format!("curl -H 'Authorization: Basic {basic}' -X DELETE https://api.acme.example/users/u1001"), "delete-user", "basic"),
        (
            format!("curl -X POST https://api.acme.example/v1/users -H 'X-Api-Key: {SECRET}' -H 'Content-Type: application/json' \\\n  -d '{{\"name\": \"Sarah \\\"O\\\" Brien\", \"user\": {{\"name\": \"x\", \"tags\": [\"a\", \"b\"]}}, \"active\": true, \"age\": 3, \"note\": \"\", \"n\": null, \"password\": \"{SECRET}\"}}'"),
            "create-user",
            "key",
        ),
        (format!("curl 'https://api.acme.example/items/{{item_id}}/parts?api_key={SECRET}&limit=5'"), "list-item-parts", "key"),
        (format!("curl https://acme.okta.example/api/v1/users/me -H 'Authorization: SSWS {SECRET}'"), "get-me", "key"),
        (format!("curl https://api.acme.example/me -b 'session={SECRET}; theme=dark' --compressed"), "get-me", "key"),
        (format!("curl --json '{{\"a\": 1}}' -H 'Idempotency-Key: {SECRET}' https://api.acme.example/v2/orders"), "create-order", "open"),
        (format!("curl -d 'a=1&b=x%20y&client_secret={SECRET}' https://api.acme.example/tokens -H 'X-Org: acme'"), "create-token", "open"),
        (format!("curl -X PATCH -d '{{\"q\": \"it {{{{x}}}} <<y>>\", \"a{{{{b\": 1}}' https://api.acme.example/a/1 --oauth2-bearer {SECRET}"), "update-a", "bearer"),
        (format!("curl -I https://user:{SECRET}@api.acme.example/files/2026-01-01/report.pdf"), "get-report-pdf", "basic"),
        (format!("curl https://api.acme.example/bot123456:{SECRET}AAbbCC/getMe"), "get-get-me", "open"),
        (format!("curl https://api.acme.example -H 'Authorization: Digest username=\"x\", response=\"{SECRET}\"'"), "get-root", "key"),
        ("curl -X PUT https://api.acme.example/users/sarah%40example.com/ -d '[1, 2]'".into(), "update-user", "open"),
        ("curl https://api.acme.example/graphql -d '{\"query\": \"query Q($id: ID!) { user(id: $id) { name } }\", \"variables\": {\"id\": \"u1\"}}'".into(), "create-graphql", "open"),
        ("curl 'http://localhost:8080/users?a=1&a=2' -H 'User-Agent: x'".into(), "list-users", "open"),
        ("curl http://api.acme.example/users".into(), "list-users", "open"),
        ("curl acme.example/1.0/a%20b/%7Bid%7D -G -d x=true".into(), "get-a-b", "open"),
        ("curl -d '{\"list\": [{\"a\": [1, null]}], \"big\": 18446744073709551615, \"f\": 1.5, \"page\": \"p\", \"é\": \"ü\"}' https://api.acme.example/x".into(), "create-x", "open"),
        ("curl https://api.acme.example/v1/patch -X PATCH -H 'content-type: application/merge-patch+json' -d '{\"a\\\\\": \"\\\\\"}'".into(), "update-patch", "open"),
    ]
}

#[test]
fn every_command_becomes_a_preset_that_works() {
    for (line, name, kind) in lines() {
        let home = Home::new();
        let made = home.make(&Source::Curl(&line), None, false);
        assert_eq!((made.preset.as_str(), made.kind.as_str()), (name, kind), "{line}");
        assert_eq!(home.told(), [""; 0], "{line}\n{}", home.everything());
        assert_eq!(home.tested(), (1, vec![]), "{line}\n{}", home.everything());
        let all = home.everything() + &made.notes.join("\n");
        for form in [SECRET, "QWRtaW46WnE4eEsybVc5clQ0dkI3bg", "WnE4eEsybVc5clQ0dkI3bg"] {
            assert!(!all.contains(form), "{line}\n{all}");
        }
    }
}

#[test]
fn nothing_becomes_an_example_that_works() {
    let home = Home::new();
    let made = home.make(&Source::Example, None, false);
    assert_eq!((home.told(), home.tested()), (vec![], (1, vec![])), "{}", home.everything());
    assert_eq!(made.inputs, [("user_id".to_owned(), "u1001".into())]);
    assert!(made.notes.is_empty() && made.asks[0].secret);
}

#[test]
fn a_script_has_its_types_and_its_request() {
    let home = Home::new();
    home.make(&Source::Example, Some("fetch"), true);
    assert_eq!(home.told(), [""; 0], "{}", home.everything());
    assert!(
        home.read("fetch/run.js").contains("name: answer.body?.name")
            || home.read("fetch/run.js").contains("answer.body?.[\"name\"]")
    );
    assert!(home.read("fetch/presetter.d.ts").contains("interface Host"));
    assert!(home.read("fetch/preset.toml").contains("script = \"run.js\""));
}
