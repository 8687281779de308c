//! A CEL expression taken apart into its operators and operands.
//!
//! Owns the tree that rules about expressions look at. The grammar's own parser is at home in `presetter-expr`; what it has
//! passed is cut here along its operators, weakest first, so that each part can be compiled and asked by itself. What is not cut is
//! a leaf.
//!
//! Invariant: each part's text is an expression of its own.

use std::ops::Range;

use crate::expr_lex::{What, Word, words};

/// One expression and where it stands in the whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expr {
    pub(crate) span: Range<usize>,
    pub(crate) form: Form,
}

/// What an expression is made of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Choose(Box<[Expr; 3]>),
    Or(Box<[Expr; 2]>),
    And(Box<[Expr; 2]>),
    Not(Box<Expr>),
    /// `==`, `!=`, `<`, `<=`, `>`, `>=`.
    Compare(String, Box<[Expr; 2]>),
    In(Box<[Expr; 2]>),
    /// `+ - * / %` between two values.
    Calculate(Box<[Expr; 2]>),
    /// A function, or a method with its target as the first argument; a macro's element is a leaf.
    Call(String, Vec<Expr>),
    Leaf,
}

/// Takes an expression apart that compiles.
pub(crate) fn parse(source: &str) -> Expr {
    let words = words(source);
    expr(source, &words)
}

fn expr(source: &str, words: &[Word]) -> Expr {
    let span = match (words.first(), words.last()) {
        (Some(first), Some(last)) => first.span.start..last.span.end,
        _ => 0..source.len(),
    };
    Expr { form: form(source, words), span }
}

fn form(source: &str, words: &[Word]) -> Form {
    let Some(base) = words.first().map(|word| word.depth) else { return Form::Leaf };
    let word = |at: usize| &source[words[at].span.clone()];
    let outside = |at: &usize| words[*at].depth == base && words[*at].what != What::Open;
    let two = |at: usize| Box::new([expr(source, &words[..at]), expr(source, &words[at + 1..])]);
    let all = || 0..words.len();

    if words[0].what == What::Open && word(0) == "(" && close(words, 0) == Some(words.len() - 1) {
        return form(source, &words[1..words.len() - 1]);
    }
    // A choice reads to its right, so the first question belongs to the outermost one.
    if let Some(question) = all().filter(outside).find(|at| word(*at) == "?") {
        let mut open = 0_usize;
        let colon = (question + 1..words.len()).filter(outside).find(|at| {
            match word(*at) {
                "?" => open += 1,
                ":" if open == 0 => return true,
                ":" => open -= 1,
                _ => {}
            }
            false
        });
        if let Some(colon) = colon {
            let parts = [&words[..question], &words[question + 1..colon], &words[colon + 1..]];
            return Form::Choose(Box::new(parts.map(|part| expr(source, part))));
        }
    }
    // The others read to their left, so the last one is the outermost.
    let last = |marks: &[&str]| all().rev().filter(outside).find(|at| marks.contains(&word(*at)) && *at > 0);
    if let Some(at) = last(&["||"]) {
        return Form::Or(two(at));
    }
    if let Some(at) = last(&["&&"]) {
        return Form::And(two(at));
    }
    if let Some(at) = last(&["==", "!=", "<", "<=", ">", ">=", "in"]).filter(|at| infix(source, words, *at)) {
        return match word(at) {
            "in" => Form::In(two(at)),
            mark => Form::Compare(mark.to_owned(), two(at)),
        };
    }
    for marks in [&["+", "-"][..], &["*", "/", "%"]] {
        let at = all().rev().filter(outside).find(|at| marks.contains(&word(*at)) && infix(source, words, *at));
        if let Some(at) = at {
            return Form::Calculate(two(at));
        }
    }
    if word(0) == "!" {
        return Form::Not(Box::new(expr(source, &words[1..])));
    }
    call(source, words).unwrap_or(Form::Leaf)
}

/// Whether a mark stands between two values: something that ends a value is before it.
fn infix(source: &str, words: &[Word], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| &words[before]) else { return false };
    match before.what {
        What::Close => true,
        What::Operand => &source[before.span.clone()] != "in",
        What::Mark | What::Open => false,
    }
}

/// `f(a, b)` or `target.f(b)`, if that is all of it.
fn call(source: &str, words: &[Word]) -> Option<Form> {
    let end = words.len().checked_sub(1)?;
    let open = (0..end).rev().find(|at| words[*at].what == What::Open && words[*at].depth == words[end].depth)?;
    let word = |at: usize| &source[words[at].span.clone()];
    if word(end) != ")" || word(open) != "(" || close(words, open) != Some(end) {
        return None;
    }
    let name = open.checked_sub(1)?;
    if words[name].what != What::Operand {
        return None;
    }
    let target = match name {
        0 => None,
        1 => return None,
        _ if word(name - 1) == "." => Some(expr(source, &words[..name - 1])),
        _ => return None,
    };
    let mut args: Vec<Expr> = target.into_iter().collect();
    let inner = &words[open + 1..end];
    let depth = words[open].depth + 1;
    for part in inner.split(|w| w.depth == depth && &source[w.span.clone()] == ",") {
        if !part.is_empty() {
            args.push(expr(source, part));
        }
    }
    Some(Form::Call(word(name).to_owned(), args))
}

