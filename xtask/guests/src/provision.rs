//! Gets a toolchain for the guests onto the machine.
//!
//! Owns: the two ways to install one, and how packages of Debian are installed. Never called from a build script: building must not install anything.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use std::{fs, thread};

use anyhow::{Result, anyhow};

use crate::environment::command;
use crate::toolchain::{Forced, TARGET, Toolchain, ask, detect, linker};

/// A download of some 20 MB. Where downloads are blocked, most networks say so at once, and some never answer.
const RUSTUP_PATIENCE: Duration = Duration::from_secs(120);
/// The two packages and what they need are some 150 MB.
const APT_PATIENCE: Duration = Duration::from_secs(900);

/// The toolchain that is there, else one that is installed now: the target by `rustup`, or Debian's packages where
/// this is Debian and we are root.
///
/// `tell` hears what is being installed, one line each.
///
/// # Errors
/// Neither way worked. The message names both, with what each one said.
pub fn provision(root: &Path, tell: &dyn Fn(&str)) -> Result<Toolchain> {
    if let Some(toolchain) = detect(root)? {
        return Ok(toolchain);
    }
    let forced = Forced::read()?;
    let mut said = Vec::new();
    type Way = fn(&Path, &dyn Fn(&str)) -> Result<(), String>;
    let ways: [(&str, Way, bool); 2] =
        [("rustup", rustup, forced != Forced::Debian), ("Debian's packages", debian, forced != Forced::Target)];
    for (name, way, wanted) in ways {
        if !wanted {
            continue;
        }
        match way(root, tell) {
            Ok(()) => match detect(root)? {
                Some(toolchain) => return Ok(toolchain),
                None => said.push(format!("{name}: installed, and yet no working compiler was found")),
            },
            Err(why) => said.push(format!("{name}: {why}")),
        }
    }
    Err(anyhow!(
        "no compiler here can build the guests (target {TARGET}). Do one of these, then run the command again:\n  \
         with rustup:               rustup target add {TARGET}\n  \
         on Debian 12, as root:     apt-get update && apt-get install rustc-web rust-web-src lld\n\
         What was tried:\n  {}",
        said.join("\n  ")
    ))
}

fn rustup(root: &Path, tell: &dyn Fn(&str)) -> Result<(), String> {
    tell(&format!("rustup target add {TARGET}"));
    run(command("rustup").args(["target", "add", TARGET]).current_dir(root), RUSTUP_PATIENCE)
}

fn debian(root: &Path, tell: &dyn Fn(&str)) -> Result<(), String> {
    let mut packages = vec!["rustc-web", "rust-web-src"];
    if linker(root).is_none() {
        packages.push("lld");
    }
    install_packages(root, &packages, tell)
}

/// Installs packages of Debian, where this is Debian and we are root. `tell` hears of it, in one line.
///
/// # Errors
/// It could not be done, and why.
pub fn install_packages(root: &Path, packages: &[&str], tell: &dyn Fn(&str)) -> Result<(), String> {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    if !release.lines().any(|line| line == "ID=debian") {
        return Err("this is not Debian".into());
    }
    if ask(root, "id", &["-u"]).ok().as_deref() != Some("0") {
        return Err("only root may install packages".into());
    }
    tell(&format!("apt-get install {}", packages.join(" ")));
    run(&mut apt(&["update"]), APT_PATIENCE)?;
    let mut install = apt(&["install", "--yes", "--no-install-recommends"]);
    run(install.args(packages), APT_PATIENCE)
}

fn apt(arguments: &[&str]) -> Command {
    let mut apt = command("apt-get");
    apt.args(["-qq", "-o", "DPkg::Lock::Timeout=120"]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    apt
}

/// Runs a program quietly; the error is the last line that it said.
fn run(command: &mut Command, patience: Duration) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| format!("{program} cannot be run ({error})"))?;
    let mut stderr = child.stderr.take().ok_or("no standard error")?;
    let (done, wait) = mpsc::channel();
    // The pipe closes when the program ends, so waiting for its end is waiting for its last words.
    thread::spawn(move || {
        let mut words = Vec::new();
        let _ = stderr.read_to_end(&mut words);
        let _ = done.send(String::from_utf8_lossy(&words).into_owned());
    });
    let Ok(words) = wait.recv_timeout(patience) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("{program} did not end within {} seconds", patience.as_secs()));
    };
    match child.wait() {
        Ok(status) if status.success() => Ok(()),
        _ => Err(words.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it failed").trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::run;

    const LONG: Duration = Duration::from_secs(600);

    #[cfg(unix)]
    #[test]
    fn tells_the_last_words_of_a_program_that_fails() {
        let why = run(Command::new("sh").args(["-c", "echo first >&2; echo 'no network' >&2; exit 3"]), LONG);
        assert_eq!(why, Err("no network".into()));
        assert_eq!(run(Command::new("sh").args(["-c", "exit 3"]), LONG), Err("it failed".into()));
        assert_eq!(run(Command::new("sh").args(["-c", "echo talk >&2"]), LONG), Ok(()));
    }

    #[cfg(unix)]
    #[test]
    fn ends_a_program_that_does_not_end() {
        // It waits for input that never comes: its standard input is a pipe that nobody writes to.
        let why = run(Command::new("tail").args(["-f", "/dev/null"]), Duration::from_millis(20));
        assert_eq!(why, Err("tail did not end within 0 seconds".into()));
    }

    #[test]
    fn tells_when_there_is_no_such_program() {
        let why = run(&mut Command::new("no-such-program-anywhere"), LONG).unwrap_err();
        assert!(why.starts_with("no-such-program-anywhere cannot be run"), "{why}");
    }
}
