//! Which kinds of value an expression can have, and what follows for the operators around it.
//!
//! Owns the kinds and the complaints. What is said here holds whatever the answer is: an answer's own values may be of any
//! kind, so nothing is said of them. `"50" == 50` is true in this language, so numbers and texts are comparable unless the text is
//! written out and is no number.

use std::ops::Range;

use presetter_expr::{Dialect, Program, Vars};
use presetter_template::Problem;
use serde_json::Value;

use crate::expr::{Expr, Form, parse};

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

impl Kinds {
    pub(crate) const NULL: Self = Self(1);
    pub(crate) const BOOLEAN: Self = Self(2);
    pub(crate) const NUMBER: Self = Self(4);
    pub(crate) const TEXT: Self = Self(8);
    pub(crate) const LIST: Self = Self(16);
    pub(crate) const OBJECT: Self = Self(32);
    pub(crate) const ANY: Self = Self(63);

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(_) => Self::NUMBER,
            Value::String(_) => Self::TEXT,
            Value::Array(_) => Self::LIST,
            Value::Object(_) => Self::OBJECT,
        }
    }

    /// In words: `a number`, `a text or null`.
    fn words(self) -> String {
        let names = [
            (Self::LIST, "a list"),
            (Self::OBJECT, "an object"),
            (Self::NUMBER, "a number"),
            (Self::TEXT, "a text"),
            (Self::BOOLEAN, "true or false"),
            (Self::NULL, "null"),
        ];
        let there: Vec<&str> = names.iter().filter(|(kind, _)| self.meets(*kind)).map(|(_, name)| *name).collect();
        there.join(" or ")
    }
}

/// What the names of a rule stand for. The argument is a name, or a name with one key: `page`, `settings.page_size`.
pub(crate) type Known<'a> = &'a dyn Fn(&str) -> Option<Kinds>;

/// What is wrong with the kinds in a rule that compiles; places are in the rule.
pub(crate) fn complaints(rule: &str, known: Known<'_>) -> Vec<Problem> {
    let mut look = Look { rule, known, locals: Vec::new(), found: Vec::new() };
    let whole = parse(rule);
    let kinds = look.expr(&whole).kinds;
    look.condition(&whole, kinds, "a rule gives true or false");
    look.found.sort_by_key(|problem| problem.span.start);
    look.found
}

/// What is known of one expression.
struct Sort {
    kinds: Kinds,
    /// Its value, if it is always the same.
    value: Option<Value>,
}

impl From<Kinds> for Sort {
    fn from(kinds: Kinds) -> Self {
        Self { kinds, value: None }
    }
}

struct Look<'a> {
    rule: &'a str,
    known: Known<'a>,
    /// The elements of the macros around this place.
    locals: Vec<(String, Kinds)>,
    found: Vec<Problem>,
}

