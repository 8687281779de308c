//! Imports: rows find their records, wrong ones are refused with their line, and the rest goes on.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

mod common;

use std::cell::Cell;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::rc::Rc;

use common::{House, text};
use presetter_records::{
    Action, Cause, CauseKind, Effect, Format, ImportError, ImportEvent, ImportOptions, Kind, Matcher, Mode, Object,
    Value, WhenArchived,
};
use proptest::prelude::*;

const USERS: Object = Object::Users;

fn by_email() -> ImportOptions {
    ImportOptions::new(USERS, "email")
}

#[test]
fn people_are_created_and_then_updated() {
    let mut house = House::new();
    let first = "\u{feff}email;name;title\r\nada@x.org;\"Lovelace; Ada\";\r\nbob@x.org;Bob;Boss\r\n";
    assert_eq!(house.import(first, Format::Csv, &by_email()).counts(), [2, 0, 0, 0, 0]);
    let ada = house.records.find(USERS, "email", &text("ada@x.org")).unwrap()[0];
    assert_eq!(house.text(ada, "name"), "Lovelace; Ada");
    assert_eq!(house.records.get(ada).unwrap().unwrap().get("title"), Some(&Value::Empty));
    assert_eq!(house.import(first, Format::Csv, &by_email()).counts(), [0, 0, 2, 0, 0]);

    let second = "email,title\nADA@x.org,Countess\nbob@x.org,Boss\n";
    let imported = house.import(second, Format::Csv, &by_email());
    // The address is written in another way now: that is a change too, of the same record.
    assert_eq!(imported.counts(), [0, 1, 1, 0, 0]);
    assert_eq!((imported.changed[0].line, imported.changed[0].record), (2, Some(ada)));
    let history = house.records.history(ada, 0, 10).unwrap();
    assert_eq!(history[1].cause.kind, CauseKind::Import);
    assert_eq!(history[1].cause.detail["file"], "people.csv");
}

#[test]
fn all_formats_say_the_same() {
    let csv = "email,title,start_date\na@x.org,One,2026-01-02\nb@x.org,,\n";
    let json = r#"[ {"email": "a@x.org", "title": "One", "start_date": "2026-01-02"},
        {"email": "b@x.org", "title": null, "start_date": ""} ]"#;
    let lines = "{\"email\":\"a@x.org\",\"title\":\"One\",\"start_date\":\"2026-01-02\"}\n\n\
                 {\"email\":\"b@x.org\",\"title\":null,\"start_date\":null}";
    let dumped: Vec<String> = [(csv, Format::Csv), (json, Format::Json), (lines, Format::JsonLines)]
        .into_iter()
        .map(|(source, format)| {
            let mut house = House::new();
            assert_eq!(house.import(source, format, &by_email()).counts(), [2, 0, 0, 0, 0]);
            let any = Matcher::any();
            let all: Vec<_> = house.records.list(USERS, None, &any).map(Result::unwrap).collect();
            serde_json::to_string(&all).unwrap()
        })
        .collect();
    assert_eq!(dumped[0], dumped[1]);
    assert_eq!(dumped[0], dumped[2]);
}

#[test]
fn a_wrong_row_is_refused_with_its_place_and_the_rest_goes_on() {
    let mut house = House::new();
    house.declare(&[(USERS, "size", Kind::Number)]);
    let mut options = by_email();
    options.columns.insert("size".to_owned(), "Shirt size".to_owned());
    let source = "email,Shirt size,start_date\n\
                  a@x.org,1,2026-01-01\n\
                  b@x.org,many,2026-01-01\n\
                  \"c\n@x.org\",1,2026-01-01\n\
                  d@x.org,1\n\
                  ,1,2026-01-01\n\
                  e@x.org,1,soon\n\n\
                  f@x.org,007,2026-01-01\n\
                  g@x.org,7,2026-01-01\n";
    let imported = house.import(source, Format::Csv, &options);
    assert_eq!(imported.counts(), [2, 0, 0, 0, 6]);
    let lines: Vec<u64> = imported.refused.iter().map(|row| row.line).collect();
    assert_eq!(lines, [3, 4, 6, 7, 8, 10]);
    let size = &imported.refused[0];
    assert_eq!((size.field.as_deref(), size.column.as_deref()), (Some("size"), Some("Shirt size")));
    assert!(size.reason.contains("\"many\""), "{}", size.reason);
    assert_eq!(imported.refused[2].reason, "this row has 2 cells, and the header 3");
    assert_eq!(imported.refused[3].field.as_deref(), Some("email"));
}

