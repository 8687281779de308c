//! Connections as files.
#![allow(clippy::unwrap_used)]

mod common;

use common::connection;
use presetter_connection::{Connection, Reference, Source, Store};

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(&dir.path().join("config"), &dir.path().join("state"));
    (dir, store)
}

fn full() -> Connection {
    let mut full = connection("session");
    full.source = Source::Folder { path: "/srv/presets/vendor".into(), bundle: "vendor".into() };
    full.allow(Source::BuiltIn { bundle: "vendor".into() });
    full.allow(Source::Signed { bundle: "acme/vendor".into(), signers: vec![format!("sha256:{}", "0a".repeat(32))] });
    full.allow_private = true;
    full.read_only = true;
    full.secrets.insert("password".into(), Reference::Cmd(vec!["op".into(), "read".into(), "op://a b/c".into()]));
    full.settings.insert("page_size".into(), 50.into());
    full.settings.insert("filter".into(), serde_json::json!({ "options": { "ids": ["a", 1, true] } }));
    full
}

#[test]
fn what_is_added_is_read_back() {
    let (_dir, store) = store();
    assert_eq!(store.list().unwrap(), []);
    for connection in [full(), Connection { name: "a.B-c_1".into(), ..connection("none") }] {
        store.add(&connection, false).unwrap();
        assert_eq!(store.get(&connection.name).unwrap(), connection);
        let error = store.add(&connection, false).unwrap_err();
        assert!(error.to_string().contains("already"), "{error}");
        store.add(&connection, true).unwrap();
    }
    let names: Vec<String> = store.list().unwrap().into_iter().map(|c| c.name).collect();
    assert_eq!(names, ["a.B-c_1", "m"]);
    store.remove("m").unwrap();
    assert!(store.remove("m").unwrap_err().to_string().contains("no connection m"));
    let error = store.get("m").unwrap_err();
    assert!(error.advice.contains("a.B-c_1"), "{error}");
}

#[cfg(unix)]
#[test]
fn files_are_private_and_not_used_when_others_can_change_them() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, store) = store();
    store.add(&full(), false).unwrap();
    let path = store.path_of("m");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap()), mode(&dir.path().join("config"))), (0o600, 0o700, 0o700));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let error = store.get("m").unwrap_err();
    assert!(error.to_string().contains("chmod go-w") && error.to_string().contains("m.toml"), "{error}");
}

#[test]
fn names_are_files_of_their_folder() {
    let (_dir, store) = store();
    let long = "a".repeat(65);
    for name in ["", ".", "..", ".a", "a.", "a/b", "../a", "a\\b", "a b", "é", "-a", "a\0", &long] {
        let bad = Connection { name: name.into(), ..full() };
        assert!(store.add(&bad, true).is_err(), "{name:?}");
        assert!(store.get(name).is_err() && store.remove(name).is_err(), "{name:?}");
    }
}

#[test]
fn an_export_holds_references_and_comes_back() {
    let (_dir, store) = store();
    let other = Connection { name: "second".into(), ..connection("basic") };
    store.add(&full(), false).unwrap();
    store.add(&other, false).unwrap();
    let text = store.export(&["m".into(), "second".into()]).unwrap();
    assert!(text.contains("cmd:op read") && text.contains("env:PASSWORD"), "{text}");
    assert_eq!(store.import(&text, "t.toml", "a").unwrap(), [full(), other]);
    assert!(store.export(&["none".into()]).is_err());
    assert!(
        store
            .import(
                &text
                    .replace("[connections.second]", "[connections.\"../x\"]")
                    .replace("connections.second.", "connections.\"../x\"."),
                "t.toml",
                "a"
            )
            .is_err()
    );
}

