//! What a person reads when a template is wrong: message, place, advice.
#![allow(clippy::unwrap_used)]

use presetter_template::{Context, Path, Problem, Scope, Template, bounds};
use serde_json::{Map, Value, json};

fn compile(source: &str, context: Context) -> Vec<Problem> {
    match Template::compile(source, context) {
        Ok(_) => panic!("compiles: {source}"),
        Err(problems) => problems,
    }
}

/// Source, message, what the caret is under, a part of the hint (empty: no hint wanted).
type Case = (&'static str, &'static str, &'static str, &'static str);

fn check(context: Context, cases: &[Case]) {
    for (source, message, under, hint) in cases {
        let problems = compile(source, context);
        let first = &problems[0];
        let got = (first.message.as_str(), &source[first.span.clone()]);
        assert_eq!(got, (*message, *under), "{source}: {problems:?}");
        assert!(first.hint.as_deref().unwrap_or_default().contains(hint), "{source}: {:?}", first.hint);
        assert_eq!(problems.len(), 1, "{source}: {problems:?}");
    }
}

#[test]
fn tags() {
    check(
        Context::Text,
        &[
            ("a {{x", "this tag is not closed", "{{", "close it with }}"),
            ("a {{", "this tag is not closed", "{{", "close it with }}"),
            ("a << b", "this tag is not closed", "<<", r"\<<"),
            ("{{x>>", "a tag opened by {{ is closed by >>", ">>", "}}"),
            ("<<x}}", "a tag opened by << is closed by }}", "}}", ">>"),
            ("{{}}", "this tag is empty", "{{}}", "{{email}}"),
            ("<<<x>>>", "<<< is not a tag", "<<<", "<< >>"),
            ("{{{x}}}", "a value that is not encoded ({{{ }}} or {{& }}) is not allowed here", "{{{", "unsafe_raw"),
            ("{{&x}}", "a value that is not encoded ({{{ }}} or {{& }}) is not allowed here", "{{&", "unsafe_raw"),
            ("{{{{raw}}}}", "raw blocks {{{{ }}}} are not supported", "{{{{", ""),
            ("{{> x}}", "partials {{> }} are not supported", "{{>", ""),
            ("{{#> x}}", "partials {{> }} are not supported", "{{#>", ""),
            ("{{* x}}", "decorators {{* }} are not supported", "{{*", ""),
            ("{{#*inline \"x\"}}", "decorators {{* }} are not supported", "{{#*", ""),
            ("{{! x", "this comment is not closed", "{{", "}}"),
            ("{{!-- x }}", "this comment is not closed", "{{", "--}}"),
            ("{{log x}}", "there is no helper \"log\"", "log", "{{optional x}}"),
            ("{{a b=1}}", "there is no helper \"a\"", "a", "{{optional x}}"),
            ("{{if x}}", "if begins a block and needs a #", "if", "{{#if x}}"),
            ("{{#repeat x}}", "there is no block \"repeat\"", "repeat", "{{#each x}}"),
            ("{{#}}", "there is no block \"\"", "{{#", ""),
            ("<<#>>", "there is no block \"\"", "<<#", ""),
            ("{{^x}}{{/x}}", "this tag is not known", "{{^", "unless"),
            ("{{#if}}", "if needs a value", "if", "{{#if x}}"),
            ("{{#if a b}}", "if takes one value", "b", ""),
            ("{{optional a b}}", "optional takes one value", "b", ""),
            ("{{#if (eq a b)}}", "an expression in ( ) is not possible here", "(", "*_when"),
            ("{{#each a as |x y z|}}", "each cannot give names like this", "as |x y z|", "|user index|"),
            ("{{#if a as |x|}}", "if cannot give names like this", "as |x|", ""),
            ("{{a;b}}", "';' does not belong in a tag", ";", ""),
        ],
    );
}

#[test]
fn paths() {
    check(
        Context::Text,
        &[
            ("{{a[b]}}", "brackets hold a number or a name in quotes", "[b]", "[\"b\"]"),
            ("{{a[01]}}", "01 is not a place in a list", "01", ""),
            ("{{a[\"b}}", "this \" is not closed", "\"", ""),
            ("{{a[0}}", "this [ is not closed", "[", ""),
            ("{{a[\"b\"}}", "this [ is not closed", "[", ""),
            ("{{a..b}}", "a name is missing after the dot", ".", "[\"a b\"]"),
            ("{{a/b}}", "a path is divided by dots, not by /", "/", "a.b"),
            ("{{@foo}}", "there is no @foo", "@foo", "@index"),
            ("{{%}}", "a name cannot begin with '%'", "%", "email"),
            ("{{.}}", "a name cannot begin with '.'", ".", "this"),
            ("{{'a\\q'}}", "\\q is not an escape", "\\q", ""),
            ("{{this}}", "this has a meaning only inside {{#each}} or {{#with}}", "{{this}}", ""),
            ("{{@index}}", "@index has a meaning only inside {{#each}}", "{{@index}}", ""),
            ("{{../x}}", "../x leaves more blocks than there are around it", "{{../x}}", ""),
            ("{{#each a as |x i|}}{{i.y}}{{/each}}", "i.y has nothing inside", "{{i.y}}", ""),
        ],
    );
}