#[test]
fn a_row_of_json_is_refused_alone() {
    let mut house = House::new();
    let source = "[\n{\"email\":\"a@x.org\"},\n{\"email\":5},\n{\"email\":\"b@x.org\",},\n17,\n{\"emial\":\"c@x.org\"},\n\
                  {\"email\":\"d@x.org\",\"email\":\"e@x.org\"},\n,\n{\"email\":\"f]}[{@x.org\"},\n{\"email\":\"g@x.org\"}\n] x";
    let imported = house.import(source, Format::Json, &by_email());
    assert_eq!(imported.counts(), [3, 0, 0, 0, 7]);
    let lines: Vec<u64> = imported.refused.iter().map(|row| row.line).collect();
    assert_eq!(lines, [3, 4, 5, 6, 7, 8, 11]);
    assert!(imported.refused[3].reason.contains("did you mean \"email\"?"), "{}", imported.refused[3].reason);
    assert!(imported.refused[4].reason.contains("twice"));
}

#[test]
fn a_list_that_was_cut_off_is_told() {
    let mut house = House::new();
    let imported = house.import("[{\"email\":\"a@x.org\"},{\"email\":\"b@x.o", Format::Json, &by_email());
    assert_eq!(imported.counts(), [1, 0, 0, 0, 1]);
    assert!(imported.refused[0].reason.contains("cut off"));
    assert_eq!(house.import("[]", Format::Json, &by_email()).report.rows, 0);
    assert_eq!(house.import("  [ ] \n", Format::Json, &by_email()).report.rows, 0);
}

#[test]
fn a_key_that_a_file_has_twice_names_both_lines() {
    let mut house = House::new();
    let source = "email,title\na@x.org,1\nb@x.org,2\nA@X.ORG,3\n";
    let imported = house.import(source, Format::Csv, &by_email());
    assert_eq!(imported.counts(), [2, 0, 0, 0, 1]);
    assert_eq!(imported.refused[0].line, 4);
    assert!(imported.refused[0].reason.starts_with("lines 2 and 4 have the same key"));
}

#[test]
fn a_key_that_is_far_away_in_the_file_is_found_too() {
    let mut house = House::new();
    let mut source = "email\n".to_owned();
    for at in 0..2500 {
        source += &format!("{at}@x.org\n");
    }
    source += "0@x.org\n";
    for dry_run in [true, false] {
        let mut options = by_email();
        options.dry_run = dry_run;
        let imported = house.import(&source, Format::Csv, &options);
        assert_eq!(imported.counts(), [2500, 0, 0, 0, 1]);
        assert!(imported.refused[0].reason.starts_with("lines 2 and 2502"), "{}", imported.refused[0].reason);
    }
}

#[test]
fn any_field_can_be_the_key_and_several_records_are_no_match() {
    let mut house = House::new();
    house.declare(&[(USERS, "badge", Kind::ShortText)]);
    for badge in ["01", "2", "2"] {
        house.create(USERS, &[("badge", text(badge))]);
    }
    let options = ImportOptions::new(USERS, "badge");
    let imported = house.import("badge,title\n01,x\n2,y\n1,z\n", Format::Csv, &options);
    assert_eq!(imported.counts(), [1, 1, 0, 0, 1]);
    assert!(imported.refused[0].reason.contains("u-2, u-3"), "{}", imported.refused[0].reason);
    // The field is looked up from now on, and kept so.
    let id = house.create(USERS, &[("badge", text("9"))]);
    house.edit(id, "badge", text("10"));
    let imported = house.import("badge,title\n9,x\n10,y\n", Format::Csv, &options);
    assert_eq!(imported.counts(), [1, 1, 0, 0, 0]);
}

