//! What is measured with: the program, those that it is compared with, the timer, servers, and a home that has all of it set up.
//!
//! Keeps: nothing but `PATH` of the developer's environment reaches what is measured, and a server ends with what asked for it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Where something lies that `cargo xtask bench` has got, or why it could not be had.
pub(crate) type Got<T> = Result<T, String>;

/// See the module.
pub(crate) struct Kit {
    tools: BTreeMap<String, Got<String>>,
    /// The inputs in `tests/bench/inputs`.
    pub(crate) inputs: PathBuf,
    scratch: TempDir,
    /// Small numbers.
    pub(crate) quick: bool,
}

/// What a process took, from its start to its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    pub(crate) seconds: f64,
    /// In seconds as well: in the program and in the system for it.
    pub(crate) computing: f64,
    pub(crate) peak_mib: f64,
}

impl Kit {
    /// Reads where everything lies: an object of `{"at": "PATH"}` or `{"why": "..."}`.
    pub(crate) fn read(tools: &Path, quick: bool) -> Self {
        let text = fs::read_to_string(tools).unwrap_or_else(|error| panic!("{}: {error}", tools.display()));
        let tools: BTreeMap<String, Value> = serde_json::from_str(&text).unwrap();
        let got = |tool: Value| {
            tool["at"].as_str().map(str::to_owned).ok_or_else(|| tool["why"].as_str().unwrap_or("why?").to_owned())
        };
        let tools = tools.into_iter().map(|(name, tool)| (name, got(tool))).collect();
        let inputs = Path::new(env!("CARGO_MANIFEST_DIR")).join("inputs");
        Self { tools, inputs, scratch: TempDir::with_prefix("presetter-bench-").unwrap(), quick }
    }

    /// Where a tool lies.
    pub(crate) fn tool(&self, name: &str) -> Got<&str> {
        self.tools
            .get(name)
            .map_or_else(|| Err("nobody looked for it".into()), |at| at.as_deref().map_err(Clone::clone))
    }

    /// So many, or with `--quick` so many.
    pub(crate) fn of(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    /// A place for a file that goes with the kit.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// A command of a tool.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, tool: &str, arguments: impl IntoIterator<Item = S>) -> Got<Command> {
        let mut command = Command::new(self.tool(tool)?);
        command.args(arguments).env_clear().current_dir(self.scratch.path());
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path))).env("HOME", self.scratch.path());
        command.stdin(Stdio::null());
        Ok(command)
    }

    /// Runs a command to its end, which must be a good one.
    pub(crate) fn done(&self, mut command: Command) -> Got<String> {
        let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
        let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if !output.status.success() {
            return Err(format!("{} {} {}", output.status, told(&output.stderr), told(&output.stdout)));
        }
        Ok(told(&output.stdout))
    }

    /// The same, and what it took. What it prints is not kept.
    pub(crate) fn took(&self, command: &Command) -> Got<Took> {
        let said = self.place("said");
        let mut timed = Command::new(self.tool("timer")?);
        timed.arg("/dev/null").arg(&said).arg(command.get_program()).args(command.get_args()).env_clear();
        timed.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        timed.current_dir(command.get_current_dir().unwrap_or(self.scratch.path()));
        let told = self.done(timed)?;
        let numbers: Vec<f64> = told.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        let &[exit, wall, computing, peak] = &numbers[..] else { return Err(format!("the timer says {told}")) };
        if exit != 0.0 {
            let said = fs::read_to_string(said).unwrap_or_default();
            return Err(format!("it ended with {exit}: {}", said.trim()));
        }
        Ok(Took { seconds: wall / 1e9, computing: computing / 1e6, peak_mib: peak / 1024.0 })
    }

    /// Starts a server that takes so many milliseconds for an answer.
    pub(crate) fn server(&self, delay_ms: u32) -> Server {
        let mut command = self.command("loopback", [delay_ms.to_string()]).unwrap();
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap_or_else(|_| panic!("the server says {line:?}"));
        Server { child, port }
    }
}

/// A server in a process of its own. It ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    port: u16,
}

impl Server {
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// How many logins and how many other requests it had.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(b"GET /counts HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let counts: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        (counts["logins"].as_u64().unwrap(), counts["requests"].as_u64().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
