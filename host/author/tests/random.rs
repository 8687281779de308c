//! What is made of any command and any document is valid, passes its own test, and has no secret in it.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use presetter_author::new::{Error, Source, Wanted, make};
use presetter_bundle::Bundle;
use presetter_runtime::{Engine, EngineOptions};
use presetter_trial::{Suite, cases};
use proptest::prelude::*;
use serde_json::{Value, json};

/// In no other text by chance.
const SECRET: &str = "tOpS3cret-w0rd";

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    Engine::new(EngineOptions::cached(folder)).unwrap()
});

/// Makes a preset, and looks at all that came of it.
fn check(source: &Source<'_>, script: bool) -> Result<(), TestCaseError> {
    let made = match make(&Wanted { bundle: "acme", preset: None, script, existing: None }, source) {
        Ok(made) => made,
        Err(error) => {
            prop_assert!(!matches!(error, Error::Fault(_)), "{error}");
            prop_assert!(!error.to_string().contains(SECRET), "{error}");
            return Ok(());
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let bundle = made.bundle.iter().map(|text| ("bundle.toml".to_owned(), text.clone()));
    for (path, text) in made.files.iter().cloned().chain(bundle) {
        prop_assert!(!text.contains(SECRET) && !path.contains(SECRET), "{path}\n{text}");
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    prop_assert!(!made.notes.join("\n").contains(SECRET), "{:?}", made.notes);
    let bundle = Arc::new(Bundle::open_folder(folder.path()).unwrap());
    let preset = bundle.preset(&made.preset).unwrap();
    let cases = cases(&bundle, &preset).unwrap_or_else(|error| panic!("{error}"));
    prop_assert_eq!(cases.len(), 1);
    if !script {
        let suite = Suite::open(bundle.clone(), [made.preset.as_str()], &ENGINE).unwrap();
        let trials = suite.run_all(&cases);
        let manifest = fs::read_to_string(folder.path().join(&made.preset).join("preset.toml")).unwrap();
        prop_assert!(trials[0].passed(), "{:?}\n{manifest}\n{}", trials[0], cases[0].text);
        for fault in suite.faults(&cases, &trials) {
            prop_assert!(fault.insane.is_none(), "{fault:?}\n{manifest}\n{}", cases[0].text);
        }
    }
    Ok(())
}

/// Words with what shells, URLs, JSON, TOML and templates read as more than a letter.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        "[A-Za-z0-9_.-]{1,12}",
        "[ -~]{0,12}",
        Just("{{x}}".to_owned()),
        Just("<<settings.a".to_owned()),
        Just("a'''b\"\"\"".to_owned()),
        "\\PC{0,6}",
        "(page|items|this|true|null|item|settings|optional)",
        "[\\\\'\"{}<>$%&/?#=:@]{1,6}",
        "[0-9]{1,20}",
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A word as a shell takes it for one.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A way in which a command bears a secret.
fn credential() -> impl Strategy<Value = String> {
    const WAYS: [&str; 12] = [
        "-H 'Authorization: Bearer S'",
        "-H 'authorization: Token S'",
        "-H 'Authorization: S'",
        "-H 'X-Api-Key: S'",
        "-H 'X-Odd-Token: S'",
        "-H 'Cookie: a=b; session=S'",
        "-b 'jwt=S'",
        "-u 'someone:S'",
        "--oauth2-bearer S",
        "--url-query 'api_key=S'",
        "--proxy-user me:S",
        "",
    ];
    prop::sample::select(&WAYS[..]).prop_map(|way| {
        way.replace("=S", &format!("={SECRET}"))
            .replace(":S", &format!(":{SECRET}"))
            .replace(" S", &format!(" {SECRET}"))
    })
}

fn line() -> impl Strategy<Value = String> {
    let pairs = || prop::collection::vec((word(), word()), 0..4);
    let encode = |text: &str| presetter_template::encode::query(text);
    let path = prop::collection::vec(word(), 0..5);
    let body = prop_oneof![
        Just(String::new()),
        any_json().prop_map(|value| format!("--json {}", quoted(&value.to_string()))),
        (word(), any_json()).prop_map(|(name, value)| format!(
            "-d {}",
            quoted(&json!({ "password": SECRET, name: value }).to_string())
        )),
        pairs().prop_map(move |pairs| pairs
            .iter()
            .map(|(n, v)| format!("--data-urlencode {} ", quoted(&format!("{n}={v}"))))
            .collect()),
    ];
    let method = prop::sample::select(&["", "-X GET", "-X PUT", "-XPATCH", "-X DELETE", "-X POST", "-G", "-I"][..]);
    let headers = prop::collection::vec(("[A-Za-z-]{1,10}", word()), 0..3);
    (path, pairs(), body, method, headers, credential()).prop_map(
        move |(path, query, body, method, headers, credential)| {
            let path: Vec<String> = path.iter().map(|part| encode(part)).collect();
            let query: Vec<String> = query.iter().map(|(n, v)| format!("{}={}", encode(n), encode(v))).collect();
            let headers: String =
                headers.iter().map(|(n, v)| format!("-H {} ", quoted(&format!("{n}: {v}")))).collect();
            let url = format!("https://api.acme.example/v1/{}?{}", path.join("/"), query.join("&"));
            format!("curl {method} {headers}{credential} {body} {}", quoted(&url))
        },
    )
}

fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        prop::sample::select(&["string", "integer", "number", "boolean", "array", "object", "odd"][..])
            .prop_map(|kind| json!({ "type": kind })),
        (word(), any_json(), any_json()).prop_map(|(help, default, example)| {
            json!({ "type": "string", "description": help, "default": default, "example": example })
        }),
        (prop::collection::vec(any_json(), 0..4), 0..6_u8)
            .prop_map(|(values, most)| json!({ "enum": values, "maxLength": most })),
        (prop::sample::select(&["date-time", "uuid", "email", "byte", "x"][..]), any::<i64>())
            .prop_map(|(format, least)| json!({ "type": ["string", "null"], "format": format, "minimum": least })),
        Just(json!({ "$ref": "#/components/schemas/A" })),
        Just(json!({ "$ref": "#/components/schemas/B" })),
        Just(json!({ "$ref": "elsewhere.json" })),
        Just(json!(true)),
    ];
    leaf.prop_recursive(4, 30, 5, |inner| {
        let members = prop::collection::vec((word(), inner.clone()), 0..5);
        let several = prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            (members, any::<bool>()).prop_map(|(members, all)| {
                let names: Vec<String> = members.iter().map(|(name, _)| name.clone()).filter(|_| all).collect();
                let members: serde_json::Map<String, Value> = members.into_iter().collect();
                json!({ "type": "object", "properties": members, "required": names })
            }),
            (prop::sample::select(&["allOf", "oneOf", "anyOf"][..]), several)
                .prop_map(|(how, several)| json!({ how: several })),
            inner.prop_map(|items| json!({ "type": "array", "items": items })),
        ]
    })
}

