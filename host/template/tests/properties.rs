//! For any values: the structure is the template's, and each value comes back exactly.
//! For any text: compiling and rendering end, within bounds, without a panic.
#![allow(clippy::unwrap_used)]

use handlebars::Handlebars;
use presetter_template::{Context, Names, Path, Step, Template};
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Texts that have broken templates before, among any other.
fn text() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        Just("\"".to_owned()),
        Just("\\".to_owned()),
        Just("\",\"type\":\"ADMIN".to_owned()),
        Just("{\"a\":[1]}".to_owned()),
        Just("}}".to_owned()),
        Just("{{x}}".to_owned()),
        Just("<<".to_owned()),
        Just("\\ud800".to_owned()),
        Just("\r\nX-Evil: 1".to_owned()),
        Just("\0\u{1}\u{7f}\u{85}\u{2028}".to_owned()),
        Just("../..".to_owned()),
        Just("%2e%2E".to_owned()),
        Just("&a=b#?+;".to_owned()),
        Just("ü漢😀\u{202e}".to_owned()),
        Just("x".repeat(20_000)),
        any::<String>(),
    ];
    vec(fragment, 0..4).prop_map(|parts| parts.concat())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            hash_map(text(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The values of one rendering of the corpus.
#[derive(Debug)]
struct Given {
    any: Value,
    text: String,
    other: String,
    absent: Option<Value>,
    list: Vec<Value>,
}

fn given() -> impl Strategy<Value = Given> {
    (value(), text(), text(), proptest::option::of(value()), vec(value(), 0..4))
        .prop_map(|(any, text, other, absent, list)| Given { any, text, other, absent, list })
}

type Expected = fn(&Given) -> Value;

/// Templates, and what each must be for any values, built without any template.
fn corpus() -> Vec<(&'static str, Expected)> {
    vec![
        ("{{any}}", |g| g.any.clone()),
        (r#"{"a":{"b":{{any}}}}"#, |g| json!({"a": {"b": g.any}})),
        (
            r#"{"a": {{text}}, "type": "USER", "b": [<<any>>, {{any}}]}"#,
            |g| json!({"a": g.text, "type": "USER", "b": [g.any, g.any]}),
        ),
        (r#"["{{text}}", "a \"{{text}}\" b{{other}}\\{{text}}"]"#, |g| {
            json!([g.text, format!("a \"{}\" b{}\\{}", g.text, g.other, g.text)])
        }),
        (r#"{"k{{text}}": {{any}}, "z": 1}"#, |g| json!({format!("k{}", g.text): g.any, "z": 1})),
        (r#"{"a": 1, "b": {{optional absent}}, "c": [{{optional absent}}]}"#, |g| match &g.absent {
            Some(value) => json!({"a": 1, "b": value, "c": [value]}),
            None => json!({"a": 1, "c": []}),
        }),
        (
            r#"{"l": [0{{#each list}}{"v": {{this}}, "i": "{{@index}}"}{{/each}}], "e": {{#if list}}1{{else}}2{{/if}}}"#,
            |g| {
                let rows = g.list.iter().enumerate().map(|(i, v)| json!({"v": v, "i": i.to_string()}));
                let list: Vec<_> = std::iter::once(json!(0)).chain(rows).collect();
                json!({"l": list, "e": if g.list.is_empty() { 2 } else { 1 }})
            },
        ),
        (r#"{ {{#each list as |v i|}}"{{i}}{{../text}}": {{v}}{{/each}} }"#, |g| {
            let pairs = g.list.iter().enumerate().map(|(i, v)| (format!("{i}{}", g.text), v.clone()));
            Value::Object(pairs.collect())
        }),
        (r#"["{{#if text}}[{{text}}]{{else}}none{{/if}}"]"#, |g| {
            json!([if g.text.is_empty() { "none".into() } else { format!("[{}]", g.text) }])
        }),
    ]
}

fn scope(g: &Given) -> Map<String, Value> {
    let mut scope = Map::new();
    scope.insert("any".into(), g.any.clone());
    scope.insert("text".into(), json!(g.text));
    scope.insert("other".into(), json!(g.other));
    scope.insert("list".into(), json!(g.list));
    if let Some(value) = &g.absent {
        scope.insert("absent".into(), value.clone());
    }
    scope
}