#[test]
fn several_keys_count_together() {
    let mut house = House::new();
    for name in ["mosyle", "jamf"] {
        house.create(Object::Software, &[("name", text(name))]);
    }
    let mut options = ImportOptions::new(Object::SaasUsers, "external_id");
    options.keys.push("software".to_owned());
    options.constants.insert("software".to_owned(), text("mosyle"));
    let source = "external_id,software,role\ne1,mosyle,a\ne1,jamf,b\ne1,slack,c\n";
    let imported = house.import(source, Format::Csv, &options);
    assert_eq!(imported.counts(), [2, 0, 0, 0, 1]);
    assert!(imported.refused[0].reason.contains("create it first"), "{}", imported.refused[0].reason);
    let imported = house.import("external_id,role\ne1,z\ne2,z\n", Format::Csv, &options);
    assert_eq!(imported.counts(), [1, 1, 0, 0, 0]);
}

#[test]
fn keys_that_many_share_are_as_good_in_any_order() {
    let mut house = House::new();
    house.create(Object::Software, &[("name", text("mosyle"))]);
    let source: String = (0..300).map(|at| format!("e{at},mosyle,a\n")).collect();
    let source = format!("external_id,software,role\n{source}");
    let mut options = ImportOptions::new(Object::SaasUsers, "software");
    options.keys.push("external_id".to_owned());
    assert_eq!(house.import(&source, Format::Csv, &options).counts(), [300, 0, 0, 0, 0]);
    assert_eq!(house.import(&source, Format::Csv, &options).counts(), [0, 0, 300, 0, 0]);
    // Of one key alone, all three hundred are meant.
    let options = ImportOptions::new(Object::SaasUsers, "software");
    let imported = house.import("software,role\nmosyle,b\n", Format::Csv, &options);
    assert!(imported.refused[0].reason.starts_with("several records have this key (a-2, a-3)"));
}

#[test]
fn modes_leave_rows_alone() {
    let mut house = House::new();
    house.create(USERS, &[("email", text("a@x.org")), ("title", text("old"))]);
    let source = "email,title\na@x.org,new\nb@x.org,new\n";
    let mut options = by_email();
    options.mode = Mode::CreateOnly;
    assert_eq!(house.import(source, Format::Csv, &options).counts(), [1, 0, 0, 1, 0]);
    let mut house = House::new();
    house.create(USERS, &[("email", text("a@x.org")), ("title", text("old"))]);
    options.mode = Mode::UpdateOnly;
    assert_eq!(house.import(source, Format::Csv, &options).counts(), [0, 1, 0, 1, 0]);
}

#[test]
fn somebody_decides_what_becomes_of_archived_records() {
    let mut house = House::new();
    let id = house.create(USERS, &[("email", text("a@x.org"))]);
    house.act(Action::Archive(id));
    let source = "email,title\na@x.org,new\n";
    let mut options = by_email();
    let imported = house.import(source, Format::Csv, &options);
    assert!(imported.refused[0].reason.contains("u-1 is archived"), "{}", imported.refused[0].reason);
    options.when_archived = WhenArchived::Reactivate;
    let imported = house.import(source, Format::Csv, &options);
    assert_eq!((imported.changed[0].record, imported.changed[0].effect), (Some(id), Effect::Reactivated));
    assert_eq!(house.text(id, "title"), "new");
    house.act(Action::Archive(id));
    options.when_archived = WhenArchived::Create;
    assert_eq!(house.import(source, Format::Csv, &options).counts(), [1, 0, 0, 0, 0]);
}

