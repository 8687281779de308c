//! What a database promises whoever opens it.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;
use std::path::Path;

use presetter_database::{OpenError, Schema, open};
use rusqlite::Connection;

const FIRST: &str = "CREATE TABLE words (word TEXT NOT NULL) STRICT;";
const SECOND: &str = "ALTER TABLE words ADD COLUMN times INTEGER NOT NULL DEFAULT 1;";
const OLD: Schema = Schema { kind: *b"test", steps: &[FIRST] };
const NEW: Schema = Schema { kind: *b"test", steps: &[FIRST, SECOND] };

fn pragma(connection: &Connection, name: &str) -> String {
    connection
        .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
        .map(|value| format!("{value:?}"))
        .unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|found| found.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn it_is_made_whole_private_and_written_ahead() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a/room.db");
    let connection = open(&path, &NEW).unwrap();
    connection.execute("INSERT INTO words VALUES ('one', 2)", ()).unwrap();
    assert_eq!(pragma(&connection, "journal_mode"), "Text(\"wal\")");
    assert_eq!(pragma(&connection, "synchronous"), "Integer(2)");
    assert_eq!(pragma(&connection, "foreign_keys"), "Integer(1)");
    drop(connection);
    assert_eq!(names(&dir.path().join("a")), ["room.db"], "nothing half done is left");
    let again = open(&path, &NEW).unwrap();
    assert_eq!(again.query_row("SELECT times FROM words", (), |row| row.get::<_, i32>(0)).unwrap(), 2);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for name in names(&dir.path().join("a")) {
            let mode = fs::metadata(dir.path().join("a").join(&name)).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{name}");
        }
    }
}

#[test]
fn many_make_it_at_once_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("room.db");
    std::thread::scope(|scope| {
        for number in 0..8 {
            let path = &path;
            scope.spawn(move || {
                let connection = open(path, &NEW).unwrap();
                connection.execute("INSERT INTO words VALUES (?1, 1)", (number.to_string(),)).unwrap();
            });
        }
    });
    let connection = open(&path, &NEW).unwrap();
    assert_eq!(connection.query_row("SELECT count(*) FROM words", (), |row| row.get::<_, i32>(0)).unwrap(), 8);
}

#[test]
fn an_older_one_is_brought_up_to_date_by_whoever_comes_first() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("room.db");
    open(&path, &OLD).unwrap().execute("INSERT INTO words VALUES ('kept')", ()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| open(&path, &NEW).unwrap());
        }
    });
    let connection = open(&path, &NEW).unwrap();
    let row = connection.query_row("SELECT word, times FROM words", (), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(row, ("kept".to_owned(), 1));
}

#[test]
fn a_step_that_fails_changes_nothing() {
    const BROKEN: Schema = Schema { kind: *b"test", steps: &[FIRST, SECOND, "CREATE TABLE more (x) STRICT, nonsense"] };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("room.db");
    open(&path, &OLD).unwrap().execute("INSERT INTO words VALUES ('kept')", ()).unwrap();
    assert!(matches!(open(&path, &BROKEN), Err(OpenError::Database(_))));
    let connection = open(&path, &OLD).unwrap();
    assert_eq!(pragma(&connection, "user_version"), "Integer(1)");
    assert!(connection.prepare("SELECT times FROM words").is_err());
    // And what cannot be made at all is not there.
    assert!(open(&dir.path().join("other.db"), &BROKEN).is_err());
    assert_eq!(names(dir.path()).iter().filter(|name| name.contains("other") || name.contains("new")).count(), 0);
}

#[test]
fn what_is_not_ours_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("room.db");
    for content in [b"".as_slice(), b"hello", &[b'x'; 9000]] {
        fs::write(&path, content).unwrap();
        private(&path);
        assert!(matches!(open(&path, &OLD), Err(OpenError::Foreign)), "{} bytes", content.len());
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    fs::remove_file(&path).unwrap();
    open(&path, &NEW).unwrap();
    assert!(matches!(open(&path, &Schema { kind: *b"else", ..NEW }), Err(OpenError::Foreign)));
    assert!(matches!(open(&path, &OLD), Err(OpenError::Newer { found: 2, known: 1 })));
    open(&path, &NEW).unwrap();
    assert!(open(dir.path(), &OLD).is_err());
}

#[test]
fn a_damaged_one_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("room.db");
    open(&path, &OLD).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..4096].fill(0xff);
    fs::write(&path, &bytes).unwrap();
    let told = open(&path, &NEW).unwrap_err();
    assert!(matches!(told, OpenError::Damaged(_)), "{told:?}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[cfg(unix)]
#[test]
fn one_that_others_can_read_or_a_link_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("room.db");
    open(&path, &OLD).unwrap();
    std::os::unix::fs::symlink(&path, dir.path().join("link.db")).unwrap();
    assert!(matches!(open(&dir.path().join("link.db"), &OLD), Err(OpenError::Refused(_))));
    std::os::unix::fs::symlink(dir.path().join("nowhere"), dir.path().join("dangling.db")).unwrap();
    assert!(matches!(open(&dir.path().join("dangling.db"), &OLD), Err(OpenError::Refused(_))));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let Err(OpenError::Refused(why)) = open(&path, &OLD) else { panic!("it was opened") };
    assert!(why.contains("chmod 600"), "{why}");
}

fn private(path: &Path) {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    #[cfg(not(unix))]
    let _ = path;
}
