//! What expressions mean: the uses that the presets make of them, and each rule of the language.

#![allow(clippy::unwrap_used)] // in tests a failed unwrap is the failure of the test

use presetter_expr::{Dialect, Program, Vars, codes};
use serde_json::{Value, json};

fn compile(source: &str) -> Program {
    Program::compile(source, Dialect::Full).unwrap_or_else(|problem| panic!("{source}: {problem:?}"))
}

fn answer() -> Value {
    json!({
        "status": "OK",
        "response": [{
            "users": [
                {"iduser": "e1", "email": "Sarah@Example.org", "type": "ADMIN", "is_removed": "0"},
                {"iduser": "e2", "email": "tom@example.org", "type": "ENDUSER", "is_removed": 1}
            ],
            "rows": "2", "page_size": 50, "page": "9", "pages": "10"
        }],
        "a b": {"nil": null, "text": "é"},
        "count": 3, "big": u64::MAX
    })
}

fn value(source: &str) -> Value {
    let response = answer();
    let page = json!(2);
    compile(source)
        .value(&Vars::new().with("response", &response).with("page", &page))
        .unwrap_or_else(|error| panic!("{source}: {error:?}"))
}

fn error(source: &str) -> (String, String) {
    let response = answer();
    let error = compile(source).value(&Vars::new().with("response", &response)).unwrap_err();
    let problem = error.problem();
    (problem.message.clone(), source[problem.span.clone()].to_owned())
}

fn holds(source: &str) {
    assert_eq!(value(source), json!(true), "{source}");
}