/// Pieces from which texts are made that look like templates.
fn soup() -> impl Strategy<Value = String> {
    let pieces = [
        "{{",
        "}}",
        "<<",
        ">>",
        "{{x}}",
        "{{#if x}}",
        "{{/if}}",
        "{{else}}",
        "{{#each l}}",
        "{{/each}}",
        "{{else if y}}",
        "{{#with o}}",
        "{{/with}}",
        "<<#unless x>>",
        "<</unless>>",
        "{{optional q}}",
        "{{this}}",
        "{{@index}}",
        "{{../x}}",
        "{{! c }}",
        "{{!-- c --}}",
        "{{~x~}}",
        "\\",
        "\"",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        " ",
        "\n",
        "1",
        "true",
        "\"k\":",
        "{{x.y[0]['z']}}",
        "{{#each l as |a b|}}",
        "{{a}}",
        "{{b}}",
        "ü",
        "😀",
        "~",
        "#",
        "/",
        "|",
        "(",
        "as",
        "\\u00",
        "{{{x}}}",
    ];
    let piece =
        prop_oneof![8 => proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => any::<String>()];
    vec(piece, 0..24).prop_map(|parts| parts.concat())
}

const ALL: [Context; 7] = [
    Context::Json,
    Context::PathSegment,
    Context::Query,
    Context::Header,
    Context::Form,
    Context::Text,
    Context::Value,
];

