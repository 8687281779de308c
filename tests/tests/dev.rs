//! `presetter dev` from start to end: the program watches while files are saved in the ways of editors.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use presetter_tests::Stage;

/// A line that has not come after so long will not come any more.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program, and the lines that it prints.
struct Dev {
    child: Child,
    lines: Receiver<String>,
}

impl Dev {
    fn start(stage: &Stage, arguments: &[&str]) -> Self {
        let mut child = stage.command(arguments).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let err = child.stderr.take().unwrap();
        let (tell, lines) = channel();
        thread::spawn(move || out.lines().map_while(Result::ok).all(|line| tell.send(line).is_ok()));
        // Nobody waits for what is said here, but a full pipe would stop the program.
        thread::spawn(move || BufReader::new(err).lines().map_while(Result::ok).for_each(drop));
        Self { child, lines }
    }

    /// Reads until a line has this in it; all that was read.
    fn until(&self, part: &str) -> String {
        let mut read = String::new();
        loop {
            let line =
                self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{part:?} did not come after\n{read}"));
            read += &format!("{line}\n");
            if line.contains(part) {
                return read;
            }
        }
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Saves as many editors do: into a file beside, which then takes the place.
fn renamed(file: &Path, text: &str) {
    let beside = file.with_file_name(".saving");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, file).unwrap();
}

#[test]
fn what_is_saved_is_looked_at() {
    let stage = Stage::new(Default::default());
    assert_eq!(stage.run("presetter new acme").exit, 0);
    let file = |name: &str| stage.folder().join("acme").join(name);
    let (bundle, preset) = (file("bundle.toml"), file("get-user/preset.toml"));
    let (bundle_text, preset_text) = (fs::read_to_string(&bundle).unwrap(), fs::read_to_string(&preset).unwrap());
    let mut dev = Dev::start(&stage, &["dev", "acme"]);
    let first = dev.until("Authorization: Bearer [secret token]");
    assert!(first.contains("check: nothing to complain about in 1 preset"), "{first}");
    assert!(
        first.contains("test: 1 case ok, 0 failed") && first.contains("  GET https://api.acme.example/users/u1001"),
        "{first}"
    );

    // A file with a mistake, saved by renaming.
    renamed(&preset, &preset_text.replace("\"users\"", "\"people\""));
    let wrong = dev.until("check: 1 error");
    assert!(
        wrong.contains("no grant allows the request, GET people/*") && wrong.contains("acme/get-user/preset.toml:"),
        "{wrong}"
    );

    // The grant, saved in place: the case does not expect that request.
    fs::write(&bundle, bundle_text.replace("users/*", "people/*")).unwrap();
    let failed = dev.until("test: 0 cases ok, 1 failed");
    assert!(
        failed.contains("FAILED get-user/first") && failed.contains("path: expected /users/u1001, got /people/u1001"),
        "{failed}"
    );
    dev.until("  GET https://api.acme.example/people/u1001");

    // Another preset, in a new folder: its cases alone are run.
    renamed(&preset, &preset_text);
    fs::write(&bundle, &bundle_text).unwrap();
    dev.until("test: 1 case ok, 0 failed");
    assert_eq!(stage.run("presetter new acme --from-curl 'curl -X DELETE https://api.acme.example/users/u1'").exit, 0);
    let added = dev.until("  DELETE https://api.acme.example/users/u1");
    assert!(added.contains("in 2 presets"), "{added}");

    rustix::process::kill_process(rustix::process::Pid::from_child(&dev.child), rustix::process::Signal::INT).unwrap();
    assert_eq!(dev.child.wait().unwrap().code(), Some(0));
}

#[test]
fn one_round_ends_with_its_code() {
    let stage = Stage::new(Default::default());
    assert_eq!(stage.run("presetter new acme").exit, 0);
    let case = stage.folder().join("acme/get-user/tests/first.toml");
    let text = fs::read_to_string(&case).unwrap();
    assert_eq!(stage.run("presetter dev acme/get-user --once").exit, 0);
    fs::write(&case, text.replace("Sarah", "Sara")).unwrap();
    let failed = stage.run("presetter dev acme --once");
    assert_eq!(failed.exit, 1, "{}", failed.out);
    assert!(failed.out.contains("acme/get-user/tests/first.toml:"), "{}", failed.out);
    fs::write(stage.folder().join("acme/bundle.toml"), "name = 'acme'").unwrap();
    let wrong = stage.run("presetter dev acme --once");
    assert_eq!(wrong.exit, 3, "{}", wrong.out);
}
