//! Expressions: any source over any values.
//!
//! What is promised and can be seen from outside: places lie in the source, nothing of a value stands in a message, the
//! result is no larger than the steps pay for, the dialects agree, and an expression keeps to the laws of its operators.

use presetter_expr::{Dialect, MAX_STEPS, Program, Vars, codes};
use serde_json::{Map, Value};

use crate::{check_problems, parts, values};

/// A text that no source holds, put into the values to see whether a message quotes them.
const PRIVATE: &str = "Qx7private";

/// An input is an expression and its values.
pub fn check(data: &[u8]) {
    let [source, given] = parts(data);
    let mut given = values(&given);
    given.insert("private".into(), Value::from(vec![PRIVATE; 2]));
    if let Some(response) = given.get("response") {
        let codes = codes(response);
        given.insert("codes".into(), codes.into());
    }
    let programs = [Dialect::Full, Dialect::NoMacros].map(|dialect| match Program::compile(&source, dialect) {
        Ok(program) => Some(program),
        Err(problem) => {
            check_problems(&source, &[problem]);
            None
        }
    });
    let [Some(full), plain] = programs else {
        assert!(programs[1].is_none(), "the smaller dialect allows {source:?}, the larger does not");
        return;
    };
    let result = value(&full, &source, &given);
    if let Some(plain) = plain {
        assert_eq!(value(&plain, &source, &given), result, "the dialects differ in {source:?}");
    }
    check_names(&full, &source, &given, &result);
    check_laws(&full, &source, &given, &result);
}

type Outcome = Result<Value, String>;

fn vars(given: &Map<String, Value>) -> Vars<'_> {
    given.iter().fold(Vars::new(), |vars, (name, value)| vars.with(name, value))
}

fn value(program: &Program, source: &str, given: &Map<String, Value>) -> Outcome {
    match program.value(&vars(given)) {
        Ok(value) => {
            let bound = MAX_STEPS as usize + source.len();
            assert!(price(&value) <= bound, "a result of {} steps from {source:?}", price(&value));
            Ok(value)
        }
        Err(error) => {
            check_problems(source, &[error.problem().clone()]);
            let told = format!("{} {:?}", error, error.problem().hint);
            assert!(source.contains(PRIVATE) || !told.contains(PRIVATE), "a value in a message: {told}");
            Err(told)
        }
    }
}

/// The least that a value costs to make: a step for each part, and for each 64 bytes.
fn price(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() / 64,
        Value::Array(list) => list.iter().map(|value| 1 + price(value)).sum(),
        Value::Object(object) => object.iter().map(|(name, value)| 1 + name.len() / 64 + price(value)).sum(),
        _ => 0,
    }
}

/// An expression sees no name that it does not tell of.
fn check_names(program: &Program, source: &str, given: &Map<String, Value>, result: &Outcome) {
    let told = program.variables();
    let fewer = given.iter().filter(|(name, _)| told.contains(name));
    let fewer = fewer.map(|(name, value)| (name.clone(), value.clone())).collect();
    assert_eq!(value(program, source, &fewer), *result, "{source:?} uses other names than {told:?}");
}

/// True is not false, and whatever is, equals itself.
fn check_laws(program: &Program, source: &str, given: &Map<String, Value>, result: &Outcome) {
    let Ok(value) = result else { return };
    assert_eq!(program.test(&vars(given)).ok(), value.as_bool(), "{source:?}");
    // A comment at the end of the source ends with the line.
    let of = |source: String| Program::compile(&source, Dialect::Full).ok()?.value(&vars(given)).ok();
    if let Some(truth) = value.as_bool() {
        assert_eq!(of(format!("!({source}\n)")).unwrap_or(Value::Bool(!truth)), Value::Bool(!truth), "{source:?}");
    }
    let same = of(format!("({source}\n) == ({source}\n)"));
    assert_eq!(same.unwrap_or(Value::Bool(true)), Value::Bool(true), "{source:?} is not equal to itself");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_costs_what_it_holds() {
        assert_eq!(price(&json!(["x".repeat(640), {"a": 1}])), 13);
    }

    #[test]
    fn a_broken_law_is_noticed() {
        let (source, given) = ("a", values(r#"{"a": true}"#));
        let program = Program::compile(source, Dialect::Full).expect("a name");
        check_laws(&program, source, &given, &Ok(json!(true)));
        assert!(std::panic::catch_unwind(|| check_laws(&program, source, &given, &Ok(json!(1)))).is_err());
        assert!(std::panic::catch_unwind(|| check_names(&program, source, &given, &Ok(json!(1)))).is_err());
    }
}
