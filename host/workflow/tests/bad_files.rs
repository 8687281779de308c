//! A mistake in a workflow's file is told once, at its place, with what to do; a file without one is told nothing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use presetter_journal::seam::Probe;
use presetter_manifest::{Diagnostics, Preset, suggest};
use presetter_records::{Cause, FieldsFile, Object, Records, Undeclared};
use presetter_workflow::{
    Call, Called, Catalogue, ConnectionInfo, ENDING, Mappings, PresetInfo, Presets, RowSink, Trouble, Workflow,
    validate,
};
use serde_json::Value;

const PRESETS: [(&str, &str); 4] = [
    (
        "mosyle/create-user",
        r#"
        title = "Create user"
        effect = "create"
        repeat = "probe"
        [inputs]
        user_id = { type = "string", required = true }
        name = { type = "string", required = true }
        type = { type = "string", required = true, enum = ["ADMIN", "GROUP_ADMIN", "ENDUSER"] }
        email = { type = "string" }
        welcome_email = { type = "integer", enum = [0, 1] }
        [outputs]
        mosyle_user_id = "{{optional response.iduser}}"
        "#,
    ),
    (
        "mosyle/update-user",
        r#"
        title = "Update user"
        effect = "update"
        repeat = "natural"
        needs_one_of = ["name", "email", "type"]
        [inputs]
        mosyle_user_id = { type = "string", required = true }
        name = { type = "string" }
        email = { type = "string" }
        type = { type = "string", enum = ["ADMIN", "GROUP_ADMIN", "ENDUSER"] }
        [outputs]
        mosyle_user_id = "{{mosyle_user_id}}"
        "#,
    ),
    (
        "mosyle/users",
        r#"
        title = "List users"
        effect = "read"
        [rows]
        mosyle_user_id = "{{item.iduser}}"
        email = "{{optional item.email}}"
        role = "{{optional item.type}}"
        [rows_when]
        active = "!item.is_removed"
        "#,
    ),
    (
        "mosyle/user-role",
        r#"
        title = "User role"
        effect = "read"
        needs_one_of = ["email", "mosyle_user_id"]
        [inputs]
        email = { type = "string" }
        mosyle_user_id = { type = "string" }
        [outputs]
        role = "{{item.type}}"
        mosyle_user_id = "{{item.iduser}}"
        "#,
    ),
];

const FIELDS: &str = r#"
[users.mosyle_user_id]
type = "short_text"
[users.vendor_type]
type = "short_text"
[users.answer]
type = "long_text"
[users.notes]
type = "long_text"
[users.desk]
type = "number"
[users.shirt]
type = "dropdown"
options = ["S", "M", "L"]
"#;

/// A connection `m`, and one that `asks` a person for a secret.
struct Fake;

#[async_trait]
impl Presets for Fake {
    fn describe(&self, preset: &str) -> Result<PresetInfo, Trouble> {
        let Some((name, manifest)) = PRESETS.iter().find(|(name, _)| *name == preset) else {
            let message = format!("there is no preset {preset}");
            return Err(Trouble { message, hint: suggest(preset, &PRESETS.map(|(name, _)| name)) });
        };
        let manifest: Preset = toml::from_str(manifest).unwrap();
        let manifest = Arc::new(manifest);
        Ok(PresetInfo {
            name: (*name).to_owned(),
            manifest,
            digest: "d".to_owned(),
            any_output: false,
            overridden: false,
        })
    }

    fn connection(&self, _: &str, connection: &str) -> Result<ConnectionInfo, Trouble> {
        match connection {
            "m" | "asks" => Ok(ConnectionInfo { prompts: connection == "asks" }),
            other => {
                let message = format!("there is no connection {other}");
                Err(Trouble { message, hint: suggest(other, &["m", "asks"]) })
            }
        }
    }

    async fn call(&self, _: &Call, _: Arc<dyn RowSink>) -> Called {
        Called::failed("", "")
    }

    async fn probe(&self, _: &Call) -> Probe {
        Probe::Undecided(String::new())
    }

    async fn post(&self, _: &str, _: bool, _: &str, _: &Value) -> Result<u16, presetter_journal::seam::Failure> {
        Ok(200)
    }
}

/// All that is said about one file.
fn told(records: &Records, path: &Path) -> Diagnostics {
    let source = std::fs::read_to_string(path).unwrap();
    let file = path.file_name().unwrap().to_str().unwrap();
    let workflow = match Workflow::parse(file.strip_suffix(ENDING).unwrap(), file, &source) {
        Ok(workflow) => workflow,
        Err(told) => return told,
    };
    let catalogue = Catalogue {
        presets: &Fake,
        users: records.fields(Object::Users).unwrap(),
        saas_users: records.fields(Object::SaasUsers).unwrap(),
        mappings: &Mappings::default(),
        now: "2026-11-01T00:00:00Z".parse().unwrap(),
    };
    let problems = validate(&workflow, &catalogue).into_iter().map(|found| found.problem).collect();
    Diagnostics::of(file, &source, problems)
}

/// The workflows of a folder, in order.
fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(ENDING))
        .collect();
    files.sort();
    files
}

fn records(folder: &tempfile::TempDir) -> Records {
    let mut records = Records::open(&folder.path().join("records.db")).unwrap();
    let fields = FieldsFile::parse("fields.toml", FIELDS).unwrap();
    records.declare(&fields.declarations, Undeclared::Keep, &Cause::fields("ada")).unwrap();
    records
}

/// With `PRESETTER_GOLDENS=update` in the environment the expected messages are written anew.
#[test]
fn every_mistake_is_told_once_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let records = records(&folder);
    let update = std::env::var("PRESETTER_GOLDENS").is_ok_and(|value| value == "update");
    let files = files("bad");
    assert!(files.len() >= 40, "only {} files", files.len());
    let mut wrong = Vec::new();
    for path in &files {
        let file = path.file_name().unwrap().to_str().unwrap();
        let told = told(&records, path);
        let text = format!("{}\n", told.render(false));
        let golden = path.with_file_name(format!("{}.err", file.strip_suffix(ENDING).unwrap()));
        if update {
            std::fs::write(&golden, &text).unwrap();
        }
        let [one] = told.0.as_slice() else {
            wrong.push(format!("{file}: {} messages\n{text}", told.0.len()));
            continue;
        };
        let (line, column) = one.position();
        if !text.contains(&format!("{file}:{line}:{column}")) {
            wrong.push(format!("{file}: no line and column\n{text}"));
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default().replace("\r\n", "\n");
        if text != expected {
            wrong.push(format!("{file}: expected\n{expected}and got\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// No expected message is left of a file that is gone.
#[test]
fn every_message_has_its_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "err") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert!(path.with_file_name(format!("{name}{ENDING}")).exists(), "{name}");
        }
    }
}

#[test]
fn a_file_without_a_mistake_is_told_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let records = records(&folder);
    let files = files("good");
    assert!(files.len() >= 4, "only {} files", files.len());
    for path in &files {
        let told = told(&records, path);
        assert!(told.0.is_empty(), "{}", told.render(false));
    }
}
