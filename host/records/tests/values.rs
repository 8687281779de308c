//! Values: read exactly, written back the same, and refused with what would be taken.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use jiff::Timestamp;
use jiff::civil::Date;
use presetter_records::{ExactDecimal, Kind, Value};
use proptest::prelude::*;
use rust_decimal::Decimal;

/// A kind and a value that it takes.
fn typed() -> impl Strategy<Value = (Kind, Value)> {
    let options = vec!["S".to_owned(), "M, or so".to_owned(), "= \"L\"".to_owned()];
    prop_oneof![
        "[^\\x00\\n\\r\\x0b\\x0c\\x{85}\\x{2028}\\x{2029}]{1,255}".prop_map(|t| (Kind::ShortText, Value::Text(t))),
        "(?s).{1,400}".prop_map(|t| (Kind::LongText, Value::Text(t))),
        any::<i64>().prop_map(|n| (Kind::Number, Value::Number(n))),
        (any::<i64>(), 0_u32..=28).prop_map(|(digits, scale)| {
            (Kind::Decimal, Value::Decimal(ExactDecimal(Decimal::from_i128_with_scale(digits.into(), scale))))
        }),
        (1_i16..=9999, 1_i8..=12, 1_i8..=28)
            .prop_map(|(y, m, d)| (Kind::Date, Value::Date(Date::new(y, m, d).unwrap()))),
        any::<bool>().prop_map(|b| (Kind::Checkbox, Value::Checkbox(b))),
        (0_usize..3).prop_map(move |at| (Kind::Dropdown(options.clone()), Value::Text(options[at].clone()))),
        (0_i64..4_000_000_000_000_000)
            .prop_map(|at| (Kind::Time, Value::Time(Timestamp::from_microsecond(at).unwrap()))),
        (Just(Kind::Number), Just(Value::Empty)),
    ]
}

proptest! {
    #[test]
    fn what_is_taken_is_written_back_the_same((kind, value) in typed()) {
        prop_assert_eq!(kind.check(&value), Ok(()));
        prop_assert_eq!(kind.parse(&value.to_text()).unwrap(), value.clone());
        prop_assert_eq!(kind.read(&value.to_json()).unwrap(), value.clone());
        // What is written as JSON by itself is the same.
        prop_assert_eq!(serde_json::to_value(&value).unwrap(), value.to_json());
    }

    #[test]
    fn a_text_that_is_taken_loses_nothing(text in "[-+0-9.eE_ ]{1,12}") {
        for kind in [Kind::ShortText, Kind::Number, Kind::Decimal, Kind::Date] {
            if let Ok(value) = kind.parse(&text) {
                prop_assert_eq!(value.to_text(), text.as_str());
            }
        }
    }
}

#[test]
fn types_are_never_guessed() {
    assert_eq!(Kind::ShortText.parse("0123"), Ok(Value::text("0123")));
    assert_eq!(Kind::Decimal.parse("1.10").unwrap().to_text(), "1.10");
    assert_eq!(Kind::Checkbox.parse("Yes"), Ok(Value::Checkbox(true)));
    assert_eq!(Kind::ShortText.parse(""), Ok(Value::Empty));
    for (kind, text) in [
        (Kind::Number, "0123"),
        (Kind::Number, "+1"),
        (Kind::Number, "1.0"),
        (Kind::Number, " 1"),
        (Kind::Number, "9223372036854775808"),
        (Kind::Decimal, "1,5"),
        (Kind::Decimal, "1e3"),
        (Kind::Decimal, "1_000"),
        (Kind::Decimal, ".5"),
        (Kind::Decimal, "0.00000000000000000000000000001"),
        (Kind::Date, "2026-02-30"),
        (Kind::Date, "20260101"),
        (Kind::Date, "2026-1-1"),
        (Kind::Date, "2026-01-01T00:00:00"),
        (Kind::Date, "01/02/2026"),
        (Kind::Checkbox, "maybe"),
        (Kind::ShortText, "two\nlines"),
        (Kind::Time, "2026-01-01"),
    ] {
        assert!(kind.parse(text).is_err(), "{kind:?} {text:?}");
    }
}

#[test]
fn json_is_read_as_what_it_is() {
    use serde_json::json;
    assert_eq!(Kind::Number.read(&json!(5)), Ok(Value::Number(5)));
    assert_eq!(Kind::Decimal.read(&json!("1.10")).unwrap().to_text(), "1.10");
    assert_eq!(Kind::ShortText.read(&json!(null)), Ok(Value::Empty));
    for (kind, json) in [
        (Kind::Number, json!("5")),
        (Kind::Number, json!(5.5)),
        (Kind::ShortText, json!(123)),
        (Kind::ShortText, json!(["a"])),
        (Kind::Checkbox, json!("true")),
        (Kind::Checkbox, json!(1)),
        (Kind::Date, json!(20260101)),
    ] {
        assert!(kind.read(&json).is_err(), "{kind:?} {json}");
    }
}

#[test]
fn texts_have_bounds() {
    assert!(Kind::ShortText.parse(&"é".repeat(255)).is_ok());
    assert!(Kind::ShortText.parse(&"é".repeat(256)).is_err());
    assert!(Kind::LongText.parse(&"x".repeat(1024 * 1024)).is_ok());
    assert!(Kind::LongText.parse(&"x".repeat(1024 * 1024 + 1)).is_err());
}

#[test]
fn a_refusal_says_what_would_be_taken_and_is_safe_to_show() {
    let error = Kind::Date.parse("\u{1b}[31mtomorrow and more than forty characters of it").unwrap_err().to_string();
    assert!(error.starts_with("takes a date such as 2026-01-31"), "{error}");
    assert!(!error.contains('\u{1b}') && error.contains('…'), "{error}");
    let sizes = Kind::Dropdown(vec!["Small".to_owned(), "Large".to_owned()]);
    let error = sizes.parse("Smal").unwrap_err().to_string();
    assert!(error.contains("did you mean \"Small\"?"), "{error}");
}

#[test]
fn addresses_are_looked_at_lightly() {
    for yes in ["a@b", "ada.lovelace+x@example.org", "ü@exämple.org"] {
        assert!(Kind::Email.parse(yes).is_ok(), "{yes}");
    }
    for no in ["a", "@b", "a@", "a b@c", "a@b@c", "a@b,c@d", "Ada <a@b>", "a@b\n"] {
        assert!(Kind::Email.parse(no).is_err(), "{no:?}");
    }
}