#[test]
fn an_id_can_be_the_key() {
    let mut house = House::new();
    house.create(USERS, &[("name", text("a"))]);
    house.create(Object::Software, &[("name", text("mosyle"))]);
    let source = "id,state,name\nu-1,active,b\nu-9,,c\ns-2,,d\nx,,e\nu-1,,f\n";
    let imported = house.import(source, Format::Csv, &ImportOptions::new(USERS, "id"));
    assert_eq!(imported.counts(), [0, 1, 0, 0, 4]);
}

#[test]
fn a_dry_run_tells_and_changes_nothing() {
    let mut house = House::new();
    let id = house.create(USERS, &[("email", text("a@x.org")), ("title", text("old"))]);
    let latest = house.records.latest().unwrap();
    let mut options = by_email();
    options.dry_run = true;
    let imported = house.import("email,title\na@x.org,new\nb@x.org,new\nc,new\n", Format::Csv, &options);
    assert_eq!(imported.counts(), [1, 1, 0, 0, 1]);
    let change = &imported.changed[0];
    assert_eq!((change.record, change.effect, change.fields[0].field.as_str()), (Some(id), Effect::Edited, "title"));
    assert_eq!((&change.fields[0].old, &change.fields[0].new), (&Some(text("old")), &text("new")));
    assert_eq!(imported.changed[1].record, None);
    assert_eq!(house.records.latest().unwrap(), latest);
    assert_eq!(house.text(id, "title"), "old");
}

#[test]
fn empty_cells_can_be_left_alone() {
    let mut house = House::new();
    let id = house.create(USERS, &[("email", text("a@x.org")), ("title", text("old"))]);
    let mut options = by_email();
    options.keep_empty = true;
    assert_eq!(house.import("email,title\na@x.org,\n", Format::Csv, &options).counts(), [0, 0, 1, 0, 0]);
    options.keep_empty = false;
    house.import("email,title\na@x.org,\n", Format::Csv, &options);
    assert_eq!(house.records.get(id).unwrap().unwrap().get("title"), Some(&Value::Empty));
}

#[test]
fn a_header_that_is_wrong_is_refused_before_any_row() {
    let mut house = House::new();
    let reason = |house: &mut House, source: &[u8], options: &ImportOptions| {
        house.try_import(source, Format::Csv, options).err().unwrap().to_string()
    };
    let options = by_email();
    let error = reason(&mut house, b"emial\nx\n", &options);
    assert!(error.starts_with("line 1: \"emial\" is no field; did you mean \"email\"?"), "{error}");
    assert!(reason(&mut house, b"email,email\n", &options).contains("two columns are email"));
    assert!(reason(&mut house, b"", &options).contains("empty"));
    assert!(reason(&mut house, b"\xff\xfee\0", &options).contains("UTF-16"));
    assert!(reason(&mut house, b"\"email\n", &options).contains("never closed"));

    let mut mapped = by_email();
    mapped.columns.insert("email".to_owned(), "Mail".to_owned());
    assert!(reason(&mut house, b"email\n", &mapped).contains("email"));
    assert!(reason(&mut house, b"name\n", &mapped).contains("no column is called \"Mail\""));
    mapped.columns.insert("emial".to_owned(), "Mail".to_owned());
    assert!(reason(&mut house, b"Mail\n", &mapped).contains("did you mean"));

    let mut ignoring = by_email();
    ignoring.ignore_unknown = true;
    assert_eq!(house.import("email,Shoe\na@x.org,43\n", Format::Csv, &ignoring).counts(), [1, 0, 0, 0, 0]);

    let object = house.try_import(&b"{\"email\":\"a@x.org\"}\n"[..], Format::Json, &options).err().unwrap();
    assert!(object.to_string().contains("JSON Lines"), "{object}");
    for key in ["shoe", "id"] {
        let mut keyed = by_email();
        keyed.keys.push(key.to_owned());
        assert!(house.try_import(&b"email\n"[..], Format::Csv, &keyed).is_err());
    }
}

