//! Strangers' expressions: nothing panics, hangs, or overflows a stack far smaller than a thread's usual one.

#![allow(clippy::unwrap_used)] // in tests a failed unwrap is the failure of the test

use presetter_expr::{Dialect, MAX_NESTING, MAX_SOURCE, MAX_TOKENS, Program, Vars};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Runs on a stack of 512 KiB: what a guest has, and a quarter of a test thread's.
fn on_a_small_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let small = std::thread::Builder::new().stack_size(512 * 1024);
        small.spawn_scoped(scope, work).unwrap().join().unwrap()
    })
}

fn refused(source: &str) -> String {
    on_a_small_stack(|| Program::compile(source, Dialect::Full).unwrap_err().message)
}

#[test]
fn deep_and_long_sources_are_refused_before_the_parser() {
    assert!(refused(&"(a ".repeat(8 * 1024 / 3)).contains("too long"));
    assert!(refused(&"(a ".repeat(MAX_SOURCE / 3)).contains("too deep"));
    assert!(refused(&format!("1{}", "+1".repeat(5 * 1024))).contains("too long"));
    assert!(refused(&format!("1{}", "+1".repeat(1024))).contains("too deep"));
    assert!(refused(&format!("a{}", "||a".repeat(1024))).contains("too many parts"));
    for open in ["(", "[", "{", "a[", "f(", "!(", "-(", "a ? b : ", "a ? ", "{\"a\":"] {
        let source = open.repeat(MAX_SOURCE / open.len());
        assert!(!refused(&source).is_empty());
    }
    assert!(refused("a.map(b,b.map(c,c.map(d,d.map(e,e.map(f,f.map(g,g))))))").contains("too deep"));
}

#[test]
fn the_largest_sources_that_are_allowed_fit_a_small_stack() {
    let deep = MAX_NESTING;
    let wrap = |times: usize, open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(times), close.repeat(times))
    };
    let number = json!(1);
    for (source, wanted) in [
        (format!("1{}", "+1".repeat(deep)), Some(json!(deep + 1))),
        (format!("n{}", "-1".repeat(deep)), Some(json!(1 - deep as i64))),
        (format!("n == n{}", " == true".repeat(deep - 1)), Some(json!(true))),
        (format!("n{}", ".a".repeat(deep)), Some(Value::Null)),
        (format!("n{}", "[0]".repeat(deep - 1)), Some(Value::Null)),
        (format!("n.map(x, n{})", ".size()".repeat(deep / 2 - 1)), None),
        (format!("true{}", " && true".repeat(MAX_TOKENS / 2 - 1)), Some(json!(true))),
        (format!("n == 2{}", " || n == 2".repeat(MAX_TOKENS / 4 - 1)), Some(json!(false))),
        (wrap(deep, "(", "1", ")"), Some(json!(1))),
        (wrap(deep / 2, "(1 + ", "1", ")"), Some(json!(deep / 2 + 1))),
        (wrap(deep, "(false || ", "true", ")"), Some(json!(true))),
        (wrap(deep, "!(", "true", ")"), Some(json!(true))),
        (wrap(deep, "string(", "n", ")"), Some(json!("1"))),
        (wrap(deep, "n[", "n", "]"), Some(Value::Null)),
        (wrap(deep, "[", "n", "]"), None),
        (wrap(deep, "{\"a\": ", "n", "}"), None),
        (format!("{}1", "n == 2 ? 0 : ".repeat(deep - 1)), Some(json!(1))),
        (wrap(deep / 2, "(n == 2 ? 0 : ", "1", ")"), Some(json!(1))),
        (format!("{}true", "!".repeat(MAX_TOKENS - 1)), Some(json!(false))),
    ] {
        on_a_small_stack(|| {
            let program = Program::compile(&source, Dialect::Full).unwrap_or_else(|p| panic!("{source}: {p:?}"));
            let result = program.value(&Vars::new().with("n", &number));
            assert!(wanted.is_none_or(|wanted| result == Ok(wanted)), "{source}");
        });
    }
}

