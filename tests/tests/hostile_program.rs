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
         --secret password=env:MOSYLE_PASSWORD --secret access_token=env:MOSYLE_TOKEN",
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
    // Only here: what ends of itself may take its time on a busy machine.
    assert_eq!(stage.run("presetter connection set h --limit guest_time=300ms").exit, 0);
    let ended = run(&stage, 5, "endless-loop");
    assert!(ended.err.contains("the limit \"guest_time\" (300ms)"), "{}", ended.err);
    assert!(ended.err.contains("presetter connection set h --limit guest_time=600ms"), "{}", ended.err);
    run(&stage, 7, "write-then-spin --set first=write-lost");
    let ended = run(&stage, 5, "write-then-spin --set first=write");
    assert!(ended.err.contains("before that a write of this run was answered with success"), "{}", ended.err);
    assert!(ended.err.contains("look what is there before you run it again"), "{}", ended.err);
    run(&stage, 5, "odd-headers");
}

#[test]
fn a_good_component_runs_among_hostile_ones() {
    let server = Server::start();
    run(&stage(&server), 0, "well-behaved");
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

/// What happens to a run whose rows nobody takes.
#[cfg(unix)]
mod unread {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::process::{Child, ChildStdout, Command};
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    /// Long enough for any machine: a program that is still there then waits for ever.
    const FOR_EVER: Duration = Duration::from_secs(180);

    /// Starts a preset that lists rows without end, and reads the first of them.
    fn flood(stage: &Stage, limits: &str) -> (Child, BufReader<ChildStdout>) {
        let line = format!("presetter connection set h --limit guest_time=600s {limits}");
        assert_eq!(stage.run(&line).exit, 0);
        let mut child = stage.command(&["run", "./hostile/row-flood", "-c", "h", "--format", "json"]).spawn().unwrap();
        let mut out = BufReader::with_capacity(16, child.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        assert_eq!(first, "{\"row\":1}\n");
        (child, out)
    }

    fn interrupt(child: &Child) {
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    }

    /// How it ended, and what it said.
    fn ended(mut child: Child) -> (Option<i32>, String) {
        let since = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if since.elapsed() > FOR_EVER {
                child.kill().unwrap();
                panic!("it waits for ever");
            }
            thread::sleep(Duration::from_millis(20));
        }
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (child.wait().unwrap().code(), err)
    }

    #[test]
    fn a_reader_who_does_not_read_defeats_no_limit() {
        let server = Server::start();
        let stage = stage(&server);
        let (child, out) = flood(&stage, "--limit wall_time=1s");
        let (exit, err) = ended(child);
        assert_eq!(exit, Some(5), "{err}");
        assert!(err.contains("the limit \"wall_time\" (1s)"), "{err}");
        assert!(err.contains("warning: standard output is not read"), "{err}");
        // What it could still take is whole, in lines.
        assert!(out.lines().map(Result::unwrap).filter(|line| line == "{\"row\":1}").count() > 100);

        // One who goes away when the limit was hit already has not ended the run.
        let (child, out) = flood(&stage, "--limit wall_time=1s");
        let log = stage.home().join("state/receipts/000001.jsonl");
        let since = Instant::now();
        while std::fs::read_to_string(&log).unwrap().lines().count() < 4 && since.elapsed() < FOR_EVER {
            thread::sleep(Duration::from_millis(20));
        }
        drop(out);
        let (exit, err) = ended(child);
        assert_eq!(exit, Some(5), "{err}");
    }

    #[test]
    fn a_reader_who_goes_away_ends_the_run_quietly() {
        let server = Server::start();
        let stage = stage(&server);
        let (child, out) = flood(&stage, "--limit wall_time=600s");
        drop(out);
        let note = "./hostile/row-flood runs from a folder, which nobody has signed\n";
        assert_eq!(ended(child), (Some(0), note.to_owned()));
    }

    #[test]
    fn ctrl_c_is_heard_though_nobody_reads() {
        let server = Server::start();
        let stage = stage(&server);
        let (mut child, out) = flood(&stage, "--limit wall_time=600s");
        // Until the pipe takes no more: it holds 64 KiB, and a row that does not fit waits.
        let since = Instant::now();
        while rustix::io::ioctl_fionread(out.get_ref()).unwrap() < 60_000 {
            assert!(since.elapsed() < FOR_EVER, "the pipe is never full");
            thread::sleep(Duration::from_millis(5));
        }
        interrupt(&child);
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        // After the note that it is a folder which runs.
        said.read_line(&mut String::new()).unwrap();
        said.read_line(&mut first).unwrap();
        assert_eq!(first, "stopping; press Ctrl-C again to leave at once\n");
        interrupt(&child);
        child.stderr = Some(said.into_inner());
        let (exit, err) = ended(child);
        assert_eq!(exit, Some(1), "{err}");
        drop(out);
    }
}