#[test]
fn blocks() {
    check(
        Context::Text,
        &[
            ("{{#if x}}a", "this if block is not closed", "{{#if x}}", "{{/if}}"),
            ("a{{/if}}", "/if closes no block", "{{/if}}", ""),
            ("{{#if x}}{{/each}}", "/each stands where the if block must be closed", "{{/each}}", "{{/if}}"),
            ("{{else}}", "this else belongs to no block", "{{else}}", ""),
            ("{{#if x}}{{else}}{{else}}{{/if}}", "this block has an else already", "{{else}}", ""),
        ],
    );
}

#[test]
fn json() {
    check(
        Context::Json,
        &[
            ("", "this JSON template is empty", "", "{}"),
            ("{\"a\": 1,}", "there is nothing between this comma and the }", ",", "remove"),
            ("[1 2]", "a comma is missing before this", "2", ""),
            ("[{{a}}{{b}}]", "a comma is missing before this", "{{b}}", ""),
            ("[1,,2]", "one comma too many", ",", ""),
            ("[,1]", "there is nothing before this comma", ",", ""),
            ("{\"a\" 1}", "a colon is missing between the name and its value", "1", ""),
            ("{\"a\":}", "a value is missing here", "}", ""),
            ("{a: 1}", "the name of a property must stand here, in quotes", "a", ""),
            ("{ {{a}} }", "the name of a property must stand here, in quotes", "{{a}}", "\"{{a}}\": .."),
            ("{\"a\": user}", "user is not a value of JSON", "user", "{{user}}"),
            ("{\"a\": 01}", "01 is not a value of JSON", "01", "a number"),
            ("{\"a\": 1e999}", "1e999 is not a value of JSON", "1e999", ""),
            ("{\"a\": 'x'}", "'\\'' does not belong in JSON", "'", "double quotes"),
            ("{\"a\": \"x}", "this quote is not closed", "\"", ""),
            ("{\"a\": 1", "this { is not closed", "{", ""),
            ("[1", "this [ is not closed", "[", ""),
            ("{} {}", "the JSON ends before this", "{", "[ ]"),
            ("{}{{x}}", "the JSON ends before this", "{{x}}", ""),
            ("[\"a\nb\"]", "a line break cannot stand inside a JSON string", "\n", "\\n"),
            ("[\"a\\qb\"]", "this is not an escape of JSON", "\\", ""),
            ("[\"\\u12{{x}}\"]", "this is not an escape of JSON", "\\u12", ""),
            ("[\"x\\ud800\"]", "half of a character (a lone \\ud800 to \\udfff) in this text", "x\\ud800", ""),
            ("{\"a\": 1, \"\\u0061\": 2}", "the property \"a\" is there twice", "\"\\u0061\"", ""),
            ("{\"a\": 1{{#if x}}, \"a\": 2{{/if}}}", "the property \"a\" is there twice", "\"a\"", ""),
            ("{\"a\": {{#each x}}1{{/each}}}", "each gives many values where one is expected", "{{#each x}}", "[ "),
            (
                "{\"a\": [1{{#if x}}], \"b\": [2{{/if}}]}",
                "this block holds a ] that ends what began outside of it",
                "{{#if x}}",
                "each branch",
            ),
            ("{\"a\": {{#if x}}{ {{/if}} }", "this block leaves something unfinished", "{{#if x}}", "each branch"),
            (
                "{\"a\": \"x{{#if y}}\", \"b\": \"{{/if}}\"}",
                "this block holds a \" that ends what began outside of it",
                "{{#if y}}",
                "",
            ),
            (
                "{\"a\": {{#if x}}1, \"b\": 2{{/if}}}",
                "this block holds a , that does not fit where the block stands",
                "{{#if x}}",
                "",
            ),
            ("{\"a\": {{#if x}}1{{else}}2 3{{/if}}}", "only one value can stand here", "3", ""),
            ("{ {{#if x}}\"a\"{{/if}}: 1}", "this block leaves something unfinished", "{{#if x}}", ""),
            ("{\"a\": {{{x}}}}", "a value that is not encoded ({{{ }}} or {{& }}) is not allowed here", "{{{", "space"),
        ],
    );
}

#[test]
fn several_mistakes_are_told_at_once() {
    let problems = compile("{{a[b]}} {{log x}} {{@foo}}", Context::Text);
    assert_eq!(problems.len(), 3, "{problems:?}");
    // A tag that could not be read may be the reason for the rest: no complaint about blocks then.
    assert_eq!(compile("{{#iff x}}{{/iff}}", Context::Text).len(), 1);
}

