//! A golden case: what `case.toml` says, and how it is played.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use mosyle_standin::{Oddities, State, User};
use serde::Deserialize;

use crate::golden::Shown;
use crate::guest;
use crate::normal::Normal;
use crate::stage::Stage;
use crate::team::Team;

/// One command line with its surroundings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the case shows, for whoever reads it.
    pub about: String,
    /// The command line, as a shell would split it; it begins with `presetter`. `$HEAD` is the head of the receipts.
    pub run: String,
    /// The kind of a connection `m` that is set up first; an empty text for none.
    #[serde(default = "session")]
    connection: String,
    /// How far a team is that signs bundles.
    #[serde(default)]
    team: Team,
    /// Command lines before it. One that should not end with 0 has `  # exits N` at its end.
    #[serde(default)]
    before: Vec<String>,
    /// How many made-up users the look-alike has.
    #[serde(default)]
    seed: u32,
    /// Further users.
    #[serde(default)]
    users: Vec<User>,
    /// The look-alike's switches while the command runs.
    #[serde(default)]
    server: Oddities,
    /// Changes to files after `before`.
    #[serde(default)]
    tampering: Vec<Edit>,
    /// Files and folders that are removed after `before`.
    #[serde(default)]
    removed: Vec<String>,
    /// So many lines are removed from the end of the log of receipts after `before`.
    #[serde(default)]
    receipts_cut: usize,
    /// Sessions opened by `before` are not known any more.
    #[serde(default)]
    forget_tokens: bool,
    /// The look-alike is stopped before the command runs.
    #[serde(default)]
    stopped: bool,
    /// Variables beside those that a stage has; an empty one is taken away.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Standard input.
    #[serde(default)]
    stdin: String,
    /// Files in the folder of the command.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// Files that are made from WebAssembly text: a component, or a core module as it is.
    #[serde(default)]
    wat: BTreeMap<String, String>,
    /// Files that are made from core modules written for the contract's world `bundle`.
    #[serde(default)]
    guests: BTreeMap<String, String>,
    /// Changes to the copies of the project's presets.
    #[serde(default)]
    edits: Vec<Edit>,
    /// The most address space, in KiB, that the program gets.
    address_space_kib: Option<u64>,
}

/// A change to a file: what stands in it once, and what is to stand there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    file: String,
    from: String,
    to: String,
}

fn session() -> String {
    "mosyle/session".into()
}

impl Case {
    /// Reads `case.toml` of a case's folder.
    pub fn read(folder: &Path) -> Self {
        let file = folder.join("case.toml");
        let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
    }

    /// Plays it; what it shows is free of whatever differs from run to run.
    pub fn play(&self) -> Shown {
        let mut stage = Stage::new(Oddities::default());
        self.furnish(&mut stage);
        if !self.connection.is_empty() {
            stage.connect("m", &self.connection);
        }
        for line in &self.before {
            let (line, wanted) = line.split_once("  # exits ").unwrap_or((line, "0"));
            let ended = stage.run(line);
            assert_eq!(ended.exit.to_string(), wanted, "before it: {line}\n{}", ended.err);
        }
        // What `receipts head` printed before anybody tampered.
        let head = if self.run.contains("$HEAD") { stage.run("presetter receipts head").out } else { String::new() };
        edit(&stage, &self.tampering);
        cut(&stage, self.receipts_cut);
        self.removed.iter().for_each(|name| remove(&stage.folder().join(name)));
        if self.forget_tokens {
            stage.server().forget_tokens();
        }
        stage.server().clear_log();
        let mut server = self.server.clone();
        for location in server.paths.values_mut().filter_map(|canned| canned.location.as_mut()) {
            *location = stage.filled(location);
        }
        stage.server().set_oddities(server);
        if self.stopped {
            stage.stop_server();
        }
        stage.address_space_kib = self.address_space_kib;
        let ended = stage.run_with(&self.run.replace("$HEAD", head.trim_end()), &self.stdin);

        let normal = Normal::of(&stage);
        Shown {
            out: normal.text(&ended.out),
            err: normal.text(&ended.err),
            exit: format!("{}\n", ended.exit),
            sent: normal.text(&sent(stage.server(), stage.address())),
        }
    }

    fn furnish(&self, stage: &mut Stage) {
        stage.server().seed(self.seed);
        for user in &self.users {
            stage.server().add_user(user.clone());
        }
        for (name, value) in &self.env {
            stage.env.retain(|(known, _)| known != name);
            if !value.is_empty() {
                stage.env.push((name.clone(), stage.filled(value)));
            }
        }
        let files = self.files.iter().map(|(name, text)| (name, stage.filled(text).into_bytes()));
        let files = files.chain(self.wat.iter().map(|(name, text)| (name, guest::plain(text))));
        let files = files.chain(self.guests.iter().map(|(name, text)| (name, guest::wrapped(text))));
        for (name, bytes) in files {
            let path = stage.folder().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, bytes).unwrap();
            // The same on every machine, whatever its umask.
            #[cfg(unix)]
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        }
        edit(stage, &self.edits);
        self.team.furnish(stage);
    }
}

fn edit(stage: &Stage, edits: &[Edit]) {
    for Edit { file, from, to } in edits {
        let path = stage.folder().join(file);
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!(text.matches(from).count(), 1, "{file} should have once: {from}");
        fs::write(path, text.replace(from, &stage.filled(to))).unwrap();
    }
}

fn remove(path: &Path) {
    if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
}

/// Removes lines from the end of the log of receipts.
fn cut(stage: &Stage, lines: usize) {
    if lines > 0 {
        let path = stage.home().join("state/receipts/000001.jsonl");
        let text = fs::read_to_string(&path).unwrap();
        let all: Vec<&str> = text.split_inclusive('\n').collect();
        fs::write(&path, all[..all.len() - lines].concat()).unwrap();
    }
}

/// What reached the server: a line for each request with the credentials that came with it, then its body. The host is
/// named where it is not the look-alike's usual one, and connections where no request came by them.
fn sent(server: &State, address: SocketAddr) -> String {
    let (log, mut shown) = (server.log(), String::new());
    if log.is_empty() && server.connections() > 0 {
        return format!("{} connections without a request\n", server.connections());
    }
    for request in &log {
        let host = request.header("host").filter(|host| *host != address.to_string());
        let at = host.map(|host| format!(" at {host}")).unwrap_or_default();
        let scheme = request.header("authorization").and_then(|value| value.split_once(' ')).map(|(scheme, _)| scheme);
        let token = request.header("accesstoken").map(|_| "accessToken");
        let status = if request.status == 0 { "no answer".to_owned() } else { request.status.to_string() };
        let with: Vec<&str> = token.into_iter().chain(scheme).collect();
        let with = if with.is_empty() { "nothing".to_owned() } else { with.join(" and ") };
        let _ = writeln!(shown, "{} {}{at} with {with}: {status}", request.method, request.path);
        for line in request.text().lines() {
            let _ = writeln!(shown, "  {line}");
        }
    }
    shown
}
