//! Playing a page.

use std::collections::BTreeMap;
use std::fs;

use mosyle_standin::{Canned, Oddities};
use serde::Deserialize;
use serde_json::Value;

use super::read::{Line, Part, parts};
use crate::normal::Normal;
use crate::stage::Stage;

/// The API of a guide's examples.
const API: &str = "https://api.acme.example";

/// What connections of a page keep as their token.
const TOKEN: &str = "a-token-that-nobody-sees";

/// Where a page and what happens are not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differs {
    /// The line in the page, from 1.
    pub line: usize,
    /// What is different, for a person.
    pub what: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    body: Value,
}

fn ok() -> u16 {
    200
}

/// Plays a page; gives what differs, and the page with the outputs that there really are.
///
/// # Panics
/// The page cannot be read, or a file not be written.
pub fn play(page: &str) -> (Vec<Differs>, String) {
    let parts = parts(page).unwrap_or_else(|wrong| panic!("{wrong}"));
    let mut stage = Stage::new(Oddities::default());
    stage.env.push(("ACME_TOKEN".into(), TOKEN.into()));
    let (mut differs, mut written) = (Vec::new(), page.to_owned());
    // From the end, so that places stay what they are.
    let mut outputs: Vec<(std::ops::Range<usize>, String)> = Vec::new();
    for part in parts {
        match part {
            Part::Server(answers) => serve(&stage, &answers),
            Part::File { path, text } => {
                let path = stage.folder().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Part::Quoted { path, text, line } => {
                let file = fs::read_to_string(stage.folder().join(&path)).unwrap_or_default();
                if !quoted(&text, &file) {
                    differs.push(Differs { line, what: format!("these lines do not stand in {path}:\n{file}") });
                }
            }
            Part::Commands(lines) => {
                for line in lines {
                    let printed = run(&stage, &line);
                    if !fits(&line.output, &printed) {
                        let what = crate::diff(&line.output, &printed);
                        differs.push(Differs { line: line.line, what: format!("$ {}\n{what}", line.command) });
                        outputs.push((line.at, printed));
                    }
                }
            }
        }
    }
    for (at, printed) in outputs.into_iter().rev() {
        written.replace_range(at, &printed);
    }
    (differs, written)
}

fn serve(stage: &Stage, answers: &str) {
    let answers: BTreeMap<String, Answer> = serde_json::from_str(answers).unwrap_or_else(|e| panic!("{answers}: {e}"));
    let canned = |answer: Answer| Canned { status: answer.status, body: answer.body, ..Canned::default() };
    let paths = answers.into_iter().map(|(path, answer)| (path, canned(answer))).collect();
    stage.server().set_oddities(Oddities { paths, ..Oddities::default() });
}

/// What a command prints, as a terminal shows it.
fn run(stage: &Stage, line: &Line) -> String {
    let words = shlex::split(&line.command).unwrap_or_else(|| panic!("a quote is open in: {}", line.command));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let server = format!("http://{}", stage.address());
    let mut shown = match words[..] {
        ["cat", file] => fs::read_to_string(stage.folder().join(file)).unwrap_or_else(|e| format!("{file}: {e}\n")),
        ["ls", folder] => list(stage, folder),
        ["rm", ref files @ ..] => {
            files.iter().for_each(|file| fs::remove_file(stage.folder().join(file)).unwrap());
            String::new()
        }
        ["presetter", ..] => {
            let ended = stage.run(&line.command);
            let mut shown = format!("{}{}", ended.out, ended.err);
            if ended.exit != 0 {
                shown.push_str(&format!("[exit {}]\n", ended.exit));
            }
            if let ["presetter", "connection", "add", name, ..] = words[..] {
                lead(stage, name, &server);
            }
            shown
        }
        _ => panic!("{}: a page runs presetter, cat, ls and rm", line.line),
    };
    assert!(!shown.contains(TOKEN), "{}: the token is shown:\n{shown}", line.line);
    if !shown.is_empty() && !shown.ends_with('\n') {
        shown.push('\n');
    }
    Normal::of(stage).text(&shown.replace(&server, API))
}

/// Leads a connection to the stand-in. The page's reader has the API itself.
fn lead(stage: &Stage, name: &str, server: &str) {
    let file = stage.home().join(format!("config/connections/{name}.toml"));
    let Ok(text) = fs::read_to_string(&file) else { return };
    let kept: toml::Table = toml::from_str(&text).unwrap();
    let base = kept.get("base_url").and_then(toml::Value::as_str).unwrap_or(API).replace(API, server);
    stage.does(&format!("presetter connection set {name} --base-url {base} --allow-private true"));
}

fn list(stage: &Stage, folder: &str) -> String {
    let entries = fs::read_dir(stage.folder().join(folder)).map(|entries| {
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<String> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    });
    entries.map_or_else(|e| format!("{folder}: {e}\n"), |names| names.join("\n"))
}

/// Whether a text is what a page says; a line `...` stands for any lines, or none.
fn fits(said: &str, printed: &str) -> bool {
    let said: Vec<&str> = said.trim_end().lines().collect();
    let printed: Vec<&str> = printed.trim_end().lines().collect();
    lines_fit(&said, &printed)
}

fn lines_fit(said: &[&str], printed: &[&str]) -> bool {
    match said {
        [] => printed.is_empty(),
        ["...", rest @ ..] => (0..=printed.len()).any(|left_out| lines_fit(rest, &printed[left_out..])),
        [line, rest @ ..] => printed.split_first().is_some_and(|(first, more)| line == first && lines_fit(rest, more)),
    }
}

/// Whether lines stand in a file, whole and one after the other.
fn quoted(lines: &str, file: &str) -> bool {
    let lines: Vec<&str> = lines.lines().collect();
    let file: Vec<&str> = file.lines().collect();
    !lines.is_empty() && file.windows(lines.len()).any(|window| window == lines)
}

#[cfg(test)]
mod tests {
    use super::{fits, play, quoted};

    #[test]
    fn what_is_left_out_stands_for_any_lines() {
        for (said, printed, same) in [
            ("a\nb\n", "a\nb\n", true),
            ("a\nb\n", "a\n", false),
            ("a\n", "a\nb\n", false),
            ("a\n...\n", "a\nb\nc\n", true),
            ("a\n...\n", "b\na\n", false),
            ("...\nb\n", "bb\n", false),
            ("...\nc\n", "a\nb\nc\n", true),
            ("...\nb\n", "a\nb\nc\n", false),
            ("a\n...\nc\n", "a\nc\n", true),
            ("a\n...\nd\n", "a\nb\nc\n", false),
            ("...\nb\n", "b\na\nb\n", true),
            ("", "", true),
            ("", "a\n", false),
        ] {
            assert_eq!(fits(said, printed), same, "{said:?} and {printed:?}");
        }
    }

    #[test]
    fn only_whole_lines_are_quoted() {
        let file = "max = 1\r\n[a]\r\ny = 2\n";
        for (lines, stand) in [
            ("max = 1\n[a]\n", true),
            ("[a]\ny = 2\n", true),
            ("x = 1\n", false),
            ("y = 2\n[a]\n", false),
            ("y = 2\nz = 3\n", false),
            ("", false),
        ] {
            assert_eq!(quoted(lines, file), stand, "{lines:?}");
        }
    }

    #[test]
    fn what_a_page_says_wrongly_is_noticed_and_mended() {
        let page = "```toml a/b.toml\nx = 1\n```\n```toml part of a/b.toml\nx = 2\n```\n\
                    ```console\n$ cat a/b.toml\ny = 1\n$ presetter check ./nowhere\n$ ls \\\n  a\nb.toml\n```\n";
        let (differs, written) = play(page);
        assert_eq!(differs.iter().map(|differs| differs.line).collect::<Vec<_>>(), [4, 8, 10], "{differs:?}");
        assert!(written.contains("$ cat a/b.toml\nx = 1\n$ presetter check"), "{written}");
        assert!(written.contains("[exit 3]\n$ ls \\\n  a\nb.toml\n```"), "{written}");
        let (differs, same) = play(&written.replace("x = 2", "x = 1"));
        assert_eq!((differs, same), (vec![], written.replace("x = 2", "x = 1")));
    }
}
