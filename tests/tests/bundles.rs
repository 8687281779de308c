//! The project's own bundles: each is built in, has nothing that `presetter check` complains of, and passes its tests; and those
//! of Jamf Pro and Okta do against a server what their cassettes say.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;

use mosyle_standin::Oddities;
use presetter_bundle::Bundle;
use presetter_tests::{Ended, Stage, root};
use serde_json::{Value, json};
use vendor_standins::{JAMF_PASSWORD, JAMF_USERNAME, OKTA_TOKEN, StandIn, Switches, Vendor};

/// The names of the folders in `presets`.
fn bundles() -> Vec<String> {
    let folders = fs::read_dir(root().join("presets")).unwrap().map(Result::unwrap);
    let folders = folders.filter(|entry| entry.file_type().unwrap().is_dir());
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_bundle_is_built_in() {
    assert_eq!(Bundle::built_in_names(), bundles());
}

#[test]
fn every_bundle_is_checked_without_a_warning_and_passes_its_tests() {
    let stage = Stage::new(Oddities::default());
    for name in bundles() {
        done(stage.run(&format!("presetter check ./presets/{name} --deny-warnings")));
        let tested = done(stage.run(&format!("presetter test ./presets/{name} --coverage --format json"))).out;
        let tested: Value = serde_json::from_str(&tested).unwrap();
        assert_eq!(tested["coverage"]["missed"], json!([]), "{name}: decisions that no case comes to");
        assert_eq!(tested["untested"], json!([]), "{name}: presets without a case");
    }
}

#[test]
fn a_user_of_jamf_pro_is_created_found_changed_and_listed_in_one_session() {
    let standin = StandIn::start(Vendor::Jamf, Switches::default()).unwrap();
    standin.seed(2);
    let stage = jamf(&standin);
    let created =
        run(&stage, r#"jamf/create-user --set username=sarah --set realname='Sarah "O" Brien' --set phone=555-0199"#);
    let id = created["outputs"]["user_id"].as_str().unwrap();
    run(&stage, &format!("jamf/update-user --set user_id={id} --set position=Head --confirm"));
    let found = run(&stage, "jamf/find-user --set username=SARAH");
    let wanted = json!({ "realname": "Sarah \"O\" Brien", "phone": "555-0199", "position": "Head" });
    for (name, value) in wanted.as_object().unwrap() {
        assert_eq!(&found["outputs"][name], value, "{name}: what was not given stayed as it was");
    }
    assert_eq!(run(&stage, &format!("jamf/get-user --set user_id={id}"))["outputs"], found["outputs"]);
    assert_eq!(rows(&stage, "jamf/users"), 3);
    assert_eq!(logins(&standin), 1, "the session is kept from run to run");
}

#[test]
fn a_session_of_jamf_pro_that_ends_is_opened_again() {
    let standin = StandIn::start(Vendor::Jamf, Switches { token_uses: Some(2), ..Switches::default() }).unwrap();
    standin.seed(5);
    let stage = jamf(&standin);
    done(stage.run("presetter connection set own --setting page_size=1"));
    assert_eq!(rows(&stage, "jamf/users"), 5);
    let refused = standin.log().iter().filter(|logged| logged.status == 401).count();
    assert_eq!((refused, logins(&standin)), (2, 3), "six pages, two calls a token");
}

#[test]
fn users_of_okta_are_created_once_and_listed_page_by_page() {
    let standin = StandIn::start(Vendor::Okta, Switches { unanswered_writes: 1, ..Switches::default() }).unwrap();
    standin.seed(4);
    let stage = okta(&standin);
    let create = "okta/create-user --set login=tom@example.com --set email=tom@example.com --set first_name=Tom --set last_name=Lu";
    assert_eq!(stage.run(&format!("presetter run {create}")).exit, 7, "no answer came");
    run(&stage, &format!("{create} --confirm"));
    let writes = standin.log().iter().filter(|logged| logged.method == "POST").count();
    assert_eq!(writes, 1, "what is there already is not created again");

    done(stage.run("presetter connection set own --setting page_size=2"));
    assert_eq!(rows(&stage, "okta/users"), 5);
    let targets: Vec<String> = standin.log().into_iter().map(|logged| logged.target).collect();
    let pages: Vec<&str> =
        targets.iter().filter_map(|target| target.split_once("?limit=2")).map(|(_, after)| after).collect();
    assert_eq!(pages, ["", "&after=00u00000000000000002", "&after=00u00000000000000004"]);
}

/// A stage with the connection `own` to a stand-in.
fn jamf(standin: &StandIn) -> Stage {
    connected(standin, "jamf/account", &format!("--field username={JAMF_USERNAME} --secret password=env:JAMF_PASSWORD"))
}

/// The same for Okta.
fn okta(standin: &StandIn) -> Stage {
    connected(standin, "okta/api-token", "--secret api_token=env:OKTA_TOKEN")
}

fn connected(standin: &StandIn, kind: &str, credentials: &str) -> Stage {
    let mut stage = Stage::new(Oddities::default());
    for (name, value) in [("JAMF_PASSWORD", JAMF_PASSWORD), ("OKTA_TOKEN", OKTA_TOKEN)] {
        stage.env.push((name.into(), value.into()));
    }
    let url = standin.url();
    done(
        stage
            .run(&format!("presetter connection add own --kind {kind} --base-url {url} --allow-private {credentials}")),
    );
    stage
}

/// Runs a preset, and gives the object that it ends with.
fn run(stage: &Stage, line: &str) -> Value {
    let out = done(stage.run(&format!("presetter run {line} --format json -vv"))).out;
    serde_json::from_str(out.lines().last().unwrap()).unwrap()
}

/// Runs a preset that lists, and counts its rows.
fn rows(stage: &Stage, line: &str) -> usize {
    done(stage.run(&format!("presetter run {line} --format json"))).out.lines().count() - 1
}

fn logins(standin: &StandIn) -> usize {
    let log = standin.log();
    log.iter().filter(|logged| logged.target == "/api/v1/auth/token" && logged.status == 200).count()
}

/// What ended well, and told no secret.
fn done(ended: Ended) -> Ended {
    assert_eq!(ended.exit, 0, "{}\n{}", ended.out, ended.err);
    for secret in [JAMF_PASSWORD, OKTA_TOKEN, "not-a-real-token"] {
        assert!(!ended.out.contains(secret) && !ended.err.contains(secret), "{secret} is told");
    }
    ended
}
