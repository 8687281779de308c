//! Rules: what each operator means, and that a list and a single record are judged the same.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

mod common;

use std::cmp::Ordering;

use common::{House, date, text, today};
use presetter_records::{
    Action, Cause, Change, ExactDecimal, Filter, FilterError, Kind, Matcher, Object, Operator, State, Value,
};
use proptest::prelude::*;
use rust_decimal::Decimal;

const USERS: Object = Object::Users;

fn decimal(text: &str) -> Value {
    Value::Decimal(ExactDecimal(text.parse().unwrap()))
}

fn house() -> House {
    let mut house = House::new();
    house.declare(&[
        (USERS, "size", Kind::Number),
        (USERS, "share", Kind::Decimal),
        (USERS, "remote", Kind::Checkbox),
        (USERS, "shirt", Kind::Dropdown(vec!["S".to_owned(), "M".to_owned()])),
    ]);
    house
}

fn ids(house: &House, field: &str, operator: &str, value: Option<&str>) -> Vec<String> {
    let operator = Operator::from_name(operator).unwrap();
    house.ids(USERS, None, &Filter::rule(field, operator, value))
}

#[test]
fn texts_are_compared_without_case() {
    let mut house = house();
    for name in ["Straße 1", "STRASSE 2", "Weg"] {
        house.create(USERS, &[("name", text(name))]);
    }
    house.create(USERS, &[("title", text("no name"))]);
    let names = |operator, value| ids(&house, "name", operator, Some(value));
    assert_eq!(names("equals", "strasse 1"), ["u-1"]);
    assert_eq!(names("does not equal", "strasse 1"), ["u-2", "u-3", "u-4"]);
    assert_eq!(names("begins with", "straSSe"), ["u-1", "u-2"]);
    assert_eq!(names("does not begin with", "strasse"), ["u-3", "u-4"]);
    assert_eq!(names("ends with", "EG"), ["u-3"]);
    assert_eq!(names("does not end with", "eg"), ["u-1", "u-2", "u-4"]);
    assert_eq!(names("contains", "ß"), ["u-1", "u-2"]);
    assert_eq!(names("does not contain", "e"), ["u-4"]);
    assert_eq!(names("contains", "%"), Vec::<String>::new());
    assert_eq!(ids(&house, "name", "is empty", None), ["u-4"]);
    assert_eq!(ids(&house, "name", "is not empty", None), ["u-1", "u-2", "u-3"]);
}

#[test]
fn numbers_are_compared_as_numbers() {
    let mut house = house();
    for (size, share) in [(9, "1.10"), (10, "1.1"), (-100, "-2")] {
        house.create(USERS, &[("size", Value::Number(size)), ("share", decimal(share))]);
    }
    assert_eq!(ids(&house, "size", "<", Some("10")), ["u-1", "u-3"]);
    assert_eq!(ids(&house, "size", ">=", Some("9")), ["u-1", "u-2"]);
    assert_eq!(ids(&house, "share", "equals", Some("1.100")), ["u-1", "u-2"]);
    assert_eq!(ids(&house, "share", ">", Some("-10.5")), ["u-1", "u-2", "u-3"]);
    assert_eq!(ids(&house, "share", "<=", Some("-2")), ["u-3"]);
}

#[test]
fn days_are_counted_from_today_on() {
    let mut house = house();
    for day in ["2026-03-08", "2026-03-14", "2026-03-15", "2026-03-16", "2026-03-22", "2026-03-23"] {
        house.create(USERS, &[("end_date", date(day))]);
    }
    house.create(USERS, &[("name", text("no date"))]);
    assert_eq!(ids(&house, "end_date", "days backward", Some("1")), ["u-2", "u-3"]);
    assert_eq!(ids(&house, "end_date", "days forward", Some("7")), ["u-3", "u-4", "u-5"]);
    assert_eq!(ids(&house, "end_date", "days forward", Some("0")), ["u-3"]);
    assert_eq!(ids(&house, "end_date", "<", Some("2026-03-14")), ["u-1"]);
}

#[test]
fn groups_are_in_each_other() {
    let mut house = house();
    for (size, remote) in [(1, true), (2, false), (3, true)] {
        house.create(USERS, &[("size", Value::Number(size)), ("remote", Value::Checkbox(remote))]);
    }
    let source = r#"{ "all": [ { "field": "remote", "operator": "equals", "value": true },
        { "any": [ { "field": "size", "operator": "<", "value": 2 }, { "field": "size", "operator": ">", "value": "2" } ] } ] }"#;
    let filter: Filter = serde_json::from_str(source).unwrap();
    assert_eq!(house.ids(USERS, None, &filter), ["u-1", "u-3"]);
    assert_eq!(house.ids(USERS, None, &Filter::everything()).len(), 3);
    assert_eq!(house.ids(USERS, None, &Filter::Any { any: vec![] }).len(), 0);
    for odd in [
        r#"{"all": [], "any": []}"#,
        r#"{"all": [], "field": "x"}"#,
        r#"{"field": "size", "operator": "<", "value": 1.5}"#,
    ] {
        assert!(serde_json::from_str::<Filter>(odd).is_err(), "{odd}");
    }
    let written = serde_json::to_string(&filter).unwrap();
    assert_eq!(serde_json::from_str::<Filter>(&written).unwrap(), filter);
}