#[test]
fn a_quote_that_is_never_closed_is_named_and_takes_nothing_with_it() {
    let mut house = House::new();
    let imported = house.import("email,title\na@x.org,x\nb@x.org,\"x\nc@x.org,x\n", Format::Csv, &by_email());
    assert_eq!(imported.counts(), [1, 0, 0, 0, 1]);
    assert_eq!(imported.refused[0].line, 3);
    assert!(imported.refused[0].reason.contains("never closed"));
    // One that is closed at the end of a file without a last line end is none.
    let imported = house.import("email,title\nd@x.org,\"x\"", Format::Csv, &by_email());
    assert_eq!(imported.counts(), [1, 0, 0, 0, 0]);
}

#[test]
fn a_row_that_is_too_large_is_refused_and_the_next_is_read() {
    let large = "x".repeat(5 * 1024 * 1024);
    let csv = format!("email,title\na@x.org,\"{large}\n\"\nb@x.org,y\n");
    let json = format!("[{{\"email\":\"a@x.org\",\"title\":\"{large}\"}},\n\n{{\"email\":\"b@x.org\"}}]");
    let lines = format!("{{\"email\":\"a@x.org\",\"title\":\"{large}\"}}\n\n{{\"email\":\"b@x.org\"}}\n");
    let commas = format!("email,title\n{}\nb@x.org,y\n", ",".repeat(5000));
    for (source, format, refused, taken) in [
        (csv, Format::Csv, 2, 4),
        (json, Format::Json, 1, 3),
        (lines, Format::JsonLines, 1, 3),
        (commas, Format::Csv, 2, 3),
    ] {
        let mut house = House::new();
        let imported = house.import(&source, format, &by_email());
        assert_eq!(imported.counts(), [1, 0, 0, 0, 1]);
        let reason = &imported.refused[0].reason;
        assert!(reason.contains("more than"), "{reason}");
        assert_eq!((imported.refused[0].line, imported.changed[0].line), (refused, taken));
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_alone() {
    let mut house = House::new();
    let source = b"email,title\na@x.org,caf\xe9\nb@x.org,y\n";
    let imported = house.try_import(&source[..], Format::Csv, &by_email()).unwrap();
    assert_eq!(imported.counts(), [1, 0, 0, 0, 1]);
    assert!(imported.refused[0].reason.contains("UTF-8"));
    let source = b"{\"email\":\"c@x.org\",\"title\":\"caf\xe9\"}\n{\"email\":\"d@x.org\"}\n";
    let imported = house.try_import(&source[..], Format::JsonLines, &by_email()).unwrap();
    assert_eq!(imported.counts(), [1, 0, 0, 0, 1]);
}

#[test]
fn digits_of_json_are_kept() {
    let mut house = House::new();
    house.declare(&[(USERS, "share", Kind::Decimal), (USERS, "size", Kind::Number)]);
    let source = "[{\"email\":\"a@x.org\",\"share\":1.10,\"size\":9007199254740993},\
                  {\"email\":\"b@x.org\",\"share\":\"0.1000000000000000000000000001\",\"size\":1.0}]";
    let imported = house.import(source, Format::Json, &by_email());
    assert_eq!(imported.counts(), [1, 0, 0, 0, 1]);
    let id = imported.changed[0].record.unwrap();
    assert_eq!((house.text(id, "share"), house.text(id, "size")), ("1.10".into(), "9007199254740993".into()));
}

/// Rows without end, of which it counts how many were asked for.
struct Endless {
    rows: Rc<Cell<usize>>,
    rest: Vec<u8>,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            let at = self.rows.get();
            self.rows.set(at + 1);
            self.rest = match at {
                0 => b"email\n".to_vec(),
                1 => b"no address\n".to_vec(),
                _ => format!("{at}@x.org\n").into_bytes(),
            };
        }
        let count = self.rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.rest[..count]);
        self.rest.drain(..count);
        Ok(count)
    }
}