impl Look<'_> {
    fn expr(&mut self, expr: &Expr) -> Sort {
        let kinds = match &expr.form {
            Form::Leaf => return self.leaf(expr),
            Form::Choose(parts) => {
                let asked = self.expr(&parts[0]).kinds;
                self.condition(&parts[0], asked, "`?` asks for true or false");
                self.expr(&parts[1]).kinds.or(self.expr(&parts[2]).kinds)
            }
            Form::And(parts) => self.both(&parts[..], "`&&` joins what is true or false"),
            Form::Or(parts) => self.both(&parts[..], "`||` joins what is true or false"),
            Form::Not(part) => self.both(std::slice::from_ref(&**part), "`!` turns true into false"),
            Form::Compare(mark, parts) => {
                let (left, right) = (self.expr(&parts[0]), self.expr(&parts[1]));
                self.compare(expr, mark, &left, &right);
                Kinds::BOOLEAN
            }
            Form::In(parts) => {
                let (needle, hay) = (self.expr(&parts[0]), self.expr(&parts[1]));
                self.among(expr, &needle, &hay);
                Kinds::BOOLEAN
            }
            Form::Calculate(parts) => {
                let kinds = self.expr(&parts[0]).kinds.or(self.expr(&parts[1]).kinds);
                // A calculation has a number, and `+` also joins texts and lists.
                if kinds == Kinds::NUMBER { kinds } else { Kinds::NUMBER.or(Kinds::TEXT).or(Kinds::LIST) }
            }
            Form::Call(name, args) => self.call(name, args),
        };
        // The same expression may have one value whatever there is: `"a" + "b"`, `1 < 2`.
        Sort { kinds, value: self.constant(expr) }
    }

    fn both(&mut self, parts: &[Expr], rule: &str) -> Kinds {
        for part in parts {
            let kinds = self.expr(part).kinds;
            self.condition(part, kinds, rule);
        }
        Kinds::BOOLEAN
    }

    /// A place that takes only true or false.
    fn condition(&mut self, part: &Expr, kinds: Kinds, rule: &str) {
        if kinds.meets(Kinds::BOOLEAN) {
            return;
        }
        let hint = match kinds.without(Kinds::NULL) {
            Kinds::LIST | Kinds::TEXT | Kinds::OBJECT => format!("{rule}; did you mean size({}) > 0?", self.text(part)),
            _ => format!("{rule}; compare it with something"),
        };
        self.tell(part.span.clone(), format!("`{}` is {}", self.text(part), kinds.words()), hint);
    }

    fn compare(&mut self, whole: &Expr, mark: &str, left: &Sort, right: &Sort) {
        let never = if mark == "!=" { "always true" } else { "never true" };
        if mark == "==" || mark == "!=" {
            if comparable(left, right) {
                return;
            }
            let hint = match (self.sides(whole), left.kinds, right.kinds) {
                (Some([list, text]), Kinds::LIST, Kinds::TEXT) | (Some([text, list]), Kinds::TEXT, Kinds::LIST) => {
                    format!("to look for an element write {text} in {list}")
                }
                _ => "compare values of one kind".to_owned(),
            };
            let message = format!("this is {never}: {} and {}", told(left), told(right));
            self.tell(whole.span.clone(), message, hint);
            return;
        }
        let null = [left, right].iter().any(|side| side.kinds == Kinds::NULL);
        if null {
            let hint = "nothing is smaller or larger than null; to see whether something is there write x != null";
            self.tell(whole.span.clone(), "this is never true: one side is null".into(), hint.into());
            return;
        }
        let ordered = |sort: &Sort| {
            let kinds = sort.kinds.without(Kinds::NULL);
            kinds.meets(Kinds::BOOLEAN.or(Kinds::NUMBER).or(Kinds::TEXT))
        };
        if !ordered(left) || !ordered(right) || !comparable(left, right) {
            let message = format!("{} and {} have no order", told(left), told(right));
            self.tell(whole.span.clone(), message, "lists and objects are compared by size(..)".into());
        }
    }

    fn among(&mut self, whole: &Expr, needle: &Sort, hay: &Sort) {
        if !hay.kinds.meets(Kinds::LIST.or(Kinds::OBJECT).or(Kinds::NULL)) {
            let hint = match hay.kinds {
                Kinds::TEXT => "to look into a text write text.contains(\"part\")".to_owned(),
                _ => "write a list: x in [1, 2]".to_owned(),
            };
            self.tell(whole.span.clone(), format!("`in` looks into a list or an object, not {}", told(hay)), hint);
            return;
        }
        if let Some(Value::Array(list)) = &hay.value {
            let fits =
                |value: &Value| comparable(needle, &Sort { kinds: Kinds::of(value), value: Some(value.clone()) });
            if !list.iter().any(fits) {
                let message = format!("this is never true: {} is none of these", told(needle));
                self.tell(whole.span.clone(), message, "compare values of one kind".into());
            }
        }
    }

    fn call(&mut self, name: &str, args: &[Expr]) -> Kinds {
        let nullable = |kinds: Kinds| kinds.or(Kinds::NULL);
        if let ("all" | "exists" | "exists_one" | "existsOne" | "map" | "filter", [over, element, body @ ..]) =
            (name, args)
        {
            return self.repeat(name, over, element, body);
        }
        let kinds: Vec<Kinds> = args.iter().map(|arg| self.expr(arg).kinds).collect();
        let (Some(first), Some(arg)) = (kinds.first(), args.first()) else { return Kinds::ANY };
        let mut takes = |wanted: Kinds, words: &str| {
            if !first.meets(nullable(wanted)) {
                let message = format!("`{name}` takes {words}, and `{}` is {}", self.text(arg), first.words());
                self.tell(arg.span.clone(), message, "this always fails".into());
            }
        };
        match name {
            "size" => {
                takes(Kinds::LIST.or(Kinds::OBJECT).or(Kinds::TEXT), "a list, an object or a text");
                Kinds::NUMBER
            }
            "contains" | "startsWith" | "endsWith" => {
                takes(Kinds::TEXT, "a text");
                Kinds::BOOLEAN
            }
            "lowerAscii" => {
                takes(Kinds::TEXT, "a text");
                nullable(Kinds::TEXT)
            }
            "int" | "double" => {
                takes(Kinds::NUMBER.or(Kinds::TEXT), "a number or a text");
                nullable(Kinds::NUMBER)
            }
            "string" => {
                takes(Kinds::NUMBER.or(Kinds::TEXT).or(Kinds::BOOLEAN), "a number, a text, or true or false");
                nullable(Kinds::TEXT)
            }
            "has" => Kinds::BOOLEAN,
            _ => Kinds::ANY,
        }
    }

    fn repeat(&mut self, name: &str, over: &Expr, element: &Expr, body: &[Expr]) -> Kinds {
        let list = self.expr(over);
        if !list.kinds.meets(Kinds::LIST.or(Kinds::OBJECT).or(Kinds::NULL)) {
            let message = format!("`{name}` goes over a list, and `{}` is {}", self.text(over), list.kinds.words());
            self.tell(over.span.clone(), message, "this always fails".into());
        }
        // `codes` are texts; of every other list nothing is known.
        let inner = if self.text(over) == "codes" { Kinds::TEXT } else { Kinds::ANY };
        self.locals.push((self.text(element).to_owned(), inner));
        let tests = if name == "map" { body.len().saturating_sub(1) } else { body.len() };
        for (at, part) in body.iter().enumerate() {
            let kinds = self.expr(part).kinds;
            if at < tests {
                self.condition(part, kinds, "a macro asks for true or false");
            }
        }
        self.locals.pop();
        if matches!(name, "map" | "filter") { Kinds::LIST } else { Kinds::BOOLEAN }
    }

    fn leaf(&mut self, expr: &Expr) -> Sort {
        let text = self.text(expr).trim_start_matches('(').trim_end_matches(')').trim().to_owned();
        if let Some((_, kinds)) = self.locals.iter().rev().find(|(name, _)| *name == text) {
            return (*kinds).into();
        }
        if let Some(value) = self.constant(expr) {
            return Sort { kinds: Kinds::of(&value), value: Some(value) };
        }
        let root = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
        if self.locals.iter().any(|(name, _)| name == root) {
            return Kinds::ANY.into();
        }
        match text.as_str() {
            // A list or an object that is written out, of parts that are not known.
            literal if literal.starts_with('[') && literal.ends_with(']') => Kinds::LIST.into(),
            literal if literal.starts_with('{') && literal.ends_with('}') => Kinds::OBJECT.into(),
            name => (self.known)(name).unwrap_or(Kinds::ANY).into(),
        }
    }

    /// The value of an expression that names nothing.
    fn constant(&self, expr: &Expr) -> Option<Value> {
        let program = Program::compile(self.text(expr), Dialect::Full).ok()?;
        program.variables().is_empty().then(|| program.value(&Vars::new()).ok())?
    }

    fn sides(&self, whole: &Expr) -> Option<[&str; 2]> {
        match &whole.form {
            Form::Compare(_, parts) => Some([self.text(&parts[0]), self.text(&parts[1])]),
            _ => None,
        }
    }

    fn text(&self, expr: &Expr) -> &str {
        &self.rule[expr.span.clone()]
    }

    fn tell(&mut self, span: Range<usize>, message: String, hint: String) {
        self.found.push(Problem::new(message, span).with_hint(hint));
    }
}

