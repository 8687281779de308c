//! The same text, read by the parser here and by that of the crate `cel`: the same tree, or both refuse it.

#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use cel::Env;
use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use super::{FUNCTIONS, parse};
use crate::Dialect;
use crate::scan::scan;
use crate::tree::{Comparison, Form, Macro, Node, Operation};

/// A tree in one line, as we have read it.
fn ours(node: &Node) -> String {
    let list = |nodes: &[Node]| nodes.iter().map(ours).collect::<Vec<_>>().join(" ");
    match &node.form {
        Form::Literal(value) => value.to_string(),
        Form::Variable(name) => name.clone(),
        Form::Local(level) => format!("#{level}"),
        Form::List(nodes) => format!("[{}]", list(nodes)),
        Form::Object(entries) => {
            let entries: Vec<_> =
                entries.iter().map(|(key, value)| format!("{}: {}", ours(key), ours(value))).collect();
            format!("{{{}}}", entries.join(" "))
        }
        Form::Key(of, key) => format!("(. {} {key})", ours(of)),
        Form::Has(of, key) => format!("(has (. {} {key}))", ours(of)),
        Form::Index(two) => format!("(at {})", list(&**two)),
        Form::Not(of) => format!("(! {})", ours(of)),
        Form::Negate(of) => format!("(- {})", ours(of)),
        Form::And(parts) => format!("(&& {})", list(parts)),
        Form::Or(parts) => format!("(|| {})", list(parts)),
        Form::Choose(three) => format!("(? {})", list(&**three)),
        Form::Compare(how, two) => {
            let operator = match how {
                Comparison::Equal => "==",
                Comparison::NotEqual => "!=",
                Comparison::Less => "<",
                Comparison::LessOrEqual => "<=",
                Comparison::Greater => ">",
                Comparison::GreaterOrEqual => ">=",
            };
            format!("({operator} {})", list(&**two))
        }
        Form::In(two) => format!("(in {})", list(&**two)),
        Form::Calculate(operation, two) => {
            let operator = match operation {
                Operation::Add => "+",
                Operation::Subtract => "-",
                Operation::Multiply => "*",
                Operation::Divide => "/",
                Operation::Remainder => "%",
            };
            format!("({operator} {})", list(&**two))
        }
        Form::Call(function, nodes) => {
            let (name, ..) = FUNCTIONS.iter().find(|(_, known, _)| known == function).unwrap();
            format!("({name} {})", list(nodes))
        }
        Form::Loop(of) => {
            let name = match of.what {
                Macro::All => "all",
                Macro::Exists => "exists",
                Macro::ExistsOne => "exists_one",
                Macro::Map => "map",
                Macro::Filter => "filter",
            };
            let parts: Vec<_> = std::iter::once(&of.over).chain(&of.test).chain(&of.make).map(ours).collect();
            format!("({name} {})", parts.join(" "))
        }
    }
}

/// The same line for what the crate has read; the names in `locals` are bound.
fn theirs(expr: &IdedExpr, locals: &mut Vec<String>) -> String {
    match &expr.expr {
        Expr::Literal(literal) => match literal {
            LiteralValue::Null => Value::Null,
            LiteralValue::Boolean(b) => Value::from(*b.inner()),
            LiteralValue::Int(i) => Value::from(*i.inner()),
            LiteralValue::UInt(u) => Value::from(*u.inner()),
            LiteralValue::Double(f) => Value::from(*f.inner()),
            LiteralValue::String(text) => Value::from(text.inner()),
            LiteralValue::Bytes(_) => panic!("bytes are not generated"),
        }
        .to_string(),
        Expr::Ident(name) => match locals.iter().rposition(|local| local == name) {
            Some(level) => format!("#{level}"),
            None => name.clone(),
        },
        Expr::Select(select) => format!("(. {} {})", theirs(&select.operand, locals), select.field),
        Expr::List(list) => format!("[{}]", all_theirs(&list.elements, locals)),
        Expr::Map(map) => {
            let entry = |entry: &cel::common::ast::IdedEntryExpr, locals: &mut Vec<String>| {
                let EntryExpr::MapEntry(entry) = &entry.expr else { panic!("an entry of something else") };
                format!("{}: {}", theirs(&entry.key, locals), theirs(&entry.value, locals))
            };
            let entries: Vec<_> = map.entries.iter().map(|one| entry(one, locals)).collect();
            format!("{{{}}}", entries.join(" "))
        }
        Expr::Call(call) => called(call, locals),
        other => panic!("{other:?}"),
    }
}

