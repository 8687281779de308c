//! The last door before the terminal: redaction, control characters, colours.
//!
//! Owns: writing to standard output (data) and standard error (talk). Must never: let a text pass that did not go through
//! the redactor, or a control character of a stranger reach a terminal.
//!
//! Keeps: JSON stays JSON and loses nothing; a closed pipe is no error, it is told by [`Console::data`]'s result.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use presetter_manifest::steers;
use presetter_secret::Redactor;
use serde_json::Value;

use crate::failure::{Failure, said};

/// Where output goes.
pub(crate) struct Console {
    out: Mutex<Box<dyn Write + Send>>,
    err: Mutex<Box<dyn Write + Send>>,
    style: Style,
    redactor: Redactor,
    warned: Mutex<BTreeSet<String>>,
}

/// What the two outputs can show.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Style {
    /// Standard output takes colours.
    pub(crate) out: bool,
    /// Standard error takes colours.
    pub(crate) err: bool,
    /// Standard output is a terminal.
    pub(crate) terminal: bool,
    /// Standard error is one.
    pub(crate) talks_to_terminal: bool,
}

impl Console {
    /// A console on two outputs.
    pub(crate) fn new(
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
        style: Style,
        redactor: Redactor,
    ) -> Self {
        Self { out: Mutex::new(out), err: Mutex::new(err), style, redactor, warned: Mutex::default() }
    }

    /// The redactor that every text goes through.
    pub(crate) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Whether standard output takes colours.
    pub(crate) fn color(&self) -> bool {
        self.style.out
    }

    /// Prints data and a line break. `shown` holds no control characters but those that we put there.
    pub(crate) fn data(&self, shown: &str) -> io::Result<()> {
        put(&self.out, &self.redactor.text(shown))
    }

    /// Prints JSON on one line.
    pub(crate) fn json(&self, value: &Value) -> io::Result<()> {
        put(&self.out, &self.redactor.json(value, harmless_json))
    }

    /// Prints a vendor's text as it is; on a terminal, without what could steer it.
    pub(crate) fn raw(&self, shown: &str) -> io::Result<()> {
        let shown = self.redactor.text(shown);
        put(&self.out, &if self.style.terminal { text(&shown) } else { shown })
    }

    /// Where a file's bytes go that is printed.
    pub(crate) fn lines(&self) -> Lines<'_> {
        Lines { console: self, rest: Vec::new() }
    }

    /// Talks to the person. `shown` may have colours only through [`Console::paint`].
    pub(crate) fn say(&self, shown: &str) {
        // Nobody can be told that nobody can be told.
        let _ = put(&self.err, &self.redactor.text(shown));
    }

    /// Whether [`Console::draw`] draws: somebody watches.
    pub(crate) fn draws(&self) -> bool {
        self.style.talks_to_terminal
    }

    /// Draws a line over the one that was drawn before; an empty one takes it away. Only on a terminal.
    pub(crate) fn draw(&self, shown: &str) {
        if self.draws() {
            let shown = format!("\r\x1b[2K{}", line(&self.redactor.text(shown)));
            let mut err = self.err.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = err.write_all(shown.as_bytes()).and_then(|()| err.flush());
        }
    }

    /// Tells what went wrong.
    pub(crate) fn fail(&self, failure: &Failure) {
        self.say(&failure.render(self.style.err));
    }

    /// Tells something that needs attention but ends nothing; once, however often it is noticed.
    pub(crate) fn warn(&self, message: &str, help: &[String]) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if !warned.insert(message.to_owned()) {
            return;
        }
        drop(warned);
        self.say(&said("warning", message, help, self.style.err));
    }

    /// A text of a stranger, ready for talk, in a colour if there are colours.
    pub(crate) fn paint(&self, paint: Paint, stranger: &str) -> String {
        painted(paint, &line(stranger), self.style.err)
    }
}

/// A file that is printed as it comes, line by line, each as by [`Console::raw`]. What follows the last line break is printed when
/// it is flushed.
pub(crate) struct Lines<'c> {
    console: &'c Console,
    rest: Vec<u8>,
}

impl Write for Lines<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest.extend_from_slice(bytes);
        if let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') {
            let whole: Vec<u8> = self.rest.drain(..=end).collect();
            self.console.raw(&String::from_utf8_lossy(&whole[..end]))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.rest.is_empty() {
            return Ok(());
        }
        self.console.raw(&String::from_utf8_lossy(&std::mem::take(&mut self.rest)))
    }
}

