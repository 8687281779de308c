//! The program with a home of its own, in which the connections to the servers are set up and everything is compiled. The bundles of the
//! benchmark are installed there from signed packages, as their users would have them.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::kit::{Got, Kit, Server, Took};

/// The bundles of the benchmark: the same requests as recipes and as scripts, each with what writes and what reads.
const BUNDLES: [(&str, [&str; 2]); 2] =
    [("recipes", ["create", "get"]), ("scripts", ["create-by-script", "get-by-script"])];

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
    /// Connections: `m` to the fast server with a session, and of each bundle one to each server, with a key.
    pub(crate) fn new(kit: &'a Kit) -> Got<Self> {
        let stage = Self { kit, fast: kit.server(0), slow: kit.server(20), home: kit.place("home") };
        let login = ["--field", "email=api@example.com", "--secret", "password=env:PASSWORD", "--secret"];
        stage.connect(
            "m",
            "mosyle/session",
            &stage.fast,
            &[&login[..], &["access_token=env:ACCESS_TOKEN"]].concat(),
        )?;
        for (bundle, _) in BUNDLES {
            package(kit, bundle, &|line| kit.done(stage.presetter(line.split(' '))?))?;
            kit.done(stage.presetter(["install", &packed(bundle), "--yes"])?)?;
            let (kind, key) = (format!("{bundle}/key"), ["--secret", "key=env:KEY"]);
            stage.connect(&format!("{bundle}-fast"), &kind, &stage.fast, &key)?;
            stage.connect(&format!("{bundle}-slow"), &kind, &stage.slow, &key)?;
        }
        // So that all of it is compiled.
        stage.kit.done(stage.create_user()?)?;
        for preset in BUNDLES.into_iter().flat_map(|(_, presets)| presets) {
            let inputs = if preset.starts_with("create") { &CREATE[..] } else { &["--set", "user_id=e1"] };
            stage.kit.done(stage.once(preset, inputs)?)?;
        }
        Ok(stage)
    }

    fn connect(&self, name: &str, kind: &str, server: &Server, more: &[&str]) -> Got<String> {
        let url = server.url();
        let add = ["connection", "add", name, "--kind", kind, "--base-url", &url, "--allow-private"];
        self.kit.done(self.presetter([&add[..], more].concat())?)
    }

    /// A preset of the bundles, as installed, and the connection for it to the server `fast` or `slow`.
    pub(crate) fn preset(&self, name: &str, server: &str) -> [String; 2] {
        let bundle = bundle_of(name);
        [format!("{bundle}/{name}"), format!("{bundle}-{server}")]
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

    /// The same by a preset of the bundles that are installed, for which nobody logs in.
    pub(crate) fn create_by(&self, preset: &str) -> Got<Command> {
        self.once(preset, &CREATE)
    }

    /// One run of a preset of the bundles, on the fast server.
    fn once(&self, preset: &str, inputs: &[&str]) -> Got<Command> {
        let [path, connection] = self.preset(preset, "fast");
        self.presetter([&["run", path.as_str(), "-c", connection.as_str()], inputs].concat())
    }

    /// Forgets sessions: the next run has to log in.
    pub(crate) fn forget(&self) {
        let _ = fs::remove_dir_all(self.home.join("state/sessions"));
    }

    /// Runs the program, and tells what it took.
    pub(crate) fn took<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Got<Took> {
        self.kit.took(&self.presetter(arguments)?)
    }
}

/// The bundle that a preset is in.
pub(crate) fn bundle_of(preset: &str) -> &'static str {
    BUNDLES.iter().find(|(_, presets)| presets.contains(&preset)).map_or("recipes", |(bundle, _)| bundle)
}

/// A bundle of the benchmark, in source form.
pub(crate) fn folder(kit: &Kit, bundle: &str) -> PathBuf {
    kit.inputs.join(bundle)
}

/// The package of a bundle, in the folder of the kit.
pub(crate) fn packed(bundle: &str) -> String {
    format!("{bundle}.preset")
}

/// Packs and signs a bundle, and has the home of a program trust who signed it. `does` runs a line of the program.
pub(crate) fn package(kit: &Kit, bundle: &str, does: &dyn Fn(&str) -> Got<String>) -> Got<()> {
    let (phrase, package) = ("--passphrase env:PASSPHRASE", packed(bundle));
    if !kit.place("team.key").exists() {
        does(&format!("key generate team.key {phrase}"))?;
        does(&format!("key generate root.key {phrase}"))?;
    }
    if !kit.place(&package).exists() {
        does(&format!("pack {} -o {package}", folder(kit, bundle).display()))?;
        does(&format!("sign {package} --key team.key {phrase}"))?;
    }
    let id = does("key id team.key.pub")?;
    // Another bundle may have come before.
    if does(&format!("trust init --root-key root.key {phrase}")).is_ok() {
        does(&format!("trust add-key team.key.pub --owner Team --root-key root.key {phrase}"))?;
    }
    does(&format!("trust rule {bundle} --key {} --root-key root.key {phrase}", id.trim()))?;
    Ok(())
}

/// The inputs of a single create.
const CREATE: [&str; 6] = ["--set", "user_id=e1", "--set", "name=Sarah \"O\" Brien", "--set", "type=ENDUSER"];
