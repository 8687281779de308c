//! `presetter demo`: the whole story, against the stand-in server that is linked in.
//!
//! Owns: the story. Keeps: every command is parsed and followed by the program's own code, as a person would type it; each
//! step is checked, also on the server's side, and the demo ends with 0 only if all went as it says. All state is in a folder
//! that is gone afterwards.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;

use mosyle_standin::{Oddities, StandIn};
use presetter_connection::Surroundings;
use presetter_secret::{Redactor, Secret};
use serde_json::Value;

use crate::console::{Paint, painted};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

mod stage;

use stage::Stage;

/// The variables that the demo's connection refers to.
const VARIABLES: [(&str, &str); 2] =
    [("MOSYLE_PASSWORD", mosyle_standin::PASSWORD), ("MOSYLE_TOKEN", mosyle_standin::ACCESS_TOKEN)];

/// A bundle that asks for more than it declares, as a stranger's might.
const GREEDY: &str = r#"name = "greedy"
version = "1.0.0"
contract = "0.1"
title = "Greedy"

[[grants]]
methods = ["GET"]
paths = ["weather"]

[connections.open]
title = "No credentials"
auth = "none"
"#;
const GREEDY_PRESET: &str = r#"title = "Says weather, reads devices"
effect = "read"

[request]
method = "GET"
path = ["devices"]
"#;

/// A template that adds a field to the preset's body.
const BODY: &str = r#"{
  "operation": "create_user",
  "user_id": {{user_id}},
  "name": <<name>>,
  "type": {{type}},
  "email": "{{user_id}}@example.com"
}
"#;

/// Tells the story.
pub(crate) async fn demo(outer: &World) -> Result<Exit, Failure> {
    let broken = |e: std::io::Error| Failure::new(Exit::Internal, format!("the demo cannot be set up: {e}"));
    let home = tempfile::Builder::new().prefix("presetter-demo-").tempdir().map_err(broken)?;
    // This server ignores filters, as Mosyle's may: presets must be right all the same.
    let server = StandIn::start(Oddities { honour_filters: false, ..Oddities::default() }).await.map_err(broken)?;
    server.state().seed(120);
    let mut stage = Stage::new(outer, home.path(), Arc::new(Pocket), Redactor::new());
    let told = story(&mut stage, &server, home.path()).await;
    server.stop().await;
    told.map_err(broken)?;
    Ok(stage.end())
}