#[test]
fn bounds_are_told_with_their_value() {
    let deep = "{{#if x}}".repeat(bounds::NESTING + 1) + &"{{/if}}".repeat(bounds::NESTING + 1);
    assert_eq!(compile(&deep, Context::Text)[0].message, "blocks are nested deeper than 32");
    let chain = format!("{{{{#if x}}}}{}{{{{/if}}}}", "{{else if y}}".repeat(bounds::NESTING));
    assert_eq!(compile(&chain, Context::Text)[0].message, "blocks are nested deeper than 32");
    let json = "[".repeat(65) + &"]".repeat(65);
    assert_eq!(compile(&json, Context::Json)[0].message, "objects and lists are nested deeper than 64");
    let long = " ".repeat(bounds::SOURCE + 1);
    assert_eq!(compile(&long, Context::Text)[0].message, "this template is 65537 bytes long; 65536 are allowed");
    let path = format!("{{{{a{}}}}}", ".a".repeat(bounds::TOKENS));
    assert_eq!(compile(&path, Context::Text)[0].message, "this is too long: more than 256 names, brackets and values");
    let many = "{{a}}".repeat(bounds::PIECES + 1);
    assert_eq!(compile(&many, Context::Text)[0].message, "this template has more than 4096 tags and pieces of text");

    // Just within each bound.
    let deep = "{{#if x}}".repeat(bounds::NESTING) + &"{{/if}}".repeat(bounds::NESTING);
    assert!(Template::compile(&deep, Context::Text).is_ok());
    let json = "[".repeat(64) + &"]".repeat(64);
    assert!(Template::compile(&json, Context::Json).is_ok());
    assert!(Template::compile(&" ".repeat(bounds::SOURCE), Context::Text).is_ok());
    assert!(Template::compile(&"{{a}}".repeat(bounds::PIECES), Context::Text).is_ok());
}

struct WithOrigin(Map<String, Value>);

impl Scope for WithOrigin {
    fn root(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
    fn origin(&self, name: &str) -> Option<String> {
        (name != "response").then(|| format!("pass it with --set {name}=VALUE"))
    }
}

fn render(source: &str, context: Context, values: Value) -> Vec<(String, String, String)> {
    let Value::Object(values) = values else { panic!("values are an object") };
    let template = Template::compile(source, context).unwrap();
    let error = template.render(&WithOrigin(values)).unwrap_err();
    let told = |p: Problem| (p.message, source[p.span].to_owned(), p.hint.unwrap_or_default());
    error.problems.into_iter().map(told).collect()
}

fn told(message: &str, under: &str, hint: &str) -> (String, String, String) {
    (message.into(), under.into(), hint.into())
}

#[test]
fn all_missing_names_are_told_with_their_origin() {
    let source = r#"{"a": {{email}}, "b": "{{response.users[3].id}}", "c": {{name}}, "d": {{response.x.y}}}"#;
    let problems = render(source, Context::Json, json!({"response": {"users": [1]}, "name": "n"}));
    assert_eq!(
        problems,
        [
            told("no value for \"email\"", "{{email}}", "pass it with --set email=VALUE"),
            told("no value for \"response.users[3].id\"", "{{response.users[3].id}}", "response.users is a list of 1"),
            told("no value for \"response.x.y\"", "{{response.x.y}}", "response has no \"x\""),
        ]
    );
}

#[test]
fn a_missing_name_in_a_loop_is_told_once() {
    let problems = render("{{#each users}}{{name}}{{/each}}", Context::Text, json!({"users": [{}, {}, {}]}));
    let hint = "this element has no \"name\"; a value from outside the block is written ../name";
    assert_eq!(problems, [told("no value for \"name\"", "{{name}}", hint)]);
}

#[test]
fn wrong_kinds_name_the_path() {
    let hint = "write it without the quotes around it, or name one value inside it";
    assert_eq!(
        render(r#"["{{a.b}}"]"#, Context::Json, json!({"a": {"b": {"c": 1}}})),
        [told("\"a.b\" is an object, which cannot stand inside a JSON string", "{{a.b}}", hint)]
    );
    assert_eq!(
        render("[{{#each a}}1{{/each}}]", Context::Json, json!({"a": "text"})),
        [told(
            "\"a\" is a text, not a list",
            "{{#each a}}",
            "each goes through the elements of a list or the properties of an object"
        )]
    );
    assert_eq!(
        render(r#"{"x": 1, "{{k}}": 2}"#, Context::Json, json!({"k": "x"})),
        [told(
            "the property \"x\" would be there twice",
            "\"{{k}}\"",
            "each property of an object needs a name of its own"
        )]
    );
    assert_eq!(
        render("{{optional x}}", Context::Json, json!({})),
        [told("the body would be empty: its only value is absent", "{{optional x}}", "")]
    );
}

#[test]
fn path_mistakes() {
    for (text, message) in [
        ("", "a name is missing here"),
        ("a b", "\" b\" does not belong in a path"),
        ("this", "\"this\" has a meaning only inside a block of a template"),
        ("../a", "\"../a\" has a meaning only inside a block of a template"),
        ("12", "12 is a value, not the name of one"),
        ("a[99999999999999999999999]", "99999999999999999999999 is not a place in a list"),
    ] {
        assert_eq!(Path::parse(text).unwrap_err().message, message, "{text}");
    }
}