/// Whether two values can be equal.
fn comparable(left: &Sort, right: &Sort) -> bool {
    // Two that are written out are for the rule about constants.
    if left.value.is_some() && right.value.is_some() || left.kinds.meets(right.kinds) {
        return true;
    }
    let number = |sort: &Sort| sort.kinds.meets(Kinds::NUMBER);
    let spells = |sort: &Sort| match &sort.value {
        Some(Value::String(text)) => text.parse::<serde_json::Number>().is_ok(),
        _ => sort.kinds.meets(Kinds::TEXT),
    };
    number(left) && spells(right) || spells(left) && number(right)
}

/// A value or its kinds, in words.
fn told(sort: &Sort) -> String {
    match &sort.value {
        Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null)) => value.to_string(),
        _ => sort.kinds.words(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rule: &str) -> Vec<String> {
        assert!(Program::compile(rule, Dialect::Full).is_ok(), "{rule}");
        let known = |name: &str| match name {
            "response_status" | "page" => Some(Kinds::NUMBER),
            "codes" | "items" => Some(Kinds::LIST),
            "name" => Some(Kinds::TEXT),
            _ => None,
        };
        complaints(rule, &known).into_iter().map(|p| p.message).collect()
    }

    #[test]
    fn what_cannot_be_is_told() {
        for (rule, message) in [
            ("response_status == \"OK\"", "this is never true: a number and \"OK\""),
            ("response_status != 'x'", "this is always true: a number and \"x\""),
            ("size(items) == 'a'", "this is never true: a number and \"a\""),
            ("codes == 'NOT_FOUND'", "this is never true: a list and \"NOT_FOUND\""),
            ("size(codes) && page > 1", "`size(codes)` is a number"),
            ("codes", "`codes` is a list"),
            ("!name", "`name` is a text"),
            ("page in 'abc'", "`in` looks into a list or an object, not \"abc\""),
            ("response_status in ['a', 'b']", "this is never true: a number is none of these"),
            ("codes > 1", "a list and 1 have no order"),
            ("page < null", "this is never true: one side is null"),
            ("size(page) == 0", "`size` takes a list, an object or a text, and `page` is a number"),
            ("codes.exists(c, c == true)", "this is never true: a text and true"),
            ("page.exists(c, c == 1)", "`exists` goes over a list, and `page` is a number"),
            ("items.all(i, size(i.a))", "`size(i.a)` is a number"),
            ("page ? true : false", "`page` is a number"),
            ("(name) == true", "this is never true: a text and true"),
        ] {
            assert_eq!(told(rule), [message], "{rule}");
        }
    }

    #[test]
    fn what_can_be_is_left_alone() {
        for rule in [
            "response_status == \"200\"",
            "response.status == \"OK\" && codes.all(c, c == \"OK\")",
            "page > 1 && (codes == [\"USERS_NOTFOUND\"] || size(items) == 0)",
            "!(item.is_removed in [true, 1, \"1\", \"true\"])",
            "response.a",
            "response.a == 1 || response.a == 'x' || response.a == null",
            "codes.exists(c, c in [\"A\", \"B\"])",
            "codes.exists(c, c == 405)",
            "name == 5 && name < 9",
            "lowerAscii(response.x) == null",
            "int(response.x) + 1 > 'a'.size()",
            "response.x.contains('y') ? size(items) > 0 : has(response.z)",
            "items.filter(i, i.x == 1).size() > 0",
            "items.map(i, i.x) == [1]",
            "'a' in response",
            "codes[0] == 'x' && items[0].id == 1",
        ] {
            assert_eq!(told(rule), [""; 0], "{rule}");
        }
    }
}