/// The few colours that talk and tables use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    Bold,
    Dim,
    Good,
    Bad,
}

/// A text in a colour.
pub(crate) fn painted(paint: Paint, shown: &str, color: bool) -> String {
    let code = match paint {
        Paint::Bold => "1",
        Paint::Dim => "2",
        Paint::Good => "32",
        Paint::Bad => "31",
    };
    if color { format!("\x1b[{code}m{shown}\x1b[0m") } else { shown.to_owned() }
}

fn put(to: &Mutex<Box<dyn Write + Send>>, shown: &str) -> io::Result<()> {
    let mut to: MutexGuard<'_, _> = to.lock().unwrap_or_else(PoisonError::into_inner);
    to.write_all(shown.as_bytes())?;
    if !shown.ends_with('\n') {
        to.write_all(b"\n")?;
    }
    to.flush()
}

/// JSON on one line, in which whatever could steer a terminal is escaped. It is the same value to every reader.
pub(crate) fn json_text(value: &Value) -> String {
    harmless_json(value.to_string())
}

/// The same of JSON that is written already.
pub(crate) fn harmless_json(text: String) -> String {
    // The usual one holds nothing of the kind, and is not put together once more.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) && !c.is_ascii_whitespace() {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a String cannot fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A stranger's text on one line.
pub(crate) fn line(stranger: &str) -> String {
    let shown = stranger.trim_end().chars().filter(|c| *c != '\r');
    shown.map(|c| if matches!(c, '\n' | '\t') { ' ' } else { harmless(c) }).collect()
}

/// A stranger's text on several lines.
pub(crate) fn text(stranger: &str) -> String {
    stranger.replace("\r\n", "\n").chars().map(|c| if matches!(c, '\n' | '\t') { c } else { harmless(c) }).collect()
}

fn harmless(c: char) -> char {
    if steers(c) { '?' } else { c }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use presetter_secret::Secret;

    use super::*;

    /// An output that a test can read.
    #[derive(Clone, Default)]
    pub(crate) struct Page(Arc<Mutex<Vec<u8>>>);

    impl Page {
        pub(crate) fn read(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A console with the two pages it writes on.
    pub(crate) fn console(redactor: Redactor) -> (Console, Page, Page) {
        let (out, err) = (Page::default(), Page::default());
        (Console::new(Box::new(out.clone()), Box::new(err.clone()), Style::default(), redactor), out, err)
    }

    #[test]
    fn secrets_do_not_pass() {
        let redactor = Redactor::new();
        redactor.add("password", &Secret::new("hunter2-and-more".into()));
        let (console, out, err) = console(redactor);
        console.data("a hunter2-and-more b").unwrap();
        console.json(&serde_json::json!({"k": ["x hunter2-and-more"]})).unwrap();
        console.raw("hunter2-and-more").unwrap();
        console.say("hunter2-and-more");
        console.fail(&Failure::usage("hunter2-and-more"));
        assert_eq!(out.read(), "a [secret password] b\n{\"k\":[\"x [secret password]\"]}\n[secret password]\n");
        assert_eq!(err.read(), "[secret password]\nerror: [secret password]\n");
    }

    #[test]
    fn nothing_steers_the_terminal() {
        let hostile = "a\u{1b}[31m\u{9b}0m\u{7f}\u{202e}b\r\n\tc\u{85}";
        for shown in [line(hostile), text(hostile), json_text(&Value::from(hostile))] {
            assert!(!shown.chars().any(|c| steers(c) && c != '\n' && c != '\t'), "{shown:?}");
        }
        assert_eq!(line("a\r\n b"), "a  b");
        assert_eq!(text("a\r\nb"), "a\nb");
    }

    #[test]
    fn no_character_turns_the_direction_of_writing() {
        for c in
            "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}".chars()
        {
            assert_eq!(line(&format!("a{c}b")), "a?b", "{c:?}");
            assert_eq!(text(&format!("a{c}b")), "a?b", "{c:?}");
            assert_eq!(json_text(&Value::from(c.to_string())), format!("\"\\u{:04x}\"", u32::from(c)));
        }
    }

    #[test]
    fn json_loses_nothing() {
        let value = serde_json::json!({"a\u{9b}": "\u{1b}\u{7f}\u{202e} \" \\ é 😀 \n"});
        assert_eq!(serde_json::from_str::<Value>(&json_text(&value)).unwrap(), value);
    }
}