/// The bracket that closes the one at `open`.
fn close(words: &[Word], open: usize) -> Option<usize> {
    (open + 1..words.len()).find(|at| words[*at].what == What::Close && words[*at].depth == words[open].depth)
}

#[cfg(test)]
mod tests {
    use presetter_expr::{Dialect, Program};
    use proptest::prelude::*;

    use super::*;

    /// The tree in prefix form.
    fn shown(source: &str) -> String {
        fn one(expr: &Expr, source: &str) -> String {
            let all = |name: &str, parts: &[Expr]| {
                let parts: Vec<_> = parts.iter().map(|part| one(part, source)).collect();
                format!("({name} {})", parts.join(" "))
            };
            match &expr.form {
                Form::Choose(parts) => all("?", &parts[..]),
                Form::Or(parts) => all("or", &parts[..]),
                Form::And(parts) => all("and", &parts[..]),
                Form::Not(part) => all("not", std::slice::from_ref(part)),
                Form::Compare(mark, parts) => all(mark, &parts[..]),
                Form::In(parts) => all("in", &parts[..]),
                Form::Calculate(parts) => all("calc", &parts[..]),
                Form::Call(name, parts) => all(name, parts),
                Form::Leaf => source[expr.span.clone()].to_owned(),
            }
        }
        one(&parse(source), source)
    }

    #[test]
    fn the_weakest_operator_is_outermost() {
        for (source, tree) in [
            ("a && b || c", "(or (and a b) c)"),
            ("a || b && !c", "(or a (and b (not c)))"),
            ("(a || b) && c", "(and (or a b) c)"),
            ("a ? b : c ? d : e", "(? a b (? c d e))"),
            ("a ? b ? 1 : 2 : 3", "(? a (? b 1 2) 3)"),
            ("x.size() > -1 + 2", "(> (size x) (calc -1 2))"),
            ("a - -1 == 0", "(== (calc a -1) 0)"),
            ("1 in [1, 2]", "(in 1 [1, 2])"),
            ("codes.exists(c, c == 'a || b')", "(exists codes c (== c 'a || b'))"),
            ("has(a.b) && a['in'] == 1", "(and (has a.b) (== a['in'] 1))"),
            ("!(x in [true, 1])", "(not (in x [true, 1]))"),
            ("a.b.contains(c.d)[0]", "a.b.contains(c.d)[0]"),
            ("lowerAscii(a).startsWith('x')", "(startsWith (lowerAscii a) 'x')"),
            ("{'a': b ? 1 : 2}.a == 1", "(== {'a': b ? 1 : 2}.a 1)"),
        ] {
            assert_eq!(shown(source), tree, "{source}");
        }
    }

    #[test]
    fn every_part_is_an_expression() {
        fn check(expr: &Expr, source: &str) {
            let text = &source[expr.span.clone()];
            assert!(Program::compile(text, Dialect::Full).is_ok(), "{text}");
            match &expr.form {
                Form::Choose(parts) => parts.iter().for_each(|part| check(part, source)),
                Form::Or(two) | Form::And(two) | Form::Compare(_, two) | Form::In(two) | Form::Calculate(two) => {
                    two.iter().for_each(|part| check(part, source));
                }
                Form::Not(part) => check(part, source),
                Form::Call(_, parts) => parts.iter().for_each(|part| check(part, source)),
                Form::Leaf => {}
            }
        }
        for source in [
            r#"response.status == "OK" && codes.all(c, c == "OK")"#,
            r#"page > 1 && (codes == ["USERS_NOTFOUND"] || size(items) == 0)"#,
            r#"!(item.is_removed in [true, 1, "1", "true"])"#,
            "a < b ? [x for_] == [] : 1 % 2 == 1".replace("x for_", "x").as_str(),
            "response.users.map(u, u.id).filter(i, i != null).size() == 2",
            "((a)) == ((b))",
        ] {
            check(&parse(source), source);
        }
    }
    proptest! {
        /// A text that is no expression gives a tree that means nothing, and nothing worse.
        #[test]
        fn any_text_can_be_taken_apart(source in "([a-z0-9 .,?:!&|=<>+*/%()'\"\\[\\]{}-]|in|\\PC){0,40}") {
            parse(&source);
        }
    }
}
