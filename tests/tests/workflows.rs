//! Workflows as their users know them: from an empty directory, by the command line only.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;

use mosyle_standin::{Oddities, User};
use presetter_tests::Stage;
use serde_json::Value;

/// An organisation: staff, three of whom have an account; a fourth account belongs to nobody here.
fn organisation() -> Stage {
    let stage = Stage::new(Oddities::default());
    for (id, email) in
        [("u1", "ann@example.com"), ("u2", "BOB@example.com"), ("u3", "cy@example.com"), ("u4", "x@else.example")]
    {
        stage.server().add_user(User {
            iduser: id.into(),
            name: format!("Vendor {id}"),
            kind: "ENDUSER".into(),
            identifier: email.into(),
            email: email.into(),
            ..User::default()
        });
    }
    stage.connect("m", "mosyle/session");
    let staff = "E-mail;name;title\nann@example.com;Ann;Head\nbob@example.com;Bob;\ncy@example.com;Cy;\ndee@example.com;\"Dee \"\"D\"\" O'Hara\";\n";
    write(&stage, "staff.csv", &format!("\u{feff}{staff}"));
    let fields = "[users.mosyle_user_id]\ntype = \"short_text\"\n[users.mosyle_role]\ntype = \"short_text\"\n\
                  [users.api_response]\ntype = \"long_text\"\n";
    write(&stage, "fields.toml", fields);
    stage.does("presetter records fields --declare fields.toml");
    stage.does("presetter records import users staff.csv --column email=E-mail");
    workflow(&stage, "mappings.toml", "[users.mosyle_user_id]\nintegration = \"mosyle\"\n");
    stage
}

fn write(stage: &Stage, name: &str, text: &str) {
    fs::write(stage.folder().join(name), text).unwrap();
}

/// Writes a file into the folder of workflows.
fn workflow(stage: &Stage, name: &str, text: &str) {
    let folder = stage.home().join("config/workflows");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(name);
    fs::write(&file, text).unwrap();
    private(&file);
}

