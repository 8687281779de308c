//! Hostile bundles under the real program: exit codes, what a person is told, and that nothing steers the terminal.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use mosyle_standin::{EMAIL, Oddities};
use presetter_tests::{Ended, SESSION, Server, Stage, secrets, write_bundle};

/// A stage with the hostile bundle, and a connection to a server for it.
fn stage(server: &Server) -> Stage {
    let stage = Stage::new(Oddities::default());
    write_bundle(&stage.folder().join("hostile"));
    let line = format!(
        "presetter connection add h --kind ./hostile/session --base-url {} --allow-private --field email={EMAIL} \
         --secret password=env:MOSYLE_PASSWORD --secret access_token=env:MOSYLE_TOKEN --limit guest_time=300ms",
        server.url()
    );
    let ended = stage.run(&line);
    assert_eq!(ended.exit, 0, "{}", ended.err);
    stage
}

fn run(stage: &Stage, exit: i32, preset: &str) -> Ended {
    let ended = stage.run(&format!("presetter run ./hostile/{preset} -c h"));
    assert_eq!(ended.exit, exit, "{preset}\n{}\n{}", ended.out, ended.err);
    ended
}

#[test]
fn an_endless_component_ends_with_the_code_of_limits() {
    let server = Server::start();
    let stage = stage(&server);
    let ended = run(&stage, 5, "endless-loop");
    assert!(ended.err.contains("the limit \"guest_time\" (300ms)"), "{}", ended.err);
    assert!(ended.err.contains("presetter connection set h --limit guest_time=600ms"), "{}", ended.err);
    run(&stage, 7, "write-then-spin --set first=write-lost");
    run(&stage, 5, "write-then-spin --set first=write");
    run(&stage, 5, "odd-headers");
    run(&stage, 0, "well-behaved");
}

#[test]
fn nothing_of_a_component_steers_the_terminal() {
    let server = Server::start();
    let stage = stage(&server);
    for format in ["json", "table"] {
        let ended = run(&stage, 1, &format!("steering -vv --format {format}"));
        assert!(ended.err.contains("?[31m") || ended.err.contains("owned"), "it was shown: {}", ended.err);
        for shown in [&ended.out, &ended.err] {
            let steers = |c: &char| c.is_control() && !"\n\t".contains(*c) || "\u{202e}\u{2066}".contains(*c);
            assert_eq!(shown.chars().find(steers), None, "{format}: {shown:?}");
        }
    }
}

#[test]
fn no_secret_is_shown_or_kept_whatever_a_component_does() {
    let server = Server::start();
    let stage = stage(&server);
    let search = secrets([SESSION.to_owned()]);
    for (exit, preset) in [(1, "echo-passer"), (0, "piecemeal"), (5, "side-doors"), (0, "marker-forger")] {
        for format in ["json", "table", "raw"] {
            let map = r#"--map all='{{response}}' --map headers='{{response_headers}}'"#;
            let map = if ["echo-passer", "piecemeal"].contains(&preset) && exit == 0 { map } else { "" };
            let ended = run(&stage, exit, &format!("{preset} -vv --format {format} {map}"));
            for shown in [&ended.out, &ended.err] {
                assert_eq!(search.found(shown.as_bytes()), None, "{preset} {format}");
            }
        }
    }
    let (files, found) = search.found_below(&stage.home());
    assert!(files > 3 && found.is_none(), "{files} files: {found:?}");
}
