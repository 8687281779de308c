//! Steps: one thing after the other, each with its name and how long it took, until one fails.
//!
//! Owns: what xtask prints, all on standard error, and the count of tests. Standard output belongs to what is run.

use std::env;
use std::io::{BufRead as _, BufReader, IsTerminal as _, Read, Write, stderr};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

/// The steps so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    tally: Tally,
    /// How to repeat what failed.
    repeat: Option<String>,
}

/// Tests that ran.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
}

/// Which stream of a test runner tells how many tests passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    /// `cargo test`
    StandardOutput,
    /// `cargo nextest run`
    StandardError,
}

impl Steps {
    /// Does something of our own. `work` gets a way to say a line about it.
    pub(crate) fn work<T>(
        &mut self,
        name: &str,
        repeat: &str,
        work: impl FnOnce(&dyn Fn(&str)) -> Result<T>,
    ) -> Result<T> {
        let start = begin(name);
        let result = work(&|line| say(&format!("    {line}")));
        self.end(name, start, repeat, result)
    }

    /// Runs a command, its output shown as it comes.
    pub(crate) fn run(&mut self, name: &str, mut command: Command) -> Result<()> {
        let start = begin(name);
        let status = command.status();
        let repeat = line_of(&command);
        self.end(name, start, &repeat, finished(status))
    }

    /// Runs a test runner, its output shown as it comes, and counts its tests.
    pub(crate) fn tests(&mut self, name: &str, mut command: Command, counts: Counts) -> Result<()> {
        let start = begin(name);
        if stderr().is_terminal() {
            // The runner sees a pipe and would leave its colours out.
            command.env("CARGO_TERM_COLOR", "always");
        }
        let repeat = line_of(&command);
        let result = self.counted(command, counts, &mut stderr());
        self.end(name, start, &repeat, result)
    }

    fn counted(&mut self, mut command: Command, counts: Counts, echo: &mut dyn Write) -> Result<()> {
        match counts {
            Counts::StandardOutput => command.stdout(Stdio::piped()),
            Counts::StandardError => command.stderr(Stdio::piped()),
        };
        let mut child = command.spawn().context("it cannot be run")?;
        let stream: Box<dyn Read> = match counts {
            Counts::StandardOutput => Box::new(child.stdout.take().context("no output")?),
            Counts::StandardError => Box::new(child.stderr.take().context("no output")?),
        };
        let mut lines = BufReader::new(stream);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            echo.write_all(&line)?;
            self.tally.add(&String::from_utf8_lossy(&line), counts);
            line.clear();
        }
        finished(child.wait())
    }

    fn end<T>(&mut self, name: &str, start: Instant, repeat: &str, result: Result<T>) -> Result<T> {
        let took = seconds(start.elapsed());
        match &result {
            Ok(_) => say(&format!("    {name}: {took}")),
            Err(_) => self.repeat = Some(repeat.to_owned()),
        }
        result.with_context(|| format!("{name} failed after {took}"))
    }

    /// The last words, and the exit code.
    pub(crate) fn close(self, result: Result<()>) -> ExitCode {
        if let Err(error) = &result {
            say(&format!("\nerror: {error:#}"));
            if let Some(repeat) = &self.repeat {
                say(&format!("  to repeat this step: {repeat}"));
            }
        }
        if self.tally != Tally::default() {
            say(&format!("\n{} passed, {} failed", self.tally.passed, self.tally.failed));
        }
        if result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl Tally {
    /// Adds what a runner's summary line tells; other lines tell nothing. (Nextest repeats the output of a failed test
    /// further in, and that may have the other runner's summary in it.)
    fn add(&mut self, line: &str, counts: Counts) {
        let line = plain(line);
        let summary = match counts {
            Counts::StandardOutput => line.starts_with("test result: "),
            Counts::StandardError => line.trim_start().starts_with("Summary ["),
        };
        if summary {
            self.passed += number_before(&line, "passed");
            self.failed += number_before(&line, "failed") + number_before(&line, "timed out");
        }
    }
}

/// The number that stands in front of a word.
fn number_before(line: &str, word: &str) -> u64 {
    let before = line.split_once(&format!(" {word}")).map_or("", |(before, _)| before);
    before.rsplit([' ', ',', ';']).next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// A line without its colours: sequences from ESC to a letter.
fn plain(line: &str) -> String {
    let mut rest = line;
    let mut text = String::new();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        text.push_str(before);
        rest = after.split_once(|c: char| c.is_ascii_alphabetic()).map_or("", |(_, after)| after);
    }
    text + rest
}

/// A cargo command in the project's root.
///
/// What the cargo that started xtask has set for xtask is not for others: build scripts that look at it would run
/// again each time one changes between `cargo xtask` and plain `cargo`.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(arguments).current_dir(root);
    // A checkout that is built once has no use for what makes the second build quick, and that is most of its size on the disk.
    if env::var_os("CI").is_some() {
        cargo.env("CARGO_INCREMENTAL", "0");
    }
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text == "CARGO" || text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(name);
        }
    }
    cargo
}