#[test]
fn a_file_is_read_as_it_comes_and_can_be_left() {
    let mut house = House::new();
    let rows = Rc::new(Cell::new(0));
    let reader = Endless { rows: rows.clone(), rest: Vec::new() };
    let mut refused_at = None;
    let mut bytes = 0;
    let report = house
        .records
        .import(reader, Format::Csv, &by_email(), &Cause::import("pipe", "ada"), &mut |event| match event {
            ImportEvent::Refused(_) => {
                refused_at = Some(rows.get());
                ControlFlow::Continue(())
            }
            ImportEvent::Progress(progress) => {
                bytes = progress.bytes;
                if progress.rows >= 3000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            }
            ImportEvent::Changed(_) => ControlFlow::Continue(()),
        })
        .unwrap();
    // It was told after the first batch, when not much more than that was read.
    assert!(refused_at.unwrap() <= 1100, "{refused_at:?}");
    assert!(report.stopped && report.rows == 3000 && report.created == 2999);
    assert!(bytes > 3000);
    assert_eq!(house.records.count(USERS, None, &Matcher::any()).unwrap(), 2999);
}

/// Gives a byte at a time, as a slow pipe does.
struct Slow<'b>(&'b [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let one = buffer.len().min(1);
        self.0.read(&mut buffer[..one])
    }
}

#[test]
fn a_slow_pipe_is_read_like_a_file() {
    for (source, format) in [
        ("\u{feff}email;title\r\na@x.org;\"x;y\"\r\nb;z\r\n", Format::Csv),
        ("\u{feff}[{\"email\":\"a@x.org\"},\n\n{\"email\":\"b\"}]", Format::Json),
        ("\u{feff}{\"email\":\"a@x.org\"}\n\n{\"email\":\"b\"}", Format::JsonLines),
    ] {
        let imported = House::new().try_import(Slow(source.as_bytes()), format, &by_email()).unwrap();
        assert_eq!(imported.counts(), [1, 0, 0, 0, 1], "{format:?}");
        assert_eq!(imported.refused[0].line, 3);
    }
}

/// Fails after what it has.
struct Broken<'b>(&'b [u8]);

impl Read for Broken<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() { Err(io::Error::other("the disk is gone")) } else { self.0.read(buffer) }
    }
}

#[test]
fn what_came_before_a_file_broke_is_imported() {
    let mut house = House::new();
    let reader = Broken(b"email\na@x.org\nb@x.org\n");
    match house.try_import(reader, Format::Csv, &by_email()) {
        Err(ImportError::Read { done, .. }) => assert_eq!(done.created, 2),
        other => panic!("{:?}", other.map(|imported| imported.report)),
    }
    assert_eq!(house.records.count(USERS, None, &Matcher::any()).unwrap(), 2);
}

#[test]
fn the_cause_of_an_import_names_no_step() {
    let mut house = House::new();
    let cause = Cause::sync("mosyle").in_step("run-1", 1);
    let mut watch = |_: ImportEvent<'_>| ControlFlow::Continue(());
    let result = house.records.import(&b"email\n"[..], Format::Csv, &by_email(), &cause, &mut watch);
    assert!(matches!(result, Err(ImportError::Cause)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_bytes_are_read_to_their_end(
        start in proptest::sample::select(vec!["", "email\n", "email,title\n", "[", "[{\"email\":", "{\"email\":\"a@x.org\"}\n"]),
        rest in proptest::collection::vec(
            prop_oneof![proptest::sample::select(b"\"\\,;\n\r{}[]: a@'".to_vec()), any::<u8>()], 0..200),
    ) {
        let bytes = [start.as_bytes(), &rest].concat();
        for format in [Format::Csv, Format::Json, Format::JsonLines] {
            let mut house = House::new();
            if let Ok(imported) = house.try_import(&bytes[..], format, &by_email()) {
                let counts: u64 = imported.counts().iter().sum();
                prop_assert_eq!(counts, imported.report.rows);
                let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
                prop_assert!(imported.refused.iter().all(|row| (1..=lines).contains(&row.line)));
            }
        }
    }
}
