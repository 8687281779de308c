//! From a reference to the secret.
//!
//! Owns reading files, asking the keyring and running the program of a `cmd:` reference, each within bounds of size and
//! time. The environment and the terminal belong to the program, behind [`Surroundings`]. Invariant: what a program printed
//! on standard output is never shown; what it printed as its error is shown redacted and cut short.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use presetter_secret::{Redactor, Secret};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use zeroize::{Zeroize, Zeroizing};

use crate::Reference;
use presetter_disk::{self as disk, Guard, ReadError};

/// Most bytes of a secret. The longest in use (keys of service accounts, client certificates) have a few thousand.
pub const MAX_SECRET_BYTES: u64 = 64 * 1024;
/// How long a program may take: a password manager may ask the person to unlock it.
const PROGRAM_TIME: Duration = Duration::from_secs(30);
/// Most bytes of a program's error output that are read; the rest is dropped.
const MAX_TALK_BYTES: u64 = 8 * 1024;

/// What this crate needs of the program around it. The environment is read there alone.
pub trait Surroundings: Send + Sync {
    /// An environment variable; nothing if it is not set or not UTF-8.
    fn var(&self, name: &str) -> Option<String>;

    /// Asks the person for a secret without showing what is typed. May block; it is called on a thread that may.
    ///
    /// # Errors
    /// One sentence why nobody could be asked.
    fn prompt(&self, what: &str) -> Result<Secret, String>;

    /// Something that happened and needs nothing done, for those who asked for details: why a stored session was not used.
    fn note(&self, message: &str) {
        let _ = message;
    }
}

/// Why a secret could not be had: one or two sentences that say what to do. Never holds the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unresolved(String);

/// Gets a secret. `what` names it for the person who may be asked: `password of connection m`.
///
/// # Errors
/// [`Unresolved`] if it is not there, is empty, is larger than [`MAX_SECRET_BYTES`] or not UTF-8; if a file can be read by
/// others; if a program fails or takes longer than 30 seconds.
pub async fn resolve(
    reference: &Reference,
    what: &str,
    surroundings: &Arc<dyn Surroundings>,
) -> Result<Secret, Unresolved> {
    let secret = match reference {
        Reference::Env(name) => surroundings.var(name).map(line).ok_or_else(|| {
            Unresolved(format!("the environment variable {name} is not set; set it in the shell that you run this in"))
        })?,
        Reference::File(path) => file(path)?,
        Reference::Keyring { service, name } => keyring(service, name).await?,
        Reference::Cmd(words) => program(words).await?,
        Reference::Prompt => {
            let (surroundings, what) = (surroundings.clone(), what.to_owned());
            let asked = tokio::task::spawn_blocking(move || surroundings.prompt(&what)).await;
            let typed = asked.unwrap_or_else(|_| Err("asking for it failed".into())).map_err(Unresolved)?;
            line(typed.expose().to_owned())
        }
    };
    if secret.is_empty() {
        if *reference == Reference::Prompt {
            return Err(Unresolved("nothing was typed".into()));
        }
        return Err(Unresolved(format!("{reference} gives an empty text")));
    }
    if secret.len() as u64 > MAX_SECRET_BYTES {
        return Err(Unresolved(format!("{reference} gives more than {MAX_SECRET_BYTES} bytes")));
    }
    Ok(secret)
}

fn file(path: &Path) -> Result<Secret, Unresolved> {
    let shown = path.display();
    let bytes = match disk::read(path, MAX_SECRET_BYTES, Guard::Secret) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(Unresolved(format!("the file {shown} does not exist"))),
        Err(ReadError::TooLarge(bound)) => {
            return Err(Unresolved(format!("the file {shown} is larger than {bound} bytes; a secret never is")));
        }
        Err(error) => return Err(Unresolved(format!("the file {shown} is not used: {error}"))),
    };
    text(bytes).ok_or_else(|| Unresolved(format!("the file {shown} is not text (UTF-8)")))
}

/// A text as a secret, without one line break at the end: whoever stored it seldom meant that.
fn line(mut text: String) -> Secret {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Secret::new(text)
}

/// The bytes as a secret, without one line break at the end.
fn text(bytes: Vec<u8>) -> Option<Secret> {
    match String::from_utf8(bytes) {
        Ok(text) => Some(line(text)),
        Err(error) => {
            error.into_bytes().zeroize();
            None
        }
    }
}

/// The program that reads the system's keyring, and what to say if it is not there.
///
/// The systems' own programs are asked, because the libraries for it would be by far the largest part of this crate. They
/// find what the same system's other programs stored under a service and a user name.
fn keyring_program(system: &str, service: &str, name: &str) -> Option<(Vec<String>, &'static str)> {
    let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
    match system {
        "macos" => Some((
            words(&["/usr/bin/security", "find-generic-password", "-s", service, "-a", name, "-w"]),
            "it is part of macOS",
        )),
        "windows" => None,
        _ => Some((
            words(&["secret-tool", "lookup", "service", service, "username", name]),
            "install it (Debian, Ubuntu: libsecret-tools; Fedora: libsecret); on a machine without a desktop use file: or cmd:",
        )),
    }
}