fn finished(status: std::io::Result<std::process::ExitStatus>) -> Result<()> {
    let status = status.map_err(|error| anyhow!("it cannot be run ({error})"))?;
    if !status.success() {
        bail!("it ended with {status}");
    }
    Ok(())
}

/// The command as a person would type it in the project's root, with what decides on random cases.
fn line_of(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let settings =
        command.get_envs().filter_map(|(name, value)| Some((name.to_string_lossy(), value?.to_string_lossy())));
    let settings = settings.filter(|(name, _)| name.starts_with("PROPTEST_"));
    let before: String = settings.map(|(name, value)| format!("{name}={value} ")).collect();
    command.get_args().fold(before + &program, |line, argument| line + " " + &argument.to_string_lossy())
}

fn begin(name: &str) -> Instant {
    say(&format!("\n=== {name}"));
    Instant::now()
}

/// One line to the person at the terminal. A closed terminal is no reason to stop.
pub(crate) fn say(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{Counts, Steps, Tally, cargo, line_of};

    fn tally(lines: &[&str], counts: Counts) -> (u64, u64) {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.add(line, counts));
        (tally.passed, tally.failed)
    }

    #[test]
    fn counts_what_the_runners_tell() {
        let nextest = "     Summary [   0.006s] 24 tests run: 22 passed (1 slow), 1 failed, 1 timed out, 3 skipped\n";
        let test = "test result: FAILED. 23 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.20s";
        let repeated = "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 4 filtered out";
        let others = ["test result::says 3 passed ... ok", "        PASS [   0.004s] x 9 passed"];
        let lines = [nextest, test, repeated, others[0], test, others[1]];
        assert_eq!(tally(&lines, Counts::StandardError), (22, 2));
        assert_eq!(tally(&lines, Counts::StandardOutput), (46, 2));
    }

    #[test]
    fn counts_through_colours() {
        let line = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.0s] \u{1b}[1m2\u{1b}[0m tests run: \u{1b}[1m2\u{1b}[0m \u{1b}[32;1mpassed";
        assert_eq!(tally(&[line], Counts::StandardError), (2, 0));
    }

    #[cfg(unix)]
    #[test]
    fn a_failing_test_runner_is_shown_and_counted() {
        let mut steps = Steps::default();
        let mut command = Command::new("sh");
        command.args(["-c", "echo 'test result: FAILED. 3 passed; 1 failed;'; exit 101"]);
        let mut shown = Vec::new();
        let error = steps.counted(command, Counts::StandardOutput, &mut shown).unwrap_err();
        assert_eq!(error.to_string(), "it ended with exit status: 101");
        assert_eq!(shown, b"test result: FAILED. 3 passed; 1 failed;\n");
        assert_eq!(steps.tally, Tally { passed: 3, failed: 1 });
    }

    #[test]
    fn a_failing_step_tells_how_to_repeat_it() {
        let mut steps = Steps::default();
        steps.work("one", "do one", |_| Ok(())).unwrap();
        assert_eq!(steps.repeat, None);
        steps.work("two", "do two", |_| -> anyhow::Result<()> { anyhow::bail!("no") }).unwrap_err();
        assert_eq!(steps.repeat.as_deref(), Some("do two"));
    }

    #[test]
    fn shows_a_command_as_one_types_it() {
        let mut command = cargo(std::path::Path::new("."), &["fmt", "--check"]);
        assert_eq!(line_of(&command), "cargo fmt --check");
        command.env("PROPTEST_RNG_SEED", "7").env("CARGO_TERM_COLOR", "always");
        assert_eq!(line_of(&command), "PROPTEST_RNG_SEED=7 cargo fmt --check");
        // Cargo sets this for every test.
        assert!(command.get_envs().any(|(name, value)| name == "CARGO_PKG_NAME" && value.is_none()));
    }
}