#[test]
fn the_conditions_of_the_design_judge_answers_rightly() {
    let ok = compile(r#"response.status == "OK" && codes.all(c, c == "OK")"#);
    let not_found = compile(r#"codes.exists(c, c in ["USERS_NOTFOUND", "UNKNOWN_USER"])"#);
    let end = compile(r#"page > 1 && (codes == ["USERS_NOTFOUND"] || size(items) == 0)"#);
    let (one, two) = (json!(1), json!("2"));
    for (response, items, is_ok, is_not_found, is_end) in [
        (json!({"status": "OK", "response": [{"users": [1]}]}), json!([1]), true, false, false),
        (json!({"status": "OK", "response": [{"users": []}]}), json!([]), true, false, true),
        (json!({"status": "OK", "response": [{"status": "USERS_NOTFOUND"}]}), json!(null), false, true, true),
        (json!({"status": "OK", "response": [{"status": "MISSING_DATA"}]}), json!([1]), false, false, false),
        (
            json!({"status": "OK", "elements": [{"status": "OK"}, {"status": "UNKNOWN_USER"}]}),
            json!([1]),
            false,
            true,
            false,
        ),
        (json!({"error": "accessToken Required"}), json!([1]), false, false, false),
        (json!("Ops, something happened!"), json!([1]), false, false, false),
        (json!(null), json!([1]), false, false, false),
    ] {
        let codes = json!(codes(&response));
        let vars = Vars::new().with("response", &response).with("codes", &codes).with("items", &items);
        assert_eq!(ok.test(&vars), Ok(is_ok), "{response}");
        assert_eq!(not_found.test(&vars), Ok(is_not_found), "{response}");
        assert_eq!(end.test(&vars.clone().with("page", &two)), Ok(is_end), "{response}");
        assert_eq!(end.test(&vars.with("page", &one)), Ok(false), "{response}");
    }
}

#[test]
fn access_never_fails() {
    for source in [
        "response.nothing",
        "response.nothing.more[3][\"x\"]",
        "response.status.length",
        "response.response[1]",
        "response.response[-1]",
        "response.response[0.5]",
        "response.response[\"users\"]",
        "response[0]",
        "response[null]",
        "response[response]",
        "response.count.x",
        "[1][1]",
        "{\"a\": 1}.b",
        "\"text\"[0]",
        "page.x.y.z",
        "response[\"a b\"][\"nil\"].x",
    ] {
        assert_eq!(value(source), Value::Null, "{source}");
    }
    assert_eq!(value("response.response[0].users[1].iduser"), json!("e2"));
    assert_eq!(value("response[\"a b\"].text"), json!("é"));
    assert_eq!(value("response.response[0.0].rows"), json!("2"));
    assert_eq!(value("[{\"a\": [7]}][0].a[0]"), json!(7));
    holds("has(response.status) && !has(response.nothing) && !has(response.nothing.more) && !has(page.x)");
    holds("has(response[\"a b\"].nil) && response[\"a b\"].nil == null");
}

#[test]
fn comparison_goes_by_value() {
    for source in [
        r#""50" == 50 && 50 == "50" && "1" == 1 && 1 == 1.0"#,
        r#""50" != 51 && "007" != 7 && "x" != 1 && "1.0" != "1""#,
        r#"response.response[0].rows == 2 && response.response[0].rows < 3 && 1 <= response.response[0].rows"#,
        "response.response[0].page < response.response[0].pages",
        r#"null == null && null != 0 && null != "" && response.nothing == null"#,
        "!(null < 1) && !(null > 1) && !(1 <= null) && !(null >= null) && !(response.nothing < response.nothing)",
        r#""a" < "b" && false < true && [1, "2"] == ["1", 2] && {"a": 1} == {"a": "1"}"#,
        r#"1 in ["1"] && !(1 in [2]) && !(1 in null) && "status" in response && !("x" in response) && !(1 in response)"#,
        "0x1F == 31 && 5u == 5 && 1e2 == 100 && -1 < 0 && -response.count == -3",
    ] {
        holds(source);
    }
}

#[test]
fn arithmetic_and_functions() {
    for (source, wanted) in [
        ("7 / 2", json!(3)),
        ("-7 / 2", json!(-3)),
        ("7 % 4", json!(3)),
        ("7.0 / 2", json!(3.5)),
        ("1 + 2 * 3", json!(7)),
        ("(page - 1) * 50 + int(response.response[0].rows)", json!(52)),
        ("\"a\" + \"b\"", json!("ab")),
        ("[1] + [2]", json!([1, 2])),
        ("response.big - 1", json!(u64::MAX - 1)),
        ("size(null) + size(response.nothing) + size([1, 2]) + size({\"a\": 1}) + size(\"éa\")", json!(5)),
        ("response.response[0].users.size()", json!(2)),
        ("lowerAscii(\"ÀB\") + \"C\".lowerAscii()", json!("Àbc")),
        ("lowerAscii(response.nothing)", json!(null)),
        ("int(\"12\") + int(3.9) + int(-3.9)", json!(12)),
        ("int(null)", json!(null)),
        ("double(\"1\") / 2", json!(0.5)),
        ("string(5) + string(true) + string(1.5)", json!("5true1.5")),
        ("string(null)", json!(null)),
        ("page > 1 ? \"more\" : \"first\"", json!("more")),
        ("{\"a\": [response.count], \"b\": null}", json!({"a": [3], "b": null})),
    ] {
        assert_eq!(value(source), wanted, "{source}");
    }
    holds(r#"response.response[0].users[0].email.lowerAscii() == "sarah@example.org""#);
    holds(r#""abc".startsWith("ab") && endsWith("abc", "bc") && "abc".contains("b") && !"abc".contains("x")"#);
    holds(r#"!response.nothing.contains("x") && !"x".startsWith(response.nothing) && !endsWith(null, null)"#);
}

#[test]
fn macros_go_over_lists_keys_and_null() {
    let users = "response.response[0].users";
    assert_eq!(value(&format!("{users}.map(u, u.iduser)")), json!(["e1", "e2"]));
    assert_eq!(value(&format!("{users}.map(u, u.type == \"ADMIN\", u.iduser)")), json!(["e1"]));
    assert_eq!(value(&format!("{users}.filter(u, u.is_removed == 1).map(u, u.iduser)")), json!(["e2"]));
    assert_eq!(value("{\"a\": 1, \"b\": 2}.map(k, k)"), json!(["a", "b"]));
    assert_eq!(value("response.nothing.map(x, x)"), json!([]));
    assert_eq!(value("[[1, 2], [3]].map(x, x.map(y, y * size(x)))"), json!([[2, 4], [3]]));
    assert_eq!(value("[1].map(page, page) + [page]"), json!([1, 2]), "a macro's name hides the variable inside only");
    holds("null.all(x, false) && !null.exists(x, true) && !null.exists_one(x, true) && null.filter(x, true) == []");
    holds("[1, 2, 2].exists_one(x, x == 1) && ![1, 2, 2].exists_one(x, x == 2) && [1].existsOne(x, true)");
    holds("[1, 2].all(x, x > 0) && ![1, 2].all(x, x > 1) && [1, 2].exists(x, x > 1) && ![1, 2].exists(x, x > 2)");
    holds("[false, 1].exists(x, x == 1) && ![false, 1].all(x, x == 1)");
}

#[test]
fn decided_conditions_stop_and_undecidable_ones_are_errors() {
    holds("true || response.nothing");
    holds("!(false && response.nothing)");
    holds("[1, 2].exists(x, x == 1 || 1 / (2 - x) > 9)");
    for (source, message, at) in [
        ("response.nothing && true", "`&&` needs true or false, here it is null", "response.nothing"),
        ("false || \"x\"", "`||` needs true or false, here it is a text", "\"x\""),
        ("!1", "`!` needs true or false, here it is a number", "1"),
        ("response ? 1 : 2", "`?` needs true or false, here it is an object", "response"),
        ("[1].all(x, x)", "the condition of a macro must give true or false", "x"),
        ("5.map(x, x)", "macros go over a list", "5"),
        ("\"x\" < 1", "a text and a number have no order", "\"x\" < 1"),
        ("[] < []", "a list and a list have no order", "[] < []"),
        ("1 in \"123\"", "`in` needs a list or an object", "\"123\""),
        ("\"1\" + 1", "cannot calculate with a text and a number", "\"1\" + 1"),
        ("-\"1\"", "`-` needs a number", "-\"1\""),
        ("[1].map(x, x)[0] / size(null)", "divide by zero", "[1].map(x, x)[0] / size(null)"),
        ("1 / 0", "divide by zero", "1 / 0"),
        ("1 % 0", "divide by zero", "1 % 0"),
        ("1.0 / 0", "divide by zero", "1.0 / 0"),
        ("1.5 % 2", "whole numbers", "1.5 % 2"),
        ("response.big * response.big", "too large", "response.big * response.big"),
        ("1e308 * 10", "too large", "1e308 * 10"),
        ("page == 1", "no value named `page`", "page"),
        ("size(5)", "`size` takes", "size(5)"),
        ("[\"a\"].contains(\"a\")", "write `x in list`", "[\"a\"].contains(\"a\")"),
        ("int(\"007\")", "no number", "int(\"007\")"),
        ("{1: 2}", "key of an object must be a text", "1"),
        ("{\"a\": 1, \"a\": 2}", "stands twice", "\"a\""),
    ] {
        let (got, place) = error(source);
        assert!(got.contains(message), "{source}: {got}");
        assert_eq!(place, at, "{source}");
    }
}

#[test]
fn a_test_that_is_no_condition_says_what_it_was() {
    let response = answer();
    let vars = Vars::new().with("response", &response);
    assert_eq!(compile("response.count == 3").test(&vars), Ok(true));
    for (source, kind) in [("response.count", "a number"), ("response.nothing", "null"), ("[true]", "a list")] {
        let message = compile(source).test(&vars).unwrap_err().to_string();
        assert!(message.contains("must give true or false") && message.contains(kind), "{message}");
    }
}

#[test]
fn no_message_holds_a_value() {
    let response = json!({"secret": "hunter2"});
    let vars = Vars::new().with("response", &response);
    for source in ["response.secret && true", "response.secret + 1", "int(response.secret)", "response.secret < 1"] {
        let error = compile(source).value(&vars).unwrap_err();
        assert!(!format!("{error:?}{error}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn variables_are_the_free_names_in_order() {
    let program =
        compile("page > 1 && items.exists(i, i.a == codes[0] && i in extra) || response.page == page && has(h.x)");
    assert_eq!(program.variables(), ["page", "items", "codes", "extra", "response", "h"]);
    assert_eq!(compile("[1].all(x, x > 0) && x").variables(), ["x"]);
}

#[test]
fn refusals_name_the_place_and_what_to_do() {
    for (source, dialect, message, at, hint) in [
        ("a == 1 &&", Dialect::Full, "ends too soon", "&&", "missing at the end"),
        ("a == 1 b", Dialect::Full, "`b` cannot stand here", "b", "operator"),
        ("\"é\" == \"ü\" and c", Dialect::Full, "`and` cannot stand here", "and", "&&"),
        ("a ==\n  \"é\" or c", Dialect::Full, "`or` cannot stand here", "or", "||"),
        ("a == == 1", Dialect::Full, "cannot stand here", "==", ""),
        ("foo(1)", Dialect::Full, "no function `foo`", "foo", "size, contains"),
        ("a.b.foo (1)", Dialect::Full, "no function `foo`", "foo", "size, contains"),
        ("a.matches(\"(a+)+\")", Dialect::Full, "no function `matches`", "matches", "patterns are not offered"),
        ("timestamp(a)", Dialect::Full, "no function `timestamp`", "timestamp", "size"),
        ("size(a, b)", Dialect::Full, "takes 1 argument, here are 2", "size", "before the dot"),
        ("a.contains()", Dialect::Full, "takes 2 arguments, here are 1", "contains", "before the dot"),
        ("has(a)", Dialect::Full, "one key", "has", "has(response.key)"),
        ("all(a, b)", Dialect::Full, "behind a list", "all", "list.all(x"),
        ("a.all(b.c, true)", Dialect::Full, "new name", "all", "list.all(x"),
        ("a.exists(b)", Dialect::Full, "new name", "exists", "list.exists(x"),
        ("a.filter(b, true, 1)", Dialect::Full, "new name", "filter", "list.filter(x"),
        ("a.map(b, b, b, b)", Dialect::Full, "new name", "map", "list.map(x"),
        ("a.exists(x, x == 1)", Dialect::NoMacros, "`exists` is not allowed", "exists", "in"),
        ("size(a.map(x, x))", Dialect::NoMacros, "`map` is not allowed", "map", "in"),
        ("a.map(x, x.map(y, y.map(z, z)))", Dialect::Full, "too deep", "map", ""),
        ("A.B{c: 1}", Dialect::Full, "typed objects", "{", "without a name"),
        ("response.in == 1", Dialect::Full, "`in` cannot stand here", "in", "response[\"in\"]"),
        ("if(a)", Dialect::Full, "reserved word", "if", "brackets"),
        ("99999999999999999999 == a", Dialect::Full, "too large", "99999999999999999999", ""),
        (".a == 1", Dialect::Full, "begin with a dot", "a", ""),
        ("a.?b == 1", Dialect::Full, "cannot stand here", "", ""),
    ] {
        let problem = Program::compile(source, dialect).unwrap_err();
        assert!(problem.message.contains(message), "{source}: {problem:?}");
        assert!(problem.hint.clone().unwrap_or_default().contains(hint), "{source}: {problem:?}");
        assert!(source[problem.span.clone()].contains(at), "{source}: {problem:?}");
    }
}

#[test]
fn without_macros_everything_else_works() {
    let program = Program::compile(
        r#"response.status in ["EXPIRED"] || "X" in codes || has(response.error) && response.error.contains("token")"#,
        Dialect::NoMacros,
    )
    .unwrap();
    let (response, codes) = (json!({"error": "invalid token"}), json!([]));
    assert_eq!(program.test(&Vars::new().with("response", &response).with("codes", &codes)), Ok(true));
}