fn all_theirs(list: &[IdedExpr], locals: &mut Vec<String>) -> String {
    list.iter().map(|one| theirs(one, locals)).collect::<Vec<_>>().join(" ")
}

fn called(call: &CallExpr, locals: &mut Vec<String>) -> String {
    let CallExpr { func_name: name, target, args } = call;
    if let (Some(target), Some(_)) = (target, Macro::named(name)) {
        let over = theirs(target, locals);
        let Expr::Ident(element) = &args[0].expr else { panic!("{call:?}") };
        locals.push(element.clone());
        let parts = all_theirs(&args[1..], locals);
        locals.pop();
        return format!("({} {over} {parts})", if name == "existsOne" { "exists_one" } else { name });
    }
    let plain = match name.as_str() {
        operators::CONDITIONAL => "?",
        operators::LOGICAL_AND => "&&",
        operators::LOGICAL_OR => "||",
        operators::LOGICAL_NOT => "!",
        operators::NEGATE => "-",
        operators::INDEX => "at",
        operators::IN => "in",
        operators::EQUALS => "==",
        operators::NOT_EQUALS => "!=",
        operators::LESS => "<",
        operators::LESS_EQUALS => "<=",
        operators::GREATER => ">",
        operators::GREATER_EQUALS => ">=",
        operators::ADD => "+",
        operators::SUBSTRACT => "-",
        operators::MULTIPLY => "*",
        operators::DIVIDE => "/",
        operators::MODULO => "%",
        other => other,
    };
    let mut parts = Vec::new();
    for part in target.as_deref().into_iter().chain(args) {
        let text = theirs(part, locals);
        // They balance a chain of these; we have one node for it. One in brackets is a node of its own with both.
        match text.strip_prefix(&format!("({plain} ")).and_then(|rest| rest.strip_suffix(')')) {
            Some(inner) if matches!(plain, "&&" | "||") => parts.push(inner.to_owned()),
            _ => parts.push(text),
        }
    }
    format!("({plain} {})", parts.join(" "))
}

/// Ours with chains of one operator joined, as above.
fn joined(node: &Node) -> String {
    let mut text = ours(node);
    for operator in ["(&& ", "(|| "] {
        // `(a && b) && c` means what `a && b && c` means.
        while let Some(at) = nested(&text, operator) {
            text = at;
        }
    }
    text
}

/// The text with the first chain that stands directly within one of its kind taken into it.
fn nested(text: &str, operator: &str) -> Option<String> {
    let mut open: Vec<(usize, bool)> = Vec::new();
    let mut quoted = false;
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' if quoted => {
                bytes.next();
            }
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'(' | b'[' | b'{' => open.push((at, text[at..].starts_with(operator))),
            b')' | b']' | b'}' => {
                let (start, chain) = open.pop()?;
                if chain && open.last().is_some_and(|(_, chain)| *chain) {
                    let inner = &text[start + operator.len()..at];
                    return Some(format!("{}{inner}{}", &text[..start], &text[at + 1..]));
                }
            }
            _ => {}
        }
    }
    None
}

/// What we refuse for its meaning, and for its form they would not.
const MEANING: [&str; 9] = [
    "no function",
    "takes",
    "behind a list",
    "too deep",
    "typed objects",
    "begin with a dot",
    "too large",
    "too long",
    "too many",
];

fn agree(source: &str) -> Result<(), TestCaseError> {
    let Ok(tokens) = scan(source) else { return Ok(()) };
    let them = Env::default().with_optional_support(false).parser().parse(source);
    match (parse(source, &tokens, Dialect::Full), them) {
        (Ok(we), Ok(them)) => prop_assert_eq!(joined(&we.root), theirs(&them, &mut Vec::new()), "{}", source),
        (Err(problem), Ok(them)) => {
            let bare: String = tokens.iter().map(|token| &source[token.clone()]).collect();
            let meant = MEANING.iter().any(|part| problem.message.contains(part));
            // Nothing between commas, and typed objects, are syntax to them.
            let theirs =
                ["[,]", "{,}"].iter().any(|list| bare.contains(list)) || format!("{them:?}").contains("Struct(");
            prop_assert!(meant || theirs, "{source}: {problem:?}, {them:?}");
        }
        (Ok(we), Err(them)) => prop_assert!(false, "{source}: {}, {them}", ours(&we.root)),
        (Err(_), Err(_)) => {}
    }
    Ok(())
}

