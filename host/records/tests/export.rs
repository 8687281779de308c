//! Exports: what is written is read back the same, and a spreadsheet runs none of it.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

mod common;

use std::ops::ControlFlow;

use common::{House, date, text};
use presetter_records::{
    Action, Cause, Change, ExactDecimal, ExportError, ExportOptions, Filter, Format, ImportOptions, Kind, Matcher,
    Object, Operator, State, Value,
};
use proptest::prelude::*;

const USERS: Object = Object::Users;

fn export(house: &House, format: Format, matcher: &Matcher, options: &ExportOptions) -> String {
    let mut file = Vec::new();
    let mut progress = |_| ControlFlow::Continue(());
    house.records.export(&mut file, format, USERS, None, matcher, options, &mut progress).unwrap();
    String::from_utf8(file).unwrap()
}

fn columns(names: &[&str]) -> ExportOptions {
    ExportOptions { columns: Some(names.iter().map(|name| (*name).to_owned()).collect()), ..ExportOptions::default() }
}

#[test]
fn each_format_has_its_form() {
    let mut house = House::new();
    house.declare(&[(USERS, "size", Kind::Number)]);
    house.create(USERS, &[("email", text("a@x.org")), ("name", text("Ada, \"A\"")), ("size", Value::Number(-5))]);
    let bob = house.create(USERS, &[("email", text("b@x.org")), ("name", Value::Empty)]);
    house.act(Action::Archive(bob));
    let any = Matcher::any();
    let options = columns(&["id", "state", "name", "size"]);
    assert_eq!(
        export(&house, Format::Csv, &any, &options),
        "id,state,name,size\nu-1,active,\"Ada, \"\"A\"\"\",-5\nu-2,archived,,\n"
    );
    assert_eq!(
        export(&house, Format::JsonLines, &any, &options),
        "{\"id\":\"u-1\",\"state\":\"active\",\"name\":\"Ada, \\\"A\\\"\",\"size\":-5}\n\
         {\"id\":\"u-2\",\"state\":\"archived\",\"name\":null}\n"
    );
    let json: serde_json::Value = serde_json::from_str(&export(&house, Format::Json, &any, &options)).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 2);
    let none = house.matcher(USERS, &Filter::rule("name", Operator::Equals, Some("x")));
    assert_eq!(export(&house, Format::Json, &none, &options), "[]\n");
    let marked = ExportOptions { mark: true, separator: b';', ..columns(&["id", "size"]) };
    assert_eq!(export(&house, Format::Csv, &none, &marked), "\u{feff}id;size\n");
}

#[test]
fn a_cell_that_a_spreadsheet_would_run_is_text() {
    let mut house = House::new();
    house.create(USERS, &[("name", text("=HYPERLINK(\"http://x\")")), ("title", text("-1"))]);
    let any = Matcher::any();
    let mut options = columns(&["name", "title"]);
    assert_eq!(export(&house, Format::Csv, &any, &options), "name,title\n\"'=HYPERLINK(\"\"http://x\"\")\",'-1\n");
    options.neutralise = false;
    assert_eq!(export(&house, Format::Csv, &any, &options), "name,title\n\"=HYPERLINK(\"\"http://x\"\")\",-1\n");
}

#[test]
fn what_is_asked_for_must_be_there_and_can_be_stopped() {
    let mut house = House::new();
    let change = |at| Change::new(Action::Create(USERS)).set("title", text(&format!("{at}")));
    let changes: Vec<_> = (0..1500).map(change).collect();
    house.records.apply(&changes, &Cause::person("ada")).unwrap();
    let any = Matcher::any();
    let run = |options: &ExportOptions, flow: ControlFlow<()>| {
        let mut progress = |_| flow;
        house.records.export(Vec::new(), Format::Csv, USERS, Some(State::Active), &any, options, &mut progress)
    };
    assert!(matches!(run(&columns(&["shoe"]), ControlFlow::Continue(())), Err(ExportError::NoField(_))));
    let odd = ExportOptions { separator: b'"', ..ExportOptions::default() };
    assert!(matches!(run(&odd, ControlFlow::Continue(())), Err(ExportError::Separator)));
    assert!(matches!(run(&columns(&["id"]), ControlFlow::Break(())), Err(ExportError::Stopped(1000))));
    assert_eq!(run(&columns(&["id"]), ControlFlow::Continue(())).unwrap(), 1500);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_written_is_read_back_the_same(
        people in proptest::collection::vec(("['=+@a\"\t;, éß-]{1,8}", "(?s)[^\\x00]{1,40}", any::<i64>(), 0_u32..6), 1..8),
    ) {
        let kinds = [
            (USERS, "key", Kind::Number),
            (USERS, "note", Kind::LongText),
            (USERS, "share", Kind::Decimal),
        ];
        let mut house = House::new();
        house.declare(&kinds);
        for (at, (name, note, share, scale)) in people.iter().enumerate() {
            let share = rust_decimal::Decimal::from_i128_with_scale((*share).into(), *scale);
            house.create(USERS, &[
                ("key", Value::Number(at as i64)),
                ("name", text(name)),
                ("note", text(note)),
                ("share", Value::Decimal(ExactDecimal(share))),
                ("end_date", date("2026-01-01")),
                ("manager", Value::Empty),
            ]);
        }
        let any = Matcher::any();
        for format in [Format::Csv, Format::Json, Format::JsonLines] {
            let options = ExportOptions { separator: b';', ..ExportOptions::default() };
            let file = export(&house, format, &any, &options);
            let mut other = House::new();
            other.declare(&kinds);
            let imported = other.import(&file, format, &ImportOptions::new(USERS, "key"));
            prop_assert_eq!(imported.reasons(), vec![]);
            prop_assert_eq!(export(&other, format, &any, &options), file);
        }
    }
}
