//! One run, from the start of a process to its end.

use crate::kit::{Got, Took};
use crate::rounds::{COMPUTING, Contender, PEAK, TIME, rounds};
use crate::stage::Stage;
use crate::table::{Section, Wanted};

const USER: &str = r#"{"operation":"create_user","user_id":"e1","name":"Sarah \"O\" Brien","type":"ENDUSER"}"#;

/// A login and a create; a create alone; and a process that only starts.
pub(crate) fn cold(stage: &Stage<'_>) -> Vec<Section> {
    let count = stage.kit.of(100, 10);
    let figures = [TIME, COMPUTING, PEAK];
    let mut both = Section::new("One run: login and create");
    let contenders = vec![
        Contender::new("presetter", || {
            stage.forget();
            stage.kit.took(&stage.create_user()?)
        }),
        Contender::new("hurl", || hurl(stage, "cold.hurl")),
        Contender::new("curl", || curl(stage, true)),
        Contender::new("python requests", || python(stage)),
    ];
    rounds(count, contenders, &mut both, &figures);
    both.ratio("time", "presetter", "hurl", Some(Wanted::AtMost(1.0)));
    both.ratio("time", "presetter", "curl", Some(Wanted::AtMost(1.5)));
    both.ratio("time", "presetter", "python requests", None);

    let mut create = Section::new("One run: create, with the session of an earlier run");
    let contenders = vec![
        Contender::new("presetter", || stage.kit.took(&stage.create_user()?)),
        Contender::new("presetter, installed recipe", || stage.kit.took(&stage.create_by("create")?)),
        Contender::new("presetter, installed script", || stage.kit.took(&stage.create_by("create-by-script")?)),
        Contender::new("hurl", || hurl(stage, "create.hurl")),
        Contender::new("curl", || curl(stage, false)),
    ];
    rounds(count, contenders, &mut create, &figures);
    for who in ["presetter", "presetter, installed recipe", "presetter, installed script"] {
        create.ratio("time", who, "hurl", None);
        create.ratio("time", who, "curl", None);
    }

    let mut start = Section::new("`--version`");
    let version = |tool: &'static str| move || stage.kit.took(&stage.kit.command(tool, ["--version"])?);
    let contenders = ["presetter", "hurl", "curl"].map(|tool| Contender::new(tool, version(tool))).into();
    rounds(count, contenders, &mut start, &figures);
    start.ratio("time", "presetter", "hurl", Some(Wanted::AtMost(0.7)));
    vec![both, create, start]
}

fn hurl(stage: &Stage<'_>, file: &str) -> Got<Took> {
    let file = stage.kit.inputs.join(file).display().to_string();
    let url = format!("url={}", stage.fast.url());
    let variables = ["--variable", &url, "--variable", "access_token=access-token", "--variable", "password=password"];
    stage.kit.took(&stage.kit.command("hurl", [&variables[..], &[&file]].concat())?)
}

/// One process for all requests: it cannot take the token from the first answer, so it is given.
fn curl(stage: &Stage<'_>, login: bool) -> Got<Took> {
    let (to_login, to_users) = (format!("{}/login", stage.fast.url()), format!("{}/users", stage.fast.url()));
    let json = ["--silent", "--show-error", "--fail", "-H", "Content-Type: application/json", "-H"];
    let first = ["accessToken: access-token", "-d", r#"{"email":"api@example.com","password":"password"}"#, &to_login];
    let second =
        ["accessToken: access-token", "-H", "Authorization: Bearer session-token", "-d", USER, to_users.as_str()];
    let mut arguments: Vec<&str> = Vec::new();
    if login {
        arguments.extend(json.iter().chain(&first).chain(&["--next"]));
    }
    arguments.extend(json.iter().chain(&second));
    stage.kit.took(&stage.kit.command("curl", arguments)?)
}

fn python(stage: &Stage<'_>) -> Got<Took> {
    let program = stage.kit.inputs.join("loop.py").display().to_string();
    stage.kit.took(&stage.kit.command("python", [&program, "login", &stage.fast.url()])?)
}
