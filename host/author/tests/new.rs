//! What `new` makes is checked, tested and searched for secrets as the program would do it.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use presetter_author::new::{Existing, Made, Source, Wanted, make};
use presetter_bundle::Bundle;
use presetter_check::Target;
use presetter_runtime::{Engine, EngineOptions};
use presetter_trial::{Suite, cases};
use tempfile::TempDir;

/// Compiled code is kept: compiling the interpreter takes seconds.
static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    Engine::new(EngineOptions::cached(folder)).unwrap()
});

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
        let report = presetter_check::check(&Target::of(&self.folder()).unwrap()).unwrap();
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
        let faults = suite.faults(&all, &trials);
        let insane = faults.iter().filter(|fault| fault.insane.is_some()).map(|fault| format!("{fault:?}"));
        (all.len(), wrong.chain(insane).collect())
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
        (format!("curl -I https://user:{SECRET}@api.acme.example/files/2026-01-01/report.pdf"), "get-file-report-pdf", "basic"),
        (format!("curl https://api.acme.example/bot123456:{SECRET}AAbbCC/getMe"), "get-get-me", "open"),
        (format!("curl https://api.acme.example -H 'Authorization: Digest username=\"x\", response=\"{SECRET}\"'"), "get-root", "key"),
        ("curl -X PUT https://api.acme.example/users/sarah%40example.com/ -d '[1, 2]'".into(), "update-user", "open"),
        ("curl https://api.acme.example/graphql -d '{\"query\": \"query Q($id: ID!) { user(id: $id) { name } }\", \"variables\": {\"id\": \"u1\"}}'".into(), "get-graphql", "open"),
        ("curl 'http://localhost:8080/users?a=1&a=2' -H 'User-Agent: x'".into(), "list-users", "open"),
        ("curl http://api.acme.example/users".into(), "list-users", "open"),
        ("curl acme.example/1.0/a%20b/%7Bid%7D -G -d x=true".into(), "get-root", "open"),
        ("curl -d '{\"list\": [{\"a\": [1, null]}], \"big\": 18446744073709551615, \"f\": 1.5, \"page\": \"p\", \"é\": \"ü\"}' https://api.acme.example/x".into(), "create-x", "open"),
        ("curl https://api.acme.example/v1/patch -X PATCH -H 'content-type: application/merge-patch+json' -d '{\"a\\\\\": \"\\\\\"}'".into(), "update-patch", "open"),
    ]
}