/// A random tree of blocks, written as a template that this crate and the `handlebars` crate both read.
fn blocks() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("t".to_owned()),
        Just(" a b ".to_owned()),
        Just("\n".to_owned()),
        Just("x\n".to_owned()),
        Just("{{s}}".to_owned()),
        Just("{{~s}}".to_owned()),
        Just("{{s~}}".to_owned()),
    ];
    let name = || proptest::sample::select(vec!["yes", "no", "list", "empty"]);
    leaf.prop_recursive(4, 40, 4, move |inner| {
        let body = vec(inner, 1..4).prop_map(|parts| parts.concat());
        let (b, c) = (body.clone(), body.clone());
        prop_oneof![
            (name(), body.clone(), b).prop_map(|(n, a, b)| format!("{{{{#if {n}}}}}{a}{{{{else}}}}{b}{{{{/if}}}}")),
            (name(), name(), name(), body.clone(), c).prop_map(|(n, m, o, a, b)| {
                format!("{{{{#if {n}}}}}{a}{{{{else if {m}}}}}{b}{{{{else unless {o}}}}}{a}{{{{else}}}}{b}{{{{/if}}}}")
            }),
            (name(), body.clone()).prop_map(|(n, a)| format!("\n {{{{#unless {n}}}}}\n{a}\n{{{{/unless}}}}\n")),
            body.prop_map(|a| format!("{{{{~#if list~}}}}{a}{{{{~/if~}}}}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_has_the_templates_structure_and_the_exact_values(given in given()) {
        let scope = scope(&given);
        for (source, expected) in corpus() {
            let template = Template::compile(source, Context::Json).unwrap();
            let text = template.render(&scope).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Value>(&text).unwrap(), &expected(&given), "{}", source);
        }
    }

    #[test]
    fn a_segment_stays_one_segment(a in text(), b in text()) {
        let (a_value, b_value) = (json!(a), json!(b));
        for (source, expected) in [("{{a}}", a.clone()), ("{{a}}/{{b}}", format!("{a}/{b}")), ("x.{{a}}", format!("x.{a}"))] {
            let template = Template::compile(source, Context::PathSegment).unwrap();
            let Ok(segment) = template.render(&Names::new().with("a", &a_value).with("b", &b_value)) else {
                prop_assert!(["", ".", ".."].contains(&expected.as_str()), "{expected:?}");
                continue;
            };
            let url = url::Url::parse(&format!("https://h.example/first/{segment}/last?q")).unwrap();
            let found: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!(found.len(), 3);
            prop_assert_eq!(url.host_str(), Some("h.example"));
            prop_assert_eq!(percent_encoding::percent_decode_str(found[1]).decode_utf8().unwrap(), expected);
        }
    }

    #[test]
    fn queries_and_forms_keep_their_pairs(a in text()) {
        let value = json!(a);
        for context in [Context::Query, Context::Form] {
            let template = Template::compile("-{{a}}&", context).unwrap();
            let text = template.render(&Names::new().with("a", &value)).unwrap();
            let url = url::Url::parse(&format!("https://h.example/?x=1&k={text}&y=2#f")).unwrap();
            let pairs: Vec<_> = url.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
            let expected = [("x", "1".to_owned()), ("k", format!("-{a}&")), ("y", "2".to_owned())];
            prop_assert_eq!(pairs, expected.map(|(k, v)| (k.to_owned(), v)));
            prop_assert_eq!(url.fragment(), Some("f"));
        }
    }

    #[test]
    fn headers_are_exact_or_refused(a in text()) {
        let value = json!(a);
        let template = Template::compile("Bearer {{a}}", Context::Header).unwrap();
        match template.render(&Names::new().with("a", &value)) {
            Ok(text) => {
                prop_assert_eq!(&text, &format!("Bearer {a}"));
                prop_assert!(text.bytes().all(|b| b >= b' ' && b != 0x7f));
            }
            Err(_) => prop_assert!(a.chars().any(char::is_control)),
        }
    }

    #[test]
    fn any_text_compiles_or_says_where_it_is_wrong(source in prop_oneof![soup(), any::<String>()]) {
        let values = json!({"x": "v\"", "y": {"z": 1}, "l": [1, "\"", {"x": 2}], "o": {"x": [3]}, "a": null});
        let Value::Object(values) = values else { unreachable!() };
        for context in ALL {
            let problems = match Template::compile(&source, context) {
                Err(problems) => problems,
                Ok(template) => match template.render(&values) {
                    Err(error) => error.problems,
                    Ok(text) => {
                        if context == Context::Json {
                            prop_assert!(serde_json::from_str::<Value>(&text).is_ok());
                        }
                        continue;
                    }
                },
            };
            prop_assert!(!problems.is_empty());
            for problem in problems {
                prop_assert!(source.get(problem.span.clone()).is_some(), "{:?} in {:?}", problem, source);
                prop_assert!(!problem.message.is_empty() && !problem.message.ends_with('.'));
            }
        }
    }

    #[test]
    fn blocks_and_white_space_are_those_of_handlebars(source in blocks()) {
        let values = json!({"yes": true, "no": false, "list": [1], "empty": [], "s": "S"});
        let mut oracle = Handlebars::new();
        oracle.register_escape_fn(handlebars::no_escape);
        let Value::Object(scope) = &values else { unreachable!() };
        let ours = Template::compile(&source, Context::Text).unwrap().render(scope).unwrap();
        // The crate indents and trims lines a little differently from Handlebars itself: compare what is not space.
        let solid = |text: &str| text.split_whitespace().collect::<String>();
        prop_assert_eq!(solid(&ours), solid(&oracle.render_template(&source, &values).unwrap()), "{}", source);
    }

    #[test]
    fn a_path_is_read_as_it_is_shown(root in text(), steps in vec(prop_oneof![
        text().prop_map(Step::Key), any::<u32>().prop_map(|n| Step::Index(n as usize)),
        Just(Step::Key("012".into())), Just(Step::Key("this".into())),
    ], 0..6)) {
        let steps: Vec<_> = steps.into_iter().filter(|s| !matches!(s, Step::Key(k) if k.len() > 60_000)).collect();
        let path = Path { root, steps };
        prop_assume!(path.to_string().len() < 60_000);
        prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
    }

    #[test]
    fn any_path_is_read_or_says_where_it_is_wrong(source in prop_oneof![any::<String>(), "[a-z.\\[\\]\"'0-9@/\\\\-]{0,20}"]) {
        match Path::parse(&source) {
            Ok(path) => prop_assert_eq!(Path::parse(&path.to_string()), Ok(path)),
            Err(problem) => prop_assert!(source.get(problem.span.clone()).is_some(), "{:?}", problem),
        }
    }
}
