//! Declared fields: added, changed, converted, removed; or nothing at all.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

mod common;

use common::{House, date, declaration, text};
use presetter_records::{
    Cause, Declaration, DeclareError, Declared, Effect, ExactDecimal, FIELDS, FieldsFile, Kind, Object, Undeclared,
    Value,
};

const USERS: Object = Object::Users;

fn declare(house: &mut House, declaration: Declaration) -> Result<Declared, DeclareError> {
    house.records.declare(&[declaration], Undeclared::Keep, &Cause::fields("ada"))
}

#[test]
fn a_file_of_fields_is_declared_and_the_same_again_does_nothing() {
    let mut house = House::new();
    let source = "[users.size]\ntype = \"dropdown\"\noptions = [\"S\", \"M\"]\nhelp = \"Shirts\"\n\
                  [saas_users.mosyle_user_id]\ntype = \"short_text\"\ntitle = \"Mosyle id\"\n";
    let file = FieldsFile::parse("fields.toml", source).unwrap();
    let cause = Cause::fields("ada");
    let declared = house.records.declare(&file.declarations, Undeclared::Remove, &cause).unwrap();
    assert_eq!(declared.added.len(), 2);
    let fields = house.again().fields(Object::SaasUsers).unwrap();
    assert_eq!(fields.get("mosyle_user_id").unwrap().title, "Mosyle id");
    let latest = house.records.latest().unwrap();
    let again = house.records.declare(&file.declarations, Undeclared::Remove, &cause).unwrap();
    assert_eq!(again, Declared::default());
    assert_eq!(house.records.latest().unwrap(), latest);
}

#[test]
fn values_are_converted_as_they_are_written() {
    let mut house = House::new();
    house.declare(&[(USERS, "size", Kind::ShortText)]);
    let one = house.create(USERS, &[("size", text("12"))]);
    let other = house.create(USERS, &[("name", text("Ada"))]);
    let declared = declare(&mut house, declaration(USERS, "size", &Kind::Number)).unwrap();
    assert_eq!(declared.converted, 1);
    assert_eq!(house.records.get(one).unwrap().unwrap().get("size"), Some(&Value::Number(12)));
    let history = house.records.history(one, 0, 10).unwrap();
    assert_eq!((history[1].effect, &history[1].fields[0].old), (Effect::Edited, &Some(text("12"))));
    assert_eq!(house.records.history(other, 0, 10).unwrap().len(), 1);

    declare(&mut house, declaration(USERS, "size", &Kind::Decimal)).unwrap();
    let twelve = Value::Decimal(ExactDecimal(12.into()));
    assert_eq!(house.records.get(one).unwrap().unwrap().get("size"), Some(&twelve));
}

#[test]
fn values_that_do_not_fit_keep_the_field_as_it_is() {
    let mut house = House::new();
    house.declare(&[(USERS, "day", Kind::ShortText)]);
    let good = house.create(USERS, &[("day", text("2026-01-01"))]);
    let bad = house.create(USERS, &[("day", text("soon"))]);
    let latest = house.records.latest().unwrap();
    match declare(&mut house, declaration(USERS, "day", &Kind::Date)) {
        Err(DeclareError::Unfit { count, records, .. }) => assert_eq!((count, records), (1, vec![bad])),
        other => panic!("{other:?}"),
    }
    assert_eq!(house.records.latest().unwrap(), latest);
    assert_eq!(house.records.get(good).unwrap().unwrap().get("day"), Some(&text("2026-01-01")));
    house.edit(bad, "day", text("2026-02-01"));
    declare(&mut house, declaration(USERS, "day", &Kind::Date)).unwrap();
    assert_eq!(house.records.get(bad).unwrap().unwrap().get("day"), Some(&date("2026-02-01")));
}

#[test]
fn an_option_in_use_is_not_removed() {
    let mut house = House::new();
    let kind = |options: &[&str]| Kind::Dropdown(options.iter().map(|o| (*o).to_owned()).collect());
    house.declare(&[(USERS, "size", kind(&["S", "M"]))]);
    house.create(USERS, &[("size", text("M"))]);
    assert!(matches!(
        declare(&mut house, declaration(USERS, "size", &kind(&["S", "L"]))),
        Err(DeclareError::Unfit { .. })
    ));
    let declared = declare(&mut house, declaration(USERS, "size", &kind(&["M", "L"]))).unwrap();
    assert_eq!(declared.changed.len(), 1);
}

#[test]
fn what_cannot_be_declared_is_refused() {
    let mut house = House::new();
    let refused = |house: &mut House, declaration: Declaration| {
        assert!(matches!(declare(house, declaration), Err(DeclareError::Refused { .. })));
    };
    for name in ["email", "id", "state", "", "Size", "9a", "a-b", "a.b", "é", &"a".repeat(65)] {
        refused(&mut house, declaration(USERS, name, &Kind::Number));
    }
    for kind in [Kind::Email, Kind::User, Kind::Dropdown(vec![]), Kind::Dropdown(vec!["a".into(), "a".into()])] {
        refused(&mut house, declaration(USERS, "size", &kind));
    }
    let mut renamed = declaration(USERS, "size", &Kind::ShortText);
    renamed.was = Some("title".to_owned());
    refused(&mut house, renamed);

    let step = Cause::fields("ada").in_step("run-1", 1);
    let size = declaration(USERS, "size", &Kind::Number);
    assert!(matches!(house.records.declare(&[size], Undeclared::Keep, &step), Err(DeclareError::Cause)));

    let many: Vec<_> = (0..=FIELDS).map(|at| declaration(USERS, &format!("f{at}"), &Kind::Number)).collect();
    let cause = Cause::fields("ada");
    assert!(house.records.declare(&many, Undeclared::Keep, &cause).is_err());
    assert_eq!(house.records.latest().unwrap(), 0);
    house.records.declare(&many[1..], Undeclared::Keep, &cause).unwrap();
}