#[test]
fn work_is_bounded_however_it_is_hidden() {
    let many = json!(vec![1; 1000]);
    let long = json!("x".repeat(1 << 20));
    let deep = json!({"users": vec![json!({"name": "n".repeat(100), "list": [1, 2, 3]}); 5000]});
    let vars = Vars::new().with("many", &many).with("long", &long).with("deep", &deep);
    let doubling = format!("[long]{}", ".map(x, x + x + x + x)".repeat(12));
    for source in [
        "many.map(a, many.map(b, a + b))",
        "many.all(a, many.all(b, a == b))",
        "many.map(a, many)",
        "many.exists(a, long + \"y\" == long)",
        "many.filter(a, long.contains(\"y\") || deep == deep)",
        "many.map(a, deep.users)",
        "many.exists(a, lowerAscii(long) == \"y\")",
        "many.exists(a, deep.users[0].name + long in [long])",
        "many.all(a, many + many != null)",
        doubling.as_str(),
    ] {
        let program = Program::compile(source, Dialect::Full).unwrap();
        let message = program.value(&vars).unwrap_err().to_string();
        assert!(message.contains("too much work"), "{source}: {message}");
    }
    let users = json!((0..2000).map(|n| json!({"email": format!("u{n}@example.org")})).collect::<Vec<_>>());
    let program = Program::compile("users.filter(u, u.email.lowerAscii() == \"u1999@example.org\")", Dialect::Full);
    let found = program.unwrap().value(&Vars::new().with("users", &users)).unwrap();
    assert_eq!(found, json!([{"email": "u1999@example.org"}]), "honest work on a large page fits the budget");
}

/// Texts that look like expressions: tokens of the language in any order.
fn soup() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "a",
        "b.c",
        "response",
        "codes",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ".",
        ",",
        ":",
        "?",
        "!",
        "-",
        "+",
        "*",
        "/",
        "%",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "&&",
        "||",
        "in",
        "true",
        "null",
        "1",
        "2.5",
        "0x1F",
        "7u",
        "1e5",
        "'é'",
        "\"x\\n\"",
        "r'\\d'",
        "'''a\nb'''",
        "// c\n",
        ".map(x, x)",
        ".all(x, x == 1)",
        ".exists(",
        "size(",
        "has(a.b)",
        "has(",
        "lowerAscii(a)",
        "if",
        "{'k': 1}",
        "[1, 2]",
        ".?",
        "[?",
        "`a`",
        "A{b: 1}",
        ".a",
        "99999999999999999999",
        "(a)",
        "a ? b : c",
        "\u{ffff}",
        "ü",
    ]);
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.join(" "))
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[0-9]{1,3}|[a-z]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[abc]", inner), 0..4).prop_map(|entries| entries.into_iter().collect()),
        ]
    })
}

fn check(source: &str, a: &Value, response: &Value) {
    for dialect in [Dialect::Full, Dialect::NoMacros] {
        match Program::compile(source, dialect) {
            Ok(program) => {
                let vars = Vars::new().with("a", a).with("response", response).with("b", a).with("codes", response);
                if let Err(error) = program.value(&vars) {
                    assert!(source.get(error.problem().span.clone()).is_some(), "{source}: {error:?}");
                }
            }
            Err(problem) => assert!(source.get(problem.span.clone()).is_some(), "{source}: {problem:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_compiles_or_is_refused(source in any::<String>()) {
        check(&source, &Value::Null, &Value::Null);
    }

    #[test]
    fn any_tokens_compile_or_are_refused(source in soup(), a in any_value(), response in any_value()) {
        check(&source, &a, &response);
    }

    #[test]
    fn any_operators_over_any_values_never_panic(
        ops in prop::collection::vec(prop::sample::select(vec!["+", "-", "*", "/", "%", "<", "==", "in", "&&", "||"]), 1..8),
        a in any_value(),
        response in any_value(),
    ) {
        let names = ["a", "response", "-a", "a.a", "response[0]", "int(a)", "string(response)", "!a"];
        let mut source = String::from("a");
        for (n, op) in ops.iter().enumerate() {
            source.push_str(&format!(" {op} {}", names[(n * 3 + op.len()) % names.len()]));
        }
        check(&source, &a, &response);
    }
}