#[test]
fn active_and_archived_are_told_apart() {
    let mut house = house();
    let one = house.create(USERS, &[("name", text("a"))]);
    house.create(USERS, &[("name", text("b"))]);
    house.create(Object::Software, &[("name", text("mosyle"))]);
    house.act(Action::Archive(one));
    let all = Filter::everything();
    assert_eq!(house.ids(USERS, Some(State::Active), &all), ["u-2"]);
    assert_eq!(house.ids(USERS, Some(State::Archived), &all), ["u-1"]);
    assert_eq!(house.ids(USERS, None, &all), ["u-1", "u-2"]);
}

#[test]
fn a_rule_that_does_not_fit_names_its_field() {
    let house = house();
    let fields = house.records.fields(USERS).unwrap();
    let wrong = |field: &str, operator: &str, value: Option<&str>| {
        let filter = Filter::rule(field, Operator::from_name(operator).unwrap(), value);
        let error = filter.compile(&fields, today()).unwrap_err();
        assert!(error.to_string().contains(field), "{error}");
        error
    };
    assert!(matches!(wrong("sise", "equals", Some("1")), FilterError::NoField(_)));
    assert!(matches!(wrong("size", "equals", Some("many")), FilterError::Value { .. }));
    assert!(matches!(wrong("end_date", "<", Some("soon")), FilterError::Value { .. }));
    assert!(matches!(wrong("end_date", "days forward", Some("-1")), FilterError::Value { .. }));
    assert!(matches!(wrong("shirt", "equals", Some("XXL")), FilterError::Value { .. }));
    assert!(matches!(wrong("size", "contains", Some("1")), FilterError::Operator { .. }));
    assert!(matches!(wrong("name", "<", Some("a")), FilterError::Operator { .. }));
    assert!(matches!(wrong("remote", ">", Some("true")), FilterError::Operator { .. }));
    assert!(matches!(wrong("name", "days forward", Some("1")), FilterError::Operator { .. }));
    assert!(matches!(wrong("name", "equals", None), FilterError::Arity { needed: true, .. }));
    assert!(matches!(wrong("name", "equals", Some("")), FilterError::Arity { needed: true, .. }));
    assert!(matches!(wrong("name", "is empty", Some("x")), FilterError::Arity { needed: false, .. }));
}

#[test]
fn filters_are_bounded() {
    let house = house();
    let fields = house.records.fields(USERS).unwrap();
    let rule = Filter::rule("name", Operator::IsEmpty, None);
    let deep = (0..100).fold(rule.clone(), |inner, _| Filter::All { all: vec![inner] });
    assert_eq!(deep.compile(&fields, today()).unwrap_err(), FilterError::Bounds);
    let wide = Filter::Any { any: vec![rule; 201] };
    assert_eq!(wide.compile(&fields, today()).unwrap_err(), FilterError::Bounds);
}

#[test]
fn a_list_goes_over_its_pages() {
    let mut house = house();
    let change = |at| Change::new(Action::Create(USERS)).set("size", Value::Number(at));
    let changes: Vec<_> = (1..=2500).map(change).collect();
    house.records.apply(&changes, &Cause::person("ada")).unwrap();
    assert_eq!(ids(&house, "size", ">=", Some("999")).len(), 1502);
    let any = Matcher::any();
    let rest = house.records.list(USERS, None, &any).after("u-2400".parse().unwrap());
    assert_eq!(rest.map(|record| record.unwrap().id().to_string()).next().unwrap(), "u-2401");
}

/// One record's values, as the property sees them.
#[derive(Debug, Clone)]
struct Person {
    name: Option<String>,
    size: Option<i64>,
    share: Option<String>,
    day: Option<i8>,
}

fn person() -> impl Strategy<Value = Person> {
    let name = proptest::option::of("[aAbBßéÉ%_']{0,4}");
    let share = proptest::option::of("-?[1-9]\\.[0-9]{1,2}");
    let day = proptest::option::of(1_i8..=28);
    (name, proptest::option::of(-3_i64..12), share, day).prop_map(|(name, size, share, day)| Person {
        name,
        size,
        share,
        day,
    })
}

