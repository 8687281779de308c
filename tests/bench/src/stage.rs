//! The program with a home of its own, in which the connections to the servers are set up and everything is compiled. The bundle of the
//! benchmark is installed there from a signed package, as its users would have it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::kit::{Got, Kit, Server, Took};

/// The preset of the bundle that each program runs: as a recipe and as a script, writing and reading.
pub(crate) const PRESETS: [&str; 4] = ["create", "create-by-script", "get", "get-by-script"];

/// See the module.
pub(crate) struct Stage<'a> {
    pub(crate) kit: &'a Kit,
    /// Answers at once.
    pub(crate) fast: Server,
    /// Takes 20 ms.
    pub(crate) slow: Server,
    home: PathBuf,
}

impl<'a> Stage<'a> {
    /// Connections: `m` to the fast server with a session, `fast` and `slow` with a key.
    pub(crate) fn new(kit: &'a Kit) -> Got<Self> {
        let stage = Self { kit, fast: kit.server(0), slow: kit.server(20), home: kit.place("home") };
        let login = ["--field", "email=api@example.com", "--secret", "password=env:PASSWORD", "--secret"];
        stage.connect(
            "m",
            "mosyle/session",
            &stage.fast,
            &[&login[..], &["access_token=env:ACCESS_TOKEN"]].concat(),
        )?;
        package(kit, &stage.bundle(), &|line| kit.done(stage.presetter(line.split(' '))?))?;
        kit.done(stage.presetter(["install", PACKAGE, "--yes"])?)?;
        stage.connect("fast", "bench/key", &stage.fast, &["--secret", "key=env:KEY"])?;
        stage.connect("slow", "bench/key", &stage.slow, &["--secret", "key=env:KEY"])?;
        // So that all of it is compiled.
        stage.kit.done(stage.create_user()?)?;
        for preset in PRESETS {
            let inputs = if preset.starts_with("create") { &CREATE[..] } else { &["--set", "user_id=e1"] };
            let path = stage.preset(preset);
            let run = [&["run", path.as_str(), "-c", "fast"], inputs].concat();
            stage.kit.done(stage.presetter(run)?)?;
        }
        Ok(stage)
    }

    fn connect(&self, name: &str, kind: &str, server: &Server, more: &[&str]) -> Got<String> {
        let url = server.url();
        let add = ["connection", "add", name, "--kind", kind, "--base-url", &url, "--allow-private"];
        self.kit.done(self.presetter([&add[..], more].concat())?)
    }

    /// The bundle of the benchmark.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.kit.inputs.join("bundle")
    }

    /// A preset of it, as installed.
    pub(crate) fn preset(&self, name: &str) -> String {
        format!("bench/{name}")
    }

    /// The program in its home.
    pub(crate) fn presetter<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Got<Command> {
        let mut command = self.kit.command("presetter", arguments)?;
        command.env("PRESETTER_HOME", &self.home).env("USER", "operator");
        command.envs([
            ("PASSWORD", "password"),
            ("ACCESS_TOKEN", "access-token"),
            ("KEY", "key"),
            ("PASSPHRASE", "a phrase"),
        ]);
        Ok(command)
    }

    /// The main job: a user is created, after a login if there is no session.
    pub(crate) fn create_user(&self) -> Got<Command> {
        self.presetter([&["run", "mosyle/create-user", "-c", "m"], &CREATE[..]].concat())
    }

    /// Forgets sessions and receipts, but neither what is compiled nor whom is trusted.
    pub(crate) fn forget(&self) {
        for entry in fs::read_dir(self.home.join("state")).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.file_name() != Some(OsStr::new("trust")) {
                let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
            }
        }
    }

    /// Runs the program, and tells what it took.
    pub(crate) fn took<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Got<Took> {
        self.kit.took(&self.presetter(arguments)?)
    }
}

/// The package of the bundle, in the folder of the kit.
pub(crate) const PACKAGE: &str = "bench.preset";

/// Packs and signs the bundle, and has the home of a program trust who signed it. `does` runs a line of the program.
pub(crate) fn package(kit: &Kit, bundle: &Path, does: &dyn Fn(&str) -> Got<String>) -> Got<()> {
    let phrase = "--passphrase env:PASSPHRASE";
    if !kit.place(PACKAGE).exists() {
        does(&format!("key generate team.key {phrase}"))?;
        does(&format!("key generate root.key {phrase}"))?;
        does(&format!("pack {} -o {PACKAGE}", bundle.display()))?;
        does(&format!("sign {PACKAGE} --key team.key {phrase}"))?;
    }
    let id = does("key id team.key.pub")?;
    does(&format!("trust init --root-key root.key {phrase}"))?;
    does(&format!("trust add-key team.key.pub --owner Team --root-key root.key {phrase}"))?;
    does(&format!("trust rule bench --key {} --root-key root.key {phrase}", id.trim()))?;
    Ok(())
}

/// The inputs of a single create.
const CREATE: [&str; 6] = ["--set", "user_id=e1", "--set", "name=Sarah \"O\" Brien", "--set", "type=ENDUSER"];