/// A file that others may change is not used.
fn private(file: &std::path::Path) {
    #[cfg(unix)]
    fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

/// The records of an object, by e-mail address.
fn record(stage: &Stage, object: &str, email: &str) -> Value {
    let listed = stage.does(&format!("presetter records list {object} --all --format json"));
    let mut all = listed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.find(|record| record["email"] == email).unwrap_or_else(|| panic!("no {email} in {listed}"))
}

const CREATE: &str = r#"
title = "Create missing users"
object = "users"
[begin]
on = ["manual", "new"]
rules = { all = ["mosyle_user_id is empty"] }
[[block]]
name = "create"
type = "api"
preset = "mosyle/create-user"
connection = "m"
inputs = { user_id = "{{record.email}}", name = "{{record.name}}", type = "ENDUSER", email = "{{record.email}}" }
[block.success]
fields = { mosyle_user_id = "{{outputs.mosyle_user_id}}" }
"#;

const UPDATE: &str = r#"
title = "Keep names in step"
object = "users"
[begin]
on = ["edited"]
fields = ["name"]
rules = { all = ["mosyle_user_id is not empty"] }
[[block]]
name = "update"
type = "api"
preset = "mosyle/update-user"
connection = "m"
inputs = { mosyle_user_id = "{{record.mosyle_user_id}}", name = "{{record.name}}" }
"#;

const DETAILS: &str = r#"
title = "Details by e-mail"
object = "users"
[begin]
on = ["manual"]
[[block]]
name = "details"
type = "api"
preset = "mosyle/user-by-email"
connection = "m"
inputs = { email = "{{record.email}}" }
[block.success]
fields = { api_response = "{{response}}", mosyle_role = "{{response.response[0].users[0].type}}" }
"#;

const BY_ID: &str = r#"
title = "Details by id"
object = "users"
[begin]
on = ["manual"]
[[block]]
name = "details"
type = "api"
preset = "mosyle/user-by-id"
connection = "m"
inputs = { mosyle_user_id = "{{record.mosyle_user_id}}" }
success = { variables = { name = "{{response.response[0].users[0].name}}" } }
[[block]]
name = "keep"
type = "update"
fields = { mosyle_role = "known as {{variables.name}}" }
"#;

const ROLES: &str = r#"
title = "Roles of Mosyle"
object = "saas_users"
[begin]
on = ["schedule", "manual"]
cron = "0 6 * * *"
zone = "Europe/Berlin"
[[block]]
name = "roles"
type = "role"
preset = "mosyle/users"
connection = "m"
software = "mosyle"
match = { mosyle_user_id = "external_id" }
role = "role"
deactivate_user = true
"#;

#[test]
fn the_five_scenarios() {
    let stage = organisation();

    // Sync: ids come to those who have an account; nobody is made up.
    stage.does("presetter sync mosyle --new --preset mosyle/users -c m");
    let dry = stage.ends(0, "presetter sync mosyle --dry-run");
    assert!(dry.err.contains("users: 0 would be created, 3 would be updated"), "{}", dry.err);
    assert!(dry.err.contains("saas_users: 4 would be created"), "{}", dry.err);
    assert_eq!(record(&stage, "users", "ann@example.com")["mosyle_user_id"], Value::Null, "nothing was changed");
    let synced = stage.ends(0, "presetter sync mosyle");
    assert!(synced.err.contains("3 saas_users were connected with their user"), "{}", synced.err);
    assert_eq!(record(&stage, "users", "bob@example.com")["mosyle_user_id"], "u2");
    let again = stage.ends(0, "presetter sync mosyle");
    assert!(again.err.contains("users: 0 created, 0 updated, 3 unchanged"), "{}", again.err);

    // Create who is missing.
    workflow(&stage, "create.workflow.toml", CREATE);
    let preview = stage.does("presetter workflow preview create");
    assert!(preview.contains("dee@example.com") && !preview.contains("ann@"), "{preview}");
    let plan = stage.does("presetter workflow plan create");
    assert!(plan.contains("create: mosyle/create-user") && plan.contains("dee@example.com"), "{plan}");
    assert_eq!(stage.server().users().len(), 4, "a plan writes nothing");
    stage.does("presetter workflow run create");
    let made: Vec<User> =
        stage.server().users().into_iter().filter(|user| user.identifier == "dee@example.com").collect();
    assert_eq!((made.len(), made[0].name.as_str()), (1, "Dee \"D\" O'Hara"));
    assert_eq!(record(&stage, "users", "dee@example.com")["mosyle_user_id"], made[0].iduser);
    stage.does("presetter workflow run create");
    assert_eq!(stage.server().users().len(), 5, "nobody is missing any more");

    // Who is there already, though the record does not know it, is found by the look before the write.
    workflow(
        &stage,
        "create.workflow.toml",
        &CREATE.replace("connection = \"m\"", "connection = \"m\"\nconfirm = true"),
    );
    stage.does("presetter records set dee@example.com mosyle_user_id=");
    stage.does("presetter workflow run create");
    assert_eq!(stage.server().users().len(), 5, "nobody is created twice");
    assert_eq!(record(&stage, "users", "dee@example.com")["mosyle_user_id"], made[0].iduser);

    // Update one when it is edited; the daemon sees it.
    workflow(&stage, "update.workflow.toml", UPDATE);
    stage.does("presetter workflow activate update");
    stage.does("presetter records set ann@example.com name='Ann Lee'");
    let daemon = daemon::Daemon::start(&stage);
    daemon.wait_for("run ended");
    daemon.stop();
    let ann = stage.server().users().into_iter().find(|user| user.iduser == "u1").unwrap();
    assert_eq!(ann.name, "Ann Lee");

    // Details, by e-mail and by id.
    workflow(&stage, "details.workflow.toml", DETAILS);
    workflow(&stage, "by-id.workflow.toml", BY_ID);
    stage.does("presetter workflow run details");
    let ann = record(&stage, "users", "ann@example.com");
    let kept: Value = serde_json::from_str(ann["api_response"].as_str().unwrap()).unwrap();
    let users = kept["response"][0]["users"].as_array().unwrap();
    assert_eq!((users.len(), &users[0]["iduser"], &ann["mosyle_role"]), (1, &"u1".into(), &"ENDUSER".into()));
    stage.does("presetter workflow run by-id --record u-1");
    assert_eq!(record(&stage, "users", "ann@example.com")["mosyle_role"], "known as Ann Lee");

    // Roles, and the one who left.
    workflow(&stage, "roles.workflow.toml", ROLES);
    assert!(stage.server().remove_user("u3"));
    let plan = stage.ends(0, "presetter workflow plan roles");
    assert!(
        plan.out.contains("cy@example.com: deactivated") && plan.err.contains("1 would be deactivated"),
        "{plan:?}"
    );
    stage.does("presetter workflow run roles");
    let cy = record(&stage, "saas_users", "cy@example.com");
    assert_eq!((&cy["state"], &cy["active"]), (&"archived".into(), &false.into()));
    let list = stage.does("presetter saas users mosyle --inactive --format csv");
    assert!(list.lines().count() == 2 && list.contains("cy@example.com") && list.contains(",roles"), "{list}");
    let summary = stage.does("presetter saas summary mosyle --format json");
    assert!(summary.contains("\"inactive\":1") && summary.contains("\"never_checked\":0"), "{summary}");

    // Why? And back.
    let why = stage.does("presetter history cy@example.com");
    for part in [
        "archived by workflow roles",
        "not_found: in neither of two complete scans",
        "activated by: operator",
        "receipt: ",
        "workflow: sha256:",
    ] {
        assert!(why.contains(part), "{part}\n{why}");
    }
    let id = cy["id"].as_str().unwrap().to_owned();
    stage.does(&format!("presetter saas reactivate {id} --reason 'on leave'"));
    assert_eq!(record(&stage, "saas_users", "cy@example.com")["state"], "active");
    assert!(stage.does("presetter history cy@example.com").contains("reason: on leave"));
}

#[test]
fn a_server_that_begins_to_answer_empty_lists_deactivates_nobody() {
    let stage = organisation();
    stage.does("presetter sync mosyle --new --preset mosyle/users -c m");
    stage.does("presetter sync mosyle");
    workflow(&stage, "roles.workflow.toml", ROLES);
    let before = stage.does("presetter records list saas_users --all --format json");
    // A listing takes a page with everybody and an empty one after it. So: at once, in the middle of the first listing when its rows
    // are there already, and between the two listings when somebody seems to be gone.
    assert!(stage.server().remove_user("u3"));
    for lists in 0..=3 {
        stage.server().set_oddities(Oddities {
            lists_before_empty: Some(lists),
            page_size_max: 2,
            ..Oddities::default()
        });
        let ended = stage.run("presetter workflow run roles");
        let after = stage.does("presetter records list saas_users --all --format json");
        assert_eq!(after, before, "{lists} lists: {ended:?}");
        assert_ne!(ended.exit, 0, "{lists} lists: {ended:?}");
        assert!(ended.err.contains("no record was changed") || ended.err.contains("waits"), "{lists}: {ended:?}");
    }
    for oddities in [
        Oddities { forbid_all: true, ..Oddities::default() },
        Oddities { server_errors: 1_000, ..Oddities::default() },
        Oddities { repeat_pages: true, page_size_max: 2, ..Oddities::default() },
    ] {
        stage.server().set_oddities(oddities.clone());
        let ended = stage.run("presetter workflow run roles");
        assert_ne!(ended.exit, 0, "{oddities:?}: {ended:?}");
        assert!(ended.err.contains("no record was changed"), "{oddities:?}: {ended:?}");
        assert_eq!(stage.does("presetter records list saas_users --all --format json"), before);
    }
}

#[test]
fn a_workflow_is_tested_offline_against_what_was_recorded() {
    let mut stage = organisation();
    workflow(&stage, "create.workflow.toml", CREATE);
    let cassette = stage.home().join("config/workflows/tests/create/create.har");
    fs::create_dir_all(cassette.parent().unwrap()).unwrap();
    let values = "--set user_id=eve@example.com --set name=Eve --set type=ENDUSER --set email=eve@example.com";
    stage.does(&format!("presetter run mosyle/create-user -c m {values} --record {}", cassette.display()));
    stage.stop_server();
    let case = |expected: &str| {
        format!(
            "title = \"Who is missing is created\"\ncassettes = [\"create.har\"]\n\
             connections = {{ m = {{ kind = \"mosyle/session\", fields = {{ email = \"{}\" }} }} }}\n\
             users = [{{ email = \"eve@example.com\", name = \"Eve\" }}, {{ email = \"old@example.com\", mosyle_user_id = \"u1\" }}]\n\
             [expect]\nruns = {{ done = 1 }}\ncalls = [\"mosyle/create-user\"]\n\
             users = [{{ email = \"eve@example.com\", mosyle_user_id = \"{expected}\" }}]\n",
            mosyle_standin::EMAIL
        )
    };
    workflow(&stage, "tests/create/missing.toml", &case("u1001"));
    let passed = stage.ends(0, "presetter workflow test create");
    assert!(passed.out.contains("passed  create/missing: Who is missing is created"), "{passed:?}");
    workflow(&stage, "tests/create/missing.toml", &case("u9"));
    let failed = stage.ends(1, "presetter workflow test create");
    assert!(failed.out.contains("mosyle_user_id: expected \"u9\", and it is \"u1001\""), "{failed:?}");
    let records = stage.does("presetter records list users --format json");
    assert_eq!(records.lines().count(), 4, "the operator's records are not touched");
}

#[test]
fn a_webhook_is_called_where_the_operator_allows_it_and_its_address_is_kept_nowhere() {
    let mut stage = organisation();
    let paths = [("/v1/hook-7f3a".to_owned(), mosyle_standin::Canned::default())];
    stage.server().set_oddities(Oddities { paths: paths.into(), ..Oddities::default() });
    stage.env.push(("HOOK".to_owned(), format!("http://{}/v1/hook-7f3a", stage.address())));
    let source = |allow: &str| {
        format!(
            "title = \"Tell\"\nobject = \"users\"\n[begin]\non = [\"manual\"]\n[[block]]\nname = \"tell\"\ntype = \"notify\"\n\
             url = \"env:HOOK\"\n{allow}body = '{{ \"who\": {{{{record.email}}}}, \"run\": {{{{run.id}}}} }}'\n"
        )
    };
    workflow(&stage, "tell.workflow.toml", &source(""));
    let refused = stage.ends(5, "presetter workflow run tell --record u-4");
    assert!(refused.err.contains("allow_private = true"), "{refused:?}");
    assert_eq!(stage.server().requests_to("/v1/hook-7f3a"), 0);

    workflow(&stage, "tell.workflow.toml", &source("allow_private = true\n"));
    let told = stage.ends(0, "presetter workflow run tell --record u-4");
    let heard: Vec<_> = stage.server().log().into_iter().filter(|call| call.path == "/v1/hook-7f3a").collect();
    assert_eq!((heard.len(), heard[0].json().unwrap()["who"].as_str()), (1, Some("dee@example.com")));
    assert_eq!(heard[0].header("idempotency-key").map(str::len), Some(32));
    for printed in [refused, told] {
        assert!(!format!("{printed:?}").contains("hook-7f3a"), "{printed:?}");
    }
    for file in ["journal.db", "journal.db-wal", "records.db", "workflows.db"] {
        let kept = fs::read(stage.home().join("data").join(file)).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&kept).contains("hook-7f3a"), "{file}");
    }
}

#[path = "workflows/daemon.rs"]
mod daemon;
#[path = "workflows/killed.rs"]
mod killed;