#[test]
fn an_error_about_a_file_names_it_and_never_repeats_it() {
    let (_dir, store) = store();
    store.add(&full(), false).unwrap();
    let path = store.path_of("m");
    let head = "bundle = 'vendor'\nkind = 'session'\nbase_url = 'https://h'\n";
    for tail in [
        "secrets = { password = 'hunter2' }",
        "secrets = 'hunter2'",
        "secrets = { password = ['hunter2'] }",
        "[secrets]\npassword = hunter2",
        "read_only = 'hunter2'",
        "[secrets]\npassword = 'hunter2",
    ] {
        std::fs::write(&path, format!("{head}{tail}")).unwrap();
        let error = store.get("m").unwrap_err().to_string();
        assert!(
            error.starts_with("line ") && error.contains("m.toml: ") && error.contains("presetter connection edit"),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
        let imported = store.import(
            &format!("[connections.m]\n{}\n", tail.replace("[secrets]", "[connections.m.secrets]")),
            "t.toml",
            "a",
        );
        assert!(!imported.unwrap_err().to_string().contains("hunter2"));
    }
}

#[test]
fn a_relative_file_means_the_same_file_from_everywhere() {
    let (_dir, store) = store();
    let mut relative = full();
    relative.secrets.insert("password".into(), "file:secrets/pw".parse().unwrap());
    store.add(&relative, false).unwrap();
    let stored = store.get("m").unwrap();
    assert_eq!(stored.secrets["password"], Reference::File(std::path::absolute("secrets/pw").unwrap()));
}

#[test]
fn removing_removes_the_session_too() {
    let (dir, store) = store();
    store.add(&full(), false).unwrap();
    let sealed = dir.path().join("state/sessions/m.sealed");
    std::fs::create_dir_all(sealed.parent().unwrap()).unwrap();
    std::fs::write(&sealed, b"x").unwrap();
    store.forget_session("m").unwrap();
    assert!(!sealed.exists() && store.get("m").is_ok());
    store.forget_session("m").unwrap();
    assert!(store.forget_session("../m").is_err());
    std::fs::write(&sealed, b"x").unwrap();
    store.remove("m").unwrap();
    assert!(!sealed.exists());
}

#[test]
fn a_connection_is_held_against_its_kind() {
    let kind = &common::bundle().connections["session"];
    assert_eq!(connection("session").check(kind, "vendor/session"), Ok(()));
    let mut wrong = connection("session");
    wrong.fields.clear();
    wrong.secrets.shift_remove("access_token");
    wrong.fields.insert("mail".into(), "x".into());
    wrong.secrets.insert("key".into(), Reference::Prompt);
    wrong.base_url = "http://user:hunter2@h/".into();
    let text: Vec<String> = wrong.check(kind, "vendor/session").unwrap_err().iter().map(ToString::to_string).collect();
    let text = text.join("\n");
    for words in [
        "the e-mail address that you log in with",
        "--field email=VALUE",
        "under My School",
        "--secret access_token=REFERENCE",
        "no field \"mail\"",
        "vendor/session knows: email",
        "no secret \"key\"",
        "cannot be used: it uses http",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_name_in_the_wrong_place_is_said_first_and_its_value_never() {
    let kind = &common::bundle().connections["session"];
    for (field, secret, wanted) in [
        ("emial", None, "there is no field \"emial\"; did you mean \"email\"?"),
        ("password", None, "\"password\" is a secret: give it as --secret password=env:NAME"),
        (
            "pasword",
            None,
            "there is no field \"pasword\"; did you mean the secret \"password\"? Then give it as --secret password=env:NAME",
        ),
        ("email", Some("email"), "\"email\" is a field: give it as --field email=VALUE"),
        ("email", Some("acess_token"), "there is no secret \"acess_token\"; did you mean \"access_token\"?"),
    ] {
        let mut wrong = connection("session");
        wrong.fields.clear();
        wrong.secrets.clear();
        wrong.fields.insert(field.into(), "hunter2".into());
        wrong.secrets.extend(secret.map(|name| (name.to_owned(), Reference::Env("HUNTER2".into()))));
        let complaints = wrong.check(kind, "vendor/session").unwrap_err();
        assert_eq!(complaints[0].message, wanted);
        assert!(!format!("{complaints:?}").to_lowercase().contains("hunter2"));
    }
}
