//! Where the demo is played: types a command, follows it with the program's own code, shows what came, checks how it ended.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use clap::Parser as _;
use presetter_connection::Surroundings;
use presetter_secret::Redactor;

use crate::args::Cli;
use crate::console::{Console, Paint, Style, painted};
use crate::exit::Exit;
use crate::verbs;
use crate::world::{Dirs, World};

/// Lines stay readable on the narrowest terminal that is in use.
const COLUMNS: usize = 80;

/// The stage.
pub(super) struct Stage {
    outer: World,
    world: World,
    all: Tape,
    data: Tape,
    steps: usize,
    wrong: Vec<String>,
}

impl Stage {
    /// A stage with a home of its own.
    pub(super) fn new(outer: &World, home: &Path, surroundings: Arc<dyn Surroundings>, redactor: Redactor) -> Self {
        let (all, data) = (Tape::default(), Tape::default());
        let both = Both(all.clone(), data.clone());
        let color = outer.console.color();
        let style = Style { out: color, err: color, terminal: true, talks_to_terminal: false };
        let console = Arc::new(Console::new(Box::new(both), Box::new(all.clone()), style, redactor));
        let world = World {
            started: Instant::now(),
            cwd: home.to_owned(),
            dirs: Dirs::below(&home.join("presetter")),
            docker: None,
            machine_policy: None,
            user: outer.user.clone(),
            surroundings,
            resolver: outer.resolver.clone(),
            console,
            editor: None,
            interactive: false,
            signals: false,
        };
        Self { outer: outer.clone(), world, all, data, steps: 0, wrong: Vec::new() }
    }

    /// A new step of the story.
    pub(super) fn title(&mut self, title: &str, about: &str) {
        self.steps += 1;
        self.print("");
        self.print(&super::heading(self.steps, title, self.color()));
        if !about.is_empty() {
            self.say(about);
        }
    }

    /// The teller's words.
    pub(super) fn say(&self, words: &str) {
        for line in wrapped(words, COLUMNS - 2) {
            self.print(&format!("  {line}"));
        }
    }

    /// A file's text.
    pub(super) fn text(&self, text: &str) {
        for line in text.lines() {
            self.print(&format!("  | {line}"));
        }
    }

    /// Types a command and follows it; it must end with that exit code.
    pub(super) async fn run(&mut self, command: &str, wanted: u8) {
        self.print("");
        for line in typed(&format!("presetter {command}")) {
            self.print(&painted(Paint::Bold, &line, self.color()));
        }
        self.all.take();
        self.data.take();
        let words = shlex::split(command).unwrap_or_default();
        let exit = match Cli::try_parse_from(std::iter::once("presetter".to_owned()).chain(words)) {
            Err(error) => {
                self.world.console.say(&error.to_string());
                Exit::Usage
            }
            Ok(cli) => verbs::one(&self.world, cli.verb).await.unwrap_or_else(|failure| {
                self.world.console.fail(&failure);
                failure.exit
            }),
        };
        for line in self.all.read().lines() {
            for line in wrapped(line, COLUMNS - 4) {
                self.print(&format!("    {line}"));
            }
        }
        let code = exit.code();
        if code != 0 {
            self.print(&painted(Paint::Dim, &format!("    (exit code {code})"), self.color()));
        }
        if code != wanted {
            self.wrong.push(format!("`presetter {command}` ended with {code}, not with {wanted}"));
        }
    }

    /// Something that the story says must be so.
    pub(super) fn check(&mut self, what: &str, is: bool) {
        let (mark, paint) = if is { ("ok", Paint::Good) } else { ("NO", Paint::Bad) };
        self.print(&format!("  {} {what}", painted(paint, mark, self.color())));
        if !is {
            self.wrong.push(what.to_owned());
        }
    }

    /// Whether the last command showed a text.
    pub(super) fn shown(&self, text: &str) -> bool {
        self.all.read().contains(text)
    }

    /// The data that the last command printed.
    pub(super) fn data(&self) -> String {
        self.data.read()
    }

    /// The end of the story.
    pub(super) fn end(self) -> Exit {
        self.print("");
        if self.wrong.is_empty() {
            self.print(&painted(Paint::Good, "All of it went as the story says.", self.color()));
            return Exit::Ok;
        }
        for wrong in &self.wrong {
            self.print(&painted(Paint::Bad, &format!("not as the story says: {wrong}"), self.color()));
        }
        Exit::Failed
    }

    fn color(&self) -> bool {
        self.outer.console.color()
    }

    fn print(&self, line: &str) {
        // Whoever stops reading has seen enough.
        let _ = self.outer.console.data(line);
    }
}

/// A command as a person would type it on a narrow terminal.
fn typed(command: &str) -> Vec<String> {
    let mut lines = vec!["  $".to_owned()];
    // Quoted words may hold blanks: only a blank before an option begins a line.
    for (at, part) in command.split(" -").enumerate() {
        let part = if at == 0 { part.to_owned() } else { format!("-{part}") };
        let last = lines.len() - 1;
        if at > 0 && lines[last].chars().count() + part.chars().count() + 3 > COLUMNS {
            lines[last].push_str(" \\");
            lines.push(format!("      {part}"));
        } else {
            lines[last].push(' ');
            lines[last].push_str(&part);
        }
    }
    lines
}

/// A line in pieces of at most `columns` characters, cut at blanks where there are any. Lines with colours are ours and short.
fn wrapped(line: &str, columns: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while rest.chars().count() > columns && !rest.contains('\u{1b}') {
        let end = rest.char_indices().nth(columns).map_or(rest.len(), |(at, _)| at);
        let cut = rest[..end].rfind(' ').filter(|at| *at > columns / 2).unwrap_or(end);
        pieces.push(rest[..cut].to_owned());
        rest = rest[cut..].trim_start();
    }
    pieces.push(rest.to_owned());
    pieces
}

/// What a command printed.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Vec<u8>>>);

impl Tape {
    fn read(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    fn take(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Two tapes that record the same.
struct Both(Tape, Tape);

impl Write for Both {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_fits_a_narrow_terminal() {
        let lines = typed(
            "presetter connection add school --kind mosyle/session --base-url http://127.0.0.1:12345/v1 --allow-private",
        );
        assert!(lines.iter().all(|line| line.chars().count() <= COLUMNS), "{lines:#?}");
        assert_eq!(lines[0], "  $ presetter connection add school --kind mosyle/session \\");
        assert!(lines[1].starts_with("      --base-url"));
    }

    #[test]
    fn long_lines_are_cut_at_blanks() {
        assert_eq!(wrapped("aaaa bbbb cccc", 9), ["aaaa bbbb", "cccc"]);
        assert_eq!(wrapped(&"x".repeat(12), 5), ["xxxxx", "xxxxx", "xx"]);
        assert_eq!(wrapped("", 5), [""]);
    }
}
