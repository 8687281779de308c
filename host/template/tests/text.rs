//! Everything but JSON: what is written, and what is refused.
#![allow(clippy::unwrap_used)]

use presetter_template::{Context, Names, Options, Template};
use serde_json::{Value, json};

fn render(source: &str, context: Context, values: Value) -> Result<String, String> {
    let template = Template::compile(source, context).map_err(|p| p[0].message.clone())?;
    let Value::Object(values) = values else { panic!("values are an object") };
    template.render(&values).map_err(|e| e.to_string())
}

fn gives(source: &str, context: Context, values: Value, expected: &str) {
    assert_eq!(render(source, context, values).as_deref(), Ok(expected), "{source}");
}

fn refuses(source: &str, context: Context, values: Value, expected: &str) {
    assert_eq!(render(source, context, values), Err(expected.to_owned()), "{source}");
}

#[test]
fn a_path_segment_stays_one() {
    use Context::PathSegment;
    gives("{{a}}/x", PathSegment, json!({"a": "ü/../?#%"}), "%C3%BC%2F..%2F%3F%23%25%2Fx");
    gives("{{a}}{{b}}", PathSegment, json!({"a": ".", "b": ".x"}), "..x");
    refuses("{{a}}{{b}}", PathSegment, json!({"a": ".", "b": "."}), "a path segment cannot be \"..\"");
    refuses("{{a}}", PathSegment, json!({"a": "."}), "a path segment cannot be \".\"");
    refuses("{{optional a}}", PathSegment, json!({}), "a path segment cannot be empty");
    refuses("{{a}}", PathSegment, json!({"a": []}), "\"a\" is an empty list, which cannot stand in a URL's path");
}

#[test]
fn raw_values_in_a_url_hold_only_legal_characters() {
    let template = Template::compile_with("x-{{{a}}}", Context::PathSegment, Options { unsafe_raw: true }).unwrap();
    let render = |a: Value| template.render(&Names::new().with("a", &a)).map_err(|e| e.to_string());
    assert_eq!(render(json!("%41")), Ok("x-%41".into()));
    assert!(render(json!("a/b")).is_err());
    assert!(render(json!("a b")).is_err());
    let dots = Template::compile_with("{{{a}}}", Context::PathSegment, Options { unsafe_raw: true }).unwrap();
    assert!(dots.render(&Names::new().with("a", &json!("%2E%2e"))).is_err());
}

#[test]
fn queries_and_forms_are_encoded() {
    gives("{{a}} &=+", Context::Query, json!({"a": "x=1&y +"}), "x%3D1%26y%20%2B%20%26%3D%2B");
    gives("{{a}} &=+", Context::Form, json!({"a": "x=1&y +~*"}), "x%3D1%26y+%2B%7E*+%26%3D%2B");
    gives("{{a}}{{b}}", Context::Query, json!({"a": 1, "b": true}), "1true");
}

#[test]
fn headers_hold_one_line() {
    gives("Bearer {{a}}", Context::Header, json!({"a": "t"}), "Bearer t");
    refuses(
        "{{a}}",
        Context::Header,
        json!({"a": "t\r\nX: y"}),
        "\"a\" does not fit here: a header cannot hold a line break (CR)",
    );
    refuses(
        "{{a}}",
        Context::Header,
        json!({"a": "t\0"}),
        "\"a\" does not fit here: a header cannot hold the character NUL",
    );
    refuses("a\nb", Context::Header, json!({}), "a header cannot hold a line break (LF)");
    let raw = Template::compile_with("{{{a}}}", Context::Header, Options { unsafe_raw: true }).unwrap();
    assert!(raw.render(&Names::new().with("a", &json!("\n"))).is_err());
}