#[test]
fn every_command_becomes_a_preset_that_works() {
    let mut wrong = Vec::new();
    for (line, name, kind) in lines() {
        let home = Home::new();
        let made = home.make(&Source::Curl(&line), None, false);
        let (told, tested) = (home.told(), home.tested());
        let all = home.everything() + &made.notes.join("\n");
        let leaks = [SECRET, "QWRtaW46WnE4eEsybVc5clQ0dkI3bg", "WnE4eEsybVc5clQ0dkI3bg"].map(|form| all.contains(form));
        if (made.preset.as_str(), made.kind.as_str()) != (name, kind)
            || !told.is_empty()
            || tested != (1, vec![])
            || leaks.contains(&true)
        {
            wrong.push(format!("{line}\n{} {}\n{told:?}\n{tested:?}\n{leaks:?}\n{all}", made.preset, made.kind));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
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

/// A document with what documents have, and what they should not have.
const DOCUMENT: &str = r##"
openapi: 3.1.0
info: { title: Acme, version: "1" }
servers:
  - url: https://{region}.acme.example/v1
    variables: { region: { default: eu } }
security: [{ key: [], tenant: [] }]
components:
  securitySchemes:
    key: { type: apiKey, in: header, name: X-Api-Key }
    tenant: { type: apiKey, in: query, name: access_key }
    oauth: { type: oauth2, flows: {} }
    odd: { type: mutualTLS }
    basic: { type: http, scheme: basic }
  parameters:
    Limit: { name: limit, in: query, schema: { type: integer, default: 20, maximum: 100 } }
  schemas:
    Id: { type: string, readOnly: true, example: u1001 }
    Person:
      type: object
      required: [name]
      properties:
        id: { $ref: "#/components/schemas/Id" }
        name: { type: string, maxLength: 5, description: "The full name\nof the person" }
        role: { type: string, enum: [admin, user] }
        size: { type: number, default: 1.5 }
        friend: { $ref: "#/components/schemas/Person" }
        choice: { oneOf: [{ type: string }, { type: object }] }
        maybe: { anyOf: [{ type: integer }, { type: "null" }] }
        tags: { type: array, items: { type: string } }
        password: { type: string, writeOnly: true, example: hunter2-and-more }
        "odd {{key}}": { type: [string, "null"] }
        "a b": { type: boolean }
    NewPerson:
      allOf:
        - $ref: "#/components/schemas/Person"
        - type: object
          required: [address]
          properties:
            address:
              type: object
              required: [city]
              properties: { city: { type: string }, zip: { type: string } }
            page: { type: string }
paths:
  /people/{personId}:
    parameters:
      - { name: personId, in: path, required: true, description: the id, schema: { $ref: "#/components/schemas/Id" } }
    get:
      operationId: getPerson
      description: |
        Fetches | one *person*.
      parameters:
        - { name: fields, in: query, schema: { type: array, items: { type: string } } }
        - { name: filter, in: query, style: deepObject, schema: { type: object, properties: { a: { type: string } } } }
        - { name: X-Trace, in: header, required: true, schema: { type: string, default: "off" } }
        - { name: c, in: cookie, schema: { type: string } }
        - { $ref: "#/components/parameters/Limit" }
        - { $ref: "https://example.com/p.json" }
        - { name: access_key, in: query, schema: { type: string } }
      responses:
        "200": { content: { application/json: { schema: { $ref: "#/components/schemas/Person" } } } }
        "404": { description: not there }
    put:
      security: [{ oauth: [] }]
      requestBody: { required: true, content: { application/vnd.acme+json: { schema: { $ref: "#/components/schemas/Person" } } } }
      responses: { "204": { description: done } }
    delete:
      security: [{ odd: [] }, { basic: [] }]
      responses: { default: { description: done } }
  /people:
    post:
      operationId: create_person
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/NewPerson" } } } }
      responses: { "201": { content: { application/json: { example: { id: u7, name: "x", ok: true, list: [1] } } } } }
    get:
      security: []
      responses: { "200": { content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/Person" } } } } } }
  /people/{id}.{format}/photo:
    post:
      operationId: photo
      security: [{}]
      requestBody: { content: { image/png: {} } }
      responses: { "200": { content: { text/plain: {} } } }
  /tokens:
    post:
      operationId: token
      security: []
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema: { type: object, required: [grant_type], properties: { grant_type: { type: string, enum: [password] }, scopes: { type: array } } }
      responses: { "200": { description: x } }
  /raw:
    post:
      operationId: raw
      deprecated: true
      requestBody: { required: true, content: { application/json: { schema: { type: array, items: { type: integer } } } } }
      responses: { "202": { description: x } }
"##;

fn from(operation: &str) -> Source<'_> {
    Source::OpenApi { file: "acme.yaml", text: DOCUMENT, operation }
}

#[test]
fn every_operation_becomes_a_preset_that_works() {
    let mut wrong = Vec::new();
    for (operation, name, kind) in [
        ("getPerson", "get-person", "key"),
        ("PUT /people/{personId}", "update-person", "bearer"),
        ("delete /people/{personId}", "delete-person", "basic"),
        ("create_person", "create-person", "key"),
        ("GET /people", "list-people", "open"),
        ("photo", "photo", "open"),
        ("token", "token", "open"),
        ("raw", "raw", "key"),
    ] {
        let home = Home::new();
        let made = home.make(&from(operation), None, false);
        let (told, tested) = (home.told(), home.tested());
        if (made.preset.as_str(), made.kind.as_str()) != (name, kind) || !told.is_empty() || tested != (1, vec![]) {
            let all = home.everything();
            wrong.push(format!("{operation}\n{} {}\n{told:?}\n{tested:?}\n{all}", made.preset, made.kind));
        }
        assert!(!home.everything().contains("hunter2"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn an_operation_is_written_as_an_author_would() {
    let home = Home::new();
    let made = home.make(&from("create_person"), None, false);
    assert_eq!(home.read("create-person/preset.toml"), include_str!("made/create-person.toml"));
    assert_eq!(home.read("bundle.toml"), include_str!("made/bundle.toml"));
    assert_eq!(home.read("create-person/tests/first.toml"), include_str!("made/first.toml"));
    assert_eq!(made.notes, [""; 0]);
    let notes = home.make(&from("getPerson"), None, false).notes.join("\n");
    for said in ["`fields` takes a list", "`filter` takes an object", "cookie `c`", "leads nowhere"] {
        assert!(notes.contains(said), "{notes}");
    }
}

#[test]
fn presets_of_one_bundle_share_what_they_can() {
    let home = Home::new();
    home.make(&from("getPerson"), None, false);
    let text = format!(
        "# The vendor's own words.\n{}",
        home.read("bundle.toml").replace("paths = [\"people/*\"]", "paths = [\n    \"people/*\", # one\n]")
    );
    home.write("bundle.toml", &text);
    let grown = |made: &Made| made.bundle.is_some();
    assert!(!grown(&home.make(&from("getPerson"), Some("again"), false)), "all is there");
    let post = home.make(&from("create_person"), None, false);
    assert!(grown(&post) && post.kind == "key");
    let list = home.make(
        &Source::Curl("curl 'https://eu.acme.example/v1/people?access_key=SECRET1' -H 'x-api-key: SECRET2'"),
        None,
        false,
    );
    assert_eq!(list.kind, "key", "header and query are those of the kind");
    let other = home.make(&from("delete /people/{personId}"), None, false);
    assert_eq!(other.kind, "basic");
    assert!(home.read("delete-person/preset.toml").contains("connections = [\"basic\"]"));
    let elsewhere = home.make(&Source::Curl("curl -u a:PASSWORD https://other.example/x"), None, false);
    assert_eq!(elsewhere.kind, "basic-2", "another address is another kind");
    let manifest = home.read("bundle.toml");
    assert!(manifest.starts_with("# The vendor's own words.\n#:schema"), "{manifest}");
    assert!(manifest.contains("paths = [\n    \"people/*\", # one\n    \"people\",\n    \"x\",\n]"), "{manifest}");
    assert_eq!((home.told(), home.tested()), (vec![], (6, vec![])), "{manifest}");
}

#[test]
fn what_cannot_be_made_is_told() {
    let presets = ["get-user".to_owned()];
    let text = Home::new().make(&Source::Example, None, false).bundle.unwrap();
    let existing = Some(Existing { file: "acme/bundle.toml", text: &text, presets: &presets });
    let new = Wanted { bundle: "acme", preset: None, script: false, existing: None };
    let there = Wanted { existing, ..new };
    let unknown = from("getPersn");
    for (wanted, source, said) in [
        (
            there,
            Source::Example,
            "has a preset \"get-user\" already; nothing was changed; name the new one: --preset get-user-2",
        ),
        (Wanted { preset: Some("bearer"), ..there }, Source::Example, "the name of a connection kind"),
        (Wanted { preset: Some("Get User"), ..new }, Source::Example, "--preset get-user"),
        (new, unknown, "acme.yaml has no operation \"getPersn\"; did you mean \"getPerson\"?"),
        (new, from("nothing like it"), "there are: getPerson, PUT /people/{personId},"),
        (new, Source::Curl("curl -d '{\"a\": }' https://acme.example"), "column 7"),
        (
            new,
            Source::Curl("curl -H 'Content-Type: text/xml' -d '<a/>' https://acme.example"),
            "neither JSON nor a form",
        ),
        (new, Source::Curl("curl -X TRACE https://acme.example"), "method"),
        (new, Source::Curl("curl 'https://{host}/x'"), "cannot be read"),
        (new, Source::Curl("curl https://acme.example/a%2Fb"), "hides a slash"),
        (new, Source::Curl("curl https://acme.example/%ff"), "no text"),
        (
            new,
            Source::Curl("curl -H 'Authorization: Bearer SECRET99' 'https://acme.example/x?SECRET99=1'"),
            "one of its names",
        ),
    ] {
        let error = make(&wanted, &source).map(|made| format!("{made:?}")).unwrap_err().to_string();
        assert!(error.contains(said) && !error.contains("SECRET99"), "{said}\n{error}");
    }
    let broken = Existing { file: "acme/bundle.toml", text: "name = ", presets: &[] };
    let error = make(&Wanted { existing: Some(broken), ..new }, &Source::Example).unwrap_err().to_string();
    assert!(error.contains("acme/bundle.toml:1:"), "{error}");
}
