//! Templates and values made to hurt: each ends with a message, in a small stack.
#![allow(clippy::unwrap_used)]

use presetter_template::{Context, Names, Template, bounds};
use serde_json::{Value, json};

/// Runs with the stack that a Wasm guest has.
fn in_small_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(1 << 20).spawn(test).unwrap().join().unwrap();
}

#[test]
fn deep_sources_are_refused_or_read_in_a_small_stack() {
    in_small_stack(|| {
        let n = 8 * 1024;
        for source in [
            format!("{{{{{}", "(a ".repeat(n)),
            format!("{{{{#if {}", "(a ".repeat(n)),
            "{{#if x}}".repeat(n / 2),
            "{{#if x}}{{else if x}}".repeat(n / 4),
            format!("{{{{#if x}}}}{}{{{{/if}}}}", "{{else if x}}".repeat(n / 4)),
            "[".repeat(n),
            "{\"a\":".repeat(n),
            "{{".repeat(n),
            "<".repeat(n),
            "\\".repeat(n) + "{{x}}",
            format!("{{{{{}}}}}", "../".repeat(n)),
            format!("{{{{a{}}}}}", "[0]".repeat(n)),
            "{{!".repeat(n),
            "{{! x }}".repeat(n),
        ] {
            for context in [Context::Json, Context::Text] {
                let _either = Template::compile(&source, context);
            }
        }
    });
}

#[test]
fn the_deepest_template_that_is_allowed_renders_in_a_small_stack() {
    in_small_stack(|| {
        let blocks = bounds::NESTING;
        let lists = bounds::JSON_NESTING / blocks;
        let open = format!("{}{{{{#with x}}}}", "[".repeat(lists));
        let close = format!("{{{{/with}}}}{}", "]".repeat(lists));
        // `x` inside `x`: each block goes one level in.
        let mut value = json!({"x": 1});
        for _ in 0..blocks {
            value = json!({ "x": value });
        }
        let source = format!("{}{{{{x}}}}{}", open.repeat(blocks), close.repeat(blocks));
        let template = Template::compile(&source, Context::Json).unwrap();
        let Value::Object(scope) = value else { unreachable!() };
        let expected = format!("{}1{}", "[".repeat(bounds::JSON_NESTING), "]".repeat(bounds::JSON_NESTING));
        assert_eq!(template.render(&scope).unwrap(), expected);
    });
}

#[test]
fn a_short_template_cannot_write_much() {
    let list: Vec<_> = (0..400).collect();
    let list = json!(list);
    let inner = "0123456789012345678901234567890123456789";
    let nested = format!(
        "{{{{#each l}}}}{{{{#each ../l}}}}{inner}{{{{#each ../../l}}}}{inner}{{{{/each}}}}{{{{/each}}}}{{{{/each}}}}"
    );
    assert!(nested.len() <= 200);
    let template = Template::compile(&nested, Context::Text).unwrap();
    let error = template.render(&Names::new().with("l", &list)).unwrap_err();
    assert_eq!(error.problems[0].message, "the loops of this template make more than 100000 rounds");

    let long = json!("x".repeat(1 << 20));
    for (source, context) in [
        ("{{#each l}}{{@root.long}}{{/each}}", Context::Text),
        ("[{{#each l}}{{@root.long}}{{/each}}]", Context::Json),
        ("[{{#each l}}\"{{@root.long}}\"{{/each}}]", Context::Json),
    ] {
        let template = Template::compile(source, context).unwrap();
        let error = template.render(&Names::new().with("l", &list).with("long", &long)).unwrap_err();
        assert_eq!(error.problems[0].message, "the result is larger than 8 MiB");
        assert!(source.get(error.problems[0].span.clone()).is_some_and(|tag| tag.starts_with("{{")));
    }
}

#[test]
fn loops_that_write_nothing_end_too() {
    let list = json!(vec![0; 300]);
    let idle = "{{#if no}}x{{/if}}".repeat(1000);
    let source = format!("{{{{#each l}}}}{{{{#each ../l}}}}{idle}{{{{/each}}}}{{{{/each}}}}");
    let template = Template::compile(&source, Context::Text).unwrap();
    let error = template.render(&Names::new().with("l", &list)).unwrap_err();
    assert_eq!(error.problems[0].message, "rendering takes more than 2000000 steps");
}

#[test]
fn work_that_leaves_nothing_is_bounded_too() {
    let list = json!(vec![0; 50_000]);
    let long = json!("\n".repeat(1 << 20));
    let literal = "x".repeat(60_000);
    let cases = [
        (
            "{ {{#each l}}\"{{@root.long}}\": {{optional @root.none}}{{/each}} }".to_owned(),
            Context::Json,
            "the result is larger",
        ),
        ("{{#each l}}{{@root.long}}{{/each}}".to_owned(), Context::Header, "\"@root.long\" does not fit here"),
        (
            format!("{{{{#each l}}}}{{{{#unless \"{literal}\"}}}}{{{{/unless}}}}{{{{/each}}}}"),
            Context::Text,
            "rendering takes more",
        ),
        (
            format!("{{{{#each l}}}}{{{{#if @root.{literal}}}}}{{{{/if}}}}{{{{/each}}}}"),
            Context::Text,
            "rendering takes more",
        ),
    ];
    for (source, context, message) in cases {
        let template = Template::compile(&source, context).unwrap();
        let error = template.render(&Names::new().with("l", &list).with("long", &long)).unwrap_err();
        assert!(error.problems[0].message.starts_with(message), "{}", error.problems[0].message);
    }
}

#[test]
fn values_are_nested_only_so_deep() {
    let deep = |levels: usize| (1..levels).fold(json!([]), |inner, _| json!([inner]));
    let render = |source: &str, context, value: &Value| {
        let template = Template::compile(source, context).unwrap();
        template.render(&Names::new().with("x", value)).map_err(|e| e.to_string())
    };
    let refused = Err("\"x\" is nested too deep: 127 levels are allowed".to_owned());
    assert!(render("{{x}}", Context::Json, &deep(127)).is_ok());
    assert_eq!(render("{{x}}", Context::Json, &deep(128)), refused);
    assert!(render("[{{x}}]", Context::Json, &deep(126)).is_ok());
    assert_eq!(render("[{{x}}]", Context::Json, &deep(127)), refused);
    assert!(render("-{{x}}", Context::Text, &deep(127)).is_ok());
    assert_eq!(render("-{{x}}", Context::Text, &deep(128)), refused);
}
