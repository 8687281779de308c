//! From a page to its parts.

use std::ops::Range;

/// A part of a page that is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Commands with what each prints.
    Commands(Vec<Line>),
    /// A file to write.
    File {
        /// Where, in the page's folder.
        path: String,
        /// What.
        text: String,
    },
    /// Lines that stand in a file.
    Quoted {
        /// The file, in the page's folder.
        path: String,
        /// The lines.
        text: String,
        /// The fence's line in the page, from 1.
        line: usize,
    },
    /// What the API answers from here on: JSON.
    Server(String),
}

/// A command, and what the page says that it prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The command, in one line.
    pub command: String,
    /// What it prints.
    pub output: String,
    /// Where the output stands in the page, in bytes.
    pub at: Range<usize>,
    /// The command's line in the page, from 1.
    pub line: usize,
}

/// The parts of a page, in order.
///
/// # Errors
/// A fence that nothing tests, or that is not closed: its line and what is wrong.
pub fn parts(page: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut open: Option<(&str, usize, usize)> = None;
    let (mut at, mut after_blank) = (0, true);
    for (number, line) in page.split_inclusive('\n').enumerate() {
        let start = at;
        at += line.len();
        let bare = line.trim_end();
        match open {
            None if bare.starts_with("```") => open = Some((&bare[3..], at, number + 1)),
            None => {
                if let Some(why) = hidden(line, after_blank) {
                    return Err(format!("{}: {why}", number + 1));
                }
                if let Some(rest) = bare.strip_prefix("<!-- server:") {
                    let answers = rest.strip_suffix("-->").ok_or(format!("{}: --> ends the same line", number + 1))?;
                    parts.push(Part::Server(answers.trim().to_owned()));
                }
            }
            Some((info, from, line)) if bare == "```" => {
                parts.push(part(page, info, from..start, line)?);
                open = None;
            }
            Some(_) => {}
        }
        after_blank = bare.is_empty();
    }
    match open {
        Some((_, _, line)) => Err(format!("{line}: the fence is not closed")),
        None => Ok(parts),
    }
}

/// Why a line shows code that nothing tests, though it is no fence of ours.
fn hidden(line: &str, after_blank: bool) -> Option<&'static str> {
    let inner = line.trim_start();
    if inner.starts_with("```") || inner.starts_with("~~~") {
        return Some("a fence is ``` at the beginning of a line");
    }
    let indented = (line.starts_with("    ") || line.starts_with('\t')) && after_blank && !inner.is_empty();
    indented.then_some("nothing tests an indented block: write a fence, or `...` in the text")
}

fn part(page: &str, info: &str, at: Range<usize>, line: usize) -> Result<Part, String> {
    let text = page[at.clone()].to_owned();
    let words: Vec<&str> = info.split_whitespace().collect();
    match words[..] {
        ["console"] => Ok(Part::Commands(commands(page, at, line)?)),
        [_, path] => Ok(Part::File { path: path.to_owned(), text }),
        [_, "part", "of", path] => Ok(Part::Quoted { path: path.to_owned(), text, line }),
        _ => Err(format!("{line}: nothing tests this fence: say ```console, ```toml PATH or ```toml part of PATH")),
    }
}

fn commands(page: &str, block: Range<usize>, first: usize) -> Result<Vec<Line>, String> {
    let mut lines: Vec<Line> = Vec::new();
    let (mut at, mut continued) = (block.start, false);
    for (number, line) in page[block].split_inclusive('\n').enumerate() {
        let start = at;
        at += line.len();
        let bare = line.trim_end();
        if let Some(command) = bare.strip_prefix("$ ").filter(|_| !continued) {
            let line = first + number + 1;
            lines.push(Line { command: command.to_owned(), output: String::new(), at: at..at, line });
        } else if let (true, Some(last)) = (continued, lines.last_mut()) {
            last.command.push_str(bare.trim_start());
            last.at = at..at;
        } else {
            let last = lines.last_mut().ok_or(format!("{}: a command begins with $", first + number + 1))?;
            last.output.push_str(line);
            last.at = last.at.start..start + line.len();
        }
        continued = false;
        if let Some(last) = lines.last_mut().filter(|last| last.output.is_empty())
            && let Some(more) = last.command.strip_suffix('\\')
        {
            last.command = format!("{} ", more.trim_end());
            continued = true;
        }
    }
    Ok(lines)
}