fn atom() -> impl Strategy<Value = String> {
    let fixed = select(vec![
        "a",
        "b.c",
        "x",
        "y",
        "inner",
        "r",
        "package.as",
        "null",
        "true",
        "false",
        "0",
        "7",
        "-7",
        "1.5",
        ".5e-3",
        "0x1F",
        "7u",
        "9223372036854775807",
        "-9223372036854775808",
        "'t'",
        "\"\"",
        "r'\\d'",
        "'''a\n'b'''",
        "'\\x41\\u00e9\\101\\n'",
        "[]",
        "{}",
        "[1, 2,]",
        "{'a': 1,}",
        "has(a.b)",
        "a[0].b['c']",
        "-a",
        "!a",
        "!!a",
        "- -1",
        "--a",
        "---7",
    ]);
    fixed.prop_map(str::to_owned)
}

/// Expressions of any shape, with white space and comments between.
fn expression() -> impl Strategy<Value = String> {
    let operators = select(vec!["==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%", "&&", "||", "//c\n+"]);
    atom().prop_recursive(6, 60, 4, move |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            4 => (inner.clone(), operators.clone(), inner.clone()).prop_map(|(a, o, b)| format!("{a} {o} {b}")),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("{a}?{b}:{c}")),
            2 => inner.clone().prop_map(|a| format!("({a})")),
            1 => inner.clone().prop_map(|a| format!("!({a})")),
            1 => inner.clone().prop_map(|a| format!("-({a})")),
            1 => two.clone().prop_map(|(a, b)| format!("[{a}, {b}]")),
            1 => two.clone().prop_map(|(a, b)| format!("{{{a}: {b}}}")),
            1 => two.clone().prop_map(|(a, b)| format!("({a})[{b}]")),
            1 => two.clone().prop_map(|(a, b)| format!("({a}).contains({b})")),
            1 => inner.clone().prop_map(|a| format!("size({a})")),
            1 => (select(vec!["all", "exists", "existsOne", "exists_one", "filter", "map"]), inner.clone(), inner.clone())
                .prop_map(|(name, a, b)| format!("({a}).{name}(x, {b})")),
            1 => (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("[{a}].map(y, {b}, {c})")),
        ]
    })
}

/// Tokens in any order.
fn soup() -> impl Strategy<Value = String> {
    let token = select(vec![
        "a", "b", "x", "in", "true", "null", "if", "has", "size", "map", "all", "1", "-1", "2.5", "0x", "7u", "'t'",
        "r\"t\"", "(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "!", "-", "+", "*", "==", "<", "&&", "||",
    ]);
    (prop::collection::vec(token, 1..10), select(vec!["", " "])).prop_map(|(tokens, between)| tokens.join(between))
}

/// An expression with a piece of it taken out or put in a second time.
fn spoilt() -> impl Strategy<Value = String> {
    (expression(), any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(source, from, length, twice)| {
            let from = source.floor_char_boundary(from.index(source.len()));
            let to = source.ceil_char_boundary((from + 1 + length.index(4)).min(source.len()));
            let piece = if twice { source[from..to].repeat(2) } else { String::new() };
            format!("{}{piece}{}", &source[..from], &source[to..])
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn an_expression_is_read_as_others_read_it(source in expression()) {
        agree(&source)?;
    }

    #[test]
    fn what_is_spoilt_is_read_or_refused_as_by_others(source in spoilt()) {
        agree(&source)?;
    }

    #[test]
    fn tokens_in_any_order_are_read_or_refused_as_by_others(source in soup()) {
        agree(&source)?;
    }
}

#[test]
fn a_chain_is_one_node_and_what_stands_in_brackets_counts_for_a_place() {
    let source = "(a + b) * c && d && (e || f)";
    let root = parse(source, &scan(source).unwrap(), Dialect::Full).unwrap().root;
    assert_eq!(ours(&root), "(&& (* (+ a b) c) d (|| e f))");
    let Form::And(parts) = &root.form else { panic!("{root:?}") };
    assert_eq!(&source[parts[0].span.clone()], "(a + b) * c");
    assert_eq!(&source[parts[2].span.clone()], "e || f");
    assert_eq!(root.span, 0..source.len());
}
