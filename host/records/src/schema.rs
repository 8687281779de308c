//! The tables, and the built-in fields as rows of one.
//!
//! A record is one row; its values stand in `body` by the numbers of their fields, so that a field is renamed or removed without
//! touching a record. `changes` is the history and the feed of events at once: nothing in it is ever changed. `lookups` finds a
//! record by a value, for the fields that are looked up: those that must be unique, and those that an import was keyed by.

use presetter_database::Schema;

/// Fields that people declare have numbers from here on; below are the built-in ones.
pub(crate) const FIRST_DECLARED: i64 = 1001;

pub(crate) const SCHEMA: Schema = Schema { kind: *b"PsRc", steps: &[FIRST] };

const FIRST: &str = "
CREATE TABLE fields (
    number INTEGER PRIMARY KEY, object INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
    options TEXT NOT NULL DEFAULT '[]', title TEXT NOT NULL, help TEXT NOT NULL DEFAULT '',
    removed INTEGER NOT NULL DEFAULT 0, looked_up INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX fields_by_name ON fields (object, name) WHERE removed = 0;

CREATE TABLE records (
    number INTEGER PRIMARY KEY AUTOINCREMENT, object INTEGER NOT NULL, archived INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL, created INTEGER NOT NULL, changed INTEGER NOT NULL
) STRICT;
CREATE INDEX records_by_object ON records (object, number);

CREATE TABLE lookups (
    field INTEGER NOT NULL, value TEXT NOT NULL, record INTEGER NOT NULL, PRIMARY KEY (field, value, record)
) STRICT, WITHOUT ROWID;

CREATE TABLE causes (
    number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL,
    run TEXT, step INTEGER, detail TEXT NOT NULL, results TEXT
) STRICT;
CREATE UNIQUE INDEX causes_by_step ON causes (run, step) WHERE run IS NOT NULL;

CREATE TABLE changes (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, object INTEGER NOT NULL, record INTEGER, action TEXT NOT NULL,
    at INTEGER NOT NULL, cause INTEGER NOT NULL REFERENCES causes (number), fields TEXT NOT NULL
) STRICT;
CREATE INDEX changes_by_record ON changes (record, sequence);
CREATE INDEX changes_by_object ON changes (object, sequence);
CREATE TRIGGER changes_stay BEFORE UPDATE ON changes BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;
CREATE TRIGGER changes_remain BEFORE DELETE ON changes BEGIN SELECT RAISE(ABORT, 'history is never removed'); END;
CREATE TRIGGER causes_stay BEFORE UPDATE ON causes
    WHEN OLD.results IS NOT NULL OR (OLD.number, OLD.kind, OLD.by, OLD.at, OLD.run, OLD.step, OLD.detail)
        IS NOT (NEW.number, NEW.kind, NEW.by, NEW.at, NEW.run, NEW.step, NEW.detail)
    BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;
CREATE TRIGGER causes_remain BEFORE DELETE ON causes BEGIN SELECT RAISE(ABORT, 'history is never removed'); END;

CREATE TABLE positions (name TEXT PRIMARY KEY, sequence INTEGER NOT NULL) STRICT, WITHOUT ROWID;

INSERT INTO fields (number, object, name, kind, title, looked_up) VALUES
    (1, 1, 'email', 'email', 'E-mail', 1),
    (2, 1, 'name', 'short_text', 'Name', 0),
    (3, 1, 'given_name', 'short_text', 'Given name', 0),
    (4, 1, 'family_name', 'short_text', 'Family name', 0),
    (5, 1, 'department', 'short_text', 'Department', 0),
    (6, 1, 'title', 'short_text', 'Title', 0),
    (7, 1, 'manager', 'short_text', 'Manager', 0),
    (8, 1, 'start_date', 'date', 'Start date', 0),
    (9, 1, 'end_date', 'date', 'End date', 0),
    (101, 2, 'software', 'software', 'Software', 0),
    (102, 2, 'external_id', 'short_text', 'Id at the vendor', 1),
    (103, 2, 'email', 'email', 'E-mail', 1),
    (104, 2, 'name', 'short_text', 'Name', 0),
    (105, 2, 'role', 'short_text', 'Role', 0),
    (106, 2, 'active', 'checkbox', 'Active', 0),
    (107, 2, 'user', 'user', 'User', 1),
    (108, 2, 'last_checked', 'time', 'Last checked', 0),
    (109, 2, 'last_workflow', 'short_text', 'Last workflow', 0),
    (201, 3, 'name', 'key', 'Name', 1),
    (202, 3, 'title', 'short_text', 'Title', 0);
";

/// Numbers of built-in fields that rules speak of.
pub(crate) mod built_in {
    pub(crate) const USER_EMAIL: i64 = 1;
    pub(crate) const ACCOUNT_SOFTWARE: i64 = 101;
    pub(crate) const ACCOUNT_EXTERNAL_ID: i64 = 102;
    pub(crate) const SOFTWARE_NAME: i64 = 201;
}