fn rule() -> impl Strategy<Value = (&'static str, Operator, String)> {
    use Operator as O;
    let texts = proptest::sample::select(vec![
        O::Equals,
        O::NotEquals,
        O::BeginsWith,
        O::NotBeginsWith,
        O::EndsWith,
        O::NotEndsWith,
        O::Contains,
        O::NotContains,
    ]);
    let orders =
        || proptest::sample::select(vec![O::Equals, O::NotEquals, O::Less, O::LessOrEqual, O::More, O::MoreOrEqual]);
    let days = proptest::sample::select(vec![O::DaysBackward, O::DaysForward]);
    prop_oneof![
        (texts, "[aAbBßéÉ%_']{1,2}").prop_map(|(operator, value)| ("name", operator, value)),
        (orders(), -3_i64..12).prop_map(|(operator, value)| ("size", operator, value.to_string())),
        (orders(), "-?[1-9]\\.[0-9]{1,3}").prop_map(|(operator, value)| ("share", operator, value)),
        (days, 0_i64..12).prop_map(|(operator, value)| ("end_date", operator, value.to_string())),
    ]
}

/// What a rule means, told in another way than the program does.
fn expected(person: &Person, field: &str, operator: Operator, value: &str) -> bool {
    use Operator as O;
    let upper = |text: &str| text.to_uppercase();
    let order = match field {
        "size" => person.size.map(|size| size.cmp(&value.parse().unwrap())),
        "share" => person.share.as_ref().map(|s| s.parse::<Decimal>().unwrap().cmp(&value.parse().unwrap())),
        _ => None,
    };
    let name = person.name.as_ref().filter(|name| !name.is_empty()).map(|name| upper(name));
    let named = |test: &dyn Fn(&str, &str) -> bool| name.as_ref().is_some_and(|name| test(name, &upper(value)));
    let ordered = |orders: &[Ordering]| order.is_some_and(|order| orders.contains(&order));
    let away = person.day.map(|day| i64::from(day) - 15);
    match operator {
        O::Equals if field == "name" => named(&|name, value| name == value),
        O::NotEquals if field == "name" => !named(&|name, value| name == value),
        O::BeginsWith => named(&|name, value| name.starts_with(value)),
        O::NotBeginsWith => !named(&|name, value| name.starts_with(value)),
        O::EndsWith => named(&|name, value| name.ends_with(value)),
        O::NotEndsWith => !named(&|name, value| name.ends_with(value)),
        O::Contains => named(&|name, value| name.contains(value)),
        O::NotContains => !named(&|name, value| name.contains(value)),
        O::Equals => ordered(&[Ordering::Equal]),
        O::NotEquals => !ordered(&[Ordering::Equal]),
        O::Less => ordered(&[Ordering::Less]),
        O::LessOrEqual => ordered(&[Ordering::Less, Ordering::Equal]),
        O::More => ordered(&[Ordering::Greater]),
        O::MoreOrEqual => ordered(&[Ordering::Greater, Ordering::Equal]),
        O::DaysBackward => away.is_some_and(|away| away <= 0 && -away <= value.parse().unwrap()),
        O::DaysForward => away.is_some_and(|away| away >= 0 && away <= value.parse().unwrap()),
        O::IsEmpty | O::IsNotEmpty => unreachable!(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_list_and_a_single_record_are_judged_the_same_and_right(
        people in proptest::collection::vec(person(), 1..12),
        rules in proptest::collection::vec(rule(), 1..12),
    ) {
        let mut house = house();
        let changes: Vec<_> = people
            .iter()
            .map(|person| {
                let mut change = Change::new(Action::Create(USERS)).set("title", text("x"));
                let mut set = |field: &str, value: Option<Value>| if let Some(value) = value {
                    change.set.insert(field.to_owned(), value);
                };
                set("name", person.name.as_deref().map(text));
                set("size", person.size.map(Value::Number));
                set("share", person.share.as_deref().map(decimal));
                set("end_date", person.day.map(|day| date(&format!("2026-03-{day:02}"))));
                change
            })
            .collect();
        house.records.apply(&changes, &Cause::person("ada")).unwrap();
        for (field, operator, value) in rules {
            let matcher = house.matcher(USERS, &Filter::rule(field, operator, Some(&value)));
            let listed: Vec<String> =
                house.records.list(USERS, None, &matcher).map(|r| r.unwrap().id().to_string()).collect();
            for (at, person) in people.iter().enumerate() {
                let id = format!("u-{}", at + 1);
                let single = matcher.matches(&house.records.get(id.parse().unwrap()).unwrap().unwrap());
                prop_assert_eq!(listed.contains(&id), single);
                prop_assert_eq!(single, expected(person, field, operator, &value), "{} {} {}", field, operator, value);
            }
        }
    }
}
