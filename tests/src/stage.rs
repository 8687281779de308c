//! Where a test plays: a folder of its own, a Mosyle look-alike, and the real program between them.
//!
//! Keeps: the program sees no variable of the developer's environment but `PATH`, and no folder but the stage's own.

use std::fs;
use std::future::Future;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::UNIX_EPOCH;

use mosyle_standin::{ACCESS_TOKEN, EMAIL, Oddities, PASSWORD, StandIn, State};
use tempfile::TempDir;

use crate::program::{program, root, scratch};
use crate::team;

/// A stage. The folder and the look-alike go when it is dropped.
#[derive(Debug)]
pub struct Stage {
    folder: TempDir,
    standin: Option<StandIn>,
    state: State,
    address: SocketAddr,
    /// Variables that the program sees.
    pub env: Vec<(String, String)>,
    /// The most address space, in KiB, that a shell grants the program (`ulimit -v`).
    pub address_space_kib: Option<u64>,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// The exit code; -1 if a signal ended it.
    pub exit: i32,
}

impl Stage {
    /// A stage with a running look-alike, compiled code at hand, and a copy of the project's presets in `./presets`.
    pub fn new(oddities: Oddities) -> Self {
        let stage = Self::bare(oddities);
        copy(warm_cache(), &stage.home().join("cache"));
        stage
    }

    /// The same without compiled code: for tests that start the program for other components than the interpreters.
    pub fn bare(oddities: Oddities) -> Self {
        let folder = TempDir::with_prefix("presetter-e2e-").unwrap();
        let standin = block_on(StandIn::start(oddities)).unwrap();
        copy(&root().join("presets"), &folder.path().join("presets"));
        let home = folder.path().join("home");
        let env = [
            ("PRESETTER_HOME", home.to_str().unwrap()),
            // The base of everything that the system keeps for a user.
            ("HOME", folder.path().to_str().unwrap()),
            ("USER", "operator"),
            ("MOSYLE_PASSWORD", PASSWORD),
            ("MOSYLE_TOKEN", ACCESS_TOKEN),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let (state, address) = (standin.state().clone(), standin.address());
        Self { folder, standin: Some(standin), state, address, env, address_space_kib: None }
    }

    /// The folder that commands are run in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `PRESETTER_HOME`.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Where the look-alike listens, or listened.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The look-alike's users, log and switches.
    pub fn server(&self) -> &State {
        &self.state
    }

    /// Stops the look-alike: its port is closed from now on.
    pub fn stop_server(&mut self) {
        if let Some(standin) = self.standin.take() {
            block_on(standin.stop());
        }
    }

    /// Sets up a connection of a kind: `mosyle/session`, `./presets/mosyle/basic`.
    pub fn connect(&self, name: &str, kind: &str) {
        let edition = if kind.ends_with("manager-session") { "v2" } else { "v1" };
        let line = format!(
            "presetter connection add {name} --kind {kind} --base-url http://{}/{edition} --allow-private \
             --field email={EMAIL} --secret password=env:MOSYLE_PASSWORD --secret access_token=env:MOSYLE_TOKEN",
            self.address
        );
        self.does(&line);
    }

    /// Runs a line that must end with 0; what it printed.
    #[track_caller]
    pub fn does(&self, line: &str) -> String {
        self.ends(0, line).out
    }

    /// Runs a line that must end with this code.
    #[track_caller]
    pub fn ends(&self, exit: i32, line: &str) -> Ended {
        let ended = self.run(line);
        assert_eq!(ended.exit, exit, "{line}\n{}\n{}", ended.out, ended.err);
        ended
    }

    /// Runs a line as a shell would split it. `$URL`, `$MANAGER_URL`, `$PORT` and `$DIR` stand for the two editions, the port and the folder, `$ACME_ID`
    /// and the like for the ids of a team's keys.
    pub fn run(&self, line: &str) -> Ended {
        self.run_with(line, "")
    }

    /// The same, with standard input.
    pub fn run_with(&self, line: &str, stdin: &str) -> Ended {
        let words = shlex::split(&self.filled(line)).unwrap_or_else(|| panic!("a quote is open in: {line}"));
        assert_eq!(words.first().map(String::as_str), Some("presetter"), "a line begins with presetter: {line}");
        let mut child = self.command(&words[1..]).stdin(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let text = stdin.to_owned();
        // A program that does not read must not keep the test from reading what it writes.
        let writer = thread::spawn(move || drop(input.write_all(text.as_bytes())));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ended {
            out: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            err: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
            exit: output.status.code().unwrap_or(-1),
        }
    }

    /// The program, ready to be started with these arguments.
    pub fn command<S: AsRef<str>>(&self, arguments: &[S]) -> Command {
        let mut command = match self.address_space_kib {
            None => Command::new(program()),
            Some(kib) => {
                let mut shell = Command::new("/bin/sh");
                shell.arg("-c").arg(format!("ulimit -v {kib}; exec \"$0\" \"$@\"")).arg(program());
                shell
            }
        };
        command.args(arguments.iter().map(AsRef::as_ref)).current_dir(self.folder());
        command.env_clear().envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// A text with the stage's own values in it.
    pub fn filled(&self, text: &str) -> String {
        let manager = format!("http://{}/v2", self.address);
        let business = format!("http://{}/v1", self.address);
        let folder = self.folder().to_str().unwrap();
        let port = self.address.port().to_string();
        let ids = team::ids().iter();
        let text = ids.fold(text.to_owned(), |text, (key, id)| {
            text.replace(&format!("${}_ID", key.to_uppercase()), &format!("sha256:{id}"))
        });
        text.replace("$PORT", &port)
            .replace("$MANAGER_URL", &manager)
            .replace("$URL", &business)
            .replace("$DIR", folder)
    }
}

/// Waits for a future that needs no timer: the look-alike has a thread of its own.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// The interpreters' compiled code, made once for all processes of a test run: compiling takes seconds, and every stage begins with
/// an empty home.
fn warm_cache() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let all = scratch("warm");
        fs::create_dir_all(&all).unwrap();
        let lock = fs::File::create(all.join("lock")).unwrap();
        lock.lock().unwrap();
        // What another build of the program compiled may not be what this one asks for.
        let built = fs::metadata(program()).unwrap();
        let age = built.modified().unwrap().duration_since(UNIX_EPOCH).unwrap();
        let folder = all.join(format!("{}-{}", built.len(), age.as_nanos()));
        if !folder.exists() {
            let old = fs::read_dir(&all).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
            old.for_each(|path| fs::remove_dir_all(path).unwrap());
            let stage = Stage::bare(Oddities::default());
            stage.connect("m", "mosyle/session");
            for line in ["presetter plan mosyle/users", "presetter new script --script", "presetter check script"] {
                stage.does(line);
            }
            let making = all.join("making");
            copy(&stage.home().join("cache"), &making);
            fs::rename(making, &folder).unwrap();
        }
        folder
    })
}

/// Copies a folder; permissions of files and folders stay as they are, because compiled code must be private.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