async fn keyring(service: &str, name: &str) -> Result<Secret, Unresolved> {
    let system = if cfg!(target_os = "macos") {
        "macos"
    } else if cfg!(windows) {
        "windows"
    } else {
        "unix"
    };
    let Some((words, missing)) = keyring_program(system, service, name) else {
        return Err(Unresolved("keyring: does not work on this system yet; use file:, cmd: or prompt".into()));
    };
    match run(&words, PROGRAM_TIME).await {
        Ok(secret) => Ok(secret),
        Err(Failure::NotThere) => {
            Err(Unresolved(format!("the system's keyring is read with {}, which is not here: {missing}", words[0])))
        }
        Err(Failure::Exit(_, talk)) if talk.is_empty() => Err(Unresolved(format!(
            "the system's keyring has no entry for service \"{service}\" and name \"{name}\", or is locked"
        ))),
        Err(other) => Err(Unresolved(format!("the system's keyring could not be read: {}", other.say(&words[0])))),
    }
}

async fn program(words: &[String]) -> Result<Secret, Unresolved> {
    let name = words.first().map_or("", String::as_str);
    run(words, PROGRAM_TIME).await.map_err(|failure| {
        let hint = if words.iter().any(|word| SHELL.contains(&word.as_str())) {
            "; cmd: runs a program without a shell; for pipes: cmd:sh -c '...'"
        } else {
            ""
        };
        Unresolved(failure.say(name) + hint)
    })
}

/// Words that only a shell understands.
const SHELL: [&str; 7] = ["|", "||", "&&", ";", ">", "<", "&"];

/// How a program did not give a secret.
#[derive(Debug, PartialEq, Eq)]
enum Failure {
    NotThere,
    Start(String),
    Exit(String, String),
    Slow,
    TooMuch,
    NotText,
}

impl Failure {
    fn say(&self, program: &str) -> String {
        match self {
            Self::NotThere => format!("there is no program {program}; check the name, or write its whole path"),
            Self::Start(why) => format!("{program} could not be started: {why}"),
            Self::Exit(status, talk) if talk.is_empty() => format!("{program} ended with {status}"),
            Self::Exit(status, talk) => format!("{program} ended with {status} and said: {talk}"),
            Self::Slow => format!("{program} did not end within {} seconds", PROGRAM_TIME.as_secs()),
            Self::TooMuch => {
                format!("{program} printed more than {MAX_SECRET_BYTES} bytes; a secret never is that long")
            }
            Self::NotText => format!("what {program} printed is not text (UTF-8)"),
        }
    }
}

async fn run(words: &[String], time: Duration) -> Result<Secret, Failure> {
    let (program, arguments) = words.split_first().ok_or(Failure::NotThere)?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Failure::NotThere,
            _ => Failure::Start(error.to_string()),
        })?;
    let (out, talk) = (child.stdout.take(), child.stderr.take());
    let whole = async {
        // Both pipes are emptied at once: a full one would stop the program.
        let (out, talk) = tokio::join!(capped(out, MAX_SECRET_BYTES), capped(talk, MAX_TALK_BYTES));
        let status = child.wait().await;
        (out, talk, status)
    };
    let (out, talk, status) = tokio::time::timeout(time, whole).await.map_err(|_| Failure::Slow)?;
    let status = status.map_err(|error| Failure::Start(error.to_string()))?;
    if !status.success() {
        return Err(Failure::Exit(status.to_string(), said(&talk.0, &out.0)));
    }
    if out.1 {
        return Err(Failure::TooMuch);
    }
    text(out.0.to_vec()).ok_or(Failure::NotText)
}

/// The first bytes of a pipe, and whether there were more. It is read to its end, so that the program can end.
async fn capped(pipe: Option<impl AsyncRead + Unpin>, bound: u64) -> (Zeroizing<Vec<u8>>, bool) {
    let mut kept = Zeroizing::new(Vec::new());
    let mut more = false;
    if let Some(mut pipe) = pipe {
        // Room for all of it at once, so that growing leaves no copies behind.
        kept.reserve_exact(usize::try_from(bound).unwrap_or_default() + 1);
        let _ = (&mut pipe).take(bound).read_to_end(&mut kept).await;
        more = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await.is_ok_and(|rest| rest > 0);
    }
    (kept, more)
}

/// What a program said as its error, without what it printed as its answer, on one line.
fn said(talk: &[u8], out: &[u8]) -> String {
    let redactor = Redactor::new();
    for line in String::from_utf8_lossy(out).lines().filter(|line| line.len() >= 6) {
        redactor.add("output", &Secret::new(line.to_owned()));
    }
    let talk = redactor.text(&String::from_utf8_lossy(talk));
    let words: Vec<&str> =
        talk.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    words.join(" ").chars().take(300).collect()
}

#[cfg(test)]
mod tests;