async fn story(stage: &mut Stage, server: &StandIn, home: &std::path::Path) -> std::io::Result<()> {
    let state = server.state();
    let url = server.business_url();
    let user = |name: &str| state.users().into_iter().find(|u| u.identifier == name);

    stage.say("A stand-in for Mosyle's API runs inside this program, with 120 users. Nothing leaves this machine.");

    stage.title("A connection", "Set up once. Secrets are references; no secret is written down.");
    stage.run(&format!("connection add school --kind mosyle/session --base-url {url} --allow-private --field email={} --secret password=env:MOSYLE_PASSWORD --secret access_token=env:MOSYLE_TOKEN", mosyle_standin::EMAIL), 0).await;
    stage.run("connection set school --setting page_size=50", 0).await;
    stage.run("connection test school", 0).await;

    stage.title("Create a user", "The name has quotes in it. It arrives as it is.");
    stage.run(r#"run mosyle/create-user --set user_id=e1 --set name='Sarah "O" Brien' --set type=ENDUSER --set email=sarah@example.com"#, 0).await;
    let sarah = user("e1").unwrap_or_default();
    stage.check("the server has exactly that name", sarah.name == r#"Sarah "O" Brien"#);
    let id = sarah.iduser.clone();

    stage.title("Fetch by id", "");
    stage.run(&format!("run mosyle/user-by-id --set mosyle_user_id={id}"), 0).await;
    stage.check("it found her", stage.shown("sarah@example.com"));

    stage.title("Fetch by e-mail", "She is on page 3, the server ignores the filter, and the case of letters differs.");
    stage.run("run mosyle/user-by-email --set email=SARAH@Example.com -v", 0).await;
    stage.check("it is on the last of three pages, and nobody else has that address", stage.shown("scan of 3 pages"));

    stage.title("Update with a hostile name", "A value can never change the structure around it.");
    stage.run(&format!(r#"run mosyle/update-user --set mosyle_user_id={id} --set name='x","type":"ADMIN'"#), 0).await;
    let sarah = user("e1").unwrap_or_default();
    stage.check(
        "the name is that text, and she is no ADMIN",
        sarah.name == r#"x","type":"ADMIN"# && sarah.kind == "ENDUSER",
    );

    stage.title("A user's role", "");
    stage.run("run mosyle/user-role --set email=user1@example.com", 0).await;
    stage.check("user1 is an ADMIN", stage.shown("ADMIN"));

    stage.title("A plan", "The first request exactly, secrets masked. No socket is opened.");
    let before = state.log().len();
    stage.run(r#"plan mosyle/update-user --set mosyle_user_id='1","type":"ADMIN' --set name=Sarah"#, 0).await;
    let body = stage.data().lines().find_map(|l| serde_json::from_str::<Value>(l).ok()).unwrap_or_default();
    stage.check(
        "iduser is that text, and there is no type",
        body["iduser"] == r#"1","type":"ADMIN"# && body.get("type").is_none(),
    );
    stage.check("nothing was sent", state.log().len() == before);

    stage.title("Not found", "Said only with proof: here, every page was read.");
    stage.run("run mosyle/user-by-email --set email=nobody@example.com", 4).await;

    stage.title("Denied", "A bundle reaches what it declares, and nothing else. This one tries.");
    let greedy = home.join("greedy");
    fs::create_dir_all(greedy.join("weather"))?;
    fs::write(greedy.join("bundle.toml"), GREEDY)?;
    fs::write(greedy.join("weather/preset.toml"), GREEDY_PRESET)?;
    let greedy = greedy.display();
    stage.run(&format!("connection add other --kind {greedy}/open --base-url {url} --allow-private"), 0).await;
    let before = state.log().len();
    stage.run(&format!("run {greedy}/weather"), 5).await;
    stage.run("connection set school --read-only true", 0).await;
    stage.run("run mosyle/create-user --set user_id=e2 --set name=Tom --set type=ENDUSER", 5).await;
    stage.check("nothing was sent", state.log().len() == before);
    stage.run("connection set school --read-only false", 0).await;

    stage.title("Advanced Mode: another body", "A template in place of the preset's, and one more field.");
    let file = home.join("body.hbs");
    fs::write(&file, BODY)?;
    stage.text(BODY);
    stage.run(&format!(r#"run mosyle/create-user --set user_id=e3 --set name=Ann --set type=ENDUSER --body {} --body-set /code='"A-17"'"#, file.display()), 0).await;
    let sent = state
        .log()
        .iter()
        .rev()
        .filter_map(mosyle_standin::Logged::json)
        .find(|body| body["operation"] == "create_user")
        .unwrap_or_default();
    stage.check("the server got both", sent["email"] == "e3@example.com" && sent["code"] == "A-17");

    stage.title("Advanced Mode: where the answer goes", "");
    stage.run("run mosyle/user-by-email --set email=user7@example.com --map role='{{response.response[0].users[0].type}}' --map api_response='{{response}}'", 0).await;
    stage.check(
        "the answer holds one user, and nobody else",
        stage.shown("user7@example.com") && !stage.shown("user8@example.com"),
    );

    stage.title("No answer", "The server creates the user and hangs up. Nothing is repeated blindly.");
    state.set_oddities(Oddities { honour_filters: false, hang_up_after_create: 1, ..Oddities::default() });
    let create = "run mosyle/create-user --set user_id=e4 --set name=Eve --set type=ENDUSER";
    stage.run(create, 7).await;
    stage.say("Was she created? --confirm looks before anything is sent:");
    stage.run(&format!("{create} --confirm"), 0).await;
    stage.check("she is there once", state.users().iter().filter(|u| u.identifier == "e4").count() == 1);
    stage.check("one login served all of this", state.logins() == 1);

    stage.title("Receipts", "Each run left one, in a log that shows any change.");
    stage.run("receipts verify", 0).await;
    stage.check("it is as it was written", stage.shown("no edit, no gap, no reordering"));
    Ok(())
}

/// The environment of the demo.
struct Pocket;

impl Surroundings for Pocket {
    fn var(&self, name: &str) -> Option<String> {
        HashMap::from(VARIABLES).get(name).map(|value| (*value).to_owned())
    }

    fn prompt(&self, _: &str) -> Result<Secret, String> {
        Err("nobody is asked in a demo".to_owned())
    }
}

/// A heading of the story.
fn heading(number: usize, title: &str, color: bool) -> String {
    painted(Paint::Bold, &format!("{number}. {title}"), color)
}