#[test]
fn text_is_left_alone() {
    gives("<b>{{a}}</b>", Context::Text, json!({"a": "<&\">"}), "<b><&\"></b>");
    gives("{{a}} {{b}}", Context::Text, json!({"a": {"x": [1]}, "b": []}), r#"{"x":[1]} []"#);
    gives(r"\{{a}} \\{{a}} \\\{{a}} \x", Context::Text, json!({"a": 1}), r"{{a}} \1 \{{a}} \x");
    gives("{{a}}}} >> }}", Context::Text, json!({"a": 1}), "1}} >> }}");
    gives("a < b > c <- <x", Context::Text, json!({}), "a < b > c <- <x");
    gives("{{optional a}}|{{optional b}}", Context::Text, json!({"b": null}), "|");
    refuses("{{a}}", Context::Text, json!({"a": null}), "no value for \"a\"");
}

#[test]
fn lines_that_hold_only_a_block_tag_vanish() {
    let source = "Users:\n{{#each users}}\n  - {{this}}\n{{/each}}\r\n  {{! done }}  \nend\n{{#if x}}\nx{{/if}}";
    gives(source, Context::Text, json!({"users": ["a", "b"], "x": 1}), "Users:\n  - a\n  - b\nend\nx");
    gives("a {{#if x}} b {{/if}} c", Context::Text, json!({"x": 1}), "a  b  c");
    gives("a {{~#if x~}} b {{~/if~}} c", Context::Text, json!({"x": 1}), "abc");
    gives("a  {{~! c ~}}  b {{~!-- c --~}} d", Context::Text, json!({}), "abd");
    gives("a \n {{#if x}} \n {{~else~}} \n c \n{{/if}}\nd", Context::Text, json!({}), "a \nc \nd");
}

#[test]
fn a_mapping_gives_the_value_itself() {
    let response = json!({"users": [{"type": "ADMIN"}], "n": null, "s": "x"});
    let value = |source: &str| {
        let template = Template::compile(source, Context::Value).unwrap();
        template.render_value(&Names::new().with("response", &response)).map_err(|e| e.to_string())
    };
    assert_eq!(value("{{response}}"), Ok(response.clone()));
    assert_eq!(value("{{response.users}}{{! all }}"), Ok(json!([{"type": "ADMIN"}])));
    assert_eq!(value("{{response.n}}"), Ok(Value::Null));
    assert_eq!(value("{{optional response.x}}"), Ok(Value::Null));
    assert_eq!(value("{{response.x}}"), Err("no value for \"response.x\"".into()));
    assert_eq!(value("-{{response.s}}"), Ok(json!("-x")));
    assert_eq!(value("{{response.users}} "), Ok(json!("[{\"type\":\"ADMIN\"}] ")));
    assert_eq!(value(""), Ok(json!("")));
}

/// The blocks of a template, and which of their parts a rendering took.
#[test]
fn a_rendering_tells_which_parts_of_blocks_it_took() {
    struct Told(serde_json::Value, std::cell::RefCell<Vec<(std::ops::Range<usize>, bool)>>);
    impl presetter_template::Scope for Told {
        fn root(&self, name: &str) -> Option<&serde_json::Value> {
            self.0.get(name)
        }
        fn took(&self, tag: &std::ops::Range<usize>, then: bool) {
            self.1.borrow_mut().push((tag.clone(), then));
        }
    }
    let source = "{{#if a}}1{{else if b}}2{{else}}3{{/if}}{{#unless a}}4{{/unless}}{{#each list}}5{{/each}}";
    let template = Template::compile(source, Context::Text).unwrap();
    let tags: Vec<&str> = template.blocks().iter().map(|tag| &source[tag.clone()]).collect();
    assert_eq!(tags, ["{{#if a}}", "{{else if b}}", "{{#unless a}}", "{{#each list}}"]);
    for (values, text, took) in [
        (
            serde_json::json!({ "a": true, "list": [] }),
            "1",
            vec![("{{#if a}}", true), ("{{#unless a}}", false), ("{{#each list}}", false)],
        ),
        (
            serde_json::json!({ "list": [1] }),
            "345",
            vec![("{{#if a}}", false), ("{{else if b}}", false), ("{{#unless a}}", true), ("{{#each list}}", true)],
        ),
        (
            serde_json::json!({ "b": 1, "list": {} }),
            "24",
            vec![("{{#if a}}", false), ("{{else if b}}", true), ("{{#unless a}}", true), ("{{#each list}}", false)],
        ),
    ] {
        let told = Told(values, std::cell::RefCell::default());
        assert_eq!(template.render(&told).unwrap(), text);
        let told: Vec<(&str, bool)> = told.1.borrow().iter().map(|(tag, then)| (&source[tag.clone()], *then)).collect();
        assert_eq!(told, took);
    }
}
