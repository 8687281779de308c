//! What went wrong before or around a run, as a person reads it.
//!
//! Owns: the form of an error on the terminal: one bold line `error: ...`, then the place in a file with its caret if there
//! is one, then `help: ...`. Must never print by itself: [`crate::console`] does, after redaction.

use presetter_manifest::{Diagnostic, Diagnostics};
use presetter_template::Problem;

use crate::console::{line, text};
use crate::exit::Exit;

/// Why the program ends without a result.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: Exit,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Said { message: String, help: Vec<String> },
    At(Diagnostic),
}

impl Failure {
    /// One sentence, without a full stop.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, parts: vec![Part::Said { message: message.into(), help: Vec::new() }] }
    }

    /// A command line that cannot be followed.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Adds what to do about it. May have several lines.
    pub(crate) fn help(mut self, advice: impl Into<String>) -> Self {
        let advice = advice.into();
        if advice.is_empty() {
            return self;
        }
        match self.parts.last_mut() {
            Some(Part::Said { help, .. }) => help.push(advice),
            _ => self.parts.push(Part::Said { message: String::new(), help: vec![advice] }),
        }
        self
    }

    /// Mistakes that have a place in a file.
    pub(crate) fn at(exit: Exit, diagnostics: Diagnostics) -> Self {
        Self { exit, parts: diagnostics.0.into_iter().map(Part::At).collect() }
    }

    /// Mistakes in a text that stands in no file of its own, such as inputs.
    pub(crate) fn problems(exit: Exit, problems: Vec<Problem>) -> Self {
        let part = |p: Problem| Part::Said { message: p.message, help: p.hint.into_iter().collect() };
        Self { exit, parts: problems.into_iter().map(part).collect() }
    }

    /// This and more of the kind; the code that goes first counts.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.exit = self.exit.or(other.exit);
        self.parts.extend(other.parts);
        self
    }

    /// Its places in files, if it has nothing else.
    pub(crate) fn diagnostics(&self) -> Option<Vec<Diagnostic>> {
        let place = |part: &Part| match part {
            Part::At(diagnostic) => Some(diagnostic.clone()),
            Part::Said { .. } => None,
        };
        self.parts.iter().map(place).collect()
    }

    /// The first sentence, and what to do about it.
    pub(crate) fn told(&self) -> (String, String) {
        match self.parts.first() {
            Some(Part::Said { message, help }) => (message.clone(), help.join("; ")),
            Some(Part::At(diagnostic)) => {
                let (line, column) = diagnostic.position();
                let place = format!("{}:{line}:{column}: {}", diagnostic.file, diagnostic.problem.message);
                (place, diagnostic.problem.hint.clone().unwrap_or_default())
            }
            None => (String::new(), String::new()),
        }
    }

    /// As [`Failure::told`], in one line.
    pub(crate) fn in_line(&self) -> String {
        let (message, hint) = self.told();
        if hint.is_empty() { message } else { format!("{message}; {hint}") }
    }

    /// The text for a terminal, without a line break at its end. Every text in it may come from a stranger.
    pub(crate) fn render(&self, color: bool) -> String {
        let parts: Vec<String> = self.parts.iter().map(|part| part.render(color)).collect();
        // Places take several lines and need air around them; sentences do not.
        let airy = self.parts.iter().any(|part| matches!(part, Part::At(_)));
        parts.join(if airy { "\n\n" } else { "\n" })
    }
}

impl Part {
    fn render(&self, color: bool) -> String {
        match self {
            Self::At(diagnostic) => diagnostic.render(color),
            Self::Said { message, help } => said("error", message, help, color),
        }
    }
}

/// `LEVEL: message` in bold, and the help below it.
pub(crate) fn said(level: &str, message: &str, help: &[String], color: bool) -> String {
    let (bold, hue, plain) = match (color, level) {
        (false, _) => ("", "", ""),
        (true, "error") => ("\x1b[1m", "\x1b[1;31m", "\x1b[0m"),
        (true, _) => ("\x1b[1m", "\x1b[1;33m", "\x1b[0m"),
    };
    let mut lines = Vec::new();
    if !message.is_empty() {
        lines.push(format!("{hue}{level}{plain}{bold}: {}{plain}", line(message)));
    }
    for advice in help {
        let advice = text(advice);
        let mut rest = advice.trim_end().lines();
        lines.push(format!("{bold}help{plain}: {}", rest.next().unwrap_or_default()));
        lines.extend(rest.map(|more| format!("      {more}")));
    }
    lines.join("\n")
}

impl From<presetter_bundle::Error> for Failure {
    fn from(error: presetter_bundle::Error) -> Self {
        match error {
            presetter_bundle::Error::Invalid(diagnostics) => Self::at(Exit::Invalid, diagnostics),
            presetter_bundle::Error::NotThere { message, hint } => Self::new(Exit::Invalid, message).help(hint),
            other => Self::new(Exit::Invalid, other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_and_its_help() {
        let failure = Failure::usage("no such\nthing\u{1b}[2J").help("do this\nor that");
        assert_eq!(failure.render(false), "error: no such thing?[2J\nhelp: do this\n      or that");
        let colored = failure.render(true);
        assert!(colored.starts_with("\u{1b}[1;31merror\u{1b}[0m"), "{colored:?}");
        assert!(!colored.contains("\u{1b}[2J"));
    }

    #[test]
    fn several_are_told_at_once_and_the_first_code_counts() {
        let failure =
            Failure::problems(Exit::Invalid, vec![Problem::new("a", 0..0).with_hint("h"), Problem::new("b", 0..0)]);
        assert_eq!(failure.render(false), "error: a\nhelp: h\nerror: b");
        assert_eq!(failure.and(Failure::new(Exit::Denied, "c")).exit, Exit::Denied);
    }

    #[test]
    fn a_place_in_a_file_is_shown_with_its_caret() {
        let diagnostics = Diagnostics::of("a.json", "{\n  x\n}", vec![Problem::new("not JSON", 4..5)]);
        let shown = Failure::at(Exit::Invalid, diagnostics).help("write it in quotes").render(false);
        assert!(shown.starts_with("error: not JSON\n"), "{shown}");
        assert!(shown.contains("a.json:2:3") && shown.contains('^'), "{shown}");
        assert!(shown.ends_with("help: write it in quotes"), "{shown}");
    }
}
