//! Inputs that are made of parameters and bodies take their own samples, and send what can be sent.

use serde_json::json;

use super::*;
use crate::new::{Source, Wanted, make};

/// The line of the input `name` in what is made of an operation that needs it. Making it checks its sample.
fn made(place: &str, name: &str, schema: &Value) -> String {
    let text = manifest(place, name, schema);
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} = ")));
    line.unwrap_or_else(|| panic!("{text}")).split(", help").next().unwrap().to_owned()
}

fn manifest(place: &str, name: &str, schema: &Value) -> String {
    let parameter = json!({ "name": name, "in": place, "required": true, "schema": schema });
    let members = json!({ "required": [name], "properties": { name: schema } });
    let (parameters, body) = if place == "body" { (json!([]), members) } else { (json!([parameter]), json!({})) };
    let path = if place == "path" { format!("/{{{name}}}") } else { "/things".to_owned() };
    let text = json!({ "openapi": "3.1.0", "paths": { path: { "put": {
        "operationId": "op", "parameters": parameters,
        "requestBody": { "content": { "application/json": { "schema": body } } },
    } } } });
    let wanted = Wanted { bundle: "acme", preset: None, script: false, existing: None };
    let made = make(&wanted, &Source::OpenApi { file: "a", text: &text.to_string(), operation: "op" });
    let made = made.unwrap_or_else(|error| panic!("{place} {name} {schema}: {error}"));
    made.files.into_iter().find(|(path, _)| path == "op/preset.toml").map(|(_, text)| text).unwrap()
}

const EVERYWHERE: [&str; 4] = ["path", "query", "header", "body"];

#[test]
fn where_nothing_but_blanks_can_be_given_one_is_the_default() {
    for place in ["query", "header", "body"] {
        for blank in ["", " ", "\u{3000}"] {
            let line = made(place, "a", &json!({ "type": "string", "enum": [blank] }));
            assert_eq!(line, format!(r#"{{ type = "string", default = "{blank}", enum = ["{blank}"]"#), "{place}");
        }
        let line = made(place, "a", &json!({ "type": "string", "enum": ["", "x"], "default": "" }));
        assert_eq!(line, r#"{ type = "string", required = true, enum = ["", "x"]"#, "{place}");
    }
    assert_eq!(made("path", "a", &json!({ "enum": [" "], "type": "string" })), r#"{ type = "string", required = true"#);
}

#[test]
fn a_sample_is_one_of_the_values_that_can_be_given() {
    for place in EVERYWHERE {
        let line = made(place, "a", &json!({ "type": "number", "enum": [1, 2.5] }));
        assert_eq!(line, r#"{ type = "number", required = true, enum = [1, 2.5]"#, "{place}");
        let line = made(place, "a", &json!({ "type": "string", "enum": ["abc", "a"], "maxLength": 2 }));
        assert_eq!(line, r#"{ type = "string", required = true, max_length = 2"#, "{place}");
    }
    // Words of the API are no secrets, whatever they stand for.
    for place in ["path", "query", "body"] {
        let line = made(place, "auth", &json!({ "type": "string", "enum": ["basic", "none"] }));
        assert_eq!(line, r#"{ type = "string", required = true, enum = ["basic", "none"]"#, "{place}");
    }
}

#[test]
fn a_header_that_no_preset_may_send_is_left_out_and_told() {
    for name in ["te", "Host", "X-HTTP-Method-Override"] {
        let text = manifest("header", name, &json!({ "type": "string" }));
        assert!(text.contains(&format!("no preset may send the header `{name}`")), "{text}");
        assert!(!text.contains("headers = ") && !text.contains("\nte = "), "{text}");
    }
}

#[test]
fn what_cannot_be_sent_is_no_value() {
    let dots = made("path", "a", &json!({ "type": "string", "enum": ["%2E."] }));
    assert_eq!(dots, r#"{ type = "string", required = true"#);
    for value in ["a\nb", "\u{1}"] {
        for schema in [json!({ "enum": [value] }), json!({ "type": "string", "default": value })] {
            for place in ["path", "header"] {
                let line = made(place, "a", &schema);
                assert!(!line.contains("default") && !line.contains("enum"), "{place} {line}");
            }
        }
    }
}