fn document() -> impl Strategy<Value = String> {
    let place = prop::sample::select(&["query", "header", "cookie", "path"][..]);
    let parameters = prop::collection::vec((word(), place, schema(), any::<bool>(), any_json()), 0..6);
    let media = prop::sample::select(
        &["application/json", "application/x-www-form-urlencoded", "application/vnd.x+json", "text/plain"][..],
    );
    let path = prop::collection::vec(
        prop_oneof![
            word(),
            word().prop_map(|name| format!("{{{name}}}")),
            word().prop_map(|name| format!("a{{{name}}}.b"))
        ],
        0..4,
    );
    let method = prop::sample::select(&["get", "post", "put", "patch", "delete", "head"][..]);
    let server = prop_oneof![Just("https://api.acme.example/v1".to_owned()), word(), Just("/v3".to_owned())];
    let status = prop::sample::select(&["200", "201", "204", "2XX", "299", "default", "404"][..]);
    let scheme = prop_oneof![
        (word(), prop::sample::select(&["header", "query", "cookie"][..]))
            .prop_map(|(name, place)| json!({ "type": "apiKey", "in": place, "name": name })),
        Just(json!({ "type": "http", "scheme": "basic" })),
        Just(json!({ "type": "oauth2" })),
    ];
    let operation = (parameters, schema(), schema(), word(), media);
    ((schema(), schema()), operation, (path, method, server, status), scheme, any_json()).prop_map(
        |((a, b), (parameters, body, answer, text, media), (path, method, server, status), scheme, example)| {
            let parameters: Vec<Value> = parameters
                .into_iter()
                .map(|(name, place, schema, needed, example)| {
                    json!({ "name": name, "in": place, "schema": schema, "required": needed, "example": example, "description": text })
                })
                .collect();
            json!({
                "openapi": "3.0.3", "servers": [{ "url": server }], "security": [{ "k": [] }],
                "components": { "schemas": { "A": a, "B": b }, "securitySchemes": { "k": scheme } },
                "paths": { format!("/{}", path.join("/")): { method: {
                    "operationId": "op", "summary": text, "description": text, "parameters": parameters,
                    "requestBody": { "content": { media: { "schema": body } } },
                    "responses": { status: { "content": { "application/json": { "schema": answer, "example": example } } } },
                } } },
            })
            .to_string()
        },
    )
}

/// An operation whose answer has this member, with this schema and this example.
fn answering(schema: Value, example: Value) -> String {
    let answer = json!({ "type": "object", "properties": { "a": schema } });
    json!({
        "openapi": "3.0.3", "servers": [{ "url": "https://api.acme.example/v1" }],
        "paths": { "/things": { "get": {
            "operationId": "op",
            "responses": { "200": { "content": { "application/json": { "schema": answer, "example": { "a": example } } } } },
        } } },
    })
    .to_string()
}

#[test]
fn an_example_of_another_type_than_its_schema_is_handed_on() {
    for example in
        [json!([null]), json!([null, "x"]), json!(["x", "y"]), json!([[1], { "b": null }]), json!({ "b": 1 })]
    {
        let text = answering(json!({ "type": "string" }), example);
        check(&Source::OpenApi { file: "a.json", text: &text, operation: "op" }, false).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_command_becomes_a_preset_that_works(line in line(), script in prop::bool::weighted(0.1)) {
        check(&Source::Curl(&line), script)?;
    }

    #[test]
    fn any_operation_becomes_a_preset_that_works(text in document(), script in prop::bool::weighted(0.1)) {
        check(&Source::OpenApi { file: "a.json", text: &text, operation: "op" }, script)?;
    }

    #[test]
    fn any_text_is_made_or_refused(text in "\\PC{0,200}", json in any_json()) {
        check(&Source::Curl(&text), false)?;
        check(&Source::Curl(&format!("curl {text}")), false)?;
        check(&Source::OpenApi { file: "a", text: &text, operation: "op" }, false)?;
        check(&Source::OpenApi { file: "a", text: &format!("openapi: 3.0.0\n{text}"), operation: "op" }, false)?;
        check(&Source::OpenApi { file: "a", text: &json!({ "openapi": "3.1.0", "paths": json }).to_string(), operation: "op" }, false)?;
    }
}
