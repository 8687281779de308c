//! JSON templates: what they write.
#![allow(clippy::unwrap_used)]

use presetter_template::{Context, Names, Template};
use serde_json::{Value, json};

fn render(source: &str, values: Value) -> String {
    let template = Template::compile(source, Context::Json).unwrap_or_else(|p| panic!("{source}: {p:?}"));
    let Value::Object(values) = values else { panic!("values are an object") };
    let text = template.render(&values).unwrap_or_else(|e| panic!("{source}: {e:?}"));
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(template.render_value(&values).unwrap(), value);
    text
}

/// Template, values, result.
fn table(cases: &[(&str, Value, &str)]) {
    for (source, values, expected) in cases {
        assert_eq!(&render(source, values.clone()), expected, "{source}");
    }
}

#[test]
fn values_stand_bare_or_in_strings() {
    table(&[
        (r#"{"iduser": {{id}}}"#, json!({"id": "e123"}), r#"{"iduser":"e123"}"#),
        (r#"{"iduser": "{{id}}"}"#, json!({"id": "a\"b"}), r#"{"iduser":"a\"b"}"#),
        (r#"{"a":{"b":{{x}}}}"#, json!({"x": {"y": [1, null]}}), r#"{"a":{"b":{"y":[1,null]}}}"#),
        (r#"{"a":{{x}},"b":<<y>>}"#, json!({"x": null, "y": true}), r#"{"a":null,"b":true}"#),
        (r#"{"{{k}}-x": 1}"#, json!({"k": "a\nb"}), r#"{"a\nb-x":1}"#),
        (r#"["{{n}} of {{b}}"]"#, json!({"n": 1.5, "b": false}), r#"["1.5 of false"]"#),
        ("{{x}}", json!({"x": [1]}), "[1]"),
        (
            r#"{"a": {{"li\"t"}}, "b": {{5}}, "c": {{true}}, "d": {{null}}}"#,
            json!({}),
            r#"{"a":"li\"t","b":5,"c":true,"d":null}"#,
        ),
        // The author's own text stays as written.
        (
            r#"[1.10, 1E3, -0, 123456789012345678901234567890, "\u00e9\/"]"#,
            json!({}),
            r#"[1.10,1E3,-0,123456789012345678901234567890,"\u00e9\/"]"#,
        ),
        ("  {}\n", json!({}), "{}"),
        (r#"["a{{! a "comment" }}b{{!-- }} --}}c"]"#, json!({}), r#"["abc"]"#),
        (r#"["\{{x}} \<<x>> >> < << x >>"]"#, json!({"x": 1}), r#"["{{x}} <<x>> >> < 1"]"#),
        (r#"["C:\\{{x}}"]"#, json!({"x": "n"}), r#"["C:\\n"]"#),
        (r#"["a   {{~x~}}   b"]"#, json!({"x": "n"}), r#"["anb"]"#),
    ]);
}

#[test]
fn optional_drops_what_is_absent() {
    table(&[
        (r#"{"a": {{optional a}}, "b": {{optional b}}}"#, json!({"b": 1}), r#"{"b":1}"#),
        (r#"{"a": {{optional a}}, "b": {{optional b}}}"#, json!({}), "{}"),
        (r#"{"a": {{optional a}}}"#, json!({"a": null}), r#"{"a":null}"#),
        (r#"[{{optional a}}, 2, {{optional b}}]"#, json!({}), "[2]"),
        (r#"["-{{optional a}}-", "{{optional n}}"]"#, json!({"n": null}), r#"["--",""]"#),
        (r#"{"a": {{optional}}}"#, json!({"optional": 1}), r#"{"a":1}"#),
    ]);
}

#[test]
fn blocks_choose_members_elements_values_and_text() {
    let members = r#"{"a":1{{#if x}},"b":2{{else if y}},"c":3{{else}},"d":4{{/if}}}"#;
    let value = r#"{"a": {{#if x}}{"b": {{x}} }{{else}}[]{{/if}}, "z": 0}"#;
    let dropped = r#"{"a": {{#if x}}1{{/if}}, "z": 0}"#;
    let text = r#"["{{#if x}}Hi {{x}}{{else}}Nobody{{/if}}!"]"#;
    table(&[
        (members, json!({"x": 1}), r#"{"a":1,"b":2}"#),
        (members, json!({"y": 1}), r#"{"a":1,"c":3}"#),
        (members, json!({}), r#"{"a":1,"d":4}"#),
        (value, json!({"x": 5}), r#"{"a":{"b":5},"z":0}"#),
        (value, json!({}), r#"{"a":[],"z":0}"#),
        (dropped, json!({"x": 1}), r#"{"a":1,"z":0}"#),
        (dropped, json!({}), r#"{"z":0}"#),
        (text, json!({"x": "\"\\"}), r#"["Hi \"\\!"]"#),
        (text, json!({}), r#"["Nobody!"]"#),
        (r"[<<#unless x>>1<</unless>>]", json!({"x": 0}), "[1]"),
        (r"[{{#if a}}1{{else if b}}2{{else if c}}3{{else if d}}4{{else}}5{{/if}}]", json!({"c": 1}), "[3]"),
        (r"[{{#if a}}1{{else if b}}2{{else if c}}3{{else if d}}4{{else}}5{{/if}}]", json!({"d": 1}), "[4]"),
        (r"[{{#if a}}1{{else if b}}2{{else if c}}3{{else if d}}4{{else}}5{{/if}}]", json!({}), "[5]"),
        (r"[{{#if a}}{{else if b}}{{else}}3{{/if}}]", json!({"b": 1}), "[]"),
        (r"[{{#if a}}1{{^}}2{{/if}}]", json!({}), "[2]"),
        (r"[{{#if a}}{{#if b}}1{{else}}2{{/if}}{{else}}{{#if b}}3{{else}}4{{/if}}{{/if}}]", json!({"b": 1}), "[3]"),
    ]);
}

#[test]
fn commas_next_to_blocks_are_ours() {
    let users = json!({"users": ["a", "b"]});
    table(&[
        ("[{{#each users}}{{this}}{{/each}}]", users.clone(), r#"["a","b"]"#),
        ("[{{#each users}}{{this}},{{/each}}]", users.clone(), r#"["a","b"]"#),
        ("[{{#each users}},{{this}}{{/each}}]", users.clone(), r#"["a","b"]"#),
        ("[{{#each users}}{{this}}{{#unless @last}},{{/unless}}{{/each}}]", users.clone(), r#"["a","b"]"#),
        ("[0{{#each users}}{{this}}{{/each}}9]", users.clone(), r#"[0,"a","b",9]"#),
        ("[0,{{#each users}}{{this}}{{/each}},9]", users.clone(), r#"[0,"a","b",9]"#),
        ("[0,{{#each none}}{{this}}{{/each}},9]", users.clone(), "[0,9]"),
        ("[{{#each none}}{{this}}{{/each}},]", users.clone(), "[]"),
        ("[{{#each none}}{{this}}{{else}}7,{{/each}}]", users.clone(), "[7]"),
        (r#"{ {{#each users}}"{{this}}":{{@index}}{{/each}} }"#, users, r#"{"a":0,"b":1}"#),
    ]);
}

#[test]
fn loops_name_what_they_go_through() {
    let data =
        json!({"org": "o", "users": [{"id": 1, "tags": ["x", "y"]}, {"id": 2, "tags": []}], "map": {"k": 1, "l": 2}});
    table(&[
        (
            r#"[{{#each users}}{"i":{{id}},"o":{{../org}},"f":{{@first}},"l":{{@last}}}{{/each}}]"#,
            data.clone(),
            r#"[{"i":1,"o":"o","f":true,"l":false},{"i":2,"o":"o","f":false,"l":true}]"#,
        ),
        (r#"[{{#each users as |u n|}}"{{n}}:{{u.id}}:{{@root.org}}"{{/each}}]"#, data.clone(), r#"["0:1:o","1:2:o"]"#),
        (r#"{ {{#each map}}"{{@key}}": {{this}}{{/each}} }"#, data.clone(), r#"{"k":1,"l":2}"#),
        (r#"{ {{#each map as |v k|}}"{{k}}": {{v}}{{/each}} }"#, data.clone(), r#"{"k":1,"l":2}"#),
        (
            r#"[{{#each users as |u|}}{{#each u.tags as |t|}}"{{u.id}}{{t}}{{@index}}"{{/each}}{{/each}}]"#,
            data.clone(),
            r#"["1x0","1y1"]"#,
        ),
        (
            r#"[{{#each users}}{{#each tags}}"{{../id}}{{this}}{{../../org}}"{{/each}}{{/each}}]"#,
            data.clone(),
            r#"["1xo","1yo"]"#,
        ),
        (r#"[{{#with users.[1]}}{{id}}, {{../org}}{{/with}}]"#, data.clone(), r#"[2,"o"]"#),
        (
            r#"[{{#with users[0] as |u|}}{{u.id}}{{else}}0{{/with}}, {{#with nobody}}1{{else}}0{{/with}}]"#,
            data.clone(),
            "[1,0]",
        ),
        (r#"[{{#each users}}{{#with tags}}{{@index}}{{/with}}{{/each}}]"#, data.clone(), "[0]"),
        (r#"[{{#each users}}{{#if id}}{{this.id}}{{/if}}{{/each}}]"#, data, "[1,2]"),
    ]);
}

#[test]
fn every_form_of_a_path_is_read() {
    let response = json!({"users": [{"email": "e"}], "test-field": 1, "a b": {"]": 2}, "q\"": 3, "0": 4});
    for (path, value) in [
        ("response.users[0].email", json!("e")),
        ("response.users.0.email", json!("e")),
        ("response.users.[0].email", json!("e")),
        ("response[\"test-field\"]", json!(1)),
        ("response.test-field", json!(1)),
        ("response['a b'][\"]\"]", json!(2)),
        ("response.[a b]['\\u005d']", json!(2)),
        ("response[\"q\\\"\"]", json!(3)),
        ("response.0", json!(4)),
        ("this.response.0", json!(4)),
        ("./response.0", json!(4)),
        ("@root.response.0", json!(4)),
        ("[response].0", json!(4)),
    ] {
        for source in [format!("{{{{{path}}}}}"), format!("<<  {path}\n>>")] {
            let template = Template::compile(&source, Context::Json).unwrap_or_else(|p| panic!("{source}: {p:?}"));
            assert_eq!(template.render_value(&Names::new().with("response", &response)).unwrap(), value, "{source}");
        }
    }
}

#[test]
fn the_hostile_identifier_of_the_plan_stays_a_text() {
    let source = r#"{ "operation": "update_user", "iduser": {{mosyle_user_id}}, "type": {{optional type}} }"#;
    let body = render(source, json!({"mosyle_user_id": "1\",\"type\":\"ADMIN"}));
    assert_eq!(body, r#"{"operation":"update_user","iduser":"1\",\"type\":\"ADMIN"}"#);
}

#[test]
fn raw_values_only_where_they_were_allowed_and_still_json() {
    let raw = presetter_template::Options { unsafe_raw: true };
    for source in [r#"{"a": {{{x}}}}"#, r#"{"a": {{&x}}}"#, r#"{"a": <<&x>>}"#] {
        assert!(Template::compile(source, Context::Json).is_err());
        let template = Template::compile_with(source, Context::Json, raw).unwrap();
        let x = json!("[1, 2]");
        assert_eq!(template.render(&Names::new().with("x", &x)).unwrap(), r#"{"a":[1, 2]}"#);
        let x = json!("[1, 2");
        let error = template.render(&Names::new().with("x", &x)).unwrap_err();
        assert!(error.to_string().starts_with("the result is not valid JSON"), "{error}");
    }
}

#[test]
fn variables_say_what_is_needed() {
    let source =
        r#"{ "a": {{a.b}}, "c": {{optional c}}, "d": {{#if d}}{{d.x}}{{else}}{{e}}{{/if}}, "n": {{optional a.b}},
        "l": [{{#each l as |i|}}{{i}}{{name}}{{../f}}{{@root.g}}{{/each}}], "m": {{optional m}}, "m2": "{{m}}",
        "u": {{#unless u}}1{{else}}{{u}}{{/unless}} }"#
            .replace("{{i}}{{name}}", "{{i}},{{name}},")
            .replace("{{../f}}{{@root.g}}", "{{../f}},{{@root.g}}");
    let template = Template::compile(&source, Context::Json).unwrap();
    let found: Vec<_> = template.variables().iter().map(|v| (v.path.to_string(), v.optional)).collect();
    let expected = [
        ("a.b", false),
        ("c", true),
        ("d", true),
        ("d.x", true),
        ("e", false),
        ("l", true),
        ("f", false),
        ("g", false),
        ("m", false),
        ("u", true),
    ];
    assert_eq!(found, expected.map(|(name, optional)| (name.to_owned(), optional)));
    let m = template.variables().iter().find(|v| v.path.to_string() == "m").unwrap();
    assert_eq!(&source[m.span.clone()], "{{m}}");
}

#[test]
fn elements_say_what_is_needed_of_a_list() {
    let source = r#"[{{#each a.l}}{ "x": {{x.y}}, "o": {{optional o}}, "g": {{#if g}}{{g}}{{else}}{{../up}}{{/if}},
        "i": [{{#each inner}}{{this}}, {{deep}}, {{../z}}{{/each}}] }, {{/each}}{{#each m as |e|}}{{e.n}}, {{this}}{{/each}}, {{x}}]"#;
    let template = Template::compile(source, Context::Json).unwrap();
    let found: Vec<_> = template.elements().iter().map(|v| (v.path.to_string(), v.optional)).collect();
    let expected = [
        ("a.l.x.y", false),
        ("a.l.o", true),
        ("a.l.g", true),
        ("a.l.inner", true),
        ("a.l.z", false),
        ("m.n", false),
        ("m", false),
    ];
    assert_eq!(found, expected.map(|(name, optional)| (name.to_owned(), optional)));
    assert_eq!(&source[template.elements()[0].span.clone()], "{{x.y}}");
    let scope: Vec<_> = template.variables().iter().map(|v| v.path.to_string()).collect();
    assert_eq!(scope, ["a.l", "up", "m", "x"]);
}
