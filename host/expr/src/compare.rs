//! When two JSON values are equal, and which is the smaller, for people whose vendors send numbers as text.
//!
//! Owns the rules and what comparing costs. It must never allocate by the size of its input, nor treat text as a number
//! that JSON would not: an identifier such as `007` is no seven.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::eval::{Budget, Spent};

/// The longest text that may count as a number; every number that JSON readers keep exactly is far shorter.
const LONGEST_NUMBER: usize = 64;

/// Whether two values are equal: numbers by value, also where one of them comes as text; lists and objects part by part.
pub(crate) fn equal(left: &Value, right: &Value, budget: &mut Budget) -> Result<bool, Spent> {
    budget.spend(1)?;
    Ok(match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(l), Value::Bool(r)) => l == r,
        (Value::Number(l), Value::Number(r)) => order_numbers(l, r) == Some(Ordering::Equal),
        (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number)) => {
            numeric(text).is_some_and(|value| order_numbers(&value, number) == Some(Ordering::Equal))
        }
        (Value::String(l), Value::String(r)) => {
            budget.spend_bytes(l.len().min(r.len()))?;
            l == r
        }
        (Value::Array(l), Value::Array(r)) => {
            if l.len() != r.len() {
                return Ok(false);
            }
            for (l, r) in l.iter().zip(r) {
                if !equal(l, r, budget)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Object(l), Value::Object(r)) => {
            if l.len() != r.len() {
                return Ok(false);
            }
            for (key, l) in l {
                budget.spend_bytes(key.len())?;
                let Some(r) = r.get(key) else { return Ok(false) };
                if !equal(l, r, budget)? {
                    return Ok(false);
                }
            }
            true
        }
        _ => false,
    })
}

/// Which value is the smaller; `None` if their kinds have no order.
pub(crate) fn order(left: &Value, right: &Value, budget: &mut Budget) -> Result<Option<Ordering>, Spent> {
    budget.spend(1)?;
    Ok(match (left, right) {
        (Value::Bool(l), Value::Bool(r)) => Some(l.cmp(r)),
        (Value::Number(l), Value::Number(r)) => order_numbers(l, r),
        (Value::Number(l), Value::String(r)) => numeric(r).and_then(|r| order_numbers(l, &r)),
        (Value::String(l), Value::Number(r)) => numeric(l).and_then(|l| order_numbers(&l, r)),
        (Value::String(l), Value::String(r)) => match (numeric(l), numeric(r)) {
            (Some(l), Some(r)) => order_numbers(&l, &r),
            _ => {
                budget.spend_bytes(l.len().min(r.len()))?;
                Some(l.cmp(r))
            }
        },
        _ => None,
    })
}

/// The number that a text spells in JSON's way.
pub(crate) fn numeric(text: &str) -> Option<Number> {
    (text.len() <= LONGEST_NUMBER).then(|| text.parse().ok())?
}

/// A number without a fraction, whichever way it is written (`2.0` is whole).
pub(crate) fn whole(number: &Number) -> Option<i128> {
    // Beyond 2^100 a double no longer fits an i128 for sure, and no vendor counts so far.
    const FAR: f64 = (1_u128 << 100) as f64;
    if let Some(exact) = number.as_i128() {
        return Some(exact);
    }
    number.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < FAR).map(|f| f as i128)
}

/// The order of two numbers by value, exact also where a double could not hold a whole number.
fn order_numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (whole(left), whole(right)) {
        (Some(l), Some(r)) => Some(l.cmp(&r)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn eq(left: Value, right: Value) -> bool {
        equal(&left, &right, &mut Budget::new(1000)).unwrap()
    }

    fn cmp(left: Value, right: Value) -> Option<Ordering> {
        order(&left, &right, &mut Budget::new(1000)).unwrap()
    }

    #[test]
    fn numbers_are_equal_by_value_also_as_text() {
        assert!(eq(json!("50"), json!(50)) && eq(json!(1), json!("1")) && eq(json!("1.0"), json!(1)));
        assert!(eq(json!(1), json!(1.0)) && eq(json!([{"a": "1"}]), json!([{"a": 1}])));
        assert!(!eq(json!("007"), json!(7)) && !eq(json!(" 7"), json!(7)) && !eq(json!(""), json!(0)));
        assert!(!eq(json!("1.0"), json!("1")) && !eq(json!("true"), json!(true)) && !eq(json!("nan"), json!(0)));
        assert!(!eq(json!(9007199254740993_u64), json!(9007199254740992.0)));
        assert!(!eq(json!(null), json!(0)) && !eq(json!(null), json!("")) && eq(json!(null), json!(null)));
        assert!(!eq(json!({"a": 1}), json!({"b": 1})) && !eq(json!([1]), json!([1, 2])));
    }

    #[test]
    fn order_goes_by_value_where_both_are_numbers() {
        assert_eq!(cmp(json!("9"), json!(10)), Some(Ordering::Less));
        assert_eq!(cmp(json!("9"), json!("10")), Some(Ordering::Less));
        assert_eq!(cmp(json!("2024-10-01"), json!("2024-9-01")), Some(Ordering::Less));
        assert_eq!(cmp(json!(u64::MAX), json!(-0.5)), Some(Ordering::Greater));
        assert_eq!(cmp(json!("x"), json!(1)), None);
        assert_eq!(cmp(json!([]), json!([])), None);
    }

    #[test]
    fn comparing_is_paid_for() {
        let long = json!("x".repeat(1 << 20));
        assert!(equal(&long, &long.clone(), &mut Budget::new(1000)).is_err());
        let list = json!(vec![0; 2000]);
        assert!(equal(&list, &list.clone(), &mut Budget::new(1000)).is_err());
    }
}
